"""Standard errors against numerical second derivatives of the likelihood written down a second time."""

import numpy as np
import pytest

from psychometrics import irt
from psychometrics.irt import standard_errors
from tests.psychometrics.lsat6 import lsat6
from tests.psychometrics.marginal import hessian, log_likelihood


def gappy() -> irt.FloatArray:
    seen = irt.assign(400, 6, 4, 21)
    theta = np.random.default_rng(22).normal(0.3, 1.2, 400)
    answers = irt.simulate(theta, np.linspace(0.8, 1.5, 6), np.linspace(-1, 1, 6), seen, 23)
    return np.where(seen, answers.toarray(), np.nan)


@pytest.mark.parametrize("data", [lsat6(), gappy()], ids=["LSAT6", "gappy"])
def test_2pl_covariances_are_those_of_the_numerical_hessian(data: irt.FloatArray) -> None:
    fit, n = irt.fit(data, tolerance=1e-8), data.shape[1]
    wanted = np.linalg.inv(
        -hessian(lambda x: log_likelihood(data, x[:n], x[n:]), np.r_[fit.discrimination, fit.difficulty])
    )
    for item in range(n):
        block = wanted[np.ix_([item, n + item], [item, n + item])]
        assert fit.covariance[item] == pytest.approx(block, rel=2e-3)
    assert fit.se_discrimination == pytest.approx(np.sqrt(np.diag(wanted)[:n]), rel=1e-3)
    assert fit.se_difficulty == pytest.approx(np.sqrt(np.diag(wanted)[n:]), rel=1e-3)


@pytest.mark.parametrize("data", [lsat6(), gappy()], ids=["LSAT6", "gappy"])
def test_1pl_errors_are_those_of_the_numerical_hessian(data: irt.FloatArray) -> None:
    fit, n = irt.fit(data, "1pl", tolerance=1e-8), data.shape[1]
    wanted = np.linalg.inv(
        -hessian(lambda x: log_likelihood(data, np.full(n, x[0]), x[1:]), np.r_[fit.discrimination[0], fit.difficulty])
    )
    errors = np.sqrt(np.diag(wanted))
    assert fit.se_discrimination == pytest.approx(np.full(n, errors[0]), rel=1e-3)
    assert fit.se_difficulty == pytest.approx(errors[1:], rel=1e-3)
    assert fit.covariance[:, 0, 1] == pytest.approx(wanted[0, 1:], rel=1e-2, abs=1e-6)


@pytest.mark.parametrize("data", [lsat6(), gappy()], ids=["LSAT6", "gappy"])
def test_rasch_errors_are_those_of_the_numerical_hessian(data: irt.FloatArray) -> None:
    fit, n = irt.fit(data, "rasch", tolerance=1e-8), data.shape[1]
    wanted = np.linalg.inv(
        -hessian(lambda x: log_likelihood(data, np.ones(n), x[1:], 0.0, x[0]), np.r_[fit.sd, fit.difficulty])
    )
    errors = np.sqrt(np.diag(wanted))
    assert fit.se_sd == pytest.approx(errors[0], rel=1e-3)
    assert fit.se_difficulty == pytest.approx(errors[1:], rel=1e-3)


def test_fixed_parameter_errors_are_those_of_the_numerical_hessian() -> None:
    data, free = gappy(), np.array([4, 5])
    a, b = np.linspace(0.8, 1.5, 6), np.linspace(-1, 1, 6)
    held_a, held_b = a.copy(), b.copy()
    held_a[free] = held_b[free] = np.nan
    fit = irt.fit(data, fixed=(held_a, held_b), tolerance=1e-8)

    def of(x: irt.FloatArray) -> float:
        slopes, difficulties = a.copy(), b.copy()
        slopes[free], difficulties[free] = x[2:4], x[4:]
        return log_likelihood(data, slopes, difficulties, x[0], x[1])

    at = np.r_[fit.mean, fit.sd, fit.discrimination[free], fit.difficulty[free]]
    errors = np.sqrt(np.diag(np.linalg.inv(-hessian(of, at))))
    assert [fit.se_mean, fit.se_sd] == pytest.approx(errors[:2].tolist(), rel=1e-3)
    assert fit.se_discrimination[free] == pytest.approx(errors[2:4], rel=1e-3)
    assert fit.se_difficulty[free] == pytest.approx(errors[4:], rel=1e-3)


def test_errors_under_priors_are_those_of_the_numerical_hessian() -> None:
    data = gappy()
    mean, sd = np.linspace(0.5, -0.5, 6), 0.4
    priors = irt.ItemPriors(mean, sd, 0.1, 0.3)
    fit = irt.fit(data, priors=priors, tolerance=1e-8)

    def of(x: irt.FloatArray) -> float:  # x: log a and d, with respect to which the estimate is the mode
        a = np.exp(x[:6])
        prior = (((x[:6] - 0.1) / 0.3) ** 2).sum() + (((x[6:] - mean) / sd) ** 2).sum()
        return log_likelihood(data, a, -x[6:] / a) - 0.5 * float(prior)

    at = np.r_[np.log(fit.discrimination), fit.intercept]
    steps = 1e-4 * np.eye(12)
    gradient = [(of(at + step) - of(at - step)) / 2e-4 for step in steps]
    assert gradient == pytest.approx([0] * 12, abs=1e-3)
    errors = np.sqrt(np.diag(np.linalg.inv(-hessian(of, at))))
    assert fit.se_discrimination == pytest.approx(fit.discrimination * errors[:6], rel=1e-3)
    assert fit.se_intercept == pytest.approx(errors[6:], rel=1e-3)


def test_blocks_alone_are_near_the_whole_matrix_in_a_long_test(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    answers = irt.simulate(rng.standard_normal(800), np.full(40, 1.1), rng.normal(0, 0.8, 40), None, rng)
    whole = irt.fit(answers)
    monkeypatch.setattr(standard_errors.covariance, "__defaults__", (1,))
    blocks = irt.fit(answers)
    assert blocks.difficulty.tolist() == whole.difficulty.tolist()
    assert blocks.se_difficulty == pytest.approx(whole.se_difficulty, rel=0.15)
    assert blocks.se_discrimination == pytest.approx(whole.se_discrimination, rel=0.15)
    assert np.all(blocks.se_difficulty < whole.se_difficulty)


def test_estimates_of_simulated_data_miss_by_their_standard_errors() -> None:
    rng = np.random.default_rng(31)
    a, b = np.exp(rng.normal(0, 0.25, 60)), rng.normal(-0.8, 0.9, 60)
    fit = irt.fit(irt.simulate(rng.standard_normal(3000), a, b, irt.assign(3000, 60, 40, rng), rng))
    assert np.std((fit.difficulty - b) / fit.se_difficulty) == pytest.approx(1, abs=0.25)
    assert np.std((fit.discrimination - a) / fit.se_discrimination) == pytest.approx(1, abs=0.25)
