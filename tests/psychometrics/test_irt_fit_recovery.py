"""Calibration gets back the parameters that simulated answers were drawn with; priors and fixed items do their part."""

from typing import Any

import numpy as np
import pytest

from psychometrics import irt
from tests.psychometrics.lsat6 import lsat6
from tests.psychometrics.marginal import log_likelihood


def rmse(estimates: irt.FloatArray, truth: irt.FloatArray) -> float:
    return float(np.sqrt(np.mean((estimates - truth) ** 2)))


def bank(seed: int, items: int) -> tuple[irt.FloatArray, irt.FloatArray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal(0, 0.25, items)), rng.normal(-0.6, 0.8, items), rng


def sat(
    persons: int, each: int, seed: int, items: int, mean: float = 0.0, sd: float = 1.0
) -> tuple[Any, irt.FloatArray, irt.FloatArray]:
    a, b, rng = bank(seed, items)
    return irt.simulate(rng.normal(mean, sd, persons), a, b, irt.assign(persons, items, each, rng), rng), a, b


def test_2pl_parameters_come_back_from_sparse_answers() -> None:
    answers, a, b = sat(3000, 65, 1, 195)
    fit = irt.fit(answers)
    assert fit.converged
    assert not fit.undetermined.any()
    assert rmse(fit.difficulty, b) < 0.14
    assert rmse(fit.discrimination, a) < 0.12


def test_rasch_spread_and_difficulties_come_back() -> None:
    _, b, rng = bank(2, 40)
    fit = irt.fit(irt.simulate(rng.normal(0, 1.4, 2000), np.ones(40), b, irt.assign(2000, 40, 25, rng), rng), "rasch")
    assert fit.sd == pytest.approx(1.4, abs=3 * fit.se_sd)
    assert fit.se_sd < 0.05
    assert rmse(fit.difficulty - fit.difficulty.mean(), b - b.mean()) < 0.09


def test_forms_that_share_no_item_are_put_on_one_scale_by_the_population() -> None:
    a, b, rng = bank(3, 60)
    seen = np.zeros((4000, 60), dtype=np.bool_)
    seen[:2000, :30] = seen[2000:, 30:] = True
    fit = irt.fit(irt.simulate(rng.standard_normal(4000), a, b, seen, rng))
    assert (fit.difficulty - b)[:30].mean() == pytest.approx(0, abs=0.1)
    assert (fit.difficulty - b)[30:].mean() == pytest.approx(0, abs=0.1)


def test_fixed_items_stay_exactly_and_pretest_items_come_back_on_their_scale() -> None:
    answers, a, b = sat(4000, 65, 4, 130, mean=0.6, sd=0.8)
    pretest = np.arange(130) >= 100
    fit = irt.fit(answers, fixed=(np.where(pretest, np.nan, a), np.where(pretest, np.nan, b)))
    assert fit.discrimination[~pretest].tolist() == a[~pretest].tolist()
    assert fit.difficulty[~pretest].tolist() == b[~pretest].tolist()
    assert not fit.covariance[~pretest].any()
    assert fit.mean == pytest.approx(0.6, abs=3 * fit.se_mean)
    assert fit.sd == pytest.approx(0.8, abs=3 * fit.se_sd)
    assert rmse(fit.difficulty[pretest], b[pretest]) < 0.12


def test_items_fixed_at_their_estimates_change_nothing() -> None:
    whole = irt.fit(lsat6(), tolerance=1e-9)
    a, b = whole.discrimination.copy(), whole.difficulty.copy()
    a[4] = b[4] = np.nan
    part = irt.fit(lsat6(), fixed=(a, b), tolerance=1e-9)
    assert [part.mean, part.sd] == pytest.approx([0, 1], abs=1e-4)
    assert part.discrimination[4] == pytest.approx(whole.discrimination[4], abs=1e-4)
    assert part.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-7)


