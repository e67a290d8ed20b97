"""Giving an exam, changing it, calling it off, releasing what came of it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from cohorts.models import Arrangement, Assignment, FormRule, LogEntry, Release, Reminder
from cohorts.services import assigning, attending
from cohorts.services.assigning import CannotAssign, Plan
from exams.models import Event, Form, Sitting
from exams.services import clock
from exams.services.clock import CannotChange
from exams.services.sittings import CannotBegin
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt
from tests.factories import begin

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


def a_plan(now: dt.datetime, **fields) -> Plan:
    given = {
        "title": "Mock exam", "form_rule": FormRule.POOL, "form": None, "opens_at": now + HOUR,
        "start_by": now + 4 * HOUR, "end_by": now + 8 * HOUR, "attempts": 1, "extra_minutes": 0, "grace_seconds": 120,
        "results": Release.AT_ONCE, "results_at": None, "review": Release.AT_END, "review_at": None,
    }  # fmt: skip
    return Plan(**{**given, **fields})


def plan_of(assignment: Assignment, **fields) -> Plan:
    same = {one.name: getattr(assignment, one.name) for one in dataclasses.fields(Plan)}
    return Plan(**{**same, **fields})


@pytest.fixture
def cohort(exam):
    return a_cohort(exam)


@pytest.fixture
def teacher(cohort):
    return cohort.instructors.get().user


def change(assignment, by, **fields):
    return assigning.change(assignment_id=assignment.pk, plan=plan_of(assignment, **fields), by=by, now=timezone.now())


# ---- create ------------------------------------------------------------------------------------------------------


def test_an_exam_is_assigned_written_down_and_told(cohort, teacher):
    person, now = a_member(cohort), timezone.now()
    assignment = assigning.create(cohort=cohort, plan=a_plan(now), by=teacher, now=now)
    assert Assignment.objects.get() == assignment
    entry = LogEntry.objects.get()
    assert (entry.by, entry.assignment) == (teacher.email, assignment)
    assert "Assigned “Mock exam”: opens" in entry.what
    assert list(Reminder.objects.values_list("user", "kind")) == [(person.pk, "assigned")]


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"start_by": HOUR}, "start_by", "The last start must be later than the opening."),
        ({"end_by": 2 * HOUR}, "end_by", "The end must not be earlier than the last start."),
        ({"opens_at": -5 * HOUR}, "opens_at", "The opening is in the past"),
        ({"opens_at": -5 * HOUR, "start_by": -HOUR}, "start_by", "The last start is in the past."),
        ({"opens_at": -9 * HOUR, "start_by": -8 * HOUR, "end_by": -HOUR}, "end_by", "The end is in the past."),
        (
            {"start_by": 2 * HOUR, "end_by": 3 * HOUR},
            "end_by",
            "The window of 2 h is shorter than the exam’s 2 h 10 min",
        ),
    ],
)
def test_times_that_cannot_be_meant_are_refused(cohort, teacher, fields, field, sentence):
    now = timezone.now()
    plan = a_plan(now, **{name: now + offset for name, offset in fields.items()})
    with pytest.raises(CannotAssign) as refused:
        assigning.create(cohort=cohort, plan=plan, by=teacher, now=now)
    assert any(name == field and said.startswith(sentence) for name, said in refused.value.problems)
    assert not Assignment.objects.exists()
    assert not LogEntry.objects.exists()


def test_the_shortest_window_holds_the_exam_and_the_minutes_for_all(cohort, teacher):
    now = timezone.now()
    end = now + HOUR + cohort.exam.minutes * MINUTE
    plan = a_plan(now, start_by=now + 2 * HOUR, end_by=end)
    assert assigning.problems_of(plan, cohort=cohort, now=now) == []
    assert assigning.problems_of(dataclasses.replace(plan, extra_minutes=1), cohort=cohort, now=now)


@pytest.mark.parametrize("state", ["retired", "personal"])
def test_a_form_that_is_not_in_the_pool_cannot_be_assigned(cohort, teacher, state):
    form = Form.objects.filter(exam=cohort.exam).order_by("-pk")[0]
    form.state, form.owner = state, teacher
    form.save()
    now = timezone.now()
    with pytest.raises(CannotAssign, match="no longer in use"):
        assigning.create(cohort=cohort, plan=a_plan(now, form_rule="fixed", form=form), by=teacher, now=now)
    with pytest.raises(CannotAssign, match="Choose the form"):
        assigning.create(cohort=cohort, plan=a_plan(now, form_rule="fixed"), by=teacher, now=now)


def test_a_review_before_the_results_and_a_release_without_a_time_are_refused(cohort, teacher):
    now = timezone.now()
    for fields, sentence in (
        ({"results": "at"}, "Give the time of the release."),
        ({"results": "at", "results_at": now + 9 * HOUR, "review": "at", "review_at": now + 8 * HOUR}, "cannot be"),
    ):
        with pytest.raises(CannotAssign, match=sentence):
            assigning.create(cohort=cohort, plan=a_plan(now, **fields), by=teacher, now=now)


def test_in_an_archived_cohort_nothing_is_assigned_or_changed(cohort, teacher):
    assignment, now = an_assignment(cohort), timezone.now()
    cohort.archived_at = now
    cohort.save()
    for act in (
        lambda: assigning.create(cohort=cohort, plan=a_plan(now), by=teacher, now=now),
        lambda: change(assignment, teacher, title="Other"),
        lambda: assigning.cancel(assignment_id=assignment.pk, by=teacher, now=now),
        lambda: assigning.release(assignment_id=assignment.pk, what="review", by=teacher, now=now),
    ):
        with pytest.raises(CannotAssign, match="archived"):
            act()
    assert not LogEntry.objects.exists()


# ---- change ------------------------------------------------------------------------------------------------------


def test_before_anybody_began_everything_can_change(cohort, teacher):
    assignment = an_assignment(cohort)
    form = Form.objects.filter(exam=cohort.exam).first()
    changed = change(assignment, teacher, title="Other", form_rule="fixed", form=form, extra_minutes=5, grace_seconds=0,
                     start_by=assignment.start_by - HOUR)  # fmt: skip
    stored = Assignment.objects.get()
    assert (stored.title, stored.form, stored.extra_minutes) == ("Other", form, 5)
    assert stored.start_by == changed.start_by == assignment.start_by - HOUR
    assert "the title, the form, the last start from" in LogEntry.objects.get().what


def test_saving_the_same_writes_nothing(cohort, teacher):
    change(an_assignment(cohort), teacher)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"form_rule": FormRule.UNSEEN}, "so the form cannot"),
        ({"extra_minutes": 5}, "so the extra minutes for all cannot"),
        ({"grace_seconds": 1}, "so the grace cannot"),
        ({"opens_at": -2 * HOUR}, "so the opening cannot"),
        ({"start_by": 3 * HOUR}, "the last start can only be moved"),
        ({"end_by": 7 * HOUR}, "the end can only be moved"),
    ],
)
def test_once_somebody_has_begun_conditions_stay(cohort, teacher, fields, sentence):
    assignment, now = an_assignment(cohort), timezone.now()
    sitting = attending.begin(assignment=assignment, user=a_member(cohort))
    moved = {name: now + value if isinstance(value, dt.timedelta) else value for name, value in fields.items()}
    with pytest.raises(CannotAssign, match=sentence):
        change(assignment, teacher, **moved)
    assert Sitting.objects.get() == sitting
    assert Assignment.objects.get().start_by == assignment.start_by


def test_a_later_end_gives_the_running_their_time_back(cohort, teacher):
    """The deadline that the window had cut moves with it, and stands on the timeline; who ended stays ended."""
    now = timezone.now()
    assignment = an_assignment(cohort, start_by=now + HOUR, end_by=now + HOUR)
    sitting = attending.begin(assignment=assignment, user=a_member(cohort))
    finished = an_attempt(assignment, a_member(cohort)).sitting
    change(assignment, teacher, end_by=now + 9 * HOUR)
    after = Sitting.objects.get(pk=sitting.pk)
    assert after.window_ends_at == now + 9 * HOUR
    assert after.deadline == after.started_at + 130 * MINUTE
    event = Event.objects.filter(sitting=sitting).order_by("-number")[0]
    assert (event.kind, event.staff, event.minutes) == ("granted", teacher.email, 71)
    assert Sitting.objects.get(pk=finished.pk).window_ends_at == now + HOUR


def test_an_own_end_and_an_extended_window_are_not_overruled(cohort, teacher):
    assignment = an_assignment(cohort)
    person = a_member(cohort)
    Arrangement.objects.create(
        assignment=assignment, user=person, end_by=assignment.end_by + 5 * HOUR, changed_at=timezone.now()
    )
    sitting = attending.begin(assignment=assignment, user=person)
    change(assignment, teacher, end_by=assignment.end_by + HOUR)
    assert Sitting.objects.get(pk=sitting.pk).window_ends_at == assignment.end_by + 5 * HOUR


def test_a_later_end_keeps_the_keys_back_from_those_who_have_finished(cohort, teacher):
    assignment = an_assignment(cohort)
    sitting = an_attempt(assignment, a_member(cohort)).sitting
    assert sitting.review_at == assignment.end_by
    change(assignment, teacher, end_by=assignment.end_by + HOUR)
    assert Sitting.objects.get(pk=sitting.pk).review_at == assignment.end_by + HOUR


def test_what_candidates_have_seen_is_not_hidden_again(cohort, teacher):
    assignment = an_assignment(cohort)
    an_attempt(assignment, a_member(cohort))
    with pytest.raises(CannotAssign, match="Candidates see the results already"):
        change(assignment, teacher, results=Release.HELD)


# ---- move_window -------------------------------------------------------------------------------------------------


def test_a_window_never_ends_before_a_running_deadline(cohort, teacher):
    sitting = attending.begin(assignment=an_assignment(cohort), user=a_member(cohort))
    with pytest.raises(CannotChange, match="cannot end before"):
        clock.move_window(sitting_id=sitting.pk, ends_at=sitting.deadline - MINUTE, by=teacher)
    events = Event.objects.count()
    clock.move_window(sitting_id=sitting.pk, ends_at=sitting.deadline, by=teacher)
    assert Sitting.objects.get().deadline == sitting.deadline
    assert Event.objects.count() == events  # nothing was given


def test_a_window_that_has_run_out_stays_so(cohort, teacher, exam, user):
    now = timezone.now()
    assignment = an_assignment(cohort, start_by=now + HOUR, end_by=now + HOUR)
    sitting = attending.begin(assignment=assignment, user=a_member(cohort))
    with time_machine.travel(now + 2 * HOUR), pytest.raises(CannotChange, match="no longer in progress"):
        clock.move_window(sitting_id=sitting.pk, ends_at=now + 9 * HOUR, by=teacher)
    with pytest.raises(CannotChange, match="no window"):
        clock.move_window(sitting_id=begin(user, exam).pk, ends_at=now + 9 * HOUR, by=teacher)


# ---- cancel and release ------------------------------------------------------------------------------------------


def test_after_a_cancellation_the_running_go_on_and_nobody_begins(cohort, teacher):
    assignment, person = an_assignment(cohort), a_member(cohort)
    sitting = attending.begin(assignment=assignment, user=person)
    cancelled = assigning.cancel(assignment_id=assignment.pk, by=teacher, now=timezone.now())
    assert attending.begin(assignment=cancelled, user=person) == sitting
    # Whoever still has the page of before is refused as well.
    with pytest.raises(CannotBegin, match="cancelled"):
        attending.begin(assignment=assignment, user=a_member(cohort))
    with pytest.raises(CannotAssign, match="was cancelled"):
        assigning.cancel(assignment_id=assignment.pk, by=teacher, now=timezone.now())


def test_results_and_then_the_review_are_released_on_every_sitting(cohort, teacher):
    assignment = an_assignment(cohort, results=Release.HELD, review=Release.HELD, attempts=2)
    person = a_member(cohort)
    first = an_attempt(assignment, person).sitting
    now = timezone.now()
    assert not first.shows_result(now)
    with pytest.raises(CannotAssign, match="The results come first"):
        assigning.release(assignment_id=assignment.pk, what="review", by=teacher, now=now)
    assigning.release(assignment_id=assignment.pk, what="results", by=teacher, now=now)
    first.refresh_from_db()
    assert first.shows_result(now)
    assert not first.shows_review(now)
    with pytest.raises(CannotAssign, match="are released already"):
        assigning.release(assignment_id=assignment.pk, what="results", by=teacher, now=now)
    assigning.release(assignment_id=assignment.pk, what="review", by=teacher, now=now)
    first.refresh_from_db()
    assert first.shows_review(now)
    later = attending.begin(assignment=Assignment.objects.select_related("cohort__exam").get(), user=person)
    assert later.shows_review(now)
    assert LogEntry.objects.filter(what__startswith="Released").count() == 2


def test_another_assignments_sittings_and_own_practice_are_left_alone(cohort, teacher, exam):
    held = an_assignment(cohort, results=Release.HELD, title="Another")
    other = an_attempt(held, a_member(cohort)).sitting
    assignment = an_assignment(cohort, results=Release.HELD)
    an_attempt(assignment, a_member(cohort))
    assigning.release(assignment_id=assignment.pk, what="results", by=teacher, now=timezone.now())
    other.refresh_from_db()
    assert other.results_held
