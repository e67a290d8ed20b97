"""Identifiers for what comes without a good one."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from questions.ids import PUBLIC_ID, RESERVED

LONGEST = 61
HASH = 8
LONGEST_TAG = 40
NOT_IN_IDS = re.compile(r"[^a-z0-9.]+")


def fingerprint(*texts: str) -> str:
    return hashlib.sha256("\x1f".join(texts).encode("utf-8", "replace")).hexdigest()[:HASH]


def slug(text: str) -> str:
    """The letters and digits of a text in small letters, everything else as hyphens; may be empty."""
    return NOT_IN_IDS.sub("-", text.lower()).strip("-.")


def tag(text: str) -> str:
    """The text as a tag of a question: at most 40 small letters, digits and hyphens; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")[:LONGEST_TAG].rstrip("-")


def public_id(identifier: str) -> str:
    """A valid public id for an identifier: the identifier itself where it may be one, else a slug with a fingerprint.

    The fingerprint keeps identifiers apart that differ only in what a slug leaves out.
    """
    if PUBLIC_ID.fullmatch(identifier) and identifier not in RESERVED:
        return identifier
    stem = slug(identifier)[: LONGEST - HASH - 1].rstrip("-.") or "question"
    return f"{stem}-{fingerprint(identifier)}"


class Names:
    """Gives the questions of one file identifiers that are unique in it and the same at every reading."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}  # the number given last to a name that many want

    def claim(self, given: str, *, title: str = "", text: str = "") -> str:
        """The given identifier, or one made from title and text.

        Titles such as "Question 1" stand in many files for many questions, so the text is always part of a made one.
        """
        name = given.strip() or f"{slug(title)[:40].rstrip('-.') or 'question'}-{fingerprint(title, text)}"
        unique, number = name, self._last.get(name, 1)
        while unique in self._taken:
            number += 1
            unique = f"{name}-{number}"
        self._last[name] = number
        self._taken.add(unique)
        return unique
