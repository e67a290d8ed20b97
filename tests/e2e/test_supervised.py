"""What staff do while somebody sits: a message, the end, and going on after it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from exams.models import Presence, Sitting
from exams.services import clock, notices
from questions.models import Exam
from scoring import services
from scoring.models import Result
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.steps import choices, give, stored
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.factories import UserFactory, assigned, close

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

PULSE = 20_000
LONG = "Room 2 is open.\nBring only a pen, please. " + "Very_long_words_do_not_stretch_the_page" * 3
TOP = "() => document.querySelector('.question[data-current] fieldset').getBoundingClientRect().top"


@pytest.fixture
def staff() -> User:
    return UserFactory()


@pytest.fixture
def sitting(exam: Exam, user: User) -> Sitting:
    """Assigned, its result held."""
    return assigned(user, exam, exam.forms.get(reference=True), results_held=True, review_held=True)


def tell(sitting: Sitting, staff: User, text: str) -> None:
    assert notices.send(sitting_ids=[sitting.pk], text=text, by=staff, now=timezone.now()) == 1


def test_a_message_is_shown_until_it_is_put_away(paper: Paper, page: Page, sitting: Sitting, staff: User) -> None:
    note = page.locator("#notices .message")
    tell(sitting, staff, LONG)
    expect(note).to_contain_text("Message from your instructor", timeout=PULSE)
    expect(note).to_contain_text("Bring only a pen, please.")
    expect(note).to_have_role("status")
    assert (timezone.now() - Presence.objects.get(sitting=sitting).seen_at).total_seconds() < PULSE / 1000

    (seat,) = choices(sitting, 1)
    give(paper, seat)  # it is in nobody's way
    paper.saved()
    inspector = Inspector(page)
    inspector.look("the exam with a message", widths=(320, 1280))
    assert inspector.found == []

    page.reload()
    paper.ready()
    expect(note).to_contain_text("Room 2 is open.")
    before = page.evaluate(TOP)
    note.get_by_role("button", name="Dismiss the message").click()
    expect(note).to_have_count(0)
    expect(page.locator("main")).to_be_focused()
    assert page.evaluate(TOP) < before

    tell(sitting, staff, "Five minutes to go")
    page.reload()
    paper.ready()
    expect(note).to_have_count(1)
    expect(note).to_contain_text("Five minutes to go")


def test_without_scripts_it_stands_at_the_top(
    new_context: NewContext, user: User, sitting: Sitting, staff: User
) -> None:
    tell(sitting, staff, LONG)
    page = sign_in(new_context(java_script_enabled=False), user).new_page()
    page.goto(reverse("sitting", args=[sitting.pk]))
    expect(page.locator(".plain-head .message")).to_contain_text("Bring only a pen, please.")


def test_ended_by_staff_it_leads_to_the_result_page(paper: Paper, page: Page, sitting: Sitting, staff: User) -> None:
    (seat,) = choices(sitting, 1)
    give(paper, seat)
    paper.saved()
    clock.finish(sitting_id=sitting.pk, by=staff)
    page.wait_for_url(f"**/results/{sitting.pk}/", timeout=PULSE)
    expect(page.get_by_role("heading", name="Your answers are in")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Your result will be released when your instructor releases it.")
    sitting.refresh_from_db()
    assert (sitting.state, sitting.end_reason) == ("closed", "staff")  # nothing waited, so it closed at once


def test_pages_without_a_result_are_accessible(
    page: Page, watch: Watch, user: User, exam: Exam, sitting: Sitting, staff: User
) -> None:
    watch.allow("status 409 ", "(Conflict)")
    close(sitting)
    inspector = Inspector(page)
    inspector.visit(reverse("result", args=[sitting.pk]), "Your answers are in")
    Sitting.objects.filter(pk=sitting.pk).update(results_held=False)
    inspector.visit(reverse("result", args=[sitting.pk]), "Score report")
    inspector.visit(reverse("result_questions", args=[sitting.pk]), "The review opens later")
    clock.void(sitting_id=sitting.pk, by=staff, reason="The fire alarm rang.")
    inspector.visit(reverse("result", args=[sitting.pk]), "This sitting was declared void")
    assert inspector.found == []


def test_reopened_it_goes_on_where_it_was(paper: Paper, page: Page, sitting: Sitting, staff: User) -> None:
    first, second = choices(sitting, 2)
    give(paper, first)
    paper.saved()
    paper.review()
    paper.end()
    expect(page.get_by_role("heading", name="Your answers are in")).to_be_visible()

    now = timezone.now()
    services.reopen(sitting_id=sitting.pk, deadline=now + dt.timedelta(minutes=20), by=staff, now=now)
    page.goto(reverse("exam_list"))
    page.get_by_role("link", name="Continue").click()
    paper.ready()
    assert dt.timedelta(minutes=19) < paper.shown_left <= dt.timedelta(minutes=20)
    paper.go(first.number)
    assert paper.given(first) == first.tokens[:1]
    give(paper, second)
    paper.saved()
    paper.review()
    paper.end()
    expect(page.get_by_role("heading", name="Your answers are in")).to_be_visible()
    assert stored(sitting) == {seat.number: seat.tokens[:1] for seat in (first, second)}
    assert list(Result.objects.filter(sitting=sitting).values_list("version", "current")) == [(1, False), (2, True)]
