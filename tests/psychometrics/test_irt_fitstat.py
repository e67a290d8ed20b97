from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from psychometrics import irt
from psychometrics.responses import BadResponses

Items = tuple[irt.FloatArray, irt.FloatArray]
ITEM = st.tuples(st.floats(0.3, 2.5), st.floats(-3, 3))
ITEMS = st.lists(ITEM, min_size=2, max_size=5).map(lambda items: tuple(np.array(items).T))
POPULATION = irt.Prior(0.0, 1.0)


def simulated(persons: int, items: int, seed: int, share: float = 1.0) -> tuple[irt.FloatArray, irt.FloatArray, Items]:
    random = np.random.default_rng(seed)
    a, b, theta = random.lognormal(0, 0.3, items), random.normal(0, 1, items), random.normal(size=persons)
    right = (random.random((persons, items)) < irt.probability(theta, a, b)).astype(np.float64)
    return np.where(random.random(right.shape) < share, right, np.nan), theta, (a, b)


def test_mean_squares_follow_their_definition() -> None:
    responses, theta, items = simulated(50, 6, seed=1, share=0.7)
    right = irt.probability(theta, *items)
    found = irt.infit_outfit(responses, *items, theta)
    for item in range(6):
        seen = ~np.isnan(responses[:, item])
        p, gap = right[seen, item], (responses[:, item] - right[:, item])[seen]
        assert found.outfit[item] == pytest.approx(np.mean(gap**2 / (p * (1 - p))))
        assert found.infit[item] == pytest.approx((gap**2).sum() / (p * (1 - p)).sum())
        assert found.persons[item] == seen.sum()


@given(items=ITEMS)
def test_integrated_outfit_is_exactly_one_over_the_whole_population(items: Items) -> None:
    patterns = np.array(list(product((0.0, 1.0), repeat=items[0].size)))
    right = irt.probability(POPULATION.nodes, *items)
    chances = [POPULATION.weights @ np.where(u == 1, right, 1 - right).prod(axis=1) for u in patterns]
    outfits = [irt.infit_outfit_integrated([u], *items, POPULATION).outfit for u in patterns]
    assert np.array(chances) @ np.array(outfits) == pytest.approx(np.ones(items[0].size), abs=1e-9)


def test_integrated_mean_squares_are_posterior_expectations() -> None:
    responses, _, items = simulated(40, 5, seed=2, share=0.8)
    right = irt.probability(POPULATION.nodes, *items)
    squares, variances, standard = np.zeros(5), np.zeros(5), np.zeros(5)
    for row in responses:
        seen = ~np.isnan(row)
        density = POPULATION.weights * np.where(row == 1, right, 1 - right)[:, seen].prod(axis=1)
        density /= density.sum()
        gap, variance = (row - right)[:, seen] ** 2, (right * (1 - right))[:, seen]
        squares[seen] += density @ gap
        variances[seen] += density @ variance
        standard[seen] += density @ (gap / variance)
    found = irt.infit_outfit_integrated(responses, *items, POPULATION)
    assert found.infit == pytest.approx(squares / variances)
    assert found.outfit == pytest.approx(standard / (~np.isnan(responses)).sum(axis=0))


def test_under_the_model_mean_squares_are_about_one() -> None:
    responses, theta, items = simulated(4000, 30, seed=3, share=0.6)
    for found in (
        irt.infit_outfit(responses, *items, theta),
        irt.infit_outfit_integrated(responses, *items, POPULATION),
    ):
        assert found.infit == pytest.approx(np.ones(30), abs=0.12)
        assert found.infit.mean() == pytest.approx(1, abs=0.01)
        assert found.outfit.mean() == pytest.approx(1, abs=0.05)


def test_an_item_steeper_than_modelled_overfits_and_a_flatter_one_underfits() -> None:
    responses, theta, (a, b) = simulated(3000, 20, seed=4)
    a[0], a[1] = a[0] / 2, a[1] * 2
    plugged, integrated = (
        irt.infit_outfit(responses, a, b, theta),
        irt.infit_outfit_integrated(responses, a, b, POPULATION),
    )
    for found in (plugged, integrated):
        assert found.infit[0] < 0.95
        assert found.infit[1] > 1.05


def test_persons_of_infinite_theta_are_left_out() -> None:
    responses, theta, items = simulated(30, 4, seed=5)
    extreme = np.concatenate([theta, [np.inf, -np.inf]])
    both = np.concatenate([responses, [[1, 1, 1, 1], [0, 0, 0, 0]]])
    wanted, found = irt.infit_outfit(responses, *items, theta), irt.infit_outfit(both, *items, extreme)
    assert found.infit.tolist() == wanted.infit.tolist()
    assert found.persons.tolist() == [30] * 4
    assert irt.q3(both, *items, extreme).values.tolist() == irt.q3(responses, *items, theta).values.tolist()


