"""Keep the garbage collector out of requests."""

from __future__ import annotations

import gc

from django.urls import get_resolver


def settle() -> None:
    """Load every view and take all that is in memory by now out of the collector's sight; it stays until the end.

    A full collection walks through every object, modules and classes included, which takes 100 to 200 ms in a web
    process, and happens in the middle of somebody's request. Afterwards it walks through what requests leave behind.
    """
    get_resolver().url_patterns  # noqa: B018 - reading it imports the views
    gc.collect()
    gc.freeze()
