from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics import equating, irt
from psychometrics.equating.frequencies import Continuous

# The five-score forms of Kolen & Brennan (2014), chapter 2, as counts of ten persons each.
SMALL_X, SMALL_Y = [2, 3, 2, 2, 1], [1, 2, 2, 3, 2]


def frequencies(smallest: int = 0) -> st.SearchStrategy[list[int]]:
    counts = st.lists(st.integers(smallest, 500), min_size=2, max_size=30)
    return counts.filter(lambda given: sum(count > 0 for count in given) > 1)


def moments(counts: list[int], scores: irt.FloatArray) -> tuple[float, float]:
    expanded = np.repeat(scores, counts)
    return float(expanded.mean()), float(expanded.std())


def test_equipercentile_equates_the_forms_of_kolen_and_brennan() -> None:
    assert equating.equipercentile(SMALL_X, SMALL_Y) == pytest.approx([0.5, 1.75, 2.8333, 3.5, 4.25], abs=5e-5)


def test_mean_and_linear_equate_the_forms_of_kolen_and_brennan() -> None:
    raw, mean_x, mean_y = np.arange(5), 1.7, 2.3
    assert equating.mean(SMALL_X, SMALL_Y) == pytest.approx(raw + 0.6)
    ratio = np.sqrt((6.9 - 2.3**2) / (4.5 - 1.7**2))
    assert equating.linear(SMALL_X, SMALL_Y) == pytest.approx(ratio * (raw - mean_x) + mean_y)


@given(counts=frequencies(smallest=1), times=st.integers(1, 9))
def test_a_form_is_equated_to_itself_by_the_identity(counts: list[int], times: int) -> None:
    raw, more = np.arange(len(counts)), np.multiply(times, counts)
    assert equating.equipercentile(counts, more).tolist() == raw.tolist()
    assert equating.linear(counts, more) == pytest.approx(raw)
    assert equating.mean(counts, more) == pytest.approx(raw)


@given(counts=frequencies(smallest=1), by=st.integers(1, 9))
def test_a_form_that_is_easier_by_k_points_is_worth_k_more(counts: list[int], by: int) -> None:
    raw, shifted = np.arange(len(counts)), [0] * by + counts
    assert equating.equipercentile(counts, shifted).tolist() == (raw + by).tolist()
    assert equating.linear(counts, shifted) == pytest.approx(raw + by)
    assert equating.mean(counts, shifted) == pytest.approx(raw + by)


@given(x=frequencies(), y=frequencies())
def test_linear_gives_the_equated_scores_the_mean_and_spread_of_y(x: list[int], y: list[int]) -> None:
    there = equating.linear(x, y)
    assert moments(x, there) == pytest.approx(moments(y, np.arange(float(len(y)))))
    assert moments(x, equating.mean(x, y))[0] == pytest.approx(moments(y, np.arange(float(len(y))))[0])


@given(x=frequencies(), y=frequencies())
def test_linear_equating_is_undone_by_the_way_back(x: list[int], y: list[int]) -> None:
    there, back = equating.linear(x, y), equating.linear(y, x)
    assert back[0] + (back[1] - back[0]) * there == pytest.approx(np.arange(len(x)), abs=1e-8)


@given(x=frequencies(smallest=1), y=frequencies(smallest=1), share=st.fractions(0, 1))
def test_equal_percentile_ranks_are_undone_by_the_way_back(x: list[int], y: list[int], share: Fraction) -> None:
    on_x, on_y = (Continuous.of(np.array(counts, dtype=np.float64)) for counts in (x, y))
    score = share * len(x) - Fraction(1, 2)
    assert on_x.score(on_y.rank(on_y.score(on_x.rank(score)))) == score


@given(x=frequencies(smallest=1), y=frequencies(smallest=1))
def test_equipercentile_agrees_with_interpolation_between_cell_edges(x: list[int], y: list[int]) -> None:
    ranks = (np.cumsum(x) - np.array(x) / 2) / sum(x)
    edges = np.concatenate([[0], np.cumsum(y)]) / sum(y)
    assert equating.equipercentile(x, y) == pytest.approx(np.interp(ranks, edges, np.arange(len(y) + 1) - 0.5))


@given(x=frequencies(), y=frequencies())
def test_equipercentile_never_falls_and_stays_within_half_a_point_of_y(x: list[int], y: list[int]) -> None:
    there = equating.equipercentile(x, y)
    assert there.shape == (len(x),)
    assert np.all(np.diff(there) >= 0)
    assert there.min() >= -0.5
    assert there.max() <= len(y) - 0.5


def test_scores_nobody_has_stand_for_the_middle_of_their_stretch() -> None:
    assert equating.equipercentile([1, 0, 0, 1], [1, 0, 0, 1]).tolist() == [0.0, 1.5, 1.5, 3.0]
    assert equating.equipercentile([1, 1, 0, 0], [1, 0, 0, 1]).tolist() == [0.0, 3.0, 3.5, 3.5]
    assert equating.equipercentile([0, 1, 1], [0, 0, 0, 1, 1]).tolist() == [1.0, 3.0, 4.0]


def test_a_rank_meets_a_gap_whatever_the_sizes_of_the_groups() -> None:
    assert equating.equipercentile([1, 2, 0, 7], [3, 6, 0, 0, 21])[2] == 2.5


def test_smoothing_equates_the_fitted_distributions() -> None:
    x, y = [3, 9, 4, 12, 7, 5, 1], [1, 2, 8, 5, 13, 6, 4]
    fits = equating.equipercentile(equating.loglinear(x, 3).fitted, equating.loglinear(y, 2).fitted)
    assert equating.equipercentile(x, y, smooth=(3, 2)).tolist() == fits.tolist()
    both = equating.equipercentile(x, y, smooth=(2, 2))
    assert equating.equipercentile(x, y, smooth=2).tolist() == both.tolist()


@pytest.mark.parametrize("equate", [equating.mean, equating.linear, equating.equipercentile])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([0, 0, 0], "nobody has a score on form"),
        ([1, -1, 3], "negative or not a number"),
        ([1, float("nan"), 3], "negative or not a number"),
        ([1, float("inf"), 3], "negative or not a number"),
        ([4], "at least two scores"),
        ([[1, 2], [3, 4]], "at least two scores"),
        ([0, 1, 0], "one person only|are the same"),
    ],
)
def test_what_are_no_frequencies_is_refused_on_either_side(equate, bad, message) -> None:
    with pytest.raises(equating.BadScores, match=message):
        equate(bad, [1, 2, 3])
    with pytest.raises(equating.BadScores, match=message):
        equate([1, 2, 3], bad)


@pytest.mark.parametrize("equate", [equating.linear, equating.equipercentile])
def test_a_form_on_which_all_score_the_same_has_no_spread_to_match(equate) -> None:
    with pytest.raises(equating.BadScores, match="all scores on form Y are the same"):
        equate([1, 2, 3], [0, 7, 0])


def test_mean_equating_needs_no_spread() -> None:
    assert equating.mean([0, 7, 0], [0, 0, 5]).tolist() == [1.0, 2.0, 3.0]
