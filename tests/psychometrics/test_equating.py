from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, logit

from psychometrics import equating, irt

ITEM = st.tuples(st.floats(0.4, 2.2), st.floats(-2.5, 2.5))
Items = tuple[irt.FloatArray, irt.FloatArray]


def forms(smallest: int = 1, largest: int = 50) -> st.SearchStrategy[Items]:
    return st.lists(ITEM, min_size=smallest, max_size=largest).map(lambda items: tuple(np.array(items).T))


@given(x=forms(), random=st.randoms(use_true_random=False))
def test_the_same_items_in_any_order_give_the_exact_identity(x: Items, random: Random) -> None:
    order = list(range(x[0].size))
    random.shuffle(order)
    assert equating.true_score(*x, x[0][order], x[1][order]).tolist() == list(range(x[0].size + 1))


def test_the_identity_is_no_matter_of_solving() -> None:
    steep, b = np.array([1e12, 3e12, 2e12]), np.ones(3)
    assert equating.true_score(steep, b, steep[::-1], b).tolist() == [0.0, 1.0, 2.0, 3.0]


@given(x=forms(2), y=forms(2))
def test_ends_are_fixed_and_values_increase_between_them(x: Items, y: Items) -> None:
    equated = equating.true_score(*x, *y)
    assert (equated[0], equated[-1], equated.size) == (0, y[0].size, x[0].size + 1)
    assert np.all(np.diff(equated) > 0)
    assert equated.tolist() == [round(value, 6) for value in equated.tolist()]


@given(x=forms(2, 8), y=forms(2, 8))
def test_values_are_where_both_curves_meet_one_theta(x: Items, y: Items) -> None:
    wanted = []
    for raw in range(1, x[0].size):
        theta = brentq(lambda t, raw=raw: irt.characteristic_curve(t, *x) - raw, -40, 40, xtol=1e-13)
        wanted.append(irt.characteristic_curve(theta, *y))
    assert equating.true_score(*x, *y)[1:-1] == pytest.approx(np.array(wanted), abs=1e-6)


def test_a_uniformly_harder_form_earns_the_closed_form_credit() -> None:
    x, y = (np.ones(50), np.full(50, 0.3)), (np.ones(50), np.zeros(50))
    raw = np.arange(1, 50)
    assert equating.true_score(*x, *y)[1:-1] == pytest.approx(50 * expit(logit(raw / 50) + 0.3), abs=1e-6)


def test_a_shorter_form_reaches_the_other_forms_full_score() -> None:
    x, y = irt.from_rating([0.6] * 48), irt.from_rating([0.6] * 50)
    assert equating.true_score(*x, *y) == pytest.approx(np.arange(49) * 50 / 48, abs=1e-6)


def test_a_form_of_one_item_has_only_its_ends() -> None:
    assert equating.true_score([1.0], [0.0], [1.0, 1.0], [0.0, 1.0]).tolist() == [0.0, 2.0]


@given(x=forms(2), share=st.floats(0.001, 0.999))
def test_theta_of_expected_inverts_the_curve(x: Items, share: float) -> None:
    expected = [share * x[0].size]
    assert irt.characteristic_curve(equating.theta_of_expected(expected, *x), *x) == pytest.approx(expected)


@pytest.mark.parametrize("expected", [0.0, 2.0, -1.0, float("nan")])
def test_no_theta_expects_an_end(expected: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 2"):
        equating.theta_of_expected([1.0, expected], [1.0, 1.0], [0.0, 0.0])
