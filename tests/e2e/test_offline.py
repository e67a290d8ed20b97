"""Without a network: the candidate goes on, loads the page again, ends the exam, and nothing is lost."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Error, Page, expect

from accounts.models import User
from exams.models import Answer, Event, KeptChange, Seat, Sitting
from scoring import services
from scoring.models import Result
from tests.e2e.devices import sign_in
from tests.e2e.paper import Paper, kept_on
from tests.e2e.proxy import Network
from tests.e2e.server import Server, wait_until_quiet
from tests.e2e.steps import leave, scored_choice
from tests.e2e.watch import Watch
from tests.factories import UserFactory, key_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

OFFLINE = r"net::ERR_|error occurred when fetching the script"
BACKOFF = 40_000


@pytest.fixture
def base_url(network: Network) -> str:
    return network.url


@pytest.fixture(autouse=True)
def _allow(watch: Watch) -> None:
    watch.allow(OFFLINE)


def choices(sitting: Sitting, count: int) -> list[Seat]:
    return list(sitting.form.seats.filter(kind="multiple_choice").order_by("number")[:count])


def stored(sitting: Sitting) -> dict[int, list[str]]:
    return dict(Answer.objects.filter(sitting=sitting).exclude(response=[]).values_list("seat", "response"))


def give(paper: Paper, seat: Seat, place: int = 0) -> None:
    paper.go(seat.number)
    paper.answer(seat, [seat.tokens[place]])


def test_twenty_answers_and_back(paper: Paper, network: Network, sitting: Sitting) -> None:
    seats = choices(sitting, 20)
    network.cut()
    for place, seat in enumerate(seats):
        give(paper, seat, place % 4)
    expect(paper.status).to_contain_text("Offline: 20 answers wait on this device")
    paper.review()
    expect(paper.page.locator("#review")).to_contain_text("20 of 65 answered")
    assert stored(sitting) == {}
    network.mend()
    paper.saved(BACKOFF)
    assert stored(sitting) == {seat.number: [seat.tokens[place % 4]] for place, seat in enumerate(seats)}
    assert kept_on(paper.page) == []


SLOW_DISK = """
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (value) {
  const until = performance.now() + 1_000;
  const again = () => { if (performance.now() < until) this.count().onsuccess = again; };
  again();
  return put.call(this, value);
};
"""


def test_what_is_said_to_wait_is_on_the_disk_however_slow_that_is(
    page: Page, network: Network, sitting: Sitting
) -> None:
    """A page that is loaded again the moment it says so has the answer still."""
    page.add_init_script(SLOW_DISK)
    paper = Paper(page).open(sitting)
    one, other = choices(sitting, 2)
    paper.shelved()
    network.cut()
    give(paper, one, 1)
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    give(paper, other, 2)
    expect(paper.status).to_contain_text("Offline: 2 answers wait")
    page.reload()
    expect(paper.status).to_contain_text("Offline: 2 answers wait")
    assert (paper.given(one), paper.given(other)) == ([one.tokens[1]], [other.tokens[2]])
    network.mend()
    paper.saved(BACKOFF)
    assert stored(sitting) == {one.number: [one.tokens[1]], other.number: [other.tokens[2]]}


def test_loaded_again_without_a_network(paper: Paper, page: Page, network: Network, sitting: Sitting) -> None:
    """The page comes from the browser's own store, with what was saved, what was not, the place and the time."""
    saved, unsaved, after = choices(sitting, 3)
    paper.shelved()
    give(paper, saved, 1)
    paper.saved()
    network.cut()
    give(paper, unsaved, 2)
    paper.go(after.number)
    expect(paper.status).to_contain_text("Offline: 1 answer waits")

    page.reload()
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    expect(paper.question(after.number)).to_be_visible()
    assert paper.given(saved) == [saved.tokens[1]]
    assert paper.given(unsaved) == [unsaved.tokens[2]]
    sitting.refresh_from_db()
    assert abs(paper.shown_left - (sitting.deadline - timezone.now())) <= dt.timedelta(seconds=2)
    give(paper, after, 3)
    expect(paper.status).to_contain_text("Offline: 2 answers wait")

    page.reload()
    expect(paper.status).to_contain_text("Offline: 2 answers wait")
    network.mend()
    paper.saved(BACKOFF)
    assert stored(sitting) == {
        saved.number: [saved.tokens[1]],
        unsaved.number: [unsaved.tokens[2]],
        after.number: [after.tokens[3]],
    }


def test_loaded_again_while_the_server_is_down(paper: Paper, page: Page, sitting: Sitting, server: Server) -> None:
    (seat,) = choices(sitting, 1)
    paper.shelved()
    server.kill()
    give(paper, seat)
    page.reload()
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    assert paper.given(seat) == seat.tokens[:1]
    server.restart()
    paper.saved(BACKOFF)
    assert stored(sitting) == {seat.number: seat.tokens[:1]}


