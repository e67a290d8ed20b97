"""The pages about assignments: no accessibility violation, and nothing scrolls sideways."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.roles import Role
from accounts.services import grant_role
from cohorts.models import Arrangement, Attempt, Release
from questions.models import Exam
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.factories import UserFactory, sat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def test_assignments_of_an_instructor(page: Page, user: User, exam: Exam, watch: Watch) -> None:
    watch.allow("422")
    grant_role(user=user, role=Role.INSTRUCTOR)
    cohort = a_cohort(exam, user, name="Autumn class of the evening school")
    inspector = Inspector(page)
    listing = reverse("cohort_assignments", args=[cohort.pk])
    inspector.visit(listing, cohort.name)
    members = [
        a_member(cohort, UserFactory(display_name=name))
        for name in ("Giulia Ferrante", "Maximiliana von Hohenstaufen-Wittelsbach", "Elif Aydın", "Bo")
    ]
    sat(members[0], exam)

    page.get_by_role("link", name="Assignments", exact=True).first.click()
    page.get_by_role("link", name="Assign an exam").click()
    expect(page.get_by_label("Opens")).to_be_visible()
    inspector.look("a new assignment")
    page.get_by_label("Opens").fill("2020-01-01T10:00")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("The opening is in the past")).to_be_visible()
    inspector.look("a new assignment, refused")
    now = timezone.now()
    page.get_by_label("Opens").fill(f"{now + HOUR:%Y-%m-%dT%H:%M}")
    page.get_by_label("Start by").fill(f"{now + 4 * HOUR:%Y-%m-%dT%H:%M}")
    page.get_by_label("End by").fill(f"{now + 5 * HOUR:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    inspector.look("a new assignment, previewed")
    page.get_by_label("I have seen whose time").check()
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_text("Assigned. Its candidates")).to_be_visible()
    inspector.look("an assignment, upcoming")

    assignment = an_assignment(cohort, title="A second mock exam", results=Release.HELD, form_rule="unseen")
    an_attempt(assignment, members[1])
    Arrangement.objects.create(
        assignment=assignment, user=members[2], multiplier=Decimal("1.50"), extra_minutes=10, note="Sits in room 4",
        end_by=now + 12 * HOUR, absence="ill", changed_at=now,
    )  # fmt: skip
    an_assignment(cohort, title="Called off", cancelled_at=now)
    an_assignment(
        cohort, title="Last month's", opens_at=now - 90 * HOUR, start_by=now - 80 * HOUR, end_by=now - 70 * HOUR
    )
    inspector.visit(listing, cohort.name)
    inspector.visit(reverse("assignment", args=[cohort.pk, assignment.pk]), "A second mock exam")
    page.get_by_text("Cancel this assignment").click()
    inspector.look("an assignment, opened")
    inspector.visit(reverse("assignment_edit", args=[cohort.pk, assignment.pk]), "Change")
    inspector.visit(reverse("arrangement", args=[cohort.pk, assignment.pk, members[2].pk]), "Elif Aydın")
    page.get_by_label("Own last start").fill("2020-01-01T10:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".error").first).to_be_visible()
    inspector.look("an arrangement, refused")
    form = exam.forms.first()
    assert form
    inspector.visit(reverse("form_preview", args=[cohort.pk, form.number]), f"{form.code}, preview")
    assert inspector.found == []


def test_assignments_of_a_candidate(page: Page, user: User, exam: Exam) -> None:
    inspector = Inspector(page)
    inspector.visit(reverse("my_assignments"), "Assignments")
    cohort, now = a_cohort(exam), timezone.now()
    a_member(cohort, user)
    upcoming = an_assignment(cohort, title="Next week's", opens_at=now + 50 * HOUR, start_by=now + 60 * HOUR,
                             end_by=now + 70 * HOUR)  # fmt: skip
    current = an_assignment(cohort, end_by=now + 5 * HOUR, start_by=now + 5 * HOUR)
    an_assignment(cohort, title="Missed", opens_at=now - 9 * HOUR, start_by=now - 8 * HOUR, end_by=now - HOUR)
    an_attempt(an_assignment(cohort, title="Done", results=Release.HELD), user)
    an_attempt(an_assignment(cohort, title="Done and shown"), user)
    void = an_attempt(an_assignment(cohort, title="Void"), user)
    Attempt.objects.filter(pk=void.pk).update(void_at=now)
    inspector.visit(reverse("exam_list"), "Exams")
    inspector.visit(reverse("my_assignments"), "Assignments")
    inspector.visit(reverse("my_assignment", args=[upcoming.pk]), "Next week's")
    inspector.visit(reverse("my_assignment", args=[current.pk]), "Mock exam")
    page.get_by_role("button", name="Begin exam").click()
    page.wait_for_url("**/sittings/**")
    inspector.visit(reverse("my_assignment", args=[current.pk]), "Mock exam")
    expect(page.get_by_role("link", name="Continue the exam")).to_be_visible()
    inspector.visit(reverse("exam_list"), "Exams")
    expect(page.get_by_role("heading", name="Assigned to you")).to_be_visible()
    assert inspector.found == []
