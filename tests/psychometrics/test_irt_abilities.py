from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import brentq
from scipy.special import expit, log_expit, logit

from psychometrics import irt

Items = tuple[irt.FloatArray, irt.FloatArray]
Estimator = Callable[..., irt.FloatArray]
ITEM = st.tuples(st.floats(0.3, 2.5), st.floats(-3, 3))
ITEMS = st.lists(ITEM, min_size=2, max_size=5).map(lambda items: tuple(np.array(items).T))

# LSAT section 6 under the 2PL as Rizopoulos (2006) prints it: ltm: An R Package for Latent Variable Modeling and Item
# Response Theory Analyses, Journal of Statistical Software, 17(5). Abilities are posterior modes under N(0, 1).
LSAT = (
    np.array([0.8254, 0.7229, 0.8905, 0.6886, 0.6575]),
    np.array([-3.3597, -1.3696, -0.2799, -1.8659, -3.1236]),
)
LSAT_MODES = {
    (0, 0, 0, 0, 0): (-1.895, 0.795),
    (0, 0, 0, 0, 1): (-1.479, 0.796),
    (0, 0, 0, 1, 0): (-1.460, 0.796),
    (0, 0, 0, 1, 1): (-1.041, 0.800),
    (0, 0, 1, 0, 0): (-1.331, 0.797),
    (1, 1, 1, 1, 1): (0.606, 0.855),
}


def every_pattern(items: int) -> irt.FloatArray:
    return np.array(list(product((0.0, 1.0), repeat=items)))


def simulated(persons: int, items: int, seed: int) -> tuple[irt.FloatArray, irt.FloatArray, Items]:
    random = np.random.default_rng(seed)
    a, b, theta = random.lognormal(0, 0.3, items), random.normal(0, 1, items), random.normal(size=persons)
    right = (random.random((persons, items)) < irt.probability(theta, a, b)).astype(np.float64)
    return right, theta, (a, b)


@given(items=ITEMS)
def test_ml_is_where_the_derivative_vanishes(items: Items) -> None:
    a, b = items
    patterns = every_pattern(a.size)[1:-1]
    wanted = [brentq(lambda t, u=u: float(a @ (u - irt.probability(t, a, b))), -60, 60, xtol=1e-13) for u in patterns]
    assert irt.ml(patterns, a, b) == pytest.approx(np.array(wanted), abs=1e-9)


@given(items=ITEMS)
def test_ml_errors_come_from_the_information(items: Items) -> None:
    theta, se = irt.ml(every_pattern(items[0].size)[1:-1], *items, errors=True)
    assert se == pytest.approx(1 / np.sqrt(irt.information(theta, *items)))


@given(b=st.lists(st.floats(-3, 3), min_size=3, max_size=5))
def test_under_the_rasch_model_ml_depends_on_the_raw_score_only(b: list[float]) -> None:
    patterns, ones = every_pattern(len(b)), np.ones(len(b))
    theta = irt.ml(patterns, ones, b)
    for raw in range(1, len(b)):
        same = theta[patterns.sum(axis=1) == raw]
        assert same == pytest.approx(np.full(same.size, same[0]), abs=1e-12)
        assert irt.characteristic_curve(float(same[0]), ones, b) == pytest.approx(raw)


def test_equal_items_have_a_closed_form() -> None:
    theta, se = irt.ml([[1, 1, 1, 0], [1, 0, 0, 0]], np.full(4, 2.0), np.full(4, 0.5), errors=True)
    assert theta == pytest.approx(0.5 + logit([0.75, 0.25]) / 2)
    assert se == pytest.approx(1 / np.sqrt(4 * 4 * 0.75 * 0.25))


def test_ml_of_everything_right_or_wrong_is_infinite() -> None:
    theta, se = irt.ml([[1, 1, np.nan], [0, 0, 0], [1, 0, 1]], np.ones(3), np.zeros(3), errors=True)
    assert theta[:2].tolist() == [np.inf, -np.inf]
    assert se[:2].tolist() == [np.inf, np.inf]
    assert np.isfinite([theta[2], se[2]]).all()


def test_published_posterior_modes_of_lsat_6() -> None:
    theta, se = irt.map_(list(LSAT_MODES), *LSAT, errors=True)
    assert np.round(np.stack([theta, se], axis=1), 3).tolist() == [list(row) for row in LSAT_MODES.values()]


@given(items=ITEMS, mean=st.floats(-2, 2), sd=st.floats(0.2, 3))
def test_map_is_the_mode_of_the_posterior_and_its_error_the_curvature(items: Items, mean: float, sd: float) -> None:
    a, b = items
    patterns = every_pattern(a.size)
    theta, se = irt.map_(patterns, a, b, mean, sd, errors=True)

    def pull(t: float, u: irt.FloatArray) -> float:
        return float(a @ (u - irt.probability(t, a, b))) - (t - mean) / sd**2

    wanted = [brentq(pull, -60, 60, args=(u,), xtol=1e-13) for u in patterns]
    assert theta == pytest.approx(np.array(wanted), abs=1e-9)
    step = 1e-5
    curvature = [(pull(t - step, u) - pull(t + step, u)) / (2 * step) for t, u in zip(theta, patterns, strict=True)]
    assert se == pytest.approx(1 / np.sqrt(curvature), rel=1e-6)


