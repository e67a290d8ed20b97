"""Traces and errors: real processes send them to somebody on loopback when the environment says so, without secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest
from celery import Celery
from django.core.exceptions import ImproperlyConfigured

from config.observing import tracing
from tests.background import wait_for
from tests.config.faulty import SECRET
from tests.config.receiver import Receiver, receiving
from tests.e2e.server import Server
from tests.environment import ROOT

SITTING = uuid.uuid4()
PRIVATE = (SECRET, "jane", "answered", "203.0.113.77", "csrftoken", "sessionid", "127.0.0.1")
ROUTE = "sittings/<uuid:sitting_id>/broken/"


def spans_of(receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    if sys.modules.get("opentelemetry", ...) is None:
        del sys.modules["opentelemetry"]  # the settings keep it out where nobody asks for it
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    requests = [ExportTraceServiceRequest.FromString(body) for body in receiver.sent_to("/v1/traces")]
    scopes = [scope for request in requests for resource in request.resource_spans for scope in resource.scope_spans]
    return [
        (span.name, {one.key: one.value.string_value for one in span.attributes})
        for scope in scopes
        for span in scope.spans
    ]


def errors_of(receiver: Receiver) -> list[dict[str, Any]]:
    """An envelope is a line about itself, then pairs of a line about an item and the item."""
    lines = [body.decode().splitlines() for body in receiver.sent_to("/api/1/envelope/")]
    return [json.loads(envelope[2]) for envelope in lines if json.loads(envelope[1])["type"] == "event"]


def environment(receiver: Receiver) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.config.faulty_settings",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{receiver.address}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_TRACES_SAMPLER": "",
        "SENTRY_DSN": f"http://key@{receiver.address}/1",
    }


def ask(url: str) -> int:
    request = urllib.request.Request(
        f"{url}/sittings/{SITTING}/broken/?code={SECRET}",
        data=f"answer={SECRET}&csrfmiddlewaretoken={'t' * 32}".encode(),
        headers={"Cookie": f"csrftoken={'t' * 32}; sessionid={SECRET}", "X-Request-ID": "request-0001",
                 "User-Agent": SECRET, "X-Forwarded-For": "203.0.113.77"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def nothing_private(receiver: Receiver) -> bool:
    sent = b"".join(body for _, body in receiver.bodies).decode(errors="replace")
    return not any(word in sent for word in PRIVATE)


@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_a_failing_request_and_a_failing_task_are_told_with_route_and_ids_and_nothing_else(
    redis_url, worker, tmp_path, monkeypatch
):
    with receiving() as receiver:
        server = Server(tmp_path / "server.log", workers=2, REDIS_URL=redis_url, **environment(receiver))
        for name, value in environment(receiver).items():
            monkeypatch.setenv(name, value)
        worker()
        server.start()
        try:
            assert ask(server.url) == 500
            with Celery(broker=redis_url) as sender:
                sender.send_task("probe.fault", [1])
            wait_for(lambda: len(errors_of(receiver)) >= 2)
            wait_for(lambda: {f"POST {ROUTE}", "run/probe.fault"} <= {name for name, _ in spans_of(receiver)})
        finally:
            server.stop()
        by_kind = {one["tags"].get("task", "request"): one for one in errors_of(receiver)}
        request, task = by_kind["request"], by_kind["probe.fault"]
        assert request["tags"] == {"request": "request-0001", "sitting": str(SITTING), "route": ROUTE}
        assert [one["type"] for one in request["exception"]["values"]] == ["ValueError"]
        assert request["exception"]["values"][0]["stacktrace"]["frames"][-1]["function"] == "broken"
        assert [one["type"] for one in task["exception"]["values"]] == ["ValueError"]
        told = dict(spans_of(receiver))
        assert told[f"POST {ROUTE}"]["cutscore.sitting"] == str(SITTING)
        assert told[f"POST {ROUTE}"]["cutscore.request"] == "request-0001"
        assert told["run/probe.fault"]["celery.task_name"] == "probe.fault"
        assert told["SELECT"]["db.system"] == "postgresql"
        assert {"SET", "RPUSH"} & set(told)
        assert nothing_private(receiver)


LOADED = """
import json, sys
import config.wsgi, config.celery
config.celery.app.loader.on_worker_process_init()
print(json.dumps([name for name in ("opentelemetry", "sentry_sdk") if sys.modules.get(name)]))
"""


@pytest.mark.parametrize(
    ("given", "loaded"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "", "SENTRY_DSN": ""}, []),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "SENTRY_DSN": "http://key@127.0.0.1:9/1"},
            ["opentelemetry", "sentry_sdk"],
        ),
    ],
)
def test_what_nobody_asks_for_is_not_even_loaded(given, loaded, tmp_path):
    variables = {
        "PATH": os.environ["PATH"], "SECRET_KEY": "k" * 60, "CUTSCORE_QUICKSTART": "true",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "CUTSCORE_VAR": str(tmp_path),
        "DATABASE_URL": "postgresql://127.0.0.1:1/none", "OTEL_BSP_EXPORT_TIMEOUT": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, env=variables | given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == loaded


def test_the_dsn_may_come_from_a_file_and_must_be_an_address(settings_of, tmp_path):
    with pytest.raises(ImproperlyConfigured, match="SENTRY_DSN must start with"):
        settings_of(SECRET_KEY="k" * 60, SENTRY_DSN="errors.example")
    (tmp_path / "dsn").write_text("https://key@errors.example/1\n")
    assert settings_of(SECRET_KEY="k" * 60, SENTRY_DSN_FILE=str(tmp_path / "dsn"))["SENTRY_DSN"].endswith("/1")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_turn_traces_on_and_off(monkeypatch, given, wanted):
    for name in (*tracing.ENDPOINTS, "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert tracing.wanted() is wanted


def test_of_a_statement_the_words_are_told_and_no_value():
    assert tracing.statement("SELECT a FROM b WHERE c = 'it''s B' AND d = 42", redis=False) == (
        "SELECT a FROM b WHERE c = ? AND d = ?"
    )
    assert tracing.statement("SET limit|jane@example.com 1", redis=True) == "SET"


@pytest.mark.django_db
def test_browsers_are_told_nothing_of_it(client, settings):
    settings.SENTRY_DSN = "https://key@errors.example/1"
    assert "errors.example" not in str(client.get("/").headers)
