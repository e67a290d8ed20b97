"""What nobody may take as a password because this place suggests it."""

from __future__ import annotations

import re

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.roles import Role

# Whoever guesses at this installation begins with these; docs/security.md names them.
WORDS = (
    settings.SITE_NAME.lower(), "cutscore", "cut", "score", "password", "passwort", "passphrase", "welcome", "letmein",
    "exam", "exams", "mock", "practice", "test", "question", "questions", "certification", "certified", "candidate",
    "admin", "administrator", "staff", "student", "teacher", "aws", "mla", "mls", "c01", "c02", *Role.values,
)  # fmt: skip
LEFT_OVER = 6  # letters and digits that must be the person's own


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
