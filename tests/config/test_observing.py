"""What operators are told: a line and a figure for each request, with ids, and how things stand."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import subprocess
import sys

import pytest
from django.utils import timezone

from config.observing import logs
from exams.models import Sitting
from operations import services
from tests.e2e.server import database_url
from tests.environment import ROOT

TOKEN = "a-token-for-tests"


def figures(client, **headers):
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    lines = [line for line in response.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


# ---- requests ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_request_is_counted_by_its_route_and_never_by_its_address(signed_in, sitting, settings):
    settings.QUICKSTART = True
    name = 'cutscore_request_seconds_count{method="GET",route="sittings/<uuid:sitting_id>/status/",status="4xx"}'
    before = figures(signed_in).get(name, 0)
    signed_in.get(f"/sittings/{sitting.pk}/status/")
    after = figures(signed_in)
    assert after[name] == before + 1
    assert not any(str(sitting.pk) in line for line in after)


@pytest.mark.django_db
def test_a_line_names_request_and_sitting(signed_in, sitting, caplog):
    with caplog.at_level(logging.INFO, logger="requests"):
        response = signed_in.get(f"/sittings/{sitting.pk}/", headers={"X-Request-ID": "from-the-proxy.1"})
    assert response["X-Request-ID"] == "from-the-proxy.1"
    record = next(record for record in caplog.records if record.name == "requests")
    assert record.route == "sittings/<uuid:sitting_id>/"
    assert logs.request_id.get() == logs.sitting_id.get() == ""


@pytest.mark.django_db
@pytest.mark.parametrize("forged", ["short", "two\tlines or words", "x" * 65, ""])
def test_an_id_that_could_forge_a_line_is_replaced(client, forged):
    assert client.get("/healthz", headers={"X-Request-ID": forged})["X-Request-ID"] != forged


def test_a_line_is_one_object_of_json(rf):
    record = logging.LogRecord("exams", logging.ERROR, "", 0, "Sitting %s\nfailed", ("s1",), None)
    request_mark, sitting_mark = logs.request_id.set("r1"), logs.sitting_id.set("s1")
    logs.Context().filter(record)
    logs.request_id.reset(request_mark)
    logs.sitting_id.reset(sitting_mark)
    text = logs.JsonFormatter().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert dt.datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "level": "ERROR", "logger": "exams", "message": "Sitting s1\nfailed", "request": "r1", "sitting": "s1",
    }  # fmt: skip


# ---- how things stand ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_lag_of_the_sweep_is_that_of_the_longest_overdue(client, sitting, settings):
    settings.QUICKSTART = True
    assert figures(client)["cutscore_sweep_lag_seconds"] == 0
    now = timezone.now()
    Sitting.objects.update(started_at=now - dt.timedelta(hours=3), deadline=now - dt.timedelta(seconds=90))
    found = figures(client)
    assert 90 <= found["cutscore_sweep_lag_seconds"] < 600
    assert found['cutscore_sittings{state="in_progress"}'] == 1


@pytest.mark.usefixtures("no_database")
def test_without_the_database_the_figures_say_so(client, settings):
    settings.QUICKSTART = True
    found = figures(client)
    assert found["cutscore_database_up"] == 0
    assert "cutscore_sweep_lag_seconds" not in found


@pytest.mark.django_db
def test_only_who_knows_the_token_learns_that_there_are_figures(client, settings):
    settings.QUICKSTART = False
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = TOKEN
    settings.QUICKSTART = True
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
        assert client.get("/metrics", headers=given).status_code == 404
    assert figures(client, Authorization=f"Bearer {TOKEN}")["cutscore_database_up"] == 1


@pytest.mark.django_db
def test_asking_costs_one_statement(client, settings, django_assert_num_queries):
    settings.QUICKSTART = True
    with django_assert_num_queries(1):
        client.get("/metrics")


# ---- saves, failures, mails, connections ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_saves_are_counted_by_what_became_of_them(signed_in, sitting, settings):
    settings.QUICKSTART = True
    before = figures(signed_in)
    seat = sitting.form.seats.filter(kind="multiple_choice")[0]
    change = {"sequence": 1, "seat": seat.number, "base": 0, "response": [seat.tokens[0]], "flagged": False,
              "spent": 1, "left": 1}  # fmt: skip
    url = f"/sittings/{sitting.pk}/changes/"
    signed_in.post(url, {"claim": 1, "changes": [change]}, content_type="application/json")
    signed_in.post(url, {"claim": 1, "changes": [change]}, content_type="application/json")
    signed_in.post(url, {"claim": 1, "changes": "nothing"}, content_type="application/json")
    now = timezone.now()
    Sitting.objects.update(started_at=now - dt.timedelta(hours=3), deadline=now - dt.timedelta(seconds=600))
    late = change | {"sequence": 2, "left": 0}
    signed_in.post(url, {"claim": 1, "changes": [late]}, content_type="application/json")
    after = figures(signed_in)
    counted = {
        outcome: after.get(name, 0) - before.get(name, 0)
        for outcome in ("applied", "duplicate", "late", "refused")
        if (name := f'cutscore_saves_total{{outcome="{outcome}"}}')
    }
    assert counted == {"applied": 1, "duplicate": 1, "late": 1, "refused": 1}


@pytest.mark.django_db
def test_dead_letters_mails_and_the_last_beat_are_figures(client, settings, user, exam):
    settings.QUICKSTART = True
    assert "cutscore_beat_age_seconds" not in figures(client)
    services.keep(task="exams.tasks.fill_pool", error="KeyError", now=timezone.now())
    services.beat(now=timezone.now() - dt.timedelta(seconds=50))
    found = figures(client)
    assert found["cutscore_dead_letters"] == 1
    assert 50 <= found["cutscore_beat_age_seconds"] < 300
    assert found['cutscore_mails_waiting{kind="invitation"}'] == found['cutscore_mails_waiting{kind="reminder"}'] == 0


POOLED = """
import django
from django.conf import settings
django.setup()
from django.db import connection
from config.observing import metrics
connection.ensure_connection()
metrics.observe("GET", "none", 200, 0.1)
print(metrics.exposition().decode())
"""


@pytest.mark.django_db
def test_every_living_process_tells_of_its_pool(tmp_path):
    """Two processes say what they have, one after the other; of the first nothing is left by then."""
    folder = str(tmp_path / "metrics")
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database_url()}
    environment |= {"DATABASE_POOL": "1", "PROMETHEUS_MULTIPROC_DIR": folder}
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", POOLED], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert 'cutscore_pool{what="in_use"} 1.0' in done.stdout
        assert 'cutscore_pool{what="waiting"} 0.0' in done.stdout


# ---- lines that give nothing away and that nobody forges ----------------------------------------------------------


@pytest.mark.django_db
def test_the_address_of_what_failed_is_not_written_down(client, caplog):
    client.get("/join/S3CR3T/nothing/")
    client.post("/join/S3CR3T/")
    client.delete("/healthz")
    said = []
    for record in caplog.records:
        if record.name == "django.request":
            logs.Context().filter(record)
            said.append(record.getMessage())
    assert "Not Found: an address that is not ours" in said
    assert "Method Not Allowed (DELETE): healthz" in said
    assert "S3CR3T" not in " ".join(said)


def test_a_message_stays_on_its_line():
    record = logging.LogRecord("exams", logging.ERROR, "", 0, "Name: %s", ("x\r\n2026 ERROR root: forged\u2028",), None)
    formatter = logs.LineFormatter("{levelname} {name}: {message}", style="{")
    assert formatter.format(record) == r"ERROR exams: Name: x\r\n2026 ERROR root: forged\u2028"


@pytest.mark.django_db
def test_a_line_names_the_person_by_number_where_that_costs_nothing(signed_in, user, caplog):
    with caplog.at_level(logging.INFO, logger="requests"):
        signed_in.get("/bank/")
        signed_in.get("/healthz")
    assert [(record.status, record.person) for record in caplog.records if record.name == "requests"] == [
        (404, str(user.pk)), (200, ""),
    ]  # fmt: skip
