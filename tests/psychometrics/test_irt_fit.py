"""Calibration against published results and against the likelihood written down a second time."""

import numpy as np
import pytest
from scipy import optimize, sparse

from psychometrics import irt
from tests.psychometrics.lsat6 import lsat6
from tests.psychometrics.marginal import log_likelihood

# LSAT6 in the logistic metric with theta ~ N(0, 1): Bock & Lieberman (1970) and Bock & Aitkin (1981) analysed the data
# first; these figures are those of R's ltm and mirt.
SLOPES = [0.826, 0.723, 0.891, 0.688, 0.657]
DIFFICULTIES = [-3.358, -1.370, -0.280, -1.866, -3.123]
SLOPE_ERRORS = [0.258, 0.187, 0.233, 0.185, 0.210]


def test_lsat6_2pl_is_as_published() -> None:
    fit = irt.fit(lsat6(), "2pl")
    assert fit.discrimination == pytest.approx(np.array(SLOPES), abs=0.001)
    assert fit.difficulty == pytest.approx(np.array(DIFFICULTIES), abs=0.004)
    assert fit.se_discrimination == pytest.approx(np.array(SLOPE_ERRORS), abs=0.0006)
    assert fit.log_likelihood == pytest.approx(-2466.653, abs=0.001)
    assert (fit.mean, fit.sd, fit.se_mean, fit.se_sd) == (0, 1, 0, 0)
    assert fit.converged
    assert fit.n.tolist() == [1000] * 5
    assert not fit.undetermined.any()


def test_lsat6_1pl_is_as_published() -> None:
    fit = irt.fit(lsat6(), "1pl")
    assert fit.discrimination == pytest.approx(np.full(5, 0.755), abs=0.0005)
    assert fit.log_likelihood == pytest.approx(-2466.94, abs=0.005)


def test_the_rasch_model_is_the_1pl_with_the_slope_as_the_spread() -> None:
    rasch, one = irt.fit(lsat6(), "rasch"), irt.fit(lsat6(), "1pl")
    assert rasch.sd == pytest.approx(0.755, abs=0.0005)
    assert rasch.sd == pytest.approx(one.discrimination[0], abs=1e-4)
    assert rasch.se_sd == pytest.approx(one.se_discrimination[0], rel=1e-3)
    assert rasch.difficulty == pytest.approx(one.difficulty * rasch.sd, abs=1e-3)
    assert rasch.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-6)
    assert rasch.discrimination.tolist() == [1.0] * 5
    assert rasch.se_discrimination.tolist() == [0.0] * 5


def test_a_general_optimiser_finds_the_same_maximum_on_sparse_data() -> None:
    rng = np.random.default_rng(11)
    seen = irt.assign(300, 8, 6, rng)
    answers = irt.simulate(rng.standard_normal(300), np.linspace(0.7, 1.6, 8), np.linspace(-1.5, 1, 8), seen, rng)
    dense = np.where(seen, answers.toarray(), np.nan)
    fit = irt.fit(answers)

    def loss(x: irt.FloatArray) -> float:
        return -log_likelihood(dense, x[:8], x[8:])

    found = optimize.minimize(loss, np.concatenate((np.ones(8), np.zeros(8))), method="L-BFGS-B")
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-4)
    assert fit.log_likelihood >= -found.fun - 1e-6
    assert fit.discrimination == pytest.approx(found.x[:8], abs=0.01)
    assert fit.difficulty == pytest.approx(found.x[8:], abs=0.01)


@pytest.mark.parametrize("model", ["2pl", "1pl", "rasch"])
def test_the_log_likelihood_is_that_of_the_estimates(model: irt.Model) -> None:
    fit = irt.fit(lsat6(), model)
    again = log_likelihood(lsat6(), fit.discrimination, fit.difficulty, fit.mean, fit.sd)
    assert fit.log_likelihood == pytest.approx(again, abs=1e-4)


@pytest.mark.parametrize("model", ["2pl", "1pl", "rasch"])
def test_dense_and_sparse_responses_give_exactly_the_same(model: irt.Model) -> None:
    seen = irt.assign(400, 12, 7, 3)
    answers = irt.simulate(np.linspace(-2, 2, 400), np.ones(12), np.linspace(-1, 1, 12), seen, 4)
    of_sparse, of_dense = irt.fit(answers, model), irt.fit(np.where(seen, answers.toarray(), np.nan), model)
    assert of_sparse.discrimination.tolist() == of_dense.discrimination.tolist()
    assert of_sparse.difficulty.tolist() == of_dense.difficulty.tolist()
    assert of_sparse.covariance.tolist() == of_dense.covariance.tolist()
    assert of_sparse.log_likelihood == of_dense.log_likelihood
    assert irt.fit(sparse.coo_array(answers), model).difficulty.tolist() == of_dense.difficulty.tolist()


def test_the_order_of_persons_and_items_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    persons, items = rng.permutation(1000), np.array([3, 0, 4, 2, 1])
    straight, mixed = irt.fit(lsat6()), irt.fit(lsat6()[persons][:, items])
    assert mixed.discrimination == pytest.approx(straight.discrimination[items], abs=1e-5)
    assert mixed.difficulty == pytest.approx(straight.difficulty[items], abs=1e-4)
    assert mixed.se_difficulty == pytest.approx(straight.se_difficulty[items], rel=1e-4)


def test_persons_without_answers_change_nothing() -> None:
    more = np.vstack((np.full((3, 5), np.nan), lsat6()))
    assert irt.fit(more).discrimination.tolist() == irt.fit(lsat6()).discrimination.tolist()


def test_every_person_twice_halves_the_variances() -> None:
    once, twice = irt.fit(lsat6()), irt.fit(np.vstack((lsat6(), lsat6())))
    assert twice.difficulty == pytest.approx(once.difficulty, abs=1e-4)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood)
    assert twice.covariance == pytest.approx(once.covariance / 2, rel=1e-3)


def test_another_population_is_another_unit() -> None:
    standard, other = irt.fit(lsat6()), irt.fit(lsat6(), population=(500.0, 100.0))
    assert other.difficulty == pytest.approx(500 + 100 * standard.difficulty, abs=0.05)
    assert other.discrimination * 100 == pytest.approx(standard.discrimination, abs=1e-3)
    assert other.se_difficulty == pytest.approx(100 * standard.se_difficulty, rel=1e-3)
    assert other.log_likelihood == pytest.approx(standard.log_likelihood, abs=1e-4)
    assert (other.mean, other.sd) == (500, 100)


def test_an_item_keyed_wrongly_has_a_negative_slope() -> None:
    answers = lsat6()
    answers[:, 4] = 1 - answers[:, 4]
    assert irt.fit(answers).discrimination == pytest.approx(np.array(SLOPES) * [1, 1, 1, 1, -1], abs=0.001)


def test_the_objective_never_falls_with_more_steps() -> None:
    reached = [irt.fit(lsat6(), tolerance=1e-12, iterations=steps).log_likelihood for steps in range(1, 40, 3)]
    assert np.all(np.diff(reached) >= -1e-9)
