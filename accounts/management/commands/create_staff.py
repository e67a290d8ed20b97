"""`manage.py create_staff`: the first account of an installation, or one more."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urljoin

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from accounts import services
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Create a person who may use the admin, or let an existing one in. The address counts as verified. "
        "Without --password-stdin a link is printed that sets the password once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="address to sign in with")
        parser.add_argument("--name", default="", help="name that others see")
        parser.add_argument("--superuser", action="store_true", help="may do everything, granting roles included")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        parser.add_argument("--url", default="", help="where this installation is reached, for the link")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        present = User.objects.filter(email=email).first()
        password = self.read_password(email, present) if options["password_stdin"] else None
        try:
            validate_email(email)
            user = present or services.create_account(email=email, password=password, display_name=options["name"])
            services.promote(user=user, superuser=options["superuser"])
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address.") from error
        except services.AccountError as error:
            raise CommandError(str(error)) from error
        link = "" if user.has_usable_password() else urljoin(base_url(options["url"]), reset_path(user))
        self.report(user, created=present is None, link=link, as_json=options["json"])

    def read_password(self, email: str, present: User | None) -> str:
        if present:
            raise CommandError(f"{email} already has an account; its password stays as it is.")
        # From a terminal without echo, from a pipe as it comes.
        password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        try:
            validate_password(password, User(email=email))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return password

    def report(self, user: User, *, created: bool, link: str, as_json: bool) -> None:
        if as_json:
            facts = {"email": user.email, "created": created, "superuser": user.is_superuser, "password_link": link}
            self.stdout.write(json.dumps(facts))
            return
        what = "superuser" if user.is_superuser else "staff"
        self.stdout.write(f"{user.email} is now {what} ({'new account' if created else 'account was there'}).")
        if link:
            hours = settings.PASSWORD_RESET_TIMEOUT // 3600
            self.stdout.write(f"Set the password within {hours} hours; the link works once:\n{link}")


def reset_path(user: User) -> str:
    """The page that sets a new password; its key is void after use, sign-in or change of address."""
    return reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)},
    )


def base_url(given: str) -> str:
    """Where people reach this installation: as told, or else the first public name in the settings."""
    if given:
        return given
    if settings.QUICKSTART or settings.DEBUG:
        return "http://127.0.0.1:8000"
    return next(iter(settings.CSRF_TRUSTED_ORIGINS), f"https://{settings.ALLOWED_HOSTS[0].lstrip('.')}")
