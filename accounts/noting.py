"""Lines about signing in and out and about what opens an account: who by number, what, and from where."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from accounts.address import client_address

log = logging.getLogger(__name__)

NOTED: dict[Signal, str] = {
    auth.user_logged_in: "signed in",
    auth.user_logged_out: "signed out",
    account.password_changed: "changed the password",
    account.password_set: "set a password",
    account.password_reset: "reset the password",
    account.email_changed: "changed the address",
    account.email_removed: "removed an address",
    mfa.authenticator_added: "turned on a second factor",
    mfa.authenticator_removed: "turned off a second factor",
    mfa.authenticator_reset: "made new recovery codes",
}


@receiver(list(NOTED), dispatch_uid="accounts.noting")
def note(sender: object, signal: Signal, request: HttpRequest | None = None, user: Any = None, **more: object) -> None:
    if user is not None:  # somebody without a session may sign out, too
        log.info("Person %s %s, from %s", user.pk, NOTED[signal], client_address(request) if request else "here")
