"""Somebody who has left a trace in every table that may hold one: candidate, author, instructor and administrator."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from accounts import services as accounts
from accounts.models import Background, User
from accounts.roles import Role
from cohorts import models as cohorts
from cohorts.services import log, outcomes
from exams import models as exams
from exams.services import saving
from questions import models as questions
from questions.models.authoring import Act
from questions.services.base import record
from questions.services.ratings import label
from scoring import models as scoring
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt
from tests.factories import UserFactory, begin, change, close, sat

NAME = "Wilhelmina Quickfall"
EMAIL = "wilhelmina.quickfall@letters.example"
SECRET = "quickfall-wrote-this"  # what only the person wrote, in notes and reports
NOTE = "has a broken wrist"  # what others wrote about the person


def somebody(exam: questions.Exam) -> User:
    """A person with at least one row under every model that a room says it covers."""
    now = timezone.now()
    person: User = UserFactory(email=EMAIL, display_name=NAME)
    other: User = UserFactory()
    _account(person, other, now)
    _sittings(person, other, exam, now)
    _cohorts(person, other, exam, now)
    _authoring(person, other, exam, now)
    return person


def _account(person: User, other: User, now: dt.datetime) -> None:
    accounts.grant_role(user=person, role=Role.AUTHOR)
    accounts.grant_role(user=person, role=Role.INSTRUCTOR)
    person.user_permissions.add(Permission.objects.get(codename="write_questions"))
    accounts.set_accommodation(user=person, multiplier=Decimal("1.25"), extra_minutes=5, granted_by=other)
    accounts.set_accommodation(user=other, multiplier=Decimal("1.50"), extra_minutes=0, granted_by=person)
    Background.objects.create(user=person, first_language="other", consented_at=now)
    Authenticator.objects.create(user=person, type="totp", data={"secret": "seed"})
    store = SessionStore()
    store["_auth_user_id"] = str(person.pk)
    store.create()
    UserSession.objects.create(
        user=person, session_key=store.session_key, ip="192.0.2.0", user_agent="Lynx/2.9 of Quickfall"
    )
    users = ContentType.objects.get_for_model(User)
    about = {"content_type": users, "action_flag": CHANGE, "change_message": f"Changed {EMAIL}."}
    LogEntry.objects.create(user=other, object_id=str(person.pk), object_repr=NAME, **about)
    LogEntry.objects.create(user=person, object_id=str(other.pk), object_repr=str(other), **about)


def _sittings(person: User, other: User, exam: questions.Exam, now: dt.datetime) -> None:

    first = sat(person, exam, right=41)
    sitting = first.sitting
    exams.Pad.objects.create(sitting=sitting, text=SECRET, claim=1, sequence=99, saved_at=now)
    exams.KeptChange.objects.create(
        sitting=sitting, claim=1, sequence=98, seat=0, text=SECRET, received_at=now, reason="late"
    )
    exams.Answer.objects.filter(sitting=sitting, seat=1).update(marks=[3, 9], flagged=True)
    exams.Notice.objects.create(sitting=sitting, number=1, at=now, text=f"{NAME}, please stay seated.")
    exams.Presence.objects.create(sitting=sitting, seen_at=now)
    scoring.ProblemReport.objects.create(
        sitting=sitting, seat=1, revision=sitting.form.seats.get(number=1).revision, category="other", text=SECRET,
        made_at=now, changed_at=now,
    )  # fmt: skip
    given_up = begin(person, exam)
    saving.save(sitting_id=given_up.pk, user_id=person.pk, claim=1, changes=[change(2, [], flagged=True)])
    exams.Sitting.objects.filter(pk=given_up.pk).update(state="abandoned", ended_at=now)
    exams.Form.objects.create(exam=exam, number=900, state="retired", owner=person)
    mine = exams.Form.objects.create(exam=exam, number=901, state="personal", owner=person)
    exams.Sitting.objects.create(
        user=person, exam=exam, form=mine, state="abandoned", started_at=now, limit_minutes=1, grace_seconds=1,
        deadline=now + dt.timedelta(minutes=1), ended_at=now,
    )  # fmt: skip
    theirs = close(begin(other, exam))
    exams.Event.objects.create(sitting=theirs, number=77, at=now, kind="granted", by="staff", staff=EMAIL, minutes=3)
    exams.Standard.objects.create(
        exam=exam, version=90, cut=exams.Standard.objects.filter(exam=exam).order_by("version")[0].cut,
        reason="as before", set_by=person,
    )  # fmt: skip
    scoring.ProblemReport.objects.create(
        sitting=theirs, seat=1, revision=theirs.form.seats.get(number=1).revision, category="other", text="?",
        made_at=now, changed_at=now, state="answered", answer="So.", answered_by=person, answered_at=now,
    )  # fmt: skip


def _cohorts(person: User, other: User, exam: questions.Exam, now: dt.datetime) -> None:
    cohort = a_cohort(exam, other)
    a_member(cohort, person, multiplier=Decimal("1.25"), extra_minutes=0)
    assignment = an_assignment(cohort)
    cohorts.Arrangement.objects.create(
        assignment=assignment, user=person, absence="ill", note=f"{NAME} {NOTE}", changed_at=now
    )
    attempt = an_attempt(assignment, person, right=33)
    cohorts.Attempt.objects.filter(pk=attempt.pk).update(void_reason=f"{NAME} {NOTE}")

    outcomes.catch_up()
    cohorts.Reminder.objects.create(assignment=assignment, user=person, kind="soon", due_at=now)
    cohorts.Invitation.objects.create(
        cohort=cohort, email=EMAIL, name=NAME, invited_at=now, expires_at=now, accepted_by=person, accepted_at=now
    )
    log.write(cohort=cohort, by=other, about=person, what=f"Noted that {NAME} {NOTE}.", at=now)
    taught = a_cohort(exam, person, name="Spring class")
    log.write(
        cohort=taught, by=person, about=other, what=f"Renamed the cohort from “Class of {NAME}” to “Spring”.", at=now
    )


def _authoring(person: User, other: User, exam: questions.Exam, now: dt.datetime) -> None:
    revision = questions.Revision.objects.filter(state="published").order_by("pk")[0]
    spare = questions.Revision.objects.filter(state="published").order_by("-pk")[0]
    questions.Revision.objects.filter(pk=revision.pk).update(author=person)
    questions.Revision.objects.filter(pk=spare.pk).update(reviewer=person)
    questions.Comment.objects.create(
        revision=revision, author=person, place="stem", text="Too long.", resolved_by=person, resolved_at=now
    )
    questions.Review.objects.create(revision=spare, reviewer=person, verdict="approve", lock_version=1, reviewed_at=now)
    turn: dict[str, Any] = {"revision": spare, "exam": exam, "round": 9, "judge": person}
    questions.RatingRequest.objects.create(**turn, answer=[1], answered_at=now, value=60, done_at=now)
    questions.Rating.objects.create(
        **{**turn, "judge": label(person.pk)}, value=60, rated_on=now.date(), method="modified Angoff"
    )
    act: dict[str, Any] = {"question": spare.question, "revision": spare, "now": now}
    record(Act.ASSIGN, by=other, reviewer=str(person), own=False, **act)
    record(Act.ASK_JUDGES, by=person, judges=[label(person.pk), label(other.pk)], **act)
    questions.Image.objects.create(
        sha256="ab" * 32, source="cd" * 32, media_type="image/png", width=1, height=1, size=1, content=b"x",
        alt="A dot", uploaded_by=person,
    )  # fmt: skip
    upload = questions.ImportUpload.objects.create(
        owner=person, name="bank.csv", data=b"x", size=1, created_at=now, uuid=uuid.uuid4()
    )
    questions.ImportRow.objects.create(upload=upload, number=1, fate="added", stem=SECRET)
    questions.SavedFilter.objects.create(owner=person, name="Mine", query="state=draft")
    scoring.Regrade.objects.create(exam=exam, revision=revision, act="key", reason="typo", made_by=person, made_at=now)
    scoring.CalibrationRun.objects.create(
        exam=exam, number=90, created_at=now, made_by=person, data_until=now, digest="0" * 64, sittings=0, answers=0,
        alpha=0, beta=1, tau=1, slope=1, population_mean=0, population_sd=1, cut=30, log_likelihood=0, converged=True,
        iterations=1,
    )  # fmt: skip
