"""The exam screen as a candidate handles it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from exams.models import Seat, Sitting

OPEN_SECONDS = 10


class Paper:
    """One window with a sitting in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.status = page.locator("#save-status")
        self.announcer = page.locator("#announcer")
        self.timer = page.locator("#timer")
        self.place = page.locator("#place")

    def open(self, sitting: Sitting) -> Paper:
        self.page.goto(reverse("sitting", args=[sitting.pk]))
        return self.ready()

    def ready(self) -> Paper:
        """Wait until this window holds the sitting."""
        expect(self.page.locator("body[data-ready]")).to_be_attached(timeout=OPEN_SECONDS * 1000)
        return self

    def shelved(self) -> Paper:
        """Wait until the page could be loaded again without a network."""
        expect(self.page.locator("body[data-shelved]")).to_be_attached(timeout=OPEN_SECONDS * 1000)
        return self

    def question(self, number: int) -> Locator:
        return self.page.locator(f"#q{number}")

    def dialog(self, name: str) -> Locator:
        return self.page.locator(f"dialog#{name}-dialog[open]")

    def entry(self, number: int) -> Locator:
        """The question's link in the navigator."""
        return self.page.locator(f".nav-grid a[data-seat='{number}']")

    def go(self, number: int) -> None:
        """To a question by its link in the navigator, folded away or not, or, from there, in the review."""
        link = self.entry(number).or_(self.page.locator(f"tr[data-seat='{number}'] a.go")).locator("visible=true")
        if not link.count():
            self.page.get_by_role("button", name="All questions").click()
        link.click()
        expect(self.question(number)).to_be_visible()

    def review(self) -> None:
        self.page.get_by_role("link", name="Review and end").click()

    def answer(self, seat: Seat, response: Sequence[str]) -> None:
        """Give a response by mouse on the question that is shown."""
        question = self.question(seat.number)
        if seat.kind == "matching":
            for place, token in enumerate(response):
                question.locator("select").nth(place).select_option(token)
        elif seat.kind == "ordering":
            for token in response:
                question.locator(f".pool [data-token='{token}'] [data-move=in]").click()
        else:
            for token in response:
                question.locator(f"label:has(input[value='{token}'])").click()

    def given(self, seat: Seat) -> list[str]:
        """The response that the page shows."""
        question = self.question(seat.number)
        if seat.kind == "matching":
            values: list[str] = question.locator("select").evaluate_all("all => all.map((one) => one.value)")
            return values if any(values) else []
        if seat.kind == "ordering":
            steps: list[str] = question.locator(".chosen [data-token]").evaluate_all(
                "all => all.map((one) => one.dataset.token)"
            )
            return steps
        checked: list[str] = question.locator("input:checked").evaluate_all("all => all.map((one) => one.value)")
        return checked

    def saved(self, timeout: float = 10_000) -> None:
        """Wait until the header says that everything is saved."""
        expect(self.status).to_have_attribute("data-state", "saved", timeout=timeout)

    def end(self) -> None:
        """End exam from the review screen, with its confirmation."""
        self.page.locator("#open-end").click()
        self.dialog("end").get_by_role("button", name="End exam").click()

    def look_up(self) -> None:
        """What a browser does when somebody comes back to the window: it asks the server how things stand."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    @property
    def shown_left(self) -> dt.timedelta:
        hours, minutes, seconds = map(int, (self.timer.locator("time").text_content() or "").split(":"))
        return dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)


BOXES = """
async () => {
  const opening = indexedDB.open("cutscore");
  const database = await new Promise((resolve) => { opening.onsuccess = () => resolve(opening.result); });
  if (!database.objectStoreNames.contains("boxes")) return [];
  const reading = database.transaction("boxes").objectStore("boxes").getAll();
  const boxes = await new Promise((resolve) => { reading.onsuccess = () => resolve(reading.result); });
  database.close();
  return boxes;
}
"""


def kept_on(page: Page) -> list[dict[str, Any]]:
    """The boxes of unsent changes in this browser's own store."""
    boxes: list[dict[str, Any]] = page.evaluate(BOXES)
    return boxes


def assert_nothing_kept(page: Page) -> None:
    """The store is emptied a moment after the page has said how it stands."""
    page.wait_for_function(f"async () => (await ({BOXES})()).length === 0")


def in_stored_order(seat: Seat, response: Sequence[str]) -> tuple[str, ...]:
    """Checkboxes have no order of their own; they are stored in the page's."""
    return tuple(sorted(response, key=seat.tokens.index)) if seat.kind == "multiple_response" else tuple(response)
