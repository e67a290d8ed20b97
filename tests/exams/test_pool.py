"""Which form a person gets: the one that repeats least, made before the clock starts."""

from __future__ import annotations

import pytest

from accounts.services import delete_account
from exams.models import Form, Seat, Sitting
from exams.services import pool
from tests.factories import UserFactory, begin, sat


def questions(form: Form) -> set[int]:
    return set(form.seats.values_list("revision__question_id", flat=True))


def test_a_retake_shows_the_other_form(user, exam):
    first = sat(user, exam).sitting
    assert begin(user, exam).form != first.form


def test_ties_are_broken_at_random(exam):
    assert len({begin(UserFactory(), exam).form_id for _ in range(12)}) == 2


def test_ranking_counts_questions_seen_before(user, exam):
    form = sat(user, exam).sitting.form
    (fewest, other), (most, same) = pool.rank(user=user, exam=exam)
    assert (most, same) == (65, form.pk)
    assert fewest == len(questions(form) & questions(Form.objects.get(pk=other)))


def test_a_newcomer_wants_no_personal_form(user, exam):
    assert not pool.wants_personal_form(user=user, exam=exam)


@pytest.fixture
def veteran(user, exam):
    """Somebody who has sat every form of the pool."""
    for form in Form.objects.pool():
        sat(user, exam, form=form)
    return user


def test_a_veteran_gets_a_personal_form_with_less_to_repeat(veteran, exam):
    before = set().union(*(questions(form) for form in Form.objects.filter(sittings__user=veteran)))
    assert pool.wants_personal_form(user=veteran, exam=exam)
    form = pool.prepare_personal_form(user=veteran, exam=exam, seed=3)
    assert form is not None
    assert (form.owner, form.state, form.seats.count()) == (veteran, Form.State.PENDING, 65)
    assert len(questions(form) & before) < pool.rank(user=veteran, exam=exam)[0][0]


def test_there_is_at_most_one_pending_form(veteran, exam):
    pool.prepare_personal_form(user=veteran, exam=exam, seed=3)
    assert pool.prepare_personal_form(user=veteran, exam=exam, seed=4) is None
    assert Form.objects.pending_for(veteran.pk).count() == 1


def test_the_pending_form_is_used_and_belongs_to_nobody_else(veteran, exam):
    form = pool.prepare_personal_form(user=veteran, exam=exam, seed=3)
    assert begin(UserFactory(), exam).form != form
    assert begin(veteran, exam).form == form
    form.refresh_from_db()
    assert form.state == Form.State.PERSONAL


def test_a_person_can_be_deleted_with_their_personal_forms(veteran, exam):
    pool.prepare_personal_form(user=veteran, exam=exam, seed=3)
    sat(veteran, exam)
    delete_account(user=veteran)
    assert not Sitting.objects.exists()
    assert not Form.objects.exclude(state=Form.State.POOL).exists()


def test_fill_tops_the_pool_up_and_then_rests(exam, settings):
    settings.FORM_POOL_SIZE = 3
    assert [pool.fill(exam=exam), pool.fill(exam=exam)] == [1, 0]


def test_beginning_solves_nothing(user, exam, monkeypatch):
    monkeypatch.setattr(pool, "assemble_forms", None)
    monkeypatch.setattr(pool, "assemble_pool", None)
    assert begin(user, exam).form.state == Form.State.POOL


@pytest.mark.parametrize("people", [1, 4])
def test_begin_takes_a_constant_number_of_statements(exam, people, django_assert_num_queries):
    for _ in range(people):
        sat(UserFactory(), exam)
    newcomer = UserFactory()
    with django_assert_num_queries(12):
        begin(newcomer, exam)
    assert Sitting.objects.count() == people + 1
    assert Seat.objects.count() == 130
