import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from psychometrics import standard
from psychometrics.standard import BadRatings

NAN = math.nan
RATINGS = np.array([[0.60, 0.70, 0.80], [0.50, 0.70, 0.75], [0.70, 0.85, 0.90], [0.55, 0.60, 0.85]])
TABLES = st.integers(2, 6).flatmap(
    lambda items: st.lists(
        st.lists(st.integers(25, 97).map(lambda hundredths: hundredths / 100), min_size=items, max_size=items),
        min_size=2,
        max_size=6,
    )
)


def known(value: float | None) -> float:
    assert value is not None
    return value


def panel(seed: int, judges: int, items: int, judge_sd: float = 0.06, residual_sd: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    means = rng.uniform(0.5, 0.7, items)
    leniency, rest = rng.normal(0, judge_sd, (judges, 1)), rng.normal(0, residual_sd, (judges, items))
    ratings: np.ndarray = (means + leniency + rest).clip(0, 1)
    return ratings


def test_the_standard_is_the_sum_of_the_mean_ratings() -> None:
    found = standard.summarise(RATINGS)
    assert found.cut == pytest.approx(RATINGS.mean(axis=0).sum())
    assert [item.mean for item in found.items] == pytest.approx([0.5875, 0.7125, 0.825])
    assert [item.sd for item in found.items] == pytest.approx(RATINGS.std(axis=0, ddof=1))
    assert [item.judges for item in found.items] == [4, 4, 4]


def test_complete_ratings_have_the_error_of_a_mean_of_sums() -> None:
    found = standard.summarise(RATINGS)
    totals = [2.1, 1.95, 2.45, 2.0]
    assert [judge.total for judge in found.judges] == pytest.approx(totals)
    assert found.totals_sd == pytest.approx(np.std(totals, ddof=1))
    assert found.se == pytest.approx(np.std(totals, ddof=1) / 2)
    assert (found.complete, found.connected) == (True, True)


def test_leniency_is_the_distance_from_the_mean_judge() -> None:
    found = standard.summarise(RATINGS)
    assert [judge.leniency for judge in found.judges] == pytest.approx(RATINGS.mean(axis=1) - RATINGS.mean())
    assert [judge.mean for judge in found.judges] == pytest.approx(RATINGS.mean(axis=1))
    assert [judge.sd for judge in found.judges] == pytest.approx(RATINGS.std(axis=1, ddof=1))


def test_components_of_complete_ratings_are_those_of_the_analysis_of_variance() -> None:
    found = standard.summarise(RATINGS)
    judges, items = RATINGS.shape
    effects = RATINGS - RATINGS.mean(axis=0) - RATINGS.mean(axis=1, keepdims=True) + RATINGS.mean()
    residual = (effects**2).sum() / ((judges - 1) * (items - 1))
    between = items * RATINGS.mean(axis=1).var(ddof=1)
    assert found.residual_variance == pytest.approx(residual)
    assert found.judge_variance == pytest.approx((between - residual) / items)
    assert found.se == pytest.approx(
        math.sqrt((items**2 * known(found.judge_variance) + items * known(found.residual_variance)) / judges)
    )


@given(table=TABLES)
def test_any_complete_table_has_an_error_and_one_without_a_judge_less_too(table: list[list[float]]) -> None:
    ratings = np.array(table)
    found = standard.summarise(ratings)
    assert found.se == pytest.approx(ratings.sum(axis=1).std(ddof=1) / math.sqrt(len(ratings)), abs=1e-12)
    silent = standard.summarise(np.vstack([ratings, np.full(ratings.shape[1], NAN)]))
    assert (silent.cut, silent.se, silent.complete) == (found.cut, found.se, True)
    assert silent.judges[-1] == standard.Judge(0, None, None, None, None, None)
    assert standard.summarise(ratings[::-1]).cut == pytest.approx(found.cut)


def test_a_judge_who_left_out_one_item_hardly_moves_the_error() -> None:
    ratings = panel(1, 8, 50)
    whole = standard.summarise(ratings)
    ratings[3, 7] = NAN
    found = standard.summarise(ratings)
    assert not found.complete
    assert found.judges[3].total is None
    assert found.judges[3].items == 49
    assert found.se == pytest.approx(whole.se, rel=0.02)


def test_the_error_of_incomplete_ratings_is_the_spread_over_many_panels() -> None:
    rng = np.random.default_rng(8)
    items, judges, panels = 20, 9, 1500
    means = rng.uniform(0.5, 0.7, items)
    missing = np.array([(np.arange(items) + 5 * judge) % items < 10 for judge in range(judges)])
    cuts, squares, between, residual = [], [], [], []
    for _ in range(panels):
        ratings = means + rng.normal(0, 0.05, (judges, 1)) + rng.normal(0, 0.04, (judges, items))
        found = standard.summarise(np.where(missing, NAN, ratings.clip(0, 1)))
        cuts.append(found.cut)
        squares.append(known(found.se) ** 2)
        between.append(known(found.judge_variance))
        residual.append(known(found.residual_variance))
    assert np.mean(squares) == pytest.approx(np.var(cuts), rel=0.08)
    assert np.mean(cuts) == pytest.approx(means.sum(), abs=0.03)
    assert np.mean(between) == pytest.approx(0.05**2, rel=0.05)
    assert np.mean(residual) == pytest.approx(0.04**2, rel=0.02)


def test_leniency_compares_judges_on_the_same_items() -> None:
    # The lenient judge saw only hard items, so the mean alone would call this judge severe.
    lenient, hard, easy = np.array([0.1, -0.06, -0.04]), 0.4, 0.8
    items = np.array([hard, hard, hard, easy, easy, easy])
    ratings = items + lenient[:, np.newaxis]
    ratings[0, 3:] = NAN
    ratings[1, 0] = NAN
    found = standard.summarise(ratings)
    assert [judge.leniency for judge in found.judges] == pytest.approx(lenient)
    assert known(found.judges[0].mean) < known(found.judges[1].mean)
    assert found.residual_variance == pytest.approx(0, abs=1e-12)


def test_panels_that_share_no_item_are_not_connected_but_have_an_error() -> None:
    ratings = np.full((4, 8), NAN)
    ratings[:2, :4], ratings[2:, 4:] = panel(2, 2, 4), panel(3, 2, 4)
    found = standard.summarise(ratings)
    assert not found.connected
    assert found.se is not None
    assert found.judges[0].leniency == pytest.approx(-known(found.judges[1].leniency))
    assert found.judges[2].leniency == pytest.approx(-known(found.judges[3].leniency))


@pytest.mark.parametrize(
    "ratings",
    [
        [[0.6, 0.7]],
        [[0.6, NAN], [NAN, 0.7]],
        [[0.6, 0.7, NAN], [NAN, 0.75, 0.8]],
    ],
)
def test_ratings_that_cannot_show_an_error_have_none(ratings: list[list[float]]) -> None:
    found = standard.summarise(ratings)
    assert (found.se, found.judge_variance, found.residual_variance) == (None, None, None)
    assert found.cut == pytest.approx(float(np.nanmean(ratings, axis=0).sum()))


def test_only_scored_items_enter_the_standard() -> None:
    found = standard.summarise(np.hstack([np.full((4, 1), NAN), RATINGS, RATINGS]), scored=[1, 2, 3])
    alone = standard.summarise(RATINGS)
    assert (found.cut, found.se, found.judges) == (alone.cut, alone.se, alone.judges)
    assert found.items[0] == standard.RatedItem(None, None, 0)
    assert found.items[4:] == alone.items


def test_correlations_are_pearsons_over_the_calibrated_items() -> None:
    ratings, difficulty = panel(4, 3, 12), np.linspace(1, -1, 12)
    ratings[0, 2] = difficulty[5] = NAN
    found = standard.summarise(ratings, difficulty=difficulty)
    calibrated = np.arange(12) != 5
    means = np.nanmean(ratings, axis=0)
    assert found.correlation == pytest.approx(np.corrcoef(means[calibrated], difficulty[calibrated])[0, 1])
    both = calibrated & (np.arange(12) != 2)
    assert found.judges[0].correlation == pytest.approx(np.corrcoef(ratings[0, both], difficulty[both])[0, 1])


@pytest.mark.parametrize("difficulty", [None, [NAN, 0.0, 1.0], [0.3, 0.3, 0.3]])
def test_too_few_or_equal_difficulties_have_no_correlation(difficulty: list[float] | None) -> None:
    assert standard.summarise(RATINGS, difficulty=difficulty).correlation is None


def test_a_judge_who_rates_everything_alike_has_no_correlation() -> None:
    found = standard.summarise([[0.7] * 3, [0.5, 0.6, 0.7]], difficulty=[1.0, 0.5, 0.0])
    assert [judge.correlation for judge in found.judges] == [None, pytest.approx(-1)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ratings": [0.5, 0.6]}, "judges × items"),
        ({"ratings": np.zeros((0, 3))}, "judges × items"),
        ({"ratings": [[0.5, 1.2]]}, "between 0 and 1"),
        ({"ratings": [[0.5, -0.1]]}, "between 0 and 1"),
        ({"ratings": [[0.5, NAN]]}, "has no rating"),
        ({"ratings": [[0.5, 0.6]], "scored": []}, "not empty"),
        ({"ratings": [[0.5, 0.6]], "scored": [0.5]}, "list of indices"),
        ({"ratings": [[0.5, 0.6]], "scored": [0, 2]}, "not among the rated"),
        ({"ratings": [[0.5, 0.6]], "scored": [-1]}, "not among the rated"),
        ({"ratings": [[0.5, 0.6]], "scored": [0, 0]}, "stands twice"),
        ({"ratings": [[0.5, 0.6]], "difficulty": [0.0]}, "one for each item"),
        ({"ratings": [[0.5, 0.6]], "difficulty": [0.0, math.inf]}, "finite or missing"),
    ],
)
def test_ratings_that_cannot_be_are_refused(arguments, message: str) -> None:
    with pytest.raises(BadRatings, match=message):
        standard.summarise(**arguments)


