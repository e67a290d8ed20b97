from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import connection
from django.test import RequestFactory

from accounts import ratelimit
from accounts.ratelimit import Bucket, Rate, guess, parse, spend

NOON = "2026-11-21T12:00:00Z"


def request(address="192.0.2.1"):
    made = RequestFactory().post("/", REMOTE_ADDR=address)
    made.user = AnonymousUser()
    return made


def blocked(account="anna@example.com", address="192.0.2.1", action="password"):
    try:
        spend(request(address), action=action, account=account)
    except ImmediateHttpResponse as answer:
        return answer.response
    return None


@pytest.mark.parametrize(("text", "rate"), [("5/5m", Rate(5, 300)), ("600/h", Rate(600, 3600)), ("1/30s", Rate(1, 30))])
def test_parse(text, rate):
    assert parse(text) == rate


@pytest.mark.parametrize("text", ["", "5", "5/m/ip", "0/5m", "five/5m", "5/5w"])
def test_parse_refuses(text):
    with pytest.raises(ImproperlyConfigured):
        parse(text)


def test_bucket_frees_a_place_when_the_oldest_attempt_leaves(db):
    bucket = Bucket("test", Rate(2, 60))
    with time_machine.travel(NOON, tick=False) as clock:
        assert bucket.take() == 0
        clock.shift(10)
        assert [bucket.take(), bucket.take()] == [0, 50]
        clock.shift(49)
        assert bucket.take() == 1
        clock.shift(1)
        assert [bucket.take(), bucket.take()] == [0, 10]


def test_given_back_attempts_do_not_count(db):
    bucket = Bucket("test", Rate(1, 60))
    assert bucket.take() == 0
    bucket.give_back()
    assert bucket.take() == 0


def test_blocks_account_and_address_together(db):
    assert [blocked() for _ in range(5)] == [None] * 5
    response = blocked()
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 300
    assert "no-store" in response["Cache-Control"]
    assert "try again in 5 minutes" in response.content.decode()
    assert blocked(account=" ANNA@example.com").status_code == 429


def test_nobody_is_locked_out_from_elsewhere(db):
    for _ in range(6):
        blocked()
    assert blocked(address="192.0.2.2") is None
    assert blocked(account="neighbour@example.com") is None
    assert blocked(action="reset") is None


def test_ceiling_per_address(db, settings):
    settings.RATE_LIMIT_ADDRESS = "7/5m"
    assert [blocked(account=f"{n}@example.com") for n in range(7)] == [None] * 7
    assert blocked(account="eighth@example.com").status_code == 429
    assert blocked(account="eighth@example.com", address="192.0.2.2") is None


def test_blocked_account_leaves_the_ceiling_to_its_neighbours(db, settings):
    settings.RATE_LIMIT_ADDRESS = "7/5m"
    for _ in range(20):
        blocked()
    assert blocked(account="neighbour@example.com") is None


def test_codes_have_a_ceiling_from_everywhere(db, settings):
    settings.RATE_LIMIT_ACCOUNT = "1/5m"
    allowed = [blocked(action="code", address=f"192.0.2.{n}") is None for n in range(12)]
    assert allowed == [True] * ratelimit.CODE_CEILING + [False] * 2


def test_ipv6_customers_cannot_change_address_inside_their_network(db):
    for n in range(5):
        blocked(address=f"2001:db8::{n + 1}")
    assert blocked(address="2001:db8::99").status_code == 429


def test_guess_counts_failures_only(db):
    for _ in range(9):
        with guess(request(), action="password", account="anna@example.com"):
            pass
    for _ in range(5):
        with pytest.raises(ValidationError), guess(request(), action="password", account="anna@example.com"):
            raise ValidationError("wrong")
    assert blocked().status_code == 429


def attempts_at_once(count):
    """How many of `count` simultaneous attempts on one bucket of five are let through."""

    def attempt(_):
        try:
            return Bucket("at once", Rate(5, 60)).take() == 0
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(attempt, range(count)))


@pytest.mark.django_db(transaction=True)
def test_simultaneous_attempts_are_counted_one_by_one():
    try:
        assert attempts_at_once(24) == 5
    finally:
        cache.clear()


@pytest.fixture
def redis_cache(settings, tmp_path):
    socket = tmp_path / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    while not socket.exists():
        time.sleep(0.02)
    url = f"unix://{socket}"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}}
    yield server
    server.terminate()
    server.wait()


@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_simultaneous_attempts_with_redis(redis_cache):
    assert attempts_at_once(24) == 5


@pytest.mark.redis
def test_signing_in_outlives_redis(db, redis_cache, caplog):
    attempt = spend(request(), action="password", account="anna@example.com")
    redis_cache.terminate()
    redis_cache.wait()
    attempt.give_back()
    assert blocked() is None
    assert "Rate limits are off" in caplog.text
