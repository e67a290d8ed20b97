"""Beginning what was assigned: who may, when, how often, and what the sitting takes over."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Accommodation
from accounts.services import set_accommodation
from cohorts.models import Arrangement, Attempt, Membership, Release
from cohorts.services import attending
from exams.models import Sitting
from exams.services import sittings
from exams.services.sittings import CannotBegin
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt, an_instructor

pytestmark = pytest.mark.django_db


def test_the_sitting_takes_over_what_was_assigned(exam):
    cohort = a_cohort(exam)
    person = a_member(cohort)
    assignment = an_assignment(cohort, grace_seconds=60, extra_minutes=5, results=Release.HELD)
    sitting = attending.begin(assignment=assignment, user=person)
    assert (sitting.assigned, sitting.supervised, sitting.grace_seconds) == (True, True, 60)
    assert sitting.deadline - sitting.started_at == dt.timedelta(minutes=exam.minutes + 5)
    assert sitting.window_ends_at == sitting.review_at == assignment.end_by
    assert sitting.results_held
    assert not sitting.review_held
    assert attending.begin(assignment=assignment, user=person) == sitting
    assert Attempt.objects.get().number == 1


def test_the_window_cuts_the_time(exam):
    cohort = a_cohort(exam)
    end = timezone.now() + HOUR
    assignment = an_assignment(cohort, start_by=end, end_by=end)
    assert attending.begin(assignment=assignment, user=a_member(cohort)).deadline == end


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        ({"opens_at": HOUR}, "opens on"),
        ({"opens_at": -4 * HOUR, "start_by": -HOUR}, "had to be begun"),
        ({"cancelled_at": -HOUR}, "was cancelled"),
    ],
)
def test_outside_its_times_nobody_begins(exam, times, sentence):
    cohort, now = a_cohort(exam), timezone.now()
    assignment = an_assignment(cohort, **{name: now + offset for name, offset in times.items()})
    with pytest.raises(CannotBegin, match=sentence):
        attending.begin(assignment=assignment, user=a_member(cohort))
    assert not Sitting.objects.exists()


def test_who_does_not_belong_or_has_left_cannot_begin(exam, user):
    cohort = a_cohort(exam)
    assignment, gone = an_assignment(cohort), a_member(cohort)
    Membership.objects.filter(user=gone).update(left_at=timezone.now())
    for person in (user, gone):
        with pytest.raises(CannotBegin, match="not a member"):
            attending.begin(assignment=assignment, user=person)


def test_attempts_are_counted_and_a_void_one_is_not(exam):
    cohort = a_cohort(exam)
    person, assignment = a_member(cohort), an_assignment(cohort)
    attempt = an_attempt(assignment, person)
    with pytest.raises(CannotBegin, match="every attempt"):
        attending.begin(assignment=assignment, user=person)
    Attempt.objects.filter(pk=attempt.pk).update(void_at=timezone.now())
    again = attending.begin(assignment=assignment, user=person)
    assert Attempt.objects.get(sitting=again).number == 2


def test_extra_time_comes_from_the_nearest_word_and_never_from_ones_own(exam):
    cohort = a_cohort(exam)
    person, assignment = a_member(cohort), an_assignment(cohort)

    def terms():
        found = attending.offer_of(assignment, person).terms
        return found.multiplier, found.extra_minutes

    set_accommodation(user=person, multiplier=Decimal("2.00"), extra_minutes=0)
    assert terms() == (1, 0)
    Accommodation.objects.all().delete()
    set_accommodation(user=person, multiplier=Decimal("1.25"), extra_minutes=0, granted_by=an_instructor())
    assert terms() == (Decimal("1.25"), 0)
    Membership.objects.filter(user=person).update(multiplier=Decimal("1.50"), extra_minutes=10)
    assert terms() == (Decimal("1.50"), 10)
    now = timezone.now()
    Arrangement.objects.create(
        assignment=assignment, user=person, multiplier=1, extra_minutes=0, end_by=now + 10 * HOUR, changed_at=now
    )
    assert terms() == (1, 0)
    assert attending.offer_of(assignment, person).end_by == now + 10 * HOUR


def test_own_practice_stands_in_the_way_and_is_never_taken_for_the_assignment(exam):
    cohort = a_cohort(exam)
    person, assignment = a_member(cohort), an_assignment(cohort)
    practice = sittings.begin(user=person, exam=exam)
    with pytest.raises(CannotBegin, match="in progress"):
        attending.begin(assignment=assignment, user=person)
    sittings.abandon(sitting_id=practice.pk, user_id=person.pk)
    assigned = attending.begin(assignment=assignment, user=person)
    assert sittings.abandon(sitting_id=assigned.pk, user_id=person.pk).state == Sitting.State.IN_PROGRESS


def test_one_form_for_all_is_everybodys(exam):
    cohort = a_cohort(exam)
    form = exam.forms.order_by("pk").last()
    assignment = an_assignment(cohort, form_rule="fixed", form=form)
    assert {attending.begin(assignment=assignment, user=a_member(cohort)).form for _ in range(3)} == {form}
    form.state = "retired"
    form.save()
    with pytest.raises(CannotBegin, match="no longer in use"):
        attending.begin(assignment=assignment, user=a_member(cohort))
