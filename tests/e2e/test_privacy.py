"""Export, sign-ins elsewhere and deletion in a browser: by keyboard alone, also without scripts, and for axe."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from exams.models import Sitting
from questions.models import Exam
from scoring.models import Result
from tests.accounts.factories import PASSWORD, UserFactory
from tests.e2e.devices import NewContext
from tests.e2e.test_axe import Inspector
from tests.factories import begin, sat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def sign_in(page: Page, user: User) -> Page:
    page.goto(reverse("account_login"))
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('exam_list')}")
    return page


def tab_to(page: Page, name: str, role: str) -> None:
    """Reach a control with the Tab key, as somebody does who has no mouse."""
    wanted = page.locator("main").get_by_role(role, name=name)  # type: ignore[arg-type]
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{name} is not reached by keyboard")


def test_a_person_takes_their_data_and_leaves(new_context: NewContext, exam: Exam, tmp_path: Path) -> None:
    user = UserFactory()
    sat(user, exam)
    desk = sign_in(new_context(java_script_enabled=False).new_page(), user)
    phone = sign_in(new_context(user_agent="Mozilla/5.0 (iPhone) Version/18.5 Safari/604.1").new_page(), user)
    inspector = Inspector(phone)

    phone.goto(reverse("account_profile"))
    tab_to(phone, "Where you are signed in", "link")
    phone.keyboard.press("Enter")
    phone.wait_for_url(f"**{reverse('usersessions_list')}")
    expect(phone.get_by_text("Safari on iPhone")).to_be_visible()
    inspector.look("two sign-ins")
    tab_to(phone, "Sign out elsewhere", "button")
    phone.keyboard.press("Enter")
    expect(phone.get_by_text("You are signed out everywhere else.")).to_be_visible()
    inspector.look("one sign-in")
    desk.goto(reverse("account_profile"))
    expect(desk.get_by_role("heading", name="Sign in", level=1)).to_be_visible()

    sign_in(desk, user)
    desk.goto(reverse("account_export"))
    desk.get_by_label("Your password").fill(PASSWORD)
    with desk.expect_download() as started:
        desk.keyboard.press("Enter")
    path = tmp_path / "data.zip"
    started.value.save_as(path)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        assert len(json.loads(archive.read("data.json"))["data"]["Sittings"][0]["answers"]) == 65

    running = begin(user, exam)
    phone.goto(reverse("account_delete"))
    phone.get_by_label("Your password").fill(PASSWORD)
    tab_to(phone, "Delete my account", "button")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("alert")).to_contain_text("One of your sittings is not over yet")
    inspector.look("a sitting runs")
    Sitting.objects.filter(pk=running.pk).update(state="abandoned", ended_at=running.started_at)
    phone.get_by_label("Your password").fill(PASSWORD)
    phone.keyboard.press("Enter")
    expect(phone.get_by_text("nothing here names you any more")).to_be_visible()
    assert not User.objects.filter(pk=user.pk).exists()
    assert Result.objects.get().sitting.user.is_erased
    assert inspector.found == []
