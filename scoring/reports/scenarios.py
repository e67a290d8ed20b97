"""Case studies for authors: the list, and one with its wordings and questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OuterRef, Q, Subquery

from questions.models import Question, Revision, Scenario, ScenarioRevision
from questions.models.bank import OPEN, RevisionState

PER_PAGE = 25
MOST_QUESTIONS = 100
MOST_SEARCH = 100  # characters


@dataclass(frozen=True, slots=True)
class Listing:
    search: str
    page: Page[Any]  # newest wordings with `public_id`, `questions` and `published`


@dataclass(frozen=True, slots=True)
class Member:
    """A question of a case study: what is published of it and what is open, either or both."""

    question: Question
    published: Revision | None
    open: Revision | None
    newest: int

    @property
    def kind(self) -> str:
        revision = self.published or self.open
        return revision.strategy.label if revision else "–"

    @property
    def behind(self) -> bool:
        """Whether what is published shows an older wording."""
        return self.published is not None and (
            self.published.scenario_revision is None or self.published.scenario_revision.number < self.newest
        )


@dataclass(frozen=True, slots=True)
class Detail:
    scenario: Scenario
    newest: ScenarioRevision
    earlier: list[ScenarioRevision]
    members: list[Member]
    exam: str  # code of one that its questions belong to, for their pages

    @property
    def behind(self) -> int:
        return sum(one.behind for one in self.members)


def listing_of(search: str, page: str) -> Listing:
    """Newest wordings by id. Two statements."""
    search = search.replace("\0", "").strip()[:MOST_SEARCH]
    newest = ScenarioRevision.objects.filter(scenario=OuterRef("scenario")).order_by("-number").values("number")[:1]
    rows = ScenarioRevision.objects.filter(number=Subquery(newest)).select_related("scenario")
    if search:
        rows = rows.filter(
            Q(scenario__public_id__icontains=search) | Q(title__icontains=search) | Q(text__icontains=search)
        )
    published = Q(scenario__questions__revisions__state=RevisionState.PUBLISHED)
    rows = rows.annotate(
        questions=Count("scenario__questions", distinct=True),
        published=Count("scenario__questions", filter=published, distinct=True),
        public_id=F("scenario__public_id"),
    ).order_by("public_id")
    return Listing(search, Paginator(rows, PER_PAGE).get_page(page))


def detail_of(scenario: Scenario) -> Detail:
    """A constant number of statements."""
    newest, *earlier = scenario.revisions.order_by("-number")
    states = (RevisionState.PUBLISHED, *OPEN)
    revisions = Revision.objects.filter(question__scenario=scenario, state__in=states).select_related(
        "scenario_revision"
    )
    found: dict[tuple[int, bool], Revision] = {(one.question_id, one.state in OPEN): one for one in revisions}
    questions = list(scenario.questions.prefetch_related("placements__exam")[:MOST_QUESTIONS])
    members = [Member(one, found.get((one.pk, False)), found.get((one.pk, True)), newest.number) for one in questions]
    exams = (place.exam.code for one in questions for place in one.placements.all())
    return Detail(scenario, newest, earlier, members, next(exams, ""))
