"""Staff at the clocks of running sittings, in the admin; and what the admin tells of a sitting."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from exams.models import Event, Sitting
from exams.services import clock, saving
from questions.models import Exam
from tests.factories import UserFactory, begin, change, close

LIST = "admin:exams_sitting_changelist"
ACTIONS = ["grant_minutes", "pause_clock", "resume_clock"]
MINUTE = dt.timedelta(minutes=1)


def staff_with(*permissions: str) -> User:
    person = UserFactory(is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions, content_type__app_label="exams"))
    return person


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(staff_with("change_sitting"))
    return client


@pytest.fixture
def looker(client: Client, db: None) -> Client:
    """Staff who may look at sittings and no more."""
    client.force_login(staff_with("view_sitting"))
    return client


@pytest.fixture
def sitting(user: User, exam: Exam) -> Sitting:
    return begin(user, exam)


def ask(client: Client, action: str, *chosen: Sitting, **posted: Any) -> Any:
    """Choose sittings and an action in the list; with `apply`, answer the page that follows."""
    fields = {"action": action, "_selected_action": [str(sitting.pk) for sitting in chosen], "index": "0", **posted}
    return client.post(reverse(LIST), fields)


def do(client: Client, action: str, *chosen: Sitting, **posted: Any) -> str:
    """What the list says after the page was answered."""
    assert ask(client, action, *chosen, apply="yes", **posted).status_code == 302
    return text_of(client.get(reverse(LIST)))


def text_of(page: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def in_a_window(sitting: Sitting, room: dt.timedelta) -> Sitting:
    """Give it a window that ends `room` after its deadline."""
    sitting.window_ends_at = sitting.uncapped_deadline() + room
    sitting.deadline = sitting.computed_deadline()
    sitting.save(update_fields=["window_ends_at", "deadline"])
    return sitting


def fresh(sitting: Sitting) -> Sitting:
    return Sitting.objects.get(pk=sitting.pk)


# ---- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
def test_who_only_looks_is_offered_no_action_and_refused(looker, sitting, action):
    listed = looker.get(reverse(LIST)).content.decode()
    assert str(sitting.pk) in listed
    assert action not in listed
    assert ask(looker, action, sitting, apply="yes", minutes="5").status_code == 403
    assert not Event.objects.exclude(kind=Event.Kind.BEGUN).exists()


def test_candidates_are_sent_away(signed_in, sitting):
    assert ask(signed_in, "grant_minutes", sitting, apply="yes", minutes="5").status_code == 302
    assert fresh(sitting).granted_minutes == 0


def test_who_may_change_a_clock_may_change_nothing_else(staff, sitting):
    assert all(action in staff.get(reverse(LIST)).content.decode() for action in ACTIONS)
    address = reverse("admin:exams_sitting_change", args=[sitting.pk])
    assert staff.post(address, {"granted_minutes": 5}).status_code == 403


# ---- the page in between --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
def test_the_page_says_who_is_concerned_and_changes_nothing(staff, exam, sitting, action):
    over = close(begin(UserFactory(email="done@example.com"), exam))
    page = ask(staff, action, sitting, over)
    text = text_of(page)
    assert "Concerned: 2 people" in text
    assert f"{sitting.user.email} MLA-C01 Running {timezone.localtime(sitting.deadline):%-d %b %Y, %H:%M:%S}" in text
    assert "1 of these sittings no longer runs and will be left as it is" in text
    assert "done@example.com MLA-C01 Closed" in text
    assert Event.objects.filter(sitting=sitting).count() == 1  # begun
    assert "style=" not in page.content.decode()


def test_a_sitting_whose_time_is_up_is_not_called_running(staff, sitting):
    Sitting.objects.update(started_at=timezone.now() - 131 * MINUTE, deadline=timezone.now() - MINUTE)
    assert "MLA-C01 Time is up" in text_of(ask(staff, "pause_clock", sitting))


@pytest.mark.parametrize("minutes", ["", "0", "601", "five"])
def test_impossible_minutes_are_asked_for_again(staff, sitting, minutes):
    page = ask(staff, "grant_minutes", sitting, apply="yes", minutes=minutes)
    assert page.status_code == 200
    assert 'class="errorlist"' in page.content.decode()
    assert fresh(sitting).granted_minutes == 0


def test_too_many_at_once_are_turned_away(staff, sitting, monkeypatch):
    monkeypatch.setattr("exams.clock_page.MOST_AT_ONCE", 0)
    assert ask(staff, "pause_clock", sitting).status_code == 302
    assert "Choose at most 0 sittings at once." in text_of(staff.get(reverse(LIST)))


# ---- what is done ---------------------------------------------------------------------------------------------------


def test_minutes_are_granted_and_audited(staff, exam, sitting):
    other = begin(UserFactory(email="second@example.com"), exam)
    said = do(staff, "grant_minutes", sitting, other, minutes="7")
    assert f"Granted 7 min to {sitting.user.email}, second@example.com." in said
    for one in (sitting, other):
        assert (fresh(one).deadline, fresh(one).granted_minutes) == (one.deadline + 7 * MINUTE, 7)
        event = Event.objects.get(sitting=one, kind=Event.Kind.GRANTED)
        assert (event.minutes, event.staff) == (7, User.objects.get(is_staff=True).email)


def test_clocks_stop_and_go_on(staff, sitting):
    assert f"The clock stands still for {sitting.user.email}." in do(staff, "pause_clock", sitting)
    assert fresh(sitting).is_paused
    assert "MLA-C01 Paused" in text_of(ask(staff, "resume_clock", sitting))
    assert f"The clock goes on for {sitting.user.email}." in do(staff, "resume_clock", sitting)
    assert not fresh(sitting).is_paused


def test_each_refusal_says_why(staff, exam, sitting):
    over = close(begin(UserFactory(email="done@example.com"), exam))
    full = begin(UserFactory(email="full@example.com"), exam)
    clock.grant(sitting_id=full.pk, minutes=598, by=UserFactory())
    said = do(staff, "grant_minutes", sitting, over, full, minutes="5")
    assert f"Granted 5 min to {sitting.user.email}." in said
    assert "Left as it was for done@example.com: This sitting is no longer in progress (closed)." in said
    assert "Left as it was for full@example.com: A sitting can be given 1 to 600 extra minutes in all." in said


def test_what_stands_still_cannot_be_stopped_again(staff, sitting):
    do(staff, "pause_clock", sitting)
    assert f"Left as it was for {sitting.user.email}: The clock stands still already." in do(
        staff, "pause_clock", sitting
    )


# ---- windows --------------------------------------------------------------------------------------------------------


def test_the_page_says_how_much_room_a_window_leaves(staff, sitting):
    in_a_window(sitting, 3 * MINUTE)
    text = text_of(ask(staff, "grant_minutes", sitting))
    assert "leaves room for 3 more minutes" in text
    assert "Extend the window for these people" in text


def test_without_windows_nobody_is_asked_about_them(staff, sitting):
    assert "Extend the window" not in text_of(ask(staff, "grant_minutes", sitting))


def test_a_grant_that_would_be_cut_is_asked_about_first(staff, exam, sitting):
    in_a_window(sitting, 3 * MINUTE)
    roomy = in_a_window(begin(UserFactory(), exam), 60 * MINUTE)
    page = ask(staff, "grant_minutes", sitting, roomy, apply="yes", minutes="10")
    assert f"would cut 10 minutes for 1 of 2 people: {sitting.user.email} gets 3 minutes. Extend the window" in text_of(
        page
    )
    assert 'name="warned" value="10"' in page.content.decode()
    assert fresh(roomy).granted_minutes == 0


def test_who_insists_has_it_cut_and_is_told(staff, sitting):
    in_a_window(sitting, 3 * MINUTE)
    said = do(staff, "grant_minutes", sitting, minutes="10", warned="10")
    assert f"The window's end cut the time of {sitting.user.email} (by 7 min, to " in said
    assert fresh(sitting).deadline == sitting.deadline + 3 * MINUTE


def test_other_minutes_are_asked_about_anew(staff, sitting):
    in_a_window(sitting, 3 * MINUTE)
    assert ask(staff, "grant_minutes", sitting, apply="yes", minutes="11", warned="10").status_code == 200
    assert fresh(sitting).granted_minutes == 0


def test_the_window_is_extended_for_those_who_need_it(staff, exam, sitting):
    in_a_window(sitting, 3 * MINUTE)
    roomy = in_a_window(begin(UserFactory(), exam), 60 * MINUTE)
    said = do(staff, "grant_minutes", sitting, roomy, minutes="10", extend_window="on")
    assert "cut" not in said
    moved = fresh(sitting)
    assert moved.deadline == moved.window_ends_at == sitting.deadline + 10 * MINUTE
    assert fresh(roomy).window_ends_at == roomy.window_ends_at


def test_a_pause_that_a_window_cuts_is_told(staff, sitting):
    in_a_window(sitting, MINUTE)
    do(staff, "pause_clock", sitting)
    Sitting.objects.update(paused_at=timezone.now() - 4 * MINUTE)
    assert f"The window's end cut the time of {sitting.user.email} (by 4 min" in do(staff, "resume_clock", sitting)


# ---- to look at -----------------------------------------------------------------------------------------------------


def test_the_sittings_page_shows_clock_and_timeline(staff, sitting):
    clock.grant(sitting_id=sitting.pk, minutes=5, by=UserFactory(email="anna@example.com"))
    saving.save(
        sitting_id=sitting.pk, user_id=sitting.user_id, claim=1, changes=[change(4, []), change(7, [], sequence=2)]
    )
    text = text_of(staff.get(reverse("admin:exams_sitting_change", args=[sitting.pk])))
    assert "Granted minutes: 5" in text
    assert "Supervised:" in text
    assert "Extra time granted: 5 min anna@example.com" in text
    assert "Saved the candidate 1 1–2 4, 7 01:00:00" in text


def test_a_list_costs_the_same_however_many_run(staff, exam):
    assert statements(staff, reverse(LIST)) == statements_after_more(staff, exam, reverse(LIST))


def test_the_page_in_between_costs_the_same_however_many_are_chosen(staff, exam, sitting):
    costs = []
    for chosen in ([sitting], [sitting, begin(UserFactory(), exam), begin(UserFactory(), exam)]):
        with CaptureQueriesContext(connection) as queries:
            assert ask(staff, "grant_minutes", *chosen).status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_sittings_page_costs_the_same_however_much_happened(staff, sitting):
    address = reverse("admin:exams_sitting_change", args=[sitting.pk])
    first = statements(staff, address)
    for number in range(1, 9):
        saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=1, changes=[change(1, [], sequence=number)])
    assert statements(staff, address) == first


def statements(client: Client, address: str) -> int:
    ContentType.objects.get_for_models(*apps.get_models())  # remembered by the process from its first use on
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def statements_after_more(client: Client, exam: Exam, address: str) -> int:
    for number in range(4):
        running = begin(UserFactory(), exam)
        clock.grant(sitting_id=running.pk, minutes=number + 1, by=UserFactory())
    return statements(client, address)
