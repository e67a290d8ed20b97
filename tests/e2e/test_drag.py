"""Steps of an ordering are dragged into order by mouse and by finger; buttons and keys go on working."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from accounts.models import User
from exams.models import Seat, Sitting
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.factories import key_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def seat(sitting: Sitting) -> Seat:
    return sitting.form.seats.filter(kind="ordering").order_by("number")[0]


@pytest.fixture
def ordering(paper: Paper, page: Page, seat: Seat) -> Locator:
    """An ordering in a window that shows all of it."""
    page.set_viewport_size({"width": 1280, "height": 1400})
    paper.go(seat.number)
    return paper.question(seat.number)


def step(ordering: Locator, token: str) -> Locator:
    return ordering.locator(f"[data-token='{token}']")


def centre(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def lift(page: Page, ordering: Locator, token: str) -> None:
    page.mouse.move(*centre(step(ordering, token).locator("[data-grip]")))
    page.mouse.down()


def drag(page: Page, ordering: Locator, token: str, to: Locator, by: float = 0) -> None:
    lift(page, ordering, token)
    x, y = centre(to)
    page.mouse.move(x, y + by / 2, steps=4)
    page.mouse.move(x, y + by)
    page.mouse.up()


def test_by_mouse_into_the_order_within_it_and_out(
    paper: Paper, page: Page, sitting: Sitting, seat: Seat, ordering: Locator
) -> None:
    first, second, third = key_of(seat)[:3]
    slots, pool = ordering.locator(".slot"), ordering.locator(".pool > li")
    drag(page, ordering, second, slots.nth(0))
    assert paper.given(seat) == [second]
    drag(page, ordering, third, slots.last)
    drag(page, ordering, first, step(ordering, second), by=-20)
    assert paper.given(seat) == [first, second, third]
    expect(paper.announcer).to_have_text(f"Step 1 of {seat.slots}")
    drag(page, ordering, first, step(ordering, third), by=20)
    assert paper.given(seat) == [second, third, first]
    drag(page, ordering, third, pool.last)
    expect(paper.announcer).to_have_text("Taken out")
    paper.saved()
    assert sitting.answers.get(seat=seat.number).response == paper.given(seat) == [second, first]


def test_a_full_order_takes_no_further_step(paper: Paper, page: Page, seat: Seat, ordering: Locator) -> None:
    paper.answer(seat, key_of(seat))
    (spare,) = [token for token in seat.tokens if token not in key_of(seat)]
    drag(page, ordering, spare, step(ordering, key_of(seat)[1]))
    assert tuple(paper.given(seat)) == key_of(seat)
    expect(paper.announcer).to_contain_text("take a step out first")


def test_escape_puts_the_step_back(paper: Paper, page: Page, seat: Seat, ordering: Locator) -> None:
    paper.answer(seat, key_of(seat)[:2])
    lift(page, ordering, key_of(seat)[0])
    page.mouse.move(*centre(ordering.locator(".pool > li").last), steps=3)
    expect(ordering.locator("[data-lifted]")).to_have_count(1)
    page.keyboard.press("n")  # no shortcut while a step is in the air
    page.keyboard.press("Escape")
    expect(ordering.locator("[data-lifted]")).to_have_count(0)
    page.mouse.up()
    assert tuple(paper.given(seat)) == key_of(seat)[:2]
    expect(paper.announcer).to_have_text("Not moved")
    assert ordering.locator("li").evaluate_all("all => all.every((one) => !one.style.translate)")


def test_dragging_selects_no_text_and_keeps_the_lists_still(page: Page, seat: Seat, ordering: Locator) -> None:
    height = "element => element.getBoundingClientRect().height"
    before = ordering.locator("fieldset").evaluate(height)
    lift(page, ordering, seat.tokens[0])
    page.mouse.move(*centre(ordering.locator(".slot").first), steps=5)
    assert page.evaluate("getSelection().isCollapsed")
    assert ordering.locator("fieldset").evaluate(height) == before
    assert page.locator("#main").evaluate("main => main.scrollWidth <= main.clientWidth")
    page.mouse.up()


def test_the_page_scrolls_at_its_edges(paper: Paper, page: Page, seat: Seat, ordering: Locator) -> None:
    page.set_viewport_size({"width": 1280, "height": 560})
    main = page.locator("#main")
    box = main.bounding_box()
    assert box
    grip = step(ordering, seat.tokens[-1]).locator("[data-grip]")
    grip.scroll_into_view_if_needed()
    lift(page, ordering, seat.tokens[-1])
    before = main.evaluate("main => main.scrollTop")
    page.mouse.move(300, box["y"] + 10, steps=4)
    page.wait_for_function("([main, before]) => main.scrollTop < before - 60", arg=[main.element_handle(), before])
    page.mouse.move(*centre(ordering.locator(".order-head").first))
    page.mouse.up()
    assert paper.given(seat) == [seat.tokens[-1]]


def test_buttons_and_keys_still_move_a_dragged_step(paper: Paper, page: Page, seat: Seat, ordering: Locator) -> None:
    one, other = key_of(seat)[:2]
    drag(page, ordering, one, ordering.locator(".slot").first)
    page.keyboard.press("12345678"[seat.tokens.index(other)])
    step(ordering, other).locator("[data-move=up]").click()
    assert paper.given(seat) == [other, one]


def touch(finger: CDPSession, kind: str, *point: float) -> None:
    points = [{"x": point[0], "y": point[1]}] if point else []
    finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_by_finger_without_scrolling_the_page(
    new_context: NewContext, sitting: Sitting, user: User, seat: Seat
) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 375, "height": 1500}, "has_touch": True, "is_mobile": True}
    page = sign_in(new_context(**phone), user).new_page()
    paper = Paper(page).open(sitting)
    page.evaluate("number => { location.hash = `q${number}`; }", seat.number)
    ordering = paper.question(seat.number)
    finger = page.context.new_cdp_session(page)
    token = key_of(seat)[0]
    scrolled = page.locator("#main").evaluate("main => main.scrollTop")
    x, y = centre(step(ordering, token).locator("[data-grip]"))
    _, there = centre(ordering.locator(".slot").first)
    touch(finger, "touchStart", x, y)
    for part in range(1, 6):
        touch(finger, "touchMove", x, y + (there - y) * part / 5)
    expect(ordering.locator("[data-lifted]")).to_have_count(1)
    touch(finger, "touchEnd")
    expect(ordering.locator(f".chosen [data-token='{token}']")).to_be_visible()
    assert page.locator("#main").evaluate("main => main.scrollTop") == scrolled
    paper.saved()
    assert sitting.answers.get(seat=seat.number).response == [token]
