"""Questions in and out in a browser: a file is brought, waited for, confirmed and taken out again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from questions.interchange.formats import FORMATS
from questions.models import Exam, ImportUpload, Question
from questions.services import imports
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.questions.interchange.material import choice, matching, ordering, response

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

WIDTHS = (320, 1280)
KINDS = (choice(), response(), ordering(), matching())


def file(folder: Path, count: int, name: str = "moodle") -> Path:
    some = [replace(KINDS[number % 4], identifier=f"new-{number:03}") for number in range(1, count + 1)]
    essay = b"<question type='essay'><name><text>Write</text></name></question></quiz>"
    path = folder / f"new{count}{FORMATS[name].extensions[0]}"
    path.write_bytes(FORMATS[name].write(some).replace(b"</quiz>", essay))
    return path


@pytest.fixture
def author(user: User) -> User:
    user.user_permissions.add(Permission.objects.get(codename=PERMISSIONS[Role.AUTHOR]))
    return user


def visit(inspector: Inspector, address: str, heading: str) -> None:
    inspector.page.goto(address)
    expect(inspector.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    inspector.look(heading, WIDTHS)


def test_in_and_out(page: Page, author: User, exam: Exam, tmp_path: Path) -> None:
    inspector = Inspector(page)
    visit(inspector, reverse("bank"), "Bank")
    page.get_by_role("link", name="Import").click()
    expect(page.get_by_label("File")).to_be_visible()
    inspector.look("import", WIDTHS)
    page.get_by_label("File").set_input_files(file(tmp_path, 230))
    page.get_by_label("Exam", exact=True).select_option(exam.code)
    page.get_by_label("Task for questions").select_option(index=1)
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_role("heading", name="Reading the file")).to_be_visible()
    inspector.look("reading", WIDTHS)
    imports.work_off(now=timezone.now())
    expect(page.get_by_role("heading", name="What would happen")).to_be_visible()  # by itself
    inspector.look("plan", WIDTHS)
    page.get_by_role("link", name="Dropped").click()
    expect(page.get_by_text("Its answer is an essay")).to_be_visible()
    page.get_by_role("button", name="Write the drafts").click()
    expect(page.get_by_role("heading", name="Writing the drafts")).to_be_visible()
    imports.work_off(now=timezone.now())
    expect(page.get_by_text("230 drafts written")).to_be_visible()
    inspector.look("done", WIDTHS)
    assert Question.objects.filter(public_id__startswith="new-").count() == 230

    visit(inspector, reverse("studio_export"), "Export questions")
    page.get_by_label("Format").select_option("gift")
    page.get_by_label("Exam", exact=True).select_option(exam.code)
    page.get_by_label("The newest wording").check()
    page.get_by_label("Draft").check()
    page.get_by_role("button", name="Show what is lost").click()
    expect(page.get_by_role("heading", name="Export as GIFT")).to_be_visible()
    inspector.look("losses", WIDTHS)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.startswith(f"cutscore-{exam.code.lower()}-gift-")
    assert Path(download.value.path()).read_text().count("::new-") in (0, 230)
    assert inspector.found == []


def test_a_file_that_is_too_large_is_told(page: Page, author: User, exam: Exam, tmp_path: Path, watch: Watch) -> None:
    watch.allow("413")
    inspector = Inspector(page)
    path = tmp_path / "large.csv"
    path.write_bytes(b"x" * 21_000_000)
    page.goto(reverse("studio_import"))
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_role("alert")).to_contain_text("at most 20,000,000 are read.")
    path.write_bytes(b"\x00nothing")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_role("alert")).to_contain_text("in none of the formats")
    inspector.look("refused", WIDTHS)
    assert inspector.found == []
    assert ImportUpload.objects.get().state == "refused"
