"""What a blueprint asks of any bank, and what a bank lacks for it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics.assembly import Blueprint, Bounds, Candidate, Conflict, Share, bounds, conflicts, lacking

ENDS = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda pair: (min(pair), max(pair)))
SHARES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.builds(Share, form=ENDS, scored=ENDS), min_size=1)


def by_hand(blueprint: Blueprint) -> list[tuple[dict[str, int], dict[str, int]]]:
    """Every way to give the kinds scored and unscored seats."""
    found = []
    kinds = blueprint.kinds
    for scored in itertools.product(*(range(s.scored[0], s.scored[1] + 1) for s in blueprint.shares.values())):
        if sum(scored) != blueprint.scored:
            continue
        found += [
            (dict(zip(kinds, form, strict=True)), dict(zip(kinds, scored, strict=True)))
            for form in itertools.product(*(range(s.form[0], s.form[1] + 1) for s in blueprint.shares.values()))
            if sum(form) == blueprint.questions and all(n <= m for n, m in zip(scored, form, strict=True))
        ]
    return found


@settings(max_examples=60)
@given(st.integers(2, 8), st.integers(0, 4), SHARES)
def test_a_conflict_is_found_exactly_when_no_mix_of_kinds_exists(scored, unscored, shares):
    try:
        blueprint = Blueprint(scored + unscored, scored, (60, 40), (0, 1), shares)
    except ValueError:
        return
    ways = by_hand(blueprint)
    assert (conflicts(blueprint) == []) == bool(ways)
    known = bounds(blueprint)
    for form, within in ways:
        for kind, box in known.items():
            assert box.form[0] <= form[kind] <= box.form[1]
            assert box.scored[0] <= within[kind] <= box.scored[1]
            assert box.unscored[0] <= form[kind] - within[kind] <= box.unscored[1]


def test_a_conflict_names_the_end_that_would_have_to_give_way():
    shares = {"a": Share((0, 2), (0, 5)), "b": Share((3, 8), (0, 3))}
    assert conflicts(Blueprint(10, 8, (50, 50), (0, 1), shares)) == [Conflict("a", scored=False, low=False, amount=3)]


def test_the_ends_of_a_share_are_fitted_to_the_others():
    shares = {"a": Share((0, 10), (0, 10)), "b": Share((2, 3), (1, 2))}
    known = bounds(Blueprint(10, 8, (100,), (0,), shares))
    assert known == {
        "a": Bounds(form=(7, 8), scored=(6, 7), unscored=(0, 2)),
        "b": Bounds(form=(2, 3), scored=(1, 2), unscored=(0, 2)),
    }


@pytest.fixture
def small() -> tuple[Blueprint, list[Candidate]]:
    blueprint = Blueprint(4, 3, (60, 40), (0, 0, 1), {"a": Share((3, 4), (2, 3)), "b": Share((0, 1), (0, 1))})
    return blueprint, [Candidate(n, task, "a", True, 7000, 1.0, 1.0) for n, task in enumerate((0, 0, 1, 2), 1)]


def test_a_bank_that_suffices_lacks_nothing(small):
    blueprint, bank = small
    assert lacking(bank, blueprint) == []


def test_what_is_lacking_is_counted(small):
    blueprint, bank = small
    assert "domain D1, task 1.2, any kind: 1 scored needed, 0 available" in lacking([*bank[:2], bank[3]], blueprint)
    assert len(lacking([], blueprint)) > 3


def test_what_is_lacking_only_jointly_becomes_questions_to_write(small):
    blueprint, bank = small
    bank = [*bank[:3], replace(bank[3], scorable=False), Candidate(9, 0, "b", True, 7000, 1.0, 1.0)]
    assert any("domain D2" in line for line in lacking(bank, blueprint))
