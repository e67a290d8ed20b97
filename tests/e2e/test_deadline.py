"""The deadline: it counts down in the browser, and the server ends the exam as of it, whoever notices first."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, Route, expect

from accounts.models import User
from exams.models import Answer, Sitting
from scoring import services
from scoring.models import Result
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper, kept_on
from tests.e2e.server import Server, wait_until_quiet
from tests.e2e.steps import leave, scored_choice
from tests.e2e.watch import Watch
from tests.factories import key_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

RESULT_FOLLOWS = 20_000


def assert_ran_out(sitting: Sitting) -> None:
    sitting.refresh_from_db()
    assert sitting.end_reason == "deadline"
    assert sitting.ended_at == sitting.deadline


def test_the_countdown_ends_the_exam(page: Page, sitting: Sitting) -> None:
    seat = scored_choice(sitting)
    leave(sitting, seconds=6)
    paper = Paper(page).open(sitting)
    paper.go(seat.number)
    paper.answer(seat, key_of(seat))
    paper.saved()
    assert not Result.objects.exists()
    page.wait_for_url(f"**/results/{sitting.pk}/", timeout=RESULT_FOLLOWS)
    expect(page.get_by_role("heading", name="Score report")).to_be_visible()
    expect(page.get_by_text("Time ran out after")).to_be_visible()
    assert_ran_out(sitting)
    assert sitting.state == "closed"
    assert Result.objects.get().raw == 1


def test_a_slow_network_does_not_end_it_early(page: Page, sitting: Sitting) -> None:
    """A request that took long on its way there makes the browser's idea of the deadline too early."""
    seat = scored_choice(sitting)
    leave(sitting, seconds=7)
    paper = Paper(page).open(sitting)
    paper.go(seat.number)

    def dawdle(route: Route) -> None:
        time.sleep(3)
        route.continue_()

    page.route("**/changes/", dawdle)
    paper.answer(seat, key_of(seat))
    paper.saved()
    page.wait_for_url(f"**/results/{sitting.pk}/", timeout=RESULT_FOLLOWS)
    assert_ran_out(sitting)


def test_answers_given_in_time_but_sent_late_count(page: Page, context: BrowserContext, sitting: Sitting,
                                                   watch: Watch) -> None:  # fmt: skip
    watch.allow("ERR_INTERNET_DISCONNECTED")
    seat = scored_choice(sitting)
    leave(sitting, seconds=5)
    paper = Paper(page).open(sitting)
    paper.go(seat.number)
    context.set_offline(True)
    paper.answer(seat, key_of(seat))
    expect(paper.dialog("ended")).to_be_visible()
    assert services.sweep(now=timezone.now()) == {"ended": 1, "closed": 0, "scored": 0}
    context.set_offline(False)
    page.wait_for_url(f"**/results/{sitting.pk}/", timeout=RESULT_FOLLOWS)
    expect(page.get_by_text("1 late answer was given in time but arrived after the end; it counts")).to_be_visible()
    assert_ran_out(sitting)
    assert Answer.objects.get(seat=seat.number).late
    assert Result.objects.get().raw == 1


def test_answers_that_come_after_the_grace_are_told_of(page: Page, context: BrowserContext, sitting: Sitting,
                                                       watch: Watch) -> None:  # fmt: skip
    """Nobody is led away to a score without having read that something did not count."""
    watch.allow("ERR_INTERNET_DISCONNECTED", "409")
    seat = scored_choice(sitting)
    leave(sitting, seconds=4)
    paper = Paper(page).open(sitting)
    paper.go(seat.number)
    context.set_offline(True)
    paper.answer(seat, key_of(seat))
    expect(paper.dialog("ended")).to_be_visible()
    after = sitting.deadline + dt.timedelta(seconds=sitting.grace_seconds)
    assert services.sweep(now=after) == {"ended": 1, "closed": 1, "scored": 1}
    context.set_offline(False)
    expect(paper.dialog("ended")).to_contain_text("1 answer came too late to count")
    page.keyboard.press("Escape")
    paper.dialog("ended").get_by_role("link", name="Go to the score report").click()
    expect(page.get_by_role("heading", name="Score report")).to_be_visible()
    assert not Answer.objects.exists()
    assert Result.objects.get().raw == 0
    assert kept_on(page) == []