def test_an_impossible_answer_stays_finite() -> None:
    found = irt.infit_outfit([[0.0], [1.0]], [1.0], [0.0], [2000.0, 0.0])
    assert np.isfinite([found.infit[0], found.outfit[0]]).all()
    assert found.outfit[0] > 1e100


def test_an_item_that_nobody_has_seen_is_named() -> None:
    unseen = [[1.0, np.nan], [0.0, np.nan]]
    with pytest.raises(irt.NoFit, match="item 1 has no person"):
        irt.infit_outfit(unseen, [1.0, 1.0], [0.0, 0.0], [0.0, 0.0])
    with pytest.raises(irt.NoFit, match="item 1 has no person"):
        irt.infit_outfit_integrated(unseen, [1.0, 1.0], [0.0, 0.0], POPULATION)
    with pytest.raises(irt.NoFit, match="item 0 has no person"):
        irt.infit_outfit([[1.0]], [1.0], [0.0], [np.inf])


@pytest.mark.parametrize("theta", [[0.0], [0.0, np.nan], 0.0])
def test_abilities_must_be_known_for_everybody(theta: float | list[float]) -> None:
    with pytest.raises(BadResponses, match="theta must be 2 numbers"):
        irt.infit_outfit([[1.0], [0.0]], [1.0], [0.0], theta)
    with pytest.raises(BadResponses, match="theta must be 2 numbers"):
        irt.q3([[1.0], [0.0]], [1.0], [0.0], theta)


def test_q3_is_the_correlation_of_residuals_among_those_who_saw_both() -> None:
    responses, theta, items = simulated(80, 5, seed=6, share=0.7)
    found = irt.q3(responses, *items, theta)
    gap = responses - irt.probability(theta, *items)
    for i, j in product(range(5), repeat=2):
        both = ~np.isnan(gap[:, i]) & ~np.isnan(gap[:, j])
        assert found.values[i, j] == pytest.approx(np.corrcoef(gap[both, i], gap[both, j])[0, 1])
        assert found.persons[i, j] == both.sum()
    assert found.known.all()


def test_sparse_and_dense_agree() -> None:
    responses, theta, items = simulated(80, 5, seed=7, share=0.7)
    person, item = np.nonzero(~np.isnan(responses))
    stored = sparse.coo_array((responses[person, item], (person, item)), shape=responses.shape)
    assert irt.q3(stored, *items, theta).values.tolist() == irt.q3(responses, *items, theta).values.tolist()
    assert (
        irt.infit_outfit_integrated(stored, *items, POPULATION).outfit.tolist()
        == irt.infit_outfit_integrated(responses, *items, POPULATION).outfit.tolist()
    )


def test_q3_flags_the_pair_that_shares_more_than_ability() -> None:
    responses, _, items = simulated(2000, 20, seed=8)
    copied = np.random.default_rng(9).random(2000) < 0.6
    responses[copied, 3] = responses[copied, 12]
    items[0][3], items[1][3] = items[0][12], items[1][12]
    estimated = irt.map_(responses, *items)
    found = irt.q3(responses, *items, estimated)
    flagged = irt.q3_flagged(found)
    assert [pair[:2] for pair in flagged] == [(3, 12)]
    assert flagged[0][2] == found.values[3, 12] > 0.3
    assert irt.q3_flagged(found, threshold=0.99) == []


def test_under_the_model_q3_is_slightly_negative() -> None:
    responses, _, items = simulated(3000, 20, seed=10)
    found = irt.q3(responses, *items, irt.map_(responses, *items))
    assert found.values[np.triu_indices(20, 1)].mean() == pytest.approx(-1 / 19, abs=0.02)
    assert irt.q3_flagged(found) == []


def test_pairs_that_too_few_saw_are_not_known() -> None:
    responses, theta, items = simulated(60, 3, seed=11)
    responses[:40, 0], responses[29:, 1] = np.nan, np.nan
    found = irt.q3(responses, *items, theta, minimum=20)
    assert found.known.tolist() == [[True, False, True], [False, True, True], [True, True, True]]
    assert found.persons[0, 1] == 0
    assert found.values[0, 1] == 0
    assert (0, 1) not in [pair[:2] for pair in irt.q3_flagged(found, threshold=-1.0)]


def test_residuals_that_do_not_vary_are_not_known() -> None:
    found = irt.q3(np.ones((50, 2)), [1.0, 1.0], [0.0, 0.0], np.full(50, 0.3))
    assert not found.known.any()
    assert found.values.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_one_person_makes_no_correlation() -> None:
    with pytest.raises(ValueError, match="at least two persons"):
        irt.q3([[1.0, 0.0]], [1.0, 1.0], [0.0, 0.0], [0.0], minimum=1)
