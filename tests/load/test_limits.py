"""Limits on guesses, counted over the web processes of a real stack, and by guesses that arrive at the same moment."""

from __future__ import annotations

import http.client
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urlencode

import psycopg
import pytest
import redis
from django.contrib.auth.hashers import make_password

from deploy.asking import HOST
from tests.load import people

pytestmark = [pytest.mark.redis, pytest.mark.proxy]

LIMIT = 5  # RATE_LIMIT_ACCOUNT in .env.example
AT_ONCE = 16
PASSWORD = "correct horse battery staple"
TOKEN = "a" * 32


class Guesser:
    """Somebody at an address of their own, who asks each web process in turn past the proxy."""

    def __init__(self, stack, person=None):
        self.stack, self.person = stack, person
        self.address = f"198.51.{secrets.randbelow(100) + 100}.{secrets.randbelow(250) + 1}"
        self.asked = 0

    def ask(self, method, path, fields=None, *, at=None):
        """The status of the answer. As the proxy would hand the request on."""
        self.asked += 1
        ports = list(self.stack.web_ports.values())
        cookies = f"csrftoken={TOKEN}" + (f"; sessionid={self.person.cookie}" if self.person else "")
        headers = {
            "Host": HOST, "Cookie": cookies, "X-Forwarded-For": f"10.9.9.9, {self.address}",
            "X-Forwarded-Proto": "https", "Origin": self.stack.url, "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        connection = http.client.HTTPConnection(
            HOST, ports[(self.asked if at is None else at) % len(ports)], timeout=120
        )
        try:
            body = urlencode({**fields, "csrfmiddlewaretoken": TOKEN}) if fields else None
            connection.request(method, path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def sign_in(self, email, password, **more):
        return self.ask("POST", "/account/login/", {"login": email, "password": password}, **more)

    def join(self, **more):
        return self.ask("GET", f"/join/{secrets.token_hex(4).upper()}/", **more)


def at_once(act):
    """What so many calls answer that begin at one moment."""
    start = Barrier(AT_ONCE)

    def one(number):
        start.wait(60)
        return act(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(one, range(AT_ONCE)))


@pytest.fixture
def person(stack):
    (made,) = people.make_people(stack.database_url, (stack.folder / "secrets" / "secret_key").read_text(), 1)
    return made


@pytest.fixture
def account(stack, person):
    """The address of somebody who can sign in with PASSWORD."""
    with psycopg.connect(stack.database_url) as connection:
        changed = connection.execute(
            "UPDATE accounts_user SET password = %s WHERE id = %s RETURNING email",
            [make_password(PASSWORD), person.user],
        )
        ((email,),) = changed.fetchall()
        connection.execute(
            'INSERT INTO account_emailaddress (email, verified, "primary", user_id) VALUES (%s, true, true, %s)',
            [email, person.user],
        )
    return email


def test_guesses_at_a_password_are_counted_over_all_processes(stack, account):
    guesser = Guesser(stack)
    assert len(stack.web) > 1
    assert [guesser.sign_in(account, "wrong") for _ in range(LIMIT)] == [200] * LIMIT
    for number in range(len(stack.web)):
        assert guesser.sign_in(account, PASSWORD, at=number) == 429  # even the right one, wherever it is tried
    assert Guesser(stack).sign_in(account, PASSWORD) == 302  # whose account it is signs in from elsewhere


def test_guesses_at_a_password_that_arrive_at_once_do_not_slip_through(stack, account):
    guesser = Guesser(stack)
    found = at_once(lambda number: guesser.sign_in(account, f"wrong {number}", at=number))
    assert found == {200: LIMIT, 429: AT_ONCE - LIMIT}


def test_guesses_at_join_codes_are_counted_over_all_processes(stack, person):
    guesser = Guesser(stack, person)
    assert [guesser.join() for _ in range(LIMIT)] == [404] * LIMIT
    assert [guesser.join(at=number) for number in range(len(stack.web))] == [429] * len(stack.web)


def test_guesses_at_join_codes_that_arrive_at_once_do_not_slip_through(stack, person):
    guesser = Guesser(stack, person)
    assert at_once(lambda number: guesser.join(at=number)) == {404: LIMIT, 429: AT_ONCE - LIMIT}


def test_what_the_client_says_of_its_address_changes_nothing(stack, account):
    """Only the entry that the proxy adds counts; before it anybody may write what they like."""
    guesser = Guesser(stack)
    real = guesser.address
    for number in range(LIMIT):
        guesser.address = f"203.0.113.{number + 1}, {real}"
        assert guesser.sign_in(account, "wrong") == 200
    guesser.address = f"203.0.113.99, {real}"
    assert guesser.sign_in(account, "wrong") == 429


def test_a_flushed_redis_gives_each_attempt_back_once_and_counts_on(stack, account):
    """ADR 0012: nothing else is lost, and whoever cannot flush it gains nothing."""
    guesser = Guesser(stack)
    first = [guesser.sign_in(account, "wrong") for _ in range(LIMIT + 1)]
    redis.from_url(stack.redis_url).flushall()
    second = [guesser.sign_in(account, "wrong") for _ in range(LIMIT + 1)]
    assert first == second == [200] * LIMIT + [429]
