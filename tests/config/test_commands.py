"""quickstart, run and tick: what they refuse, and what tick does in one round."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import socket
import subprocess
import sys
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from accounts.models import User
from config.management.commands.tick import beat
from scoring.models import Result
from tests.environment import ROOT
from tests.factories import begin

IN_PRODUCTION = "quickstart is for a local installation; SECRET_KEY is set, so this looks like production."


def run(command: str, **options: object) -> str:
    out = StringIO()
    call_command(command, stdout=out, stderr=out, **options)
    return out.getvalue()


# ---- quickstart and run ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_quickstart_refuses_to_run_in_production(settings):
    settings.QUICKSTART = False
    with pytest.raises(CommandError) as refused:
        run("quickstart")
    assert str(refused.value) == IN_PRODUCTION
    assert not User.objects.filter(email="candidate@example.com").exists()


def test_a_key_in_the_environment_means_production(tmp_path):
    environment = {"PATH": os.environ["PATH"], "SECRET_KEY": "k" * 60, "DATABASE_URL": "postgresql://nowhere/none"}
    environment["CUTSCORE_VAR"] = str(tmp_path / "var")
    done = subprocess.run(
        [sys.executable, "manage.py", "quickstart"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"CommandError: {IN_PRODUCTION}\n")
    assert not (tmp_path / "var").exists()


def test_run_refuses_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=rf"^Port {port} is in use; try another one, such as `make run PORT="):
            run("run", port=port)


@pytest.mark.parametrize("port", [-1, 0, 65_536])
def test_run_refuses_a_port_that_does_not_exist(port):
    with pytest.raises(CommandError, match=rf"^There is no port {port}\.$"):
        run("run", port=port)


# ---- tick ------------------------------------------------------------------------------------------------------


@pytest.fixture
def full_pool(settings):
    settings.FORM_POOL_SIZE = 2  # as many as the tests' bank comes with


@pytest.mark.usefixtures("full_pool")
def test_tick_once_does_what_is_due_and_says_so(user, exam):
    sitting = begin(user, exam)
    over = sitting.deadline + dt.timedelta(seconds=sitting.grace_seconds + 1)
    with time_machine.travel(over, tick=False):
        told = [json.loads(run("tick", once=True, json=True)) for _ in range(2)]
    assert told == [
        {"ended": 1, "closed": 1, "scored": 1, "forms": 0, "calibrated": 0},
        {"ended": 0, "closed": 0, "scored": 0, "forms": 0, "calibrated": 0},
    ]
    assert Result.objects.get(sitting=sitting).raw == 0


@pytest.mark.usefixtures("full_pool", "exam")
def test_tick_once_speaks_plainly():
    assert run("tick", once=True) == "0 ended, 0 closed, 0 scored, 0 forms, 0 calibrated\n"


def test_tick_fills_the_pool(settings, exam):
    settings.FORM_POOL_SIZE = 3
    assert json.loads(run("tick", once=True, json=True))["forms"] == 1
    assert exam.forms.count() == 3


@pytest.mark.usefixtures("no_database")
def test_a_database_that_is_away_is_a_reason_to_try_again(caplog):
    with caplog.at_level(logging.WARNING, "tick"):
        assert not beat(pools=True)
    assert "The database does not answer" in caplog.text
    assert "Traceback" not in caplog.text
