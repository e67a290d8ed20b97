import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from psychometrics import irt
from psychometrics.decision import BadDecision, LivingstonLewis, effective_length, lee, livingston_lewis

# Shapes of betas whose beta-binomial chances are in whole-numbered proportions, see `population`.
EXACT = [(1, 1), (2, 1), (1, 2), (2, 2)]


def population(alpha: int, beta: int, items: int) -> list[int]:
    """Scores in exactly the proportions of the beta-binomial with shapes of 1 or 2."""
    return [x for x in range(items + 1) for _ in range((x + 1) ** (alpha - 1) * (items - x + 1) ** (beta - 1))]


def by_quad(alpha: float, beta: float, items: int, needed: int, cut: float) -> tuple[float, float, float, float]:
    """Accuracy, consistency, false positives and false negatives of beta-binomial scores, by adaptive integration."""

    def passing(true: float) -> float:
        return float(stats.binom.sf(needed - 1, items, true))

    def area(kernel, low: float, high: float) -> float:
        return float(integrate.quad(lambda t: kernel(passing(t)) * stats.beta.pdf(t, alpha, beta), low, high)[0])

    border = cut / items
    positive = area(lambda p: p, 0, border)
    negative = area(lambda p: 1 - p, border, 1)
    twice = area(lambda p: p * p + (1 - p) ** 2, 0, border) + area(lambda p: p * p + (1 - p) ** 2, border, 1)
    return 1 - positive - negative, twice, positive, negative


def simulated(seed: int, shape: tuple[float, float, float, float], items: int, cut: int, persons: int = 40_000):
    """Scores of persons with beta true scores, their reliability, true accuracy and true consistency."""
    rng = np.random.default_rng(seed)
    alpha, beta, lower, upper = shape
    true = lower + (upper - lower) * rng.beta(alpha, beta, persons)
    scores, again = rng.binomial(items, true), rng.binomial(items, true)
    passed = scores >= cut
    reliability = float((items * true).var() / scores.var())
    accuracy, consistency = (passed == (true >= cut / items)).mean(), (passed == (again >= cut)).mean()
    return scores, reliability, float(accuracy), float(consistency)


@pytest.mark.parametrize("shape", EXACT)
@pytest.mark.parametrize(("items", "cut"), [(20, 13), (50, 31), (5, 2), (8, 8)])
def test_a_beta_binomial_population_gives_its_own_beta_and_the_exact_indices(
    shape: tuple[int, int], items: int, cut: int
) -> None:
    alpha, beta = shape
    found = livingston_lewis(population(*shape, items), items / (items + alpha + beta), 0, items, cut)
    assert found.effective_length == items
    assert (found.alpha, found.beta, found.lower, found.upper) == pytest.approx((alpha, beta, 0, 1), abs=1e-6)
    wanted = by_quad(alpha, beta, items, cut, cut)
    assert (found.accuracy, found.consistency, found.false_positive, found.false_negative) == pytest.approx(
        wanted, abs=1e-7
    )
    share = float(stats.betabinom.sf(cut - 1, items, alpha, beta))
    assert found.shares == pytest.approx((1 - share, share), abs=1e-9)
    assert found.chance_consistency == pytest.approx(share**2 + (1 - share) ** 2)


@pytest.mark.parametrize(
    ("shape", "items", "cut"),
    [
        ((6, 3, 0.25, 0.95), 50, 31),
        ((2, 2, 0.3, 0.9), 40, 30),
        ((0.5, 0.5, 0.0, 1.0), 20, 10),
        ((5, 1, 0.2, 1.0), 65, 50),
    ],
)
def test_estimates_are_close_to_what_happened_to_simulated_persons(
    shape: tuple[float, float, float, float], items: int, cut: int
) -> None:
    scores, reliability, accuracy, consistency = simulated(3, shape, items, cut)
    found = livingston_lewis(scores, reliability, 0, items, cut)
    assert found.accuracy == pytest.approx(accuracy, abs=0.006)
    assert found.consistency == pytest.approx(consistency, abs=0.006)
    assert found.effective_length == pytest.approx(items, rel=0.1)


def test_the_worked_example_of_bbclassify() -> None:
    # The example in the documentation of the program BBClassify, successor of Brennan's (2004) BB-CLASS: 250 persons,
    # 100 items, cuts 50 and 75. It divides by N - 1 and rounds n before it takes moments, hence the tolerance.
    random = np.random.RandomState(1234)
    answers = np.array([random.binomial(1, chance, 100) for chance in random.beta(6, 4, 250) * 0.7 + 0.15])
    scores = answers.sum(axis=1)
    alpha = 100 / 99 * (1 - answers.var(axis=0, ddof=1).sum() / scores.var(ddof=1))
    length = effective_length(scores.mean(), scores.var(ddof=1), alpha, 0, 100)
    assert length == pytest.approx(99.96892140618861, abs=1e-9)
    found = livingston_lewis(scores, alpha, 0, 100, [50, 75])
    assert found.accuracy == pytest.approx(0.8438848734448846, abs=1e-4)
    assert found.consistency == pytest.approx(0.7811757067805466, abs=1e-4)
    assert (found.alpha, found.beta) == pytest.approx((3.877386083988672, 3.9727308136649238), abs=0.02)
    assert (found.lower, found.upper) == pytest.approx((0.2681195709670965, 0.8706384086828665), abs=0.002)
    assert (found.effective_length, found.parameters) == (100, 4)


