"""Who else has a draft open just now. In the cache only: it is a courtesy, and nothing depends on it."""

from __future__ import annotations

import datetime as dt

from django.core.cache import cache

from accounts.models import User
from operations.away import unless_away

HERE = 60  # seconds without a sign after which somebody counts as gone; pages give one every 20
MOST = 20  # people who are kept in mind

People = dict[int, tuple[str, float]]  # name and time of the last sign, by user id


def here(revision: int, *, who: User, now: dt.datetime) -> list[str]:
    """Say that this person has the draft open; returns the names of the others, by name."""
    name, at = f"studio:{revision}", now.timestamp()
    known: People = unless_away(lambda: cache.get(name) or {}, {})
    others = {pk: seen for pk, seen in known.items() if pk != who.pk and at - seen[1] < HERE}
    kept = dict(sorted(others.items(), key=lambda item: -item[1][1])[: MOST - 1])
    mine = {who.pk: (who.get_full_name(), at)}
    unless_away(lambda: cache.set(name, kept | mine, HERE), None)
    return sorted(seen[0] for seen in others.values())
