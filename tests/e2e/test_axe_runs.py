"""The author's pages of calibration runs: no accessibility violation, and nothing scrolls sideways."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from questions.models import Exam
from scoring.models import RunItem
from tests.e2e.test_axe import Inspector
from tests.scoring.promotions import some_of
from tests.scoring.runs import a_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def test_calibration_runs(page: Page, user: User, exam: Exam) -> None:
    user.user_permissions.add(Permission.objects.get(codename=PERMISSIONS[Role.AUTHOR]))
    inspector = Inspector(page)
    inspector.visit(reverse("bank_runs", args=[exam.code]), "Calibration runs")
    run = a_run(exam, unmeasured=some_of(exam), link={"anchors": 17}, warnings=["Three slopes stand at their bounds."])
    alarming = run.items.filter(rung="own")[:2]
    RunItem.objects.filter(pk__in=[item.pk for item in alarming]).update(alarms=["r = 0.02"], drift=0.4, drift_z=3.1)
    inspector.visit(reverse("bank_run", args=[exam.code, 1]) + "?show=alarms", "Calibration run 1")
    for summary in page.locator("details summary").all():
        summary.click()
    inspector.look("a run, opened")
    inspector.visit(reverse("bank_promote", args=[exam.code, 1]), "Promote run 1?")
    page.get_by_role("button", name="Promote run 1").click()
    page.wait_for_url(f"**{reverse('bank_run', args=[exam.code, 1])}")
    inspector.look("promoted")
    a_run(exam, includes_simulated=True)
    inspector.visit(reverse("bank_run", args=[exam.code, 2]))
    inspector.visit(reverse("bank_runs", args=[exam.code]))
    assert inspector.found == []
