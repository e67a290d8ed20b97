"""Authoring an exam in a browser: by keyboard alone from an empty page to a saved exam, accessible on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts import services
from accounts.models import User
from accounts.roles import Role
from exams.services import outlines
from questions import outlining
from questions.models import Exam
from questions.specification import specification_of
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.server import Server
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.factories import UserFactory, begin
from tests.questions.outlines import specification

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

FACTS = (
    ("Code", "BRW-01"), ("Name", "Certified Brewer of Tea"), ("Level", "Foundation"),
    ("How things stand with the real exam", "A demonstration"), ("Minutes", "20"), ("Questions on a form", "10"),
    ("Of them scored", "8"), ("Pass mark", "700"),
)  # fmt: skip
NUMBERS = ("Fewest on a form", "Most on a form", "Fewest scored", "Most scored")
TOO_SMALL = """() => [...document.querySelectorAll("main button, main .input, main a.btn")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 43.5).map((one) => one.outerHTML)"""
LONGEST_WAY = 80  # Tab presses from one control to another


@pytest.fixture(autouse=True)
def fresh(server: Server) -> None:
    """A server that knows today's content types: it remembers them, and emptying the tables numbers them anew."""
    server.restart()


@pytest.fixture
def desk(page: Page, user: User) -> Iterator[Inspector]:
    """The browser of an author."""
    services.grant_role(user=user, role=Role.AUTHOR)
    inspector = Inspector(page)
    yield inspector
    assert inspector.found == []


