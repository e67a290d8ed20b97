from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics import equating, irt

ITEM = st.tuples(st.floats(0.4, 2.2), st.floats(-2.5, 2.5))
Items = tuple[irt.FloatArray, irt.FloatArray]


def forms(smallest: int = 1, largest: int = 30) -> st.SearchStrategy[Items]:
    return st.lists(ITEM, min_size=smallest, max_size=largest).map(lambda items: tuple(np.array(items).T))


def by_enumeration(items: Items, mean: float, sd: float) -> irt.FloatArray:
    """Score chances in N(mean, sd²) over all answer patterns, by 60 nodes of Gauss and Hermite."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    right = irt.probability(mean + sd * nodes, *items)
    chances = np.zeros(items[0].size + 1)
    for pattern in product((0, 1), repeat=items[0].size):
        chances[sum(pattern)] += weights @ np.where(pattern, right, 1 - right).prod(axis=1) / weights.sum()
    return chances


@settings(max_examples=30)
@given(x=forms(), random=st.randoms(use_true_random=False), mean=st.floats(-2, 2), sd=st.floats(0.3, 2))
def test_the_same_items_in_any_order_give_the_exact_identity(x: Items, random: Random, mean: float, sd: float) -> None:
    order = list(range(x[0].size))
    random.shuffle(order)
    assert equating.observed_score(*x, x[0][order], x[1][order], mean, sd).tolist() == list(range(x[0].size + 1))


@settings(max_examples=30)
@given(x=forms(), y=forms())
def test_equivalents_rise_within_half_a_point_of_y(x: Items, y: Items) -> None:
    equated = equating.observed_score(*x, *y)
    assert equated.shape == (x[0].size + 1,)
    assert np.all(np.diff(equated) > 0)
    assert equated[0] >= -0.5
    assert equated[-1] <= y[0].size + 0.5


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (0.7, 0.6)])
def test_scores_are_matched_in_the_distributions_that_all_answers_give(mean: float, sd: float) -> None:
    x = np.array([0.8, 1.4, 1.0, 0.6, 1.1]), np.array([-1.0, 0.2, 0.5, 1.3, -0.2])
    y = np.array([1.2, 0.9, 0.7, 1.5]), np.array([0.4, -0.3, 0.9, -1.2])
    wanted = equating.equipercentile(by_enumeration(x, mean, sd), by_enumeration(y, mean, sd))
    assert equating.observed_score(*x, *y, mean=mean, sd=sd) == pytest.approx(wanted, abs=1e-6)


def test_nearly_parallel_forms_have_nearly_the_same_true_score_equating() -> None:
    random = np.random.default_rng(4)
    a, b = random.lognormal(0, 0.2, 50), random.normal(-0.5, 1, 50)
    y = a * random.lognormal(0, 0.02, 50), b + random.normal(0.1, 0.05, 50)
    middle = slice(5, 46)
    there = equating.observed_score(a, b, *y)
    assert there[middle] == pytest.approx(equating.true_score(a, b, *y)[middle], abs=0.15)
    assert np.abs(there - np.arange(51)).max() > 0.5


def test_equated_scores_have_the_distribution_of_y() -> None:
    random = np.random.default_rng(5)
    x, y = ((random.lognormal(0, 0.2, n), random.normal(0.3 * n / 40, 1, n)) for n in (40, 45))
    there = equating.observed_score(*x, *y, mean=0.2, sd=0.9)
    population = irt.Prior(0.2, 0.9)
    on_x, on_y = (population.weights @ irt.score_distribution(population.nodes, *form) for form in (x, y))
    means = on_x @ there, on_y @ np.arange(46)
    sds = np.sqrt(on_x @ (there - means[0]) ** 2), np.sqrt(on_y @ (np.arange(46) - means[1]) ** 2)
    assert means[0] == pytest.approx(means[1], abs=0.01)
    assert sds[0] == pytest.approx(sds[1], abs=0.02)


@pytest.mark.parametrize(("mean", "sd"), [(float("nan"), 1.0), (0.0, 0.0), (0.0, -1.0)])
def test_a_population_has_a_mean_and_a_spread(mean: float, sd: float) -> None:
    with pytest.raises(ValueError, match="prior needs"):
        equating.observed_score([1.0], [0.0], [1.0], [0.5], mean, sd)


def test_a_form_that_everyone_gets_right_cannot_be_equated() -> None:
    with pytest.raises(equating.BadScores, match="all scores on form X are the same"):
        equating.observed_score([1.0, 1.0], [-5000.0, -5000.0], [1.0, 1.0], [0.0, 0.5])
