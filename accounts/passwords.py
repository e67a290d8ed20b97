"""What nobody may take as a password: what everybody takes, and what this place suggests."""

from __future__ import annotations

import re

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from accounts.roles import Role

# Whoever guesses at this installation begins with these; docs/security.md names them.
WORDS = (
    settings.SITE_NAME.lower(), "cutscore", "cut", "score", "password", "passwort", "passphrase", "welcome", "letmein",
    "exam", "exams", "mock", "practice", "test", "question", "questions", "certification", "certified", "candidate",
    "admin", "administrator", "staff", "student", "teacher", "aws", "mla", "mls", "c01", "c02", *Role.values,
)  # fmt: skip
LEFT_OVER = 6  # letters and digits that must be the person's own
ADDED = 8  # figures and signs around a common password that make it no better


class CommonPasswordValidator(password_validation.CommonPasswordValidator):
    """Django's list of 20,000, of which few are as long as ours must be, and what people make of them to get there:
    the same twice, or with figures and signs around it."""

    def validate(self, password: str, user: object = None) -> None:
        typed = password.lower().strip()
        bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", typed)
        halves = (bare[: len(bare) // 2], bare[len(bare) // 2 :])
        half = halves[0] if halves[0] == halves[1] else bare
        if typed in self.passwords or (len(typed) - len(bare) <= ADDED and not {bare, half}.isdisjoint(self.passwords)):
            raise ValidationError("This is a password that many people have, or one with little added.", "common")

    def get_help_text(self) -> str:
        return "Your password must not be one that many people have, with something added or not."


class OwnWordsValidator:
    """Refuses passwords that are little more than our own words with some figures."""

    def validate(self, password: str, user: object = None) -> None:
        typed = password.lower()
        for read in (typed, typed.translate(str.maketrans("@$!013457", "asioieast"))):
            plain = re.sub(r"[\W_]+", "", read)
            rest = re.sub("|".join(sorted(map(re.escape, WORDS), key=len, reverse=True)), "", plain)
            if rest != plain and len(re.sub(r"\d", "", rest)) < LEFT_OVER:
                raise ValidationError("This is made of words that everybody here would try first.", "own_words")

    def get_help_text(self) -> str:
        return "Your password must be more than words of this site."
