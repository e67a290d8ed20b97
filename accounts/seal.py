"""Secrets that lie in the database, unreadable without a key that does not: whoever gets hold of a backup has none.

The keys come from SECRET_KEY and SECRET_KEY_FALLBACKS. What is sealed is sealed with the first; what an older one or
none at all has sealed is read as well, and `tidy` seals it anew once a day (accounts/two_factor.py).
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

START = "gAAAA"  # of every Fernet token: its version and a time before 2106; no secret of allauth's begins like this


class UnsealError(Exception):
    """It was sealed with a key that is not here any more."""


def seal(text: str) -> str:
    """`text` as a Fernet token (AES-128-CBC with HMAC-SHA256)."""
    return _keys()[0].encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What `seal` was given; raises UnsealError. What was stored before there were seals is returned as it is."""
    if not sealed.startswith(START):
        return sealed
    try:
        return MultiFernet(_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise UnsealError("SECRET_KEY and SECRET_KEY_FALLBACKS do not open it.") from error


def is_current(sealed: str) -> bool:
    """Whether the first key alone opens it."""
    try:
        return bool(_keys()[0].decrypt(sealed.encode()))
    except InvalidToken:
        return False


def _keys() -> list[Fernet]:
    """The newest first. Each is derived, so that no other use of SECRET_KEY tells anything about it."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = [salted_hmac("accounts.seal", "", secret=secret, algorithm="sha256").digest() for secret in secrets]
    return [Fernet(base64.urlsafe_b64encode(key)) for key in derived]
