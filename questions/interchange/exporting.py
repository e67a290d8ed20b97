"""Questions of the bank on their way out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from questions.interchange.collecting import texts_of
from questions.interchange.exchange import (
    ForeignOption,
    ForeignPrompt,
    ForeignQuestion,
    ForeignReference,
    ForeignScenario,
    ForeignStatistics,
    Format,
    Loss,
    Severity,
)
from questions.interchange.plans import Progress, silent
from questions.mentions import hashes
from questions.models import Exam, Placement, Revision, Standing
from questions.models.bank import RevisionState

CHUNK = 500
IMAGES = "images"
WITH_IMAGES = {"pack"}  # names of formats that name images by their hash, which this bank finds again
WHOLE = "the question"  # what `carries` says of a question that cannot come back at all


@dataclass(frozen=True, slots=True)
class Export:
    """A file, how many questions it holds, and what the format could not take along."""

    data: bytes
    count: int
    losses: tuple[Loss, ...]


def wordings(
    *, exam: Exam | None = None, ids: Collection[str] | None = None, drafts: bool = False
) -> QuerySet[Revision]:
    """One revision of each question, in the order of their public ids: the published one.

    With `drafts` the newest one, whatever its state. `ids` are public ids, None for all.
    """
    if drafts:
        newest = Revision.objects.filter(question=OuterRef("question")).order_by("-number").values("pk")[:1]
        found = Revision.objects.filter(pk=Subquery(newest))
    else:
        found = Revision.objects.published()
    if exam is not None:
        found = found.filter(question__placements__exam=exam)
    if ids is not None:
        found = found.filter(question__public_id__in=ids)
    return found.order_by("question__public_id")


def ready(revisions: QuerySet[Revision]) -> QuerySet[Revision]:
    """The same with everything that `foreign` reads, in a constant number of statements."""
    return revisions.select_related("question", "scenario_revision__scenario").prefetch_related(
        "options", "prompts", "references", "question__placements__exam", "question__placements__task",
        "standings__exam",
    )  # fmt: skip


def foreign(
    revision: Revision, *, exam: Exam | None = None, statistics: Mapping[int, ForeignStatistics] | None = None
) -> ForeignQuestion:
    """The revision as formats take it, with its place, rating and statistics in the exam, by default in its first one.

    `statistics` holds by revision what only classical statistics know (facility, point-biserial); what the bank
    itself knows is added.
    """
    placement = _placement(revision, exam)
    standing = next((row for row in revision.standings.all() if placement and row.exam_id == placement.exam_id), None)
    content = revision.content
    scenario = revision.scenario_revision
    return ForeignQuestion(
        identifier=revision.question.public_id,
        kind=revision.kind,
        stem=revision.stem,
        options=tuple(ForeignOption(one.text, one.rationale, one.correct, one.position) for one in content.options),
        prompts=tuple(ForeignPrompt(one.text, one.rationale, one.option - 1) for one in content.prompts),
        references=tuple(ForeignReference(one.title, one.url) for one in revision.references.all()),
        tags=tuple(revision.question.tags),
        exam=placement.exam.code if placement else "",
        task=placement.task.code if placement else "",
        rating=standing.rating if standing else None,
        statistics=_statistics(standing, (statistics or {}).get(revision.pk)),
        scenario=ForeignScenario(scenario.scenario.public_id, scenario.title, scenario.text) if scenario else None,
    )


def export(
    *,
    revisions: QuerySet[Revision],
    to: Format,
    exam: Exam | None = None,
    statistics: Mapping[int, ForeignStatistics] | None = None,
    progress: Progress = silent,
) -> Export:
    """The revisions as one file. A question that the format cannot carry at all is left out and named."""
    questions, losses = list[ForeignQuestion](), list[Loss]()
    total = revisions.count()
    for done, revision in enumerate(ready(revisions).iterator(chunk_size=CHUNK), 1):
        question = foreign(revision, exam=exam, statistics=statistics)
        lost = [*([IMAGES] if to.name not in WITH_IMAGES and pictured(question) else []), *to.carries(question)]
        if WHOLE not in lost:
            questions.append(question)
        losses += [
            Loss(question.identifier, what, f"{to.label} has no place for it", Severity.DROPPED) for what in lost
        ]
        progress(done, total)
    return Export(to.write(questions), len(questions), tuple(losses))


def pictured(question: ForeignQuestion) -> bool:
    """Whether any text of the question shows an image."""
    return bool(hashes(texts_of(question)))


def _placement(revision: Revision, exam: Exam | None) -> Placement | None:
    places = sorted(revision.question.placements.all(), key=lambda place: place.exam.code)
    return next((place for place in places if exam is None or place.exam_id == exam.pk), None)


def _statistics(standing: Standing | None, known: ForeignStatistics | None) -> ForeignStatistics | None:
    found = known or ForeignStatistics()
    if standing and standing.first_exposures:
        found = replace(
            found,
            discrimination=standing.discrimination,
            intercept=standing.intercept,
            first_exposures=standing.first_exposures,
        )
    return found if found != ForeignStatistics() else None


def compared_with(public_ids: Collection[str]) -> dict[str, Revision]:
    """The wording that stands for each question: the one being written, else the published, else the last one."""
    rows = Revision.objects.filter(question__public_id__in=public_ids).filter(~Q(state=RevisionState.SUPERSEDED))
    order = {RevisionState.DRAFT: 3, RevisionState.IN_REVIEW: 3, RevisionState.PUBLISHED: 2}
    found: dict[str, Revision] = {}
    for revision in ready(rows).order_by(F("question"), "number"):
        current = found.get(revision.question.public_id)
        if current is None or order.get(RevisionState(revision.state), 1) >= order.get(RevisionState(current.state), 1):
            found[revision.question.public_id] = revision
    return found
