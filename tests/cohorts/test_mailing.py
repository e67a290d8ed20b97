"""Mails of invitations: each at most once, failures kept and tried again, nothing held while the server is slow."""

from __future__ import annotations

import datetime as dt
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import ClassVar

import pytest
from django.conf import settings as live
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import call_command
from django.db import connection, connections
from django.urls import resolve, reverse
from django.utils import timezone

from cohorts import tasks
from cohorts.models import Cohort, Invitation
from cohorts.services import mailing
from tests.cohorts.factories import HOUR, a_cohort, an_instructor

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


class Server(BaseEmailBackend):
    """A mail server that behaves as a test wants it to; it keeps what it took."""

    taken: ClassVar[list[str]] = []
    down = False
    refuses: ClassVar[set[str]] = set()
    drops: ClassVar[set[str]] = set()
    gate: threading.Event | None = None
    in_transaction: ClassVar[list[bool]] = []

    def open(self) -> bool:
        if Server.down:
            raise ConnectionRefusedError("nobody listens")
        return True

    def send_messages(self, messages):
        for message in messages:
            (address,) = message.to
            Server.in_transaction.append(connection.in_atomic_block)
            if Server.gate:
                Server.gate.wait(10)
            if address in Server.refuses:
                raise SMTPRecipientsRefused({address: (550, b"no such user")})
            if address in Server.drops:
                raise SMTPServerDisconnected("gone")
            Server.taken.append(address)
        return len(messages)


