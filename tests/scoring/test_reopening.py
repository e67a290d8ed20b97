"""A reopened sitting goes on until its new deadline, and its next close supersedes its result."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from exams.models import Event, Form, Sitting
from exams.services import clock, release, saving, sittings
from exams.services.changes import Refused
from exams.services.clock import CannotChange
from scoring import fairness, services, standards
from scoring.calibration.promotion import _with_table
from scoring.models import Regrade, Result
from scoring.reports import standards as standards_page
from scoring.reports.exposure import form_counts
from scoring.reports.notices import notices_of
from scoring.rescoring import verify
from tests.exams.windows import end, save
from tests.factories import UserFactory, answer, assigned, begin, change, close, key_of
from tests.scoring.corrections import a_seat, act, current, take_back

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
HOUR = 60 * MINUTE


@pytest.fixture
def staff(db):
    return UserFactory(email="teacher@example.org")


@pytest.fixture
def sitting(user, exam):
    """Assigned, its keys held, half an hour in, 20 right, ended by its candidate and scored."""
    sitting = assigned(user, exam, exam.forms.get(reference=False), review_held=True)
    with time_machine.travel(sitting.started_at + 30 * MINUTE, tick=False):
        answer(sitting, right=20)
        close(sitting, sequence=65)
        services.score(sitting_id=sitting.pk, now=timezone.now())
    return sitting


def reopen(sitting, staff, *, deadline=HOUR, after=10 * MINUTE):
    """Reopen `after` the end until `deadline` from then."""
    now = sitting.ended_at + after
    with time_machine.travel(now, tick=False):
        services.reopen(sitting_id=sitting.pk, deadline=now + deadline, by=staff, now=now)
    return Sitting.objects.get(pk=sitting.pk)


@pytest.mark.parametrize("deadline", [SECOND, 37 * MINUTE, 100 * MINUTE, 100 * MINUTE + SECOND, 5 * HOUR])
def test_the_deadline_is_what_was_said_and_the_formula_holds(sitting, staff, deadline):
    after = reopen(sitting, staff, deadline=deadline)
    assert after.state == "in_progress"
    assert after.deadline == after.computed_deadline() == sitting.ended_at + 10 * MINUTE + deadline
    assert after.paused_seconds == 600
    # An exam of 130 minutes had 100 left; only what goes beyond that is granted.
    assert after.granted_minutes == max(-(-(deadline - 100 * MINUTE) // MINUTE), 0)
    assert (after.ended_at, after.end_reason, after.end_sequence, after.closes_at, after.closed_at) == (
        None, "", None, None, None,
    )  # fmt: skip


def test_it_is_told_with_who_did_it_and_how_long_it_goes_on(sitting, staff):
    after = reopen(sitting, staff)
    told = Event.objects.get(sitting=sitting, number=after.events)
    assert (told.kind, told.by, told.staff, told.minutes) == ("reopened", "staff", "teacher@example.org", 60)
    assert after.reopened_at == told.at


def test_the_result_holds_no_longer_and_the_next_close_makes_a_new_version(sitting, staff):
    after = reopen(sitting, staff)
    assert not Result.objects.current().filter(sitting=sitting).exists()
    seat = next(seat for seat in after.form.seats.filter(scored=True).order_by("-number"))
    save(after, change(seat.number, key_of(seat), base=1))
    assert services.sweep(now=after.deadline)["scored"] == 0
    closes_at = after.deadline + after.grace_seconds * SECOND
    assert services.sweep(now=closes_at - SECOND)["closed"] == 0
    assert services.sweep(now=closes_at) == {"ended": 0, "closed": 1, "scored": 1}
    found = Result.objects.filter(sitting=sitting).order_by("version")
    assert [(one.version, one.current, one.raw, one.regrade) for one in found] == [
        (1, False, 20, None), (2, True, 21, None),
    ]  # fmt: skip
    # What was superseded rested on other answers; only what holds is scored once more.
    checked = verify()
    assert (checked.results, checked.differing) == (1, ())


def test_while_it_goes_on_there_is_nothing_to_verify(sitting, staff):
    assert verify().results == 1
    reopen(sitting, staff)
    assert verify().results == 0


def test_it_can_be_reopened_once_more(sitting, staff):
    for version in (2, 3):
        after = reopen(sitting, staff)
        close(after)
        assert services.score(sitting_id=after.pk, now=after.closed_at).version == version
        sitting = after


def test_windows_of_before_can_neither_end_it_nor_overwrite_what_is_answered_now(sitting, staff):
    older = sitting.claim
    waiting = sittings.hand_in(sitting_id=sitting.pk, user_id=sitting.user_id)
    after = reopen(sitting, staff)
    assert after.claim > waiting > older
    assert save(after, change(1, [], base=1)).outcomes == {1: "applied"}
    with pytest.raises(Refused, match="another window"):
        end(after, 65, claim=older)
    for claim in (older, waiting):
        receipt = save(after, change(1, key_of(after.form.seats.get(number=1)), sequence=70, base=1), claim=claim)
        assert receipt.outcomes == {70: "conflict"}
    assert sittings.claim(sitting_id=after.pk, user_id=after.user_id).claim == after.claim + 1


def test_one_that_time_ended_goes_on_and_what_was_granted_is_told_apart(user, exam, staff):
    sitting = assigned(user, exam, results_held=True)
    sittings.settle(now=sitting.deadline)
    sitting.refresh_from_db()
    after = reopen(sitting, staff, deadline=15 * MINUTE, after=30 * SECOND)
    assert (after.paused_seconds, after.granted_minutes) == (30, 15)
    assert after.deadline == after.computed_deadline() == sitting.deadline + 30 * SECOND + 15 * MINUTE


def test_a_later_grant_moves_its_window(sitting, staff):
    after = reopen(sitting, staff)
    with time_machine.travel(after.reopened_at, tick=False):
        changed = clock.grant(sitting_id=after.pk, minutes=5, by=staff, extend_window=True)
    assert changed.deadline == after.deadline + 5 * MINUTE


def refused(sitting, staff, **times):
    before = Sitting.objects.filter(pk=sitting.pk).values().get()
    with pytest.raises(CannotChange) as problem:
        reopen(sitting, staff, **times)
    assert Sitting.objects.filter(pk=sitting.pk).values().get() == before
    return str(problem.value)


def test_only_until_fourteen_days_after_the_end(sitting, staff):
    late = dt.timedelta(days=14)
    assert "within 14 days" in refused(sitting, staff, after=late + SECOND)
    assert reopen(sitting, staff, after=late).state == "in_progress"


@pytest.mark.parametrize("deadline", [-SECOND, dt.timedelta(0)])
def test_the_new_deadline_lies_ahead(sitting, staff, deadline):
    assert "has to lie ahead" in refused(sitting, staff, deadline=deadline)


def test_the_new_deadline_is_not_absurd(sitting, staff):
    assert "at most 600 extra minutes" in refused(sitting, staff, deadline=12 * HOUR)


@pytest.mark.parametrize(("offset", "open_"), [(-1, False), (0, False), (1, True)])
def test_never_once_the_keys_are_released(sitting, staff, offset, open_):
    now = sitting.ended_at + 10 * MINUTE
    release.set_release(
        sitting_ids=[sitting.pk], results_at=None, results_held=False, review_at=now + offset * SECOND,
        review_held=False,
    )  # fmt: skip
    if open_:
        assert reopen(sitting, staff).state == "in_progress"
    else:
        assert "keys of this sitting are released" in refused(sitting, staff)


def test_not_while_the_person_sits_the_exam_again(sitting, staff, exam):
    begin(sitting.user, exam)
    assert "sitting MLA-C01 again" in refused(sitting, staff)
    assert Result.objects.current().filter(sitting=sitting).exists()


def test_neither_a_void_nor_a_running_one_nor_own_practice(sitting, staff, exam):
    clock.void(sitting_id=sitting.pk, by=staff, reason="Ill")
    sitting.refresh_from_db()
    assert "declared void" in refused(sitting, staff)
    running = assigned(UserFactory(), exam, results_held=True)
    running.ended_at = running.started_at
    assert "not over" in refused(running, staff)
    own = close(begin(UserFactory(), exam))
    assert "Only an assigned" in refused(own, staff)


def test_saving_goes_on_as_before(sitting, staff):
    after = reopen(sitting, staff)
    with time_machine.travel(after.reopened_at + MINUTE, tick=False):
        receipt = saving.save(sitting_id=after.pk, user_id=after.user_id, claim=after.claim, changes=[change(1, [])])
    assert receipt.remaining == 59 * MINUTE


# ---- regrades and statistics around it -----------------------------------------------------------------------------


def test_a_regrade_before_it_is_no_news_of_the_new_result_and_one_after_it_is(sitting, staff):
    seat = a_seat(sitting.form)
    act(seat, Regrade.Act.REMOVED)
    assert current(Result.objects.get(sitting=sitting, version=1)).version == 2
    after = reopen(sitting, staff)
    close(after)
    assert services.score(sitting_id=after.pk, now=after.closed_at).version == 3
    found = Result.objects.get(sitting=sitting, current=True)
    assert (found.regrade, found.maximum_raw, notices_of(found)) == (None, 49, [])
    take_back(Regrade.objects.get())
    found = Result.objects.get(sitting=sitting, current=True)
    assert (found.version, found.maximum_raw, len(notices_of(found))) == (4, 50, 1)
    assert (verify().results, verify().differing) == (2, ())


def test_while_it_goes_on_no_regrade_touches_what_was_its_result(sitting, staff):
    reopen(sitting, staff)
    act(a_seat(sitting.form), Regrade.Act.REMOVED)
    assert Result.objects.filter(sitting=sitting).count() == 1
    assert not Result.objects.current().filter(sitting=sitting).exists()


def test_its_form_gets_a_new_table_with_a_new_standard(sitting, staff, exam):
    """As every form does on which somebody may still be scored."""
    Form.objects.filter(pk=sitting.form_id).update(state=Form.State.RETIRED)
    assert sitting.form not in {*_with_table(exam), *standards._concerned(exam)}
    reopen(sitting, staff)
    assert sitting.form in _with_table(exam)
    assert sitting.form in standards._concerned(exam)


def test_no_average_counts_a_void_sitting(sitting, staff, exam):
    first = [standards_page.first_sittings([exam]), fairness.first_sittings(exam), Sitting.objects.counting()]
    assert [found.count() for found in first] == [1, 1, 1]
    exposed = form_counts(exam, timezone.now())[sitting.form_id]
    clock.void(sitting_id=sitting.pk, by=staff, reason="Ill")
    assert [found.count() for found in first] == [0, 0, 0]
    assert form_counts(exam, timezone.now())[sitting.form_id] == exposed  # its questions were seen
