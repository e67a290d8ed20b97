"""How often an exam's questions have been shown, counted from its sittings form by form, never kept in counters."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q

from exams.models import Seat, Sitting
from questions.models import Exam, Revision
from scoring.reports.standards import ENOUGH_SITTINGS, first_sittings

YEAR = dt.timedelta(days=365)
BINS = 20  # of 5 % each
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class FormCount:
    """Real sittings of one form: all that were begun, those that are closed, those begun in the last 365 days."""

    shown: int = 0
    closed: int = 0
    recent: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A published question and the real sittings that have shown it in any revision; `share` is of the last year's."""

    public_id: str
    shown: int
    recent: int
    share: float

    @property
    def percent(self) -> str:
        return f"{100 * self.share:.0f}"


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions whose share lies above `low` and up to `high` per cent; the first holds those not shown, too."""

    low: int
    high: int
    questions: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """The exam's questions by how much of the last year's sittings have shown them.

    With fewer than 30 sittings a share says nothing: none is flagged.
    """

    sittings: int
    cap: float
    questions: list[Shown]

    @property
    def enough(self) -> bool:
        return self.sittings >= ENOUGH_SITTINGS

    @property
    def over(self) -> list[Shown]:
        """Questions above the cap, the most shown first."""
        if not self.enough:
            return []
        return sorted(
            (question for question in self.questions if question.share > self.cap),
            key=lambda question: (-question.share, question.public_id),
        )

    @property
    def listed(self) -> list[Shown]:
        return self.over[:MOST_LISTED]

    @property
    def more(self) -> int:
        return max(len(self.over) - MOST_LISTED, 0)

    @property
    def cap_percent(self) -> str:
        return f"{100 * self.cap:g}"

    @property
    def never(self) -> int:
        return sum(not question.shown for question in self.questions)

    @property
    def bins(self) -> list[Bin]:
        """Twenty bins from 0 to 100 %."""
        places = Counter(max(math.ceil(BINS * question.share - 1e-9) - 1, 0) for question in self.questions)
        width = 100 // BINS
        return [Bin(width * place, width * (place + 1), places[place]) for place in range(BINS)]

    @property
    def filled(self) -> list[Bin]:
        return [entry for entry in self.bins if entry.questions]


def form_counts(exam: Exam, now: dt.datetime) -> dict[int, FormCount]:
    """Form id -> its real sittings; forms that nobody has sat are missing. One statement."""
    rows = Sitting.objects.real().filter(exam=exam).order_by().values("form_id")
    counted = rows.annotate(
        shown=Count("pk"),
        closed=Count("pk", filter=Q(state=Sitting.State.CLOSED)),
        recent=Count("pk", filter=Q(started_at__gte=now - YEAR)),
    )
    return {row["form_id"]: FormCount(row["shown"], row["closed"], row["recent"]) for row in counted}


def exposure_of(exam: Exam, counts: Mapping[int, FormCount]) -> Exposure:
    """What `form_counts` comes to for the published questions. Two statements."""
    shown: Counter[int] = Counter()
    recent: Counter[int] = Counter()
    for form, question in (
        Seat.objects.filter(form__in=list(counts)).order_by().values_list("form_id", "revision__question_id")
    ):
        shown[question] += counts[form].shown
        recent[question] += counts[form].recent
    sittings = sum(count.recent for count in counts.values())
    published = Revision.objects.published().filter(question__placements__exam=exam)
    return Exposure(
        sittings=sittings,
        cap=settings.EXPOSURE_CAP,
        questions=[
            Shown(public_id, shown[question], recent[question], recent[question] / sittings if sittings else 0.0)
            for question, public_id in published.order_by("question__public_id").values_list(
                "question_id", "question__public_id"
            )
        ],
    )


def first_exposures(exam: Exam, revisions: Iterable[int]) -> Counter[int]:
    """Revision id -> people whose first closed sitting of the exam showed it. Two statements.

    A person's later sittings do not count, because calibration uses the first alone.
    """
    people = first_sittings([exam]).values_list("form_id").annotate(Count("pk"))
    by_form = dict(people)
    met: Counter[int] = Counter()
    seats = Seat.objects.filter(form__in=list(by_form), revision__in=list(revisions)).order_by()
    for form, revision in seats.values_list("form_id", "revision_id"):
        met[revision] += by_form[form]
    return met
