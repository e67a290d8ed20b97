"""Regrades: what they move, that they can be taken back exactly, and that several stand beside each other."""

from __future__ import annotations

import pytest
from django.utils import timezone

from exams.models import Answer, Form, ScoreTable, Seat, Standard
from exams.services import bank, freezing
from psychometrics.assembly import Draft
from questions.models import Standing
from scoring import regrading
from scoring.models import Regrade, Result, SeatResult
from tests.factories import UserFactory, begin, sat
from tests.scoring.corrections import (
    LOSING,
    a_seat,
    act,
    current,
    figures,
    look,
    old_key,
    passing,
    right_before,
    rows,
    take_back,
    wrong_key,
)

KINDS = ("multiple_choice", "multiple_response", "ordering", "matching")


@pytest.fixture
def form(exam):
    return Form.objects.get(exam=exam, reference=True)


@pytest.fixture
def other(exam):
    return Form.objects.filter(exam=exam, reference=False)[0]


# ---- a corrected key ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_corrected_key_takes_the_point_from_some_and_gives_it_to_others(exam, form, kind):
    seat = a_seat(form, kind=kind)
    had = sat(UserFactory(), exam, form=form, right=right_before(seat) + 1)
    missed = sat(UserFactory(), exam, form=form, right=right_before(seat))
    act(seat)
    assert current(had).raw == had.raw - 1
    assert current(missed).raw == missed.raw + 1
    assert {result.maximum_raw for result in Result.objects.all()} == {50}


def test_an_answer_accepted_beside_the_old_one_takes_nothing_away(exam, form):
    seat = a_seat(form)
    had = sat(UserFactory(), exam, form=form, right=right_before(seat) + 1)
    missed = sat(UserFactory(), exam, form=form, right=right_before(seat))
    act(seat, keys=[old_key(seat), wrong_key(seat)], losing_reason="")
    assert current(had).raw == had.raw
    assert current(missed).raw == missed.raw + 1


def test_every_result_on_the_form_gets_the_new_version(exam, form, other):
    seat = a_seat(form, 3)
    moved = sat(UserFactory(), exam, form=form, right=50)
    still = sat(UserFactory(), exam, form=form, right=0)
    Answer.objects.filter(sitting=still.sitting, seat=seat.number).delete()
    elsewhere = sat(UserFactory(), exam, form=other, right=20)
    on_both = other.seats.filter(revision=seat.revision_id).exists()
    regrade = act(seat)
    table = bank.current_table(form)
    assert (table.version, table.keys, table.removed) == (2, {str(seat.number): [wrong_key(seat)]}, [])
    for result in (moved, still):
        now = current(result)
        assert (now.version, now.table, now.regrade) == (2, table, regrade)
        result.refresh_from_db()
        assert not result.current
    assert current(elsewhere).version == (2 if on_both else 1)


def test_the_rows_of_the_table_stay_as_they_were(exam, form):
    before = bank.current_table(form)
    act(a_seat(form))
    assert rows(bank.current_table(form)) == rows(before)


def test_a_key_on_an_unscored_seat_moves_no_score_but_the_seat(exam, form):
    seat = a_seat(form, scored=False)
    result = sat(UserFactory(), exam, form=form, right=30)
    assert look(seat).moves == ()
    act(seat, losing_reason="")
    now = current(result)
    assert (now.raw, now.scaled, now.version) == (result.raw, result.scaled, 2)
    assert SeatResult.objects.get(result=now, seat=seat.number).correct


def test_who_sits_on_is_scored_by_the_newest_table(exam, form, user):
    seat = a_seat(form)
    running = begin(user, exam, form)
    act(seat)
    again = sat(UserFactory(), exam, form=form, right=50)
    assert (again.raw, again.version, again.table.version) == (49, 1, 2)
    running.refresh_from_db()
    assert running.state == "in_progress"
    assert not Result.objects.filter(sitting=running).exists()


# ---- a removed question ------------------------------------------------------------------------------------------


def test_a_removed_question_counts_for_nobody(exam, form):
    seat = a_seat(form)
    had = sat(UserFactory(), exam, form=form, right=50)
    missed = sat(UserFactory(), exam, form=form, right=0)
    act(seat, Regrade.Act.REMOVED)
    for result, raw in ((had, 49), (missed, 0)):
        now = current(result)
        assert (now.raw, now.maximum_raw, now.scaled) == (raw, 49, 1000 if raw else 100)
        assert sum(domain.scored for domain in now.domains.all()) == 49
        assert not now.seats.get(seat=seat.number).scored
    assert len(rows(bank.current_table(form))) == 50


def test_the_table_without_it_is_the_one_that_would_be_made_today(exam, form, other):
    for paper in (form, other):
        seat = a_seat(paper, 2)
        act(seat, Regrade.Act.REMOVED)
        made = bank.current_table(paper)
        fresh = freezing.make_table(form=paper, seats=list(paper.seats.all()), reason="a check")
        assert rows(fresh) == rows(made)
        assert fresh.minimum_passing_raw == made.minimum_passing_raw
        assert (fresh.removed, fresh.keys) == (made.removed, made.keys)