def test_the_browser_is_closed_and_opened_again(page: Page, sitting: Sitting, user: User) -> None:
    """What waited in a closed window is handed in by the next one of the same browser."""
    first, second = choices(sitting, 2)
    paper = Paper(page).open(sitting)
    page.route("**/changes/", lambda route: route.abort())
    give(paper, first)
    give(paper, second, 2)
    expect(paper.status).to_contain_text("Offline: 2 answers wait")
    page.close(run_before_unload=False)
    again = Paper(page.context.new_page()).open(sitting)
    again.saved()
    assert stored(sitting) == {first.number: first.tokens[:1], second.number: [second.tokens[2]]}


def test_ended_without_a_network(paper: Paper, page: Page, network: Network, sitting: Sitting) -> None:
    seat = scored_choice(sitting)
    paper.shelved()
    paper.go(seat.number)
    network.cut()
    paper.answer(seat, key_of(seat))
    paper.review()
    paper.end()
    expect(paper.dialog("ended")).to_contain_text("1 answer and the end of the exam wait on this device")

    page.reload()  # it holds, although the page be loaded again
    expect(paper.dialog("ended")).to_contain_text("1 answer and the end of the exam wait on this device")
    sitting.refresh_from_db()
    assert sitting.state == "in_progress"
    network.mend()
    page.wait_for_url(f"**/results/{sitting.pk}/", timeout=BACKOFF)
    assert Result.objects.get().raw == 1
    sitting.refresh_from_db()
    assert (sitting.state, sitting.end_reason) == ("closed", "candidate")
    assert kept_on(page) == []
    assert page.evaluate("caches.keys()") == []


def test_the_timeline_knows_the_time_offline(paper: Paper, network: Network, sitting: Sitting) -> None:
    first, second = choices(sitting, 2)
    network.cut()
    give(paper, first)
    paper.page.wait_for_timeout(2_500)
    network.mend()
    paper.saved(BACKOFF)
    give(paper, second)
    paper.saved()
    span = Event.objects.get(sitting=sitting, kind="offline")
    assert span.left_ms is not None
    assert span.until_ms is not None
    assert 2_000 < span.left_ms - span.until_ms < BACKOFF


# ---- a shared computer keeps nothing -----------------------------------------------------------------------------


def sign_out(page: Page) -> None:
    page.goto("/account/logout/")
    page.get_by_role("button", name=re.compile("Sign out")).click()


def test_signing_out_empties_the_browser(paper: Paper, page: Page, sitting: Sitting) -> None:
    paper.shelved()
    assert page.evaluate("caches.keys()") != []
    sign_out(page)
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert page.evaluate("caches.keys()") == []
    assert kept_on(page) == []


def test_signing_out_with_answers_waiting_needs_a_second_word(
    paper: Paper, page: Page, context: BrowserContext, sitting: Sitting, watch: Watch
) -> None:
    watch.allow("401")
    (seat,) = choices(sitting, 1)
    page.route("**/changes/", lambda route: route.abort())
    give(paper, seat)
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    other = context.new_page()
    sign_out(other)
    expect(other.get_by_role("alert")).to_contain_text("1 answer waits on this device.")
    assert len(kept_on(other)) == 1
    other.get_by_role("button", name="Sign out and lose them").click()
    expect(other.get_by_role("link", name="Sign in").first).to_be_visible()
    with page.expect_event("requestfailed"):  # the exam's window is still open and tries again
        page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(500)
    assert kept_on(other) == []


def test_somebody_else_finds_no_page(
    paper: Paper, page: Page, context: BrowserContext, sitting: Sitting, server: Server
) -> None:
    """Another person signs in on the same computer without the first one having signed out."""
    paper.shelved()
    sign_in(context, UserFactory())
    page.goto("/exams/")
    page.wait_for_function("caches.keys().then((names) => names.length === 0)")
    server.kill()
    with pytest.raises(Error, match="ERR_"):
        context.new_page().goto(f"/sittings/{sitting.pk}/")


def test_answers_left_behind_on_a_device_are_put_on_record(
    page: Page, context: BrowserContext, network: Network, server: Server, sitting: Sitting, watch: Watch
) -> None:
    """The window was closed without a network, and somebody comes back to it when the exam is over."""
    watch.allow("404")
    seat = scored_choice(sitting)
    paper = Paper(page).open(sitting)
    paper.go(seat.number)
    network.cut()
    paper.answer(seat, key_of(seat))
    expect(paper.status).to_contain_text("1 answer waits")
    assert kept_on(page)  # what is said to wait is on the disk
    page.close(run_before_unload=False)
    wait_until_quiet(server)  # a request after the deadline would end the sitting itself
    leave(sitting, seconds=-1, grace=0)
    assert services.sweep(now=timezone.now()) == {"ended": 1, "closed": 1, "scored": 1}
    network.mend()
    report = context.new_page()
    report.goto(reverse("sitting", args=[sitting.pk]))
    expect(report.get_by_text("One answer was still on this device when the exam closed.")).to_be_visible()
    kept = {(change.seat, tuple(change.response), change.reason) for change in KeptChange.objects.all()}
    assert kept == {(seat.number, key_of(seat), "late")}
    assert Result.objects.get().raw == 0
    report.reload()  # told once, and nothing of it stays
    expect(report.get_by_role("heading", name="Score report")).to_be_visible()
    assert kept_on(report) == []
    expect(report.locator("#leftovers")).to_be_hidden()
