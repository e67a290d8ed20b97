"""What calibration makes of awkward data: flagged items and named errors."""

from typing import Any

import numpy as np
import pytest

from psychometrics import irt
from psychometrics.responses import BadResponses
from tests.psychometrics.lsat6 import lsat6

MODELS: list[irt.Model] = ["2pl", "1pl", "rasch"]
NAN = np.nan


def with_blanks() -> irt.FloatArray:
    """LSAT6 and three items more: everybody right, everybody wrong, nobody asked."""
    return np.column_stack((lsat6(), np.ones(1000), np.zeros(1000), np.full(1000, NAN)))


def finite_or_infinite(fit: irt.Fit) -> bool:
    arrays = (fit.discrimination, fit.difficulty, fit.se_discrimination, fit.se_difficulty, fit.covariance)
    more = (fit.intercept, fit.se_intercept, np.array([fit.mean, fit.sd, fit.se_mean, fit.se_sd, fit.log_likelihood]))
    return not any(np.isnan(array).any() for array in arrays + more)


@pytest.mark.parametrize("model", MODELS)
def test_items_that_tell_nothing_are_flagged_and_leave_the_others_alone(model: irt.Model) -> None:
    fit, clean = irt.fit(with_blanks(), model), irt.fit(lsat6(), model)
    assert fit.undetermined.tolist() == [False] * 5 + [True] * 3
    assert fit.difficulty[5:].tolist() == [-np.inf, np.inf, 0.0]
    assert fit.se_difficulty[5:].tolist() == fit.se_discrimination[5:].tolist() == [np.inf] * 3
    assert fit.discrimination[5:].tolist() == [fit.discrimination[0] if model == "1pl" else 1.0] * 3
    assert fit.difficulty[:5].tolist() == clean.difficulty.tolist()
    assert fit.log_likelihood == clean.log_likelihood
    assert fit.n.tolist() == [1000] * 7 + [0]
    assert finite_or_infinite(fit)


def test_priors_determine_what_the_data_leave_open() -> None:
    fit = irt.fit(with_blanks(), priors=irt.ItemPriors(0.5, 1.0, 0.2, 0.3))
    assert not fit.undetermined.any()
    assert fit.intercept[7] == pytest.approx(0.5)
    assert fit.se_intercept[7] == pytest.approx(1.0)
    assert fit.discrimination[7] == pytest.approx(np.exp(0.2))
    assert fit.se_discrimination[7] == pytest.approx(0.3 * np.exp(0.2))
    assert fit.difficulty[5] < fit.difficulty[:5].min()
    assert finite_or_infinite(fit)


def test_a_prior_of_the_intercept_alone_leaves_the_slope_of_an_unseen_item_open() -> None:
    fit = irt.fit(with_blanks(), priors=irt.ItemPriors(0.5, 1.0))
    assert fit.undetermined[7]
    assert (fit.discrimination[7], fit.difficulty[7], fit.se_difficulty[7]) == (1.0, -0.5, np.inf)
    assert finite_or_infinite(fit)


@pytest.mark.parametrize("model", MODELS)
def test_fewer_persons_than_items_give_finite_or_flagged_estimates(model: irt.Model) -> None:
    answers = (np.random.default_rng(0).random((8, 30)) < 0.6).astype(float)
    assert finite_or_infinite(irt.fit(answers, model))


def test_a_slope_that_runs_away_stops_and_is_flagged() -> None:
    ability = np.random.default_rng(2).standard_normal(400)
    answers = irt.simulate(ability, np.ones(20), np.linspace(-1, 1, 20), None, 3).toarray()
    steps = (answers.sum(axis=1, keepdims=True) > 10).astype(float)
    fit = irt.fit(np.hstack((answers, steps, steps)))
    assert fit.undetermined.tolist() == [False] * 20 + [True] * 2
    assert fit.discrimination[20:].tolist() == [10.0, 10.0]
    assert np.isfinite(fit.difficulty).all()
    assert finite_or_infinite(fit)