def test_what_was_learnt_meanwhile_moves_nobody(exam, form, other):
    """Ratings, parameters and the standard may have changed; the regrade moves only what the question moves."""
    result = sat(UserFactory(), exam, form=other, right=30)
    seat = a_seat(other)
    expected = look(seat, Regrade.Act.REMOVED)
    Standing.objects.filter(exam=exam, rating__isnull=False).update(rating="0.9000")
    Standard.objects.create(exam=exam, version=2, cut="40.4000", reason="another panel")
    for paper in (form, other):
        freezing.make_table(form=paper, seats=list(paper.seats.all()), reason="after the panel")
    seen = look(seat, Regrade.Act.REMOVED)
    assert seen.moves == expected.moves
    act(seat, Regrade.Act.REMOVED)
    now = current(result)
    assert (now.table.version, now.table.reference_cut) == (3, result.table.reference_cut)
    newest = bank.current_table(other)
    assert (newest.version, str(newest.reference_cut), newest.removed) == (4, "40.4000", [seat.number])


def test_the_chance_of_passing_is_about_the_whole_reference_form(exam, form, other):
    before, target = sat(UserFactory(), exam, form=other, right=33), bank.target_of(form)
    act(a_seat(form), Regrade.Act.REMOVED)
    assert bank.current_table(form).maximum_raw == 49
    assert bank.target_of(form) == target
    after = sat(UserFactory(), exam, form=other, right=33)
    assert after.chance_of_passing == before.chance_of_passing


def test_a_removed_question_cannot_take_a_pass_by_the_way(exam, form):
    """The minimum follows the form that is left: who is still at it passes."""
    before = bank.current_table(form).minimum_passing_raw
    act(a_seat(form), Regrade.Act.REMOVED)
    table = bank.current_table(form)
    assert table.minimum_passing_raw in (before - 1, before)
    for row in table.rows.all():
        assert row.passed == (row.raw >= table.minimum_passing_raw) == (row.scaled >= exam.pass_mark)


# ---- the preview -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Regrade.Act.values)
def test_the_preview_is_what_happens(exam, form, kind):
    seat = a_seat(form, 5)
    results = [sat(UserFactory(), exam, form=form, right=right) for right in (0, 4, 20, 31, 32, 50)]
    seen = look(seat, kind)
    assert Result.objects.count() == 6
    assert ScoreTable.objects.filter(form=form).count() == 1
    act(seat, kind)
    told = {move.sitting_id: move for move in seen.moves}
    for result in results:
        now = current(result)
        move = told.pop(result.sitting_id, None)
        if move is None:
            assert (now.raw, now.scaled, now.passed) == (result.raw, result.scaled, result.passed)
        else:
            assert (move.before.raw, move.before.maximum_raw) == (result.raw, 50)
            assert (move.before.scaled, move.before.passed) == (result.scaled, result.passed)
            assert (move.after.raw, move.after.maximum_raw) == (now.raw, now.maximum_raw)
            assert (move.after.scaled, move.after.passed) == (now.scaled, now.passed)
    assert told == {}
    assert seen.results == 6


def test_the_preview_names_who_loses_first(exam, form):
    seat = a_seat(form)
    sat(UserFactory(), exam, form=form, right=40)
    loses = passing(exam, form)
    sat(UserFactory(), exam, form=form, right=5)
    seen = look(seat)
    assert (seen.lost, seen.gained, seen.moves[0].sitting_id) == (1, 0, loses.sitting_id)
    assert seen.moves[0].label == "Candidate 1"
    assert seen.moves[0].form == form.code


def test_simulated_sittings_are_regraded_but_are_nobody(exam, form):
    seat = a_seat(form)
    result = passing(exam, form)
    result.sitting.simulated = True
    result.sitting.save()
    seen = look(seat)
    assert (seen.lost, seen.results, seen.simulated, len(seen.moves)) == (0, 0, 1, 1)
    act(seat, losing_reason="")
    assert not current(result).passed


@pytest.mark.parametrize(("people", "forms"), [(1, 1), (4, 3)])
def test_a_preview_takes_a_constant_number_of_statements(exam, form, people, forms, django_assert_num_queries):
    seat = a_seat(form)
    papers = [again(form) for _ in range(forms)]
    for paper in papers:
        for right in range(people):
            sat(UserFactory(), exam, form=paper, right=30 + right)
    with django_assert_num_queries(14):
        seen = look(seat, Regrade.Act.REMOVED)
    assert (seen.results, len(seen.forms)) == (people * forms, forms + standing_on(seat))


def standing_on(seat):
    """Forms of the pool on which the question counts."""
    return Seat.objects.filter(revision=seat.revision_id, scored=True, form__number__lte=2).count()


# ---- passes ------------------------------------------------------------------------------------------------------


