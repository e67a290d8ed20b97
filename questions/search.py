"""Finding questions by their words: what is kept of a wording, and what an author's input asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db import connection

LONGEST = 400  # characters of input that are read; nobody types more, and hostile input ends here
MOST_WORDS = 16
LONGEST_WORD = 64

# What tells one state of a wording from the next: a draft has no digest yet, but each save of it has a number.
STATE = "r.digest || ':' || r.lock_version"

# Both sides cut their text into runs of letters and digits, or PostgreSQL's parser would take "model.fit" for a host
# and find neither of its words. The English stems find "embedding" by "embed"; the plain words beside them find it by
# "embeddi", which somebody who is still typing has got to and which is no stem of anything.
REFRESH = rf"""
    INSERT INTO questions_searchentry (revision_id, digest, vector)
    SELECT r.id, {STATE},
           setweight(to_tsvector('simple', words.ids), 'A')
           || setweight(to_tsvector('english', words.stem) || to_tsvector('simple', words.stem), 'A')
           || setweight(to_tsvector('english', words.options) || to_tsvector('simple', words.options), 'B')
           || setweight(to_tsvector('english', words.reasons) || to_tsvector('simple', words.reasons), 'D')
    FROM questions_revision r
    JOIN questions_question q ON q.id = r.question_id
    LEFT JOIN LATERAL (
        SELECT string_agg(text, ' ' ORDER BY number) AS texts, string_agg(rationale, ' ' ORDER BY number) AS reasons
        FROM questions_option WHERE revision_id = r.id
    ) o ON true
    LEFT JOIN LATERAL (
        SELECT string_agg(text, ' ' ORDER BY number) AS texts, string_agg(rationale, ' ' ORDER BY number) AS reasons
        FROM questions_prompt WHERE revision_id = r.id
    ) p ON true
    CROSS JOIN LATERAL (
        SELECT regexp_replace(q.public_id, '[^[:alnum:]]+', ' ', 'g') AS ids,
               regexp_replace(r.stem, '[^[:alnum:]]+', ' ', 'g') AS stem,
               regexp_replace(concat_ws(' ', p.texts, o.texts), '[^[:alnum:]]+', ' ', 'g') AS options,
               regexp_replace(concat_ws(' ', p.reasons, o.reasons), '[^[:alnum:]]+', ' ', 'g') AS reasons
    ) words
    WHERE r.id = ANY(%s)
    ON CONFLICT (revision_id) DO UPDATE SET digest = excluded.digest, vector = excluded.vector
"""

STALE = f"""
    SELECT r.id FROM questions_revision r LEFT JOIN questions_searchentry e ON e.revision_id = r.id
    WHERE e.digest IS DISTINCT FROM {STATE} ORDER BY r.id LIMIT %s
"""


def refresh(*, revision_ids: Sequence[int]) -> int:
    """Read the words of these revisions anew, in one statement; returns how many were written.

    For whatever writes a wording: call it in the same transaction, after the options and prompts are written.
    """
    if not revision_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(REFRESH, [list(revision_ids)])
        written: int = cursor.rowcount
    return written


def refresh_stale(*, limit: int = 500) -> int:
    """Catch up with wordings that somebody wrote without `refresh`: no entry, or one of another digest.

    At most `limit` at a time, so that a round of due work stays short. Returns how many were written.
    """
    with connection.cursor() as cursor:
        cursor.execute(STALE, [limit])
        stale = [pk for (pk,) in cursor.fetchall()]
    return refresh(revision_ids=stale)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody searches for: `text` as it is shown again, its words in order, and its parts between spaces.

    Words hold letters and digits only, so that nothing in them can be an operator of a text query. Parts may hold
    anything; they are looked for in public ids as they stand.
    """

    text: str
    words: tuple[str, ...]
    parts: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.parts)


def asked(text: str) -> Asked:
    """Read any input: control characters are spaces, and what is too long ends early."""
    shown = " ".join("".join(one if one.isprintable() else " " for one in text[:LONGEST]).split())
    runs = ("".join(run) for alnum, run in groupby(shown, str.isalnum) if alnum)
    words = tuple(dict.fromkeys(run[:LONGEST_WORD].lower() for run in runs))[:MOST_WORDS]
    return Asked(shown, words, tuple(shown.lower().split()[:MOST_WORDS]))


def query_of(words: Sequence[str]) -> tuple[str, dict[str, str]]:
    """A tsquery that all words must begin something of, as an SQL expression, and its parameters; `words` from `asked`.

    ("drift", "policy") -> drift:* && (polici:* or policy:*); a word that is its own stem is looked for once.
    """
    stem, word = "to_tsquery('english', %(word{0})s)", "to_tsquery('simple', %(word{0})s)"
    one = f"(CASE WHEN {stem} = {word} THEN {word} ELSE {stem} || {word} END)"
    return (
        " && ".join(one.format(place) for place in range(len(words))),
        {f"word{place}": f"'{word}':*" for place, word in enumerate(words)},
    )
