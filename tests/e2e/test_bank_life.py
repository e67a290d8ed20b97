"""A question goes through its whole life between two authors, in real browsers, also without scripts."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from exams.models import Form
from questions.models import Exam, Revision
from questions.services import drafts, review
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.questions.studio import REASON, STEMS, a_draft, an_author, choice, matching, reworded

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

LIFE = "/bank/questions/tst-1/"
NARROW = (320, 1280)


@pytest.fixture
def ada(db: None) -> User:
    return an_author(display_name="Ada")


@pytest.fixture
def rita(db: None) -> User:
    return an_author(display_name="Rita")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("scripts", [True, False])
def test_from_draft_to_withdrawn(new_context: NewContext, exam: Exam, ada: User, rita: User, scripts: bool) -> None:
    a_draft(ada, exam, public_id="tst-1")
    writer = sign_in(new_context(java_script_enabled=scripts), ada).new_page()
    reader = sign_in(new_context(java_script_enabled=scripts), rita).new_page()
    writer.goto(LIFE)
    writer.get_by_label("Reviewer").select_option("Rita")
    press(writer, "Submit for review")
    expect(writer.get_by_text("Submitted. Rita is to review it.")).to_be_visible()

    reader.goto(reverse("bank"))
    reader.get_by_role("link", name="Waiting for me 1 revision").click()
    reader.get_by_role("link", name="tst-1").click()
    reader.get_by_label("On", exact=True).select_option("Option 2")
    reader.get_by_label("Comment", exact=True).fill("Linen is dry for an hour.")
    press(reader, "Comment")
    expect(reader.get_by_text("It can be approved once the open comments are resolved.")).to_be_visible()
    reader.get_by_role("button", name="Resolve the comment on Option 2").click()
    reader.get_by_label("Note (may stay empty)").fill("Clear and fair.")
    press(reader, "Approve")
    expect(reader.get_by_text("Clear and fair.")).to_be_visible()

    writer.goto(reverse("studio_reviews"))
    writer.get_by_role("link", name="tst-1").click()
    press(writer, "Publish")
    expect(writer.get_by_text("Published as revision 1.")).to_be_visible()

    press(writer, "Correct it")
    expect(writer.get_by_text("Revision 2 is a draft with the wording of revision 1.")).to_be_visible()
    row = Revision.objects.get(question__public_id="tst-1", state="draft")
    reworded(row, ada, STEMS[1].replace("wet", "stormy"))
    writer.goto(LIFE)  # as the editor would lead back to it
    expect(writer.locator("#changes, .life-diff").locator("ins")).to_contain_text("stormy")
    expect(writer.locator(".life-diff del")).to_contain_text("wet")
    writer.get_by_text("Delete the draft").click()
    press(writer, "Delete revision 2")
    expect(writer.get_by_text("The draft was deleted.")).to_be_visible()

    writer.get_by_role("link", name="Withdraw it at once").click()
    writer.get_by_label("Reason").fill(REASON)
    press(writer, "Withdraw it now")
    expect(writer.get_by_text("A regrade takes it out of the score afterwards")).to_be_visible()
    expect(writer.get_by_role("link", name="Regrade MLA-C01")).to_be_visible()
    writer.get_by_role("link", name="All that was done").click()
    expect(writer.get_by_text("withdrew")).to_be_visible()
    expect(writer.get_by_text("deleted the draft")).to_be_visible()


def test_what_was_typed_survives_a_refusal(ada: User, new_context: NewContext, exam: Exam, watch: Watch) -> None:
    watch.allow("409")
    a_draft(ada, exam, public_id="tst-1")
    desk = sign_in(new_context(), ada).new_page()
    desk.goto(LIFE)
    desk.locator("#comment-text").fill("Kept words")
    astray = "select => { select.options[0].value = 'nowhere'; select.selectedIndex = 0; }"
    desk.locator("#comment-place").evaluate(astray)
    press(desk, "Comment")
    expect(desk.get_by_role("alert")).to_contain_text("There is no such place in a question.")
    expect(desk.locator("#comment-text")).to_have_value("Kept words")


def test_no_violation_and_no_sideways_scroll(
    ada: User, rita: User, exam: Exam, new_context: NewContext, watch: Watch
) -> None:
    watch.allow("409")
    desk = Inspector(sign_in(new_context(), ada).new_page())
    long = "Wort" * 60 + "\n\nA second paragraph, which is rather short. مرحبا"

    def visit(address: str, heading: str) -> None:
        desk.page.goto(address)
        expect(desk.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        for summary in desk.page.locator("main details summary").all():
            summary.click()
        desk.look(address, widths=NARROW)

    visit(reverse("studio_reviews"), "Waiting for me")
    row = a_draft(ada, exam, choice(references=()), public_id="tst-1")
    visit(LIFE, "tst-1")  # with errors
    row = drafts.save_draft(revision=row, content=choice(), expected_version=row.lock_version, by=ada)
    review.comment(revision=row, place="option 2", text=long, by=rita)
    review.resolve(comment=review.comment(revision=row, place="option 2", text="Short.", by=rita), by=ada)
    visit(LIFE, "tst-1")
    review.submit(revision=row, reviewer=rita, expected_version=row.lock_version, by=ada)
    visit(LIFE, "tst-1")
    desk.page.context.clear_cookies()
    sign_in(desk.page.context, rita)
    visit(reverse("studio_reviews"), "Waiting for me")
    visit(LIFE, "tst-1")
    desk.page.locator("#changes-note").evaluate("note => { note.required = false; note.form.requestSubmit(); }")
    expect(desk.page.get_by_role("alert")).to_be_visible()
    desk.look("refused", widths=NARROW)
    review.ask_for_changes(revision=row, expected_version=row.lock_version, note=long, by=rita)
    visit(LIFE, "tst-1")
    shown = Form.objects.get(exam=exam, reference=True).seats.filter(kind="matching")[0].revision.question
    visit(reverse("studio_life", args=[shown.public_id]), shown.public_id)
    visit(reverse("life_withdraw", args=[shown.public_id]), "Withdraw")
    draft = drafts.start_revision(question=shown, by=rita)
    drafts.save_draft(revision=draft, content=matching(), expected_version=1, by=rita)
    where = f"/bank/questions/{shown.public_id}/"
    visit(where, shown.public_id)
    visit(f"{where}compare/1/2/", "Revisions 1 and 2")
    visit(f"{where}revisions/2/", "Revision 2")
    visit(f"{LIFE}trail/", "Trail")
    visit(reverse("bank"), "Bank")
    assert desk.found == []
