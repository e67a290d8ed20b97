"""A cohort to look at, for the local installation: simulated candidates, marked as such, and the demo candidate.

Two mock exams lie behind them, whose sittings count in no norm; a third is open, and some of them sit it just now.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts.models import User
from cohorts.models import Assignment, Attempt, Cohort, FormRule, Instructor, Membership, Release
from cohorts.services import attending, log
from exams.models import Answer, Claim, Form, Seat, Sitting
from exams.services import saving, simulation
from exams.services.changes import Change
from questions.models import Exam
from scoring import services as scoring

NAME = "Autumn class"
SEED = 40
AT_WORK = 6  # of the class who sit the third mock exam when the installation is made
AGAIN = 31  # of the class who sat the second
DAY = dt.timedelta(days=1)
MONTH = simulation.DAYS * DAY
PEOPLE = (
    "Adaeze Nwosu", "Aleksi Virtanen", "Amara Diallo", "Anjali Mehta", "Bojan Kovačević", "Camila Duarte",
    "Chen Yiming", "Dilnoza Karimova", "Elif Aydın", "Emre Yıldız", "Farid Haddad", "Freya Lindholm",
    "Giulia Ferrante", "Hana Novotná", "Hyun-woo Seo", "Ines Moreau", "Jonas Weber", "Katarzyna Wójcik",
    "Kiran Patel", "Leilani Kahale", "Lena Sørensen", "Mahmoud Saleh", "Marek Dvořák", "Mateo Quispe",
    "Mira Lindqvist", "Naoki Tanaka", "Ngozi Eze", "Niamh O'Brien", "Olena Kovalenko", "Priya Raman",
    "Rafael Costa", "Samira Benali", "Siddharth Rao", "Sofía Herrera", "Theo Jansen", "Tuan Pham", "Uma Reddy",
    "Viktor Petrov", "Wanjiru Kamau", "Zofia Mazur",
)  # fmt: skip


@transaction.atomic
def ensure(*, exam: Exam, instructor: User, candidate: User, now: dt.datetime) -> Cohort | None:
    """Make the demo cohort unless the instructor has one; None when there is nothing to do."""
    pool = list(Form.objects.pool().filter(exam=exam).order_by("number"))
    if not pool or Instructor.objects.filter(user=instructor).exists():
        return None
    # Before the first mock exam, which its simulated sittings put up to two months back.
    cohort = Cohort.objects.create(name=NAME, exam=exam, created_at=now - 2 * MONTH - 3 * DAY)
    Instructor.objects.create(cohort=cohort, user=instructor, owner=True, added_at=cohort.created_at)
    log.write(cohort=cohort, by=instructor, what="Made the cohort.", at=cohort.created_at)
    first = _past(cohort, "First mock exam", back=MONTH, now=now)
    people = _sit_first(first, back=MONTH, now=now)
    Membership.objects.bulk_create(
        Membership(cohort=cohort, user=person, joined_at=cohort.created_at + DAY) for person in people
    )
    Membership.objects.create(cohort=cohort, user=candidate, joined_at=now)
    _sit_second(_past(cohort, "Second mock exam", back=DAY * 0, now=now), people, now=now)
    third = Assignment.objects.create(
        cohort=cohort,
        title="Third mock exam",
        form_rule=FormRule.FIXED,  # from the pool, all wordings would be withheld while it is open
        form=pool[-1],
        opens_at=now - DAY,
        start_by=now + 14 * DAY,
        end_by=now + 15 * DAY,
        attempts=2,
        grace_seconds=settings.SITTING_GRACE_SECONDS,
        review=Release.AT_END,
        created_at=now - DAY,
    )
    for place, person in enumerate(list(people)[:AT_WORK]):
        _at_work(third, person, answered=7 + 9 * place)
    return cohort


def _past(cohort: Cohort, title: str, *, back: dt.timedelta, now: dt.datetime) -> Assignment:
    """One that was open for the month before `back`."""
    return Assignment.objects.create(
        cohort=cohort,
        title=title,
        opens_at=now - back - MONTH - DAY,
        start_by=now - back - dt.timedelta(minutes=cohort.exam.minutes),
        end_by=now - back,
        grace_seconds=settings.SITTING_GRACE_SECONDS,
        created_at=now - back - MONTH - 2 * DAY,
    )


def _sit_first(assignment: Assignment, *, back: dt.timedelta, now: dt.datetime) -> dict[User, float]:
    """Everybody sits; returns people and their abilities."""
    made = simulation.simulate(
        exam=assignment.cohort.exam, candidates=len(PEOPLE), mean=-0.15, sd=0.9, seed=SEED, now=now
    )
    _move_back(made.sitting_ids, back)
    scoring.score_all(sitting_ids=made.sitting_ids, now=now)
    found = User.objects.in_bulk([person["candidate"] for person in made.people], field_name="email")
    people = {found[person["candidate"]]: float(person["theta"]) for person in made.people}
    for user, name in zip(people, PEOPLE, strict=True):
        user.display_name = name
    User.objects.bulk_update(people, ["display_name"])
    _attempts(assignment, dict(zip(people, made.sitting_ids, strict=True)))
    return people


def _sit_second(assignment: Assignment, people: Mapping[User, float], *, now: dt.datetime) -> None:
    """Most sit again a month later: about as able as before, and on the whole a little more."""
    made = simulation.simulate(exam=assignment.cohort.exam, candidates=AGAIN, mean=0.25, sd=0.9, seed=SEED + 1, now=now)
    chance = np.random.default_rng(SEED)
    chosen = sorted(list(people)[:AGAIN], key=lambda user: people[user] + chance.normal(0, 0.4))
    order = np.argsort([person["theta"] for person in made.people])
    sittings = {user: made.sitting_ids[place] for user, place in zip(chosen, order.tolist(), strict=True)}
    strangers = [person["candidate"] for person in made.people]
    for user, sitting_id in sittings.items():
        Sitting.objects.filter(pk=sitting_id).update(user=user)
    User.objects.filter(email__in=strangers).delete()  # they lent their answers
    scoring.score_all(sitting_ids=made.sitting_ids, now=now)
    _attempts(assignment, sittings)


def _attempts(assignment: Assignment, sittings: Mapping[User, uuid.UUID]) -> None:
    Sitting.objects.filter(pk__in=sittings.values()).update(assigned=True, window_ends_at=assignment.end_by)
    Attempt.objects.bulk_create(
        Attempt(assignment=assignment, user=user, number=1, sitting_id=sitting_id)
        for user, sitting_id in sittings.items()
    )


def _move_back(sitting_ids: Sequence[uuid.UUID], back: dt.timedelta) -> None:
    """Simulated sittings lie in the past month; these lie before it."""
    times = ("started_at", "deadline", "saved_at", "ended_at", "closes_at", "closed_at")
    Sitting.objects.filter(pk__in=sitting_ids).update(**{name: F(name) - back for name in times})
    Answer.objects.filter(sitting__in=sitting_ids).update(saved_at=F("saved_at") - back)
    Claim.objects.filter(sitting__in=sitting_ids).update(issued_at=F("issued_at") - back)


def _at_work(assignment: Assignment, user: User, *, answered: int) -> None:
    """Begin for real, and give the first option of some questions; the clock runs out on its own."""
    sitting = attending.begin(assignment=assignment, user=user)
    Sitting.objects.filter(pk=sitting.pk).update(simulated=True)
    seats = Seat.objects.filter(form=sitting.form_id, number__lte=answered).order_by("number")
    changes = [
        Change(
            sequence=number,
            seat=seat.number,
            base=0,
            response=_filled(seat),
            flagged=number % 11 == 0,
            spent_ms=60_000,
            left_ms=round(sitting.limit.total_seconds() * 1000),
        )
        for number, seat in enumerate(seats, 1)
    ]
    saving.save(sitting_id=sitting.pk, user_id=user.pk, claim=sitting.claim, changes=changes, at_seat=answered)


def _filled(seat: Seat) -> list[str]:
    """Any complete response."""
    return [seat.tokens[0]] * seat.slots if seat.kind == "matching" else seat.tokens[: seat.slots]
