import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from scipy.stats import binom, norm

from psychometrics import irt
from psychometrics.decision import BadDecision, lee, rudner

SLOPES, DIFFICULTIES = np.array([0.7, 1.0, 1.4, 0.9, 1.2]), np.array([-1.0, -0.3, 0.2, 0.6, 1.1])
ITEM = st.tuples(st.floats(0.3, 2.5), st.floats(-3, 3))
ITEMS = st.lists(ITEM, min_size=2, max_size=6).map(lambda items: tuple(np.array(items).T))


def by_enumeration(a, b, cuts, thetas, weights) -> tuple[float, float, float, float, list[float]]:
    """Accuracy, consistency, false positives and negatives and shares from every pattern of answers on two forms."""
    patterns = [np.array(pattern) for pattern in product((0, 1), repeat=len(a))]
    category = [sum(pattern.sum() >= cut for cut in cuts) for pattern in patterns]
    accurate = consistent = positive = negative = 0.0
    shares = [0.0] * (len(cuts) + 1)
    for theta, weight in zip(thetas, weights, strict=True):
        right = 1 / (1 + np.exp(-a * (theta - b)))
        chances = [float(np.prod(np.where(pattern, right, 1 - right))) for pattern in patterns]
        true = sum(right.sum() >= cut for cut in cuts)
        for one, chance in zip(category, chances, strict=True):
            accurate += weight * chance * (one == true)
            positive += weight * chance * (one > true)
            negative += weight * chance * (one < true)
            shares[one] += weight * chance
            consistent += sum(weight * chance * c for c, other in zip(chances, category, strict=True) if other == one)
    return accurate, consistent, positive, negative, shares


@pytest.mark.parametrize("cuts", [[3], [2.6], [1], [5], [2, 4], [1.5, 3, 4.2]])
def test_lee_equals_the_enumeration_of_every_pattern(cuts: list[float]) -> None:
    thetas, weights = [-1.3, -0.2, 0.4, 1.7], [0.2, 0.35, 0.3, 0.15]
    found = lee(SLOPES, DIFFICULTIES, cuts, theta=thetas, weights=weights)
    accurate, consistent, positive, negative, shares = by_enumeration(SLOPES, DIFFICULTIES, cuts, thetas, weights)
    assert (found.accuracy, found.consistency) == pytest.approx((accurate, consistent))
    assert (found.false_positive, found.false_negative) == pytest.approx((positive, negative), abs=1e-12)
    assert found.shares == pytest.approx(shares)
    by_chance = sum(share**2 for share in shares)
    assert found.chance_consistency == pytest.approx(by_chance)
    assert found.kappa == pytest.approx((consistent - by_chance) / (1 - by_chance))


def test_persons_stand_for_themselves_in_the_p_method() -> None:
    thetas = [-1.0, 0.1, 0.1, 2.0]
    equal = by_enumeration(SLOPES, DIFFICULTIES, [3], thetas, [0.25] * 4)
    found = lee(SLOPES, DIFFICULTIES, 3, theta=thetas)
    assert (found.accuracy, found.consistency) == pytest.approx(equal[:2])


def test_weights_are_shares_whatever_they_add_up_to() -> None:
    assert lee(SLOPES, DIFFICULTIES, 3, theta=[0.0, 1.0], weights=[3, 9]) == lee(
        SLOPES, DIFFICULTIES, 3, theta=[0.0, 1.0], weights=[0.25, 0.75]
    )


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (0.8, 0.6), (-0.5, 1.5)])
def test_the_normal_population_is_integrated_up_to_the_jump_and_after_it(mean: float, sd: float) -> None:
    items, cut = 12, 7.3
    border = -math.log(items / cut - 1)  # equal items of slope 1 and difficulty 0

    def area(kernel, low: float, high: float) -> float:
        def weighed(theta: float) -> float:
            passing = float(binom.sf(7, items, 1 / (1 + math.exp(-theta))))
            return float(kernel(passing) * norm.pdf(theta, mean, sd))

        return float(integrate.quad(weighed, low, high, epsabs=1e-12, limit=200)[0])

    low, high = mean - 9 * sd, mean + 9 * sd
    found = lee(np.ones(items), np.zeros(items), cut, mean, sd)
    accurate = area(lambda p: 1 - p, low, border) + area(lambda p: p, border, high)
    consistent = area(lambda p: p * p + (1 - p) ** 2, low, high)
    assert (found.accuracy, found.consistency) == pytest.approx((accurate, consistent), abs=1e-9)


def test_a_fine_grid_comes_to_the_same_as_no_grid() -> None:
    rng = np.random.default_rng(11)
    a, b = np.exp(rng.normal(0, 0.3, 50)), rng.normal(-0.5, 1, 50)
    prior = irt.Prior(0.3, 0.9)
    grid = lee(a, b, 31, theta=prior.nodes, weights=prior.weights)
    exact = lee(a, b, 31, mean=0.3, sd=0.9)
    assert grid.accuracy == pytest.approx(exact.accuracy, abs=1e-3)
    assert grid.consistency == pytest.approx(exact.consistency, abs=1e-9)


def test_simulated_persons_are_decided_as_lee_expects() -> None:
    rng = np.random.default_rng(21)
    a, b = np.exp(rng.normal(0, 0.3, 50)), rng.normal(-0.5, 1, 50)
    cut = irt.characteristic_curve(0.0, a, b)
    thetas = rng.normal(0.2, 1.1, 20_000)
    right = irt.probability(thetas, a, b)
    passed, again = ((rng.random(right.shape) < right).sum(axis=1) >= cut for _ in range(2))
    found = lee(a, b, cut, 0.2, 1.1)
    assert found.accuracy == pytest.approx((passed == (thetas >= 0)).mean(), abs=0.007)
    assert found.consistency == pytest.approx((passed == again).mean(), abs=0.007)
    assert found.false_positive == pytest.approx((passed & (thetas < 0)).mean(), abs=0.005)


