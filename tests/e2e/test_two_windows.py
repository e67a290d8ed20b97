"""Two windows of one sitting: the newer one holds it, and what the older one could not send is never just gone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from exams.models import KeptChange, Seat, Sitting
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper, kept_on
from tests.e2e.steps import BACKOFF, OFFLINE, choices, give, stored
from tests.e2e.watch import Watch

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

NO_STORE = """
IDBFactory.prototype.open = () => { throw new DOMException("The operation is insecure.", "SecurityError"); };
"""


@pytest.fixture(autouse=True)
def _allow(watch: Watch) -> None:
    watch.allow(OFFLINE)


def silence(page: Page) -> None:
    """Nothing that this window saves gets through."""
    page.route("**/changes/", lambda route: route.abort())


def speak(paper: Paper) -> None:
    paper.page.unroute("**/changes/")
    paper.page.evaluate("dispatchEvent(new Event('online'))")


def expect_boxes(page: Page, count: int) -> None:
    for _ in range(50):
        if len(kept_on(page)) == count:
            return
        page.wait_for_timeout(100)
    raise AssertionError(kept_on(page))


def assert_read_only(paper: Paper) -> None:
    expect(paper.dialog("claimed")).to_contain_text("This exam continues in another window")
    expect(paper.page.locator(".questions")).to_have_attribute("inert", "")


def assert_chosen(paper: Paper, sitting: Sitting, seat: Seat, place: int) -> None:
    """The choice stands here, at the server, and after the page was loaded again."""
    paper.saved()
    expect(paper.page.locator("#conflict-notice")).to_be_hidden()
    assert paper.given(seat) == [seat.tokens[place]]
    assert stored(sitting)[seat.number] == [seat.tokens[place]]
    kept = KeptChange.objects.get(sitting=sitting)
    assert kept.settled_at is not None
    paper.page.reload()
    paper.ready()
    assert paper.given(seat) == [seat.tokens[place]]
    expect(paper.page.locator("#conflict-notice")).to_be_hidden()


def choose(paper: Paper, name: str) -> None:
    notice = paper.page.locator("#conflict-notice")
    expect(notice).to_contain_text("One answer differs from what another window sent.")
    notice.get_by_role("button", name="Choose").click()
    dialog = paper.dialog("conflict")
    dialog.get_by_role("radio", name=re.compile(name)).check()
    dialog.get_by_role("button", name="Keep this one").click()
    expect(dialog).to_be_hidden()


def test_the_older_window_is_read_only_at_once_and_can_take_back(
    paper: Paper, page: Page, context: BrowserContext, sitting: Sitting
) -> None:
    """Even when no window can ask the server."""
    (seat,) = choices(sitting, 1)
    paper.shelved()
    context.set_offline(True)
    newer = context.new_page()
    newer.goto(page.url)
    assert_read_only(paper)
    context.set_offline(False)
    Paper(newer).ready()
    paper.dialog("claimed").get_by_role("button", name="Take it back").click()
    assert_read_only(Paper(newer))
    paper.ready()
    give(paper, seat)
    paper.saved()
    assert stored(sitting) == {seat.number: seat.tokens[:1]}


def test_what_an_older_tab_could_not_send_is_sent_by_the_newer_one(
    paper: Paper, page: Page, context: BrowserContext, sitting: Sitting
) -> None:
    first, second = choices(sitting, 2)
    silence(page)
    give(paper, first)
    give(paper, second)
    expect(paper.status).to_contain_text("Offline: 2 answers wait")
    newer = Paper(context.new_page()).open(sitting)
    assert_read_only(paper)
    assert [newer.given(seat) for seat in (first, second)] == [seat.tokens[:1] for seat in (first, second)]
    newer.saved()
    everything = {seat.number: seat.tokens[:1] for seat in (first, second)}
    assert stored(sitting) == everything
    speak(paper)  # the older window says again what has arrived: nothing changes
    paper.saved(BACKOFF)
    assert stored(sitting) == everything
    assert not KeptChange.objects.exists()


def test_a_third_tab_finds_the_same_answer_in_both_others(
    paper: Paper, page: Page, context: BrowserContext, sitting: Sitting
) -> None:
    """It sends it once: a packet with one change twice would be refused, and what is in it lost."""
    (seat,) = choices(sitting, 1)
    context.route("**/changes/", lambda route: route.abort())
    give(paper, seat)
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    Paper(context.new_page()).open(sitting)
    page.evaluate("dispatchEvent(new Event('online'))")  # the older window tries again, and keeps it again
    expect_boxes(page, 2)
    third = Paper(context.new_page()).open(sitting)
    context.unroute("**/changes/")
    third.saved(BACKOFF)
    assert stored(sitting) == {seat.number: seat.tokens[:1]}


def test_what_two_windows_left_behind_is_shown_in_the_order_it_was_made(
    context: BrowserContext, sitting: Sitting
) -> None:
    """The older window's box, found last, must not cover what the newer one made of it."""
    (seat,) = choices(sitting, 1)
    context.route("**/changes/", lambda route: route.abort())
    for name, place in ((9, 0), (1, 1)):  # boxes are found by the names of their windows
        window = context.new_page()
        window.add_init_script(f"crypto.getRandomValues = (array) => array.fill({name});")
        give(Paper(window).open(sitting), seat, place)
    older, newer = context.pages
    older.evaluate("dispatchEvent(new Event('online'))")
    expect_boxes(newer, 2)
    third = Paper(context.new_page()).open(sitting)
    assert third.given(seat) == [seat.tokens[1]]
    context.unroute("**/changes/")
    third.saved(BACKOFF)
    assert stored(sitting) == {seat.number: [seat.tokens[1]]}
    assert not KeptChange.objects.exists()


