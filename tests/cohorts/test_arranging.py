"""What holds for one member in one assignment."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Arrangement, LogEntry, Membership, Reminder
from cohorts.services import arranging, attending
from cohorts.services.arranging import Wish
from cohorts.services.assigning import CannotAssign
from exams.models import Sitting
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cohort(exam):
    return a_cohort(exam)


@pytest.fixture
def teacher(cohort):
    return cohort.instructors.get().user


@pytest.fixture
def person(cohort):
    return a_member(cohort)


@pytest.fixture
def assignment(cohort):
    return an_assignment(cohort)


def arrange(assignment, person, by, **wish) -> Arrangement:
    return arranging.arrange(
        assignment_id=assignment.pk, user_id=person.pk, wish=Wish(**wish), by=by, now=timezone.now()
    )


def test_it_holds_for_one_person_and_is_written_down(assignment, person, teacher, cohort):
    later = assignment.end_by + HOUR
    arrange(assignment, person, teacher, multiplier=Decimal("1.50"), extra_minutes=10, end_by=later, more_attempts=1)
    offer = attending.offer_of(assignment, person)
    assert (offer.terms.total, offer.end_by, offer.attempts) == (dt.timedelta(minutes=205), later, 2)
    assert attending.offer_of(assignment, a_member(cohort)).end_by == assignment.end_by
    entry = LogEntry.objects.get()
    assert (entry.by, entry.about) == (teacher.email, person.email)
    assert entry.what.startswith("Arranged the time ×1.5 + 10 min, an own end, ")
    assert entry.what.endswith("UTC, 1 more attempt.")
    arrange(assignment, person, teacher, multiplier=Decimal("1.50"), extra_minutes=10, end_by=later, more_attempts=1)
    assert LogEntry.objects.count() == 1


def test_the_window_of_a_running_sitting_follows_and_never_gets_shorter(assignment, person, teacher):
    sitting = attending.begin(assignment=assignment, user=person)
    later = assignment.end_by + HOUR
    arrange(assignment, person, teacher, end_by=later)
    assert Sitting.objects.get().window_ends_at == Sitting.objects.get().review_at == later
    arrange(assignment, person, teacher)
    after = Sitting.objects.get()
    assert (after.window_ends_at, after.deadline) == (later, sitting.deadline)


def test_an_absence_and_one_more_attempt_stay_beside_each_other(assignment, person, teacher):
    an_attempt(assignment, person)
    Arrangement.objects.create(assignment=assignment, user=person, absence="ill", changed_at=timezone.now())
    arrange(assignment, person, teacher, more_attempts=1, note="Was ill")
    assert Arrangement.objects.get().absence == "ill"
    assert attending.begin(assignment=assignment, user=person).state == Sitting.State.IN_PROGRESS


@pytest.mark.parametrize(
    ("wish", "field", "sentence"),
    [
        ({"start_by": -2 * HOUR}, "start_by", "later than the opening"),
        ({"start_by": 9 * HOUR}, "start_by", "must not be earlier than the last start"),
        ({"end_by": 3 * HOUR}, "end_by", "must not be earlier than the last start"),
        ({"start_by": -HOUR / 2}, "start_by", "in the past"),
    ],
)
def test_times_that_cannot_be_meant_are_refused(assignment, person, teacher, wish, field, sentence):
    moved = {name: timezone.now() + offset for name, offset in wish.items()}
    with pytest.raises(CannotAssign, match=sentence) as refused:
        arrange(assignment, person, teacher, **moved)
    assert [name for name, _ in refused.value.problems] == [field]
    assert not Arrangement.objects.exists()
    assert not LogEntry.objects.exists()


def test_extra_minutes_alone_say_nothing(assignment, person, teacher):
    with pytest.raises(CannotAssign, match="what they are added to"):
        arrange(assignment, person, teacher, extra_minutes=10)


def test_who_left_is_arranged_nothing_and_nothing_holds_in_what_was_cancelled(assignment, person, teacher, cohort):
    Membership.objects.filter(user=person).update(left_at=timezone.now())
    with pytest.raises(Membership.DoesNotExist):
        arrange(assignment, person, teacher, more_attempts=1)
    assignment.cancelled_at = timezone.now()
    assignment.save()
    with pytest.raises(CannotAssign, match="was cancelled"):
        arrange(assignment, a_member(cohort), teacher, more_attempts=1)


def test_own_times_are_told_to_that_person_only(assignment, person, teacher, cohort):
    now = timezone.now()
    for one in (person, a_member(cohort)):
        Reminder.objects.create(assignment=assignment, user=one, kind="assigned", due_at=now, sent_at=now)
    arrange(assignment, person, teacher, note="Nothing to tell")
    assert not Reminder.objects.filter(kind="changed").exists()
    arrange(assignment, person, teacher, end_by=assignment.end_by + HOUR)
    arrange(assignment, person, teacher, end_by=assignment.end_by + 2 * HOUR)
    assert Reminder.objects.get(kind="changed").user == person


# ---- the page ----------------------------------------------------------------------------------------------------


def test_the_page_saves_and_shows_what_was_refused(client, assignment, person, teacher, cohort):
    client.force_login(teacher)
    address = reverse("arrangement", args=[cohort.pk, assignment.pk, person.pk])
    assert "As in all assignments: no extra time" in text_of(client.get(address))
    blank = {"multiplier": "", "extra_minutes": "", "start_by": "", "end_by": "", "more_attempts": "0", "note": ""}
    for fields, sentence in (
        ({"extra_minutes": "10"}, "Extra minutes need the choice above them"),
        ({"more_attempts": "99"}, "Give a number from 0 to 10."),
        ({"end_by": "2020-01-01T10:00"}, "The end must not be earlier than the last start."),
        ({"multiplier": "3.00"}, "not one of the available choices"),
    ):
        refused = client.post(address, blank | fields)
        assert refused.status_code == 422
        assert text_of(refused).count(sentence) == 1
    assert not Arrangement.objects.exists()
    client.post(address, blank | {"multiplier": "1.25", "note": "  Room   4 "})
    stored = Arrangement.objects.get()
    assert (stored.multiplier, stored.extra_minutes, stored.note) == (Decimal("1.25"), 0, "Room 4")
    client.post(address, blank)
    assert Arrangement.objects.get().multiplier is None