def test_the_true_score_at_the_cut_itself_passes() -> None:
    a, b = irt.from_rating([0.3, 0.62, 0.97, 0.55])
    cut = irt.characteristic_curve(0.0, a, b)
    found = lee(a, b, cut, theta=[0.0])
    assert found.false_positive == 0
    assert found.false_negative == pytest.approx(1 - found.shares[1])


def test_perfect_items_make_every_decision_right() -> None:
    found = lee(np.full(9, 500.0), np.linspace(-2, 2, 9), 4.5)
    assert (found.accuracy, found.consistency, found.kappa) == pytest.approx((1, 1, 1), abs=5e-3)


@given(items=ITEMS, mean=st.floats(-2, 2), sd=st.floats(0.2, 2), part=st.floats(0.05, 1))
def test_shares_of_any_form_add_up(
    items: tuple[irt.FloatArray, irt.FloatArray], mean: float, sd: float, part: float
) -> None:
    a, b = items
    found = lee(a, b, part * len(a), mean, sd)
    assert found.accuracy + found.false_positive + found.false_negative == pytest.approx(1)
    assert 0 <= found.chance_consistency <= found.consistency + 1e-12
    assert found.consistency <= 1
    assert sum(found.shares) == pytest.approx(1)


def test_kappa_is_undefined_when_everybody_passes_for_sure() -> None:
    found = lee(np.ones(50), np.zeros(50), 1, theta=[40.0])
    assert (found.accuracy, found.consistency, found.chance_consistency, found.kappa) == (1, 1, 1, None)


@pytest.mark.parametrize("cut", [0, -1, 5.1, math.nan, [2, 2], [3, 1]])
def test_cuts_off_the_form_are_refused(cut: float) -> None:
    with pytest.raises(BadDecision, match="cut"):
        lee(SLOPES, DIFFICULTIES, cut)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"a": [1.0]}, "equally long"),
        ({"a": -SLOPES}, "positive"),
        ({"sd": 0.0}, "positive, finite sd"),
        ({"mean": math.nan}, "finite mean"),
        ({"theta": []}, "finite numbers"),
        ({"theta": [math.inf]}, "finite numbers"),
        ({"theta": [[0.0]]}, "finite numbers"),
        ({"weights": [1.0]}, "abilities they belong to"),
        ({"theta": [0.0, 1.0], "weights": [1.0]}, "2 numbers"),
        ({"theta": [0.0], "weights": [0.0]}, "not all 0"),
        ({"theta": [0.0, 1.0], "weights": [2.0, -1.0]}, "at least 0"),
    ],
)
def test_lee_refuses_what_it_cannot_judge(changed, message: str) -> None:
    with pytest.raises(BadDecision, match=message):
        lee(**{"a": SLOPES, "b": DIFFICULTIES, "cut": 3, **changed})


def test_rudner_is_the_area_on_the_true_side_of_the_cut() -> None:
    found = rudner([0.3, -0.5], [0.3, 0.25], 0.0)
    passing = np.array([float(norm.cdf(1.0)), float(norm.cdf(-2.0))])
    assert found.accuracy == pytest.approx((passing[0] + 1 - passing[1]) / 2)
    assert found.false_negative == pytest.approx((1 - passing[0]) / 2)
    assert found.false_positive == pytest.approx(passing[1] / 2)
    assert found.consistency == pytest.approx((passing**2 + (1 - passing) ** 2).mean())


@pytest.mark.parametrize("se", [0.2, 0.5, 1.0])
def test_rudner_on_a_normal_population_is_the_orthant_probability(se: float) -> None:
    # Signs of two normals of correlation r agree with probability 1/2 + arcsin(r)/pi (Sheppard 1899).
    thetas = np.linspace(-8, 8, 8000)
    found = rudner(thetas, se, 0.0, weights=norm.pdf(thetas))
    assert found.accuracy == pytest.approx(0.5 + math.asin(1 / math.sqrt(1 + se**2)) / math.pi, abs=1e-6)
    assert found.consistency == pytest.approx(0.5 + math.asin(1 / (1 + se**2)) / math.pi, abs=1e-6)
    assert found.chance_consistency == pytest.approx(0.5)


def test_rudner_with_several_cuts_squares_every_area() -> None:
    found = rudner([0.2], 0.5, [-0.3, 0.7])
    areas = np.diff([0.0, float(norm.cdf(-1.0)), float(norm.cdf(1.0)), 1.0])
    assert found.accuracy == pytest.approx(areas[1])
    assert found.consistency == pytest.approx((areas**2).sum())
    assert found.shares == pytest.approx(areas)


def test_rudner_puts_an_ability_at_the_cut_above_it() -> None:
    assert rudner([1.0], [0.4], 1.0).false_negative == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("theta", "se", "cut"),
    [
        ([0.0, math.nan], 0.3, 0.0),
        ([], 0.3, 0.0),
        ([0.0], 0.0, 0.0),
        ([0.0], math.nan, 0.0),
        ([0.0, 1.0], [0.3], 0.0),
        ([0.0], 0.3, math.inf),
    ],
)
def test_rudner_refuses_what_it_cannot_judge(theta: list[float], se: float, cut: float) -> None:
    with pytest.raises(BadDecision):
        rudner(theta, se, cut)