def test_a_shifted_scale_of_the_fixed_items_shifts_everything() -> None:
    answers, a, b = sat(800, 20, 5, 30)
    free = np.arange(30) >= 20
    one = irt.fit(answers, fixed=(np.where(free, np.nan, a), np.where(free, np.nan, b)))
    other = irt.fit(answers, fixed=(np.where(free, np.nan, a / 2), np.where(free, np.nan, 3 + 2 * b)))
    assert other.mean == pytest.approx(3 + 2 * one.mean, abs=1e-3)
    assert other.sd == pytest.approx(2 * one.sd, abs=1e-3)
    assert other.difficulty[free] == pytest.approx(3 + 2 * one.difficulty[free], abs=5e-3)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-5)


def test_all_items_fixed_leaves_the_population_to_be_estimated() -> None:
    answers, a, b = sat(3000, 30, 6, 40, mean=-0.5, sd=1.3)
    fit = irt.fit(answers, fixed=(a, b))
    assert fit.mean == pytest.approx(-0.5, abs=3 * fit.se_mean)
    assert fit.sd == pytest.approx(1.3, abs=3 * fit.se_sd)
    assert fit.population == irt.Prior(fit.mean, fit.sd)


def test_slopes_held_alone_keep_the_population_of_the_model() -> None:
    fit = irt.fit(lsat6(), fixed=(np.full(5, 0.7551), np.full(5, np.nan)))
    assert (fit.mean, fit.sd) == (0, 1)
    assert fit.difficulty == pytest.approx(irt.fit(lsat6(), "1pl").difficulty, abs=1e-3)


def test_wide_priors_are_plain_maximum_likelihood_and_narrow_ones_decide() -> None:
    plain = irt.fit(lsat6())
    wide = irt.fit(lsat6(), priors=irt.ItemPriors(0.0, 1e4, 0.0, 1e4))
    narrow = irt.fit(lsat6(), priors=irt.ItemPriors(np.arange(5.0), 1e-4, 0.3, 1e-4))
    assert wide.discrimination == pytest.approx(plain.discrimination, abs=1e-4)
    assert wide.difficulty == pytest.approx(plain.difficulty, abs=1e-3)
    assert narrow.intercept == pytest.approx(np.arange(5.0), abs=1e-3)
    assert narrow.discrimination == pytest.approx(np.full(5, np.exp(0.3)), abs=1e-3)
    assert narrow.log_likelihood < plain.log_likelihood


def test_a_narrow_prior_of_a_single_item_is_holding_that_item() -> None:
    sd = np.array([np.inf, np.inf, 1e-5, np.inf, np.inf])
    fit = irt.fit(lsat6(), "rasch", priors=irt.ItemPriors(0.0, sd), population=(0, 0.755))
    fixed = (np.array([np.nan, np.nan, 1, np.nan, np.nan]), np.array([np.nan, np.nan, 0, np.nan, np.nan]))
    held = irt.fit(lsat6(), "rasch", fixed=fixed, population=(0, 0.755))
    assert fit.difficulty == pytest.approx(held.difficulty, abs=1e-4)
    assert fit.se_difficulty == pytest.approx(held.se_difficulty, abs=1e-4)
    assert fit.log_likelihood == pytest.approx(held.log_likelihood, abs=1e-4)


def test_a_prior_of_the_common_slope_counts_once() -> None:
    fit = irt.fit(lsat6(), "1pl", priors=irt.ItemPriors(log_slope_mean=0.0, log_slope_sd=0.1), tolerance=1e-8)
    a, d = fit.discrimination, fit.intercept
    ahead, behind = (log_likelihood(lsat6(), a * share, -d / (a * share)) for share in np.exp([1e-4, -1e-4]))
    assert (ahead - behind) / 2e-4 == pytest.approx(np.log(a[0]) / 0.1**2, rel=1e-3)


def test_a_prior_of_log_slopes_brings_few_answers_nearer_to_the_truth() -> None:
    answers, a, _ = sat(200, 30, 8, 60)
    plain, held = irt.fit(answers), irt.fit(answers, priors=irt.ItemPriors(log_slope_mean=0.0, log_slope_sd=0.3))
    assert rmse(held.discrimination, a) < 0.9 * rmse(plain.discrimination, a)
