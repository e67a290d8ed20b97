"""manage.py doctor: it finds what is broken, says what to do, and changes nothing."""

from __future__ import annotations

import datetime as dt
import json
import socket
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from config import doctor
from config.doctor import State
from exams.models import Form, Sitting


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
    MigrationRecorder(connection).migration_qs.filter(app="scoring", name="0003_problem_reports").delete()
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
