"""The exams on offer, and one exam with its outline and the person's own sittings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.models import User
from exams.models import Form, Sitting
from exams.services import pool, sittings
from questions.kinds import CASE_STUDY, KINDS
from questions.models import Domain, Exam, KindShare, Task
from scoring.models import Result
from scoring.reports import release

LATEST = 10  # own sittings on an exam's page; the rest is on the progress page


@dataclass(frozen=True, slots=True)
class Past:
    """An own sitting and its result, if it has one by now that its candidate may see."""

    sitting: Sitting
    result: Result | None
    release: release.Release | None

    @property
    def awaits_result(self) -> bool:
        """Ended, and scored as soon as somebody looks or the sweep comes by."""
        over = self.sitting.state in (Sitting.State.ENDED, Sitting.State.CLOSED)
        return self.result is None and over and not self.sitting.void


@dataclass(frozen=True, slots=True)
class Card:
    """An exam in the list."""

    exam: Exam
    ready: bool
    running: Sitting | None
    left: dt.timedelta
    last: Past | None


@dataclass(frozen=True, slots=True)
class KindLine:
    """How many questions of a kind a form holds, in words."""

    label: str
    count: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One exam's page."""

    exam: Exam
    ready: bool
    domains: list[Domain]
    kinds: list[KindLine]
    terms: sittings.Terms
    running: Sitting | None
    left: dt.timedelta
    past: list[Past]
    more: bool


def cards(*, user: User, now: dt.datetime) -> list[Card]:
    """Every exam on offer, those that can be sat first. A constant number of statements."""
    sittings.settle(now=now, user=user)
    exams = list(Exam.objects.offered())
    forms = Form.objects.filter(Q(state=Form.State.POOL) | Q(state=Form.State.PENDING, owner=user))
    ready = set(forms.order_by().values_list("exam_id", flat=True).distinct())
    mine = Sitting.objects.filter(user=user, exam__in=exams)
    running = {sitting.exam_id: sitting for sitting in mine.in_progress()}
    finished = mine.filter(state__in=(Sitting.State.ENDED, Sitting.State.CLOSED), void=False).select_related("form")
    last = {
        past.sitting.exam_id: past
        for past in with_results(finished.order_by("exam_id", "-started_at").distinct("exam_id"), now)
    }
    found = [
        Card(
            exam=exam,
            ready=exam.pk in ready,
            running=running.get(exam.pk),
            left=_left(running.get(exam.pk), now),
            last=last.get(exam.pk),
        )
        for exam in exams
    ]
    return sorted(found, key=lambda card: not (card.ready or card.running))


def detail(*, exam: Exam, user: User, now: dt.datetime) -> Detail:
    """An exam with its outline and the person's latest sittings. A constant number of statements."""
    sittings.settle(now=now, user=user)
    domains = exam.domains.prefetch_related(Prefetch("tasks", Task.objects.order_by("number")))
    mine = Sitting.objects.filter(user=user, exam=exam).select_related("form").order_by("-started_at")
    past = with_results(mine.exclude(state=Sitting.State.IN_PROGRESS)[: LATEST + 1], now)
    running = mine.in_progress().first()
    return Detail(
        exam=exam,
        ready=pool.has_form(user=user, exam=exam),
        domains=list(domains.order_by("number")),
        kinds=[_kind_line(share) for share in exam.kind_shares.filter(form_maximum__gt=0)],
        terms=sittings.terms_for(user=user, exam=exam),
        running=running,
        left=_left(running, now),
        past=past[:LATEST],
        more=len(past) > LATEST,
    )


def visible_to(user: User) -> QuerySet[Exam]:
    """Exams on offer, and those no longer offered that the person has sat."""
    return Exam.objects.filter(Q(offered=True) | Exists(Sitting.objects.filter(exam=OuterRef("pk"), user=user)))


def with_results(found: Iterable[Sitting], now: dt.datetime) -> list[Past]:
    """Sittings with their current results, where these are released. One statement besides the one that finds the
    sittings."""
    chosen: Sequence[Sitting] = list(found)
    shown = [sitting.pk for sitting in chosen if sitting.shows_result(now)]
    results = {result.sitting_id: result for result in Result.objects.current().filter(sitting__in=shown)}
    return [Past(sitting, results.get(sitting.pk), release.of_result(sitting, now)) for sitting in chosen]


def _left(running: Sitting | None, now: dt.datetime) -> dt.timedelta:
    return running.remaining(now) if running else dt.timedelta(0)


def _kind_line(share: KindShare) -> KindLine:
    labels = {kind.name: kind.label for kind in KINDS.values()} | {CASE_STUDY: "In a case study"}
    low, high = share.form_minimum, share.form_maximum
    return KindLine(labels[share.kind], str(low) if low == high else f"{low} to {high}")
