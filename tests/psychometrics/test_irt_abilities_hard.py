"""Ability estimates from data that are hard to estimate from, or cannot be estimated from."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics import irt
from psychometrics.responses import BadResponses

Estimator = Callable[..., irt.FloatArray]
LOGS = st.floats(-3, 3).map(lambda power: 10**power)
HARD = st.lists(st.tuples(LOGS, st.floats(-200, 200), st.sampled_from([0.0, 1.0])), min_size=1, max_size=8)


@given(items=HARD)
def test_ml_converges_for_any_slopes(items: list[tuple[float, float, float]]) -> None:
    a, b, right = np.array(items).T
    theta = irt.ml([right], a, b)[0]
    if right.all() or not right.any():
        assert np.isinf(theta)
    else:
        below, above = (float(a @ (right - irt.probability(theta + move, a, b))) for move in (-1e-6, 1e-6))
        assert below >= -1e-9 * a.sum()
        assert above <= 1e-9 * a.sum()


@given(items=HARD, sd=LOGS)
def test_map_converges_for_any_slopes_and_prior(items: list[tuple[float, float, float]], sd: float) -> None:
    a, b, right = np.array(items).T
    theta, se = irt.map_([right], a, b, 1.0, sd, errors=True)
    assert 0 < se[0] <= sd
    reach = 1e-6 * max(1.0, abs(theta[0]))
    pull = [
        float(a @ (right - irt.probability(t, a, b))) - (t - 1) / sd**2 for t in (theta[0] - reach, theta[0] + reach)
    ]
    assert pull[0] >= 0 >= pull[1]


@given(items=HARD)
def test_wle_is_finite_for_any_slopes(items: list[tuple[float, float, float]]) -> None:
    a, b, right = np.array(items).T
    theta, se = irt.wle([right], a, b, errors=True)
    assert np.isfinite(theta).all()
    assert (se > 0).all()


def test_a_step_function_of_an_item_stops_at_its_difficulty() -> None:
    assert irt.ml([[1, 0, 0, 1]], [1e12, 3e12, 0.5, 2.0], [-1.0, 3.0, 1.0, 0.0]) == pytest.approx([0.976343], abs=1e-6)
    assert irt.ml([[0, 1, 0, 1]], [1e12, 3e12, 0.5, 2.0], [-1.0, 3.0, 1.0, 0.0]) == pytest.approx([3.0], abs=1e-9)


def test_an_ability_without_information_has_an_infinite_error() -> None:
    theta, se = irt.ml([[1, 0]], [1.0, 1.0], [-1000.0, 1000.0], errors=True)
    assert (theta.tolist(), se.tolist()) == ([0.0], [np.inf])


@pytest.mark.parametrize("estimate", [irt.ml, irt.wle])
def test_who_has_seen_nothing_has_no_likelihood(estimate: Estimator) -> None:
    with pytest.raises(irt.NothingSeen, match="person 1 has seen no item; 2 persons have not"):
        estimate([[1, 0], [np.nan, np.nan], [np.nan, np.nan]], [1.0, 1.0], [0.0, 0.0])


@pytest.mark.parametrize(
    ("items", "slope", "difficulty", "sd", "tolerance"),
    [
        (50, 1.0, 40.0, 1.0, 1e-6),
        (3, 2.5, 3.0, 0.5, 2e-4),
        (10, 0.1, 5.0, 0.01, 1e-6),
        (2, 1.0, 0.0, 1000.0, 0.01),  # items that are steps between two nodes
        (40, 200.0, 0.51, 1.0, 0.01),
    ],
)
def test_eap_holds_posteriors_that_the_priors_grid_does_not(
    items: int, slope: float, difficulty: float, sd: float, tolerance: float
) -> None:
    a, b = np.full(items, slope), difficulty + np.linspace(0, 0.1, items)
    patterns = np.stack([np.arange(items) < right for right in (0, items // 2, items - 1, items)]).astype(np.float64)
    theta, se = irt.eap(patterns, a, b, 0.0, sd, errors=True)
    for pattern, mean, error in zip(patterns, theta, se, strict=True):
        mode = irt.map_([pattern], a, b, 0.0, sd)[0]
        fine = mode + np.linspace(-9 * sd, 9 * sd, 400_001)
        logs = pattern.sum() * slope * fine - fine**2 / (2 * sd**2)
        for difficult in b:
            logs -= np.logaddexp(0, slope * (fine - difficult))
        density = np.exp(logs - logs.max())
        centre = density @ fine / density.sum()
        spread = np.sqrt(density @ (fine - centre) ** 2 / density.sum())
        assert mean == pytest.approx(centre, abs=tolerance * spread)
        assert error == pytest.approx(spread, rel=10 * tolerance)


def test_eap_does_not_lose_long_patterns_to_underflow() -> None:
    theta, se = irt.eap(np.tile([1.0, 0.0], (1, 1000)), np.ones(2000), np.zeros(2000), errors=True)
    assert theta == pytest.approx([0.0], abs=1e-9)
    assert se == pytest.approx(1 / np.sqrt([501.0]), rel=2e-3)


@pytest.mark.parametrize("estimate", [irt.ml, irt.map_, irt.eap, irt.wle])
def test_one_person_and_one_item_are_enough(estimate: Estimator) -> None:
    assert estimate([[1.0]], [1.0], [0.0]).shape == (1,)


@pytest.mark.parametrize("estimate", [irt.ml, irt.map_, irt.eap, irt.wle])
def test_another_number_of_items_is_refused(estimate: Estimator) -> None:
    with pytest.raises(BadResponses, match="responses to 2 items need as many parameters, not 1"):
        estimate([[1, 0]], [1.0], [0.0])


@pytest.mark.parametrize("estimate", [irt.map_, irt.eap])
def test_a_bad_prior_is_refused(estimate: Estimator) -> None:
    with pytest.raises(ValueError, match="positive, finite sd"):
        estimate([[1, 0]], [1.0, 1.0], [0.0, 0.0], sd=0.0)


def test_a_search_that_does_not_settle_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psychometrics.irt.abilities.STEPS", 2)
    with pytest.raises(irt.NoEstimate, match="1 estimates did not settle in 2 steps"):
        irt.ml([[1, 0, 1]], [1.0, 2.0, 0.5], [0.0, 1.0, -1.0])
