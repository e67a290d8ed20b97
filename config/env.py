"""Typed reads of the environment that fail loudly: a misspelt value stops the start, never changes it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """The variable, or the content of the file that NAME_FILE points to (how containers hand over secrets).

    An empty variable is one that is not set: that is how compose hands over what nobody filled in.
    """
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ImproperlyConfigured(f"{name}_FILE points to {path}, which cannot be read: {why}") from error
    return os.environ.get(name) or default


def flag(name: str, default: bool) -> bool:
    value = text(name).strip().lower()
    if not value:
        return default
    if value in TRUE | FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name} must be one of true, false, not {value!r}")


def number(name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
    value = text(name).strip()
    if not value:
        return default
    if (
        not re.fullmatch(r"-?[0-9]{1,18}", value)
        or int(value) < minimum
        or (maximum is not None and int(value) > maximum)
    ):
        wanted = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise ImproperlyConfigured(f"{name} must be a whole number {wanted}, not {value!r}")
    return int(value)


def share(name: str, default: float) -> float:
    """A part of a whole, written as a decimal above 0 and at most 1."""
    value = text(name).strip()
    if not value:
        return default
    if not re.fullmatch(r"[01]?\.[0-9]{1,6}|1", value) or not 0 < float(value) <= 1:
        raise ImproperlyConfigured(f"{name} must be a decimal above 0 and at most 1, not {value!r}")
    return float(value)


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    """One of the words in `allowed`, spelt in any case."""
    value = text(name).strip()
    if not value:
        return default
    for word in allowed:
        if word.casefold() == value.casefold():
            return word
    raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def url(name: str, *, schemes: Collection[str]) -> str:
    """An address with one of the schemes, or "" when there is none. It may hold a password, so it is never shown."""
    value = text(name).strip()
    starts = [f"{scheme}:" if scheme == "mailto" else f"{scheme}://" for scheme in schemes]
    if value and not value.startswith(tuple(starts)):
        raise ImproperlyConfigured(f"{name} must start with {' or '.join(starts)}")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def hosts(name: str, default: str = "") -> list[str]:
    """A comma-separated list of host names; an address in their place would match no request."""
    found = words(name, default)
    for host in found:
        if "/" in host or " " in host:
            raise ImproperlyConfigured(f"{name} holds host names without scheme and path, not {host!r}")
    return found
