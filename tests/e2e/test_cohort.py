"""A cohort in browsers, from the first name to the results: an instructor's window and two candidates' devices."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from cohorts.models import Attempt, Cohort
from exams.models import Sitting
from questions.models import Exam
from tests.cohorts.classes import a_class
from tests.cohorts.factories import HOUR, an_instructor
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.factories import UserFactory, key_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

ANSWERED = 3


@pytest.fixture
def teacher(exam: Exam) -> User:
    return an_instructor(display_name="Tess Teacher")


@pytest.fixture
def desk(new_context: NewContext, teacher: User) -> Page:
    """The instructor's window."""
    return sign_in(new_context(), teacher).new_page()


def tab(desk: Page, name: str) -> None:
    desk.get_by_role("navigation", name="Cohort", exact=True).get_by_role("link", name=name).click()


def join(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Join", exact=True).click()


def test_from_an_empty_form_to_the_results(desk: Page, page: Page, new_context: NewContext, exam: Exam) -> None:
    desk.goto(reverse("cohorts"))
    desk.get_by_role("link", name="New cohort").first.click()
    desk.get_by_label("Name").fill("Tuesday class")
    desk.get_by_label("Exam", exact=True).select_option(label=f"{exam.code}, {exam.short_name}")
    desk.get_by_role("button", name="Make it").click()
    tab(desk, "Joining")
    link = desk.get_by_role("textbox", name="Link").input_value()
    assert link.endswith(f"/join/{Cohort.objects.get().join_code}/")

    join(page, link)
    late = sign_in(new_context(), UserFactory(display_name="Lena Late")).new_page()
    join(late, link)
    tab(desk, "Members")
    expect(desk.get_by_role("table")).to_contain_text("Lena Late")

    tab(desk, "Assignments")
    desk.get_by_role("link", name="Assign an exam").first.click()
    now = timezone.now()
    desk.get_by_label("Title").fill("Mock exam in May")
    for name, moment in (("Opens", now), ("Start by", now + 2 * HOUR), ("End by", now + 6 * HOUR)):
        desk.get_by_label(name, exact=True).fill(f"{moment:%Y-%m-%dT%H:%M}")
    desk.get_by_label("Keys and rationales are shown").select_option("at_once")
    desk.get_by_role("button", name="Assign", exact=True).click()
    expect(desk.get_by_text("Assigned. Its candidates")).to_be_visible()

    page.goto(reverse("exam_list"))
    page.get_by_role("link", name="Mock exam in May", exact=True).click()
    page.get_by_role("button", name="Begin exam").click()
    paper = Paper(page).ready()
    sitting = Sitting.objects.get()
    assert sitting.assigned
    assert sitting.window_ends_at is not None
    assert abs(sitting.window_ends_at - now - 6 * HOUR) < dt.timedelta(minutes=1)
    for seat in sitting.form.seats.order_by("number")[:ANSWERED]:
        paper.go(seat.number)
        paper.answer(seat, key_of(seat))
    paper.saved()

    tab(desk, "Live board")
    row = desk.locator("#board-rows tr").filter(has_text=sitting.user.get_full_name())
    expect(row).to_contain_text(f"{ANSWERED} of 65")
    expect(desk.locator("#board-rows tr").filter(has_text="Lena Late")).to_contain_text("Not started")

    paper.review()
    paper.end()
    expect(page).to_have_url(re.compile("/results/"))
    expect(page.get_by_text("Below", exact=False).first).to_be_visible()

    tab(desk, "Results")
    expect(desk.locator(".results-tiles")).to_contain_text("1 of 2")
    desk.get_by_role("table").get_by_role("link", name=sitting.user.get_full_name()).click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(sitting.user.get_full_name())
    desk.get_by_role("table").get_by_role("link").first.click()
    desk.get_by_role("link", name="Timeline").click()
    expect(desk.locator("main")).to_contain_text("Ended")
    assert Attempt.objects.get().sitting == sitting


def test_no_violation_and_no_sideways_scroll(desk: Page, teacher: User, exam: Exam, watch: Watch) -> None:
    """The pages of results, filled, empty and refused."""
    watch.allow("400")
    cohort = a_class(exam, 14, owner=teacher)
    attempt = Attempt.objects.filter(assignment__cohort=cohort)[0]
    inspector = Inspector(desk)
    person = [cohort.pk, attempt.user_id]
    for name, more in (
        ("cohort_results", []), ("cohort_teach", []), ("cohort_items", []), ("cohort_exports", []),
        ("cohort_item", [attempt.sitting.form.seats.get(number=1).revision_id]),
    ):  # fmt: skip
        inspector.visit(reverse(name, args=[cohort.pk, *more]))
    inspector.visit(f"{reverse('cohort_results', args=[cohort.pk])}?since=2031-02-02&until=2031-01-01")
    inspector.visit(reverse("cohort_candidate", args=person))
    inspector.visit(reverse("candidate_sitting", args=[*person, attempt.sitting_id]))
    inspector.visit(reverse("candidate_timeline", args=[*person, attempt.sitting_id]))
    inspector.visit(reverse("candidate_question", args=[*person, attempt.sitting_id, 1]))
    empty = a_class(exam, 0, owner=teacher)
    for name in ("cohort_results", "cohort_teach", "cohort_items", "cohort_board"):
        inspector.visit(reverse(name, args=[empty.pk]))
    assert inspector.looks == 14 * 4
    assert inspector.found == []
