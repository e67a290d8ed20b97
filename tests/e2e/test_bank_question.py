"""The statistics pages of questions in a browser: accessible light and dark, narrow and wide, and by keyboard alone."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import services
from accounts.models import User
from accounts.roles import Role
from exams.models import Seat
from questions.models import Exam
from scoring.models import RunItem
from tests.e2e.test_axe import KINDS, Inspector
from tests.scoring.runs import a_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def author_page(page: Page, exam: Exam, user: User) -> Page:
    """The browser of an author, with two runs over people and a simulated one to look at."""
    services.grant_role(user=user, role=Role.AUTHOR)
    a_run(exam, promoted_at=timezone.now())
    run = a_run(exam)
    a_run(exam, includes_simulated=True)
    RunItem.objects.filter(run=run, revision=seat_of(exam).revision_id).update(
        alarms=["item-rest correlation 0.02, below 0.05"], obstacles=["facility 0.97, at most 0.95 allowed"]
    )
    return page


def seat_of(exam: Exam, kind: str = "multiple_choice") -> Seat:
    return Seat.objects.filter(form__exam=exam, form__reference=True, kind=kind)[0]


def address(exam: Exam, seat: Seat) -> str:
    return reverse("bank_question", args=[exam.code, seat.revision.question.public_id])


def test_no_violation_and_no_sideways_scroll(author_page: Page, exam: Exam) -> None:
    inspector = Inspector(author_page)
    inspector.visit(reverse("bank_questions", args=[exam.code]) + "?sort=-b", "Questions")
    inspector.visit(reverse("bank_questions", args=[exam.code]) + "?run=3&show=alarms", "Questions")
    for kind in KINDS:
        inspector.visit(address(exam, seat_of(exam, kind)))
    seat = seat_of(exam)
    author_page.goto(address(exam, seat))
    for image in author_page.locator("img").all():  # drawn, not broken
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0
    for summary in author_page.locator("main summary").all():
        summary.click()
    inspector.look("a question, unfolded", widths=(320, 1280))
    RunItem.objects.filter(revision=seat.revision_id).update(n=12)
    inspector.visit(address(exam, seat) + "?run=3")
    RunItem.objects.all().delete()
    inspector.visit(address(exam, seat))
    assert inspector.found == []


def test_the_filters_work_by_keyboard(author_page: Page, exam: Exam) -> None:
    page, seat = author_page, seat_of(exam)
    page.goto(reverse("bank_questions", args=[exam.code]))
    page.get_by_label("Id holds").focus()
    page.keyboard.type(seat.revision.question.public_id[:5])
    for label in ("Domain", "Task", "Kind", "Difficulty", "Status", "Show"):
        page.keyboard.press("Tab")
        expect(page.get_by_label(label, exact=True)).to_be_focused()
    page.keyboard.type("With")  # picks "With alarms"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Apply")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_contain_text("1 of")
    expect(page).to_have_url(re.compile("show=alarms"))
    page.get_by_role("link", name="Facility").focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Facility")
    page.get_by_role("link", name=seat.revision.question.public_id).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(seat.revision.question.public_id)
    page.get_by_text("Key and rationales").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Key:", exact=False)).to_be_visible()