def test_the_effective_length_of_a_form_with_kr_21_for_reliability_is_its_length() -> None:
    mean, variance, items = 31.0, 55.0, 50
    kr_21 = items / (items - 1) * (1 - mean * (items - mean) / (items * variance))
    assert effective_length(mean, variance, kr_21, 0, items) == pytest.approx(items)


def test_another_unit_and_another_zero_change_nothing() -> None:
    scores, reliability, *_ = simulated(5, (4, 3, 0.1, 0.9), 40, 25, 2000)
    plain = livingston_lewis(scores, reliability, 0, 40, 25)
    moved = livingston_lewis(100 + 10 * scores, reliability, 100, 500, 350)
    assert dataclasses.astuple(moved)[:6] == pytest.approx(dataclasses.astuple(plain)[:6])


@pytest.mark.parametrize("reliability", [1 - 1e-8, np.nextafter(1, 0)])
@pytest.mark.parametrize("cut", [12, 12.4])
def test_perfect_reliability_makes_every_decision_right(reliability: float, cut: float) -> None:
    found = livingston_lewis(population(2, 2, 20), reliability, 0, 20, cut)
    assert (found.accuracy, found.consistency, found.kappa) == pytest.approx((1, 1, 1), abs=3e-4)


@pytest.mark.parametrize("reliability", [1e-300, 1e-9])
def test_no_reliability_leaves_nothing_but_chance(reliability: float) -> None:
    found = livingston_lewis(population(2, 2, 20), reliability, 0, 20, 12)
    assert found.kappa == pytest.approx(0, abs=1e-6)
    assert found.consistency == pytest.approx(found.chance_consistency)


def test_more_reliable_scores_decide_better() -> None:
    scores = population(2, 1, 30)
    found = [livingston_lewis(scores, reliability, 0, 30, 20) for reliability in np.linspace(0.905, 0.995, 10)]
    assert np.all(np.diff([one.accuracy for one in found]) > 0)
    assert np.all(np.diff([one.consistency for one in found]) > 0)


def test_a_cut_between_two_scores_needs_the_next_score_but_only_itself_of_the_true_score() -> None:
    items, scores = 20, population(1, 1, 20)
    found = livingston_lewis(scores, items / (items + 2), 0, items, 12.4)
    wanted = by_quad(1, 1, items, 13, 12.4)
    assert (found.accuracy, found.consistency) == pytest.approx(wanted[:2], abs=1e-7)


def test_a_cut_between_two_scores_of_the_binomial_test_is_interpolated() -> None:
    scores = population(2, 2, 10)
    reliability = 59 / 77  # 12 items' worth: the scores have mean 5 and variance 7
    found = [livingston_lewis(scores, reliability, 0, 10, cut).shares[1] for cut in (2, 6, 9)]
    assert livingston_lewis(scores, reliability, 0, 10, 1).effective_length == 12
    true = livingston_lewis(scores, reliability, 0, 10, 1)
    spread = stats.beta(true.alpha, true.beta, true.lower, true.upper - true.lower)
    for cut, share in zip((2, 6, 9), found, strict=True):
        below, part = divmod(1.2 * cut, 1)
        tails = [
            integrate.quad(lambda t, k: spread.pdf(t) * stats.binom.sf(k - 1, 12, t), true.lower, true.upper, args=(k,))
            for k in (below, below + 1)
        ]
        assert share == pytest.approx((1 - part) * tails[0][0] + part * tails[1][0], abs=1e-6)


@pytest.mark.parametrize("reliability", [0.6, 0.75, 0.9])
def test_a_cut_in_the_middle_between_two_scores_is_fair_for_any_length(reliability: float) -> None:
    found = livingston_lewis(population(2, 2, 21), reliability, 0, 21, 10.5)
    assert found.false_positive == pytest.approx(found.false_negative, abs=1e-6)


def test_scores_that_are_not_whole_need_the_cut_itself() -> None:
    scores = np.append(np.array(population(2, 2, 20)), [3.5, 16.5])
    found = livingston_lewis(scores, 0.8, 0, 20, 10.3)
    assert found.shares[1] > livingston_lewis(np.floor(scores), 0.8, 0, 20, 10.3).shares[1] + 0.02


