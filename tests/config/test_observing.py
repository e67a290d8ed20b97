"""What operators are told: a line and a figure for each request, with ids, and how things stand."""

from __future__ import annotations

import datetime as dt
import json
import logging

import pytest
from django.utils import timezone

from config.observing import logs
from exams.models import Sitting

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
