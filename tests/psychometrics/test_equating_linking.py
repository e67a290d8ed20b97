from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import iqr, norm

from psychometrics import equating, irt

METHODS = ["stocking_lord", "haebara", "mean_mean", "mean_sigma"]
CURVES = METHODS[:2]
Items = tuple[irt.FloatArray, irt.FloatArray]


def noisy(seed: int = 8) -> tuple[Items, Items]:
    """The same 15 items as two calibrations estimate them, on scales that differ by 1.2 · theta - 0.4."""
    random = np.random.default_rng(seed)
    a, b = random.lognormal(0, 0.3, 15), random.normal(0, 1, 15)
    there = equating.Link(1.2, -0.4).items(a, b)
    noise = random.normal(0, 0.1, (4, 15))
    return (a * np.exp(noise[0]), b + noise[1]), (there[0] * np.exp(noise[2]), there[1] + noise[3])


def distance(x: Items, y: Items, link: equating.Link, method: str, nodes, weights) -> float:
    """The criterion of Kolen & Brennan (2014), chapter 6, item by item, on Y's scale."""
    total = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        apart = [
            expit(a_y * (node - b_y)) - expit(a_x / link.A * (node - link.A * b_x - link.B))
            for a_x, b_x, a_y, b_y in zip(*x, *y, strict=True)
        ]
        total += weight * (sum(apart) ** 2 if method == "stocking_lord" else sum(each**2 for each in apart))
    return total


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1.3, -0.7), (0.45, 2.0), (2.5, 0.3)])
def test_a_change_of_scale_is_recovered_exactly(method, scale: float, shift: float, symmetric: bool) -> None:
    random = np.random.default_rng(2)
    x = random.lognormal(0, 0.3, 20), random.normal(0.2, 1, 20)
    found = equating.link(*x, *equating.Link(scale, shift).items(*x), method=method, symmetric=symmetric)
    assert astuple(found) == pytest.approx((scale, shift), abs=1e-9)


@given(
    items=st.lists(st.tuples(st.floats(0.4, 2.5), st.floats(-2.5, 2.5)), min_size=3, max_size=20),
    scale=st.floats(0.5, 2),
    shift=st.floats(-1, 1),
    method=st.sampled_from(CURVES),
)
def test_curves_recover_the_scale_of_any_items(items, scale: float, shift: float, method) -> None:
    a, b = np.array(items).T
    found = equating.link(a, b, *equating.Link(scale, shift).items(a, b), method=method)
    assert astuple(found) == pytest.approx((scale, shift), abs=1e-4)


def test_moments_of_the_parameters_give_the_closed_forms() -> None:
    x, y = noisy()
    by_slope, by_spread = (equating.link(*x, *y, method=method) for method in ("mean_mean", "mean_sigma"))
    assert pytest.approx(x[0].mean() / y[0].mean()) == by_slope.A
    assert pytest.approx(y[1].std() / x[1].std()) == by_spread.A
    for found in (by_slope, by_spread):
        assert found.theta(x[1]).mean() == pytest.approx(y[1].mean())


@pytest.mark.parametrize("method", CURVES)
def test_curves_find_the_minimum_of_the_published_criterion(method) -> None:
    x, y = noisy()
    nodes = np.linspace(-6, 6, 121)
    weights = norm.pdf(nodes) / norm.pdf(nodes).sum()

    def apart(unknown: irt.FloatArray) -> float:
        return distance(x, y, equating.Link(*unknown), method, nodes, weights)

    best = minimize(apart, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-14})
    found = equating.link(*x, *y, method=method)
    assert astuple(found) == pytest.approx(tuple(best.x), abs=1e-5)
    assert astuple(found) == pytest.approx((1.2, -0.4), abs=0.15)


@pytest.mark.parametrize("method", CURVES)
def test_a_symmetric_criterion_finds_the_minimum_over_both_scales(method) -> None:
    x, y = noisy()
    nodes = np.linspace(-6, 6, 121)
    weights = norm.pdf(nodes) / norm.pdf(nodes).sum()

    def both(unknown: irt.FloatArray) -> float:
        there, back = equating.Link(*unknown), equating.Link(1 / unknown[0], -unknown[1] / unknown[0])
        return distance(x, y, there, method, nodes, weights) + distance(y, x, back, method, nodes, weights)

    best = minimize(both, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-14})
    found = equating.link(*x, *y, method=method, symmetric=True)
    assert astuple(found) == pytest.approx(tuple(best.x), abs=1e-5)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("method", [*CURVES, "mean_sigma"])