def test_nobody_is_there(page: Page, sitting: Sitting, server: Server) -> None:
    """The browser is closed: the sweep ends the sitting as of its deadline and, after the grace, scores it."""
    seat = scored_choice(sitting)
    paper = Paper(page).open(sitting)
    paper.go(seat.number)
    paper.answer(seat, key_of(seat))
    paper.saved()
    page.close()
    wait_until_quiet(server)  # a request after the deadline would end the sitting itself
    leave(sitting, seconds=-1)
    assert services.sweep(now=sitting.deadline) == {"ended": 1, "closed": 0, "scored": 0}
    assert_ran_out(sitting)
    after = sitting.deadline + dt.timedelta(seconds=sitting.grace_seconds)
    assert services.sweep(now=after) == {"ended": 0, "closed": 1, "scored": 1}
    sitting.refresh_from_db()
    assert (sitting.state, sitting.closed_at) == ("closed", after)
    assert Result.objects.get().raw == 1


def test_coming_back_after_the_deadline(page: Page, sitting: Sitting) -> None:
    """Nobody swept: the next read ends it, hands in what waits here, and so need not wait for the grace."""
    leave(sitting, seconds=-1, grace=600)
    page.goto(reverse("sitting", args=[sitting.pk]))
    page.wait_for_url(f"**/results/{sitting.pk}/")
    expect(page.get_by_role("heading", name="Score report")).to_be_visible(timeout=RESULT_FOLLOWS)
    assert_ran_out(sitting)


def test_the_page_that_waits_turns_into_the_report_by_itself(page: Page, sitting: Sitting) -> None:
    leave(sitting, seconds=-1, grace=4)
    page.goto(reverse("result", args=[sitting.pk]))
    expect(page.get_by_role("heading", name="Your answers are in")).to_be_visible()
    assert not Result.objects.exists()
    expect(page.get_by_role("heading", name="Score report")).to_be_visible(timeout=RESULT_FOLLOWS)
    assert_ran_out(sitting)


def test_a_window_that_lost_the_exam_follows_to_the_report(paper: Paper, page: Page, sitting: Sitting,
                                                           new_context: NewContext, user: User) -> None:  # fmt: skip
    other = Paper(sign_in(new_context(), user).new_page()).open(sitting)
    other.review()
    other.end()
    other.page.wait_for_url(f"**/results/{sitting.pk}/")
    paper.look_up()
    page.wait_for_url(f"**/results/{sitting.pk}/")


def test_thresholds_show_and_are_announced(paper: Paper, page: Page, sitting: Sitting) -> None:
    expect(page.get_by_role("timer")).to_have_attribute("aria-live", "off")
    expect(paper.timer).not_to_have_attribute("data-level", re.compile("."))
    for minutes in (30, 10, 5):
        page.get_by_role("button", name="Hide the time").click()
        expect(paper.timer.locator("time")).to_be_hidden()
        leave(sitting, minutes=minutes, seconds=1.5)
        paper.look_up()  # every reply of the server corrects the clock
        expect(paper.announcer).to_have_text(f"{minutes} minutes remaining")
        expect(paper.timer).to_have_attribute("data-level", str(minutes))
        expect(paper.timer.locator("time")).to_be_visible()  # hidden, but not missed
        expect(paper.timer).to_contain_text(f"Under {minutes} min")
        expect(page.get_by_role("button", name="Hide the time")).to_have_attribute("aria-pressed", "false")
    page.reload()
    paper.ready()
    expect(paper.announcer).to_be_empty()  # said once is enough


def test_more_time_reaches_the_clock(paper: Paper, sitting: Sitting) -> None:
    leave(sitting, minutes=4)
    paper.look_up()
    expect(paper.timer).to_have_attribute("data-level", "5")
    leave(sitting, minutes=45)
    paper.look_up()
    expect(paper.timer).not_to_have_attribute("data-level", "5")
    assert paper.shown_left > dt.timedelta(minutes=44)
