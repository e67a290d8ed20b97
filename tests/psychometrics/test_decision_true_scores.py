import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats

from psychometrics.decision.true_scores import Beta, Moments, fit, quadrature, true_score_moments

SHAPE = st.floats(0.3, 30)


def moments_of(alpha: float, beta: float, lower: float, upper: float) -> Moments:
    total, width = alpha + beta, upper - lower
    mean = lower + width * alpha / total
    variance = width**2 * alpha * beta / (total**2 * (total + 1))
    skewness = 2 * (beta - alpha) * math.sqrt(total + 1) / ((total + 2) * math.sqrt(alpha * beta))
    return Moments(mean, variance, skewness, kurtosis_of(alpha, beta))


def kurtosis_of(alpha: float, beta: float) -> float:
    total, product = alpha + beta, alpha * beta
    return 3 + 6 * ((alpha - beta) ** 2 * (total + 1) - product * (total + 2)) / (product * (total + 2) * (total + 3))


def of(true: Beta) -> Moments:
    return moments_of(true.alpha, true.beta, true.lower, true.upper)


@given(alpha=SHAPE, beta=SHAPE, lower=st.floats(0.01, 0.4), width=st.floats(0.2, 0.55))
def test_four_moments_give_their_beta_back(alpha: float, beta: float, lower: float, width: float) -> None:
    found = fit(moments_of(alpha, beta, lower, lower + width))
    assert found.moments == 4
    assert (found.alpha, found.beta) == pytest.approx((alpha, beta), rel=1e-5)
    assert (found.lower, found.upper) == pytest.approx((lower, lower + width), abs=1e-5)


@given(alpha=SHAPE, beta=SHAPE, lower=st.floats(-0.5, -0.01), upper=st.floats(0.5, 1))
def test_a_limit_outside_costs_the_kurtosis_but_no_more(alpha: float, beta: float, lower: float, upper: float) -> None:
    wanted = moments_of(alpha, beta, lower, upper)
    assume(0.02 < wanted.mean < 0.98)
    found = fit(wanted)
    assume(found.moments == 3)
    assert found.lower == 0 or found.upper == 1
    assert of(found)[:3] == pytest.approx(wanted[:3], rel=1e-6, abs=1e-9)
    assert kurtosis_of(found.alpha, found.beta) < kurtosis_of(alpha, beta)


@pytest.mark.parametrize("skewness", [-0.9, -0.3, 0.0, 0.2, 0.6])
def test_with_three_moments_the_kurtosis_is_as_near_as_a_search_can_bring_it(skewness: float) -> None:
    wanted = Moments(0.6, 0.02, skewness, 6.0)

    def off(parameters: np.ndarray) -> float:
        return (kurtosis_of(parameters[0], parameters[1]) - 6.0) ** 2

    def matched(parameters: np.ndarray) -> np.ndarray:
        there = np.array(moments_of(*parameters)[:3], dtype=np.float64)
        return (there - [0.6, 0.02, skewness]) * [1, 10, 1]

    searched = optimize.minimize(
        off,
        np.array([4.0, 3.0, 0.05, 0.95]),
        bounds=[(0.05, 200), (0.05, 200), (0, 0.5), (0.65, 1)],
        constraints=optimize.NonlinearConstraint(matched, 0, 0),
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-14},
    )
    assert searched.success
    found = fit(wanted)
    assert found.moments == 3
    assert kurtosis_of(found.alpha, found.beta) == pytest.approx(kurtosis_of(*searched.x[:2]), abs=1e-4)
    assert (found.lower, found.upper) == pytest.approx(tuple(searched.x[2:]), abs=1e-2)


def test_an_unknown_kurtosis_is_the_largest_there_can_be() -> None:
    assert fit(Moments(0.6, 0.02, -0.3, None)) == fit(Moments(0.6, 0.02, -0.3, 1e6))


@pytest.mark.parametrize(
    "moments",
    [
        Moments(0.6, 0.02),
        Moments(0.6, 0.02, 8.0, 90.0),  # so skewed that a limit would lie outside whatever the kurtosis
        Moments(0.6, 0.02, 0.5, 1.2),  # no scores have a kurtosis below skewness² + 1
        Moments(0.6, 0.02, -9.0, None),
    ],
)
def test_moments_no_beta_can_have_leave_mean_and_variance(moments: Moments) -> None:
    found = fit(moments)
    assert (found.moments, found.lower, found.upper) == (2, 0, 1)
    assert of(found)[:2] == pytest.approx((0.6, 0.02))


@given(
    mean=st.floats(0.01, 0.99),
    part=st.floats(1e-9, 0.999),
    skewness=st.floats(-20, 20),
    kurtosis=st.none() | st.floats(-50, 500),
)
def test_whatever_the_moments_a_beta_within_the_limits_comes_back(
    mean: float, part: float, skewness: float, kurtosis: float | None
) -> None:
    variance = part * mean * (1 - mean)
    found = fit(Moments(mean, variance, skewness, kurtosis))
    assert 0 <= found.lower < found.upper <= 1
    assert 0 < found.alpha < math.inf
    assert 0 < found.beta < math.inf
    width = found.upper - found.lower
    total = found.alpha + found.beta
    assert found.lower + width * found.alpha / total == pytest.approx(mean, abs=1e-7)
    assert width**2 * found.alpha * found.beta / (total**2 * (total + 1)) == pytest.approx(variance, rel=1e-4)


@pytest.mark.parametrize("items", [4, 10, 40])
def test_moments_of_true_scores_come_out_of_binomial_scores_exactly(items: int) -> None:
    # Scores 0 to n, each x + 1 times, are beta-binomial with shapes 2 and 1.
    proportions = np.array([x / items for x in range(items + 1) for _ in range(x + 1)])
    found = true_score_moments(proportions, items / (items + 3), items)
    assert found == pytest.approx(moments_of(2, 1, 0, 1))


@pytest.mark.parametrize(("length", "known"), [(1.0, 2), (2.4, 2), (2.6, 3), (3.4, 3), (3.6, 4)])
def test_a_short_form_knows_few_moments(length: float, known: int) -> None:
    found = true_score_moments(np.array([0.0, 0.25, 0.5, 1.0]), 0.5, length)
    assert sum(moment is not None for moment in found) == known


@pytest.mark.parametrize(
    "true",
    [
        Beta(2, 3, 0, 1, 4),
        Beta(0.02, 0.5, 0.1, 0.9, 4),
        Beta(1, 1, 0.2, 0.7, 4),
        Beta(3000, 2000, 0, 1, 4),
        Beta(0.3, 400, 0, 1, 4),
    ],
)
def test_the_quadrature_knows_moments_and_areas(true: Beta) -> None:
    breaks = true.lower + (true.upper - true.lower) * np.array([-0.2, 0.3, 0.61, 1.5])
    places, weights = quadrature(true, breaks)
    spread = stats.beta(true.alpha, true.beta, true.lower, true.upper - true.lower)
    assert weights.sum() == pytest.approx(1)
    assert weights @ places == pytest.approx(spread.mean(), rel=1e-9)
    assert weights @ places**2 == pytest.approx(spread.var() + spread.mean() ** 2, rel=1e-9)
    for border in breaks:
        assert weights[places < border].sum() == pytest.approx(float(spread.cdf(border)), abs=1e-9)
