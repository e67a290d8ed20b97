"""A frozen form: counts, orders that give nothing away, and a table that decides every score."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from exams.models import Form, ScoreTable, Seat
from exams.services import bank, pool
from questions.models import Standing
from tests.factories import key_of


@pytest.fixture
def forms(exam) -> list[Form]:
    return list(Form.objects.filter(exam=exam).order_by("number"))


def test_a_form_has_exactly_the_exams_counts(forms):
    for form in forms:
        seats = form.seats.select_related("task__domain")
        total = Counter(seat.task.domain.code for seat in seats)
        scored = Counter(seat.task.domain.code for seat in seats if seat.scored)
        assert total == {"D1": 18, "D2": 17, "D3": 14, "D4": 16}
        assert scored == {"D1": 14, "D2": 13, "D3": 11, "D4": 12}
        assert [seat.number for seat in seats] == list(range(1, 66))


def test_key_positions_are_balanced_in_multiple_choice(forms):
    for form in forms:
        places = Counter(seat.tokens.index(key_of(seat)[0]) for seat in form.seats.filter(kind="multiple_choice"))
        assert max(places.values()) - min(places.values()) <= 1
        assert set(places) == {0, 1, 2, 3}


def test_an_ordering_never_starts_solved(forms):
    for form in forms:
        for seat in form.seats.filter(kind="ordering"):
            shown = [token for token in seat.tokens if token in key_of(seat)]
            assert tuple(shown) != key_of(seat)


def test_tokens_are_opaque_and_differ_between_forms(forms):
    first, second = (
        {token for tokens in form.seats.values_list("tokens", flat=True) for token in tokens} for form in forms[:2]
    )
    assert len(first & second) < 5  # each has some 300 of 17 million: two alike happen once in 200 pairs of forms
    assert all(len(token) == 5 for token in first)


def test_a_case_study_stands_together(forms):
    for form in forms:
        seats = form.seats.exclude(revision__scenario_revision=None).select_related("revision")
        by_scenario: dict[int, list[Seat]] = {}
        for seat in seats:
            by_scenario.setdefault(seat.revision.scenario_revision_id, []).append(seat)
        assert by_scenario
        for members in by_scenario.values():
            numbers = sorted(seat.number for seat in members)
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert len({seat.scored for seat in members}) == 1


def test_the_reference_forms_cut_is_its_exact_rating_sum(forms):
    reference = forms[0]
    assert reference.reference
    scored = reference.seats.filter(scored=True).values("revision")
    standings = Standing.objects.filter(revision__in=scored, exam=reference.exam)
    cut = bank.current_table(reference).reference_cut
    assert cut == sum((row.rating or Decimal(0) for row in standings), Decimal(0))
    assert Decimal("0.35") <= cut % 1 <= Decimal("0.65")


def test_the_reference_form_is_equated_to_itself(forms):
    rows = bank.current_table(forms[0]).rows.all()
    assert [row.equated for row in rows] == [Decimal(raw) for raw in range(51)]


def test_every_table_runs_from_100_to_1000_and_passes_at_720(forms):
    for form in forms:
        table = bank.current_table(form)
        rows = list(table.rows.order_by("raw"))
        assert (rows[0].scaled, rows[-1].scaled) == (100, 1000)
        assert [row.scaled for row in rows] == sorted(row.scaled for row in rows)
        for row in rows:
            assert row.passed == (row.raw >= table.minimum_passing_raw) == (row.scaled >= 720)


def test_parallel_forms_pass_at_the_same_raw_score(forms):
    assert len({bank.current_table(form).minimum_passing_raw for form in forms}) == 1


def test_anchors_tie_the_pool_together(forms):
    scored = {form.pk: set(form.seats.filter(scored=True).values_list("revision", flat=True)) for form in forms}
    for form in forms[1:]:
        unscored = set(form.seats.filter(scored=False).values_list("revision", flat=True))
        others = set().union(*(questions for pk, questions in scored.items() if pk != form.pk))
        assert len(unscored & others) >= 6


def test_the_same_seed_gives_the_same_paper(exam):
    one, other = (pool.plan(exam=exam, forms=1, seed=5, disjoint=False) for _ in range(2))
    assert one.drafts == other.drafts


def test_a_form_is_made_in_a_constant_number_of_statements(exam, django_assert_max_num_queries):
    with django_assert_max_num_queries(60):
        pool.assemble(exam=exam, forms=1, seed=9)


def test_a_provisional_table_says_so(forms):
    assert all(table.provisional for table in ScoreTable.objects.all())
