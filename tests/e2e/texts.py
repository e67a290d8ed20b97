"""The texts of the exam screen: what is selected in them, painted on them, and where their words stand."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from exams.models import Seat, Sitting

SELECT = """([selector, start, end]) => {
    const walker = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT);
    const range = new Range();
    for (let from = 0; walker.nextNode(); from += walker.currentNode.length) {
        const { currentNode: node } = walker;
        if (from <= start && start < from + node.length) range.setStart(node, start - from);
        if (from < end && end <= from + node.length) range.setEnd(node, end - from);
    }
    getSelection().removeAllRanges();
    getSelection().addRange(range);
}"""
# Every painted range as offsets into the text around it, in the order of the page.
PAINTED = """([name, selector]) => [...CSS.highlights.get(name)]
    .filter((range) => document.querySelector(selector).contains(range.startContainer))
    .map((range) => {
        const before = new Range();
        before.selectNodeContents(document.querySelector(selector));
        before.setEnd(range.startContainer, range.startOffset);
        const start = before.toString().length;
        return [start, start + range.toString().length];
    })
    .sort(([one], [other]) => one - other)"""


def stem(number: int) -> str:
    return f"#stem{number}"


def scenario(number: int) -> str:
    return f"#q{number} .scenario .stem"


def select(page: Page, text: str, start: int, end: int) -> None:
    page.evaluate(SELECT, [text, start, end])


def painted(page: Page, text: str, name: str = "marker") -> list[list[int]]:
    found: list[list[int]] = page.evaluate(PAINTED, [name, text])
    return found


def words(page: Page, text: str) -> list[tuple[int, int]]:
    """Where the words of a text start and end."""
    content = page.locator(text).evaluate("element => element.textContent")
    return [match.span() for match in re.finditer(r"\S+", content)]


def first_of(sitting: Sitting, kind: str) -> Seat:
    return sitting.form.seats.filter(kind=kind).order_by("number")[0]


def case_study(sitting: Sitting) -> list[int]:
    """The seats of the form's first case study."""
    seats = sitting.form.seats.filter(revision__scenario_revision__isnull=False).order_by("number")
    first = seats[0].revision.scenario_revision_id
    return [seat.number for seat in seats if seat.revision.scenario_revision_id == first]
