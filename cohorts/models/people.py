"""A cohort, who teaches it and who learns in it."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from accounts.models import Multiplier, User
from questions.models import Exam

# Nothing that is mistaken for something else when it is read out or typed off a projector.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10
MULTIPLIERS = [Decimal(value) for value in Multiplier.values]
MOST_EXTRA_MINUTES = 240


def new_code() -> str:
    """A code that nobody guesses: 49 bits."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


class CohortQuerySet(models.QuerySet["Cohort"]):
    def taught_by(self, user: User) -> CohortQuerySet:
        return self.filter(instructors__user=user)

    def active(self) -> CohortQuerySet:
        return self.filter(archived_at=None)


class Cohort(models.Model):
    """People who prepare for one exam together. An archived one is read-only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="cohorts")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)
    join_code = models.CharField(max_length=16, unique=True, default=new_code)
    joining_open = models.BooleanField(default=True)
    join_until = models.DateTimeField(null=True, blank=True, help_text="Empty: as long as joining is open.")

    objects = CohortQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

    def takes_members(self, now: dt.datetime) -> bool:
        """Whether its link, code and QR let people in."""
        return self.joining_open and self.archived_at is None and (self.join_until is None or now < self.join_until)


class Instructor(models.Model):
    """Somebody who teaches a cohort. Its owner is one of them."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="instructors")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="taught")
    owner = models.BooleanField(default=False)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("-owner", "added_at")
        constraints = (
            models.UniqueConstraint(fields=("cohort", "user"), name="instructor_once"),
            models.UniqueConstraint(fields=("cohort",), condition=Q(owner=True), name="instructor_one_owner"),
        )

    def __str__(self) -> str:
        return str(self.user)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def present(self) -> MembershipQuerySet:
        """Those who have not left."""
        return self.filter(left_at=None)


class Membership(models.Model):
    """Somebody who learns in a cohort. Who leaves keeps their results; instructors keep those of assigned sittings."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    # Extra time in this cohort; empty: what staff have granted the person everywhere.
    multiplier = models.DecimalField(max_digits=3, decimal_places=2, null=True, blank=True)
    extra_minutes = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ("cohort", "joined_at")
        constraints = (
            models.UniqueConstraint(fields=("cohort", "user"), name="membership_once"),
            models.CheckConstraint(
                condition=Q(multiplier=None, extra_minutes=None)
                | Q(multiplier__in=MULTIPLIERS, extra_minutes__lte=MOST_EXTRA_MINUTES),
                name="membership_extra_time_known",
            ),
        )

    def __str__(self) -> str:
        return str(self.user)


class Invitation(models.Model):
    """Somebody invited by e-mail. The link in the mail holds the code, lets one person in, and expires."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=43, unique=True, default=secrets.token_urlsafe)
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True, help_text="Empty: the mail is still to be sent.")
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True, help_text="Why the mail could not be sent.")
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("cohort", "email")
        constraints = (
            models.UniqueConstraint(fields=("cohort", "email"), name="invitation_once"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_lower_case"),
        )
        indexes = (models.Index(fields=("invited_at",), condition=Q(sent_at=None), name="invitation_to_send"),)

    def __str__(self) -> str:
        return self.email


class LogEntry(models.Model):
    """What an instructor did, in order. Names are kept as text, so that the log outlives accounts."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="log")
    assignment = models.ForeignKey(
        "cohorts.Assignment", on_delete=models.CASCADE, null=True, blank=True, related_name="log"
    )
    at = models.DateTimeField()
    by = models.CharField(max_length=254, help_text="Whose act it was.")
    about = models.CharField(max_length=254, blank=True, help_text="Whom it concerns, if it is one person.")
    what = models.CharField(max_length=500)

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(F("cohort"), F("at").desc(), name="log_newest_first"),)

    def __str__(self) -> str:
        return self.what
