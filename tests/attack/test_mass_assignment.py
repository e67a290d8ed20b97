"""Fields that a form does not have change nothing: the rows afterwards are those without them."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from questions.models import Revision
from tests.attack.addresses import every_address
from tests.attack.matrix import matrix
from tests.attack.walk import Walker, undone, written
from tests.factories import UserFactory
from tests.questions.studio import choice
from tests.scoring.studio_forms import posted

pytestmark = [pytest.mark.django_db]

# Whatever a table of ours holds that no form of these may set, and what frameworks have been talked into before.
EXTRA = {
    "is_staff": "on", "is_superuser": "on", "is_active": "", "staff": "1", "superuser": "1", "role": "author",
    "roles": ["author", "instructor"], "groups": ["1", "2"], "user_permissions": ["1", "2"], "user": "1",
    "user_id": "1", "pk": "1", "id": "1", "uuid": "1", "owner": "1", "owner_id": "1", "by": "1", "granted_by": "1",
    "granted_at": "2020-01-01", "verified": "on", "primary": "on", "last_login": "2020-01-01", "password": "hacked",
    "date_joined": "2020-01-01", "deadline": "2099-01-01", "started_at": "2099-01-01",
    "ended_at": "2020-01-01", "limit_minutes": "9999", "granted_minutes": "9999", "paused_seconds": "9999",
    "window_ends_at": "2099-01-01", "score": "1000", "raw": "50", "scaled": "1000", "equated": "50", "passed": "on",
    "correct_answers": "50", "result": "1",
    "attempt": "1", "number_of_attempts": "99", "state": "closed", "void": "", "simulated": "on",
    "supervised": "on", "assigned": "on", "version_id": "1", "claim_number": "99", "join_code": "HACKED00",
    "archived_at": "2020-01-01", "created_at": "2020-01-01", "joined_at": "2020-01-01", "left_at": "2020-01-01",
    "author": "1", "author_id": "1", "made_by": "1", "rating": "0.5", "difficulty": "-3", "published_at": "2020-01-01",
    "approved": "on", "scored": "on", "answer_text": "x", "answered_by": "1", "read_at": "2020-01-01", "digest_of": "0",
}  # fmt: skip
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RANDOM = {"password", "join_code", "code", "public_id", "marks"}  # made anew each time
START = 10_000_000  # of every counter, so that both runs give the same numbers


def extra(world):
    """All of them, with things of others where a form might take one."""
    theirs = world.things["their attempt"]
    sitting, cohort, stranger = str(theirs.sitting_id), str(world.things["their cohort"].pk), world.people["stranger"]
    return EXTRA | {
        "sitting": sitting, "sitting_id": sitting, "cohort": cohort, "cohort_id": cohort, "user": str(stranger.pk),
        "user_id": str(stranger.pk), "owner": str(stranger.pk), "owner_id": str(stranger.pk),
        "author": str(stranger.pk), "assignment_id": str(theirs.assignment_id),
        "form_id": str(world.things["running"].form_id),
        "exam_id": str(world.things["running"].exam_id),
    }  # fmt: skip


def wished(world):
    """Address → who sends what they may send, so that it is really done."""
    draft = Revision.objects.with_content().get(question__public_id=world.values_for("studio_edit")["public_id"])
    at = timezone.now() + dt.timedelta(days=1)
    opens, starts, ends = (f"{at + dt.timedelta(hours=hours):%Y-%m-%dT%H:%M}" for hours in (1, 5, 9))
    exam = world.things["exam"]
    task = exam.domains.order_by("number")[0].tasks.order_by("number")[0]
    assignment = {
        "title": "Second mock", "form_rule": "pool", "form": "", "opens_at": opens, "start_by": starts, "end_by": ends,
        "attempts": "1", "extra_minutes": "0", "grace_minutes": "2", "results": "at_once", "results_at": "",
        "review": "at_end", "review_at": "", "act": "save",
    }  # fmt: skip
    return {
        "account_signup": ("anonymous", {"email": "new@example.com", "display_name": "New",
                                         "password1": "another horse, another battery"}),
        "account_profile": ("member", {"display_name": "Renamed", "time_zone": "Europe/Berlin"}),
        "account_accommodation": ("member", {"multiplier": "1.25", "extra_minutes": "10"}),
        "account_background": ("member", {"first_language": "english", "practice_years": "under_two", "consent": "on"}),
        "join_code": ("stranger", {}),
        "exam_begin": ("stranger", {}),
        "sitting_abandon": ("member", {}),
        "sitting_finish": ("member", {}),
        "result_report": ("member", {"category": "key", "text": "Two options are right by now."}, {"number": 3}),
        "cohort_new": ("instructor", {"name": "Spring class", "exam": str(exam.pk)}),
        "cohort_rename": ("instructor", {"name": "Winter class"}),
        "cohort_instructor_add": ("instructor", {"email": world.people["neighbour"].email}),
        "cohort_member": ("instructor", {"multiplier": "1.25", "extra_minutes": "5"}),
        "cohort_open": ("instructor", {"until": ""}),
        "cohort_invite_confirm": ("instructor", {"text": "guest@example.com, Guest"}),
        "assignment_new": ("instructor", assignment),
        "arrangement": ("instructor", {"multiplier": "1.50", "extra_minutes": "5", "more_attempts": "1", "note": ""}),
        "studio_new": ("author", {"task": str(task.pk), "kind": "ordering"}),
        "studio_save": ("author", posted(choice("Which coat keeps a courier dry on a wet day?"), draft)),
        "studio_scenarios": ("author", {"act": "save", "public_id": "tst-new", "title": "New", "text": "A new case."}),
        "studio_save_filter": ("author", {"name": "Coats", "query": "q=coat"}),
        "bank_report": ("author", {"act": "answer", "text": "Thank you. The key stands, as the manual says.",
                                   "version": "1"}),
        "life_comment": ("author", {"revision": str(draft.pk), "version": str(draft.lock_version), "place": "stem",
                                    "text": "The stem is long."}),
    }  # fmt: skip


NAMES = [
    "account_signup", "account_profile", "account_accommodation", "account_background", "join_code", "exam_begin",
    "sitting_abandon", "sitting_finish", "result_report", "cohort_new", "cohort_rename", "cohort_instructor_add",
    "cohort_member", "cohort_open", "cohort_invite_confirm", "assignment_new", "arrangement", "studio_new",
    "studio_save", "studio_scenarios", "studio_save_filter", "bank_report", "life_comment",
]  # fmt: skip


def after(walker, url, body):
    """The tables that a POST writes to, and all their rows afterwards but for what is made at random."""
    with undone(), connection.cursor() as cursor:
        cursor.execute("SELECT setval(oid::regclass, %s) FROM pg_class WHERE relkind = 'S'", [START])
        before = written()
        reply = walker.send("POST", url, body)
        assert reply.status_code in (200, 302, 303), reply.content[:2_000]
        changed = sorted(table for table, rows in written().items() if rows != before.get(table))
        found = {}
        for table in changed:
            cursor.execute(f"SELECT to_jsonb(one) FROM {connection.ops.quote_name(table)} one")
            found[table] = sorted(json.dumps(plain(json.loads(row))) for (row,) in cursor.fetchall())
        return found


def plain(row):
    """Rows that are new have secrets of their own."""
    new = isinstance(row.get("id"), str) or row.get("id", START) >= START
    return {name: value for name, value in row.items() if not (new and name in RANDOM)}


@pytest.mark.parametrize("name", NAMES)
def test_extra_fields_change_nothing(world, name):
    (one,) = [address for address in every_address() if address.name == name]
    role, body, *rest = wished(world)[name]
    url = one.url(world, **(rest[0] if rest else {}))
    with time_machine.travel(timezone.now(), tick=False):
        walker = Walker(world.people.get(role))
        if name == "result_report":  # not while an exam is sat
            walker.send("POST", reverse("sitting_abandon", args=[world.things["running"].pk]))
        more = {key: value for key, value in extra(world).items() if key not in body}
        query = "&".join(f"{key}=1" for key in more if key not in ("state", "version_id"))
        without = after(walker, url, body)
        assert without, "it was not done"
        for again in (after(walker, url, body | more), after(walker, f"{url}?{query}", body)):
            assert same(again, without) == same(without, again)


def same(found, other):
    """Without the ids that were drawn anew: those that only one of both holds."""
    known = set(UUIDS.findall(str(other)))
    return {
        table: sorted(UUIDS.sub(lambda one: one[0] if one[0] in known else "made anew", row) for row in rows)
        for table, rows in found.items()
    }


def test_every_case_has_a_row_of_the_matrix(world):
    cases = wished(world)
    assert sorted(cases) == sorted(NAMES)
    for name, (role, *_) in cases.items():
        assert matrix()[name][role][1] in "+re", name


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("sitting_changes", {"user": 1}), ("sitting_changes", {"sitting": "1"}), ("sitting_changes", {"now": "2099"}),
        ("sitting_changes", {"deadline": "2099"}), ("sitting_end", {"user": 1}), ("sitting_end", {"score": 1000}),
        ("sitting_end", {"state": "in_progress"}),
    ],
)  # fmt: skip
def test_messages_of_the_exam_screen_take_no_field_more(world, name, more):
    walker = Walker(world.people["member"])
    url = reverse(name, args=[world.things["running"].pk])
    body = json.loads(world.bodies[name])
    assert walker.ask("POST", url, json.dumps(body))[0] == "+"
    assert walker.ask("POST", url, json.dumps(body | more)) == ("e", {})


@pytest.mark.parametrize(
    "more", [{"late": False}, {"correct": True}, {"version": 9}, {"saved_at": "2020"}, {"form": 1}]
)
def test_changes_take_no_field_more(world, more):
    walker = Walker(world.people["member"])
    body = json.loads(world.bodies["sitting_changes"])
    body["changes"][0] |= more
    url = reverse("sitting_changes", args=[world.things["running"].pk])
    assert walker.ask("POST", url, json.dumps(body)) == ("e", {})


def test_staff_who_may_change_people_make_nobody_staff(world):
    """Neither others nor themselves, in the admin's own form."""
    helper = UserFactory(is_staff=True)
    for codename in ("change_user", "view_user"):
        helper.user_permissions.add(Permission.objects.get(content_type__app_label="accounts", codename=codename))
    walker = Walker(User.objects.get(pk=helper.pk))
    for target in (helper, world.people["stranger"]):
        url = reverse("admin:accounts_user_change", args=[target.pk])
        body = {
            "email": target.email, "display_name": "Changed", "time_zone": "UTC", "is_active": "on", "is_staff": "on",
            "is_superuser": "on", "user_permissions": ["1", "2"], "accommodation-TOTAL_FORMS": "0",
            "accommodation-INITIAL_FORMS": "0",
        }  # fmt: skip
        with undone():
            assert walker.send("POST", url, body).status_code == 302
            target.refresh_from_db()
            assert (target.display_name, target.is_superuser) == ("Changed", False)
            assert target.is_staff is (target == helper)
            assert target.user_permissions.count() == (2 if target == helper else 0)
    superuser, walker = world.people["superuser"], Walker(User.objects.get(pk=helper.pk))
    for name in ("admin:accounts_user_change", "admin:auth_user_password_change", "admin:accounts_user_delete"):
        kind, changed = walker.ask("POST", reverse(name, args=[superuser.pk]), {"password1": "x", "post": "yes"})
        assert (kind, changed) == ("f", {}), name
