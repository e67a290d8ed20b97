"""Every answer carries the headers that shut a browser's doors: pages, errors, redirects, files and downloads."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from accounts.services import grant_role
from config.headers import HEADERS
from deploy.asking import free_ports
from exams.models import Sitting
from tests.cohorts.factories import a_cohort
from tests.environment import ROOT

HARD = {
    "Strict-Transport-Security": "max-age=31536000",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pytest.fixture
def visitor(settings, tmp_path, user: User) -> Client:
    """Somebody signed in, at an installation behind TLS."""
    (tmp_path / "app.js").write_text("export const one = 1;\n")
    settings.STATIC_ROOT = tmp_path
    settings.QUICKSTART = False
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(enforce_csrf_checks=True, raise_request_exception=False, headers={"X-Forwarded-Proto": "https"})
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client.force_login(user)
    return client


def lacking(headers) -> list[str]:
    """The headers that an answer should have and has not, or has with another value."""
    found = [name for name, value in HARD.items() if headers.get(name) != value]
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        found.append("Permissions-Policy")
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or not ("frame-ancestors 'none'" in policy or "sandbox" in policy):
        found.append("Content-Security-Policy")
    if "Cache-Control" not in headers:
        found.append("Cache-Control")
    if headers.get("Content-Type", "").startswith("text/") and "charset=" not in headers["Content-Type"]:
        found.append("Content-Type")
    return found


@pytest.mark.django_db
def test_every_kind_of_answer_carries_them(visitor, user, exam, sitting: Sitting, monkeypatch):
    def broken(*arguments, **named):
        raise RuntimeError("broken")

    grant_role(user=user, role=Role.INSTRUCTOR)
    page, cohort = f"/sittings/{sitting.pk}/", f"/cohorts/{a_cohort(exam, user).pk}/"
    answers = {
        "page": visitor.get("/exams/"),
        "redirect": visitor.get("/"),
        "sitting": visitor.get(page),
        "refused save": visitor.post(f"{page}changes/", "{", content_type="application/json"),
        "pulse": visitor.get(f"{page}pulse/none/"),
        "nothing there": visitor.get("/nothing/"),
        "trace": visitor.trace("/"),
        "health": visitor.get("/healthz"),
        "ready": visitor.get("/readyz"),
        "no figures": visitor.get("/metrics", headers={"Authorization": "Bearer no"}),
        "worker": visitor.get("/service-worker.js"),
        "streamed": visitor.get(f"{cohort}export/scores.csv"),
        "file": visitor.get(f"{cohort}export/scores.xlsx"),
        "chart": visitor.get(f"{cohort}joining/code.svg"),
        "static": visitor.get("/static/app.js"),
        "no static": visitor.get("/static/none.js"),
        "strange host": visitor.get("/", headers={"Host": "elsewhere.example"}),
        "no csrf": visitor.post("/account/", {"display_name": "x"}),
        "report": visitor.post("/csp-reports/", "{}", content_type="application/csp-report"),
    }
    monkeypatch.setattr("config.views.JsonResponse", broken)
    answers["broken"] = visitor.get("/healthz")
    codes = {name: answer.status_code for name, answer in answers.items()}
    assert codes == {
        "page": 200, "redirect": 302, "sitting": 200, "refused save": 403, "pulse": 404, "nothing there": 404,
        "trace": 405, "health": 200, "ready": 200, "no figures": 404, "worker": 200, "streamed": 200,
        "file": 200, "chart": 200, "static": 200, "no static": 404, "strange host": 400,
        "no csrf": 403, "report": 204, "broken": 500,
    }  # fmt: skip
    for name in ("streamed", "file", "static"):
        for close in answers[name]._resource_closers:
            close()
    assert {name: lacking(answer.headers) for name, answer in answers.items() if lacking(answer.headers)} == {}
    assert [name for name, answer in answers.items() if "Server" in answer.headers] == []


@pytest.mark.django_db
def test_plain_http_is_led_away_with_all_but_the_promise_of_tls(visitor):
    answer = visitor.get("/exams/", headers={"X-Forwarded-Proto": "http"})
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/exams/")
    assert lacking(answer.headers) == ["Strict-Transport-Security"]


@pytest.mark.django_db
def test_what_is_personal_is_kept_nowhere_and_files_are(visitor):
    for path in ("/exams/", "/account/", "/account/password/change/", "/account/2fa/", "/progress/", "/nothing/"):
        assert "no-store" in visitor.get(path)["Cache-Control"].split(", "), path
    file = visitor.get("/static/app.js")
    assert "no-store" not in file["Cache-Control"]
    for close in file._resource_closers:
        close()


# ---- the door's own answers --------------------------------------------------------------------------------------


@pytest.fixture
def door(tmp_path) -> Iterator[str]:
    """Production's proxy with nobody behind it, on loopback and without TLS."""
    port, nobody = free_ports(2)
    said = (ROOT / "deploy" / "Caddyfile").read_text()
    said = re.sub(r"dynamic a \{[^}]*\}", f"to 127.0.0.1:{nobody}", said).replace(
        "lb_try_duration 15s", "lb_try_duration 0s"
    )
    (tmp_path / "Caddyfile").write_text(said.replace("\n{\n", "\n{\n\tadmin off\n\tauto_https off\n", 1))
    url = f"http://127.0.0.1:{port}"
    environment = {"PATH": os.environ["PATH"], "SITE_DOMAIN": url, "HOME": str(tmp_path)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["caddy", "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")],
            env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        patience = time.monotonic() + 30
        while time.monotonic() < patience:
            try:
                fetched(url)
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def fetched(url: str, data: bytes | None = None) -> tuple[int, Message, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.mark.proxy
def test_the_door_says_the_same_when_nobody_is_behind_it(door, tmp_path):
    answers = {path: fetched(f"{door}{path}") for path in ("/", "/metrics", "/account/password/reset/key/s3cr3t/")}
    assert [code for code, _, _ in answers.values()] == [502, 404, 502]
    assert {path: lacking(headers) for path, (_, headers, _) in answers.items() if lacking(headers)} == {}
    assert [headers["Server"] for _, headers, _ in answers.values()] == [None] * 3
    assert b"Answers that were shown as saved are safe" in answers["/"][2]
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if line.startswith("{")]
    assert [line for line in lines if line.get("logger", "").startswith("http.log.access")]
    assert "s3cr3t" not in (tmp_path / "log").read_text()


def test_the_door_knows_the_headers_of_the_application():
    said = set(re.findall(r"^\t\t\?([A-Za-z-]+) ", (ROOT / "deploy" / "Caddyfile").read_text(), re.MULTILINE))
    assert set(HEADERS) - {"X-Permitted-Cross-Domain-Policies"} <= said
