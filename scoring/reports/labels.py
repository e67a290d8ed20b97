"""What belongs to a question whatever its wording, for the page that changes it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, Q

from questions.models import Enmity, Exam, Placement, Question, Revision, Scenario, Task
from questions.models.bank import OPEN, RevisionState

MOST_SCENARIOS = 500  # to choose from
MOST_ENEMIES = 200


@dataclass(frozen=True, slots=True)
class Ticked:
    """A topic of a placement's task, and whether the question is about it."""

    pk: int
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where the question stands in an exam, the tasks it could move to and the topics of its own."""

    placement: Placement
    tasks: list[Task]
    topics: list[Ticked]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An exam that the question does not belong to."""

    exam: Exam
    tasks: list[Task]


@dataclass(frozen=True, slots=True)
class Detail:
    question: Question
    revision: Revision | None  # what is published, else the newest
    published: bool  # ever, so that its case study is settled
    in_review: bool
    places: list[Place]
    elsewhere: list[Elsewhere]
    enemies: list[Question]
    scenarios: list[Scenario]

    @property
    def exam(self) -> Exam | None:
        """One that the question has a page in."""
        return self.places[0].placement.exam if self.places and self.published else None


def detail_of(question: Question) -> Detail:
    """A constant number of statements."""
    revisions = list(Revision.objects.filter(question=question).order_by("-number"))
    shown = next((one for one in revisions if one.state == RevisionState.PUBLISHED), None)
    exams = list(Exam.objects.prefetch_related(Prefetch("tasks", Task.objects.prefetch_related("topics"))))
    placed = {one.exam_id: one for one in question.placements.prefetch_related("topics").select_related("exam", "task")}
    pairs = Enmity.objects.filter(Q(first=question) | Q(second=question)).select_related("first", "second")
    enemies = [one.second if one.first_id == question.pk else one.first for one in pairs[:MOST_ENEMIES]]
    return Detail(
        question=question,
        revision=shown or (revisions[0] if revisions else None),
        published=any(one.state not in OPEN for one in revisions),
        in_review=any(one.state == RevisionState.IN_REVIEW for one in revisions),
        places=[_place(placed[exam.pk], list(exam.tasks.all())) for exam in exams if exam.pk in placed],
        elsewhere=[Elsewhere(exam, list(exam.tasks.all())) for exam in exams if exam.pk not in placed],
        enemies=sorted(enemies, key=lambda one: one.public_id),
        scenarios=list(Scenario.objects.order_by("public_id")[:MOST_SCENARIOS]),
    )


def _place(placement: Placement, tasks: list[Task]) -> Place:
    chosen = {topic.pk for topic in placement.topics.all()}
    topics = next((list(task.topics.all()) for task in tasks if task.pk == placement.task_id), [])
    return Place(placement, tasks, [Ticked(one.pk, one.title, one.pk in chosen) for one in topics])
