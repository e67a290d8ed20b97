"""What a question's page and its charts look at: a revision in an exam, and what one run says about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from psychometrics import irt
from questions.models import Exam, Revision
from questions.models.bank import FROZEN, RevisionState
from scoring.models import CalibrationRun, RunItem
from scoring.reports.questions import FEW, Figures, figures_of


@dataclass(frozen=True, slots=True)
class Shown:
    """A revision in an exam, the run and what it says of the revision."""

    exam: Exam
    revision: Revision
    run: CalibrationRun | None
    item: RunItem | None

    @property
    def figures(self) -> Figures | None:
        return figures_of(self.item) if self.item else None

    @property
    def told(self) -> bool:
        """Whether there is more to tell than facility."""
        return self.item is not None and self.item.n >= FEW

    @property
    def has_curve(self) -> bool:
        return self.told and self.item is not None and bool(self.item.curve or self.item.difficulty is not None)

    @property
    def has_options(self) -> bool:
        return self.told and self.item is not None and bool(self.item.options)


@dataclass(frozen=True, slots=True)
class Group:
    """Persons of about one ability: the share that was right, and what the model expects."""

    ability: float
    n: int
    observed: float
    expected: float | None


def revision_of(exam: Exam, public_id: str, number: int | None) -> Revision | None:
    """The revision asked for, else the published one, else the last that was; None where the exam has no such
    question or it has no such revision. Drafts were never shown to anybody and have no figures. One statement."""
    revisions = Revision.objects.filter(
        question__public_id=public_id, question__placements__exam=exam, state__in=FROZEN
    ).select_related("question__scenario", "scenario_revision")
    if number is not None:
        return revisions.filter(number=number).first()
    published = Q(state=RevisionState.PUBLISHED)
    return revisions.annotate(newest=published).order_by("-newest", "-number").first()


def shown_of(exam: Exam, revision: Revision, run: CalibrationRun | None) -> Shown:
    """With the run asked for, else the newest over real sittings that holds the revision. One statement."""
    items = RunItem.objects.filter(revision=revision, run__exam=exam).select_related("run")
    wanted = items.filter(run=run) if run else items.filter(run__includes_simulated=False)
    item = wanted.order_by("-run__number").first()
    return Shown(exam, revision, run or (item.run if item else None), item)


def groups_of(shown: Shown) -> list[Group]:
    """Persons by ability, with observed and expected shares; empty where the page may not tell them."""
    item = shown.item
    if item is None or not shown.has_curve:
        return []
    a, b = item.discrimination, item.difficulty
    return [
        Group(
            ability, n, observed,
            None if a is None or b is None else float(irt.probability([ability], [a], [b])[0, 0]),
        )
        for ability, n, observed in item.curve
        if observed is not None
    ]  # fmt: skip
