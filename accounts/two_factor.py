"""How allauth's second factor behaves here: its secrets are sealed, and a code counts once.

Apart from adapter.py, because this one needs the models.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import transaction

from accounts.models import User
from accounts.seal import UnsealError, is_current, seal, unseal

STEP = "step"  # in an authenticator's data: the newest half minute whose code was accepted
SEALED = ("secret", "seed")  # what allauth keeps in its data through `encrypt`

log = logging.getLogger(__name__)


class TwoFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": "Turn on two-factor authentication first.",
        "incorrect_code": "This code is not right, or it was used before.",
        "unverified_email": "Confirm your e-mail address first.",
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)


@transaction.atomic
def accept(*, user: User, code: str) -> Authenticator | None:
    """The authenticator that takes this code, now and never again; None when there is none.

    Remembered with the authenticator and not in the cache, which may be lost: RFC 6238, 5.2, lets a code count once.
    """
    # Locked: of two who send the same code at the same moment, one is refused.
    for authenticator in Authenticator.objects.select_for_update().filter(user=user).order_by("pk"):
        try:
            if _takes(authenticator, code):
                return authenticator
        except UnsealError as error:
            log.error("The second factor of person %s cannot be read. %s", user.pk, error)
    return None


def _takes(authenticator: Authenticator, code: str) -> bool:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        return bool(RecoveryCodes(authenticator).validate_code(code))
    secret = unseal(authenticator.data["secret"])
    for step in yield_hotp_counters_from_time():
        expected = format_hotp_value(hotp_value(secret, step))
        if step > authenticator.data.get(STEP, 0) and compare_user_code(actual=code, expected=expected):
            authenticator.data[STEP] = step
            authenticator.save(update_fields=["data"])
            return True
    return False


@transaction.atomic
def use_up(*, user: User) -> None:
    """Let no code of now or before count: one of them has just turned the authenticator on."""
    for authenticator in Authenticator.objects.select_for_update().filter(user=user, type=Authenticator.Type.TOTP):
        authenticator.data[STEP] = int(time.time()) // app_settings.TOTP_PERIOD
        authenticator.save(update_fields=["data"])


# ---- when SECRET_KEY has changed ---------------------------------------------------------------------------------


def stale() -> int:
    """How many authenticators the newest key does not open."""
    return sum(1 for _ in _stale())


def unreadable() -> int:
    """How many authenticators no key opens."""
    return sum(not _is_readable(authenticator) for authenticator in _stale())


def reseal() -> int:
    """Seal with the newest key what it does not open yet; returns how many authenticators. Twice is once."""
    return sum(_reseal(authenticator.pk) for authenticator in _stale())


def _stale() -> Iterator[Authenticator]:
    for authenticator in Authenticator.objects.order_by("pk").iterator():
        if not all(is_current(authenticator.data[name]) for name in SEALED if name in authenticator.data):
            yield authenticator


def _is_readable(authenticator: Authenticator) -> bool:
    try:
        for name in SEALED:
            unseal(authenticator.data.get(name, ""))
    except UnsealError:
        return False
    return True


@transaction.atomic
def _reseal(pk: int) -> bool:
    authenticator = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if authenticator is None or not _is_readable(authenticator):
        return False
    for name in SEALED:
        if name in authenticator.data:
            authenticator.data[name] = seal(unseal(authenticator.data[name]))
    authenticator.save(update_fields=["data"])
    return True
