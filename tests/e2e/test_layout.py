"""Nothing on the exam screen covers anything else, from a phone to a desk, and saving moves nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from exams.models import Sitting
from tests.e2e.paper import Paper
from tests.e2e.watch import Watch

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

# Phones, common laptops with their bars taken off, a wall; and a laptop at 200 % zoom.
SIZES = [
    (320, 568),
    (375, 667),
    (768, 1024),
    (1280, 720),
    (1366, 650),
    (1280, 800),
    (1280, 900),
    (1920, 1080),
    (640, 360),
]
PHONE: ViewportSize = {"width": 375, "height": 667}
DESK: ViewportSize = {"width": 1280, "height": 900}
COVERED = """() => [...document.querySelectorAll(
        ".exam-header a, .exam-header button, .exam-header time, .save-status, .exam-bar a, .exam-bar button, #place")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => {
        element.scrollIntoView({ block: "nearest", behavior: "instant" });
        const box = element.getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return !(top && (element.contains(top) || top.contains(element)));
    })
    .map((element) => element.id || element.className || element.localName)"""
BOXES = """() => ["#place", "#timer", ".end", "#next", "#flag", ".question[data-current] fieldset"]
    .map((selector) => { const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
                         return [selector, x, y, width, height].join(" "); })"""


def test_nothing_is_covered(paper: Paper, page: Page) -> None:
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{width}×{height}: {what} is covered" for what in page.evaluate(COVERED)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{width}×{height}: scrolls sideways")
    assert found == []


def test_the_navigator_stands_beside_the_question(paper: Paper, page: Page) -> None:
    for height in (720, 900):
        page.set_viewport_size({"width": 1280, "height": height})
        question = paper.question(1).bounding_box()
        navigator = page.locator("#navigator").bounding_box()
        assert question
        assert navigator
        assert navigator["x"] >= question["x"] + question["width"]


def test_the_navigator_opens_on_a_phone(paper: Paper, page: Page) -> None:
    page.set_viewport_size(PHONE)
    expect(page.locator("#navigator")).to_be_hidden()
    page.get_by_role("button", name="All questions").click()
    expect(page.locator("#navigator")).to_be_visible()
    paper.go(40)
    expect(page.locator("#navigator")).to_be_hidden()
    expect(page.locator("#h40")).to_be_focused()


def test_saving_moves_nothing(paper: Paper, page: Page, sitting: Sitting, watch: Watch) -> None:
    watch.allow("503")
    seat = sitting.form.seats.filter(kind="multiple_choice").order_by("number")[0]
    paper.go(seat.number)
    paper.answer(seat, seat.tokens[:1])
    paper.saved()
    for token, size in zip(seat.tokens[1:], (PHONE, DESK), strict=False):
        page.set_viewport_size(size)
        paper.question(seat.number).locator(f"label:has([value='{token}'])").scroll_into_view_if_needed()
        before = page.evaluate(BOXES)
        page.route("**/changes/", lambda route: route.fulfill(status=503))
        paper.answer(seat, [token])
        expect(paper.status).to_have_attribute("data-state", "offline")
        assert page.evaluate(BOXES) == before
        page.unroute("**/changes/")
        paper.look_up()
        paper.saved()
        assert page.evaluate(BOXES) == before
