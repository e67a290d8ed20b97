"""The pages of a cohort's people: no accessibility violation, nothing scrolls sideways, and the way in by keyboard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from accounts.services import grant_role
from cohorts.models import Cohort, Instructor, Invitation, Membership
from cohorts.services import log, mailing
from questions.models import Exam
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_instructor
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.factories import UserFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
LONG = "An evening class with a name so long that it has to be broken on a telephone, Tuesdays"


def teach(user: User, *roles: Role) -> None:
    for role in roles:
        user.user_permissions.add(Permission.objects.get(codename=PERMISSIONS[role]))


def a_full_cohort(exam: Exam, owner: User) -> Cohort:
    now, day = timezone.now(), timedelta(days=1)
    cohort = a_cohort(exam, owner, name=LONG, members=2)
    an_assignment(cohort)
    a_member(
        cohort,
        UserFactory(display_name="Maximiliana Featherstonehaugh-Cholmondeley"),
        multiplier="1.50",
        extra_minutes=10,
    )
    a_member(cohort, left_at=now)
    Instructor.objects.create(cohort=cohort, user=an_instructor(display_name="Co Teacher"), added_at=now)
    states: list[dict[str, object]] = [
        {}, {"sent_at": now}, {"sent_at": now, "expires_at": now - day}, {"tries": 1, "problem": mailing.UNREACHABLE},
        {"problem": mailing.INTERRUPTED, "tries": 1},
        {"sent_at": now, "accepted_at": now, "accepted_by": UserFactory()},
    ]  # fmt: skip
    for number, fields in enumerate(states):
        given = {"invited_at": now, "expires_at": now + 14 * day, "name": f"Person {number}", **fields}
        Invitation.objects.create(cohort=cohort, email=f"person.with.a.long.address.{number}@example.org", **given)
    for number in range(3):
        log.write(cohort=cohort, by=owner, about=owner, what=f"Did the thing that is numbered {number}.", at=now)
    return cohort


def test_instructors_pages(page: Page, user: User, exam: Exam) -> None:
    teach(user, Role.INSTRUCTOR, Role.AUTHOR)
    inspector = Inspector(page)
    inspector.visit(reverse("cohorts"), "Cohorts")
    inspector.visit(reverse("cohort_new"), "New cohort")
    bare = a_cohort(exam, user, name="Bare")
    for name in ("members", "joining", "settings", "log", "invite"):
        inspector.visit(reverse(f"cohort_{name}", args=[bare.pk]))
    cohort = a_full_cohort(exam, user)
    inspector.visit(reverse("cohorts"), "Cohorts")
    for name in ("members", "joining", "screen", "settings", "log"):
        inspector.visit(reverse(f"cohort_{name}", args=[cohort.pk]))
        for summary in page.locator("main details summary").all():
            summary.click()
        inspector.look(f"{name}, opened")
    inspector.visit(reverse("cohort_members", args=[cohort.pk]) + "?show=left")
    inspector.visit(reverse("cohort_members", args=[cohort.pk]) + "?q=nobody")
    member = Membership.objects.present().filter(cohort=cohort, extra_minutes=10).get()
    inspector.visit(reverse("cohort_member", args=[cohort.pk, member.user_id]))
    page.locator("main details summary").click()
    inspector.look("a member, opened")
    Cohort.objects.filter(pk=bare.pk).update(archived_at=timezone.now())
    inspector.visit(reverse("cohort_settings", args=[bare.pk]))
    inspector.visit(reverse("cohort_joining", args=[bare.pk]))
    assert inspector.found == []


def test_the_header_of_an_author_and_instructor_fits_320_pixels(page: Page, user: User, exam: Exam) -> None:
    teach(user, Role.INSTRUCTOR, Role.AUTHOR)
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(reverse("cohorts"))
    nav = page.get_by_role("navigation", name="Main")
    expect(nav.get_by_role("link")).to_have_text(["Exams", "Progress", "Bank", "Cohorts"])
    assert nav.locator("ul").evaluate("list => list.scrollWidth - list.clientWidth") == 0
    for link in nav.get_by_role("link").all():
        box = link.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
        assert min(box["width"], box["height"]) >= 44


def test_from_a_list_of_addresses_to_members(
    page: Page, user: User, exam: Exam, new_context: NewContext, watch: Watch
) -> None:
    watch.allow("404", "422")
    teach(user, Role.INSTRUCTOR)
    inspector = Inspector(page)
    page.goto(reverse("cohort_new"))
    page.get_by_label("Name").fill("Autumn class")
    page.get_by_label("Exam").select_option(label=f"{exam.code}, {exam.short_name}")
    page.get_by_role("button", name="Make it").press("Enter")
    expect(page.get_by_role("heading", name="Autumn class", level=1)).to_be_visible()
    page.get_by_role("link", name="Let people in").click()
    page.get_by_role("link", name="Invite people").click()
    page.get_by_role("button", name="Look at the list").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody was invited.")
    inspector.look("a bad list")
    guest = UserFactory(email="guest@example.org")
    table = "Name;E-mail\nGuest;guest@example.org\nNobody;nobody\nAgain;Guest@example.org\n"
    page.get_by_label("A CSV file").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": table.encode("utf-16")}
    )
    page.get_by_role("button", name="Look at the list").click()
    expect(page.get_by_role("heading", name="Not usable")).to_be_visible()
    inspector.look("a preview")
    page.get_by_role("button", name="Invite 1 person").click()
    expect(page.get_by_text("1 person is invited.")).to_be_visible()
    invitation = Invitation.objects.get()

    phone = new_context().new_page()
    there = Inspector(phone)
    there.visit(reverse("join"), "Join a cohort")
    there.visit(reverse("join_code", args=[invitation.code]), "Sign in to join")
    sign_in(phone.context, guest)
    there.visit(reverse("my_cohorts"), "Your cohorts")
    there.visit(reverse("join_code", args=[invitation.code]), "Autumn class")
    phone.get_by_role("button", name="Join").press("Enter")
    expect(phone.get_by_text("Welcome to Autumn class.")).to_be_visible()
    phone.locator("main details summary").click()
    there.look("own cohorts")
    phone.get_by_role("button", name="Leave Autumn class").click()
    expect(phone.get_by_text("You have left Autumn class.")).to_be_visible()
    there.visit(reverse("join_code", args=[invitation.code]), "This way in is not open")
    assert inspector.found == there.found == []


def test_an_instructor_without_scripts_changes_everything(user: User, exam: Exam, new_context: NewContext) -> None:
    grant_role(user=user, role=Role.INSTRUCTOR)
    cohort = a_cohort(exam, user, members=1)
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page.context, user)
    page.goto(reverse("cohort_members", args=[cohort.pk]))
    page.get_by_role("link", name="None set").click()
    page.get_by_label("Time", exact=True).select_option("1.50")
    page.get_by_role("button", name="Save extra time").click()
    expect(page.get_by_role("link", name="×1.5")).to_be_visible()
    page.get_by_role("link", name="Joining").click()
    page.get_by_role("button", name="Close joining now").click()
    expect(page.get_by_text("Nobody can join by the code any more.")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_text("Archive this cohort …").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("Archived on")).to_be_visible()
