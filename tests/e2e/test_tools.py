"""Strike out and note pad, by mouse and by keyboard, case studies, matching, and the exam bar with its tools."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from exams.models import Seat, Sitting
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.texts import case_study, first_of, painted, scenario, select, stem, words
from tests.factories import key_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def option(paper: Paper, seat: Seat, place: int) -> Locator:
    return paper.question(seat.number).locator(".option").nth(place)


def strike(paper: Paper, seat: Seat, place: int) -> Locator:
    return option(paper, seat, place).get_by_role("button", name=f"Strike out option {'ABCDEFGH'[place]}")


# ---- strike out ---------------------------------------------------------------------------------------------------


def test_an_option_is_struck_out_and_back_by_mouse(paper: Paper, sitting: Sitting) -> None:
    seat = first_of(sitting, "multiple_choice")
    paper.go(seat.number)
    strike(paper, seat, 2).click()
    expect(strike(paper, seat, 2)).to_have_attribute("aria-pressed", "true")
    expect(option(paper, seat, 2).locator(".text")).to_have_css("text-decoration-line", "line-through")
    expect(paper.announcer).to_have_text("Option C struck out")
    assert paper.given(seat) == []
    strike(paper, seat, 2).click()
    expect(strike(paper, seat, 2)).to_have_attribute("aria-pressed", "false")
    expect(paper.announcer).to_have_text("Option C no longer struck out")


@pytest.mark.parametrize("kind", ["multiple_choice", "multiple_response"])
def test_striking_what_is_chosen_clears_the_choice(paper: Paper, page: Page, sitting: Sitting, kind: str) -> None:
    seat = first_of(sitting, kind)
    paper.go(seat.number)
    page.keyboard.press("b")
    assert paper.given(seat) == [seat.tokens[1]]
    page.keyboard.press("Shift+B")
    expect(paper.announcer).to_have_text("Option B struck out and no longer chosen")
    assert paper.given(seat) == []
    paper.saved()
    assert list(sitting.answers.get(seat=seat.number).response) == []


def test_choosing_what_is_struck_takes_the_strike_off(paper: Paper, page: Page, sitting: Sitting) -> None:
    seat = first_of(sitting, "multiple_response")
    paper.go(seat.number)
    for letter in "ABC":
        page.keyboard.press(f"Shift+{letter}")
    page.keyboard.press("a")
    expect(strike(paper, seat, 0)).to_have_attribute("aria-pressed", "false")
    option(paper, seat, 1).locator("label").click()
    expect(strike(paper, seat, 1)).to_have_attribute("aria-pressed", "false")
    expect(strike(paper, seat, 2)).to_have_attribute("aria-pressed", "true")
    assert paper.given(seat) == seat.tokens[:2]
    page.keyboard.press("c")  # one too many: not chosen, so still struck out
    expect(strike(paper, seat, 2)).to_have_attribute("aria-pressed", "true")
    assert paper.given(seat) == seat.tokens[:2]


# ---- note pad -----------------------------------------------------------------------------------------------------


def test_the_pad_stays_open_while_one_moves_on(paper: Paper, page: Page) -> None:
    opener = page.get_by_role("button", name="Notes", exact=True)
    opener.click()
    field = page.get_by_role("textbox", name="Notes")
    expect(field).to_be_focused()
    page.keyboard.type("n: not a key here")
    expect(paper.question(1)).to_be_visible()
    page.locator("#next").click()
    expect(paper.question(2)).to_be_visible()
    expect(field).to_have_value("n: not a key here")
    expect(page.get_by_role("button", name="Notes (something is written)")).to_be_visible()
    page.get_by_role("button", name="Close the notes").click()
    expect(field).to_be_hidden()
    expect(page.locator("#open-pad")).to_be_focused()
    assert page.locator("#open-pad").evaluate("button => getComputedStyle(button, '::after').content") == '""'


def test_escape_closes_the_pad_and_nothing_else(paper: Paper, page: Page) -> None:
    page.set_viewport_size({"width": 768, "height": 900})
    page.keyboard.press("w")
    expect(page.locator("#pad-text")).to_be_focused()
    page.locator("#navigator").evaluate("element => element.showPopover()")
    page.locator("#pad-text").evaluate("element => element.focus()")
    page.keyboard.press("Escape")
    expect(page.locator("#pad")).to_be_hidden()
    expect(page.locator("#open-tools")).to_be_focused()  # the button itself is folded away
    expect(page.locator("#navigator")).to_be_visible()


def test_the_pad_takes_three_thousand_bytes(paper: Paper, page: Page) -> None:
    page.keyboard.press("w")
    field, left = page.locator("#pad-text"), page.locator("#pad-left")
    field.fill("x" * 2_700)
    expect(left).to_be_empty()
    page.keyboard.type("é")
    expect(left).to_have_text("Room left: 298")
    field.evaluate("element => element.setSelectionRange(0, 0)")
    page.keyboard.insert_text("€" * 150)  # 450 bytes
    expect(field).to_have_value("€" * 99 + "x" * 2_700 + "é")  # 2,999: no half character
    expect(paper.announcer).to_have_text("The pad is full")


def test_the_pad_reports_when_typing_rests_and_when_it_is_left(page: Page, paper: Paper) -> None:
    page.evaluate("""async () => {
        const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
        const { Pad } = await import(loaded.find((name) => name.includes("/tools/pad.")));
        window.reports = [];
        window.pad = new Pad({ announce() {} });
        pad.onchange = () => reports.push(pad.text);
        pad.text = "from the server";
    }""")
    field = page.locator("#pad-text")
    page.keyboard.press("w")
    expect(field).to_have_value("from the server")
    page.keyboard.press("Control+End")
    page.keyboard.type(" and")
    assert page.evaluate("reports") == []
    page.wait_for_function("() => reports.length === 1")
    page.keyboard.type(" me")
    field.blur()
    assert page.evaluate("reports") == ["from the server and", "from the server and me"]


# ---- matching, case study, bar ------------------------------------------------------------------------------------


def test_one_option_may_serve_every_prompt(paper: Paper, page: Page, sitting: Sitting) -> None:
    seat = first_of(sitting, "matching")
    paper.go(seat.number)
    lists = paper.question(seat.number).locator("select")
    for place in range(seat.slots):
        lists.nth(place).select_option(seat.tokens[0])
        expect(lists.nth(place).locator("option")).to_have_count(len(seat.tokens) + 1)
    assert paper.given(seat) == [seat.tokens[0]] * seat.slots


def test_escape_leads_out_of_a_list(paper: Paper, page: Page, sitting: Sitting) -> None:
    seat = first_of(sitting, "matching")
    paper.go(seat.number)
    page.keyboard.press("1")
    expect(paper.question(seat.number).locator("select").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(f"#h{seat.number}")).to_be_focused()
    page.keyboard.press("n")
    expect(paper.question(seat.number + 1)).to_be_visible()


def test_a_scenario_stands_beside_its_question(paper: Paper, page: Page, sitting: Sitting) -> None:
    first, second, *_ = case_study(sitting)
    page.set_viewport_size({"width": 1280, "height": 560})
    paper.go(first)
    column = paper.question(first).get_by_role("region")
    left, right = column.bounding_box(), paper.question(first).locator("fieldset").bounding_box()
    assert left
    assert right
    assert left["x"] + left["width"] <= right["x"]
    expect(page.locator("#navigator")).to_be_hidden()
    column.focus()
    page.keyboard.press("End")
    page.wait_for_function("element => element.scrollTop > 0", arg=column.element_handle())
    page.locator("#main").evaluate("main => main.scrollTo(0, main.scrollHeight)")
    expect(paper.question(first).locator(".scenario summary")).to_be_in_viewport()
    page.keyboard.press("n")
    assert paper.question(second).get_by_role("region").evaluate("element => element.scrollTop") > 0
    paper.go(1)  # through "All questions"
    expect(page.locator("#navigator")).to_be_visible()


def test_a_scenario_opens_and_closes_above_its_question(paper: Paper, page: Page, sitting: Sitting) -> None:
    first, second, *_ = case_study(sitting)
    page.set_viewport_size({"width": 375, "height": 800})
    page.evaluate("number => { location.hash = `q${number}`; }", first)
    expect(page.locator(scenario(first))).to_be_visible()
    paper.question(first).locator("summary").click()
    page.keyboard.press("n")
    expect(page.locator(scenario(second))).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator(scenario(second))).to_be_visible()


def test_tools_fold_into_one_button_on_a_phone(paper: Paper, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 568})
    boxes = [page.locator(f"#{name}").bounding_box() for name in ("previous", "flag", "open-tools", "next")]
    assert {round(box["y"]) for box in boxes if box} == {round(boxes[0]["y"]) if boxes[0] else 0}
    page.get_by_role("button", name="Tools").click()
    page.get_by_role("button", name="Display").click()
    expect(paper.dialog("display")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#open-tools")).to_be_focused()
    page.get_by_role("button", name="Tools").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(paper.dialog("keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Tools").click()
    page.get_by_role("button", name="Notes").click()
    expect(page.locator("#pad-text")).to_be_focused()
    expect(page.locator("#tools")).to_be_hidden()


def test_the_key_sheet_names_every_key(paper: Paper, page: Page) -> None:
    page.keyboard.press("?")
    named = paper.dialog("keys").locator("dt").all_inner_texts()
    assert [re.sub(r"\s+", " ", text).strip() for text in named] == [
        "1–8 or A–H", "Shift + A–H", "N", "P", "M", "R", "T", "L", "W", "V", "Esc", "?",
    ]  # fmt: skip


def test_tools_can_be_told_apart_in_forced_colours(new_context: NewContext, sitting: Sitting, user: User) -> None:
    page = sign_in(new_context(forced_colors="active"), user).new_page()
    paper = Paper(page).open(sitting)
    seat = first_of(sitting, "multiple_response")
    paper.go(seat.number)
    paper.answer(seat, key_of(seat)[:1])
    chosen = paper.question(seat.number).locator(".option:has(:checked)")
    other = paper.question(seat.number).locator(".option:not(:has(:checked))").first
    other.locator("[data-strike]").click()
    expect(chosen).to_have_css("outline-style", "solid")
    expect(chosen).to_have_css("outline-width", "3px")
    expect(other).to_have_css("border-style", "dashed")
    expect(other.locator(".text")).to_have_css("text-decoration-line", "line-through")
    expect(other.locator("[data-strike]")).to_have_css("outline-style", "solid")
    expect(paper.entry(seat.number)).to_have_css("outline-style", "solid")
    start, end = words(page, stem(seat.number))[0]
    select(page, stem(seat.number), start, end)
    plain = page.locator(stem(seat.number)).screenshot()
    page.keyboard.press("l")
    assert painted(page, stem(seat.number)) == [[start, end]]
    marked = page.locator(stem(seat.number)).screenshot()
    paper.question(seat.number).get_by_role("button", name="Clear highlights").click()
    assert marked not in (plain, page.locator(stem(seat.number)).screenshot())
