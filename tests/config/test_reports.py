"""Reports of broken policies: counted and noted without a word that could be somebody's, whoever sends what."""

from __future__ import annotations

import json
import logging

import pytest

from config import reports
from config.observing import metrics

REPORT = {
    "document-uri": "https://exam.example/join/S3CRET/?next=me@example.org",
    "blocked-uri": "https://evil.example/path?person=7",
    "effective-directive": "script-src-elem",
    "violated-directive": "script-src-elem",
    "disposition": "enforce",
    "source-file": "https://exam.example/static/js/theme.0123456789ab.js",
    "script-sample": "alert('me@example.org')",
}
MODERN = {
    "documentURL": "https://exam.example/account/",
    "blockedURL": "trusted-types-sink",
    "effectiveDirective": "require-trusted-types-for",
    "disposition": "report",
    "sourceFile": "https://exam.example/static/js/theme.js",
    "sample": "Element innerHTML|<p>me@example.org",
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(reports, "lines", reports.Allowance(reports.LINES_PER_MINUTE))


def send(client, body, kind="application/csp-report"):
    return client.post("/csp-reports/", body if isinstance(body, bytes | str) else json.dumps(body), content_type=kind)


def counted(directive, disposition):
    return metrics.csp_reports.labels(directive, disposition)._value.get()


def said(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "csp"]


def test_a_report_becomes_a_figure_and_a_line_without_addresses(client, caplog):
    before = counted("script-src-elem", "enforce")
    answer = send(client, {"csp-report": REPORT})
    assert (answer.status_code, answer.content) == (204, b"")
    assert counted("script-src-elem", "enforce") == before + 1
    (line,) = said(caplog)
    assert line.startswith("A page broke the policy: script-src-elem (enforce) by https://evil.example on join/<str:")
    assert line.endswith("code>/, from /static/js/theme.js")


def test_the_newer_format_may_hold_several(client, caplog):
    sent = [
        {"type": "csp-violation", "body": MODERN},
        {"type": "deprecation", "body": {}},
        {"type": "csp-violation"},
        7,
    ]
    before = counted("require-trusted-types-for", "report")
    assert send(client, sent, "application/reports+json").status_code == 204
    assert counted("require-trusted-types-for", "report") == before + 1
    (line,) = said(caplog)
    assert "trusted-types-sink on account/" in line
    assert "@" not in line


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ("{", "application/csp-report", 400),
        (b"\xff\xfe", "application/csp-report", 400),
        ("[" * 15_000, "application/csp-report", 400),
        ("x" * (reports.MAXIMUM_BODY + 1), "application/csp-report", 413),
        ("{}", "text/plain", 415),
        ("csp-report=1", "application/x-www-form-urlencoded", 415),
        ("null", "application/csp-report", 204),
        ('{"csp-report": []}', "application/csp-report", 204),
        ('{"csp-report": {"document-uri": 7, "blocked-uri": "http://[", "effective-directive": ["a"]}}',
         "application/reports+json", 204),
    ],
)  # fmt: skip
def test_whatever_is_sent_is_answered(client, body, kind, code):
    assert send(client, body, kind).status_code == code


def test_nobody_forges_a_line_or_a_figure(client, caplog):
    evil = "x\r\nERROR root: forged" + "\u2028" * 3
    send(client, {"csp-report": dict.fromkeys(REPORT, evil)})
    send(client, {"csp-report": REPORT | {"effective-directive": "made-up", "blocked-uri": f"https://{evil}/"}})
    assert [line.splitlines() == [line] and "forged" not in line for line in said(caplog)] == [True, True]
    assert counted("other", "enforce") >= 2


def test_who_sends_many_fills_no_log_and_is_counted(client, caplog):
    with caplog.at_level(logging.WARNING, logger="csp"):
        before = counted("script-src-elem", "enforce")
        for _ in range(5):
            send(client, [{"type": "csp-violation", "body": REPORT}] * 30, "application/reports+json")
    assert counted("script-src-elem", "enforce") == before + 5 * reports.MAXIMUM_REPORTS
    assert len(said(caplog)) <= reports.LINES_PER_MINUTE + reports.MAXIMUM_REPORTS  # the minute may turn


def test_only_posts_are_reports(client):
    assert client.get("/csp-reports/").status_code == 405


@pytest.mark.django_db
def test_the_admin_only_reports_what_other_pages_enforce(admin_client):
    page = admin_client.get("/admin/")
    assert "trusted-types" not in page["Content-Security-Policy"]
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert sorted(page["Content-Security-Policy-Report-Only"].split("; ")) == [
        "report-uri /csp-reports/",
        "require-trusted-types-for 'script'",
        "trusted-types htmx cutscore-worker",
    ]
    assert "Content-Security-Policy-Report-Only" not in admin_client.get("/exams/")
