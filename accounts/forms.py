"""Forms about the person: ours, and allauth's with what we ask for in addition."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, cast

from allauth.account import forms as account
from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_two_factor_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from accounts import ratelimit, two_factor, zones
from accounts.models import Background, FirstLanguage, Multiplier, Practice, User

LONGEST_EXTRA_TIME = 240
# What providers grant for these exams to people who take them in a foreign language.
SECOND_LANGUAGE_MINUTES = 30


class SignupForm(account.SignupForm):
    account_already_exists: bool

    display_name = forms.CharField(
        label="Name", max_length=80, widget=forms.TextInput({"autocomplete": "name", "autofocus": True})
    )
    time_zone = forms.CharField(required=False, widget=forms.HiddenInput)

    field_order = ("display_name", "email", "password1", "time_zone")

    def clean_time_zone(self) -> str:
        """The browser's word, if this machine knows the zone."""
        name: str = self.cleaned_data["time_zone"]
        return name if name in zones.known() else "UTC"

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        if data.get("password1") and "password1" not in self.errors:
            try:  # allauth compares the password with the address only
                validate_password(data["password1"], User(display_name=data.get("display_name", "")))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """A new account, or the same answer as for one when the address is taken."""
        ratelimit.spend(request, action="sign-up", account=self.cleaned_data["email"])
        if self.account_already_exists:
            User().set_password(self.cleaned_data["password1"])  # takes as long as making an account
        try:
            return super().try_save(request)
        except IntegrityError:  # somebody signed up with this address since we looked
            self.account_already_exists = True
            return super().try_save(request)

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        return cast(User, super().save(request))


class ResetPasswordForm(account.ResetPasswordForm):
    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        ratelimit.spend(request, action="reset", account=self.cleaned_data["email"])
        return super().save(request, **kwargs)


class ChangePasswordForm(account.ChangePasswordForm):
    def clean_oldpassword(self) -> str:
        with ratelimit.guess(context.request, action="password", account=cast(User, self.user).email):
            return super().clean_oldpassword()


class OneTimeCode:
    """Limits guesses, and accepts each code once."""

    user: User
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        with ratelimit.guess(context.request, action="code", account=str(self.user.pk)):
            self.authenticator = two_factor.accept(user=self.user, code=code)
            if self.authenticator is None:
                raise get_two_factor_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(OneTimeCode, mfa.AuthenticateForm):
    pass


class ReauthenticateForm(OneTimeCode, mfa.ReauthenticateForm):
    pass


class ActivateTOTPForm(totp.ActivateTOTPForm):
    def clean_code(self) -> str:
        with ratelimit.guess(context.request, action="code", account=str(self.user.pk)):
            return super().clean_code()


class ProfileForm(forms.Form):
    display_name = forms.CharField(label="Name", max_length=80, widget=forms.TextInput({"autocomplete": "name"}))
    time_zone = forms.ChoiceField(label="Time zone", help_text="Dates and times are shown in this zone.")

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, initial={"display_name": user.display_name, "time_zone": user.time_zone})
        self.fields["time_zone"].choices = zones.choices(user.time_zone)  # type: ignore[attr-defined]


class AccommodationForm(forms.Form):
    multiplier = forms.TypedChoiceField(label="Time", choices=Multiplier.choices, coerce=Decimal)
    extra_minutes = forms.IntegerField(
        label="Extra minutes", min_value=0, max_value=LONGEST_EXTRA_TIME,
        error_messages=dict.fromkeys(("min_value", "max_value"), f"Between 0 and {LONGEST_EXTRA_TIME} minutes."),
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "second_language" in self.data:  # the button with the preset
            data["extra_minutes"] = SECOND_LANGUAGE_MINUTES
            self.errors.pop("extra_minutes", None)
        return data


class BackgroundForm(forms.Form):
    """Two questions that nobody has to answer, and the consent without which no answer is kept."""

    NOT_SAID: ClassVar[tuple[str, str]] = ("", "I would rather not say")

    first_language = forms.ChoiceField(
        label="Your first language", required=False, choices=[NOT_SAID, *FirstLanguage.choices]
    )
    practice_years = forms.ChoiceField(
        label="Your work in the exam’s field", required=False, choices=[NOT_SAID, *Practice.choices]
    )
    consent = forms.BooleanField(label="I agree that my two answers are used for this", required=False)

    def __init__(self, data: Any = None, *, background: Background | None) -> None:
        self.given = background is not None
        super().__init__(
            data,
            initial={
                "first_language": background.first_language,
                "practice_years": background.practice_years,
                "consent": True,
            }
            if background
            else {},
        )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        answered = any(data.get(name) for name in ("first_language", "practice_years"))
        if data.get("consent") and not answered and not self.errors:
            self.add_error("consent", "Answer at least one of the two questions, or leave this box empty.")
        elif answered and not data.get("consent") and not self.given:  # without the box, what stands is taken back
            self.add_error("consent", "Tick this box if you agree. Without it nothing is kept.")
        return data


class OwnPasswordForm(forms.Form):
    """Asks whoever is signed in for their password again, before something serious."""

    password = forms.CharField(
        label="Your password", strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        self.user = user
        super().__init__(data)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("incorrect_password")
        return password
