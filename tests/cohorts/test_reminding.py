"""Mails about assignments: who gets which when, once, and nobody who left."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from cohorts.models import Arrangement, Assignment, Membership, Release, Reminder
from cohorts.services import assigning, attending, reminding
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt
from tests.cohorts.test_assigning import plan_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def cohort(exam):
    return a_cohort(exam)


def run(now: dt.datetime | None = None) -> list[str]:
    """What one run sends: subjects and to whom."""
    now = now or timezone.now()
    mail.outbox.clear()
    reminding.plan(now=now)
    reminding.send(now=now)
    return sorted(f"{one.to[0]}: {one.subject}" for one in mail.outbox)


def test_members_hear_of_an_assignment_once_in_their_own_zone(cohort):
    person = a_member(cohort, UserFactory(time_zone="Asia/Tokyo"))
    assignment = an_assignment(cohort, start_by=dt.datetime(2126, 7, 1, 15, 0, tzinfo=dt.UTC),
                               end_by=dt.datetime(2126, 7, 1, 18, 0, tzinfo=dt.UTC))  # fmt: skip
    assert run() == [f"{person.email}: Mock exam: an exam was assigned to you"]
    body = mail.outbox[0].body
    assert "Tuesday, 2 July 2126, 00:00" in body
    assert "Asia/Tokyo" in body
    assert f"/assignments/{assignment.pk}/" in body
    assert "2 h 10 min" in body
    assert run() == []


def test_who_joins_later_hears_of_it_and_who_left_does_not(cohort):
    gone = a_member(cohort)
    an_assignment(cohort)
    Membership.objects.filter(user=gone).update(left_at=timezone.now())
    assert run() == []
    late = a_member(cohort)
    assert run() == [f"{late.email}: Mock exam: an exam was assigned to you"]
    Membership.objects.filter(user=gone).update(left_at=None)
    assert run() == [f"{gone.email}: Mock exam: an exam was assigned to you"]


def test_who_leaves_while_the_mail_waits_does_not_get_it(cohort):
    person = a_member(cohort)
    an_assignment(cohort)
    reminding.plan(now=timezone.now())
    Membership.objects.filter(user=person).update(left_at=timezone.now())
    assert reminding.send(now=timezone.now()) == 0
    assert not Reminder.objects.exists()


@pytest.mark.parametrize("how", ["cancelled", "archived", "over", "inactive"])
def test_what_cannot_be_begun_is_not_announced(cohort, how):
    person = a_member(cohort)
    assignment, now = an_assignment(cohort), timezone.now()
    match how:
        case "cancelled":
            Assignment.objects.update(cancelled_at=now)
        case "archived":
            type(cohort).objects.update(archived_at=now)
        case "inactive":
            type(person).objects.filter(pk=person.pk).update(is_active=False)
        case "over":
            now = assignment.start_by + HOUR
    assert run(now) == []


def announced(cohort, person, **fields) -> Assignment:
    """An assignment of three days ago that the person has heard of."""
    now = timezone.now()
    fields = {"opens_at": now - 3 * DAY, "created_at": now - 3 * DAY, **fields}
    assignment = an_assignment(cohort, **fields)
    Membership.objects.filter(user=person).update(joined_at=now - 4 * DAY)
    run(now - 2 * DAY)
    return assignment


def test_a_day_before_the_last_start_only_who_has_not_begun_is_reminded(cohort):
    idle, busy = a_member(cohort), a_member(cohort)
    Membership.objects.update(joined_at=timezone.now() - 4 * DAY)
    now = timezone.now()
    assignment = announced(cohort, idle, start_by=now + DAY + HOUR, end_by=now + 2 * DAY)
    attending.begin(assignment=assignment, user=busy)
    assert run(now) == []
    (said,) = run(now + HOUR)
    assert said.startswith(f"{idle.email}: Mock exam: begin by ")
    assert run(now + 2 * HOUR) == []


def test_an_own_last_start_has_its_own_reminder(cohort):
    person, now = a_member(cohort), timezone.now()
    assignment = announced(cohort, person, start_by=now + 2 * HOUR, end_by=now + 9 * DAY)
    Arrangement.objects.create(assignment=assignment, user=person, start_by=now + 3 * DAY, changed_at=now)
    assert run(now) == []
    assert "begin by" in run(now + 2 * DAY)[0]


def test_what_is_assigned_for_today_needs_no_reminder(cohort):
    person = a_member(cohort)
    an_assignment(cohort)
    assert run() == [f"{person.email}: Mock exam: an exam was assigned to you"]


def test_changed_times_and_a_cancellation_are_told_to_who_has_not_finished(cohort):
    person, done = a_member(cohort), a_member(cohort)
    assignment = an_assignment(cohort)
    teacher, now = cohort.instructors.get().user, timezone.now()
    run(now)
    an_attempt(assignment, done)
    for hours in (1, 2):
        plan = plan_of(Assignment.objects.get(), end_by=assignment.end_by + hours * HOUR)
        assigning.change(assignment_id=assignment.pk, plan=plan, by=teacher, now=now)
    assert run(now) == [f"{person.email}: Mock exam: the times have changed"]
    assigning.cancel(assignment_id=assignment.pk, by=teacher, now=now + HOUR)
    assert run(now + HOUR) == [f"{person.email}: Mock exam was cancelled"]
    assert run(now + HOUR) == []


def test_a_result_that_had_to_wait_is_announced_when_it_is_released(cohort):
    person, at_once = a_member(cohort), a_member(cohort)
    held = an_assignment(cohort, title="Held", results=Release.HELD)
    an_attempt(held, person)
    an_attempt(an_assignment(cohort, title="At once"), at_once)
    run()
    assert run() == []
    now = timezone.now()
    assigning.release(assignment_id=held.pk, what="results", by=cohort.instructors.get().user, now=now)
    assert run(now) == [f"{person.email}: Held: your result is there"]
    assert run(now + HOUR) == []


def test_results_of_the_end_are_announced_at_the_end(cohort):
    person = a_member(cohort)
    assignment = an_assignment(cohort, results=Release.AT_END)
    an_attempt(assignment, person)
    run()
    assert run(assignment.end_by - HOUR) == []
    assert run(assignment.end_by) == [f"{person.email}: Mock exam: your result is there"]


# ---- sending -----------------------------------------------------------------------------------------------------


def test_a_mail_that_cannot_be_sent_is_tried_again_later_and_at_last_given_up(cohort, settings):
    a_member(cohort)
    an_assignment(cohort, start_by=timezone.now() + DAY, end_by=timezone.now() + DAY)
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 9
    )  # fmt: skip
    now = timezone.now()
    reminding.plan(now=now)
    for minutes, tries in ((0, 1), (1, 1), (6, 2), (31, 3), (121, 4), (361, 5), (999, 5)):
        assert reminding.send(now=now + dt.timedelta(minutes=minutes)) == 0
        assert Reminder.objects.get().tries == tries
    assert Reminder.objects.get().sent_at is None


def test_a_run_sends_no_more_than_its_batch(cohort):
    for _ in range(3):
        a_member(cohort)
    an_assignment(cohort)
    reminding.plan(now=timezone.now())
    assert reminding.send(now=timezone.now(), most=2) == 2
    assert reminding.send(now=timezone.now()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_send_every_mail_once(exam):
    """A row that somebody holds is passed over, and what they sent is not sent again."""
    cohort = a_cohort(exam)
    for _ in range(6):
        a_member(cohort)
    an_assignment(cohort)
    now = timezone.now()
    reminding.plan(now=now)
    gate = threading.Barrier(2)

    def send() -> None:
        try:
            gate.wait(10)
            reminding.send(now=now)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    with transaction.atomic():
        taken = Reminder.objects.select_for_update().first()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len({one.to[0] for one in mail.outbox}) == len(mail.outbox) == 5
    assert taken is not None
    reminding.send(now=now)
    assert len({one.to[0] for one in mail.outbox}) == len(mail.outbox) == 6
