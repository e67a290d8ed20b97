"""What a bank lacks: exact on banks that can be counted by hand, and nothing where the forms can be made."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest

from psychometrics.assembly import Blueprint, Candidate, Draft, Share, assemble_forms, assemble_reference, target_of
from psychometrics.assembly.cells import BANDS, Cell, band_of, cell_of, cells_of, even_share, spread_of, tally
from psychometrics.assembly.gaps import gap_of, helpful_cells, needs, open_bank, plan_of
from psychometrics.assembly.synthetic import synthetic_bank

# Four seats, three scored: 2 + 1 by domain, and one unscored in the first. Tasks 0 and 1, then 2.
SMALL = Blueprint(
    questions=4,
    scored=3,
    weights=(2, 1),
    tasks=(0, 0, 1),
    shares={"choice": Share((2, 4), (1, 3)), "matching": Share((0, 2), (0, 1))},
)
CASES = Blueprint(
    questions=4,
    scored=4,
    weights=(1,),
    tasks=(0,),
    shares={"choice": Share((2, 2), (2, 2)), "case_study": Share((2, 2), (2, 2))},
)


def one(number, task, kind="choice", rating=7_000, **more):
    chance = rating / 10_000
    return Candidate(number, task, kind, True, rating, 1.0, math.log(chance / (1 - chance)), **more)


def bank(*tasks, **more):
    """A question in each of the tasks, with ids from 1."""
    return [one(number, task, **more) for number, task in enumerate(tasks, 1)]


def missing(questions, blueprint=SMALL, forms=1, target=None):
    gap = gap_of(open_bank(questions, blueprint, target), forms)
    assert gap.exact
    return gap.missing


# ---- counted by hand --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tasks", "forms", "expected"),
    [
        ((), 1, 4),
        ((), 3, 12),
        ((0, 0, 1, 2), 1, 0),
        ((0, 0, 0, 2), 1, 1),  # no question of task 1
        ((0, 1, 1, 1, 1, 1, 2), 2, 2),  # task 0 and task 2 once each, the seats of domain 1 are there
        ((0, 0, 1, 1, 2, 2), 2, 2),  # an unscored seat of the first domain on either form
        ((2, 2, 2, 2), 1, 3),  # one domain does not stand in for another
    ],
)
def test_domains_and_tasks_are_counted_exactly(tasks, forms, expected):
    assert missing(bank(*tasks), forms=forms) == expected


def test_kinds_are_counted_exactly():
    matching = bank(0, 1, 0, 2, kind="matching")
    assert missing(matching) == 2  # two may be matching, one of them scored, and two must be choice
    assert missing([*matching, one(9, 0)]) == 1
    assert missing([*matching, one(9, 0), one(10, 2)]) == 0


def test_pretest_questions_fill_unscored_seats_only():
    pretest = [replace(each, scorable=False) for each in bank(0, 0, 1, 2)]
    assert missing(pretest) == 3
    assert missing([*bank(0, 1, 2), replace(one(4, 1), scorable=False)]) == 0


def test_enemies_keep_one_form_from_both_and_two_forms_from_nothing():
    hostile = bank(0, 0, 1, 2)
    hostile[0] = replace(hostile[0], enemies=frozenset({2}))
    assert missing(hostile) == 1
    twice = [*hostile, *(replace(each, id=each.id + 4, enemies=frozenset()) for each in hostile)]
    assert missing(twice, forms=2) == 0


def test_case_studies_are_missing_as_a_whole():
    assert missing(bank(0, 0), CASES) == 2
    with_case = [*bank(0, 0), one(8, 0, "case_study", scenario=1), one(9, 0, "case_study", scenario=1)]
    assert missing(with_case, CASES) == 0
    assert missing(with_case, CASES, forms=2) == 4
    lines = plan_of(open_bank(bank(0, 0), CASES, None), gap_of(open_bank(bank(0, 0), CASES, None), 1), {})
    assert [(line.cell.kind, line.questions) for line in lines] == [("case_study", 2)]


def test_difficulty_counts_where_the_cut_asks_for_it():
    easy = bank(0, 0, 1, 2, 0, 1, 2, 0, rating=9_000)
    assert missing(easy, forms=1) == 0
    # Three scored questions of 0.9 expect 2.7 points; the reference form passes from 2.
    reference = bank(0, 1, 2, rating=6_000)
    target = replace(target_of_small(reference), minimum_passing_raw=2)
    assert missing(easy, forms=1, target=target) > 0
    told = open_bank(easy, SMALL, target)
    lines = plan_of(told, gap_of(told, 1), {})
    assert "easy" not in {BANDS[line.cell.band] for line in lines if not line.pretest}


def target_of_small(reference):
    return target_of(Draft(tuple(each.id for each in reference), ()), reference)


def test_what_nothing_can_mend_is_said():
    target = replace(target_of_small(bank(0, 1, 2)), minimum_passing_raw=30)
    gap = gap_of(open_bank(bank(0, 1, 2), SMALL, target), 1)
    assert gap.missing is None
    assert plan_of(open_bank([], SMALL, target), gap, {}) == []


# ---- plans and what helps ---------------------------------------------------------------------------------------


def test_the_plan_is_as_long_as_the_gap_and_closes_it():
    questions = bank(0, 0, 0, 2)
    told = open_bank(questions, SMALL, None)
    gap = gap_of(told, 2)
    lines = plan_of(told, gap, needs(SMALL, 2, (0, 1, 0)))
    assert sum(line.questions for line in lines) == gap.missing == 4
    cells = [line.cell for line in lines for _ in range(line.questions)]
    more = [one(number, cell.task, cell.kind) for number, cell in enumerate(cells, 100)]
    assert missing([*questions, *more], forms=2) == 0


def test_a_cell_helps_exactly_when_one_more_question_there_brings_the_gap_nearer():
    questions = [*bank(0, 0, 0, 2), one(7, 2, "matching"), one(8, 0, "matching")]
    told = open_bank(questions, SMALL, None)
    gap = gap_of(told, 2)
    helps, complete = helpful_cells(told, gap)
    assert complete
    for cell in cells_of(SMALL):
        nearer = missing([*questions, one(50, cell.task, cell.kind)], forms=2) < gap.missing
        assert (cell in helps) == nearer, cell
    assert helps
    assert len(helps) < len(list(cells_of(SMALL)))


def test_a_plan_prefers_the_cells_that_are_wanted():
    told = open_bank(bank(0, 1, 2), SMALL, None)
    gap = gap_of(told, 1)
    wanted = Cell(1, "matching", 0)
    assert [line.cell for line in plan_of(told, gap, {wanted: 1})] == [wanted]


def test_without_a_gap_there_is_nothing_to_write():
    told = open_bank(bank(0, 0, 1, 2), SMALL, None)
    gap = gap_of(told, 1)
    assert plan_of(told, gap, {}) == []
    assert helpful_cells(told, gap) == (set(), True)


# ---- what the model promises of assembly ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_forms_that_can_be_made_lack_nothing(mla, seed):
    questions = synthetic_bank(300, mla, seed)
    target = target_of(assemble_reference(questions, mla).drafts[0], questions)
    told = open_bank(questions, mla, target)
    for forms in (1, 3):
        assemble_forms(questions, mla, target, forms=forms, disjoint=True)  # or it would raise
        assert gap_of(told, forms).missing == 0
    gaps = [gap_of(told, forms).missing or 0 for forms in (4, 5, 6)]
    assert gaps == sorted(gaps)
    assert gaps[-1] >= 6 * 65 - len(questions)


def test_needs_are_exact_by_domain_and_inside_the_shares(mla):
    for forms in (1, 4):
        needed = needs(mla, forms, (0.3, 0.4, 0.3))
        domains, kinds = Counter[int](), Counter[str]()
        for cell, count in needed.items():
            domains[mla.tasks[cell.task]] += count
            kinds[cell.kind] += count
        assert [domains[index] for index in range(4)] == [count * forms for count in (18, 17, 14, 16)]
        for kind, share in mla.shares.items():
            assert share.form[0] * forms <= kinds[kind] <= share.form[1] * forms


def test_needs_follow_the_spread(mla):
    bands = Counter[int]()
    for cell, count in needs(mla, 4, (0.5, 0.5, 0.0)).items():
        bands[cell.band] += count
    assert bands[2] < 20
    assert abs(bands[0] - bands[1]) < 40
    assert math.isclose(sum(even_share(mla, (0.5, 0.5, 0.0)).values()), 65)


# ---- cells ------------------------------------------------------------------------------------------------------


def test_bands_begin_where_they_say():
    assert [band_of(chance) for chance in (0.1, 0.649, 0.65, 0.749, 0.75, 0.99)] == [0, 0, 1, 1, 2, 2]


def test_questions_are_counted_where_they_stand():
    questions = [*bank(0, 0, 1, rating=8_000), one(9, 2, "matching", 5_000)]
    assert tally(questions) == {Cell(0, "choice", 2): 2, Cell(1, "choice", 2): 1, Cell(2, "matching", 0): 1}
    assert cell_of(questions[-1]) == Cell(2, "matching", 0)
    assert spread_of(questions) == (0.25, 0.0, 0.75)
    assert spread_of([]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
