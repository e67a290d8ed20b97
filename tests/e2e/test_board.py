"""The live board in a browser: what is done there reaches the candidate, and a refresh disturbs nobody's hands."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from cohorts.models import Assignment
from cohorts.services import attending
from exams.models import Presence, Sitting
from questions.models import Exam
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt, an_instructor
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.test_axe import Inspector

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

REFRESHED = 15_000  # milliseconds: every 5 seconds, on a busy machine
TOLD = 20_000  # extra time reaches the screen within so many


@pytest.fixture
def teacher(exam: Exam) -> User:
    return an_instructor(display_name="Tess Teacher")


@pytest.fixture
def assignment(exam: Exam, teacher: User, user: User) -> Assignment:
    """The candidate is about to sit it; three others are, and one is done."""
    cohort = a_cohort(exam, teacher)
    given = an_assignment(cohort)
    a_member(cohort, user)
    for name in ("Ada", "Bela", "Cleo"):
        person = a_member(cohort)
        person.display_name = name
        person.save()
        attending.begin(assignment=given, user=person)
    Presence.objects.update(seen_at=timezone.now() - HOUR)
    an_attempt(given, a_member(cohort))
    return given


@pytest.fixture
def board(new_context: NewContext, teacher: User, assignment: Assignment) -> Page:
    """The instructor's window."""
    page = sign_in(new_context(), teacher).new_page()
    page.goto(reverse("cohort_board", args=[assignment.cohort_id]))
    return page


def row(board: Page, name: str) -> Locator:
    return board.locator("#board-rows tr").filter(has_text=name)


def refreshed(board: Page) -> None:
    """Wait until the board has been fetched again."""
    said = board.locator("#board-said").inner_text()
    expect(board.locator("#board-said")).not_to_have_text(said, timeout=REFRESHED)


def test_minutes_and_a_message_reach_the_candidate(board: Page, page: Page, user: User, assignment: Assignment) -> None:
    sitting = attending.begin(assignment=assignment, user=user)
    paper = Paper(page).open(sitting)
    name = user.get_full_name()
    expect(row(board, name)).to_contain_text("In progress", timeout=REFRESHED)
    board.get_by_label(f"Choose {name}").check()
    board.get_by_role("button", name="Extra minutes").click()
    expect(board.get_by_role("heading", name="Grant extra minutes: 1 person?")).to_be_visible()
    board.get_by_label("Extra minutes").fill("90")
    board.get_by_role("button", name="Grant extra minutes").click()
    expect(board.get_by_text(f"Granted 90 min to {name}.")).to_be_visible()
    expect(paper.timer).to_contain_text(re.compile(r"\b0?3:3\d:"), timeout=TOLD)
    board.get_by_label("Everybody").check()
    board.get_by_role("button", name="Message").click()
    board.get_by_label("Message").fill("The fire alarm is only a test.")
    board.get_by_role("button", name="Send").click()
    expect(board.get_by_text("The message went to ")).to_be_visible()
    expect(page.locator("#notices .message")).to_contain_text("The fire alarm is only a test.", timeout=TOLD)
    expect(row(board, name)).to_contain_text("Connected")
    board.get_by_label(f"Choose {name}").check()
    board.get_by_role("button", name="Pause").click()
    board.get_by_role("button", name="Pause the clock").click()
    expect(row(board, name)).to_contain_text("Paused")


def test_a_refresh_disturbs_nobodys_hands(board: Page, user: User, assignment: Assignment) -> None:
    requests: list[str] = []
    board.on("request", lambda request: requests.append(request.url))
    board.get_by_label("Choose Ada").check()
    board.get_by_label("Choose Cleo").check()
    expect(board.locator("#board-count")).to_have_text("2 chosen")
    board.get_by_label("Choose Bela").focus()
    before = row(board, "Ada").element_handle()
    attending.begin(assignment=assignment, user=user)
    late = a_member(assignment.cohort)
    late.display_name = "Anna Comes Late"
    late.save()
    expect(board.locator("#board-rows")).to_contain_text("Anna Comes Late", timeout=REFRESHED)
    expect(row(board, user.get_full_name())).to_contain_text("In progress")
    assert before.evaluate("row => row.isConnected")
    expect(board.get_by_label("Choose Ada")).to_be_checked()
    expect(board.get_by_label("Choose Cleo")).to_be_checked()
    expect(board.get_by_label("Choose Bela")).to_be_focused()
    expect(board.locator("#board-count")).to_have_text("2 chosen")
    names = board.locator("#board-rows th").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    assignment.cohort.memberships.filter(user=late).delete()
    expect(board.locator("#board-rows")).not_to_contain_text("Anna Comes Late", timeout=REFRESHED)
    board.keyboard.press("Space")
    expect(board.locator("#board-count")).to_have_text("3 chosen")
    board.get_by_role("button", name="Pause").click()
    expect(board.get_by_role("heading", name="Pause the clock: 3 people?")).to_be_visible()
    assert all("/board/now/" in url for url in requests if "/static/" not in url and "/pause/" not in url)


def test_it_stops_when_it_is_told_to_and_when_nobody_is_signed_in(board: Page, assignment: Assignment) -> None:
    board.get_by_role("link", name="Stop refreshing").click()
    expect(board.get_by_role("link", name="Refresh every 5 seconds")).to_be_visible()
    expect(board.locator("[hx-trigger]")).to_have_count(0)
    board.get_by_role("link", name="Refresh every 5 seconds").click()
    refreshed(board)
    board.context.clear_cookies()
    expect(board.get_by_text("You are signed out")).to_be_visible(timeout=REFRESHED)
    expect(board.locator("#board-rows tr")).to_have_count(5)  # what was last known stays


def test_it_works_without_scripts(new_context: NewContext, teacher: User, assignment: Assignment) -> None:
    plain = sign_in(new_context(java_script_enabled=False), teacher).new_page()
    plain.goto(reverse("cohort_board", args=[assignment.cohort_id]))
    plain.get_by_role("link", name="In progress").click()
    expect(plain.locator("#board-rows tr")).to_have_count(3)
    plain.get_by_label("All shown").check()
    plain.get_by_role("button", name="Pause").click()
    plain.get_by_role("button", name="Pause the clock").click()
    expect(plain.get_by_text("The clock stands still for Ada, Bela, Cleo.")).to_be_visible()
    expect(plain.get_by_role("link", name="In progress")).to_have_attribute("aria-current", "true")
    assert Sitting.objects.exclude(paused_at=None).count() == 3


def test_no_violation_and_no_sideways_scroll(board: Page, assignment: Assignment, exam: Exam) -> None:
    Sitting.objects.filter(user__display_name="Bela").update(window_ends_at=timezone.now() + 3 * HOUR)
    inspector = Inspector(board)
    inspector.look("board", (320, 375, 1280))
    board.get_by_label("Choose Ada").check()
    inspector.look("a selection")
    board.get_by_label("Everybody").check()
    board.get_by_role("button", name="Extra minutes").click()
    board.get_by_label("Extra minutes").fill("300")
    board.get_by_role("button", name="Grant extra minutes").click()
    expect(board.get_by_role("alert")).to_contain_text("The window’s end would cut")
    inspector.look("a cut is said", (320, 375, 1280))
    board.get_by_label("Extend the window").check()
    board.get_by_role("button", name="Grant extra minutes").click()
    expect(board.get_by_text("Granted 300 min to Ada, Bela, Cleo.")).to_be_visible()
    inspector.look("after the act")
    assignment.cohort.assignments.all().delete()
    inspector.visit(reverse("cohort_board", args=[assignment.cohort_id]))
    assert inspector.found == []
