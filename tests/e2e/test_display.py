"""Text size, spacing, contrast and theme: chosen once, kept in the browser, applied before anything is drawn."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize, expect

from accounts.models import User
from exams.models import Sitting
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.test_axe import INSPECT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

DESK: ViewportSize = {"width": 1280, "height": 900}
# The last three: a laptop at 200 % zoom, and small windows of a desk.
SIZES = [(320, 568), (375, 667), (768, 1024), (1280, 720), (1920, 1080), (640, 450), (640, 360), (1056, 600)]
KINDS = ("multiple_choice", "multiple_response", "ordering", "matching")
PANELS = {"pad": "w", "display": "v", "keys": "?", "sentences": "l"}
ROOT_SIZE = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
SIDEWAYS = """() => [...document.querySelectorAll("html, main, dialog[open]")]
    .filter((element) => element.scrollWidth > element.clientWidth)
    .map((element) => `${element.localName} by ${element.scrollWidth - element.clientWidth} px`)"""
# Elements that one has to hit, in what is shown, smaller than 44 px (a radio button counts with its label).
SMALL = """() => [...document.querySelectorAll("main button, .dock button, .exam-bar :is(a, button), dialog button")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, box]) => Math.min(box.width, box.height) < 43.5)
    .map(([element, box]) => `${element.outerHTML.slice(0, 80)}: ${box.width} × ${box.height}`)"""


def choose(page: Page, **choices: str) -> None:
    """Choices by the first word of their group, in the dialog."""
    page.keyboard.press("v")
    for group, label in choices.items():
        page.get_by_role("group", name=group).get_by_text(label, exact=True).click()
    page.keyboard.press("Escape")


def test_choices_are_applied_at_once_and_kept(paper: Paper, page: Page) -> None:
    line = "getComputedStyle(document.querySelector('#stem1')).letterSpacing"
    colour = "getComputedStyle(document.body).color"
    before = page.evaluate(colour)
    page.get_by_role("button", name="Display").click()
    dialog = page.locator("#display-dialog")
    expect(dialog.get_by_label("100 %")).to_be_focused()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(ROOT_SIZE) == 18
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(ROOT_SIZE) == 24
    page.keyboard.press("Escape")
    choose(page, Spacing="Wide", Contrast="High", Theme="Dark")
    expect(page.locator("#open-tools")).to_be_visible()  # so large a text folds the bar

    for _ in range(2):
        assert page.evaluate(ROOT_SIZE) == 24
        assert page.evaluate(f"parseFloat({line})") == pytest.approx(0.12 * 18 * 1.5, abs=0.1)
        assert page.evaluate(colour) != before
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.reload()
        paper.ready()
    choose(page, Text="100 %", Spacing="Normal", Contrast="Normal", Theme="System")
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
    assert page.evaluate("Object.keys(localStorage).filter((key) => /^(display:textSize|theme)$/.test(key))") == []


def test_a_kept_choice_moves_nothing_when_the_page_opens(paper: Paper, page: Page, sitting: Sitting) -> None:
    choose(page, Text="150 %", Spacing="Wide")
    page.add_init_script("""
        window.shifts = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) shifts += entry.value; })
            .observe({ type: "layout-shift", buffered: true });
    """)
    page.reload()
    paper.ready()
    assert page.evaluate(ROOT_SIZE) == 24
    assert page.evaluate("shifts") < 0.001


def test_without_storage_a_choice_lasts_as_long_as_the_page(
    new_context: NewContext, sitting: Sitting, user: User
) -> None:
    context = sign_in(new_context(), user)
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden'); } })"
    )
    page = context.new_page()
    paper = Paper(page).open(sitting)
    choose(page, Text="125 %")
    assert page.evaluate(ROOT_SIZE) == 20
    page.keyboard.press("n")
    assert page.evaluate(ROOT_SIZE) == 20
    page.reload()
    paper.ready()
    assert page.evaluate(ROOT_SIZE) == 16


def test_the_dialog_knows_what_the_header_switched(page: Page, sitting: Sitting) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/exams/")
    page.get_by_role("button", name="Switch between light and dark").click()
    Paper(page).open(sitting)
    page.keyboard.press("v")
    expect(page.get_by_label("Dark")).to_be_checked()


@pytest.mark.parametrize("text", ["100 %", "150 %"])
def test_nothing_scrolls_sideways_and_every_target_is_large(
    paper: Paper, page: Page, sitting: Sitting, text: str
) -> None:
    choose(page, Text=text)
    seats = [sitting.form.seats.filter(kind=kind).order_by("number")[0].number for kind in KINDS]
    seats += sitting.form.seats.filter(revision__scenario_revision__isnull=False).values_list("number", flat=True)[:1]
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for number in seats:
            page.evaluate("number => { location.hash = `q${number}`; }", number)
            expect(paper.question(number)).to_be_visible()
            found += [f"{width}×{height}, question {number}: {what}" for what in page.evaluate(SIDEWAYS)]
            found += [f"{width}×{height}, question {number}: {what}" for what in page.evaluate(SMALL)]
        for name, key in PANELS.items():
            page.keyboard.press(key)
            found += [f"{width}×{height}, {name}: {what}" for what in page.evaluate(SIDEWAYS)]
            found += [f"{width}×{height}, {name}: {what}" for what in page.evaluate(SMALL)]
            page.keyboard.press("Escape")
    assert found == []


@pytest.mark.parametrize("contrast", ["Normal", "High"])
def test_panels_have_no_violation(paper: Paper, page: Page, sitting: Sitting, contrast: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    choose(page, Contrast=contrast)
    page.evaluate(AXE_SCRIPT)
    seat = sitting.form.seats.filter(kind="multiple_response").order_by("number")[0]
    paper.go(seat.number)
    page.keyboard.press("a")
    page.keyboard.press("Shift+B")
    found = []
    for name, key in PANELS.items():
        page.keyboard.press(key)
        if name == "sentences":
            page.keyboard.press("Enter")
        for width in (375, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                found += [f"{name}, {scheme}, {width} px: {what}" for what in page.evaluate(INSPECT)]
        page.keyboard.press("Escape")
    page.set_viewport_size({"width": 375, "height": 900})
    page.get_by_role("button", name="Tools").click()
    found += page.evaluate(INSPECT)
    assert found == []
