"""No page has an accessibility violation that axe can find, light or dark, narrow or wide, or scrolls sideways."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import services as accounts
from accounts.models import User
from accounts.roles import Role
from exams.models import Sitting
from exams.services import clock, saving, sittings
from exams.services.changes import Change
from questions.models import Exam
from scoring import fairness
from tests.accounts.factories import PASSWORD
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.watch import Watch
from tests.factories import UserFactory, begin, change, close, key_of, sat
from tests.scoring.consenting import consenting
from tests.scoring.runs import a_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

NARROW, WIDE = 375, 1280
KINDS = ("multiple_choice", "multiple_response", "ordering", "matching")
# In one call, because each costs a round trip: what is wrong, and whether the page is wider than the window.
INSPECT = """async (only) => {
    const options = { resultTypes: ["violations"], ...(only?.length && { runOnly: { type: "rule", values: only } }) };
    const { violations } = await axe.run(document, options);
    const found = violations.map(({ id, nodes }) =>
        `${id}: ${nodes.slice(0, 4).map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
    const wider = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    return wider > 0 ? [...found, `scrolls sideways by ${wider} px`] : found;
}"""


# What a theme can break. The rest judges structure and sizes, which are the same in both: the light look does that.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
THEMES: tuple[tuple[Literal["light", "dark"], list[str]], ...] = (("light", []), ("dark", COLOUR_RULES))


class Inspector:
    """Looks at pages in every theme and width and keeps what is wrong with them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.emulate_media(reduced_motion="reduce")  # colours are judged, not the way between them
        self.found: list[str] = []
        self.looks = 0

    def visit(self, address: str, heading: str = "") -> None:
        """A page at an address; `heading` makes sure that it is the one that was meant."""
        self.page.goto(address)
        if heading:
            expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        self.look(address)

    def look(self, name: str, widths: tuple[int, ...] = (NARROW, WIDE)) -> None:
        """The page as it stands now, once all of it has come."""
        self.page.wait_for_load_state()
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 900})
            for scheme, rules in THEMES:
                self.page.emulate_media(color_scheme=scheme)
                self.found += [f"{name}, {scheme}, {width} px: {what}" for what in self.page.evaluate(INSPECT, rules)]
                self.looks += 1
        self.page.set_viewport_size({"width": WIDE, "height": 900})


@pytest.fixture
def inspector(page: Page) -> Iterator[Inspector]:
    inspector = Inspector(page)
    yield inspector
    assert inspector.looks
    assert inspector.found == []


@pytest.fixture
def stranger(new_context: NewContext, exam: Exam) -> Iterator[Inspector]:
    """Somebody who is not signed in."""
    inspector = Inspector(new_context().new_page())
    yield inspector
    assert inspector.looks
    assert inspector.found == []


def fill_in(page: Page, user: User) -> None:
    page.goto(reverse("account_login"))
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_strangers(stranger: Inspector, watch: Watch) -> None:
    watch.allow("404")
    page = stranger.page
    stranger.visit(reverse("home"), "Know where you stand")
    stranger.visit(reverse("account_login"), "Sign in")
    page.get_by_label("E-mail address").fill("nobody@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    stranger.look("sign in, refused")
    stranger.visit(reverse("account_signup"))
    stranger.visit(reverse("account_reset_password"))
    page.get_by_label("E-mail address").fill("nobody@example.com")
    page.locator("main form button").click()
    page.wait_for_url(f"**{reverse('account_reset_password_done')}")
    stranger.look("password reset, sent")
    stranger.visit(reverse("account_reset_password_from_key", args=["1", "bad-link"]))
    stranger.visit(reverse("account_email_verification_sent"))
    stranger.visit("/nothing/", "There is nothing at this address")


def test_account(inspector: Inspector, user: User) -> None:
    page = inspector.page
    for name in (
        "account_profile",
        "account_email",
        "account_change_password",
        "account_export",
        "account_delete",
        "mfa_index",
        "usersessions_list",
    ):
        inspector.visit(reverse(name))
    inspector.visit(reverse("mfa_activate_totp"), "Confirm that it is you")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"**{reverse('mfa_activate_totp')}")
    inspector.look("turn on two-factor")
    secret = page.locator(".key").inner_text()
    page.get_by_label("Six digits").fill("000000")
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator(".error")).to_be_visible()
    inspector.look("wrong code")
    page.get_by_label("Six digits").fill(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_url(f"**{reverse('mfa_view_recovery_codes')}")
    for name in ("mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_deactivate_totp", "mfa_index"):
        inspector.visit(reverse(name))


def test_second_factor(stranger: Inspector, user: User) -> None:
    TOTP.activate(user, generate_totp_secret())
    fill_in(stranger.page, user)
    stranger.page.wait_for_url(f"**{reverse('mfa_authenticate')}")
    stranger.look("second factor")


def test_before_an_exam(inspector: Inspector, exam: Exam) -> None:
    inspector.visit(reverse("exam_list"), "Exams")
    inspector.visit(reverse("exam_detail", args=[exam.code]), exam.name)
    inspector.visit(reverse("exam_begin", args=[exam.code]), "Before you begin")
    inspector.visit(reverse("progress"), "Progress")
    Exam.objects.update(offered=False)
    inspector.visit(reverse("exam_list"), "Exams")
    expect(inspector.page.get_by_text("No exams yet")).to_be_visible()


def test_the_exam_screen(inspector: Inspector, sitting: Sitting, new_context: NewContext, user: User) -> None:
    page = inspector.page
    paper = Paper(page).open(sitting)
    for kind in KINDS:
        blank, answered = sitting.form.seats.filter(kind=kind).order_by("number")[:2]
        paper.go(answered.number)
        paper.answer(answered, key_of(answered))
        paper.saved()
        inspector.look(f"{kind}, answered")
        if kind in ("ordering", "matching"):  # the others look the same without an answer
            paper.go(blank.number)
            inspector.look(f"{kind}, blank")
    for number in sitting.form.seats.filter(revision__scenario_revision__isnull=False).values_list("number", flat=True):
        paper.go(number)
    page.locator("#flag").click()
    inspector.look("case study, flagged")

    page.set_viewport_size({"width": NARROW, "height": 900})
    page.get_by_role("button", name="All questions").click()
    inspector.look("navigator", widths=(NARROW,))
    paper.go(1)
    page.locator("#show-keys").click()
    inspector.look("shortcuts", widths=(NARROW,))
    page.keyboard.press("Escape")
    paper.review()
    inspector.look("review")
    page.locator("#open-end").click()
    inspector.look("end dialog")
    page.get_by_role("button", name="Keep working").click()
    for minutes in (29, 9, 4):
        sitting.deadline = timezone.now() + dt.timedelta(minutes=minutes)
        sitting.save(update_fields=["deadline"])
        paper.look_up()
        expect(page.locator("#timer[data-level]")).to_contain_text(f"Under {minutes + 1} min")
        inspector.look(f"under {minutes + 1} minutes", widths=(WIDE,))
    Paper(sign_in(new_context(), user).new_page()).open(sitting)
    paper.look_up()
    expect(paper.dialog("claimed")).to_be_visible()
    inspector.look("another window", widths=(NARROW,))


def test_trouble_on_the_exam_screen(inspector: Inspector, sitting: Sitting, user: User, watch: Watch) -> None:
    watch.allow("401", "ERR_INTERNET_DISCONNECTED")
    page = inspector.page
    paper = Paper(page).open(sitting)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.keyboard.press("m")
    expect(page.get_by_role("alert")).to_be_visible()
    inspector.look("signed out")
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(paper.status).to_have_attribute("data-state", "offline")
    inspector.look("offline")
    page.context.set_offline(False)
    sign_in(page.context, user)
    paper.look_up()
    paper.saved(40_000)


def test_while_a_sitting_runs_and_waits(inspector: Inspector, sitting: Sitting, exam: Exam) -> None:
    for name, arguments in (("exam_list", []), ("exam_detail", [exam.code]), ("exam_begin", [exam.code])):
        inspector.visit(reverse(name, args=arguments))
    inspector.page.locator("details.more summary").first.or_(inspector.page.locator("h1")).first.click()
    close(sitting, sequence=1)  # names a change that has not arrived
    inspector.visit(reverse("result", args=[sitting.pk]), "Your answers are in")


def test_the_timeline(inspector: Inspector, sitting: Sitting, user: User) -> None:
    """With everything on it: folded saves, a gap, time offline, staff, another window, what does not count, notes."""

    def save(*changes: Change, claim: int, offline: tuple[tuple[int, int], ...] = ()) -> None:
        saving.save(sitting_id=sitting.pk, user_id=user.pk, claim=claim, changes=changes, offline=offline)

    for number in range(1, 5):
        save(change(number, [], sequence=number), claim=1)
    save(change(5, [], sequence=7), claim=1, offline=((7_000_000, 6_000_000),))
    staff = UserFactory()
    clock.grant(sitting_id=sitting.pk, minutes=5, by=staff)
    clock.pause(sitting_id=sitting.pk, by=staff)
    clock.resume(sitting_id=sitting.pk, by=staff)
    newest = sittings.claim(sitting_id=sitting.pk, user_id=user.pk).claim
    seat = sitting.form.seats.get(number=5)
    save(change(5, key_of(seat), base=1), Change(2, 0, 0, text="Kinesis or Firehose?\n" * 3), claim=newest)
    save(change(5, seat.tokens[: seat.slots][::-1], sequence=8, base=1), claim=1)
    saving.end(sitting_id=sitting.pk, user_id=user.pk, claim=newest, sequence=2, left_ms=60_000)
    save(change(6, [], sequence=3), Change(4, 0, 1, text="too late"), claim=newest)
    inspector.visit(reverse("result_timeline", args=[sitting.pk]), "Timeline")
    for kind in ("saved", "offline", "gap", "granted", "paused", "resumed", "claimed", "kept", "ended", "closed"):
        expect(inspector.page.locator(f".course [data-kind={kind}]").first).to_be_visible()
    inspector.page.get_by_text("Show each save").click()
    inspector.look("timeline, opened")


def test_after_an_exam(inspector: Inspector, user: User, exam: Exam) -> None:
    page = inspector.page
    passed = sat(user, exam, right=45)
    failed = sat(user, exam, right=20)
    blank = close(begin(user, exam))
    given_up = sittings.abandon(sitting_id=begin(user, exam).pk, user_id=user.pk)
    assert (passed.passed, failed.passed) == (True, False)
    inspector.visit(reverse("result", args=[passed.sitting_id]), "Score report")
    page.goto(reverse("result", args=[failed.sitting_id]))
    for summary in page.locator("details summary").all():
        summary.click()
    inspector.look("score report, opened")
    inspector.visit(reverse("result", args=[blank.pk]), "Score report")
    inspector.visit(reverse("result_timeline", args=[blank.pk]), "Timeline")
    inspector.visit(reverse("result", args=[given_up.pk]), "You gave up this sitting")
    for show in ("all", "flagged"):
        inspector.visit(reverse("result_questions", args=[failed.sitting_id]) + f"?show={show}", "All questions")
    for kind in KINDS:
        seats = failed.sitting.form.seats.filter(kind=kind).values_list("number", flat=True)
        for correct in (True, False):
            marked = failed.seats.filter(seat__in=seats, correct=correct).first()
            if marked:
                inspector.visit(reverse("result_question", args=[failed.sitting_id, marked.seat]))
        number = blank.form.seats.filter(kind=kind)[0].number
        inspector.visit(reverse("result_question", args=[blank.pk, number]), f"Question {number} of")
    inspector.visit(reverse("progress"), "Progress")
    inspector.visit(reverse("exam_list"), "Exams")
    inspector.visit(reverse("exam_detail", args=[exam.code]), exam.name)
    Exam.objects.update(retake_after_days=14)
    inspector.visit(reverse("exam_begin", args=[exam.code]), "Before you begin")


def test_the_fairness_page(inspector: Inspector, user: User, exam: Exam) -> None:
    accounts.grant_role(user=user, role=Role.AUTHOR)
    inspector.visit(reverse("bank_fairness", args=[exam.code]), "Fairness")
    consenting(exam, 2 * fairness.MINIMUM, hard_for_others=5)
    inspector.visit(reverse("bank_fairness", args=[exam.code]), "Fairness")
    expect(inspector.page.get_by_text("C, large").first).to_be_visible()


def test_forms_for_authors(inspector: Inspector, user: User, exam: Exam) -> None:
    accounts.grant_role(user=user, role=Role.AUTHOR)
    form = exam.forms.get(reference=False)
    inspector.visit(reverse("bank_form", args=[exam.code, form.number]), form.code)
    a_run(exam)
    a_run(exam, includes_simulated=True)
    inspector.visit(reverse("bank_forms", args=[exam.code]), "Forms")
    inspector.page.goto(reverse("bank_form", args=[exam.code, form.number]) + "?run=2")
    for summary in inspector.page.locator("details summary").all():
        summary.click()
    inspector.look("a form, opened")
