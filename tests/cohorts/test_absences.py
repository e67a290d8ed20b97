"""Absent and ill: marks that cost no attempt, and illness that makes one void."""

from __future__ import annotations

import pytest
from django.utils import timezone

from cohorts.models import Arrangement, Attempt, LogEntry, Membership
from cohorts.services import absences, attending
from exams.models import Sitting
from exams.services.clock import CannotChange
from exams.services.sittings import CannotBegin
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt, an_instructor

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment(exam):
    return an_assignment(a_cohort(exam))


@pytest.fixture
def person(assignment):
    return a_member(assignment.cohort)


@pytest.fixture
def mark(assignment, person):
    by = an_instructor()

    def mark(absence, note=""):
        return absences.mark(assignment=assignment, user=person, absence=absence, by=by, now=timezone.now(), note=note)

    return mark


def test_absent_and_back(mark, assignment, person):
    assert mark("absent", "Called in.") is False
    arrangement = Arrangement.objects.get()
    assert (arrangement.absence, arrangement.note) == ("absent", "Called in.")
    mark("")
    arrangement.refresh_from_db()
    assert (arrangement.absence, arrangement.note) == ("", "Called in.")
    assert [entry.what for entry in LogEntry.objects.order_by("pk")] == [
        "Marked as absent: Called in.", "Took the mark of absence back",
    ]  # fmt: skip
    assert LogEntry.objects.filter(about=person.email).count() == 2


def test_an_arrangement_keeps_everything_else(mark, assignment, person):
    Arrangement.objects.create(
        assignment=assignment, user=person, more_attempts=2, note="Agreed.", changed_at=timezone.now()
    )
    mark("ill")
    arrangement = Arrangement.objects.get()
    assert (arrangement.absence, arrangement.more_attempts, arrangement.note) == ("ill", 2, "Agreed.")


@pytest.mark.parametrize("finished", [False, True])
def test_illness_makes_the_attempt_void_and_another_may_be_begun(mark, assignment, person, finished):
    if finished:
        an_attempt(assignment, person)
        with pytest.raises(CannotBegin):
            attending.begin(assignment=assignment, user=person)
    else:
        attending.begin(assignment=assignment, user=person)
    assert mark("ill", "Doctor's note.") is True
    attempt = Attempt.objects.get()
    assert (attempt.void_at is not None, attempt.void_reason) == (True, "Doctor's note.")
    sitting = Sitting.objects.get()
    assert sitting.void
    assert sitting.state != Sitting.State.IN_PROGRESS
    assert LogEntry.objects.get().what == "Marked as ill and declared attempt 1 void: Doctor's note."
    attending.begin(assignment=assignment, user=person)
    assert Attempt.objects.filter(void_at=None).get().number == 2
    assert mark("ill") is True  # fell ill again
    assert not Attempt.objects.filter(void_at=None).exists()


@pytest.mark.parametrize(
    ("absence", "before", "sentence"),
    [("absent", "absent", "as absent already"), ("ill", "ill", "as ill already"), ("", "", "not marked")],
)
def test_the_same_mark_twice_is_refused(mark, absence, before, sentence):
    if before:
        mark(before)
    entries = LogEntry.objects.count()
    with pytest.raises(CannotChange, match=sentence):
        mark(absence)
    assert LogEntry.objects.count() == entries


def test_whoever_has_begun_was_not_absent(mark, assignment, person):
    attending.begin(assignment=assignment, user=person)
    with pytest.raises(CannotChange, match="has begun"):
        mark("absent")
    assert not Arrangement.objects.exists()


def test_who_has_left_and_what_is_archived_is_left_alone(mark, assignment, person):
    Membership.objects.update(left_at=timezone.now())
    with pytest.raises(CannotChange, match="no longer a member"):
        mark("ill")
    assignment.cohort.archived_at = timezone.now()
    with pytest.raises(CannotChange, match="archived"):
        mark("ill")
    assert not LogEntry.objects.exists()
