"""Everything by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from exams.models import Answer, Seat, Sitting
from tests.e2e.paper import Paper, in_stored_order
from tests.e2e.steps import stored
from tests.factories import key_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def first_of(sitting: Sitting, kind: str) -> Seat:
    return sitting.form.seats.filter(kind=kind).order_by("number")[0]


def walk_to(page: Page, paper: Paper, number: int) -> None:
    """From the first question, until the question is there."""
    for _ in range(number - 1):
        page.keyboard.press("n")
    expect(paper.question(number)).to_be_visible()


@pytest.mark.parametrize("signs", ["12345678", "abcdefgh"])
def test_digits_and_letters_answer(paper: Paper, page: Page, sitting: Sitting, signs: str) -> None:
    seats = [first_of(sitting, kind) for kind in ("multiple_choice", "multiple_response", "ordering")]
    for seat in seats:
        page.evaluate("number => { location.hash = `q${number}`; }", seat.number)
        expect(paper.question(seat.number)).to_be_visible()
        for token in key_of(seat):
            page.keyboard.press(signs[seat.tokens.index(token)])
        paper.saved()
        response = Answer.objects.get(sitting=sitting, seat=seat.number).response
        assert tuple(response) == in_stored_order(seat, key_of(seat))
        assert tuple(paper.given(seat)) == tuple(response)


def test_matching_is_answered_through_its_lists(paper: Paper, page: Page, sitting: Sitting) -> None:
    seat = first_of(sitting, "matching")
    walk_to(page, paper, seat.number)
    for place, token in enumerate(key_of(seat)):
        if place == 0:
            page.keyboard.press("1")
        else:
            page.keyboard.press("Tab")
        expect(paper.question(seat.number).locator("select").nth(place)).to_be_focused()
        for _ in range(seat.tokens.index(token) + 1):
            page.keyboard.press("ArrowDown")
    paper.saved()
    assert tuple(Answer.objects.get(sitting=sitting, seat=seat.number).response) == key_of(seat)


def test_steps_of_an_order_move_by_keyboard(paper: Paper, page: Page, sitting: Sitting) -> None:
    seat = first_of(sitting, "ordering")
    walk_to(page, paper, seat.number)
    first, second, *rest = key_of(seat)
    for token in (second, first, *rest):
        page.keyboard.press("12345678"[seat.tokens.index(token)])
    up = paper.question(seat.number).locator(f"[data-token='{first}'] [data-move=up]")
    up.focus()
    page.keyboard.press("Enter")
    expect(paper.announcer).to_have_text(f"Step 1 of {seat.slots}")
    expect(up).to_be_focused()
    paper.saved()
    assert tuple(Answer.objects.get(sitting=sitting, seat=seat.number).response) == key_of(seat)


def test_focus_goes_to_the_heading_on_every_move(paper: Paper, page: Page) -> None:
    page.keyboard.press("n")
    expect(page.locator("#h2")).to_be_focused()
    page.keyboard.press("p")
    expect(page.locator("#h1")).to_be_focused()
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Review your answers")).to_be_focused()
    page.keyboard.press("p")
    expect(page.locator("#h1")).to_be_focused()


def test_flag_time_and_help(paper: Paper, page: Page, sitting: Sitting) -> None:
    page.keyboard.press("m")
    expect(paper.announcer).to_have_text("Flagged for review")
    expect(page.locator("#flag")).to_have_attribute("aria-pressed", "true")
    paper.saved()
    assert Answer.objects.get(sitting=sitting, seat=1).flagged

    page.keyboard.press("t")
    expect(paper.announcer).to_have_text(re.compile(r"2 hours and (10|9) minutes remaining"))
    expect(page.get_by_role("status").filter(has_text="remaining")).to_have_count(1)

    page.keyboard.press("?")
    expect(paper.dialog("keys")).to_be_visible()
    page.keyboard.press("n")  # means nothing while a dialog is open
    page.keyboard.press("Escape")
    expect(paper.dialog("keys")).to_have_count(0)
    expect(paper.question(1)).to_be_visible()


def test_keys_with_a_modifier_stay_the_browsers(paper: Paper, page: Page) -> None:
    for keys in ("Control+m", "Alt+m", "Meta+m"):
        page.keyboard.press(keys)
    expect(page.locator("#flag")).to_have_attribute("aria-pressed", "false")


def test_shortcuts_can_be_switched_off_for_good(paper: Paper, page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_label("Use these shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.reload()
    paper.ready()
    page.keyboard.press("n")
    expect(paper.question(1)).to_be_visible()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Use these shortcuts").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    expect(paper.question(2)).to_be_visible()


def test_ending_by_keyboard(paper: Paper, page: Page, sitting: Sitting) -> None:
    seat = first_of(sitting, "multiple_choice")
    walk_to(page, paper, seat.number)
    page.keyboard.press("1")
    page.keyboard.press("r")
    for _ in range(2):  # "Back to the question", then "End exam"
        page.keyboard.press("Tab")
    expect(page.locator("#open-end")).to_be_focused()
    page.keyboard.press("Enter")
    expect(paper.dialog("end")).to_be_visible()
    expect(paper.dialog("end").get_by_role("button", name="Keep working")).to_be_focused()  # the harmless one
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/results/{sitting.pk}/")
    sitting.refresh_from_db()
    assert (sitting.state, sitting.end_reason) == ("closed", "candidate")
    assert stored(sitting) == {seat.number: seat.tokens[:1]}
