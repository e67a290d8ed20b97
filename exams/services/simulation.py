"""Store sittings of simulated candidates, and remove them again. Who these are and what they answer is drawn by
`psychometrics.simulation`; docs/simulation.md tells how."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from accounts.models import SIMULATED_DOMAIN, User
from accounts.services import create_simulated
from exams.models import Claim, EndReason, Form, Seat, Sitting
from exams.services.bank import UNRATED
from psychometrics.arrays import FloatArray
from psychometrics.simulation import (
    JUDGING,
    PACE,
    Course,
    Item,
    Judging,
    Person,
    draw_item,
    draw_person,
    generator,
    sit,
)
from questions.kinds import Content
from questions.models import Exam, Revision, Standing

SIMULATION_LOCK = 0x51  # advisory lock: one simulation at a time numbers the candidates of an exam
BATCH = 250  # candidates whose rows are written together
DAYS = 30  # over which the sittings are spread
HOURS = (7, 21)  # between which they begin
ANSWER_COLUMNS = (
    "sitting_id", "seat", "response", "flagged", "struck", "marks", "scenario_marks", "spent_ms",
    "version", "answered_version", "claim", "sequence", "late", "saved_at",
)  # fmt: skip

Progress = Callable[[int, int], None]


class CannotSimulate(Exception):
    """Nothing was simulated; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class TrueItem:
    """A revision, the rating its truth was drawn from, and the truth."""

    revision: Revision
    content: Content
    rating: float
    item: Item


@dataclass(frozen=True, slots=True)
class Paper:
    """A form with the truth of its questions: seats in order, and their parameters as arrays."""

    form: Form
    seats: list[Seat]
    items: list[TrueItem]
    a: FloatArray
    b: FloatArray
    intensity: FloatArray


@dataclass(frozen=True, slots=True)
class Candidate:
    """One simulated person at one form, drawn but not stored."""

    number: int
    name: str
    sitting_id: uuid.UUID
    started_at: dt.datetime
    paper: Paper
    person: Person
    course: Course
    responses: list[tuple[str, ...]]


@dataclass(slots=True)
class Simulation:
    """What a run has made, and the truth behind it."""

    exam: Exam
    seed: int
    mean: float
    sd: float
    judging: Judging
    first: int
    sitting_ids: list[uuid.UUID] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    items: dict[int, TrueItem] = field(default_factory=dict)
    forms: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def truth(self) -> dict[str, Any]:
        """The generating parameters and abilities, to compare estimates with."""
        return {
            "exam": self.exam.code,
            "seed": self.seed,
            "population": {"mean": self.mean, "sd": self.sd},
            "judging": {name: getattr(self.judging, name) for name in ("alpha", "beta", "tau", "slope_sd")},
            "items": [
                {
                    "question": true.revision.question.public_id,
                    "revision": true.revision.number,
                    "rating": true.rating,
                    "a": true.item.a,
                    "b": true.item.b,
                    "d": true.item.d,
                    "intensity": true.item.intensity,
                }
                for true in sorted(self.items.values(), key=lambda true: true.revision.question.public_id)
            ],
            "people": self.people,
        }


