"""Everything that a browser loads to sit the exam fits into 150 kB."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from exams.models import Sitting
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.watch import Watch

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

MOST = 150_000  # bytes on the wire, with their headers


def test_the_sitting_page_is_light(new_context: NewContext, user: User, sitting: Sitting, record_property: Any,
                                  watch: Watch) -> None:  # fmt: skip
    """Cold, and without the service worker, which would hide what it fetches."""
    watch.allow("Service Worker registration blocked")
    context = sign_in(new_context(service_workers="block"), user)
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    encodings: dict[str, str] = {}
    weights: dict[str, float] = {}

    def begun(event: dict[str, Any]) -> None:
        answer = event["response"]
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        encodings[event["requestId"]] = f"{answer['url'].rsplit('/static/', 1)[-1]} {headers.get('content-encoding')}"

    def done(event: dict[str, Any]) -> None:
        weights[event["requestId"]] = event["encodedDataLength"]

    network.on("Network.responseReceived", begun)
    network.on("Network.loadingFinished", done)
    Paper(page).open(sitting)
    page.wait_for_load_state("networkidle")

    # Afterwards all is asked for once more, for the shelf: the files come from the browser's cache. The page does not,
    # unless the service worker was at work before it, as it is after the instructions.
    seen: dict[str, int] = {}
    for request, weight in weights.items():
        seen.setdefault(encodings[request], round(weight))
    record_property("bytes", seen)
    html = next(name for name in seen if reverse("sitting", args=[sitting.pk]) in name and "claim" not in name)
    assert html.endswith(" gzip")
    text = [name for name in seen if ".css" in name or ".js" in name or ".svg" in name]
    assert len([name for name in text if ".js" in name]) >= 7
    assert [name for name in text if not name.endswith((" br", " gzip"))] == []
    assert min(seen.values()) > 0
    assert sum(seen.values()) <= MOST, seen
