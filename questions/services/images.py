"""Images for questions: kept once each, and removed only while nothing shows them."""

from __future__ import annotations

from django.db import connection, transaction

from accounts.models import User
from questions.images import BadImage, prepare
from questions.mentions import hashes as shown
from questions.models import Image
from questions.models.images import LONGEST_ALT
from questions.pack.loader import LOCK
from questions.services.base import Refused, require_author, said

# Every text that may show an image, drafts and wordings that were superseded included. One pass over the bank.
_TEXTS = """
    SELECT stem AS text FROM questions_revision
    UNION ALL SELECT text FROM questions_option UNION ALL SELECT rationale FROM questions_option
    UNION ALL SELECT text FROM questions_prompt UNION ALL SELECT rationale FROM questions_prompt
    UNION ALL SELECT text FROM questions_scenariorevision
"""
# Addresses may be written with a backslash before their colon, and with any of their signs as an entity. Only a reader
# of Markdown knows what these say.
_ESCAPED = r"(text LIKE '%%![%%' AND text ~ 'image\\:|&#?[[:alnum:]]+;')"


@transaction.atomic
def store(*, content: bytes, alt: str, by: User) -> Image:
    """Keep an image; the same bytes are the same row. `alt` says what it shows. Raises Refused."""
    require_author(by)
    alt = " ".join(said(alt, "words that say what the image shows", LONGEST_ALT).split())
    try:
        prepared = prepare(content)
    except BadImage as bad:
        raise Refused(str(bad)) from bad
    return Image.objects.keep(prepared, alt=alt, by_id=by.pk)


@transaction.atomic
def remove(*, sha256: str, by: User) -> None:
    """Delete an image that no text shows, not even one that was replaced long ago. Raises Refused."""
    require_author(by)
    with connection.cursor() as cursor:  # nothing is published and no pack loaded between the look and the deed
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    if used([sha256]):
        raise Refused("A question shows this image, so it stays.")
    if not Image.objects.filter(pk=sha256).delete()[0]:
        raise Refused("This image has been deleted already.")


def used(hashes: list[str]) -> set[str]:
    """Those of these images that any text shows. One statement; an image that stands in code counts, too."""
    if not hashes:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT found[1], CASE WHEN {_ESCAPED} THEN text END FROM ({_TEXTS}) AS texts"  # constants only
            " LEFT JOIN LATERAL regexp_matches(text, 'image:([0-9a-f]{64})', 'g') AS found ON true"
            f" WHERE text LIKE '%%image:%%' AND found[1] = ANY(%s) OR {_ESCAPED}",
            [hashes],
        )
        rows = cursor.fetchall()
    return set(hashes) & ({plain for plain, _ in rows} | shown(text for _, text in rows if text))
