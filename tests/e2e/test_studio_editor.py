"""Writing in the editor in a real browser: every kind from an empty form, saving by itself, two people, no scripts."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Dialog, Locator, Page, expect

from accounts import services
from accounts.models import User
from accounts.roles import Role
from questions import checks
from questions.models import Exam, Revision, Task
from questions.services import review
from questions.writing import Writing, of_revision
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.questions import studio

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def author(user: User) -> User:
    services.grant_role(user=user, role=Role.AUTHOR)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def draft(author: User, small: Exam) -> Revision:
    return studio.a_draft(author, small, public_id="tst-one")


def edit(page: Page, public_id: str = "tst-one") -> None:
    page.goto(reverse("studio_edit", args=[public_id]))


def row(page: Page, what: str, number: int) -> Locator:
    return page.get_by_role("group", name=f"{what} {number}", exact=True)


def begin(page: Page, kind: str) -> Revision:
    page.goto(reverse("studio_new"))
    task = Task.objects.get(exam__code="TST-01", code="1.1")
    page.get_by_label("Exam and task").select_option(str(task.pk))
    page.locator(f"input[value={kind}]").check()
    page.get_by_role("button", name="Begin to write").click()
    expect(page.get_by_label("Stem")).to_be_visible()
    return Revision.objects.get(state="draft", kind=kind)


def write(page: Page, writing: Writing) -> None:
    """Fill in the whole form, adding rows where there are too few."""
    page.get_by_label("Stem").fill(writing.stem)
    for number, option in enumerate(writing.options, 1):
        if not row(page, "Option", number).count():
            page.get_by_role("button", name="Add an option").click()
        part = row(page, "Option", number)
        part.get_by_label("Text").fill(option.text)
        part.get_by_label("Rationale").fill(option.rationale)
        if option.correct:
            part.get_by_label("Key").check()
        if option.position:
            part.get_by_label("Position").select_option(str(option.position))
    for number, prompt in enumerate(writing.prompts, 1):
        part = row(page, "Prompt", number)
        part.get_by_label("Text").fill(prompt.text)
        part.get_by_label("Matches").select_option(str(prompt.option))
        part.get_by_label("Rationale").fill(prompt.rationale)
    part = row(page, "Reference", 1)
    part.get_by_label("Title").fill(writing.references[0].title)
    part.get_by_label("Address").fill(writing.references[0].url)


def status(page: Page) -> Locator:
    return page.locator("#save-status")


@pytest.mark.parametrize("writing", studio.EVERY_KIND, ids=lambda writing: writing.kind)
def test_a_question_of_each_kind(page: Page, author: User, small: Exam, writing: Writing) -> None:
    draft = begin(page, writing.kind)
    expect(status(page)).to_contain_text("No changes yet")
    write(page, writing)
    expect(page.locator("#screen .ask")).to_have_text("Which coat keeps the courier dry?")
    expect(page.locator("#screen")).to_contain_text(writing.options[-1].text)
    expect(page.locator("#wording-checks")).to_contain_text("Nothing to mend.")
    page.get_by_label("Stem").focus()  # leaving a field saves
    expect(status(page)).to_contain_text(re.compile(r"Saved \d\d:\d\d:\d\d"))
    saved = studio.fresh(draft)
    assert of_revision(saved) == writing
    assert checks.errors(checks.check_revision(saved)) == []


def test_options_are_moved_added_and_removed_by_keyboard_alone(page: Page, draft: Revision) -> None:
    edit(page)
    row(page, "Option", 3).get_by_role("button", name="Move option 3 up").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move option 2 up")).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("Option 3 is now 2 of 4")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # already the first
    expect(row(page, "Option", 1).get_by_label("Text")).to_have_value("Thin denim")
    row(page, "Option", 1).get_by_label("Rationale").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(row(page, "Option", 2).get_by_label("Rationale")).to_be_focused()
    page.get_by_role("button", name="Remove option 4").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove option 3")).to_be_focused()
    page.get_by_role("button", name="Add an option").focus()
    page.keyboard.press("Enter")
    expect(row(page, "Option", 4).get_by_label("Text")).to_be_focused()
    page.keyboard.type("Rough sacking")
    expect(page.locator("#screen .option").nth(3)).to_contain_text("Rough sacking")
    expect(status(page)).to_contain_text(re.compile(r"Saved \d\d:"))
    options = list(studio.fresh(draft).options.all())
    assert [one.text for one in options] == ["Waxed cotton", "Thin denim", "Loose linen", "Rough sacking"]
    assert [one.correct for one in options] == [True, False, False, False]


def test_steps_change_places_and_prompts_follow_their_options(page: Page, author: User, small: Exam) -> None:
    studio.a_draft(author, small, studio.ordering(), public_id="tst-steps")
    matching = studio.a_draft(author, small, studio.matching(), public_id="tst-pairs")
    edit(page, "tst-steps")
    row(page, "Option", 1).get_by_label("Position").select_option("3")
    expect(row(page, "Option", 3).get_by_label("Position")).to_have_value("1")
    edit(page, "tst-pairs")
    page.get_by_role("button", name="Move option 3 up").click()
    expect(row(page, "Prompt", 1).get_by_label("Matches").locator(":checked")).to_have_text("2. Blue")
    page.get_by_role("button", name="Remove option 2").click()
    expect(row(page, "Prompt", 1).get_by_label("Matches")).to_have_value("")
    expect(page.locator("#wording-checks")).to_contain_text("Prompt 1 is not matched with an option.")
    page.get_by_role("link", name="Prompt 1 is not matched").click()
    expect(row(page, "Prompt", 1).get_by_label("Matches")).to_be_focused()
    expect(status(page)).to_contain_text(re.compile(r"Saved \d\d:"))
    assert [one.option for one in studio.fresh(matching).content.prompts] == [0, 2, 0]


def test_the_preview_answers_as_the_exam_does(page: Page, author: User, small: Exam) -> None:
    studio.a_draft(author, small, studio.ordering(), public_id="tst-steps")
    edit(page, "tst-steps")
    screen = page.locator("#screen")
    screen.get_by_role("button", name="Add").nth(1).click()
    expect(screen.locator(".chosen [data-token]")).to_have_text(re.compile("Wax it"))
    expect(screen.get_by_text("1 of 4 placed")).to_be_visible()


def test_two_people_and_no_silent_loss(
    page: Page, author: User, draft: Revision, new_context: NewContext, watch: Watch
) -> None:
    watch.allow("409")
    edit(page)
    rita = studio.an_author(display_name="Rita")
    other = sign_in(new_context(), rita).new_page()
    edit(other)
    expect(other.locator("#people")).to_contain_text(f"{author} is editing this, too.")
    other.get_by_label("Stem").fill(studio.STEMS[2])
    other.get_by_label("Stem").blur()
    expect(status(other)).to_contain_text(re.compile(r"Saved \d\d:"))
    page.get_by_label("Stem").fill(
        "A courier has to deliver letters on a wet day.\n\nWhich coat keeps the courier dry?"
    )
    page.get_by_label("Stem").blur()
    expect(page.locator("#notices")).to_contain_text("Rita changed this draft in the meantime.")
    expect(status(page)).to_contain_text("Not saved")
    page.get_by_role("button", name="See what differs").click()
    expect(page.get_by_role("heading", name="Rita changed this draft")).to_be_focused()
    expect(page.locator(".diff ins").first).to_be_visible()
    assert studio.fresh(draft).stem == studio.STEMS[2]
    inspector = Inspector(page)
    inspector.look("the clash", widths=(320, 1280))
    assert inspector.found == []
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_text("Saved ", exact=False).first).to_be_visible()
    assert "letters" in studio.fresh(draft).stem


def test_who_is_signed_out_keeps_the_text_and_goes_on(page: Page, author: User, draft: Revision, watch: Watch) -> None:
    edit(page)
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Stem").fill(studio.STEMS[2])
    expect(page.locator("#notices")).to_contain_text("you are signed out")
    expect(page.locator("#screen .question")).to_be_visible()  # no sign-in page in its place
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Bank").first.click(no_wait_after=True)
    assert asked == ["beforeunload"]
    sign_in(page.context, author)  # in another tab
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(status(page)).to_contain_text(re.compile(r"Saved \d\d:"))
    expect(page.locator("#notices > *")).to_have_count(0)
    assert studio.fresh(draft).stem == studio.STEMS[2]


def test_without_a_network_it_says_so_and_saves_later(page: Page, draft: Revision, watch: Watch) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED", "htmx:")
    edit(page)
    page.context.set_offline(True)
    page.get_by_label("Stem").fill(studio.STEMS[3])
    page.get_by_label("Stem").blur()
    expect(status(page)).to_contain_text("Not saved: no connection")
    page.context.set_offline(False)
    expect(status(page)).to_contain_text(re.compile(r"Saved \d\d:"))
    assert studio.fresh(draft).stem == studio.STEMS[3]


@pytest.mark.parametrize("writing", studio.EVERY_KIND, ids=lambda writing: writing.kind)
def test_without_scripts(new_context: NewContext, author: User, small: Exam, writing: Writing) -> None:
    page = sign_in(new_context(java_script_enabled=False), author).new_page()
    draft = begin(page, writing.kind)
    page.get_by_role("button", name="Add an option").click()
    page.get_by_role("button", name=f"Remove option {5 if writing.kind != 'multiple_response' else 6}").or_(
        page.get_by_role("button", name="Remove option 4")
    ).last.click()
    write(page, writing)
    page.get_by_role("button", name="Move option 2 up").click()
    page.get_by_role("button", name="Move option 1 down").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Saved ").first).to_be_visible()
    expect(page.locator("#wording-checks")).to_contain_text("Nothing to mend.")
    assert of_revision(studio.fresh(draft)) == writing


def test_no_violation_and_no_sideways_scroll(page: Page, author: User, small: Exam) -> None:
    inspector = Inspector(page)
    widths = (320, 1280)
    page.goto(reverse("studio_new"))
    inspector.look("new", widths)
    for writing in studio.EVERY_KIND:
        draft = begin(page, writing.kind)
        inspector.look(f"empty {writing.kind}", widths)
        page.get_by_label("Stem").fill("word" * 60)
        expect(page.locator("#screen")).to_contain_text("wordword")
        write(page, writing)
        expect(page.locator("#wording-checks")).to_contain_text("Nothing to mend.")
        inspector.look(f"full {writing.kind}", widths)
        page.get_by_label("Stem").blur()
        expect(status(page)).to_contain_text(re.compile(r"Saved \d\d:"))
    reviewer = studio.an_author(display_name="Rita")
    draft = studio.fresh(draft)
    review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)
    edit(page, draft.question.public_id)
    inspector.look("in review", widths)
    studio.a_published(author, reviewer, small, studio.choice(studio.STEMS[3]), public_id="tst-done")
    edit(page, "tst-done")
    inspector.look("published", widths)
    assert inspector.found == []
