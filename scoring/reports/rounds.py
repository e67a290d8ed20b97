"""Rounds of ratings of an exam: how they stand, what was said once they are closed, and whom to ask about what."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from exams.models import Form
from questions import checks
from questions.models import Exam, Rating, RatingRequest, Revision, Standing
from questions.services import ratings
from questions.services.knowing import knowing
from questions.writing import of_revision

PER_PAGE = 25  # rounds
QUESTIONS = 70  # of one page to choose from: more than a form has
MOST_JUDGES = 100  # authors to choose from
OPEN, CLOSED, APPROVED = "open", "closed", "approved"
STATES = {OPEN: "Open", CLOSED: "To be approved", APPROVED: "Approved"}
IN_STATE = {
    OPEN: Q(closed__isnull=True),
    CLOSED: Q(closed__isnull=False, approved__isnull=True),
    APPROVED: Q(approved__isnull=False),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the judges of a closed round said, in hundredths."""

    values: tuple[int, ...]
    lowest: int
    highest: int
    answered: int
    as_the_key: int

    @property
    def mean(self) -> float | None:
        return statistics.mean(self.values) if self.values else None

    @property
    def spread(self) -> int:
        return max(self.values) - min(self.values) if self.values else 0

    @property
    def differ(self) -> bool:
        return self.spread > checks.SPREAD

    @property
    def enough(self) -> bool:
        return len(self.values) >= settings.MINIMUM_JUDGES

    @property
    def doubtful(self) -> bool:
        """Whether fewer than half of those who answered gave the key."""
        return 2 * self.as_the_key < self.answered


@dataclass(frozen=True, slots=True)
class Round:
    """One round of ratings of a revision. `outcome` only once it is closed; `missing`: who has yet to rate."""

    revision: Revision
    number: int
    asked: int
    answered: int
    rated: int
    due: dt.date | None
    closed: dt.datetime | None
    approved: dt.datetime | None
    missing: tuple[str, ...]
    outcome: Outcome | None

    @property
    def value(self) -> str:
        """Its name in forms."""
        return f"{self.revision.pk}.{self.number}"


@dataclass(frozen=True, slots=True)
class State:
    name: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question to choose: its rating so far, who was asked and may not be asked."""

    revision: Revision
    standing: Standing | None
    panel: int  # approved ratings of panels
    asked: int  # in the open round
    closed: bool  # whether a closed round waits for approval, or was too small for it
    barred: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    states: list[State]
    rounds: list[Round]
    page: Page[dict[str, Any]]
    state: str
    forms: list[Form]
    form: Form | None
    candidates: list[Candidate]
    choice: Page[Revision]
    judges: list[User]


def listing_of(exam: Exam, asked: Mapping[str, str]) -> Listing:
    """The page of an exam's rounds under what the address asks. A constant number of statements."""
    counts = {f"n_{name}": Count("revision", filter=wanted) for name, wanted in IN_STATE.items()}
    counted = _groups(exam).aggregate(**counts)
    state = asked.get("state", "")
    if state not in STATES:  # what there is to do comes first
        state = next((name for name in (CLOSED, OPEN, APPROVED) if counted[f"n_{name}"]), OPEN)
    groups = _groups(exam).filter(IN_STATE[state])
    order = ("-closed", "revision") if state != OPEN else ("due", "revision")
    page = Paginator(groups.order_by(*order, "round"), PER_PAGE).get_page(asked.get("page", "1"))
    judges = authors()
    forms = list(Form.objects.filter(exam=exam).order_by("number"))
    form = next((one for one in forms if str(one.number) == asked.get("form", "")), None)
    choice = Paginator(_choosable(exam, form), QUESTIONS).get_page(asked.get("from", "1"))
    return Listing(
        states=[State(name, label, counted[f"n_{name}"], name == state) for name, label in STATES.items()],
        rounds=_rounds(exam, list(page)),
        page=page,
        state=state,
        forms=forms,
        form=form,
        candidates=_candidates(exam, list(choice), judges),
        choice=choice,
        judges=judges,
    )