@dataclass(slots=True)
class Hands:
    """Somebody who has no mouse: everything is reached by Tab, and what has the focus is what is typed into."""

    page: Page

    def reach(self, target: Locator) -> None:
        for _ in range(LONGEST_WAY):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {target}")

    def write(self, target: Locator, text: str) -> None:
        self.reach(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def press(self, name: str) -> None:
        """A button, and the page that it brings."""
        self.reach(self.page.get_by_role("button", name=name, exact=True))
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def focused(self) -> Locator:
        return self.page.locator(":focus")


def fill_in(hands: Hands) -> None:
    """Everything but the domains, in the order in which Tab comes by."""
    page = hands.page
    for label, value in FACTS:
        hands.write(page.get_by_label(label, exact=True), value)
    for kind, numbers in (("Multiple choice", "6857"), ("Ordering", "2413")):
        group = page.get_by_role("group", name=kind, exact=True)
        for label, value in zip(NUMBERS, numbers, strict=True):
            hands.write(group.get_by_label(label), value)


@pytest.mark.parametrize("scripts", [True, False])
def test_an_exam_is_authored_by_keyboard_alone(user: User, new_context: NewContext, scripts: bool) -> None:
    services.grant_role(user=user, role=Role.AUTHOR)
    page = sign_in(new_context(java_script_enabled=scripts), user).new_page()
    page.goto(reverse("bank"))
    hands = Hands(page)
    hands.reach(page.get_by_role("link", name="New exam"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    fill_in(hands)
    domain = page.get_by_role("group", name="Domain 1", exact=True)
    hands.write(domain.get_by_label("Title").first, "Water")
    hands.write(domain.get_by_label("Weight"), "40")
    sum_of_weights = page.get_by_role("status")
    expect(sum_of_weights).to_have_text("40 % of 100 %" if scripts else "0 % of 100 %")
    first = page.get_by_role("group", name="Domain 1, task 1", exact=True)
    hands.write(first.get_by_label("Title"), "Heat water")
    hands.write(first.get_by_label("Topics"), "temperature\nhardness")

    hands.press("Add a domain")
    assert hands.focused().get_attribute("id") == "id_domain-1-title"  # where one goes on typing
    page.keyboard.type("Leaves")
    hands.write(page.get_by_role("group", name="Domain 2", exact=True).get_by_label("Weight"), "60")
    expect(sum_of_weights).to_have_text("100 %" if scripts else "40 % of 100 %")
    task = page.get_by_role("group", name="Domain 2, task 1", exact=True)
    hands.write(task.get_by_label("Title"), "Store leaves")
    hands.write(task.get_by_label("Topics"), "light")
    hands.press("Add a task to domain 2")
    task = page.get_by_role("group", name="Domain 2, task 2", exact=True)
    expect(task.get_by_label("Title")).to_be_focused()  # a new page takes a moment to lead there
    page.keyboard.type("Choose leaves")
    hands.write(task.get_by_label("Topics"), "black")
    hands.press("Move task 2 of domain 2 up")
    assert hands.focused().get_attribute("id") == "down-1-0"
    hands.press("Move domain 2 up")

    page.get_by_label("Name", exact=True).focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")  # checks, and saves nothing
    expect(page.get_by_role("heading", name="What a form looks like")).to_be_focused()
    assert not Exam.objects.filter(code="BRW-01").exists()
    page.get_by_role("button", name="Make the exam").focus()
    with page.expect_navigation():
        page.keyboard.press("Space")
    expect(page.get_by_text("BRW-01 is made.")).to_be_visible()
    made = specification_of(Exam.objects.get(code="BRW-01"))
    assert [(domain.code, domain.title, domain.weight) for domain in made.domains] == [
        ("D1", "Leaves", 60), ("D2", "Water", 40),
    ]  # fmt: skip
    assert [task.title for task in made.tasks] == ["Choose leaves", "Store leaves", "Heat water"]


def test_errors_take_the_focus_and_lead_to_their_fields(desk: Inspector, watch: Watch) -> None:
    watch.allow("422")
    page, hands = desk.page, Hands(desk.page)
    desk.visit(reverse("bank_exam_new"), "New exam")
    fill_in(hands)
    page.get_by_label("Code", exact=True).fill("brw")
    page.get_by_label("Title").nth(0).fill("Leaves")
    page.get_by_label("Title").nth(1).fill("Choose leaves")
    page.get_by_label("Topics").fill("black")
    page.get_by_label("Weight, per cent").fill("90")
    page.get_by_role("button", name="Make the exam").click()
    expect(page.get_by_role("alert")).to_be_focused()
    desk.look("refused")
    hands.reach(page.get_by_role("link", name="Domain 1, weight, per cent"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Weight, per cent")).to_be_focused()
    expect(page.get_by_label("Weight, per cent")).to_have_accessible_description(
        "The domains’ weights add up to 90 %, not to 100 %."
    )


def test_pages_of_drafts_and_of_exams_in_use(desk: Inspector, exam: Exam, watch: Watch) -> None:
    page = desk.page
    desk.visit(reverse("bank_exam_edit", args=[exam.code]), "Outline")
    page.get_by_role("button", name="Add a task to domain 1").click()
    page.get_by_role("group", name="Domain 1, task 4", exact=True).get_by_label("Title").fill("Something new")
    page.get_by_role("group", name="Domain 1, task 4", exact=True).get_by_label("Topics").fill("it")
    page.get_by_role("button", name="Check and preview").click()
    expect(page.get_by_text("do not make a form of it yet")).to_be_visible()
    desk.look("not enough questions")
    begin(UserFactory(), exam)
    before = specification_of(exam)
    outlines.change(
        exam=exam, spec=specification_of(exam), version=before.version, by=UserFactory(), now=timezone.now()
    )
    desk.visit(reverse("bank_exam_edit", args=[exam.code]), "Outline")
    made = outlining.create(spec=specification(), by=UserFactory(), now=timezone.now())
    desk.visit(reverse("bank_exam_edit", args=[made.code]), "Outline")
    desk.visit(f"{reverse('bank_exam_new')}?from={exam.code}", "New exam")


def test_nothing_runs_over_the_edge_of_a_narrow_screen(desk: Inspector, exam: Exam) -> None:
    desk.page.set_viewport_size({"width": 320, "height": 800})
    for address in (reverse("bank_exam_new"), reverse("bank_exam_edit", args=[exam.code])):
        desk.page.goto(address)
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= 320
        assert desk.page.evaluate(TOO_SMALL) == []
