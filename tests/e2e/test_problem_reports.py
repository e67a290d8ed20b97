"""A problem goes from a candidate to an author and back, in real browsers, also without scripts and by keyboard."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts import services
from accounts.models import User
from accounts.roles import Role
from exams.models import Form, Sitting
from questions.models import Exam
from scoring.models import ProblemReport
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.test_axe import KINDS, Inspector
from tests.e2e.watch import Watch
from tests.factories import UserFactory, sat
from tests.scoring.reported import ANSWER, TEXT, report, settle

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def author(db: None) -> User:
    person: User = UserFactory(display_name="Ada Author")
    services.grant_role(user=person, role=Role.AUTHOR)
    return person


@pytest.fixture
def closed(user: User, exam: Exam) -> Sitting:
    return sat(user, exam, form=Form.objects.get(exam=exam, reference=True), right=20).sitting


def question(sitting: Sitting, number: int) -> str:
    return reverse("result_question", args=[sitting.pk, number])


@pytest.mark.parametrize("scripts", [True, False])
def test_a_report_is_answered_and_read(
    new_context: NewContext, user: User, author: User, closed: Sitting, scripts: bool
) -> None:
    candidate = sign_in(new_context(java_script_enabled=scripts), user).new_page()
    candidate.goto(question(closed, 3))
    candidate.get_by_text("Report a problem").click()
    candidate.get_by_label("What is wrong").select_option("More than one answer is right")
    candidate.get_by_label("Describe it").fill(TEXT)
    candidate.get_by_role("button", name="Send the report").click()
    section = candidate.locator("#report")
    expect(section.get_by_text(TEXT).first).to_be_visible()
    expect(section.get_by_text("Open", exact=True)).to_be_visible()

    desk = sign_in(new_context(java_script_enabled=scripts), author).new_page()
    desk.goto(reverse("bank"))
    desk.get_by_role("link", name="Reports").click()
    desk.get_by_role("link", name="No. ").click()
    expect(desk.get_by_text(TEXT)).to_be_visible()
    expect(desk.get_by_text(user.display_name)).to_have_count(0)
    desk.get_by_label("Your answer").fill(ANSWER)
    desk.get_by_role("button", name="Answer").click()
    expect(desk.get_by_text("The candidate has not read it yet.")).to_be_visible()

    candidate.goto(reverse("progress"))
    candidate.get_by_role("link", name="question 3 of MLA-C01").click()
    expect(candidate.get_by_text(ANSWER)).to_be_visible()
    desk.reload()
    expect(desk.get_by_text("The candidate read it on")).to_be_visible()


def test_by_keyboard_alone(page: Page, closed: Sitting) -> None:
    page.goto(question(closed, 1))
    page.get_by_text("Report a problem").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("What is wrong")).to_be_focused()
    page.keyboard.type("It is out")
    page.keyboard.press("Tab")
    page.keyboard.type("Renamed last year, see the release notes.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#report")).to_contain_text("Renamed last year")
    page.get_by_text("Change or take back your report").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("What is wrong")).to_have_value("outdated")
    for _ in range(4):  # problem, text, change, take back
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your report was taken back.")).to_be_visible()
    assert not ProblemReport.objects.exists()


def test_what_was_refused_is_seen_at_once(page: Page, closed: Sitting, watch: Watch) -> None:
    watch.allow("422")
    page.goto(question(closed, 1))
    page.get_by_text("Report a problem").click()
    page.get_by_label("What is wrong").select_option("Something else")
    page.get_by_label("Describe it").fill("- - - - - - - -")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_text("Say in at least 10 characters")).to_be_in_viewport()
    expect(page.get_by_label("Describe it")).to_have_value("- - - - - - - -")


def test_no_violation_and_no_sideways_scroll(
    page: Page, user: User, author: User, exam: Exam, closed: Sitting, new_context: NewContext, watch: Watch
) -> None:
    watch.allow("422")
    candidate, desk = Inspector(page), Inspector(sign_in(new_context(), author).new_page())
    desk.visit(reverse("bank_reports"), "Reports")
    candidate.page.goto(question(closed, 1))
    candidate.page.get_by_text("Report a problem").click()
    candidate.look("the form", widths=(320, 1280))
    candidate.page.locator("#report form").evaluate("form => { form.noValidate = true; }")
    candidate.page.get_by_role("button", name="Send the report").click()
    expect(candidate.page.locator("#report .error")).to_have_count(2)
    candidate.look("refused")

    long = "Wort" * 60 + "\n\nA second paragraph, which is rather short. مرحبا"
    reports = [report(closed, closed.form.seats.filter(kind=kind)[0].number, text=long) for kind in KINDS]
    for one in reports:
        desk.visit(reverse("bank_report", args=[one.pk]), f"Report {one.pk}")
    settle(reports[0], text=long)
    settle(reports[1], "dismiss", text=long)
    theirs = sat(UserFactory(), exam, form=closed.form).sitting
    report(theirs, reports[0].seat)
    candidate.visit(reverse("progress"), "Progress")
    for one in reports[:3]:
        candidate.visit(question(closed, one.seat))
        candidate.page.locator("#report summary").click()
        candidate.look("reported", widths=(320, 1280))
    for one in reports[:2]:
        desk.visit(reverse("bank_report", args=[one.pk]), f"Report {one.pk}")
    desk.page.goto(reverse("bank_report", args=[reports[2].pk]))
    desk.page.get_by_text("Dismiss without an answer").click()
    desk.page.locator("form").evaluate_all("forms => forms.forEach((form) => { form.noValidate = true; })")
    desk.page.get_by_role("button", name="Dismiss").click()
    expect(desk.page.locator(".error")).to_be_visible()
    desk.look("dismissal refused", widths=(320, 1280))
    desk.visit(reverse("bank_reports") + f"?exam={exam.code}&state=all", "Reports")
    desk.look("the list", widths=(320,))
    desk.visit(reverse("bank_reports") + "?category=other", "Reports")
    desk.visit(reverse("bank_exam", args=[exam.code]), exam.name)
    assert candidate.found == []
    assert desk.found == []
