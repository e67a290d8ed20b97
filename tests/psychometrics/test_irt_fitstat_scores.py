"""S-X², against the same statistic worked out from all response patterns."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import chi2, kstest

from psychometrics import irt

POPULATION = irt.Prior(0.0, 1.0)
Data = tuple[irt.FloatArray, irt.FloatArray, irt.FloatArray]


def simulated(persons: int, items: int, seed: int) -> Data:
    random = np.random.default_rng(seed)
    a, b, theta = random.lognormal(0, 0.3, items), random.normal(0, 1, items), random.normal(size=persons)
    return (random.random((persons, items)) < irt.probability(theta, a, b)).astype(np.float64), a, b


def shares_by_enumeration(a: irt.FloatArray, b: irt.FloatArray) -> irt.FloatArray:
    """P(item right | raw score) for scores 1…n - 1, shape (n - 1, n), from all patterns."""
    right = irt.probability(POPULATION.nodes, a, b)
    score, score_and_right = np.zeros(a.size + 1), np.zeros((a.size + 1, a.size))
    for pattern in product((0, 1), repeat=a.size):
        u = np.array(pattern)
        chance = POPULATION.weights @ np.where(u == 1, right, 1 - right).prod(axis=1)
        score[sum(pattern)] += chance
        score_and_right[sum(pattern)] += chance * u
    return np.asarray(score_and_right[1:-1] / score[1:-1, np.newaxis])


def test_the_statistic_follows_its_definition() -> None:
    responses, a, b = simulated(4000, 6, seed=1)
    found = irt.s_x2(responses, a, b, POPULATION, minimum_expected=1e-9)
    shares, scores = shares_by_enumeration(a, b), responses.sum(axis=1)
    wanted = np.zeros(6)
    for raw in range(1, 6):
        group = responses[scores == raw]
        gap = group.mean(axis=0) - shares[raw - 1]
        wanted += len(group) * gap**2 / (shares[raw - 1] * (1 - shares[raw - 1]))
    assert found.statistic == pytest.approx(wanted)
    assert found.df.tolist() == [3] * 6
    assert found.p == pytest.approx(chi2.sf(wanted, 3))
    assert found.testable.all()


def test_small_score_groups_are_joined_from_the_lowest_up() -> None:
    responses, a, b = simulated(60, 6, seed=2)
    least = 4.0
    found = irt.s_x2(responses, a, b, POPULATION, parameters=0, minimum_expected=least)
    shares, scores = shares_by_enumeration(a, b), responses.sum(axis=1)
    for item in range(6):
        groups, open_group = [], np.zeros(3)  # persons, expected right, observed right
        for raw in range(1, 6):
            here = responses[scores == raw, item]
            open_group = open_group + np.array([len(here), len(here) * shares[raw - 1, item], here.sum()])
            if min(open_group[1], open_group[0] - open_group[1]) >= least:
                groups.append(open_group)
                open_group = np.zeros(3)
        groups[-1] = groups[-1] + open_group
        n, should, did = np.array(groups).T
        assert 1 <= found.df[item] == len(groups) < 5
        assert found.statistic[item] == pytest.approx((n * (did - should) ** 2 / should / (n - should)).sum())


def test_under_the_model_p_values_are_uniform() -> None:
    p = np.concatenate([irt.s_x2(*simulated(1000, 12, seed), POPULATION, parameters=0).p for seed in range(30)])
    assert kstest(p, "uniform").pvalue > 0.01
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.03)


def test_an_item_with_another_slope_does_not_fit() -> None:
    responses, a, b = simulated(3000, 20, seed=3)
    a[4] *= 2.5
    found = irt.s_x2(responses, a, b, POPULATION)
    assert found.p[4] == found.p.min() < 1e-6


def test_too_few_groups_are_flagged() -> None:
    responses, a, b = simulated(500, 3, seed=4)
    found = irt.s_x2(responses, a, b, POPULATION)
    assert found.df.tolist() == [0, 0, 0]
    assert (found.testable.tolist(), found.p.tolist()) == ([False] * 3, [1.0] * 3)
    assert irt.s_x2(responses, a, b, POPULATION, parameters=1).testable.all()


@pytest.mark.parametrize("responses", [np.ones((50, 3)), np.zeros((50, 3)), [[1.0, 0.0, 0.0]]])
def test_constant_data_and_single_persons_are_flagged(responses: irt.FloatArray) -> None:
    found = irt.s_x2(responses, np.ones(3), np.zeros(3), POPULATION, parameters=0)
    assert not found.testable.any()
    assert found.statistic.tolist() == [0.0, 0.0, 0.0]


def test_missing_answers_are_refused() -> None:
    with pytest.raises(irt.NoFit, match="every person must have seen every item"):
        irt.s_x2([[1.0, np.nan], [0.0, 1.0]], np.ones(2), np.zeros(2), POPULATION)


def test_one_item_is_refused() -> None:
    with pytest.raises(irt.NoFit, match="at least two items"):
        irt.s_x2([[1.0], [0.0]], [1.0], [0.0], POPULATION)


def test_scores_that_the_prior_rules_out_are_refused() -> None:
    with pytest.raises(irt.NoFit, match="impossible under this prior"):
        irt.s_x2([[1.0, 0.0], [0.0, 0.0]], np.full(2, 1000.0), np.full(2, 40.0), POPULATION)


@pytest.mark.parametrize(("parameters", "least"), [(-1, 1.0), (2, 0.0), (2, float("nan"))])
def test_settings_that_make_no_sense_are_refused(parameters: int, least: float) -> None:
    with pytest.raises(ValueError, match="S-X² needs a number of parameters"):
        irt.s_x2([[1.0, 0.0]], np.ones(2), np.zeros(2), POPULATION, parameters, least)
