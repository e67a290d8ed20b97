"""The form without scripts, by keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from exams.models import Seat

FOCUSED = """() => {
    const { name = "", value = "", type = "" } = document.activeElement;
    return [name, value, type];
}"""
COVERED = """() => {
    const box = document.activeElement.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
    return !(top && (document.activeElement.contains(top) || top.contains(document.activeElement)));
}"""

# The browser goes to the fragment, and the keyboard with it, some time after the page can be read.
ARRIVED = """() => {
    const target = document.querySelector(":target")?.getBoundingClientRect();
    return document.readyState === "complete" && Boolean(target) && target.bottom > 0 && target.top < innerHeight;
}"""


def arrive(page: Page) -> None:
    """Wait until the browser is where the server sent it after a step was moved."""
    for _ in range(100):
        if page.evaluate(ARRIVED):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not arrived: {page.evaluate('[location.hash, document.readyState, scrollY]')}")


def assert_in_sight(page: Page) -> None:
    """Nothing covers what has the focus, as soon as the browser has scrolled to it."""
    for _ in range(20):
        if not page.evaluate(COVERED):
            return
        page.wait_for_timeout(100)
    where = page.evaluate("[document.activeElement.outerHTML.slice(0, 200), location.hash, scrollY]")
    raise AssertionError(f"covered: {where}")


def operate(page: Page, seats: dict[int, Seat], given: dict[int, tuple[str, ...]], done: set[str]) -> bool:
    """Do what is to be done at the control that has the focus; returns whether the form was sent to be reviewed."""
    name, value, kind = page.evaluate(FOCUSED)
    if (name, value) == ("then", "review"):
        page.keyboard.press("Enter")
        return True
    if name == "move":
        number, direction, token = value.split(":")
        placed = page.locator(f"#q{number} .chosen [data-token]").count()
        if direction == "in" and given[int(number)][placed : placed + 1] == (token,):
            page.keyboard.press("Enter")
            expect(page.locator(f"#q{number} .chosen [data-token='{token}']")).to_be_attached()
            arrive(page)
    elif re.fullmatch(r"q\d+(-\d+)?", name):
        number, _, prompt = name[1:].partition("-")
        response, tokens = given[int(number)], seats[int(number)].tokens
        if kind == "checkbox" and value in response:
            page.keyboard.press("Space")
        elif kind == "radio" and response and name not in done:
            for _ in range(tokens.index(response[0])):
                page.keyboard.press("ArrowDown")
            if response[0] == tokens[0]:
                page.keyboard.press("Space")
        elif kind == "select-one" and response:
            for _ in range(tokens.index(response[int(prompt) - 1]) + 1):
                page.keyboard.press("ArrowDown")
        done.add(name)
    return False