@pytest.mark.parametrize(("name", "place"), [("In this exam now", 1), ("From the other window", 0)])
def test_two_tabs_that_differ(name: str, place: int, page: Page, context: BrowserContext, sitting: Sitting) -> None:
    """Without a store on the device the newer tab knows nothing of what the older one could not send."""
    context.add_init_script(NO_STORE)
    paper = Paper(page).open(sitting)
    seat, other = choices(sitting, 2)
    silence(page)
    give(paper, seat)
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    newer = Paper(context.new_page()).open(sitting)
    assert_read_only(paper)
    give(newer, seat, 1)
    newer.saved()
    speak(paper)
    paper.saved(BACKOFF)
    assert stored(sitting) == {seat.number: [seat.tokens[1]]}
    give(newer, other)  # with the next reply it hears of it
    choose(newer, name)
    assert_chosen(newer, sitting, seat, place)


@pytest.mark.parametrize(("name", "place"), [("In this exam now", 1), ("From the other window", 0)])
def test_two_devices_that_differ(
    name: str, place: int, paper: Paper, context: BrowserContext, sitting: Sitting, new_context: NewContext, user: User
) -> None:
    (seat,) = choices(sitting, 1)
    context.set_offline(True)
    give(paper, seat)
    newer = Paper(sign_in(new_context(), user).new_page()).open(sitting)
    give(newer, seat, 1)
    newer.saved()
    context.set_offline(False)
    assert_read_only(paper)
    paper.saved(BACKOFF)
    newer.look_up()
    choose(newer, name)
    assert_chosen(newer, sitting, seat, place)


def test_what_another_device_could_not_send_is_shown_where_nothing_newer_stands(
    paper: Paper, context: BrowserContext, sitting: Sitting, new_context: NewContext, user: User
) -> None:
    seat, other = choices(sitting, 2)
    context.set_offline(True)
    give(paper, seat)
    newer = Paper(sign_in(new_context(), user).new_page()).open(sitting)
    assert newer.given(seat) == []
    context.set_offline(False)
    assert_read_only(paper)
    paper.saved(BACKOFF)
    assert stored(sitting) == {seat.number: seat.tokens[:1]}
    give(newer, other)
    newer.saved()
    expect(newer.question(seat.number).locator(f"input[value='{seat.tokens[0]}']")).to_be_checked()
    assert not KeptChange.objects.exists()
