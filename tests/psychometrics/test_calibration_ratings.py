"""The line through ratings and measured intercepts is that of a random-effects regression."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from psychometrics.arrays import FloatArray
from psychometrics.calibration import TAU, Line, NothingToCalibrate, line_of

Points = tuple[FloatArray, FloatArray, FloatArray]


def points(seed: int, k: int, alpha: float = 0.3, beta: float = 0.6, tau: float = 0.5) -> Points:
    """Intercepts, their standard errors, and logits of ratings."""
    rng = np.random.default_rng(seed)
    x, se = rng.normal(0.5, 0.7, k), rng.uniform(0.08, 0.3, k)
    return alpha + beta * x + rng.normal(0, tau, k) + rng.normal(0, se), se, x


def test_the_line_comes_back() -> None:
    found = np.array([[line.alpha, line.beta, line.tau] for line in (line_of(*points(s, 120)) for s in range(40))])
    assert found.mean(axis=0) == pytest.approx([0.3, 0.6, 0.5], abs=0.02)


def test_tau_maximises_the_likelihood_with_alpha_and_beta_integrated_out() -> None:
    d, se, x = points(3, 6)
    line = line_of(d, se, x)

    # The integrand is a bell around the line, next to nothing at these ends.
    alpha, beta = np.meshgrid(line.alpha + np.linspace(-4, 4, 401), line.beta + np.linspace(-5, 5, 401))

    def marginal(tau: float) -> float:
        expected = alpha[..., np.newaxis] + beta[..., np.newaxis] * x
        logs: FloatArray = np.asarray(norm.logpdf(d, expected, np.sqrt(se**2 + tau**2))).sum(axis=-1)
        return float(np.exp(logs).sum())

    best = marginal(line.tau)
    assert 0.1 < line.tau < 2
    assert marginal(line.tau * 0.93) < best
    assert marginal(line.tau * 1.07) < best


def test_known_tau_gives_weighted_least_squares() -> None:
    d, se, x = points(4, 30)
    line = line_of(d, se, x)
    weight = np.sqrt(1 / (se**2 + line.tau**2))
    design = np.column_stack((np.ones(30), x)) * weight[:, np.newaxis]
    assert [line.alpha, line.beta] == pytest.approx(np.linalg.lstsq(design, d * weight)[0])


def test_ratings_that_fit_too_well_are_not_believed_too_much() -> None:
    _, se, x = points(5, 10)
    line = line_of(0.2 + 0.9 * x, se, x)
    assert (line.alpha, line.beta) == pytest.approx((0.2, 0.9))
    assert line.tau == 0.1


@pytest.mark.parametrize("k", [1, 2])
def test_few_ratings_only_tell_how_lenient_judges_are(k: int) -> None:
    _, _, x = points(6, k)
    line = line_of(x + 0.7, np.full(k, 0.1), x)
    assert line.alpha == pytest.approx(0.7)
    assert (line.beta, line.tau) == (1.0, TAU)


def test_ratings_without_spread_only_tell_how_lenient_judges_are() -> None:
    d, se, _ = points(7, 20)
    line = line_of(d, se, np.full(20, 0.4))
    weight = 1 / (se**2 + TAU**2)
    assert line.alpha == pytest.approx(weight @ (d - 0.4) / weight.sum())
    assert (line.beta, line.tau) == (1.0, TAU)


def test_no_ratings_tell_nothing() -> None:
    nothing = np.empty(0)
    with pytest.raises(NothingToCalibrate, match="no rated question has enough answers"):
        line_of(nothing, nothing, nothing)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(-2, 2))
def test_moving_all_intercepts_moves_the_line(seed: int, up: float, tilt: float) -> None:
    d, se, x = points(seed, 12)
    before, after = line_of(d, se, x), line_of(d + up + tilt * x, se, x)
    assert (after.alpha, after.beta) == pytest.approx((before.alpha + up, before.beta + tilt), abs=1e-3)
    assert after.tau == pytest.approx(before.tau, abs=1e-3)
    assert after.near(before.moved(up), abs(tilt) + 1e-2)


@settings(deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_line_is_a_line(alpha: float, beta: float) -> None:
    line = Line(alpha, beta, 0.5)
    at = line.at(np.array([0.0, 1.0, np.nan]))
    assert at[:2] == pytest.approx([alpha, alpha + beta])
    assert np.isnan(at[2])
