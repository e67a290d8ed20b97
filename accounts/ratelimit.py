"""How often something that can be guessed or that sends mail may be tried.

Every attempt is counted on the account *and* the address it comes from, so that nobody can lock a person out from
elsewhere, and on the address alone with a ceiling sized for a school behind one address (settings
RATE_LIMIT_ACCOUNT and RATE_LIMIT_ADDRESS). allauth's own limits know either the account or the address and are
switched off.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache as remember

from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from redis.exceptions import RedisError

from accounts.address import client_address, network

log = logging.getLogger(__name__)

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
# A one-time code has a million values only, so its guesses are counted from everywhere together as well.
CODE_CEILING = 10


@dataclass(frozen=True)
class Rate:
    """`amount` attempts in any `seconds`."""

    amount: int
    seconds: int


@remember
def parse(text: str) -> Rate:
    """Read `5/5m`: five in five minutes (s, m, h or d). Raises ImproperlyConfigured."""
    found = re.fullmatch(r"([1-9]\d*)/(\d*)([smhd])", text.strip())
    if not found:
        raise ImproperlyConfigured(f"A rate limit looks like 5/5m (s, m, h or d), not {text!r}.")
    amount, count, unit = found.groups()
    return Rate(int(amount), int(count or 1) * SECONDS[unit])


@dataclass(frozen=True)
class Bucket:
    """The recent attempts that share one limit, kept in the cache."""

    name: str
    rate: Rate

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(f"{self.name}|{self.rate}".encode()).digest()

    @property
    def key(self) -> str:
        return f"limit:{self.digest.hex()}"

    def take(self) -> float:
        """Count one attempt and return 0, or count nothing and return the seconds until one is free."""
        with self._locked():
            now = time.time()  # after the lock: attempts are counted in the order they get it
            recent = self._recent(now)
            if len(recent) >= self.rate.amount:
                return recent[-self.rate.amount] + self.rate.seconds - now
            self._keep([*recent, now])
        return 0

    def give_back(self) -> None:
        """Uncount the newest attempt."""
        with self._locked():
            self._keep(self._recent(time.time())[:-1])

    def _recent(self, now: float) -> list[float]:
        stamps: list[float] = cache.get(self.key) or []
        return [stamp for stamp in stamps if stamp > now - self.rate.seconds]

    def _keep(self, stamps: list[float]) -> None:
        cache.set(self.key, stamps, self.rate.seconds + 1)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Reading and writing the cache is not one step on either backend; PostgreSQL is always there to queue at.
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(self.digest[:8], signed=True)])
            yield


@dataclass(frozen=True)
class Attempt:
    """One attempt that was counted; given back when it turns out to be no failure."""

    buckets: tuple[Bucket, ...]

    def give_back(self) -> None:
        try:
            for bucket in self.buckets:
                bucket.give_back()
        except RedisError as error:
            log.error("An attempt stays counted, because Redis does not answer: %s", error)


def spend(request: HttpRequest, *, action: str, account: str) -> Attempt:
    """Count one attempt at `action` on `account`; answers 429 (ImmediateHttpResponse) when there were too many.

    Call it outside of transactions: what rolls back is not counted.
    """
    taken: list[Bucket] = []
    for bucket in buckets(action, account.strip().lower(), network(client_address(request))):
        try:
            wait = bucket.take()
        except RedisError as error:  # signing in must outlive Redis
            log.error("Rate limits are off, because Redis does not answer: %s", error)
            break
        if wait:
            log.warning("Too many attempts (%s) from %s", action, client_address(request))
            Attempt(tuple(taken)).give_back()  # a blocked account must not use up its neighbours' ceiling
            raise ImmediateHttpResponse(too_many(request, wait))
        taken.append(bucket)
    return Attempt(tuple(taken))


@contextmanager
def guess(request: HttpRequest, *, action: str, account: str) -> Iterator[None]:
    """Count the block as an attempt unless it succeeds; a ValidationError leaves it counted."""
    attempt = spend(request, action=action, account=account)
    yield
    attempt.give_back()


def buckets(action: str, account: str, address: str) -> list[Bucket]:
    """The limits an attempt falls under, the widest first, so that a blocked address makes no new entries."""
    mine = parse(settings.RATE_LIMIT_ACCOUNT)
    found = [
        Bucket(f"{action}|{address}", parse(settings.RATE_LIMIT_ADDRESS)),
        Bucket(f"{action}|{address}|{account}", mine),
    ]
    if action == "code":
        found.append(Bucket(f"{action}||{account}", Rate(mine.amount * CODE_CEILING, mine.seconds)))
    return found


def too_many(request: HttpRequest, wait: float) -> HttpResponse:
    """The page that says when to try again."""
    response = render(request, "accounts/429.html", {"minutes": math.ceil(wait / 60)}, status=429)
    response["Retry-After"] = str(math.ceil(wait))
    add_never_cache_headers(response)
    return response
