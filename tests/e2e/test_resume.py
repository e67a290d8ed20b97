"""Nothing acknowledged is lost: a killed server, a lost network, another device, another window."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, Response, expect

from accounts.models import User
from exams.models import Answer, Seat, Sitting
from tests.accounts.factories import PASSWORD
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper, kept_on
from tests.e2e.server import Server
from tests.e2e.watch import Watch
from tests.factories import key_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

OFFLINE = r"ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INTERNET_DISCONNECTED|ERR_SOCKET"
BACKOFF = 40_000  # milliseconds; the page waits longer after each failure, up to some twenty seconds


def choices(sitting: Sitting, count: int) -> list[Seat]:
    return list(sitting.form.seats.filter(kind="multiple_choice").order_by("number")[:count])


def stored(sitting: Sitting) -> dict[int, list[str]]:
    return dict(Answer.objects.filter(sitting=sitting).exclude(response=[]).values_list("seat", "response"))


def give(paper: Paper, seat: Seat, place: int = 0) -> None:
    paper.go(seat.number)
    paper.answer(seat, [seat.tokens[place]])


def assert_time_is_right(paper: Paper, sitting: Sitting) -> None:
    sitting.refresh_from_db()
    assert abs(paper.shown_left - (sitting.deadline - timezone.now())) <= dt.timedelta(seconds=2)


def test_the_server_is_killed_and_comes_back(paper: Paper, page: Page, sitting: Sitting, server: Server,
                                             watch: Watch) -> None:  # fmt: skip
    watch.allow(OFFLINE)
    first, second, third, fourth = choices(sitting, 4)
    give(paper, first)
    paper.saved()
    server.kill()
    give(paper, second)
    give(paper, third)
    expect(paper.status).to_contain_text("Offline: 2 answers wait")
    assert stored(sitting) == {first.number: first.tokens[:1]}
    give(paper, third, 1)  # changing one's mind makes no third answer
    expect(paper.status).to_contain_text("Offline: 2 answers wait")

    server.restart()
    paper.saved(BACKOFF)
    give(paper, fourth)
    paper.saved()
    everything = {seat.number: [seat.tokens[place]] for seat, place in
                  [(first, 0), (second, 0), (third, 1), (fourth, 0)]}  # fmt: skip
    assert stored(sitting) == everything

    page.reload()
    paper.ready()
    assert {seat.number: paper.given(seat) for seat in (first, second, third, fourth)} == everything
    expect(paper.place).to_have_text(f"Question {fourth.number} of 65")
    assert_time_is_right(paper, sitting)


def test_killed_amid_a_stream_of_answers(paper: Paper, page: Page, sitting: Sitting, server: Server,
                                         watch: Watch) -> None:  # fmt: skip
    watch.allow(OFFLINE)
    acknowledged: list[dict[str, Any]] = []

    def note(response: Response) -> None:
        if response.url.endswith("/changes/") and response.ok:
            acknowledged.append(response.json())

    page.on("response", note)
    seats = choices(sitting, 24)
    for place, seat in enumerate(seats):
        give(paper, seat, place % 4)
        if place == 11:
            server.kill()
    expect(paper.status).to_have_attribute("data-state", "offline")
    # Whatever the page was told is saved stands in the database, although nobody could shut down in order.
    # Replies also name questions on which only time was spent.
    told = {int(seat) for reply in acknowledged for seat in reply["versions"]} & {seat.number for seat in seats}
    assert told
    assert told <= set(stored(sitting))

    server.restart()
    paper.saved(BACKOFF)
    assert stored(sitting) == {seat.number: [seat.tokens[place % 4]] for place, seat in enumerate(seats)}


def test_answers_wait_through_a_reload(paper: Paper, page: Page, sitting: Sitting, watch: Watch) -> None:
    """The outbox outlives the page."""
    watch.allow("503")
    (seat,) = choices(sitting, 1)
    page.route("**/changes/", lambda route: route.fulfill(status=503, body="busy"))
    give(paper, seat)
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    assert stored(sitting) == {}
    page.unroute("**/changes/")
    page.reload()
    paper.ready()
    paper.saved()
    assert stored(sitting) == {seat.number: seat.tokens[:1]}
    assert paper.given(seat) == seat.tokens[:1]
    assert kept_on(page) == []


def test_a_long_time_offline(paper: Paper, page: Page, context: BrowserContext, sitting: Sitting, watch: Watch) -> None:
    """More changes than one packet may hold: an answer changed at every attempt to send."""
    watch.allow(OFFLINE)
    first, second = choices(sitting, 2)
    give(paper, first)
    paper.saved()
    context.set_offline(True)
    paper.go(65)
    begun = page.evaluate("performance.now()")
    page.wait_for_function("begun => performance.now() > begun + 1100", arg=begun)  # time on a question is no answer
    give(paper, second)
    page.evaluate(
        """async ([number, count]) => {
            const options = document.querySelectorAll(`#q${number} input`);
            for (let turn = 0; turn < count; turn++) {
              options[turn % 4].click();
              window.dispatchEvent(new Event("online"));
              await new Promise((resolve) => setTimeout(resolve, 5));
            }
            options[2].click();
        }""",
        [second.number, 250],
    )
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    context.set_offline(False)
    paper.saved(BACKOFF)
    assert stored(sitting) == {first.number: first.tokens[:1], second.number: [second.tokens[2]]}


def test_another_device(paper: Paper, context: BrowserContext, sitting: Sitting, new_context: NewContext,
                        user: User) -> None:  # fmt: skip
    first, second = choices(sitting, 2)
    give(paper, first, 2)
    paper.saved()
    paper.go(second.number)
    page = context.pages[0]
    page.locator("#flag").click()
    paper.saved()
    context.close()

    page = new_context().new_page()
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=re.compile("^Continue")).click()
    other = Paper(page).ready()
    expect(other.place).to_have_text(f"Question {second.number} of 65")
    assert other.given(first) == [first.tokens[2]]
    expect(page.locator("#flag")).to_have_attribute("aria-pressed", "true")
    assert_time_is_right(other, sitting)


def test_another_window_takes_over_and_gives_back(paper: Paper, page: Page, sitting: Sitting,
                                                  new_context: NewContext, user: User) -> None:  # fmt: skip
    first, second, third = choices(sitting, 3)
    give(paper, first)
    paper.saved()
    other = Paper(sign_in(new_context(), user).new_page()).open(sitting)
    give(other, first, 1)
    other.saved()

    # The old window hears of it with its next change. That was made on top of an older state, so it does not win.
    give(paper, first, 2)
    expect(paper.dialog("claimed")).to_be_visible()
    expect(paper.dialog("claimed")).to_contain_text("This exam continues in another window")
    assert stored(sitting) == {first.number: [first.tokens[1]]}
    give(other, second)
    other.saved()

    page.keyboard.press("Escape")
    expect(page.locator(".questions")).to_have_attribute("inert", "")
    page.keyboard.press("c")
    assert paper.given(first) == [first.tokens[1]]  # what counts, not what lost
    paper.review()
    page.locator("#open-end").click()
    expect(paper.dialog("claimed")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    page.wait_for_load_state()
    paper.ready()
    assert paper.given(first) == [first.tokens[1]]
    assert paper.given(second) == second.tokens[:1]
    give(paper, third)
    paper.saved()
    other.look_up()
    expect(other.dialog("claimed")).to_be_visible()
    assert stored(sitting).keys() == {first.number, second.number, third.number}


def test_ending_in_a_window_that_lost_the_exam_loses_nothing(
    paper: Paper,
    page: Page,
    context: BrowserContext,
    sitting: Sitting,
    new_context: NewContext,
    user: User,
    watch: Watch,
) -> None:
    watch.allow(OFFLINE, "status 409 .*/end/", "409 \\(Conflict\\)")
    (seat,) = choices(sitting, 1)
    paper.go(seat.number)
    context.set_offline(True)
    paper.answer(seat, key_of(seat))
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    Paper(sign_in(new_context(), user).new_page()).open(sitting)

    paper.review()
    paper.end()
    context.set_offline(False)
    expect(paper.dialog("claimed")).to_be_visible(timeout=BACKOFF)
    sitting.refresh_from_db()
    assert sitting.state == "in_progress"
    paper.saved(BACKOFF)
    assert stored(sitting) == {seat.number: list(key_of(seat))}