def test_only_symmetric_methods_are_undone_by_the_way_back(method, symmetric: bool) -> None:
    x, y = noisy()
    there = equating.link(*x, *y, method=method, symmetric=symmetric)
    back = equating.link(*y, *x, method=method, symmetric=symmetric)
    undone = there.A * back.A, float(there.theta(back.B))
    assert (undone == pytest.approx((1, 0), abs=1e-7)) == (symmetric or method == "mean_sigma")


@given(theta=st.floats(-5, 5), a=st.floats(0.3, 3), b=st.floats(-3, 3), scale=st.floats(0.3, 3), shift=st.floats(-2, 2))
def test_a_linked_item_is_as_hard_for_a_linked_person(theta, a, b, scale, shift) -> None:
    link = equating.Link(scale, shift)
    moved = irt.probability(float(link.theta(theta)), *link.items([a], [b]))
    assert moved == pytest.approx(irt.probability(theta, [a], [b]), rel=1e-9)


def test_the_population_weighs_the_distances() -> None:
    x, y = noisy()
    low, high = (equating.link(*x, *y, population=irt.Prior(mean, 0.5)) for mean in (-2.0, 2.0))
    assert pytest.approx(high.B, abs=1e-3) != low.B


@pytest.mark.parametrize("method", ["stocking_lord", "haebara", "mean_mean"])
def test_items_of_one_difficulty_still_link(method) -> None:
    found = equating.link([1.0, 1.5], [0.5, 0.5], [0.5, 0.75], [1.2, 1.2], method=method)
    assert astuple(found) == pytest.approx((2, 0.2))


def test_mean_sigma_needs_difficulties_that_differ() -> None:
    with pytest.raises(equating.NotLinked, match="different difficulty"):
        equating.link([1.0, 1.5], [0.5, 0.5], [1.0, 1.5], [0.2, 0.9], method="mean_sigma")


def test_items_out_of_sight_of_the_population_do_not_link() -> None:
    with pytest.raises(equating.NotLinked, match="no minimum"):
        equating.link([1.0, 1.0], [90.0, 91.0], [1.0, 1.2], [90.0, 91.5])


@pytest.mark.parametrize("method", METHODS)
def test_shared_items_come_in_pairs(method) -> None:
    with pytest.raises(equating.NotLinked, match="got 2 and 1"):
        equating.link([1.0, 1.5], [0.5, 0.2], [1.0], [0.2], method=method)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown linking method 'median'"):
        equating.link([1.0], [0.5], [1.0], [0.2], method="median")  # type: ignore[arg-type]


def test_bad_items_are_refused() -> None:
    with pytest.raises(ValueError, match="a must be positive"):
        equating.link([1.0, -1.0], [0.5, 0.2], [1.0, 1.0], [0.2, 0.3])


def test_drift_is_the_difference_over_its_robust_spread() -> None:
    x, y = noisy()
    link = equating.link(*x, *y)
    found = equating.robust_drift(x[1], y[1], link)
    difference = y[1] - link.A * x[1] - link.B
    assert found.difference == pytest.approx(difference)
    assert found.z == pytest.approx((difference - np.median(difference)) / (0.74 * iqr(difference)))


def test_only_the_anchors_that_moved_are_drifting() -> None:
    b_x = np.linspace(-2, 2, 21)
    b_y = b_x + 0.02 * np.sin(np.arange(21))
    b_y[[3, 17]] += [0.8, -0.5]
    found = equating.robust_drift(b_x, b_y, equating.Link(1.0, 0.0))
    assert np.flatnonzero(found.drifting()).tolist() == [3, 17]
    assert np.flatnonzero(found.drifting(difference=0.6)).tolist() == [3]
    assert not found.drifting(z=1000).any()


def test_an_anchor_that_moves_alone_is_infinitely_far_out() -> None:
    found = equating.robust_drift([0.0, 0.5, 1.0, 1.5, 2.0], [0.0, 0.5, 1.0, 1.5, 1.0], equating.Link(1.0, 0.0))
    assert found.z.tolist() == [0.0, 0.0, 0.0, 0.0, -np.inf]
    assert found.drifting().tolist() == [False, False, False, False, True]


def test_anchors_that_move_together_do_not_drift() -> None:
    found = equating.robust_drift([0.1, 0.5, 1.3], [0.3, 0.7, 1.5], equating.Link(1.0, 0.0))
    assert found.z.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("b_x", "b_y"), [([0.0, 1.0], [0.0, 1.0]), ([0.0, 1.0, 2.0], [0.0, 1.0])])
def test_drift_needs_three_anchors_on_both_scales(b_x, b_y) -> None:
    with pytest.raises(equating.NotLinked):
        equating.robust_drift(b_x, b_y, equating.Link(1.0, 0.0))