def test_pass_rates_stand_at_the_standard_and_one_error_either_side() -> None:
    rates = standard.pass_rates(binom.pmf(range(51), 50, 0.65), 31.42, 1.1)
    assert [(rate.cut, rate.minimum) for rate in rates] == [
        (pytest.approx(30.32), 31),
        (31.42, 32),
        (pytest.approx(32.52), 33),
    ]
    assert [rate.rate for rate in rates] == pytest.approx([binom.sf(k - 1, 50, 0.65) for k in (31, 32, 33)])


def test_pass_rates_count_persons_and_stop_at_the_ends_of_the_form() -> None:
    rates = standard.pass_rates([1, 0, 2, 5], 1.5, 4)
    assert [rate.rate for rate in rates] == [1, 7 / 8, 0]
    assert [rate.minimum for rate in rates] == [-2, 2, 6]


@pytest.mark.parametrize(
    ("frequencies", "cut", "se"),
    [
        ([], 1, 1),
        ([0, 0, 0], 1, 1),
        ([1, -1, 2], 1, 1),
        ([1, NAN, 2], 1, 1),
        ([[1, 2]], 1, 1),
        ([1, 2, 3], 2.1, 1),
        ([1, 2, 3], -0.1, 1),
        ([1, 2, 3], 1, -1),
        ([1, 2, 3], 1, NAN),
        ([1, 2, 3], 1, math.inf),
    ],
)
def test_pass_rates_of_nobody_or_nowhere_are_refused(frequencies: list[float], cut: float, se: float) -> None:
    with pytest.raises(BadRatings):
        standard.pass_rates(frequencies, cut, se)
