"""What is let go by itself: each setting lets go of what is due, of nothing else, and twice is as good as once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import retention, services
from accounts.models import User
from accounts.roles import Role
from accounts.tasks import tidy as task
from cohorts.models import Attempt, Invitation, Membership, Norms, Outcome, Reminder
from cohorts.models import LogEntry as CohortEntry
from cohorts.services import norms, outcomes
from config.celery import app
from exams.models import Answer, Claim, Event, Pad, Sitting
from scoring.models import Result
from tests.accounts.factories import SuperuserFactory
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt
from tests.factories import UserFactory, begin, sat

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def keep(settings):
    """Set how many days something is kept; everything else for ever."""

    def set_days(**days: int) -> None:
        settings.RETENTION_DAYS = dict.fromkeys(settings.RETENTION_DAYS, 0) | days

    set_days()
    return set_days


def tidy(now: dt.datetime = NOW) -> dict[str, int]:
    """What was let go; a second run finds nothing."""
    done = {what: count for what, count in retention.tidy(now=now).items() if count}
    assert not any(retention.tidy(now=now).values())
    return done


def test_as_shipped_only_sessions_and_invitations_go(settings):
    kept = {"SITTINGS": 0, "TIMELINE": 0, "INACTIVE_ACCOUNTS": 0, "LOGS": 0, "INVITATIONS": 90}
    assert kept == settings.RETENTION_DAYS
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
    assert settings.CELERY_BEAT_SCHEDULE["tidy"]["task"] == "accounts.tasks.tidy"


def test_expired_sessions_go_whatever_the_settings_say(client, db, keep):
    user, now = UserFactory(), timezone.now()
    client.post("/account/login/", {"login": user.email, "password": "correct horse battery staple"})
    assert task() == dict.fromkeys(task(), 0)
    assert Session.objects.count() == 1
    Session.objects.update(expire_date=now - DAY)
    assert tidy(now) == {"sessions": 1}
    assert not Session.objects.exists()


def test_invitations_that_are_done_with_go(exam, keep):
    cohort, user = a_cohort(exam), UserFactory()
    long, short = NOW - 91 * DAY, NOW - 89 * DAY
    for name, expires, accepted in (
        ("expired", long, None), ("fresh", short, None), ("used", short, long), ("new", NOW + DAY, NOW - DAY)
    ):  # fmt: skip
        Invitation.objects.create(
            cohort=cohort, email=f"{name}@example.com", invited_at=long, expires_at=expires, accepted_at=accepted,
            accepted_by=user if accepted else None,
        )  # fmt: skip
    tidy()
    assert Invitation.objects.count() == 4
    keep(INVITATIONS=90)
    assert tidy() == {"invitations": 2}
    assert set(Invitation.objects.values_list("email", flat=True)) == {"fresh@example.com", "new@example.com"}


def test_old_logs_go(exam, keep, user):
    cohort = a_cohort(exam)
    over = an_assignment(cohort, opens_at=NOW - 60 * DAY, start_by=NOW - 50 * DAY, end_by=NOW - 40 * DAY)
    current = an_assignment(cohort, opens_at=NOW - 60 * DAY, start_by=NOW + DAY, end_by=NOW + DAY)
    people = ContentType.objects.get_for_model(User)
    for age in (29, 31):
        at = NOW - age * DAY
        CohortEntry.objects.create(cohort=cohort, at=at, by="a@example.com", what=f"{age}")
        Reminder.objects.create(assignment=over, user=user, kind="soon", due_at=at)
        Reminder.objects.create(assignment=current, user=user, kind="soon", due_at=at)
        entry = LogEntry.objects.create(user=user, content_type=people, object_repr="x", action_flag=CHANGE)
        LogEntry.objects.filter(pk=entry.pk).update(action_time=at)
    tidy()
    keep(LOGS=30)
    assert tidy() == {"entries of the admin's log": 1, "entries of cohorts' logs": 1, "reminders": 1}
    assert CohortEntry.objects.get().what == "29"


# ---- unused accounts ---------------------------------------------------------------------------------------------


def seen(person: User, days: int) -> User:
    """Signed in for the last time that many days ago."""
    User.objects.filter(pk=person.pk).update(last_login=NOW - days * DAY, date_joined=NOW - 900 * DAY)
    return person


def names() -> set[str]:
    return set(User.objects.exclude(email__endswith=".invalid").values_list("display_name", flat=True))


def test_unused_accounts_go_after_a_mail(keep, db, mailoutbox):
    seen(UserFactory(display_name="gone"), 400)
    seen(UserFactory(display_name="nearly"), 340)
    seen(UserFactory(display_name="fresh"), 300)
    staff = seen(UserFactory(display_name="teacher"), 800)
    services.grant_role(user=staff, role=Role.INSTRUCTOR)
    seen(SuperuserFactory(display_name="root"), 800)
    tidy()
    assert (mailoutbox, len(names())) == ([], 5)
    keep(INACTIVE_ACCOUNTS=365)
    assert tidy() == {"mails about unused accounts": 2}
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(
        User.objects.filter(display_name__in=("gone", "nearly")).values_list("email", flat=True)
    )
    assert "will be deleted unless you sign in" in mailoutbox[0].subject
    assert "on 31 March 2027 or soon after" in mailoutbox[0].body
    assert tidy(NOW + 29 * DAY) == {}
    assert tidy(NOW + 30 * DAY) == {"unused accounts": 2}
    assert names() == {"fresh", "teacher", "root"}


def test_who_comes_back_stays_and_is_told_anew_next_time(keep, db, mailoutbox):
    person = seen(UserFactory(), 400)
    keep(INACTIVE_ACCOUNTS=365)
    tidy()
    User.objects.filter(pk=person.pk).update(last_login=NOW + DAY)
    assert tidy(NOW + 60 * DAY) == {}
    assert tidy(NOW + 340 * DAY) == {"mails about unused accounts": 1}
    assert tidy(NOW + 366 * DAY) == {}
    assert tidy(NOW + 371 * DAY) == {"unused accounts": 1}


def test_without_the_mail_nobody_is_deleted(keep, db, settings):
    seen(UserFactory(), 400)
    keep(INACTIVE_ACCOUNTS=365)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert tidy() == {}
    assert tidy(NOW + 60 * DAY) == {}
    assert User.objects.get().warned_at is None


def test_a_sitting_that_runs_keeps_the_account(keep, exam, user):
    begin(user, exam)
    now = timezone.now()
    User.objects.filter(pk=user.pk).update(
        last_login=now - 400 * DAY, date_joined=now - 500 * DAY, warned_at=now - 31 * DAY
    )
    keep(INACTIVE_ACCOUNTS=365)
    assert tidy(now) == {}
    assert User.objects.filter(pk=user.pk).exists()


# ---- sittings ----------------------------------------------------------------------------------------------------


def aged(user: User, days: int) -> None:
    """All sittings of the person as if they had been that much earlier than NOW."""
    for sitting in Sitting.objects.filter(user=user):
        at = NOW - days * DAY
        fields: dict[str, Any] = {"started_at": at, "deadline": at + DAY}
        ends = {"ended_at": at, "closes_at": at, "closed_at": at} if sitting.closed_at else {}
        Sitting.objects.filter(pk=sitting.pk).update(**fields, **ends)


def test_old_timelines_go_and_answers_stay(keep, exam, user):
    other = UserFactory()
    old, fresh = sat(user, exam).sitting, sat(other, exam).sitting
    Pad.objects.create(sitting=old, text="mine", claim=1, sequence=9, saved_at=NOW)
    aged(user, 31)
    aged(other, 29)
    tidy()
    keep(TIMELINE=30)
    assert tidy() == {"timelines": 1}
    for model in (Event, Claim):
        assert set(model._default_manager.values_list("sitting", flat=True)) == {fresh.pk}
    assert Answer.objects.filter(sitting=old).count() == 65
    assert (Result.objects.filter(sitting=old).count(), Pad.objects.get().text) == (1, "mine")


def test_old_sittings_lose_their_person(keep, exam, user):
    cohort, other, running = a_cohort(exam), UserFactory(), UserFactory()
    a_member(cohort, user)
    attempt = an_attempt(an_assignment(cohort), user)
    sat(user, exam)
    sat(other, exam)
    begin(running, exam)
    outcomes.catch_up()
    aged(user, 800)
    aged(other, 700)
    aged(running, 900)
    norms.refresh(exam=exam, now=NOW)
    before = Norms.objects.values("n", "mean", "domains").get(), list(Outcome.objects.values_list("pk", "scaled"))
    tidy()
    keep(SITTINGS=730)
    assert tidy() == {"people's sittings": 1}
    assert not Sitting.objects.filter(user=user).exists()
    assert Sitting.objects.filter(user__email__endswith="@erased.invalid").count() == 2
    assert not Event.objects.filter(sitting__user__email__endswith="@erased.invalid").exists()
    assert Attempt.objects.get(pk=attempt.pk).user.is_erased
    assert Membership.objects.get(user=user).left_at is None  # and go on learning there
    assert User.objects.filter(pk=user.pk).exists()
    assert Sitting.objects.filter(user__in=(other, running)).count() == 2
    norms.refresh(exam=exam, now=NOW)
    assert before == (
        Norms.objects.values("n", "mean", "domains").get(), list(Outcome.objects.values_list("pk", "scaled"))
    )  # fmt: skip
