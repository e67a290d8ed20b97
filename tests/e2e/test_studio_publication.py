"""Every kind of question from an empty form to publication, by two people in two browsers."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts import services
from accounts.models import User
from accounts.roles import Role
from questions.models import Exam
from questions.writing import Writing, of_revision
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.test_studio_editor import begin, status, write
from tests.questions import studio

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.mark.parametrize("writing", studio.EVERY_KIND, ids=lambda writing: writing.kind)
def test_two_people_publish_a_question_of_each_kind(
    page: Page, user: User, small: Exam, new_context: NewContext, writing: Writing
) -> None:
    services.grant_role(user=user, role=Role.AUTHOR)
    rita = studio.an_author(display_name="Rita")
    draft = begin(page, writing.kind)
    public_id = draft.question.public_id
    write(page, writing)
    page.get_by_label("Stem").focus()
    expect(status(page)).to_contain_text(re.compile(r"Saved \d\d:"))
    page.get_by_role("button", name="Submit for review").click()
    page.get_by_label("Reviewer").select_option("Rita")
    page.get_by_role("button", name="Submit for review", exact=True).click()
    expect(page.get_by_text("Submitted. Rita is to review it.")).to_be_visible()

    reader = sign_in(new_context(), rita).new_page()
    reader.goto(reverse("studio_reviews"))
    reader.get_by_role("link", name=public_id).click()
    for option in writing.options:
        expect(reader.get_by_text(option.text).first).to_be_visible()
    reader.get_by_role("button", name="Approve", exact=True).click()
    expect(reader.get_by_text("Approved").first).to_be_visible()
    expect(reader.get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    page.goto(reverse("studio_reviews"))
    page.get_by_role("link", name=public_id).click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Published as revision 1.")).to_be_visible()
    published = studio.fresh(draft)
    assert published.state == "published"
    assert of_revision(published) == writing