def test_raw_scores_of_a_rasch_form_say_what_its_items_say() -> None:
    rng = np.random.default_rng(17)
    items = np.ones(50), rng.normal(-0.6, 1, 50)
    answers = rng.random((20_000, 50)) < irt.probability(rng.normal(size=20_000), *items)
    scores = answers.sum(axis=1)
    alpha = 50 / 49 * (1 - answers.var(axis=0).sum() / scores.var())
    raw, model = livingston_lewis(scores, alpha, 0, 50, 31.42), lee(*items, 31.42)
    for name in ("accuracy", "consistency", "kappa", "false_positive", "false_negative"):
        assert getattr(raw, name) == pytest.approx(getattr(model, name), abs=0.01), name


def test_several_cuts_agree_with_each_alone() -> None:
    scores, reliability, *_ = simulated(9, (4, 3, 0.1, 0.9), 40, 25, 2000)
    both = livingston_lewis(scores, reliability, 0, 40, [20, 28])
    low, high = (livingston_lewis(scores, reliability, 0, 40, cut) for cut in (20, 28))
    assert both.shares == pytest.approx((low.shares[0], 1 - low.shares[0] - high.shares[1], high.shares[1]))
    assert both.accuracy == pytest.approx(low.accuracy + high.accuracy - 1, abs=1e-3)
    assert both.accuracy < min(low.accuracy, high.accuracy)
    assert both.chance_consistency == pytest.approx(sum(share**2 for share in both.shares))


@settings(max_examples=60, deadline=None)
@given(
    scores=st.lists(st.integers(0, 30), min_size=2, max_size=30).filter(lambda some: len(set(some)) > 1),
    reliability=st.floats(0.01, 0.99),
    cut=st.floats(0.01, 30),
)
def test_every_sample_gives_shares_that_add_up(scores: list[int], reliability: float, cut: float) -> None:
    found = livingston_lewis(scores, reliability, 0, 30, cut)
    assert found.accuracy + found.false_positive + found.false_negative == pytest.approx(1)
    assert sum(found.shares) == pytest.approx(1)
    assert 0 <= found.chance_consistency <= found.consistency + 1e-12
    assert found.consistency <= 1
    if found.kappa is not None and found.chance_consistency < 1 - 1e-6:
        kappa = (found.consistency - found.chance_consistency) / (1 - found.chance_consistency)
        assert found.kappa == pytest.approx(kappa, abs=1e-6)
    assert 0 <= found.lower < found.upper <= 1
    assert min(found.alpha, found.beta) > 0
    assert found.parameters in (2, 3, 4)
    true = stats.beta(found.alpha, found.beta, found.lower, found.upper - found.lower)
    assert true.mean() == pytest.approx(np.mean(scores) / 30)
    assert true.var() == pytest.approx(reliability * np.var(scores) / 900, rel=1e-6)


def test_the_result_is_plain_numbers_that_nobody_can_change() -> None:
    found = livingston_lewis(np.array([1, 2, 3]), np.float64(0.5), 0, 4, 2)
    assert all(type(value) in (float, int, tuple) for value in dataclasses.astuple(found))
    assert isinstance(found, LivingstonLewis)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.accuracy = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("scores", "reliability", "limits", "cut", "message"),
    [
        ([1, 2, 3], 0.0, (0, 5), 3, "reliability"),
        ([1, 2, 3], 1.0, (0, 5), 3, "reliability"),
        ([1, 2, 3], math.nan, (0, 5), 3, "reliability"),
        ([2, 2, 2], 0.5, (0, 5), 3, "all scores are the same"),
        ([5], 0.5, (0, 5), 3, "at least two persons"),
        ([[1, 2]], 0.5, (0, 5), 3, "at least two persons"),
        ([1, math.nan], 0.5, (0, 5), 3, "none missing"),
        ([1, 6], 0.5, (0, 5), 3, "between 0 and 5"),
        ([1, 2], 0.5, (5, 0), 3, "below the highest"),
        ([1, 2], 0.5, (0, math.inf), 3, "below the highest"),
        ([1, 2], 0.5, (0, 5), 0, "above 0 and not above 5"),
        ([1, 2], 0.5, (0, 5), 5.1, "above 0 and not above 5"),
        ([1, 2], 0.5, (0, 5), math.nan, "a cut must be a number"),
        ([1, 2], 0.5, (0, 5), [], "a cut must be a number"),
        ([1, 2], 0.5, (0, 5), [3, 3], "increasing"),
    ],
)
def test_what_cannot_be_judged_is_refused(scores, reliability, limits, cut, message) -> None:
    with pytest.raises(BadDecision, match=message):
        livingston_lewis(scores, reliability, limits[0], limits[1], cut)


@pytest.mark.parametrize(("mean", "variance"), [(0, 1), (50, 1), (25, 0), (25, 626), (math.nan, 1)])
def test_an_effective_length_needs_scores_that_can_be(mean: float, variance: float) -> None:
    with pytest.raises(BadDecision, match="vary"):
        effective_length(mean, variance, 0.8, 0, 50)
