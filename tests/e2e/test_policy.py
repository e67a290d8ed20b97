"""Trusted Types in a browser: text becomes HTML in one place only, nothing that runs comes with it, and what breaks the
policy is reported to us."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from questions.models import Exam
from tests.e2e.paper import Paper
from tests.e2e.server import Server
from tests.e2e.watch import Watch

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

EVIL = """<!doctype html><title>Fresh</title><div id="fresh"><script>window.ran = 1</script>
<img src="data:," onerror="window.ran = 2"><iframe srcdoc="<script>parent.ran = 3</script>"></iframe>
<a id="led" href="java&#10;script:window.ran = 4">there</a><form action=" javascript:0"><button>x</button></form>
<svg><a xlink:href="javascript:window.ran = 5"><text>y</text></a></svg>
<template><b onclick="window.ran = 6">z</b></template><p>Kept</p></div>"""
WRITE = """() => {
    try { document.createElement("p").innerHTML = "<b>x</b>"; return "written"; } catch (error) { return error.name; }
}"""
ANOTHER = """() => {
    try { trustedTypes.createPolicy("default", { createHTML: (text) => text }); return "made"; }
    catch (error) { return error.name; }
}"""


@pytest.fixture
def log(server: Server) -> Path:
    return server.log


def test_only_htmx_makes_html_of_text_and_nothing_that_runs(page: Page, exam: Exam, watch: Watch, log: Path) -> None:
    watch.allow("policy broken: (require-)?trusted-types", "Trusted ?Types?", "TrustedHTML")
    watch.allow("inline event handler", "policy broken: script-src-attr by inline", "JavaScript URL")
    page.goto(reverse("exam_begin", args=[exam.code]))
    with page.expect_request("**/csp-reports/") as sent:
        assert page.evaluate(WRITE) == "TypeError"
    assert (sent.value.response() or pytest.fail("no answer")).status == 204
    # The worker that keeps the exam is let in under its own name.
    assert page.evaluate("navigator.serviceWorker.getRegistration('/sittings/').then(Boolean)")
    assert page.evaluate(ANOTHER) == "TypeError"
    # A page of ours with a part that htmx fetches, which an attacker has got into.
    page.route("**/evil", lambda route: route.fulfill(body=EVIL, content_type="text/html"))
    page.evaluate("""() => htmx.ajax("GET", "/evil", { target: "#main", swap: "innerHTML" })""")
    expect(page.locator("#fresh")).to_contain_text("Kept")
    assert page.evaluate("window.ran") is None
    left = page.locator("#fresh").evaluate("(fresh) => fresh.outerHTML + fresh.querySelector('template').innerHTML")
    for word in ("<script", "onerror", "<iframe", "javascript:", "script:window", "onclick"):
        assert word not in left
    assert "require-trusted-types-for (enforce) by trusted-types-sink on exams/<slug:code>/begin/" in log.read_text()


def test_the_exam_screen_lets_nobody_make_html_of_text(paper: Paper, watch: Watch) -> None:
    watch.allow("policy broken: (require-)?trusted-types", "Trusted ?Types?", "TrustedHTML")
    assert paper.page.evaluate(WRITE) == "TypeError"
    refused = """() => { try { trustedTypes.createPolicy("htmx", {}); return "made"; } catch (e) { return e.name; } }"""
    assert paper.page.evaluate(refused) == "TypeError"
