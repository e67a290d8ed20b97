"""What an exam's specification comes to: seats for each domain and task, questions of each kind, what is lacking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet

from exams.services import outlines
from psychometrics.assembly import bounds
from questions.models import Exam
from questions.specification import KIND_LABELS, Specification, blueprint_of

MOST_LINES = 12
MOST_ACTS = 10


@dataclass(frozen=True, slots=True)
class TaskSeats:
    """A task takes at least one scored seat, and at most what the other tasks leave."""

    code: str
    title: str
    scored: str
    unscored: str


@dataclass(frozen=True, slots=True)
class DomainSeats:
    code: str
    title: str
    weight: int
    scored: int
    unscored: int
    tasks: list[TaskSeats]

    @property
    def seats(self) -> int:
        return self.scored + self.unscored


@dataclass(frozen=True, slots=True)
class KindSeats:
    label: str
    form: str
    scored: str
    unscored: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`lacking` is what the published questions lack for one form; `more` of its lines are not listed."""

    questions: int
    scored: int
    domains: list[DomainSeats]
    kinds: list[KindSeats]
    published: int
    lacking: list[str]
    more: int

    @property
    def unscored(self) -> int:
        return self.questions - self.scored


def preview_of(spec: Specification, exam: Exam | None) -> Preview:
    """Of a specification without problems, every line with its code. A constant number of statements."""
    published = outlines.published_in(exam) if exam else 0
    lacking = outlines.shortage_of(exam, spec) if exam and published else []
    return Preview(
        questions=spec.questions,
        scored=spec.scored,
        domains=list(_domains(spec)),
        kinds=list(_kinds(spec)),
        published=published,
        lacking=lacking[:MOST_LINES],
        more=max(len(lacking) - MOST_LINES, 0),
    )


def _domains(spec: Specification) -> Iterator[DomainSeats]:
    blueprint = blueprint_of(spec)
    parts = zip(spec.domains, blueprint.scored_by_domain, blueprint.unscored_by_domain, strict=True)
    for domain, scored, unscored in parts:
        others = len(domain.tasks) - 1  # an only task takes all
        tasks = [
            TaskSeats(
                task.code,
                task.title,
                _ends(1 if others else scored, scored - others),
                _ends(0 if others else unscored, unscored),
            )
            for task in domain.tasks
        ]
        yield DomainSeats(domain.code, domain.title, domain.weight, scored, unscored, tasks)


def _kinds(spec: Specification) -> Iterator[KindSeats]:
    for kind, box in bounds(blueprint_of(spec)).items():
        yield KindSeats(KIND_LABELS[kind], _ends(*box.form), _ends(*box.scored), _ends(*box.unscored))


def _ends(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} to {high}"


def acts_on(exam: Exam) -> QuerySet[LogEntry]:
    """Who changed what of the exam, newest first. One statement."""
    rows = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Exam), object_id=str(exam.pk))
    return rows.select_related("user").order_by("-action_time", "-pk")[:MOST_ACTS]