@given(items=ITEMS, mean=st.floats(-1, 1), sd=st.floats(0.5, 2))
def test_eap_equals_a_fine_integral(items: Items, mean: float, sd: float) -> None:
    patterns = every_pattern(items[0].size)
    fine = mean + sd * np.linspace(-12, 12, 4001)
    theta, se = irt.eap(patterns, *items, mean, sd, errors=True)
    right = irt.probability(fine, *items)
    for pattern, mode, error in zip(patterns, theta, se, strict=True):
        density = np.where(pattern == 1, right, 1 - right).prod(axis=1) * np.exp(-(((fine - mean) / sd) ** 2) / 2)
        centre = density @ fine / density.sum()
        assert mode == pytest.approx(centre, abs=1e-4 * sd)
        assert error == pytest.approx(np.sqrt(density @ (fine - centre) ** 2 / density.sum()), rel=1e-3)


@given(items=ITEMS, slope=st.floats(0.3, 2.5))
def test_with_equal_slopes_eap_is_the_eap_of_the_summed_score(items: Items, slope: float) -> None:
    same, b = np.full(items[1].size, slope), items[1]
    patterns = every_pattern(b.size)
    wanted = [irt.eap_of_score(int(raw), same, b, irt.Prior(0.3, 1.2)) for raw in patterns.sum(axis=1)]
    assert irt.eap(patterns, same, b, 0.3, 1.2) == pytest.approx(np.array(wanted), abs=1e-12)


def test_who_has_seen_nothing_has_the_prior() -> None:
    blank = [[np.nan, np.nan], [1, 0]]
    for estimate in (irt.eap, irt.map_):
        theta, se = estimate(blank, [1.0, 1.0], [0.0, 0.0], 0.5, 2.0, errors=True)
        assert (theta[0], se[0]) == (pytest.approx(0.5), pytest.approx(2.0, rel=1e-6))


def weighted(theta: irt.FloatArray, pattern: irt.FloatArray, a: irt.FloatArray, b: irt.FloatArray) -> irt.FloatArray:
    logits = a * (theta[:, np.newaxis] - b)
    information = (a**2 * expit(logits) * expit(-logits)).sum(axis=1)
    return np.asarray(log_expit(np.where(pattern == 1, 1, -1) * logits).sum(axis=1) + 0.5 * np.log(information))


@given(items=ITEMS)
def test_wle_maximises_the_weighted_likelihood(items: Items) -> None:
    patterns, grid = every_pattern(items[0].size), np.linspace(-30, 30, 6001)
    for pattern, theta in zip(patterns, irt.wle(patterns, *items), strict=True):
        around = weighted(theta + np.array([-1e-4, 0.0, 1e-4]), pattern, *items)
        assert around[1] >= weighted(grid, pattern, *items).max() - 1e-9
        assert (around[2] - around[0]) / 2e-4 == pytest.approx(0, abs=1e-5)


def test_wle_of_equal_rasch_items_adds_half_a_point_to_either_side() -> None:
    patterns = [[0, 0, 0], [1, 0, 0], [1, 1, 1]]
    wanted = 0.4 + logit(np.array([0.5, 1.5, 3.5]) / 4)
    assert irt.wle(patterns, np.ones(3), np.full(3, 0.4)) == pytest.approx(wanted)


def test_wle_takes_the_higher_of_two_maxima() -> None:
    a, b = np.array([1.0, 1.1]), np.array([-6.0, 6.0])
    assert irt.wle([[1, 0]], a, b)[0] == pytest.approx(5.0, abs=0.1)
    assert irt.wle([[1, 0]], a[::-1], b)[0] == pytest.approx(-5.0, abs=0.1)


@pytest.mark.parametrize("estimate", [irt.ml, irt.map_, irt.eap, irt.wle])
def test_sparse_and_dense_agree_and_persons_are_independent(estimate: Estimator) -> None:
    right, _, items = simulated(60, 20, seed=4)
    seen = np.random.default_rng(5).random(right.shape) < 0.6
    person, item = np.nonzero(seen)
    stored = sparse.coo_array((right[seen], (person, item)), shape=right.shape)
    dense = np.where(seen, right, np.nan)
    together = estimate(dense, *items)
    assert estimate(stored, *items) == pytest.approx(together, abs=1e-12)
    alone = [
        estimate(row[np.newaxis, kept], items[0][kept], items[1][kept])[0]
        for row, kept in zip(dense, seen, strict=True)
    ]
    assert together == pytest.approx(np.array(alone), abs=1e-9)


def test_errors_say_how_far_estimates_lie_from_the_truth() -> None:
    right, theta, items = simulated(4000, 40, seed=6)
    for estimate in (irt.ml, irt.map_, irt.eap, irt.wle):
        found, se = estimate(right, *items, errors=True)
        inside = np.isfinite(found) & (np.abs(theta) < 2)
        assert np.std((found - theta)[inside] / se[inside]) == pytest.approx(1, abs=0.06)


@given(items=ITEMS, theta=st.floats(-4, 4))
def test_the_conditional_sem_is_the_sd_of_the_raw_score(items: Items, theta: float) -> None:
    chances, raw = irt.score_distribution(theta, *items), np.arange(items[0].size + 1)
    sd = np.sqrt(chances @ (raw - chances @ raw) ** 2)
    assert irt.conditional_sem(theta, *items) == pytest.approx(sd, rel=1e-6)
    assert irt.conditional_sem([theta, theta], *items) == pytest.approx(np.array([sd, sd]), rel=1e-6)


def test_the_conditional_sem_of_one_theta_is_a_number() -> None:
    assert type(irt.conditional_sem(0.0, [1.0], [0.0])) is float
    assert irt.conditional_sem(1.0, [1.0], [0.0]) == pytest.approx(np.sqrt(expit(1.0) * expit(-1.0)))
