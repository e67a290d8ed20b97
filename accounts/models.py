"""People: who signs in, in which role, with how much time."""

from __future__ import annotations

import zoneinfo
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

SIMULATED_DOMAIN = "simulated.invalid"  # RFC 2606 reserves "invalid": no mail ever arrives there
ERASED_DOMAIN = "erased.invalid"
ERASED_NAME = "A person who was erased"


def valid_time_zone(name: str) -> None:
    """Refuse a zone that this machine's time zone database does not have."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("%(name)s is not a time zone.", params={"name": name})


class UserManager(BaseUserManager["User"]):
    def simulated(self) -> models.QuerySet[User]:
        """Candidates of simulated sittings, and nobody who could ever sign in."""
        unusable = {"password__startswith": UNUSABLE_PASSWORD_PREFIX}
        return self.filter(email__endswith=f"@{SIMULATED_DOMAIN}", is_active=False, **unusable)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who can sign in; the e-mail address is stored in lower case."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Signs in with an e-mail address. Everybody is a candidate; authors and instructors are groups."""

    email = models.EmailField(
        "e-mail address", max_length=254, unique=True, error_messages={"unique": "This address is taken."}
    )
    display_name = models.CharField(max_length=80, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[valid_time_zone])
    is_staff = models.BooleanField("may use the admin", default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    warned_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a mail said that the unused account will be deleted."
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        # What the roles may do; accounts.roles says which group holds which.
        permissions = (
            ("write_questions", "May write, review and publish questions"),
            ("run_cohorts", "May run cohorts and read their results"),
        )
        constraints = (
            # Unique is then unique whatever the case in which somebody types the address.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case"),
        )

    def __str__(self) -> str:
        return self.get_full_name()

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()

    @property
    def is_erased(self) -> bool:
        """Whether this is nobody any more: what holds the statistics of somebody who left."""
        return self.email.endswith(f"@{ERASED_DOMAIN}")

    @property
    def browser_mark(self) -> str:
        """Under which this person's browser keeps an open sitting; it tells nobody who that is.

        Without SECRET_KEY, so that what a browser keeps is found again when that was exchanged meanwhile.
        """
        return salted_hmac("accounts.browser_mark", str(self.pk), secret=self.date_joined.isoformat()).hexdigest()[:16]

    def get_session_auth_hash(self) -> str:
        """What a session notes of the password, so that a new one ends it.

        Django mixes SECRET_KEY in, and gives every session another key after that was exchanged; of two requests at
        once, which an exam screen sends, the second would then sign the candidate out. Sessions are signed anyway.
        """
        return salted_hmac("accounts.session", self.password, secret="", algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        return self.display_name or self.email.partition("@")[0]

    def get_short_name(self) -> str:
        return self.get_full_name()


class Multiplier(models.TextChoices):
    """Factors by which exam providers lengthen a limit."""

    NONE = "1.00", "No extra time"
    QUARTER = "1.25", "25 % extra time (×1.25)"
    HALF = "1.50", "50 % extra time (×1.5)"
    DOUBLE = "2.00", "Double time (×2)"


class Accommodation(models.Model):
    """Extra time that belongs to the person and applies to every sitting begun while it stands.

    Without `granted_at` it is the person's own word, good for own practice. The time stays when the account of
    whoever granted it is deleted.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="accommodation")
    multiplier = models.DecimalField(max_digits=3, decimal_places=2, default=Decimal("1.00"))
    extra_minutes = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(240)])
    granted_at = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(multiplier__in=[Decimal(value) for value in Multiplier.values]),
                name="accommodation_multiplier_known",
            ),
            models.CheckConstraint(condition=models.Q(extra_minutes__lte=240), name="accommodation_minutes_bounded"),
        )

    def __str__(self) -> str:
        return f"×{self.multiplier} +{self.extra_minutes} min"

    @property
    def multiplier_label(self) -> str:
        return Multiplier(str(self.multiplier)).label


class FirstLanguage(models.TextChoices):
    ENGLISH = "english", "English"
    OTHER = "other", "Another language"


class Practice(models.TextChoices):
    """Years of work in the field."""

    UNDER_TWO = "under_two", "Under two years"
    TWO_OR_MORE = "two_or_more", "Two years or more"


class Background(models.Model):
    """What a person tells of themselves so that questions can be compared between groups, and that they agreed.

    The row is the consent: without one there is none, and taking it back deletes the row. It is in no admin and no
    page but the person's own, and its text names no answer, because lists of what is about to be deleted show it.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="background")
    first_language = models.CharField(max_length=7, choices=FirstLanguage, blank=True)
    practice_years = models.CharField(max_length=11, choices=Practice, blank=True)
    consented_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(first_language__in=["", *FirstLanguage.values]),
                name="background_language_known",
            ),
            models.CheckConstraint(
                condition=models.Q(practice_years__in=["", *Practice.values]), name="background_practice_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(first_language="", practice_years=""), name="background_says_something"
            ),
        )

    def __str__(self) -> str:
        return f"background of person {self.user_id}"
