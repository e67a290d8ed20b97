"""The whole job by mouse: from the list of exams to the score report and the review."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from exams.models import Answer, Seat, Sitting
from exams.services.bank import current_table
from questions.models import Exam
from scoring.models import Result
from tests.e2e.paper import Paper, in_stored_order
from tests.factories import key_of, sat, wrong_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

SAVED = re.compile(r"^\s*Saved \d\d:\d\d:\d\d\s*$")
LEFT_OUT = 3  # scored questions that stay unanswered


def responses(seats: Sequence[Seat], *, right: int) -> dict[int, tuple[str, ...]]:
    """What to answer at each seat, so that exactly `right` scored questions are right and some are left out."""
    scored = [seat.number for seat in seats if seat.scored]
    good, empty = set(scored[:right]), set(scored[-LEFT_OUT:])
    return {
        seat.number: key_of(seat) if seat.number in good else () if seat.number in empty else wrong_of(seat)
        for seat in seats
    }


def begin_by_mouse(page: Page, exam: Exam) -> Sitting:
    page.goto("/exams/")
    page.get_by_role("link", name=exam.name).click()
    page.get_by_role("link", name="Read the instructions").click()
    expect(page.get_by_role("heading", name="Before you begin")).to_be_visible()
    assert not Sitting.objects.exists()
    page.get_by_role("button", name="Begin exam").click()
    page.wait_for_url("**/sittings/**")
    return Sitting.objects.get()


def test_a_full_sitting_of_every_kind(page: Page, exam: Exam) -> None:
    sitting = begin_by_mouse(page, exam)
    paper = Paper(page).ready()
    seats = list(sitting.form.seats.order_by("number"))
    assert {seat.kind for seat in seats} == {"multiple_choice", "multiple_response", "ordering", "matching"}
    table = current_table(sitting.form)
    given = responses(seats, right=table.minimum_passing_raw)

    for seat in seats:
        expect(paper.place).to_have_text(f"Question {seat.number} of 65")
        paper.answer(seat, given[seat.number])
        if given[seat.number]:
            paper.saved()
            expect(paper.status).to_have_text(SAVED)
            expect(paper.entry(seat.number)).to_have_attribute("data-state", "answered")
        if seat.number == 7:
            page.locator("#flag").click()
            expect(paper.entry(seat.number)).to_have_attribute("data-state", "answered flagged")
        page.locator("#next").click()
    paper.saved()

    # The button after the last question led to the review.
    expect(page.get_by_role("heading", name="Review your answers")).to_be_visible()
    expect(page.locator("#review-summary")).to_contain_text(f"{65 - LEFT_OUT} of 65 answered")
    expect(page.locator("[data-count-of=unanswered]")).to_have_text(str(LEFT_OUT))
    expect(page.locator("[data-count-of=flagged]")).to_have_text("1")
    page.locator(".segmented label", has_text="Unanswered").click()
    expect(page.locator(".review-table tbody tr:visible")).to_have_count(LEFT_OUT)

    # Nothing is scored before the end, and what is stored is what was clicked.
    assert not Result.objects.exists()
    stored = {answer.seat: tuple(answer.response) for answer in Answer.objects.filter(sitting=sitting)}
    for seat in seats:
        assert stored.get(seat.number, ()) == in_stored_order(seat, given[seat.number])
    assert [answer.seat for answer in Answer.objects.filter(sitting=sitting, flagged=True)] == [7]

    page.locator("#open-end").click()
    expect(page.locator("#end-unanswered")).to_contain_text(f"{LEFT_OUT} of 65 questions are unanswered")
    expect(page.locator("#end-flagged")).to_contain_text("1 question is flagged")
    page.get_by_role("button", name="Keep working").click()
    expect(paper.dialog("end")).to_have_count(0)
    paper.end()

    page.wait_for_url(f"**/results/{sitting.pk}/")
    row = table.rows.get(raw=table.minimum_passing_raw)
    assert row.passed
    assert row.scaled >= exam.pass_mark
    expect(page.locator(".score .figure")).to_have_text(f"{row.scaled:,}")
    expect(page.locator(".score .outcome")).to_have_text(re.compile("Pass"))
    expect(page.get_by_text(f"{row.raw} of 50", exact=True).first).to_be_visible()
    result = Result.objects.get()
    assert (result.raw, result.scaled, result.passed) == (row.raw, row.scaled, True)
    sitting.refresh_from_db()
    assert (sitting.state, sitting.end_reason) == ("closed", "candidate")


def test_one_right_answer_fewer_fails_and_the_review_explains(page: Page, user: User, exam: Exam) -> None:
    minimum = current_table(exam.forms.get(reference=True)).minimum_passing_raw
    result = sat(user, exam, form=exam.forms.get(reference=True), right=minimum - 1)
    row = result.table.rows.get(raw=minimum - 1)
    page.goto(f"/results/{result.sitting_id}/")
    expect(page.locator(".score .figure")).to_have_text(f"{row.scaled:,}")
    expect(page.locator(".score .outcome")).to_have_text(re.compile("Not passed"))
    assert row.scaled < exam.pass_mark

    page.get_by_role("link", name="Review all questions").click()
    expect(page.locator(".question-table tbody tr")).to_have_count(65)
    page.get_by_role("navigation", name="Show").get_by_role("link", name="Incorrect").click()
    wrong = list(result.seats.filter(correct=False).values_list("seat", flat=True))
    expect(page.locator(".question-table tbody tr")).to_have_count(len(wrong))
    seat = result.sitting.form.seats.filter(kind="multiple_choice", number__in=wrong)[0]
    page.get_by_role("link", name=f"Question {seat.number}", exact=True).click()
    expect(page.get_by_role("heading", name=f"Question {seat.number} of 65")).to_be_visible()
    for option in seat.revision.options.all():
        expect(page.locator("main")).to_contain_text(words(option.rationale_html))
    (key,) = [option for option in seat.revision.options.all() if option.correct]
    expect(page.locator(".option[data-mark=key]")).to_contain_text(words(key.html))
    expect(page.locator(".option[data-mark=key]")).to_contain_text("Correct answer")
    expect(page.locator(".option[data-mark=wrong]")).to_contain_text("Your answer, incorrect")


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", markup)).split())


def test_moving_about_makes_no_request(paper: Paper, sitting: Sitting, page: Page, context: BrowserContext) -> None:
    paper.shelved()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    made: list[str] = []

    def note(event: dict[str, Any]) -> None:
        # Chromium looks its own icon up again at every new address; that comes from its cache.
        if not event["response"].get("fromDiskCache"):
            made.append(event["response"]["url"])

    network.on("Network.responseReceived", note)
    for number in (2, 3, 40, 65, 1):
        paper.go(number)
    for _ in range(64):
        page.locator("#next").click()
    expect(paper.question(65)).to_be_visible()
    page.locator("#next").click()
    expect(page.locator("#review")).to_be_visible()
    page.locator(".review-table a.go").nth(20).click()
    expect(paper.question(21)).to_be_visible()
    page.locator("#previous").click()
    expect(paper.question(20)).to_be_visible()
    assert made == []

    seat = sitting.form.seats.get(number=20)
    paper.answer(seat, key_of(seat)[:1])
    paper.saved()
    assert len(made) == 1  # the save, so the listener does hear
