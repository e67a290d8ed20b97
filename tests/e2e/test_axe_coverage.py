"""The coverage page: no accessibility violation, nothing scrolls sideways, and it follows a finished calculation."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from exams.services import coverage
from questions.models import Exam
from tests.e2e.test_axe import Inspector
from tests.smallbank import form_of, small_exam

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def test_coverage(page: Page, user: User, exam: Exam) -> None:
    cache.clear()
    user.user_permissions.add(Permission.objects.get(codename=PERMISSIONS[Role.AUTHOR]))
    small = small_exam()
    form_of(small, 3)
    inspector = Inspector(page)
    address = reverse("bank_coverage", args=[small.code])
    inspector.visit(address, "Coverage")
    expect(page.get_by_text("Being computed.")).to_be_visible()
    coverage.compute_asked(now=timezone.now())
    expect(page.get_by_text("What to write next")).to_be_visible(timeout=15_000)  # by itself
    for summary in page.locator("details summary").all():
        summary.click()
    inspector.look("worked out, opened")
    inspector.visit(f"{address}?kind=matching&forms=5", "Coverage")
    page.locator(".coverage-map").get_by_role("row", name="2.1").get_by_role("link").first.click()
    page.wait_for_url("**/questions/?task=2.1&kind=matching&difficulty=hard")
    inspector.visit(reverse("bank_coverage", args=[exam.code]), "Coverage")  # the wide map of five kinds, counts only
    assert inspector.found == []