def authors() -> list[User]:
    """Everybody who may be asked for a rating at all, by name. One statement."""
    theirs = Q(group__user=OuterRef("pk")) | Q(user=OuterRef("pk"))
    writes = Permission.objects.filter(theirs, codename=PERMISSIONS[Role.AUTHOR], content_type__app_label="accounts")
    people = User.objects.filter(Exists(writes) | Q(is_superuser=True), is_active=True)
    return list(people.order_by("display_name", "email", "pk")[:MOST_JUDGES])


def _groups(exam: Exam) -> QuerySet[Any, Any]:
    """Rounds with their counts: a dict each."""
    turns = RatingRequest.objects.filter(exam=exam).order_by()
    return turns.values("revision", "round").annotate(
        asked=Count("pk"), answered=Count("answered_at"), rated=Count("value"), due=Max("due"),
        closed=Max("closed_at"), approved=Max("approved_at"),
    )  # fmt: skip


def _rounds(exam: Exam, groups: list[dict[str, Any]]) -> list[Round]:
    wanted = {group["revision"] for group in groups}
    revisions = Revision.objects.with_content().in_bulk(list(wanted))
    turns = defaultdict(list)
    for turn in RatingRequest.objects.filter(exam=exam, revision__in=wanted).select_related("judge"):
        turns[turn.revision_id, turn.round].append(turn)
    found = []
    for group in groups:
        revision, number = revisions[group["revision"]], group["round"]
        theirs = turns[group["revision"], number]
        found.append(
            Round(
                revision=revision,
                number=number,
                asked=group["asked"],
                answered=group["answered"],
                rated=group["rated"],
                due=group["due"],
                closed=group["closed"],
                approved=group["approved"],
                missing=tuple(str(one.judge) for one in theirs if one.value is None and one.judge),
                outcome=_outcome(revision, theirs) if group["closed"] else None,
            )
        )
    return found


def _outcome(revision: Revision, turns: list[RatingRequest]) -> Outcome:
    lowest, highest = checks.rating_bounds(of_revision(revision))
    answers = [turn.answer for turn in turns if turn.answer]
    key = revision.strategy.key(revision.content)
    return Outcome(
        values=tuple(sorted(turn.value for turn in turns if turn.value is not None)),
        lowest=lowest,
        highest=highest,
        answered=len(answers),
        as_the_key=sum(tuple(answer) == tuple(key) for answer in answers),
    )


def _choosable(exam: Exam, form: Form | None) -> QuerySet[Revision]:
    """Published wordings: those of a form in its order, or those that no panel has rated or is rating."""
    rows = Revision.objects.published().filter(question__placements__exam=exam).select_related("question")
    if form is not None:
        return rows.filter(seats__form=form).order_by("seats__number")
    rated = Rating.objects.filter(revision=OuterRef("pk"), exam=exam, method=ratings.METHOD)
    being = RatingRequest.objects.filter(revision=OuterRef("pk"), exam=exam, closed_at__isnull=True)
    return rows.exclude(Exists(rated)).exclude(Exists(being)).order_by("question__public_id")


def _candidates(exam: Exam, revisions: list[Revision], judges: list[User]) -> list[Candidate]:
    known = knowing(revisions)
    standings = {one.revision_id: one for one in Standing.objects.filter(exam=exam, revision__in=revisions)}
    rated = Rating.objects.filter(exam=exam, revision__in=revisions, method=ratings.METHOD).order_by()
    panel = dict(rated.values_list("revision").annotate(n=Count("pk")))
    turns = RatingRequest.objects.filter(exam=exam, revision__in=revisions, approved_at__isnull=True).order_by()
    asked = dict(turns.filter(closed_at__isnull=True).values_list("revision").annotate(n=Count("pk")))
    closed = set(turns.filter(closed_at__isnull=False).values_list("revision", flat=True))
    return [
        Candidate(
            revision=one,
            standing=standings.get(one.pk),
            panel=panel.get(one.pk, 0),
            asked=asked.get(one.pk, 0),
            closed=one.pk in closed,
            barred=tuple(str(judge) for judge in judges if judge.pk in known[one.pk]),
        )
        for one in revisions
    ]