@pytest.mark.parametrize("model", MODELS)
def test_answers_in_perfect_order_are_flagged(model: irt.Model) -> None:
    answers = (np.arange(20)[:, np.newaxis] > np.arange(0, 20, 3) + 0.5).astype(float)
    fit = irt.fit(answers, model, iterations=100)
    assert fit.undetermined.any() or not fit.converged
    assert finite_or_infinite(fit)


def test_answers_without_anything_in_common_leave_no_common_slope() -> None:
    answers = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1.0]] * 30)
    one, rasch = irt.fit(answers, "1pl"), irt.fit(answers, "rasch")
    assert one.undetermined.all()
    assert np.isinf(one.difficulty).all()
    assert (rasch.sd, rasch.se_sd) == (0.01, np.inf)
    assert rasch.difficulty == pytest.approx(np.full(3, np.log(2)), abs=1e-3)
    assert finite_or_infinite(one)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (np.ones((50, 5)), irt.NothingToCalibrate),
        (np.tile([1.0, 0, 1, 0], (20, 1)), irt.NothingToCalibrate),
        (lsat6()[5:6], irt.TooFewPersons),
        (np.full((5, 5), NAN), irt.TooFewPersons),
        (lsat6()[:, :1], irt.TooFewItems),
        (np.array([[1, NAN, NAN], [0, NAN, NAN], [NAN, 1, NAN], [NAN, 0, NAN], [NAN, NAN, 0]]), irt.TooFewItems),
        (np.array([[0.5, 1.0], [0.0, 1.0]]), BadResponses),
    ],
)
def test_data_that_cannot_be_calibrated_have_a_named_error(
    model: irt.Model, answers: Any, error: type[ValueError]
) -> None:
    with pytest.raises(error):
        irt.fit(answers, model)


def test_answers_only_to_items_without_a_prior_that_all_got_right_are_too_few() -> None:
    answers, sd = np.column_stack((np.ones(5), np.full(5, NAN))), np.array([np.inf, 1.0])
    with pytest.raises(irt.TooFewPersons):
        irt.fit(answers, "rasch", priors=irt.ItemPriors(0.0, sd))


def test_two_items_are_too_few_for_two_slopes_and_enough_for_one() -> None:
    with pytest.raises(irt.TooFewItems, match="3 or more items"):
        irt.fit(lsat6()[:, :2])
    assert irt.fit(lsat6()[:, :2], "1pl").converged


def test_non_convergence_is_told_and_an_error_only_when_strict() -> None:
    assert not irt.fit(lsat6(), iterations=3).converged
    with pytest.raises(irt.NotConverged, match="still moved"):
        irt.fit(lsat6(), iterations=3, strict=True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "3pl"}, "2pl, 1pl or rasch"),
        ({"nodes": 3}, "nodes"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"iterations": 0}, "iteration"),
        ({"fixed": ([1.0], [0.0])}, "one entry for each of 5"),
        ({"fixed": ([NAN] * 5, [0.0] * 5)}, "a fixed b needs a fixed a"),
        ({"fixed": ([-1.0] * 5, [0.0] * 5)}, "positive"),
        ({"priors": irt.ItemPriors([0.0, 1.0], 1.0)}, "one for each of 5"),
        ({"model": "rasch", "priors": irt.ItemPriors(log_slope_mean=0, log_slope_sd=1)}, "no slopes"),
        ({"model": "1pl", "priors": irt.ItemPriors(log_slope_mean=[0] * 5, log_slope_sd=1)}, "one mean and one sd"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(irt.BadSettings, match=told):
        irt.fit(lsat6(), **options)


@pytest.mark.parametrize(
    "given",
    [
        {"intercept_mean": 0},
        {"log_slope_sd": 1},
        {"intercept_mean": 0, "intercept_sd": 0},
        {"log_slope_mean": 0, "log_slope_sd": np.inf},
    ],
)
def test_half_a_prior_or_one_without_spread_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(irt.BadSettings, match="prior of a"):
        irt.ItemPriors(**given)


def test_everything_held_is_nothing_to_calibrate() -> None:
    with pytest.raises(irt.NothingToCalibrate, match="fixed"):
        irt.fit(lsat6(), fixed=([1.0] * 5, [0.0] * 5), population=(0, 1))
