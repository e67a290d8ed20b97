"""The bank, an exam's page and its standard under axe, empty and full, light and dark, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import services
from accounts.models import User
from accounts.roles import Role
from exams.models import Form
from questions.models import Exam
from scoring.models import RunItem
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.scoring.runs import a_run
from tests.scoring.test_bank_exams import people, pretest
from tests.scoring.test_bank_standards import results
from tests.scoring.test_standards import REASON, change, moved

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def desk(page: Page, user: User, exam: Exam) -> Iterator[Inspector]:
    """The browser of an author."""
    services.grant_role(user=user, role=Role.AUTHOR)
    inspector = Inspector(page)
    yield inspector
    assert inspector.found == []


def test_before_anything_is_known(desk: Inspector, exam: Exam) -> None:
    desk.visit(reverse("bank"), "Bank")
    desk.visit(reverse("bank_exam", args=[exam.code]), exam.name)
    desk.visit(reverse("bank_standard", args=[exam.code]), "Standard")


def test_when_much_is_known(desk: Inspector, exam: Exam, watch: Watch) -> None:
    watch.allow("422")
    page = desk.page
    form, reference = Form.objects.get(exam=exam, reference=False), Form.objects.get(exam=exam, reference=True)
    tried = form.seats.filter(scored=False).exclude(revision__seats__scored=True)[:8]
    for seat in tried:
        pretest(exam, seat.revision_id)
    results(exam, [24 + place % 20 for place in range(40)], form=reference)
    results(exam, [30] * 8, form=form)
    a_run(exam, promoted_at=timezone.now())
    run = a_run(exam, unmeasured=[seat.revision_id for seat in tried[:5]])
    drifted = reference.seats.all()[:3].values_list("revision", flat=True)
    RunItem.objects.filter(run=run, revision__in=list(drifted)).update(drift=-0.41, drift_z=-3.3)
    change(exam, moved(exam, "1"), by=people(1)[0])

    desk.visit(reverse("bank"), "Bank")
    page.goto(reverse("bank_exam", args=[exam.code]))
    for summary in page.locator("details summary").all():
        summary.click()
    desk.look("exam, opened")
    address = reverse("bank_standard", args=[exam.code])
    page.goto(address)
    for summary in page.locator("details summary").all():
        summary.click()
    desk.look("standard, opened")
    page.get_by_label("New S").fill("33.1")
    page.get_by_label("Reason").fill("too short")
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_role("alert")).to_be_visible()
    desk.look("standard, refused")

    cut = moved(exam, "2")
    page.get_by_label("New S").fill(str(cut))
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_role("heading", name=f"to {cut}")).to_be_visible()
    desk.look("preview")
    page.get_by_role("button", name=f"Set S to {cut}").click()
    expect(page.get_by_text(f"S is now {cut}.")).to_be_visible()
    desk.look("standard, changed")
