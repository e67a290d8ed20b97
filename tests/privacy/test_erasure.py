"""Nothing names a person who was erased, in any table, and nothing that was measured has changed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import CHANGE
from django.contrib.admin.models import LogEntry as AdminEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from accounts import privacy, services
from accounts.models import ERASED_NAME, User
from cohorts.models import Attempt, Invitation, LogEntry, Membership, Norms, Outcome
from cohorts.services import log, norms, outcomes
from exams.models import Answer, Event, Pad, Sitting
from questions.models import Audit, Rating, Revision
from scoring.calibration import eligibility
from scoring.models import ProblemReport, Result, SeatResult
from tests.accounts.factories import SuperuserFactory
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt, an_instructor, over
from tests.factories import UserFactory, begin, sat
from tests.privacy.somebody import EMAIL, NAME, NOTE, SECRET, somebody

# Where a text may hold a name and is no row of ours about anybody.
ELSEWHERE = {
    "cache": "counts and what is shown for minutes, under hashes; entries expire",
    "django_migrations": "names of migrations",
}


@pytest.fixture
def person(exam):
    return somebody(exam)


def erase(person: User) -> User | None:
    """Who inherits the statistics."""
    subject = privacy.about(person)
    services.delete_account(user=person)
    assert subject.user is not None
    return User.objects.filter(email__endswith="@erased.invalid").first()


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


def found(word: str) -> list[str]:
    """Every table with a row whose text, JSON, array or bytes hold the word."""
    where = []
    for table in tables():
        if table in ELSEWHERE:
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT count(*) FROM "{table}" x WHERE x::text ILIKE %s OR x::text LIKE %s',
                [f"%{word}%", f"%{word.encode().hex()}%"],
            )
            if cursor.fetchone()[0]:
                where.append(table)
    return where


def keys_to(user_id: int) -> list[str]:
    """Every column that a foreign key ties to people and that holds this one."""
    where = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)"
            " WHERE c.contype = 'f' AND c.confrelid = 'accounts_user'::regclass"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM {table} WHERE "{column}" = %s', [user_id])
            if cursor.fetchone()[0]:
                where.append(f"{table}.{column}")
    return where


# ---- what is held ------------------------------------------------------------------------------------------------


def classified() -> dict[type[Model], str]:
    every: list[tuple[type[Model], str]] = []
    for holding in privacy.holdings():
        every += [*holding.covers.items(), *holding.impersonal.items()]
    assert len(dict(every)) == len(every), "a model is told twice"
    return dict(every)


def test_every_model_is_told_or_says_why_not():
    known = classified()
    missing = [model._meta.label for model in apps.get_models(include_auto_created=True) if model not in known]
    assert missing == []


def test_no_model_with_a_key_to_people_counts_as_impersonal():
    """Also over other models: what belongs to a sitting belongs to a person."""
    impersonal = {model for holding in privacy.holdings() for model in holding.impersonal}
    tied = [
        model._meta.label
        for model in impersonal
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model in (User, Sitting, Attempt, Result)
    ]
    assert tied == []


def test_the_person_of_these_tests_has_left_a_trace_everywhere(person):
    """Or what follows would prove nothing."""
    held = privacy.collect(privacy.about(person), now=timezone.now())
    sections = {name for holding in privacy.holdings() for name in holding.covers.values()}
    assert sorted(name for name in sections if not held[name]) == []
    assert {"accounts_user", "cohorts_logentry", "exams_event", "questions_audit", "django_admin_log"} <= set(
        found(EMAIL) + found(NAME)
    )
    empty = [
        model._meta.label
        for holding in privacy.holdings()
        for model in holding.covers
        if not model._default_manager.exists()
    ]
    assert empty == []


# ---- erasure -----------------------------------------------------------------------------------------------------


def test_nothing_in_any_table_names_the_person(person):
    number, sittings = person.pk, [str(pk) for pk in Sitting.objects.filter(user=person).values_list("pk", flat=True)]
    sessions = [one.pk for one in Session.objects.all() if one.get_decoded().get("_auth_user_id") == str(number)]
    assert (len(sittings), len(sessions)) == (4, 1)
    erase(person)
    assert not Session.objects.filter(pk__in=sessions).exists()
    for word in (EMAIL, NAME, "Quickfall", SECRET, NOTE, f'"judge {number}"', *sittings):
        assert (word, found(word)) == (word, [])
    assert keys_to(number) == []
    assert not Rating.objects.filter(judge=f"judge {number}").exists()
    assert not User.objects.filter(pk=number).exists()
    with connection.cursor() as cursor:  # timelines are checked when a transaction ends
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def figures(exam: Any) -> dict[str, Any]:
    """All that is computed from sittings, without the names of rows."""
    norms.refresh(exam=exam, now=timezone.now())
    outcomes.catch_up()
    firsts = eligibility.screen(exam=exam, until=timezone.now())
    results = Result.objects.order_by("pk")
    return {
        "norms": Norms.objects.filter(exam=exam).values("n", "mean", "sd", "quantiles", "passed", "domains", "tasks")[
            0
        ],
        "results": list(results.values_list("pk", "raw", "scaled", "passed", "table", "seen_before", "current")),
        "seats": list(SeatResult.objects.order_by("pk").values_list("pk", "correct", "answered", "spent_ms")),
        "answers": sorted(map(str, Answer.objects.values_list("seat", "response", "spent_ms", "flagged", "late"))),
        "outcomes": list(Outcome.objects.order_by("pk").values_list("pk", "scaled", "passed", "used_seconds")),
        "packed": [bytes(seats) for seats in Outcome.objects.order_by("pk").values_list("seats", flat=True)],
        "firsts": [(first.form, first.closed_at, first.result) for first in firsts.firsts],
        "left out": firsts.left_out,
        "times": sorted(Sitting.objects.values_list("started_at", "ended_at", "closed_at", "form", "state")),
    }


def test_statistics_are_as_before(person, exam, user):
    sat(user, exam, right=20)
    before = figures(exam)
    assert before["norms"]["n"] == 2
    assert before["outcomes"]
    erase(person)
    assert figures(exam) == before
    Norms.objects.all().delete()  # and if they are made anew
    Outcome.objects.all().delete()
    assert figures(exam) == before


def test_who_inherits_is_nobody_and_somebody_else_each_time(person, exam, user):
    sat(user, exam)
    heir = erase(person)
    assert heir is not None
    assert Sitting.objects.filter(user=heir).count() == 4  # repeats stay repeats
    assert not Pad.objects.exists()
    assert not Event.objects.filter(sitting__user=heir).exists()
    assert not ProblemReport.objects.filter(sitting__user=heir).exists()
    assert not Answer.objects.filter(sitting__user=heir).exclude(marks=[]).exists()
    assert Membership.objects.filter(user=heir, left_at__isnull=False, multiplier=None).count() == 1
    assert (heir.is_active, heir.has_usable_password(), str(heir), heir.last_login) == (
        False, False, ERASED_NAME, None
    )  # fmt: skip
    assert re.fullmatch(r"[0-9a-f]{32}@erased\.invalid", heir.email)
    with pytest.raises(services.AccountError, match="statistics"):
        services.delete_account(user=heir)
    services.delete_account(user=user)
    assert User.objects.filter(email__endswith="@erased.invalid").count() == 2


def test_trails_keep_that_somebody_did_it(person):
    published = Revision.objects.filter(author=person).get()
    audit = Audit.objects.filter(who=person).get()
    erase(person)
    published.refresh_from_db()
    audit.refresh_from_db()
    assert (published.author, published.state, audit.who) == (None, "published", None)
    assert Audit.objects.filter(act="assign", detail__reviewer=ERASED_NAME).count() == 1
    assert Event.objects.get(number=77).staff == ERASED_NAME
    assert LogEntry.objects.filter(what=f"Renamed the cohort from “Class of {ERASED_NAME}” to “Spring”.").count() == 1
    said = set(LogEntry.objects.values_list("by", "about", "what"))
    assert (ERASED_NAME, ERASED_NAME) not in {(by, about) for by, about, _ in said}
    assert {by for by, _, _ in said} >= {ERASED_NAME}
    assert {about for _, about, _ in said} >= {ERASED_NAME}


def test_a_sitting_that_runs_has_to_be_over_first(person, exam):
    running = begin(person, exam)
    with pytest.raises(services.AccountError, match="is not over yet"):
        services.delete_account(user=person)
    running.refresh_from_db()
    assert (running.user, User.objects.get(pk=person.pk).email) == (person, EMAIL)
    assert found(SECRET)


def test_evidence_stays_where_nobody_is_erased(person):
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Event.objects.filter(number=77).update(staff="x")
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Audit.objects.update(detail={})
    privacy.evidence_may_change()  # but only who it was
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Event.objects.filter(number=77).update(minutes=9)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Audit.objects.update(act="rate")


def test_others_keep_what_is_theirs(exam):
    """A namesake, somebody whose address ends alike, and whose address the person only claims to have."""
    teacher, person = an_instructor(), UserFactory(email="ann@example.com", display_name="Ann")
    namesake = UserFactory(email="joann@example.com", display_name="Ann")
    cohort, now = a_cohort(exam, teacher), timezone.now()
    EmailAddress.objects.create(user=person, email="claimed@example.com", verified=False, primary=False)
    Invitation.objects.create(cohort=cohort, email="claimed@example.com", invited_at=now, expires_at=now)
    people = ContentType.objects.get_for_model(User)
    for one in (person, namesake):
        AdminEntry.objects.create(
            user=teacher, content_type=people, object_id=str(one.pk), object_repr="Ann", action_flag=CHANGE,
            change_message=f"Changed {one.email}.",
        )  # fmt: skip
    log.write(cohort=cohort, by=person, about="", what="Announced Ann.", at=now)
    held = privacy.collect(privacy.about(person), now=now)
    assert held["Invitations to cohorts"] == []
    assert [row["change_message"] for row in held["What was done to you in the admin"]] == ["Changed ann@example.com."]
    erase(person)
    assert Invitation.objects.count() == 1
    assert set(AdminEntry.objects.values_list("object_repr", "change_message")) == {
        ("Ann", "Changed joann@example.com."), (ERASED_NAME, ""),
    }  # fmt: skip
    assert LogEntry.objects.get(by=ERASED_NAME).what == "Announced Ann."  # too short to be looked for


# ---- what instructors see ----------------------------------------------------------------------------------------


def test_instructors_see_a_sitting_of_nobody(client, exam):
    teacher = an_instructor()
    cohort = a_cohort(exam, teacher)
    person = a_member(cohort, UserFactory(email=EMAIL, display_name=NAME))
    attempt = over(an_attempt(an_assignment(cohort, review="at_once"), person, right=44))
    client.force_login(teacher)
    heir = erase(person)
    assert heir is not None
    attempt.refresh_from_db()
    where: list[Any] = [cohort.pk, heir.pk]
    arguments: dict[str, list[Any]] = {
        "cohort_candidate": where,
        "candidate_sitting": [*where, attempt.sitting_id],
        "candidate_timeline": [*where, attempt.sitting_id],
        "candidate_question": [*where, attempt.sitting_id, 1],
        "candidate_report_pdf": where,
        "cohort_results": [cohort.pk],
        "cohort_board": [cohort.pk],
        "cohort_members": [cohort.pk],
    }
    pages = {name: client.get(reverse(name, args=args)) for name, args in arguments.items()}
    assert {name: page.status_code for name, page in pages.items()} == dict.fromkeys(pages, 200)
    texts = {name: page.content.decode() for name, page in pages.items() if "pdf" not in name}
    for name, text in texts.items():
        assert (name, NAME in text, EMAIL in text, "erased.invalid" in text) == (name, False, False, False)
    for name in ("cohort_candidate", "candidate_sitting", "candidate_timeline", "candidate_question"):
        assert ERASED_NAME in texts[name]
    assert "who it was is not known any more" in texts["cohort_candidate"]
    assert "its timeline has been let go since" in texts["candidate_timeline"]
    assert heir.email not in texts["cohort_members"]


def test_the_admin_erases_as_well(client, exam):
    person = somebody(exam)
    client.force_login(SuperuserFactory())
    client.post(f"/admin/accounts/user/{person.pk}/delete/", {"post": "yes"})
    assert [found(word) for word in (EMAIL, NAME)] == [[], []]
    assert not User.objects.filter(pk=person.pk).exists()
