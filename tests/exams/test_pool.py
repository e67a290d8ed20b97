"""Which form a person gets: the one that repeats least, made before the clock starts."""

from __future__ import annotations

import pytest

from accounts.services import delete_account
from exams.models import Form, Seat, Sitting
from exams.services import bank, pool
from questions.models import Revision
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
    fewest = pool.rank(user=veteran, exam=exam)[0][0]
    form = pool.prepare_personal_form(user=veteran, exam=exam, seed=3)
    assert form is not None
    assert (form.owner, form.state, form.seats.count()) == (veteran, Form.State.PENDING, 65)
    assert len(questions(form) & before) < fewest


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
    pool.prepare_personal_form(user=veteran, exam=exam, seed=4)
    forms = set(Sitting.objects.values_list("form", flat=True))
    delete_account(user=veteran)
    (nobody,) = {sitting.user for sitting in Sitting.objects.select_related("user")}
    assert nobody.is_erased
    assert not Form.objects.filter(state=Form.State.PENDING).exists()
    assert set(Form.objects.filter(owner=nobody)) <= set(Form.objects.filter(pk__in=forms))


def test_a_pending_form_that_the_pool_has_overtaken_is_given_up(veteran, exam):
    stale = pool.prepare_personal_form(user=veteran, exam=exam, seed=3)
    assert stale is not None
    sat(UserFactory(), exam)  # the pool is as it was; now let the person have seen nothing of it
    Sitting.objects.filter(user=veteran).delete()
    stranger_form = Form.objects.pool()[0]
    Sitting.objects.filter(pk=begin(veteran, exam).pk).update(state="abandoned", form=stale)
    Form.objects.filter(pk=stale.pk).update(state=Form.State.PENDING)
    assert begin(veteran, exam).form != stale
    stale.refresh_from_db()
    assert stale.state == Form.State.RETIRED
    assert stranger_form.state == Form.State.POOL


def test_no_form_is_prepared_while_the_person_sits_the_exam(veteran, exam):
    begin(veteran, exam)
    assert pool.prepare_personal_form(user=veteran, exam=exam, seed=3) is None


def test_a_form_with_a_corrected_question_leaves_the_pool_and_is_replaced(exam, settings):
    settings.FORM_POOL_SIZE = 2
    form = Form.objects.pool()[0]
    seat = form.seats.filter(scored=False)[0]
    Revision.objects.filter(pk=seat.revision_id).update(state="retired")
    assert pool.fill(exam=exam) == 1 + (Form.objects.filter(state="retired").count() - 1)
    assert form not in Form.objects.pool()
    assert not Seat.objects.filter(form__state="pool", revision__state="retired").exists()


def test_a_retired_reference_form_still_carries_the_cut(exam):
    reference = Form.objects.get(reference=True)
    Revision.objects.filter(seats__form=reference).update(state="superseded")
    pool.outdated(exam).update(state=Form.State.RETIRED)
    assert bank.reference_form(exam) == reference


def test_exposure_survives_the_retirement_of_a_form(user, exam):
    form = sat(user, exam).sitting.form
    question = form.seats.all()[0].revision.question_id
    before = bank.exposures(exam)[question]
    Form.objects.filter(pk=form.pk).update(state=Form.State.RETIRED)
    assert bank.exposures(exam)[question] == before - 1  # it no longer waits, but it has been shown


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
    with django_assert_num_queries(10):
        begin(newcomer, exam)
    assert Sitting.objects.count() == people + 1
    assert Seat.objects.count() == 130
