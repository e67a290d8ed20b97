"""Words of a stem or a scenario are highlighted: what is selected, or sentence by sentence."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from exams.models import Sitting
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.texts import case_study, first_of, painted, scenario, select, stem, words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def test_a_selection_is_highlighted_and_back(paper: Paper, page: Page) -> None:
    button = paper.question(1).get_by_role("button", name="Highlight", exact=True)
    clear = paper.question(1).get_by_role("button", name="Clear highlights")
    places = words(page, stem(1))
    (start, _), (_, end) = places[1], places[4]
    expect(clear).to_be_hidden()
    select(page, stem(1), start, end)
    button.click()
    assert painted(page, stem(1)) == [[start, end]]
    expect(paper.announcer).to_have_text("Highlighted")
    assert page.evaluate("getSelection().isCollapsed")

    inner = places[2]
    select(page, stem(1), *inner)
    page.keyboard.press("l")
    assert painted(page, stem(1)) == [[start, places[1][1]], [places[3][0], end]]
    expect(paper.announcer).to_have_text("Highlight removed")

    clear.click()
    assert painted(page, stem(1)) == []
    expect(clear).to_be_hidden()
    expect(button).to_be_focused()


def test_highlights_that_overlap_become_one(paper: Paper, page: Page) -> None:
    places = words(page, stem(1))
    for first, last in ((0, 2), (5, 6), (2, 4), (8, 8)):
        select(page, stem(1), places[first][0], places[last][1])
        page.keyboard.press("l")
    assert painted(page, stem(1)) == [[places[0][0], places[6][1]], list(places[8])]


def test_a_selection_sheds_the_space_around_it(paper: Paper, page: Page) -> None:
    places = words(page, stem(1))
    select(page, stem(1), places[2][1], places[4][0])
    page.keyboard.press("l")
    assert painted(page, stem(1)) == [list(places[3])]


def test_a_text_takes_forty_highlights(paper: Paper, page: Page, sitting: Sitting) -> None:
    number = case_study(sitting)[0]
    paper.go(number)
    places = words(page, scenario(number))[::2]
    assert len(places) > 41
    for place in places[:41]:
        select(page, scenario(number), *place)
        page.keyboard.press("l")
    assert painted(page, scenario(number)) == [list(place) for place in places[:40]]
    expect(paper.announcer).to_have_text("A text can have 40 highlights; clear some first")


def test_a_scenario_shows_its_highlights_in_every_question(paper: Paper, page: Page, sitting: Sitting) -> None:
    first, second, *_ = case_study(sitting)
    paper.go(second)
    places = words(page, scenario(second))
    select(page, scenario(second), places[3][0], places[5][1])
    page.keyboard.press("l")
    page.keyboard.press("p")
    for number in (first, second):
        assert painted(page, scenario(number)) == [[places[3][0], places[5][1]]]
        assert painted(page, stem(number)) == []
    paper.question(first).get_by_role("button", name="Clear highlights").click()
    assert painted(page, scenario(second)) == []


def test_sentence_by_sentence_with_the_keyboard(paper: Paper, page: Page, sitting: Sitting) -> None:
    seat = first_of(sitting, "multiple_response")
    paper.go(seat.number)
    text = stem(seat.number)
    page.keyboard.press("l")
    expect(paper.announcer).to_contain_text("arrow keys move, Enter highlights, Escape leaves. Not highlighted: ")
    (first,) = painted(page, text, "reading")
    page.keyboard.press("ArrowDown")
    (second,) = painted(page, text, "reading")
    assert second[0] > first[1]
    content = page.locator(text).evaluate("element => element.textContent")
    expect(paper.announcer).to_have_text(f"Not highlighted: {' '.join(content[slice(*second)].split())}")
    page.keyboard.press("Enter")
    assert painted(page, text) == [second]
    expect(page.locator("[data-reading=mark]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    assert painted(page, text) == [[first[0], second[1]]]  # neighbours become one
    page.keyboard.press("ArrowUp")
    expect(paper.announcer).to_have_text("First sentence")
    page.keyboard.press("Enter")
    assert painted(page, text) == [second]
    page.keyboard.press("Escape")
    assert painted(page, text, "reading") == []
    expect(paper.question(seat.number).get_by_role("button", name="Highlight", exact=True)).to_be_focused()
    expect(paper.question(seat.number)).to_be_visible()


def test_moving_on_leaves_the_sentences(paper: Paper, page: Page) -> None:
    page.keyboard.press("l")
    page.keyboard.press("n")
    expect(page.locator("#marking")).to_be_hidden()
    assert painted(page, stem(1), "reading") == []
    expect(page.locator("#h2")).to_be_focused()


def test_a_tap_marks_a_sentence(paper: Paper, page: Page) -> None:
    paper.question(1).get_by_role("button", name="Highlight", exact=True).click()
    (first,) = painted(page, stem(1), "reading")
    page.locator("[data-reading=forward]").click()
    page.locator(stem(1)).click(position={"x": 30, "y": 12})
    assert painted(page, stem(1)) == [first]
    assert painted(page, stem(1), "reading") == [first]
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#marking")).to_be_hidden()


def test_a_touch_selection_is_within_reach_of_a_button(new_context: NewContext, sitting: Sitting, user: User) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 375, "height": 600}, "has_touch": True, "is_mobile": True}
    page = sign_in(new_context(**phone), user).new_page()
    paper = Paper(page).open(sitting)
    number = case_study(sitting)[0]
    page.evaluate("number => { location.hash = `q${number}`; }", number)
    places = words(page, scenario(number))
    page.locator(stem(number)).scroll_into_view_if_needed()
    select(page, scenario(number), places[-3][0], places[-1][1])
    page.get_by_role("button", name="Highlight selection").tap()
    assert painted(page, scenario(number)) == [[places[-3][0], places[-1][1]]]
    expect(page.locator("#marking-selection")).to_be_hidden()
    paper.saved()


def test_without_the_highlight_interface_the_tool_is_not_offered(
    new_context: NewContext, sitting: Sitting, user: User
) -> None:
    context = sign_in(new_context(), user)
    context.add_init_script("Object.defineProperty(CSS, 'highlights', { value: undefined })")
    page = context.new_page()
    Paper(page).open(sitting)
    expect(page.get_by_role("button", name="Highlight")).to_have_count(0)
    page.keyboard.press("l")
    expect(page.locator("#marking")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_text("sentence by sentence")).to_be_hidden()
