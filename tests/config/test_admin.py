"""The admin of the bank, forms and sittings: mostly to look at, and never slower the more there is."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from exams.admin import SittingAdmin
from exams.models import Form, Sitting
from exams.services import pool
from questions.models import Exam, Question, Revision, Standing
from questions.pack.loader import load
from tests.accounts.factories import SuperuserFactory
from tests.factories import UserFactory, begin, close
from tests.questions.material import matching, pack, question

READ_ONLY = [Question, Revision, Standing, Sitting]


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(SuperuserFactory())
    return client


def url(model: type, page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)  # type: ignore[attr-defined]


def statements(client: Client, address: str) -> int:
    ContentType.objects.get_for_models(*apps.get_models())  # remembered by the process from its first use on
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


# ---- what can be changed ---------------------------------------------------------------------------------------


def test_of_an_exam_only_whether_and_how_often_it_is_offered(staff, exam):
    posted = {"retake_after_days": 14, "minutes": 1, "pass_mark": 1, **empty("kind_shares"), **empty("domains")}
    assert staff.post(url(Exam, "change", exam.pk), posted).status_code == 302
    before = exam.minutes, exam.pass_mark
    exam.refresh_from_db()
    assert (exam.offered, exam.retake_after_days, exam.minutes, exam.pass_mark) == (False, 14, *before)


@pytest.mark.parametrize("key", ["", "x", "\0", "9" * 5_000, "1.5", "²"])
@pytest.mark.parametrize("model", [User, Sitting])
def test_an_action_on_rows_that_cannot_be_changes_nothing(staff, exam, model, key):
    posted = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}
    others = {User: "verify_address", Sitting: "grant"}
    before = model.objects.count()
    for action in ("delete_selected", others[model]):
        reply = staff.post(url(model, "changelist"), posted | {"action": action})
        assert reply.status_code == 302
    assert model.objects.count() == before


@pytest.mark.parametrize("year", ["9" * 20, "2147483648", "0", "10000", "x", "%00"])
def test_a_year_that_is_none_shows_the_whole_list(staff, year):
    reply = staff.get(f"{url(Sitting, 'changelist')}?{SittingAdmin.date_hierarchy}__year={year}")
    assert (reply.status_code, reply.url.partition("?")[2]) == (302, "e=1")


def empty(prefix: str) -> dict[str, str]:
    """The management form of rows that cannot be edited."""
    return {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}


@pytest.mark.parametrize(
    ("state", "status", "now"), [("retired", 302, "retired"), ("pending", 200, "pool"), ("personal", 200, "pool")]
)
def test_a_form_can_leave_the_pool_and_nothing_else(staff, exam, state, status, now):
    form = exam.forms.get(reference=False)
    posted = {"state": state, "reference": "on", "number": "99", **empty("seats"), **empty("tables")}
    assert staff.post(url(Form, "change", form.pk), posted).status_code == status
    form.refresh_from_db()
    assert (form.state, form.reference, form.number) == (now, False, 2)


def test_a_persons_own_form_stays_theirs(staff, exam, user):
    form = exam.forms.get(reference=False)
    Form.objects.filter(pk=form.pk).update(owner=user, state=Form.State.PERSONAL)
    staff.post(url(Form, "change", form.pk), {"state": "retired", **empty("seats"), **empty("tables")})
    form.refresh_from_db()
    assert form.state == Form.State.PERSONAL


@pytest.mark.parametrize("model", [*READ_ONLY, Exam, Form])
def test_nothing_is_added_or_deleted(staff, exam, user, model):
    begin(user, exam)
    row = model.objects.first()
    assert staff.get(url(model, "add")).status_code == 403
    assert staff.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_is_frozen_can_only_be_looked_at(staff, exam, user, model):
    begin(user, exam)
    address = url(model, "change", model.objects.first().pk)
    assert staff.get(address).status_code == 200
    assert staff.post(address, {"state": "closed"}).status_code == 403


def test_a_person_can_be_deleted_with_everything_that_is_theirs(staff, exam, user):
    sitting = begin(user, exam)
    Form.objects.filter(pk=sitting.form_id).update(owner=user, state=Form.State.PERSONAL)
    close(sitting)
    assert staff.post(url(User, "delete", user.pk), {"post": "yes"}).status_code == 302
    assert not Sitting.objects.filter(pk=sitting.pk).exists()


def test_candidates_see_none_of_it(signed_in, exam):
    assert signed_in.get(url(Question, "changelist")).status_code == 302


# ---- cost ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "count"), [(Exam, 5), (Question, 6), (Revision, 6), (Standing, 6), (Form, 6), (Sitting, 8)]
)
def test_a_list_costs_the_same_however_long(staff, exam, tmp_path, model, count):
    first = statements(staff, url(model, "changelist"))
    load(pack=pack(tmp_path, question(1), matching(2)), now=timezone.now())
    pool.assemble(exam=exam, forms=1, seed=1)
    for _ in range(3):
        begin(UserFactory(), exam)
    assert (first, statements(staff, url(model, "changelist"))) == (count, count)


@pytest.mark.parametrize("more", [{}, {"ratings": {"TST-01": [70, 71, 72]}}])
def test_a_revision_costs_the_same_however_much_is_known_of_it(staff, tmp_path, more):
    load(pack=pack(tmp_path, {**matching(), **more}), now=timezone.now())
    assert statements(staff, url(Revision, "change", Revision.objects.get(question__public_id="tst-001").pk)) == 9


def test_a_form_with_its_65_seats_costs_six_statements(staff, exam):
    assert statements(staff, url(Form, "change", exam.forms.first().pk)) == 6