def test_nobody_loses_a_pass_without_a_reason(exam, form):
    loses = passing(exam, form)
    seat = a_seat(form)
    with pytest.raises(regrading.CannotRegrade, match="why it is right that one person loses a pass"):
        act(seat, losing_reason=" ")
    assert current(loses).version == 1
    assert not Regrade.objects.exists()
    assert ScoreTable.objects.filter(form=form).count() == 1
    regrade = act(seat)
    assert not current(loses).passed
    assert (regrade.losing_reason, regrade.summary["lost"], regrade.summary["gained"]) == (LOSING, 1, 0)


def test_a_pass_can_be_gained(exam, form):
    fails = passing(exam, form, short=1)
    seat = a_seat(form, -1 + form.seats.filter(kind="multiple_choice", scored=True).count())
    assert right_before(seat) >= fails.raw
    regrade = act(seat, losing_reason="")
    assert current(fails).passed
    assert (regrade.summary["gained"], regrade.summary["lost"], regrade.losing_reason) == (1, 0, "")


# ---- taking back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Regrade.Act.values)
@pytest.mark.parametrize("reference", [True, False])
def test_taking_back_restores_exactly_what_was(exam, kind, reference):
    form = Form.objects.filter(exam=exam, reference=reference)[0]
    results = [sat(UserFactory(), exam, form=form, right=right) for right in (0, 31, 33, 50)]
    before = [figures(result) for result in results]
    first = bank.current_table(form)
    regrade = act(a_seat(form), kind)
    assert [figures(current(result)) for result in results] != before
    by = UserFactory()
    regrade = take_back(regrade, by)
    assert [figures(current(result)) for result in results] == before
    assert {current(result).version for result in results} == {3}
    table = bank.current_table(form)
    assert (table.version, table.removed, table.keys, rows(table)) == (3, [], {}, rows(first))
    assert (table.minimum_passing_raw, table.expected_at_cut) == (first.minimum_passing_raw, first.expected_at_cut)
    assert (regrade.reverted_by, regrade.revert_reason) == (by, "The ticket was about another question.")
    assert regrade.tables.filter(form=form).count() == 2


def test_two_regrades_of_one_form_and_the_first_taken_back(exam, form):
    one, two = a_seat(form, 1), a_seat(form, 2)
    result = sat(UserFactory(), exam, form=form, right=50)
    removed = act(one, Regrade.Act.REMOVED)
    act(two)
    table = bank.current_table(form)
    assert (table.removed, list(table.keys)) == ([one.number], [str(two.number)])
    assert (current(result).raw, current(result).maximum_raw) == (48, 49)
    take_back(removed)
    table = bank.current_table(form)
    assert (table.version, table.removed, list(table.keys)) == (4, [], [str(two.number)])
    assert (current(result).raw, current(result).maximum_raw, current(result).version) == (49, 50, 4)


def test_a_question_can_be_regraded_again_once_that_is_taken_back(exam, form):
    seat = a_seat(form)
    take_back(act(seat))
    act(seat, Regrade.Act.REMOVED)
    assert bank.current_table(form).removed == [seat.number]
    assert Regrade.objects.count() == 2


def test_a_regrade_is_taken_back_once(exam, form):
    regrade = act(a_seat(form))
    take_back(regrade)
    with pytest.raises(regrading.CannotRegrade, match="taken back already"):
        take_back(regrade)
    assert bank.current_table(form).version == 3


def test_taking_back_needs_a_reason(exam, form):
    regrade = act(a_seat(form))
    with pytest.raises(regrading.CannotRegrade, match="why the regrade is taken back"):
        regrading.revert(regrade=regrade, reason="oops", by=UserFactory(), now=timezone.now())
    regrade.refresh_from_db()
    assert regrade.reverted_at is None
    assert bank.current_table(form).version == 2


# ---- forms made later --------------------------------------------------------------------------------------------


def again(form):
    """Another form with the same questions."""
    draft = Draft(
        scored=tuple(form.seats.filter(scored=True).values_list("revision", flat=True)),
        unscored=tuple(form.seats.filter(scored=False).values_list("revision", flat=True)),
    )
    return freezing.freeze(exam=form.exam, draft=draft, seed=5)


@pytest.mark.parametrize("kind", Regrade.Act.values)
def test_a_form_made_later_carries_the_regrade_before_anybody_is_scored_on_it(exam, form, kind):
    seat = a_seat(form)
    regrade = act(seat, kind)
    later = again(form)
    there = Seat.objects.get(form=later, revision=seat.revision_id)
    result = sat(UserFactory(), exam, form=later, right=50)
    if kind == Regrade.Act.KEY:
        assert (result.raw, result.table.keys) == (49, {str(there.number): [wrong_key(seat)]})
    else:
        assert (result.raw, result.maximum_raw, result.table.removed) == (49, 49, [there.number])
    assert result.table in regrade.tables.all()
    sat(UserFactory(), exam, form=later, right=50)
    assert later.tables.count() == 2
    take_back(regrade)
    assert (current(result).raw, current(result).maximum_raw) == (50, 50)


def test_a_regrade_that_was_taken_back_is_not_carried_on(exam, form):
    take_back(act(a_seat(form)))
    later = again(form)
    assert sat(UserFactory(), exam, form=later, right=50).raw == 50
    assert later.tables.count() == 1
