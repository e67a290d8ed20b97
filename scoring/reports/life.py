"""One question over its whole life: its revisions, the one that is looked at, and what may be done now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db.models import Count, Q

from accounts.access import holders
from accounts.models import User
from accounts.roles import Role
from questions import checks
from questions.diff import Difference, compare
from questions.models import Audit, Comment, Placement, Question, Rating, Review, Revision, Standing
from questions.models.authoring import Act
from questions.models.bank import FROZEN, OPEN, RevisionState
from questions.services.knowing import writers_of
from questions.writing import of_revision
from scoring.models import RunItem
from scoring.reports import life_wording, trail
from scoring.reports.questions import Figures, figures_of

LATEST = 8  # acts of the trail on the question's page


@dataclass(frozen=True, slots=True)
class Passed:
    """A warning that somebody let pass, with the reason."""

    finding: checks.Finding
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks say of a draft or of what is in review. `looked`: also for questions that are nearly this one."""

    errors: list[checks.Finding]
    warnings: list[checks.Finding]
    passed: list[Passed]
    looked: bool

    @property
    def lists(self) -> list[tuple[str, Checked]]:
        """The findings in two lists: of the question itself, and of its likeness to others."""
        return [("itself", self._about(likeness=False)), ("likeness", self._about(likeness=True))]

    def _about(self, *, likeness: bool) -> Checked:
        def wanted(finding: checks.Finding) -> bool:
            return (finding.rule == checks.LIKENESS) is likeness

        return Checked(
            [one for one in self.errors if wanted(one)],
            [one for one in self.warnings if wanted(one)],
            [one for one in self.passed if wanted(one.finding)],
            self.looked,
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What a revision changes of the one before it."""

    old: Revision
    new: Revision
    places: list[Difference]

    @property
    def scenario(self) -> bool:
        """Whether they stand under different wordings of the case study."""
        return self.old.scenario_revision_id != self.new.scenario_revision_id


@dataclass(frozen=True, slots=True)
class Reading:
    """One revision to read, with what was said about it."""

    revision: Revision
    wording: life_wording.Wording
    changes: Changes | None
    comments: list[Comment]
    reviews: list[Review]

    @property
    def open_comments(self) -> int:
        return sum(comment.resolved_at is None for comment in self.comments)


@dataclass(frozen=True, slots=True)
class Measured:
    """An exam that the question belongs to, with the key figures of the revision that was last published."""

    placement: Placement
    standing: Standing | None
    figures: Figures | None
    alarms: int


@dataclass(frozen=True, slots=True)
class Reviewer:
    person: User
    wrote: bool


@dataclass(frozen=True)
class Life:
    """All that the page of a question shows to one person."""

    question: Question
    viewer: User
    revisions: list[Revision]
    reading: Reading
    checked: Checked | None
    reviewers: list[Reviewer]
    measured: list[Measured]
    rated: list[checks.Finding]
    trail: list[trail.Entry]
    withdrawn: Audit | None

    @property
    def revision(self) -> Revision:
        return self.reading.revision

    @cached_property
    def open(self) -> Revision | None:
        return next((row for row in self.revisions if row.state in OPEN), None)

    @cached_property
    def published(self) -> Revision | None:
        return next((row for row in self.revisions if row.state == RevisionState.PUBLISHED), None)

    @cached_property
    def last_frozen(self) -> Revision | None:
        return _last_frozen(self.revisions)

    @property
    def steps(self) -> list[tuple[str, bool]]:
        """The stages of what is looked at, and which of them is now."""
        names = [RevisionState.DRAFT, RevisionState.IN_REVIEW, RevisionState.PUBLISHED]
        if self.revision.state in (RevisionState.RETIRED, RevisionState.SUPERSEDED):
            names.append(RevisionState(self.revision.state))
        return [(name.label, name == self.revision.state) for name in names]

    # ---- what may be done now --------------------------------------------------------------------------------------

    @property
    def draft(self) -> Revision | None:
        return self.open if self.open and self.open.state == RevisionState.DRAFT else None

    @property
    def in_review(self) -> Revision | None:
        return self.open if self.open and self.open.state == RevisionState.IN_REVIEW else None

    @property
    def approved(self) -> bool:
        return self.in_review is not None and self.in_review.approval_id is not None

    @property
    def newer(self) -> Revision | None:
        """A wording that was published since what is open was begun."""
        if self.open and self.published and self.open.based_on_id != self.published.pk:
            return self.published
        return None

    @property
    def can_submit(self) -> bool:
        return self.draft is not None and self.checked is not None and not self.checked.errors

    @property
    def can_take_back(self) -> bool:
        row = self.in_review
        theirs = {row.author_id, row.submitted_by_id} - {None} if row else set()
        return row is not None and (not theirs or self.viewer.pk in theirs or self.viewer.is_superuser)

    @property
    def can_assign(self) -> bool:
        return self.in_review is not None and not self.approved

    @property
    def decides(self) -> bool:
        return self.in_review is not None and self.in_review.reviewer_id == self.viewer.pk

    @property
    def can_approve(self) -> bool:
        return self.decides and not self.approved and not self.reading.open_comments

    @property
    def can_publish(self) -> bool:
        clear = self.checked is not None and not self.checked.errors and not self.checked.warnings
        return self.approved and clear and self.newer is None and not self.reading.open_comments

    @property
    def can_revise(self) -> bool:
        return self.open is None and self.last_frozen is not None

    @property
    def can_withdraw(self) -> bool:
        """A retired question may stand on forms until the pools are next filled."""
        last = self.last_frozen
        return last is not None and last.state != RevisionState.SUPERSEDED and self.withdrawn is None

    @property
    def can_delete(self) -> bool:
        row = self.draft
        return row is not None and (row.author_id in (None, self.viewer.pk) or self.viewer.is_superuser)


def revisions_of(question: Question) -> list[Revision]:
    """Every revision, newest first, with the people in it. One statement."""
    rows = Revision.objects.filter(question=question).select_related(
        "author", "reviewer", "submitted_by", "based_on", "approval__reviewer"
    )
    found = list(
        rows.annotate(open_comments=Count("comments", filter=Q(comments__resolved_at__isnull=True))).order_by("-number")
    )
    for row in found:
        row.question = question
    return found


def life_of(question: Question, viewer: User, revisions: Sequence[Revision], *, likeness: bool) -> Life:
    """The whole page of a question that has `revisions`. A constant number of statements.

    Questions that are nearly this one are looked for when `likeness` asks for it, and always of what is approved:
    whether it may be published hangs on them.
    """
    opened = next((row for row in revisions if row.state in OPEN), None)
    last = _last_frozen(revisions)
    shown = opened or last or revisions[0]
    reading = reading_of(shown, revisions)
    choosing = opened is not None and opened.approval_id is None
    return Life(
        question=question,
        viewer=viewer,
        revisions=list(revisions),
        reading=reading,
        checked=_checked(reading.revision, likeness=likeness or not choosing) if opened else None,
        reviewers=_reviewers(shown) if choosing else [],
        measured=_measured(question, last),
        rated=[] if opened else _rated(reading.revision),
        trail=trail.latest(question.public_id, LATEST),
        withdrawn=_withdrawn(last),
    )


def reading_of(revision: Revision, revisions: Sequence[Revision]) -> Reading:
    """One revision with what it changes of the one before it, comments and reviews. A constant number of statements."""
    base = base_of(revision, revisions)
    rows = with_content([revision, base] if base else [revision])
    revision, old = rows[revision.pk], rows[base.pk] if base else None
    comments = Comment.objects.filter(revision=revision).select_related("author", "resolved_by")
    return Reading(
        revision=revision,
        wording=life_wording.wording_of(revision),
        changes=changes_of(old, revision) if old else None,
        comments=sorted(comments, key=lambda row: row.resolved_at is not None),
        reviews=list(Review.objects.filter(revision=revision).select_related("reviewer").order_by("-id")),
    )


def changes_of(old: Revision, new: Revision) -> Changes:
    return Changes(old, new, compare(of_revision(old), of_revision(new)))


def base_of(revision: Revision, revisions: Sequence[Revision]) -> Revision | None:
    """What it is compared with: what it is to replace, or the published wording before it."""
    if revision.state in OPEN:
        published = next((row for row in revisions if row.state == RevisionState.PUBLISHED), None)
        return published or revision.based_on
    older = [row for row in revisions if row.state in FROZEN and row.number < revision.number]
    return max(older, key=lambda row: row.number, default=None)


def with_content(revisions: Sequence[Revision]) -> dict[int, Revision]:
    """These revisions by id with their content and their people. Four statements."""
    rows = Revision.objects.with_content().select_related(
        "question", "scenario_revision", "author", "reviewer", "submitted_by", "approval__reviewer"
    )
    return rows.in_bulk([row.pk for row in revisions])


def _last_frozen(revisions: Sequence[Revision]) -> Revision | None:
    """The published wording, else the one that was published last."""
    frozen = [row for row in revisions if row.state in FROZEN]
    return max(
        frozen, key=lambda row: (row.state == RevisionState.PUBLISHED, row.published_at, row.number), default=None
    )


def _checked(revision: Revision, *, likeness: bool) -> Checked:
    found = checks.check_revision(revision, likeness=likeness)
    left = checks.unacknowledged(revision, found)
    entries = {(one["rule"], one["place"], one["message"]): one for one in revision.acknowledged}
    names = {person.pk: str(person) for person in User.objects.filter(pk__in=[one["by"] for one in entries.values()])}
    passed = []
    for finding in checks.warnings(found):
        entry = entries.get((finding.rule, finding.place, finding.message))
        if entry:
            passed.append(Passed(finding, entry["reason"], names.get(entry["by"], "somebody")))
    return Checked(checks.errors(found), left, passed, likeness)


def _reviewers(revision: Revision) -> list[Reviewer]:
    """Authors who may review it; those who wrote in it only where the setting lets them."""
    wrote = writers_of(revision)
    everybody = [Reviewer(person, person.pk in wrote) for person in holders(Role.AUTHOR)]
    return [one for one in everybody if settings.SELF_REVIEW or not one.wrote]


def _measured(question: Question, revision: Revision | None) -> list[Measured]:
    """By exam; by the newest run over real sittings. Three statements."""
    placements = (
        Placement.objects.filter(question=question).select_related("exam", "task__domain").order_by("exam__code")
    )
    standings = {row.exam_id: row for row in Standing.objects.filter(revision=revision)} if revision else {}
    items = RunItem.objects.filter(revision=revision, run__includes_simulated=False).defer("options", "curve")
    newest = items.select_related("run").order_by("run__exam_id", "-run__number").distinct("run__exam_id")
    by_exam = {item.run.exam_id: item for item in newest} if revision else {}
    found = []
    for placement in placements:
        item = by_exam.get(placement.exam_id)
        figures = figures_of(item) if item else None
        alarms = len(item.alarms) if item else 0
        found.append(Measured(placement, standings.get(placement.exam_id), figures, alarms))
    return found


def _rated(revision: Revision) -> list[checks.Finding]:
    """What is unusual about the ratings that count, those of the newest round in each exam. One statement."""
    rounds: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = Rating.objects.filter(revision=revision).order_by("exam__code", "judge")
    for exam, number, value in rows.values_list("exam__code", "round", "value"):
        rounds[exam][number].append(value)
    newest = {exam: given[max(given)] for exam, given in rounds.items()}
    return checks.check_ratings(writing=of_revision(revision), ratings=newest) if newest else []


def _withdrawn(revision: Revision | None) -> Audit | None:
    """The act by which the last published wording was withdrawn, if that is how it came out of use."""
    if revision is None or revision.state != RevisionState.RETIRED:
        return None
    out = Audit.objects.filter(revision=revision, act__in=(Act.RETIRE, Act.WITHDRAW)).select_related("who").first()
    return out if out and out.act == Act.WITHDRAW else None
