from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from psychometrics import irt

ITEM = st.tuples(st.floats(0.3, 2.5), st.floats(-3, 3))
ITEMS = st.lists(ITEM, min_size=1, max_size=6).map(lambda items: tuple(np.array(items).T))
THETA = st.floats(-4, 4)


def by_enumeration(theta: float, a: irt.FloatArray, b: irt.FloatArray) -> list[float]:
    right = 1 / (1 + np.exp(-a * (theta - b)))
    chances = [0.0] * (len(a) + 1)
    for pattern in product((0, 1), repeat=len(a)):
        chances[sum(pattern)] += float(np.prod([p if u else 1 - p for p, u in zip(right, pattern, strict=True)]))
    return chances


def test_probability_is_the_logistic_of_slope_times_distance() -> None:
    right = irt.probability([0.0, 1.0, 2.0], [1.0, 2.0], [1.0, 0.5])
    logits = [[-1.0, -1.0], [0.0, 1.0], [1.0, 3.0]]
    assert right == pytest.approx(1 / (1 + np.exp(-np.array(logits))))


def test_a_scalar_theta_drops_the_leading_axis() -> None:
    a, b = irt.from_rating([0.6, 0.7])
    assert irt.probability(0.0, a, b).shape == (2,)
    assert irt.score_distribution(0.0, a, b).shape == (3,)
    assert type(irt.characteristic_curve(0.0, a, b)) is float
    assert type(irt.information(0.0, a, b)) is float


def test_a_rating_is_the_borderline_chance_of_a_right_answer() -> None:
    ratings = [0.3, 0.62, 0.97]
    a, b = irt.from_rating(ratings)
    assert a.tolist() == [1.0, 1.0, 1.0]
    assert irt.probability(0.0, a, b) == pytest.approx(np.array(ratings))


@pytest.mark.parametrize("rating", [0.0, 1.0, -0.1, float("nan")])
def test_a_rating_outside_the_open_unit_interval_is_refused(rating: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        irt.from_rating([0.5, rating])


@pytest.mark.parametrize(
    ("a", "b"),
    [([], []), ([1.0], [0.0, 1.0]), ([0.0], [0.0]), ([-1.0], [0.0]), ([1.0], [float("inf")]), ([[1.0]], [[0.0]])],
)
def test_unusable_items_are_refused(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match=r"a and b must be|a must be positive"):
        irt.probability(0.0, a, b)


@pytest.mark.parametrize("theta", [float("nan"), np.zeros((2, 2))])
def test_unusable_theta_is_refused(theta: float) -> None:
    with pytest.raises(ValueError, match="theta"):
        irt.probability(theta, [1.0], [0.0])


@given(items=ITEMS, theta=THETA)
def test_information_is_the_slope_of_the_curve_when_slopes_are_one_and_a_squared_pq_otherwise(
    items: tuple[irt.FloatArray, irt.FloatArray], theta: float
) -> None:
    a, b = items
    ones, step = np.ones_like(a), 1e-5
    rise = irt.characteristic_curve(theta + step, ones, b) - irt.characteristic_curve(theta - step, ones, b)
    assert irt.information(theta, ones, b) == pytest.approx(rise / (2 * step), rel=1e-5)
    right = 1 / (1 + np.exp(-a * (theta - b)))
    assert irt.information(theta, a, b) == pytest.approx(float(np.sum(a * a * right * (1 - right))))


@given(items=ITEMS, thetas=st.lists(THETA, min_size=1, max_size=3))
def test_score_distribution_equals_brute_force(
    items: tuple[irt.FloatArray, irt.FloatArray], thetas: list[float]
) -> None:
    a, b = items
    wanted = [by_enumeration(theta, a, b) for theta in thetas]
    assert irt.score_distribution(thetas, a, b) == pytest.approx(np.array(wanted), abs=1e-12)


@given(items=ITEMS, thetas=st.lists(THETA, min_size=1, max_size=3))
def test_the_characteristic_curve_is_the_mean_of_the_distribution(
    items: tuple[irt.FloatArray, irt.FloatArray], thetas: list[float]
) -> None:
    a, b = items
    mean = irt.score_distribution(thetas, a, b) @ np.arange(len(a) + 1)
    assert irt.characteristic_curve(thetas, a, b) == pytest.approx(mean)


def test_fifty_equal_items_are_binomial() -> None:
    a, b = irt.from_rating([0.62] * 50)
    assert irt.score_distribution(0.0, a, b) == pytest.approx(binom.pmf(np.arange(51), 50, 0.62), abs=1e-14)


def test_a_prior_has_its_mean_and_sd_on_the_grid() -> None:
    prior = irt.Prior(9.0, 1.5)
    assert prior.weights.sum() == pytest.approx(1)
    assert prior.weights @ prior.nodes == pytest.approx(9.0)
    assert prior.weights @ (prior.nodes - 9.0) ** 2 == pytest.approx(1.5**2, rel=1e-6)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 0.0), (0.0, -1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_a_degenerate_prior_is_refused(mean: float, sd: float) -> None:
    with pytest.raises(ValueError, match="positive, finite sd"):
        irt.Prior(mean, sd)


def test_posterior_is_prior_times_likelihood() -> None:
    prior, (a, b) = irt.Prior(0.2, 1.5), irt.from_rating([0.5, 0.7, 0.9])
    joint = np.array([by_enumeration(theta, a, b)[2] for theta in prior.nodes])
    joint *= np.exp(-((prior.nodes - 0.2) ** 2) / (2 * 1.5**2))
    assert irt.posterior_of_score(2, a, b, prior) == pytest.approx(joint / joint.sum())


def test_eap_equals_a_fine_integral() -> None:
    a, b = irt.from_rating(np.linspace(0.35, 0.9, 50))
    fine = np.linspace(-15, 15, 20001)
    density = irt.score_distribution(fine, a, b)[:, 41] * np.exp(-(fine**2) / (2 * 1.5**2))
    assert irt.eap_of_score(41, a, b, irt.Prior(0.0, 1.5)) == pytest.approx(density @ fine / density.sum(), abs=1e-9)


@given(items=ITEMS)
def test_eap_rises_with_the_score(items: tuple[irt.FloatArray, irt.FloatArray]) -> None:
    a, b = items
    estimates = [irt.eap_of_score(raw, a, b, irt.Prior(0.0, 1.0)) for raw in range(len(a) + 1)]
    assert np.all(np.diff(estimates) > 0)


@pytest.mark.parametrize("raw", [-1, 3])
def test_a_score_off_the_form_is_refused(raw: int) -> None:
    with pytest.raises(ValueError, match="not on a form of 2 items"):
        irt.posterior_of_score(raw, [1.0, 1.0], [0.0, 0.0], irt.Prior(0.0, 1.0))


def test_a_score_impossible_under_the_prior_is_refused() -> None:
    with pytest.raises(ValueError, match="impossible"):
        irt.posterior_of_score(50, np.ones(50), np.full(50, 40.0), irt.Prior(0.0, 1.0))