@transaction.atomic
def simulate(
    *,
    exam: Exam,
    candidates: int,
    mean: float,
    sd: float,
    seed: int,
    now: dt.datetime,
    judging: Judging = JUDGING,
    progress: Progress | None = None,
) -> Simulation:
    """Make closed sittings of `candidates` new people, who take the pool's forms in turn. Raises CannotSimulate.

    They are numbered within (exam, seed), so that a second run with the same seed adds further people who meet the
    same true parameters. Statements by the batch, not by the candidate. The timeline stays empty: nothing happened.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SIMULATION_LOCK, exam.pk])
    forms = list(Form.objects.pool().filter(exam=exam).order_by("number"))
    if not forms:
        raise CannotSimulate(f"{exam.code} has no form in its pool; make some with manage.py assemble {exam.code}.")
    first = _last_number(exam, seed) + 1
    simulation = Simulation(exam, seed, mean, sd, judging, first)
    simulation.items = true_items(exam=exam, forms=forms, seed=seed, judging=simulation.judging)
    simulation.forms = [form.code for form in forms]
    papers = _papers(forms, simulation.items)
    for start in range(0, candidates, BATCH):
        numbers = range(first + start, first + min(start + BATCH, candidates))
        batch = [_draw(simulation, number, papers[(number - 1) % len(papers)], now) for number in numbers]
        _store(simulation, batch)
        if progress:
            progress(numbers.stop - first, candidates)
    return simulation


@transaction.atomic
def remove(*, exam: Exam, progress: Progress | None = None) -> tuple[int, int]:
    """Delete the exam's simulated sittings with everything that hangs on them, and the people made for them.

    Returns how many of each.
    """
    doomed = list(Sitting.objects.simulated().filter(exam=exam).values_list("pk", "user_id"))
    people = 0
    for start in range(0, len(doomed), BATCH):
        batch = doomed[start : start + BATCH]
        Sitting.objects.filter(pk__in=[sitting for sitting, _ in batch]).delete()
        left = Sitting.objects.filter(user=OuterRef("pk"))
        made = User.objects.simulated().filter(~Exists(left), pk__in={user for _, user in batch})
        people += made.delete()[1].get(User._meta.label, 0)
        if progress:
            progress(start + len(batch), len(doomed))
    return len(doomed), people


def true_items(*, exam: Exam, forms: Sequence[Form], seed: int, judging: Judging) -> dict[int, TrueItem]:
    """Revision id -> truth, for every question on the forms. A constant number of statements.

    What is known of a question by now changes nothing: the truth is always drawn from the rating. A pretest question
    without one is taken to have the same as in assembly.
    """
    revisions = Revision.objects.with_content().filter(seats__form__in=forms).distinct()
    ratings = dict(Standing.objects.filter(exam=exam, rating__isnull=False).values_list("revision_id", "rating"))
    typical = PACE.mean_intensity(exam.minutes * 60, exam.questions)
    found = {}
    for revision in revisions:
        rating = float(ratings.get(revision.pk) or UNRATED / 10_000)
        content = revision.content
        rng = generator("question", exam.code, revision.question.public_id, seed)
        item = draw_item(rating, len(content.options), rng, mean_intensity=typical, judging=judging)
        found[revision.pk] = TrueItem(revision, content, rating, item)
    return found


def _papers(forms: Sequence[Form], items: Mapping[int, TrueItem]) -> list[Paper]:
    seats: dict[int, list[Seat]] = {form.pk: [] for form in forms}
    for seat in Seat.objects.filter(form__in=forms).order_by("form", "number"):
        seats[seat.form_id].append(seat)
    papers = []
    for form in forms:
        placed = [items[seat.revision_id] for seat in seats[form.pk]]
        a, b, intensity = np.array([(true.item.a, true.item.b, true.item.intensity) for true in placed]).T
        papers.append(Paper(form, seats[form.pk], placed, a, b, intensity))
    return papers


def _last_number(exam: Exam, seed: int) -> int:
    """Number of the last candidate made for this exam and seed."""
    prefix = _name(exam, seed, "")
    taken = User.objects.filter(email__startswith=prefix, email__endswith=f"@{SIMULATED_DOMAIN}")
    numbers = (email.removeprefix(prefix).partition("@")[0] for email in taken.values_list("email", flat=True))
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _name(exam: Exam, seed: int, number: int | str) -> str:
    return f"{exam.code.lower()}.{seed}.{number}"


def _draw(simulation: Simulation, number: int, paper: Paper, now: dt.datetime) -> Candidate:
    """Everything about a candidate hangs on exam, seed and number alone, but for the day it is today."""
    exam = simulation.exam
    rng = generator("candidate", exam.code, number, simulation.seed)
    person = draw_person(simulation.mean, simulation.sd, rng)
    course = sit(person, paper.a, paper.b, paper.intensity, exam.minutes * 60, rng)
    started_at = _start(exam, rng, now)
    sitting_id = uuid.UUID(bytes=rng.bytes(16), version=4)
    responses = [
        _response(seat, true, right=right, rng=rng) if answered else ()
        for seat, true, right, answered in zip(paper.seats, paper.items, course.right, course.answered, strict=True)
    ]
    name = _name(exam, simulation.seed, number)
    return Candidate(number, name, sitting_id, started_at, paper, person, course, responses)


def _start(exam: Exam, rng: np.random.Generator, now: dt.datetime) -> dt.datetime:
    """In the daytime of one of the past days, early enough to be closed by now."""
    latest = now - dt.timedelta(minutes=exam.minutes, seconds=settings.SITTING_GRACE_SECONDS)
    day = latest.replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(days=int(rng.integers(1, DAYS + 1)))
    return day + dt.timedelta(seconds=int(rng.integers(HOURS[0] * 3600, HOURS[1] * 3600)))


def _response(seat: Seat, true: TrueItem, *, right: bool, rng: np.random.Generator) -> tuple[str, ...]:
    """The key, or a wrong response as the page would have sent it."""
    kind, content = true.revision.strategy, true.content
    given = kind.key(content) if right else kind.wrong(content, true.item.appeal, rng)
    return kind.parse(seat.key(given), tokens=seat.tokens, slots=seat.slots)


def _store(simulation: Simulation, batch: Sequence[Candidate]) -> None:
    """Write people, sittings, claims and answers. Four statements, whatever the size of the batch."""
    people = create_simulated(joined={candidate.name: candidate.started_at for candidate in batch})
    sittings = [_sitting(simulation.exam, user, candidate) for user, candidate in zip(people, batch, strict=True)]
    Sitting.objects.bulk_create(sittings)
    Claim.objects.bulk_create(
        Claim(
            sitting=sitting,
            number=1,
            issued_at=sitting.started_at,
            arrived=Int8Multirange([Int8Range(1, sitting.last_seat + 1)]),
        )
        for sitting in sittings
    )
    _copy_answers(sittings, batch)
    simulation.sitting_ids += [sitting.pk for sitting in sittings]
    for user, candidate in zip(people, batch, strict=True):
        simulation.people.append(
            {
                "sitting": str(candidate.sitting_id),
                "candidate": user.email,
                "form": candidate.paper.form.code,
                "theta": candidate.person.theta,
                "speed": candidate.person.speed,
            }
        )
        course = candidate.course
        simulation.counts.update(
            seats=course.right.size,
            reached=int(course.reached.sum()),
            answered=int(course.answered.sum()),
            right=int(course.right.sum()),
            finished=course.finished,
        )


def _sitting(exam: Exam, user: User, candidate: Candidate) -> Sitting:
    """A closed sitting: ended by the candidate after the last question, or by the clock."""
    course = candidate.course
    sitting = Sitting(
        id=candidate.sitting_id,
        user=user,
        exam=exam,
        form=candidate.paper.form,
        state=Sitting.State.CLOSED,
        started_at=candidate.started_at,
        limit_minutes=exam.minutes,
        grace_seconds=settings.SITTING_GRACE_SECONDS,
        last_seat=(reached := int(course.reached.sum())),
        versions=reached,
        simulated=True,
    )
    sitting.deadline = sitting.computed_deadline()
    grace = dt.timedelta(seconds=sitting.grace_seconds)
    last = candidate.started_at + dt.timedelta(seconds=float(course.seconds.sum()))
    sitting.saved_at = min(last, sitting.deadline)
    if course.finished:
        sitting.end_reason, sitting.end_sequence = EndReason.CANDIDATE, sitting.last_seat
        sitting.ended_at = sitting.closed_at = sitting.saved_at
        sitting.closes_at = sitting.ended_at + grace
    else:
        sitting.end_reason, sitting.ended_at = EndReason.DEADLINE, sitting.deadline
        sitting.closes_at = sitting.closed_at = sitting.deadline + grace
    return sitting


def _copy_answers(sittings: Sequence[Sitting], batch: Sequence[Candidate]) -> None:
    """One change at each seat that was reached, saved when it was left, in the order of the seats.

    They are many and plain, so they go by COPY: as objects they would take most of a simulation's time.
    """
    columns = ", ".join(ANSWER_COLUMNS)
    with connection.cursor() as cursor, cursor.copy(f"COPY exams_answer ({columns}) FROM STDIN") as copy:
        for sitting, candidate in zip(sittings, batch, strict=True):
            course = candidate.course
            left_at = np.cumsum(course.seconds).tolist()
            for place in range(sitting.last_seat):
                response, spent_ms = candidate.responses[place], round(1000 * float(course.seconds[place]))
                saved_at = min(sitting.started_at + dt.timedelta(seconds=left_at[place]), sitting.deadline)
                copy.write_row(
                    (
                        sitting.pk, candidate.paper.seats[place].number, list(response), False, [], [], [], spent_ms,
                        1, 1 if response else 0, 1, place + 1, False, saved_at,
                    )
                )  # fmt: skip
