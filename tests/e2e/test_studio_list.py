"""The studio's list in a browser: accessible, in step with what is typed, by keyboard and without scripts."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts import services
from accounts.models import User
from accounts.roles import Role
from questions.models import Exam, Revision, SavedFilter
from questions.models.bank import RevisionState
from scoring.models import RunItem
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.scoring.runs import a_run
from tests.scoring.studio import LIST, written

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

WIDTHS = (320, 1280)


@pytest.fixture
def author(user: User, exam: Exam) -> User:
    """Somebody with a filter of their own, a draft among the bank's questions, and a run that found an alarm."""
    services.grant_role(user=user, role=Role.AUTHOR)
    run = a_run(exam)
    RunItem.objects.filter(pk=run.items.order_by("pk")[0].pk).update(alarms=["r = 0.02"])
    SavedFilter.objects.create(owner=user, name="A long name of a filter that somebody needs", query="q=model")
    SavedFilter.objects.create(owner=user, name="x" * 60, query="q=drift")
    written("zeta-1", "Which turtle swims?", options=["Leatherback", "A box"], exam=exam, author=user)
    written("zeta-2", "Which turtle flies?", exam=exam, author=user, state=RevisionState.PUBLISHED, rating=0.5)
    return user


@pytest.fixture
def author_page(page: Page, author: User) -> Page:
    return page


def heading(page: Page) -> str:
    return page.locator("#h-found").inner_text()


def test_no_violation_and_no_sideways_scroll(author_page: Page, exam: Exam, watch: Watch) -> None:
    watch.allow("422")  # without a reason
    inspector = Inspector(author_page)

    def visit(address: str, name: str) -> None:
        author_page.goto(address)
        expect(author_page.get_by_role("heading", name=name, level=1)).to_be_visible()
        inspector.look(address, WIDTHS)

    visit(LIST, "Questions")
    visit(f"{LIST}?exam={exam.code}&sort=facility", "Questions")
    visit(f"{LIST}?q=turtle&rating=none", "Questions")
    author_page.get_by_text("Saved filters").click()
    author_page.get_by_label("Choose zeta-1").check()
    inspector.look("a filter and a selection", WIDTHS)
    visit(f"{LIST}?q=xyzzy", "Questions")
    visit(f"{LIST}?q=turtle", "Questions")
    author_page.get_by_label("All 2 results").check()
    author_page.get_by_role("button", name="Retire …").click()
    expect(author_page.get_by_role("heading", name="Retire 1 question?", level=1)).to_be_visible()
    inspector.look("before retiring", WIDTHS)
    author_page.get_by_role("button", name="Retire 1 question").click()
    expect(author_page.get_by_role("heading", name="Retire 1 question?", level=1)).to_be_visible()
    inspector.look("without a reason", WIDTHS)
    for verb in ("Tag", "Submit"):
        author_page.goto(f"{LIST}?q=turtle")
        author_page.get_by_label("All 2 results").check()
        author_page.get_by_role("button", name=f"{verb} …").click()
        expect(author_page.get_by_role("heading", name=f"{verb} ", level=1)).to_be_visible()
        inspector.look(verb, WIDTHS)
    Revision.objects.filter(state=RevisionState.DRAFT).delete()
    Revision.objects.update(state=RevisionState.SUPERSEDED)
    visit(LIST, "Questions")
    assert inspector.looks == 44
    assert inspector.found == []


def test_the_list_and_the_address_follow_what_is_typed(author_page: Page, exam: Exam) -> None:
    page = author_page
    page.goto(LIST)
    whole = heading(page)
    page.get_by_label("Search in ids").press_sequentially("turtle swi", delay=20)
    expect(page.locator("#h-found")).to_have_text(re.compile("^1 of "))
    expect(page.locator("mark")).to_have_text(["turtle", "swims"])
    expect(page).to_have_url(re.compile(r"\?q=turtle\+swi$"))
    expect(page.get_by_label("Search in ids")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("1 question found.")
    page.get_by_text("Filters and order").click()
    page.get_by_label("Exam", exact=True).select_option(exam.code)
    expect(page).to_have_url(re.compile(r"\?q=turtle\+swi&exam=MLA-C01$"))
    expect(page.get_by_label("Task", exact=True)).to_be_visible()  # offered from now on
    page.get_by_label("State", exact=True).select_option("draft")
    expect(page).to_have_url(re.compile("&state=draft$"))
    page.reload()
    expect(page.get_by_label("State", exact=True)).to_have_value("draft")
    expect(page.locator("#h-found")).to_have_text(re.compile("^1 of "))
    page.go_back()
    expect(page).to_have_url(re.compile(r"exam=MLA-C01$"))
    page.goto(LIST)
    assert heading(page) == whole


def test_everything_can_be_done_by_keyboard(author_page: Page) -> None:
    page = author_page
    page.goto(LIST)
    page.keyboard.press("/")
    expect(page.get_by_label("Search in ids")).to_be_focused()
    page.keyboard.type("turtle/j")  # letters are letters here
    expect(page.get_by_label("Search in ids")).to_have_value("turtle/j")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("turtle")
    expect(page.locator("#h-found")).to_have_text(re.compile("^2 of "))
    page.get_by_role("button", name="Search").focus()
    page.keyboard.press("j")
    expect(page.get_by_label("Choose zeta-1")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_label("Choose zeta-2")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("[data-count]")).to_have_text("1 chosen")
    page.keyboard.press("k")
    page.keyboard.press("Space")
    expect(page.get_by_label("This page")).to_be_checked()
    page.keyboard.press("Space")
    expect(page.locator("[data-count]")).to_have_text("1 chosen")
    page.get_by_role("button", name="Retire …").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Retire 1 question?", level=1)).to_be_visible()
    page.get_by_label("Reason").focus()
    page.keyboard.type("Turtles do not fly.")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Retire 1 question")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Retired 1 question.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=turtle$"))
    assert Revision.objects.get(question__public_id="zeta-2").state == RevisionState.RETIRED


@pytest.fixture
def plain(new_context: NewContext, author: User) -> Page:
    """The same author's browser without scripts."""
    return sign_in(new_context(java_script_enabled=False), author).new_page()


def test_it_works_without_scripts(plain: Page, exam: Exam) -> None:
    plain.goto(reverse("bank"))
    plain.get_by_role("navigation", name="Bank").get_by_role("link", name="Questions").click()
    plain.get_by_label("Search in ids").fill("turtle")
    plain.get_by_text("Filters and order").click()
    plain.get_by_label("Exam", exact=True).select_option(exam.code)
    plain.get_by_role("button", name="Search").click()
    expect(plain.locator("#h-found")).to_have_text(re.compile("^2 of "))
    plain.get_by_label("State", exact=True).select_option("published")
    plain.get_by_role("button", name="Search").click()
    expect(plain.locator("#h-found")).to_have_text(re.compile("^1 of "))
    expect(plain.get_by_text("This page")).to_be_hidden()
    plain.get_by_text("Saved filters").click()
    plain.get_by_label("Save this filter as").fill("Published turtles")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_role("link", name="Published turtles")).to_have_attribute("aria-current", "page")
    plain.get_by_label("All 1 result").check()
    plain.get_by_role("button", name="Retire …").click()
    plain.get_by_label("Reason").fill("Turtles do not fly.")
    plain.get_by_role("button", name="Retire 1 question").click()
    expect(plain.get_by_role("heading", name="No such questions")).to_be_visible()
