"""The author's pages of regrades: no accessibility violation, and nothing scrolls sideways."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts import services
from accounts.models import User
from accounts.roles import Role
from exams.models import Form
from questions.models import Exam
from scoring.models import Regrade
from tests.e2e.test_axe import Inspector
from tests.factories import sat
from tests.scoring.corrections import LOSING, REASON, a_seat, passing, right_before, wrong_key

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def test_regrades(page: Page, user: User, exam: Exam) -> None:
    services.grant_role(user=user, role=Role.AUTHOR)
    form = Form.objects.get(exam=exam, reference=True)
    seat = a_seat(form)
    passing(exam, form)  # just, so the new key takes the pass away
    mine = sat(user, exam, form=form, right=right_before(seat))
    inspector = Inspector(page)
    inspector.visit(reverse("bank_regrades", args=[exam.code]), "Regrades")
    page.get_by_role("textbox", name="Question").fill("no such question")
    page.get_by_role("button", name="Look at it").click()
    expect(page.locator(".error").first).to_be_visible()
    inspector.look("no such question")
    for kind in ("ordering", "matching", "multiple_response"):
        other = a_seat(form, kind=kind)
        inspector.visit(reverse("bank_regrade", args=[exam.code, other.revision.question.public_id]))
    inspector.visit(reverse("bank_regrade", args=[exam.code, seat.revision.question.public_id]), "Regrade a question")
    (number,) = wrong_key(seat)
    page.locator("input[name=act][value=key]").check()
    page.locator("input[name=option]:checked").uncheck()
    page.locator(f"input[name=option][value='{number}']").check()
    page.get_by_role("textbox", name="Reason").fill(REASON)
    page.get_by_role("button", name="Show what would move").click()
    expect(page.get_by_label("Why that is right")).to_be_visible()
    inspector.look("the preview")
    page.get_by_label("Why that is right").fill(LOSING)
    page.get_by_role("button", name="Correct the key").click()
    expect(page.get_by_role("status").or_(page.locator(".messages")).first).to_contain_text("Regraded.")
    regrade = Regrade.objects.get()
    assert regrade.summary["lost"] == 1
    inspector.look("the record")
    inspector.visit(reverse("bank_regrades", args=[exam.code]), "Regrades")
    inspector.visit(reverse("result", args=[mine.sitting_id]))
    assert inspector.found == []
