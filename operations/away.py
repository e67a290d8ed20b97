"""Doing without Redis while it is away: what is only kept for convenience must not fail a request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from redis import RedisError

T = TypeVar("T")

logger = logging.getLogger(__name__)


def unless_away(call: Callable[[], T], otherwise: T) -> T:
    """What the call to the cache gives, or `otherwise` when Redis does not answer."""
    try:
        return call()
    except RedisError as error:
        logger.warning("The cache does not answer: %s", type(error).__name__)
        return otherwise
