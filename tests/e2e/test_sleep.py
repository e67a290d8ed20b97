"""The countdown through sleep, changed clocks, staff's changes and a lost network; and an end that came too late."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from exams.models import Answer, KeptChange, Sitting
from exams.services import clock
from scoring import services
from tests.e2e.paper import Paper, assert_nothing_kept
from tests.e2e.proxy import Network
from tests.e2e.steps import BACKOFF, OFFLINE, choices, give, leave, stored
from tests.e2e.watch import Watch
from tests.factories import UserFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

SOON = 2_000  # milliseconds
PULSE = 20_000

# The wall clock as a laptop has it that slept or whose time was set: it moves, and the monotonic one does not.
SLEEPER = """
const now = Date.now;
let moved = 0;
Date.now = () => now() + moved;
window.moveClock = (minutes) => { moved += minutes * 60_000; };
"""


@pytest.fixture
def base_url(network: Network) -> str:
    return network.url


@pytest.fixture(autouse=True)
def _allow(watch: Watch) -> None:
    watch.allow(OFFLINE, "423")


@pytest.fixture
def page(page: Page) -> Page:
    page.add_init_script(SLEEPER)
    return page


@pytest.fixture
def staff() -> User:
    return UserFactory()


def asleep(page: Page, minutes: int) -> None:
    page.evaluate("minutes => moveClock(minutes)", minutes)


def soon_shows(paper: Paper, minutes: float, timeout: float = SOON) -> None:
    """Wait until the countdown is near so many minutes."""
    paper.page.wait_for_function(
        """wanted => {
            const [hours, minutes, seconds] = document.querySelector("#timer time").textContent.split(":").map(Number);
            return Math.abs(hours * 3600 + minutes * 60 + seconds - wanted) < 5;
        }""",
        arg=minutes * 60,
        timeout=timeout,
    )


def test_asleep_for_twenty_minutes(paper: Paper, page: Page, sitting: Sitting) -> None:
    leave(sitting, minutes=80)
    asleep(page, 20)
    soon_shows(paper, 80)


def test_asleep_for_twenty_minutes_and_no_network(paper: Paper, page: Page, network: Network, sitting: Sitting) -> None:
    leave(sitting, minutes=100)
    paper.look_up()
    soon_shows(paper, 100)
    network.cut()
    asleep(page, 20)
    soon_shows(paper, 80)
    leave(sitting, minutes=80.5)
    network.mend()
    page.evaluate("dispatchEvent(new Event('online'))")
    soon_shows(paper, 80.5)  # and then the server's word counts


def test_a_clock_set_forward_is_put_right_by_the_server(paper: Paper, page: Page, sitting: Sitting) -> None:
    leave(sitting, minutes=100)
    paper.look_up()
    soon_shows(paper, 100)
    asleep(page, 20)
    page.wait_for_timeout(SOON)
    soon_shows(paper, 100, timeout=100)


@pytest.mark.parametrize("cut", [False, True], ids=["online", "offline"])
def test_a_clock_set_back_changes_nothing(
    cut: bool, paper: Paper, page: Page, network: Network, sitting: Sitting
) -> None:
    leave(sitting, minutes=100)
    paper.look_up()
    soon_shows(paper, 100)
    if cut:
        network.cut()
    asleep(page, -20)
    page.wait_for_timeout(SOON)
    soon_shows(paper, 100, timeout=100)


def test_staff_change_a_supervised_clock(page: Page, sitting: Sitting, staff: User) -> None:
    """The pulse shows it within 20 seconds, although the candidate does nothing."""
    Sitting.objects.filter(pk=sitting.pk).update(supervised=True)
    leave(sitting, minutes=100)
    paper = Paper(page).open(sitting)
    clock.pause(sitting_id=sitting.pk, by=staff)
    expect(paper.dialog("paused")).to_be_visible(timeout=PULSE)
    expect(paper.timer).to_contain_text("paused")
    clock.grant(sitting_id=sitting.pk, minutes=30, by=staff)
    clock.resume(sitting_id=sitting.pk, by=staff)
    expect(paper.dialog("paused")).to_be_hidden(timeout=PULSE)
    soon_shows(paper, 130 - 15 / 60)


def test_own_practice_hears_of_more_time_with_the_next_answer(paper: Paper, sitting: Sitting, staff: User) -> None:
    (seat,) = choices(sitting, 1)
    leave(sitting, minutes=50)
    clock.grant(sitting_id=sitting.pk, minutes=30, by=staff)
    give(paper, seat)
    paper.saved()
    soon_shows(paper, 80)


def test_answered_while_paused_is_sent_when_it_goes_on(paper: Paper, sitting: Sitting, staff: User) -> None:
    """The page does not know of the pause yet, so the candidate answers."""
    (seat,) = choices(sitting, 1)
    clock.pause(sitting_id=sitting.pk, by=staff)
    give(paper, seat)
    expect(paper.dialog("paused")).to_be_visible()
    expect(paper.status).to_have_text("Paused")
    assert stored(sitting) == {}
    clock.resume(sitting_id=sitting.pk, by=staff)
    paper.saved(BACKOFF)
    expect(paper.dialog("paused")).to_be_hidden()
    assert stored(sitting) == {seat.number: seat.tokens[:1]}


def test_more_time_was_granted_while_the_deadline_passed_offline(
    paper: Paper, page: Page, network: Network, sitting: Sitting, staff: User
) -> None:
    first, second = choices(sitting, 2)
    leave(sitting, seconds=6)
    paper.look_up()
    soon_shows(paper, 0.1)
    network.cut()
    give(paper, first)
    clock.grant(sitting_id=sitting.pk, minutes=10, by=staff)
    expect(paper.dialog("ended")).to_contain_text("1 answer and the end of the exam wait on this device")
    network.mend()
    expect(paper.dialog("ended")).to_be_hidden(timeout=BACKOFF)
    soon_shows(paper, (sitting.deadline + dt.timedelta(minutes=10) - timezone.now()).total_seconds() / 60)
    paper.saved(BACKOFF)
    give(paper, second)
    paper.saved()
    assert stored(sitting) == {seat.number: seat.tokens[:1] for seat in (first, second)}
    sitting.refresh_from_db()
    assert sitting.state == "in_progress"


@pytest.mark.parametrize("again", [False, True], ids=["open", "loaded-again"])
def test_ended_offline_and_heard_of_after_the_grace(
    again: bool, paper: Paper, page: Page, network: Network, sitting: Sitting
) -> None:
    """Nobody is led to the report without having read it, although the page was loaded again in between."""
    (seat,) = choices(sitting, 1)
    paper.shelved()
    network.cut()
    give(paper, seat)
    paper.review()
    paper.end()
    expect(paper.dialog("ended")).to_contain_text("1 answer and the end of the exam wait on this device")
    if again:
        page.reload()
        expect(paper.dialog("ended")).to_contain_text("1 answer and the end of the exam wait on this device")
    leave(sitting, seconds=-10, grace=5)
    assert services.sweep(now=timezone.now()) == {"ended": 1, "closed": 1, "scored": 1}
    network.mend()
    expect(paper.dialog("ended")).to_contain_text("1 answer came too late to count", timeout=BACKOFF)
    # On a slow machine the time on the first question is told, too; it is no answer.
    kept = KeptChange.objects.exclude(response=[]).get(sitting=sitting)
    assert (kept.reason, kept.seat, kept.response) == ("late", seat.number, seat.tokens[:1])
    assert not Answer.objects.exists()
    assert_nothing_kept(page)
    paper.dialog("ended").get_by_role("link", name="Go to the score report").click()
    expect(page.get_by_role("heading", name="Score report")).to_be_visible()


def test_time_ran_out_before_the_window_could_ask_for_the_exam(page: Page, network: Network, sitting: Sitting) -> None:
    """Given in time, sent within the grace: it counts."""
    (seat,) = choices(sitting, 1)
    leave(sitting, seconds=5)
    page.route("**/claim/", lambda route: route.abort())
    page.goto(f"/sittings/{sitting.pk}/")
    paper = Paper(page)
    expect(paper.status).to_contain_text("Offline")
    give(paper, seat)
    expect(paper.dialog("ended")).to_contain_text("1 answer and the end of the exam wait on this device")
    page.unroute("**/claim/")
    page.wait_for_url(f"**/results/{sitting.pk}/", timeout=BACKOFF)
    assert stored(sitting) == {seat.number: seat.tokens[:1]}
    sitting.refresh_from_db()
    assert (sitting.state, sitting.end_reason) == ("closed", "deadline")
