"""What is wrong with an installation, in sentences that say what to do. Nothing here changes anything."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
import smtplib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path

import django
from django.conf import settings
from django.core import checks
from django.core.cache import cache
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from accounts import two_factor
from config.celery import app
from config.observing.metrics import QUEUE
from config.upgrading import unknown_migrations
from config.version import VERSION
from exams.models import Form, Sitting
from operations.control import WALL_TIME
from operations.models import DeadLetter, Heartbeat
from questions.models import Exam

OLDEST = 16  # major version of PostgreSQL
SKEW = dt.timedelta(seconds=2)  # between two hosts; answers are timed to the second
BACKUP_AGE = dt.timedelta(hours=50)  # a daily one that has failed once is noticed
LAG = dt.timedelta(seconds=60)
SILENCE = dt.timedelta(minutes=3)  # of due work, which is begun every 20 seconds
MOST_NAMED = 5
WORKERS_WAIT = 2.0  # seconds
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
    found = [*_version(), *_settings(), *_disk(), *_queue(clock), *_mail()]
    try:
        connection.ensure_connection()
    except Error as error:
        says = f"The database does not answer: {str(error).strip().splitlines()[0]}. Check DATABASE_URL and the server."
        return [Finding("database", State.FAULT, says), *found]
    needed = [*_database(clock), *_tables(), *_backups(clock())]
    if all(finding.state is not State.FAULT for finding in needed):
        needed += [*_cache(), *_sweep(clock()), *_due_work(clock()), *_forms(), *_second_factors()]
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
    elif unknown := unknown_migrations():
        says = f"A newer release has worked here: {unknown[-1]} is unknown to {VERSION}. Go on with that release soon."
        yield Finding("tables", State.WARNING, says)
    else:
        yield fine("tables", "Every migration is applied.")


def _version() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield fine("version", f"This is Cutscore {VERSION} on Python {python} and Django {django.__version__}.")


def _backups(now: dt.datetime) -> Iterator[Finding]:
    """Base backups and the log beside them, as deploy/backup.sh makes them. Where people only try things out, none."""
    if not settings.SECURE or settings.BACKUP_ELSEWHERE:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('archive_mode'), last_archived_time, last_failed_time, failed_count,"
            " current_setting('cutscore.last_backup', true) FROM pg_stat_archiver"
        )
        mode, archived, failed, failures, name = cursor.fetchone()
    made = dt.datetime.strptime(name, "%Y%m%dT%H%M%S%z") if name else None
    if made is None:
        says = "There is none. Make one with deploy/backup.sh base and have that repeated daily (docs/backup.md)."
        yield Finding("backup", State.WARNING, says)
    elif now - made > BACKUP_AGE:
        says = f"The last one is of {made:%Y-%m-%d %H:%M} UTC. See why deploy/backup.sh base is not run daily."
        yield Finding("backup", State.WARNING, says)
    else:
        yield fine("backup", f"The last one is of {made:%Y-%m-%d %H:%M} UTC.")
    if mode == "off":
        says = "The database does not keep it, so that only the moments of backups can be restored (docs/backup.md)."
        yield Finding("backup log", State.WARNING, says)
    elif failed and (archived is None or failed > archived):
        says = f"It could not be kept, {failures} times, last at {failed:%H:%M} UTC. The database's log says why."
        yield Finding("backup log", State.FAULT, says)
    else:
        yield fine("backup log", f"It was kept last at {archived:%H:%M} UTC." if archived else "Nothing waits.")


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


def _due_work(now: dt.datetime) -> Iterator[Finding]:
    who = "beat and a worker" if settings.REDIS_URL else "manage.py tick"
    last = Heartbeat.objects.filter(name="due").values_list("at", flat=True).first()
    if last is None:
        yield Finding("due work", State.WARNING, f"It was never begun. Start {who}.")
    elif now - last > SILENCE:
        says = f"It was last begun at {last:%Y-%m-%d %H:%M:%S} UTC. See whether {who} runs."
        yield Finding("due work", State.FAULT, says)
    else:
        yield fine("due work", f"It was begun {max(0.0, (now - last).total_seconds()):.0f} s ago.")
    dead = list(DeadLetter.objects.dead()[:MOST_NAMED])
    if dead:
        count = DeadLetter.objects.dead().count()
        named = "; ".join(f"{letter} ({letter.error}, {letter.failures} times)" for letter in dead)
        more = f" and {count - len(dead)} more" if count > len(dead) else ""
        says = f"{count} pieces of work failed for good: {named}{more}. Mend the cause and put them back under"
        yield Finding("dead letters", State.WARNING, f"{says} /admin/operations/deadletter/.")
    else:
        yield fine("dead letters", "No work has failed for good.")


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


def _second_factors() -> Iterator[Finding]:
    lost, waiting = two_factor.unreadable(), two_factor.stale()
    if lost:
        says = (
            f"{lost} authenticators were sealed with a SECRET_KEY that is not here. Put it into SECRET_KEY_FALLBACKS, "
            "or remove these second factors in the admin."
        )
        yield Finding("second factors", State.WARNING, says)
    elif waiting:
        yield fine("second factors", f"{waiting} authenticators need an older key until the night's work is done.")
    else:
        yield fine("second factors", "SECRET_KEY opens all of them; none needs an older one.")


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
    yield from _workers(clock)


def _workers(clock: Clock) -> Iterator[Finding]:
    """Each worker is asked what time it is."""
    before = clock()
    try:
        answers = app.control.broadcast(WALL_TIME, reply=True, timeout=WORKERS_WAIT) or []
    except (OSError, RedisError, OperationalError) as error:
        yield Finding("workers", State.FAULT, f"They cannot be asked: {error}.")
        return
    after = clock()
    if not answers:
        says = f"None has answered within {WORKERS_WAIT:.0f} s. Start one, or see what keeps it."
        yield Finding("workers", State.FAULT, says)
    for worker, said in sorted(pair for answer in answers for pair in answer.items()):
        its_time = dt.datetime.fromtimestamp(float(said), dt.UTC)
        # It answered some time between the two looks at our clock.
        yield _skew(f"clock of {worker}", its_time - min(max(its_time, before), after))


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


def deliver(address: str) -> Finding:
    """Hand a mail to the mail server, as every mail of ours is handed over, and say what it answered."""
    what = "mail delivery"
    mail = EmailMessage("Test of mail delivery", "This installation can send mail.\n", to=[address])
    backend = get_connection()
    if not isinstance(backend, EmailBackend):
        backend.send_messages([mail])
        return fine(what, f"No mail server is set; the mail to {address} went where mails go here, such as the log.")
    server = f"{backend.host}:{backend.port}"
    try:
        backend.open()
        smtp = backend.connection
        if smtp is None:
            raise smtplib.SMTPServerDisconnected("there is no connection")
        for step, words in (("sender", "mail"), ("recipient", "rcpt")):
            whom = parseaddr(mail.from_email)[1] if step == "sender" else address
            code, text = getattr(smtp, words)(whom)
            if code >= 400:
                return Finding(what, State.FAULT, f"{server} refused the {step} {whom}: {_said(code, text)}")
        code, text = smtp.data(mail.message().as_bytes())
    except (OSError, smtplib.SMTPException) as error:
        code, text = getattr(error, "smtp_code", 0), getattr(error, "smtp_error", str(error).encode())
        return Finding(what, State.FAULT, f"{server} did not take the mail: {_said(code, text)}")
    finally:
        backend.close()
    if code >= 400:
        return Finding(what, State.FAULT, f"{server} refused the mail: {_said(code, text)}")
    return fine(what, f"{server} took the mail to {address}: {_said(code, text)}. See whether it arrives.")


def _said(code: int, text: bytes | str) -> str:
    """The server's own words in one line."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return " ".join(f"{code or ''} {words}".split())[:300]
