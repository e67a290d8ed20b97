"""What people see of reported problems: candidates beside the question, authors in a list and one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from accounts.models import User
from exams.models import Sitting
from questions.models import Exam, Placement
from scoring import problem_reports
from scoring.forms import ProblemForm
from scoring.models import ProblemReport, Result
from scoring.reports.review import Review, review_of
from scoring.reports.score import result_of

PER_PAGE = 25
MOST_GROUPS = 10  # questions that the list counts reports for
MOST_OTHERS = 20  # reports of the same revision beside one report
ALL = "all"
OPEN = Q(state=ProblemReport.State.OPEN)


# ---- candidates --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problems:
    """What a person has reported of one question, the newest first, and the form for what is open or new."""

    sitting: Sitting
    reports: list[ProblemReport]
    form: ProblemForm

    @property
    def open(self) -> ProblemReport | None:
        return next((report for report in self.reports if report.is_open), None)


def problems_of(sitting: Sitting, seat: int, form: ProblemForm | None = None) -> Problems:
    """One statement. `form` is what was refused, if anything was."""
    reports = list(problem_reports.of_seat(sitting, seat).select_related("sitting"))
    found = Problems(sitting, reports, form or ProblemForm())
    return found if form else Problems(sitting, reports, ProblemForm.of(found.open))


def unread_of(user: User) -> list[ProblemReport]:
    """Reports whose answer the person has not seen yet, the newest answer first. One statement."""
    unread = ProblemReport.objects.unread().filter(sitting__user=user)
    return list(unread.select_related("sitting__exam", "sitting__form").order_by("-answered_at", "-pk"))


# ---- the list ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to; empty fields narrow nothing."""

    exam: str
    state: str
    category: str
    question: str

    @property
    def any(self) -> bool:
        return bool(self.exam or self.category or self.question or self.state != ProblemReport.State.OPEN)

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wanted:
        """From an address as somebody typed it: what is no choice is left out."""
        state, category = asked.get("state", ""), asked.get("category", "")
        return cls(
            exam=_clean(asked.get("exam", "")),
            state=state if state in (*ProblemReport.State.values, ALL) else ProblemReport.State.OPEN.value,
            category=category if category in ProblemReport.Category.values else "",
            question=_clean(asked.get("question", "")),
        )

    def rows(self) -> QuerySet[ProblemReport]:
        found = ProblemReport.objects.all()
        if self.exam:
            found = found.filter(sitting__exam__code=self.exam)
        if self.state != ALL:
            found = found.filter(state=self.state)
        if self.category:
            found = found.filter(category=self.category)
        if self.question:
            found = found.filter(revision__question__public_id__icontains=self.question)
        return found


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()[:80]


@dataclass(frozen=True, slots=True)
class Group:
    """A question in an exam with how many of the listed reports it has, and how many of those are open."""

    public_id: str
    exam: str
    reports: int
    open: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Reports under the filters, and the questions that have most of them."""

    wanted: Wanted
    exams: list[Exam]
    page: Page[ProblemReport]
    groups: list[Group]
    more_groups: bool

    @property
    def exam(self) -> Exam | None:
        """The exam that was asked for, if there is one of that code."""
        return next((exam for exam in self.exams if exam.code == self.wanted.exam), None)

    @property
    def states(self) -> list[tuple[str, str]]:
        return [*ProblemReport.State.choices, (ALL, "All")]

    @property
    def categories(self) -> list[tuple[str, str]]:
        return list(ProblemReport.Category.choices)


def listing_of(asked: Mapping[str, str]) -> Listing:
    """Four statements."""
    wanted = Wanted.of(asked)
    rows = wanted.rows().select_related("revision__question", "sitting__exam", "sitting__form")
    grouped = (
        wanted.rows()
        .order_by()
        .values_list("revision__question__public_id", "sitting__exam__code")
        .annotate(reports=Count("pk"), open=Count("pk", filter=OPEN))
        .order_by("-open", "-reports", "revision__question__public_id", "sitting__exam__code")
    )
    groups = [Group(*row) for row in grouped[: MOST_GROUPS + 1]]
    return Listing(
        wanted=wanted,
        exams=list(Exam.objects.all()),
        page=Paginator(rows, PER_PAGE).get_page(asked.get("page", "1")),
        groups=groups[:MOST_GROUPS],
        more_groups=len(groups) > MOST_GROUPS,
    )


def open_count(exam: Exam, public_id: str = "") -> int:
    """Open reports from the exam's sittings, of one question if it is named. One statement."""
    found = ProblemReport.objects.open().filter(sitting__exam=exam)
    return (found.filter(revision__question__public_id=public_id) if public_id else found).count()


# ---- one report --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Detail:
    """A report with what its candidate saw and gave. Nothing here says who that was."""

    report: ProblemReport
    review: Review
    others: list[ProblemReport]
    more: bool
    placed: bool  # whether the question still belongs to the exam, so that it has pages there

    @property
    def exam(self) -> Exam:
        return self.report.sitting.exam


def detail_of(report: ProblemReport, *, now: dt.datetime) -> Detail:
    """A constant number of statements. `report` comes with its revision's question, sitting, exam and form."""
    sitting = report.sitting
    # One that was reopened after its review had been released, and taken back, has an earlier result only.
    held = sitting.state == Sitting.State.CLOSED
    result = result_of(sitting, now=now) if held else Result.objects.filter(sitting=sitting).latest("version")
    review = review_of(sitting, result, report.seat)
    assert review is not None  # seats of a form never change
    others = ProblemReport.objects.filter(revision=report.revision_id).exclude(pk=report.pk)
    found = list(others.select_related("sitting__exam", "sitting__form")[: MOST_OTHERS + 1])
    return Detail(
        report=report,
        review=review,
        others=found[:MOST_OTHERS],
        more=len(found) > MOST_OTHERS,
        placed=Placement.objects.filter(exam=sitting.exam_id, question=report.revision.question_id).exists(),
    )
