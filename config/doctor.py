"""What is wrong with an installation, in sentences that say what to do. Nothing here changes anything."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.cache import cache
from django.core.mail import get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from redis import Redis, RedisError

from config.observing.metrics import QUEUE
from exams.models import Form, Sitting
from questions.models import Exam

OLDEST = 16  # major version of PostgreSQL
SKEW = dt.timedelta(seconds=2)  # between two hosts; answers are timed to the second
LAG = dt.timedelta(seconds=60)
FREE_BYTES = 1_000_000_000


class State(StrEnum):
    FINE = "fine"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    says: str


Clock = Callable[[], dt.datetime]  # this host's


def fine(what: str, says: str) -> Finding:
    return Finding(what, State.FINE, says)


def examine(clock: Clock = timezone.now) -> list[Finding]:
    """Look at everything; without a database only at what needs none."""
    found = [*_settings(), *_disk(), *_queue(clock), *_mail()]
    try:
        connection.ensure_connection()
    except Error as error:
        says = f"The database does not answer: {str(error).strip().splitlines()[0]}. Check DATABASE_URL and the server."
        return [Finding("database", State.FAULT, says), *found]
    needed = [*_database(clock), *_tables()]
    if all(finding.state is not State.FAULT for finding in needed):
        needed += [*_cache(), *_sweep(clock()), *_forms()]
    return [*needed, *found]


def _database(clock: Clock) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT clock_timestamp(), current_setting('server_version_num')::int / 10000,"
            " current_setting('server_encoding'), current_setting('max_connections')"
        )
        here = clock()
        its_time, major, encoding, most = cursor.fetchone()
    if major < OLDEST:
        yield Finding("database", State.FAULT, f"PostgreSQL {major} is too old; {OLDEST} or newer is needed.")
    elif encoding != "UTF8":
        yield Finding("database", State.FAULT, f"The database is encoded in {encoding}; make it anew in UTF8.")
    else:
        yield fine("database", f"PostgreSQL {major} answers and takes {most} connections.")
    yield _skew("database clock", its_time - here)


def _skew(what: str, skew: dt.timedelta) -> Finding:
    seconds = abs(skew.total_seconds())
    if seconds <= SKEW.total_seconds():
        return fine(what, f"It agrees with this host's to {seconds:.1f} s.")
    ahead = "ahead of" if skew > dt.timedelta(0) else "behind"
    says = f"It is {seconds:.0f} s {ahead} this host's. Run a time service (NTP) on both; deadlines are this host's."
    return Finding(what, State.FAULT if seconds > 30 else State.WARNING, says)


def _tables() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        says = f"{len(missing)} migrations are not applied, first {missing[0][0]}. Run manage.py migrate."
        yield Finding("tables", State.FAULT, says)
    else:
        yield fine("tables", "Every migration is applied.")


def _cache() -> Iterator[Finding]:
    try:
        mark = secrets.token_hex(8)
        cache.set("doctor", mark, 60)
        kept = cache.get("doctor") == mark
    except Error:
        yield Finding("cache", State.FAULT, "There is no cache table. Run manage.py createcachetable.")
        return
    except RedisError as error:
        yield Finding("cache", State.FAULT, f"The cache does not answer: {error}. Rate limits do not hold without it.")
        return
    if kept:
        yield fine("cache", "It keeps what it is given.")
    else:
        yield Finding("cache", State.WARNING, "It forgets at once. Rate limits do not hold like this.")


def _sweep(now: dt.datetime) -> Iterator[Finding]:
    overdue = Sitting.objects.in_progress().filter(paused_at=None, deadline__lt=now - LAG)
    unclosed = Sitting.objects.filter(state=Sitting.State.ENDED, closes_at__lt=now - LAG)
    late = overdue.count() + unclosed.count()
    if late:
        who = "beat and worker run" if settings.REDIS_URL else "manage.py tick runs"
        says = f"{late} sittings are overdue by a minute or more. See whether {who}, and read their log."
        yield Finding("sweep", State.FAULT, says)
    else:
        yield fine("sweep", "No sitting is overdue.")


def _forms() -> Iterator[Finding]:
    offered = list(Exam.objects.offered())
    if not offered:
        yield Finding("forms", State.WARNING, "No exam is offered. Load packs with manage.py load_pack, or offer one.")
    ready = set(Form.objects.pool().order_by().values_list("exam_id", flat=True).distinct())
    for exam in offered:
        if exam.pk in ready:
            yield fine("forms", f"{exam.code} has forms that stand ready.")
        else:
            says = f"{exam.code} has no form. manage.py assemble {exam.code} --forms 1 says what is missing."
            yield Finding("forms", State.WARNING, says)


def _settings() -> Iterator[Finding]:
    found = checks.run_checks(include_deployment_checks=settings.SECURE)
    loud = [one for one in found if one.level >= checks.WARNING and not one.is_silenced()]
    for one in loud:
        serious = one.level >= checks.ERROR
        yield Finding("settings", State.FAULT if serious else State.WARNING, f"{one.msg} ({one.id})")
    if not loud:
        yield fine("settings", "Django's checks find nothing.")
    if not Path(settings.STATIC_ROOT).is_dir():
        says = "Static files are not collected, so pages have no style. Run manage.py collectstatic."
        yield Finding("static files", State.FAULT, says)


def _disk() -> Iterator[Finding]:
    if not settings.EMBEDDED_POSTGRES:
        return
    free = shutil.disk_usage(settings.BASE_DIR).free
    says = f"{free / 1e9:.1f} GB are free."
    if free < FREE_BYTES:
        yield Finding("disk", State.WARNING, f"{says} Answers cannot be saved on a full disk; make room.")
    else:
        yield fine("disk", says)


def _queue(clock: Clock) -> Iterator[Finding]:
    if not settings.REDIS_URL:
        return
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as redis:
            seconds, micro = redis.time()
            here = clock()
            waiting = int(redis.llen(QUEUE))
            policy = str(redis.config_get("maxmemory-policy").get("maxmemory-policy", ""))
    except RedisError as error:
        says = f"Redis does not answer: {error}. Answers are saved all the same; nothing due is done until it is back."
        yield Finding("queue", State.FAULT, says)
        return
    yield _skew("queue clock", dt.datetime.fromtimestamp(seconds + micro / 1e6, dt.UTC) - here)
    if waiting > 1_000:
        yield Finding("queue", State.WARNING, f"{waiting} tasks wait. Start more workers, or see why they are slow.")
    elif policy.startswith("allkeys"):
        says = f"maxmemory-policy is {policy}, under which Redis drops tasks. Set volatile-lru."
        yield Finding("queue", State.WARNING, says)
    else:
        yield fine("queue", f"Redis answers; {waiting} tasks wait.")


def _mail() -> Iterator[Finding]:
    """Signs in to the mail server and sends nothing."""
    if not settings.EMAIL_HOST:
        state = State.WARNING if settings.SECURE else State.FINE
        yield Finding("mail", state, "No EMAIL_HOST is set, so mail is written to the log instead of being sent.")
        return
    backend = get_connection(timeout=5)
    if not isinstance(backend, EmailBackend):
        return
    try:
        backend.open()
    except (OSError, smtplib.SMTPException) as error:
        says = f"{settings.EMAIL_HOST} does not take our mail: {error}. Check EMAIL_HOST, port, user and password."
        yield Finding("mail", State.FAULT, says)
    else:
        yield fine("mail", f"{settings.EMAIL_HOST} lets us in.")
    finally:
        backend.close()
