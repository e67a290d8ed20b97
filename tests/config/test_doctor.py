"""manage.py doctor: it finds what is broken, says what to do, and changes nothing."""

from __future__ import annotations

import datetime as dt
import json
import re
import socket
from io import StringIO

import pytest
from celery import Celery
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from config import doctor
from config.doctor import State
from exams.models import Form, Sitting
from operations import services
from tests.background import wait_for
from tests.config.mailserver import mail_server


def run(**options):
    out = StringIO()
    call_command("doctor", json=True, stdout=out, stderr=StringIO(), **options)
    return json.loads(out.getvalue())


def faults():
    found = doctor.examine()
    return {finding.what: finding.says for finding in found if finding.state is not State.FINE}


@pytest.fixture(autouse=True)
def collected(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path


@pytest.mark.django_db
def test_a_whole_installation_has_no_fault(exam):
    found = run()
    assert {finding["what"] for finding in found} >= {"database", "database clock", "tables", "cache", "sweep", "forms"}
    assert [finding for finding in found if finding["state"] == "fault"] == []


@pytest.mark.usefixtures("no_database")
def test_a_database_that_is_away_is_named_and_the_rest_is_still_looked_at():
    assert next(iter(faults())) == "database"
    with pytest.raises(CommandError, match="1 fault found"):
        run()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ahead", "state"), [(0, State.FINE), (-5, State.WARNING), (5, State.WARNING), (600, State.FAULT)]
)
def test_clocks_that_disagree_are_found(ahead, state):
    found = doctor.examine(lambda: timezone.now() - dt.timedelta(seconds=ahead))
    (finding,) = (one for one in found if one.what == "database clock")
    assert finding.state is state
    assert state is State.FINE or ("ahead of" if ahead > 0 else "behind") in finding.says


@pytest.mark.django_db
def test_what_was_not_migrated_is_found():
    ((app, name),) = MigrationLoader(connection).graph.leaf_nodes("scoring")
    MigrationRecorder(connection).migration_qs.filter(app=app, name=name).delete()
    assert "manage.py migrate" in faults()["tables"]


@pytest.mark.django_db
def test_a_sweep_that_does_not_run_is_found(sitting):
    now = timezone.now()
    Sitting.objects.update(started_at=now - dt.timedelta(hours=3), deadline=now - dt.timedelta(minutes=2))
    assert faults()["sweep"].startswith("1 sittings are overdue")


@pytest.mark.django_db
def test_an_exam_without_forms_is_found(exam):
    Form.objects.filter(exam=exam).update(state=Form.State.RETIRED)
    assert f"{exam.code} has no form" in faults()["forms"]


@pytest.mark.django_db
def test_a_queue_and_a_mail_server_that_are_away_are_found(settings):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: whoever calls is refused
        port = nobody.getsockname()[1]
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        found = faults()
    assert "Redis does not answer" in found["queue"]
    assert "does not take our mail" in found["mail"]


@pytest.mark.django_db
def test_missing_static_files_are_found(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "nothing"
    assert "collectstatic" in faults()["static files"]


@pytest.mark.django_db
def test_a_test_mail_is_sent_on_wish():
    run()
    assert mail.outbox == []
    run(mail="somebody@example.org")
    assert [message.to for message in mail.outbox] == [["somebody@example.org"]]


# ---- due work, workers and mail, as they really answer -------------------------------------------------------------


def about(what):
    (finding,) = (one for one in doctor.examine() if one.what == what)
    return finding


@pytest.mark.django_db
def test_due_work_that_stands_still_is_found():
    now = timezone.now()
    assert about("due work").state is State.WARNING
    services.beat(now=now - dt.timedelta(minutes=10))
    assert about("due work").state is State.FAULT
    services.beat(now=now)
    assert about("due work").state is State.FINE


@pytest.mark.django_db
def test_dead_letters_are_named():
    assert about("dead letters").state is State.FINE
    for number in range(7):
        services.keep(task="exams.tasks.fill_pool", arguments=[number], error="KeyError", now=timezone.now())
    says = about("dead letters").says
    assert says.startswith("7 pieces of work failed for good")
    assert "and 2 more" in says
    assert "exams.tasks.fill_pool(6) (KeyError, 1 times)" in says


@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_every_worker_is_asked_for_the_time(redis_url, worker, settings, monkeypatch):
    settings.REDIS_URL = redis_url
    app = Celery(broker=redis_url)
    monkeypatch.setattr(doctor, "app", app)
    assert "None has answered" in about("workers").says
    worker()
    wait_for(lambda: app.control.ping(timeout=1))
    (finding,) = doctor._workers(timezone.now)
    assert finding.state is State.FINE
    assert finding.what.startswith("clock of ")
    (finding,) = doctor._workers(lambda: timezone.now() - dt.timedelta(minutes=1))
    assert finding.state is State.FAULT
    assert re.match(r"It is (5[6-9]|6[01]) s ahead of this host's", finding.says)
    app.close()


@pytest.fixture
def mailing(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False


def test_a_mail_is_handed_over_and_the_answer_told(mailing, settings):
    with mail_server() as server:
        settings.EMAIL_PORT = server.port
        found = doctor.deliver("somebody@example.org")
    assert found.state is State.FINE
    assert "took the mail to somebody@example.org: 250 2.0.0 Ok: queued as 4F2A1" in found.says
    assert "RCPT TO:<somebody@example.org>" in [line.replace("rcpt", "RCPT") for line in server.lines]
    assert "Subject: Test of mail delivery" in server.mails[0]


@pytest.mark.parametrize(
    ("refuse", "says"),
    [
        (
            {"MAIL": "553 5.7.1 Sender not allowed"},
            "refused the sender cutscore@localhost: 553 5.7.1 Sender not allowed",
        ),
        ({"RCPT": "550 5.1.1 No such user"}, "refused the recipient somebody@example.org: 550 5.1.1 No such user"),
        ({"DATA": "452 4.3.1 Mailbox full"}, "did not take the mail: 452 4.3.1 Mailbox full"),
        ({".": "554 5.7.1 Looks like spam"}, "refused the mail: 554 5.7.1 Looks like spam"),
    ],
)
def test_what_the_server_refuses_is_told_in_its_words(mailing, settings, refuse, says):
    with mail_server(**refuse) as server:
        settings.EMAIL_PORT = server.port
        found = doctor.deliver("somebody@example.org")
    assert found.state is State.FAULT
    assert says in found.says


@pytest.mark.django_db
def test_a_mail_server_that_is_away_fails_the_command(mailing, settings, exam):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = nobody.getsockname()[1]
        with pytest.raises(CommandError, match="2 faults found"):
            run(mail="somebody@example.org")