@pytest.fixture
def server(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    Server.taken, Server.refuses, Server.drops = [], set(), set()
    Server.down, Server.gate, Server.in_transaction = False, None, []
    return Server


@pytest.fixture
def cohort(exam):
    return a_cohort(exam, an_instructor(display_name="Olga Owner"), name="Autumn & friends")


def invite(cohort, *names, **fields):
    now = timezone.now()
    return [
        Invitation.objects.create(
            cohort=cohort, email=f"{name}@example.org", **{"invited_at": now, "expires_at": now + 24 * HOUR, **fields}
        )
        for name in names
    ]


def send(after=dt.timedelta(0), **more):
    return mailing.send_due(now=timezone.now() + after, **more)


def test_the_mail_says_who_invites_to_what_and_until_when(cohort, mailoutbox, settings):
    settings.SITE_URL = "https://exam.example.org/"
    (invitation,) = invite(cohort, "ann", name="Ann")
    assert send() == 1
    (message,) = mailoutbox
    assert (message.to, message.subject) == (["ann@example.org"], "Invitation to Autumn & friends")
    for told in ("Hello Ann,", "Olga Owner", "“Autumn & friends”", cohort.exam.code, f"{invitation.expires_at:%B %Y}"):
        assert told in message.body
    link = next(line for line in message.body.splitlines() if line.startswith("https://exam.example.org/"))
    assert resolve(link.removeprefix("https://exam.example.org")).kwargs == {"code": invitation.code}
    invitation.refresh_from_db()
    assert invitation.sent_at
    assert (invitation.tries, invitation.problem) == (1, "")


def test_nothing_is_sent_twice(cohort, mailoutbox):
    invite(cohort, "ann", "bo")
    assert [send(), send(), send(HOUR)] == [2, 0, 0]
    assert len(mailoutbox) == 2


def test_mails_go_in_batches_the_longest_waiting_first(cohort, server):
    invite(cohort, "second")
    invite(cohort, "first", invited_at=timezone.now() - HOUR)
    assert [send(batch=1), send(batch=1), send(batch=1)] == [1, 1, 0]
    assert server.taken == ["first@example.org", "second@example.org"]


@pytest.mark.parametrize(
    "fields", [{"expires_at": timezone.now() - HOUR}, {"accepted_at": timezone.now()}, {"problem": mailing.INTERRUPTED}]
)
def test_what_no_longer_holds_or_may_have_arrived_is_not_sent(cohort, server, fields):
    invite(cohort, "ann", **fields)
    assert send() == 0


def test_an_archived_cohort_sends_nothing(cohort, server):
    invite(cohort, "ann")
    Cohort.objects.update(archived_at=timezone.now())
    assert send() == 0


def test_a_server_that_is_away_is_tried_again_later_and_then_no_more(cohort, server):
    (invitation,) = invite(cohort, "ann")
    server.down = True
    assert send() == 0
    invitation.refresh_from_db()
    assert (invitation.tries, invitation.problem, invitation.sent_at) == (1, mailing.UNREACHABLE, None)
    assert send() == 0  # not yet due again
    invitation.refresh_from_db()
    assert invitation.tries == 1
    server.down = False
    assert send(3 * MINUTE) == 1
    (other,) = invite(cohort, "bo")
    server.down = True
    for _ in range(8):
        send(7 * HOUR)
    other.refresh_from_db()
    assert other.tries == len(mailing.WAITS)


def test_a_refused_address_stands_alone_and_is_not_tried_again(cohort, server):
    invite(cohort, "ann", "bad", "zoe")
    server.refuses = {"bad@example.org"}
    assert send() == 2
    bad = Invitation.objects.get(email="bad@example.org")
    assert (bad.problem, bad.sent_at) == (mailing.REFUSED, None)
    assert send(12 * HOUR) == 0
    assert server.taken == ["ann@example.org", "zoe@example.org"]


def test_a_connection_that_breaks_leaves_the_others_untried(cohort, server):
    invite(cohort, "ann", "breaks", "zoe")
    server.drops = {"breaks@example.org"}
    assert send() == 1
    states = {one.email.partition("@")[0]: (one.tries, one.problem) for one in Invitation.objects.all()}
    assert states == {"ann": (1, ""), "breaks": (1, mailing.FAILED), "zoe": (0, "")}
    assert send() == 1
    assert server.taken == ["ann@example.org", "zoe@example.org"]


def test_a_process_that_dies_while_sending_leaves_the_truth(cohort, server, monkeypatch):
    (invitation,) = invite(cohort, "ann")

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "send_messages", die)
    with pytest.raises(KeyboardInterrupt):
        send()
    invitation.refresh_from_db()
    assert (invitation.problem, invitation.sent_at) == (mailing.INTERRUPTED, None)
    monkeypatch.undo()
    assert send(12 * HOUR) == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_work_and_hold_no_transaction(exam, server):
    cohort = a_cohort(exam)
    invite(cohort, *(f"p{number}" for number in range(10)))
    server.gate = threading.Event()

    def work(_):
        try:
            return send(batch=5)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        results = pool.map(work, range(2))
        # While both wait for the mail server, an instructor's act on the same rows goes through.
        while Invitation.objects.filter(problem=mailing.INTERRUPTED).count() < 10:
            threading.Event().wait(0.02)
        assert Invitation.objects.filter(email="p1@example.org").update(name="Changed") == 1
        server.gate.set()
        assert list(results) == [5, 5]
    assert len(set(server.taken)) == len(server.taken) == 10
    assert not any(server.in_transaction)


def test_a_batch_costs_a_constant_number_of_statements_before_the_first_mail(cohort, server, django_assert_num_queries):
    invite(cohort, "a")
    with django_assert_num_queries(6):  # claiming in a savepoint, the owners' names, one for each mail
        send()
    invite(cohort, "b", "c", "d")
    with django_assert_num_queries(8):
        send()


def test_a_line_break_in_a_name_makes_no_header(exam, mailoutbox):
    cohort = a_cohort(exam, name="Autumn\nBcc: x@example.org")
    invite(cohort, "ann")
    assert send() == 1
    assert mailoutbox[0].subject == "Invitation to Autumn Bcc: x@example.org"


def test_celery_and_tick_send_them(cohort, mailoutbox):
    assert live.CELERY_BEAT_SCHEDULE["invitations"]["task"] == tasks.send_invitations.name
    invite(cohort, "ann")
    out = StringIO()
    call_command("tick", once=True, json=True, stdout=out)
    assert json.loads(out.getvalue())
    assert [message.to for message in mailoutbox] == [["ann@example.org"]]
    invite(cohort, "bo")
    assert tasks.send_invitations() == 1
    assert reverse("join") in "/join/"
