import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize
from scipy.stats import binom, poisson

from psychometrics import equating
from psychometrics.equating import smoothing

COUNTS = [2, 5, 11, 18, 30, 41, 38, 33, 17, 9, 4]


@given(counts=st.lists(st.integers(1, 300), min_size=3, max_size=40), data=st.data())
def test_as_many_moments_as_the_degree_are_kept(counts: list[int], data: st.DataObject) -> None:
    degree = data.draw(st.integers(1, min(6, len(counts) - 1)))
    fit = equating.loglinear(counts, degree)
    scores = np.linspace(-1, 1, len(counts))
    for power in range(degree + 1):
        assert fit.fitted @ scores**power == pytest.approx(
            np.dot(counts, scores**power), rel=1e-9, abs=1e-8 * sum(counts)
        )


def test_the_fit_is_the_maximum_of_the_poisson_likelihood() -> None:
    powers = np.vander(np.linspace(-1, 1, len(COUNTS)), 4)

    def loss(coefficients):
        return -np.sum(poisson.logpmf(COUNTS, np.exp(powers @ coefficients)))

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-7})
    fit = equating.loglinear(COUNTS, 3)
    assert fit.fitted == pytest.approx(np.exp(powers @ best.x), rel=1e-4)
    saturated = -np.sum(poisson.logpmf(COUNTS, COUNTS))
    assert fit.deviance == pytest.approx(2 * (best.fun - saturated), abs=1e-6)


@given(counts=st.lists(st.integers(1, 300), min_size=6, max_size=40))
def test_logarithms_of_the_fit_are_a_polynomial(counts: list[int]) -> None:
    fitted = equating.loglinear(counts, 3).fitted
    assert np.diff(np.log(fitted), n=4) == pytest.approx(0, abs=1e-6)


def test_an_exponential_curve_is_its_own_fit_of_degree_one() -> None:
    tilted = np.exp(0.3 * np.arange(21))
    fit = equating.loglinear(1000 * tilted / tilted.sum(), 1)
    assert fit.fitted == pytest.approx(1000 * tilted / tilted.sum())
    assert fit.deviance == pytest.approx(0, abs=1e-8)


def test_degrees_of_freedom_and_aic_count_the_parameters() -> None:
    fits = [equating.loglinear(COUNTS, degree) for degree in range(1, 11)]
    assert [fit.degrees_of_freedom for fit in fits] == list(range(9, -1, -1))
    assert [fit.aic - fit.deviance for fit in fits] == pytest.approx(list(range(4, 24, 2)))
    assert np.all(np.diff([fit.deviance for fit in fits]) <= 1e-9)


def test_with_a_parameter_for_each_score_the_fit_is_the_data() -> None:
    fit = equating.loglinear(COUNTS, 10)
    assert fit.fitted == pytest.approx(np.array(COUNTS))
    assert fit.deviance == pytest.approx(0, abs=1e-8)


@given(factor=st.floats(0.001, 1000))
def test_the_fit_follows_the_number_of_persons(factor: float) -> None:
    one, many = equating.loglinear(COUNTS, 4), equating.loglinear(factor * np.array(COUNTS), 4)
    assert many.fitted == pytest.approx(factor * one.fitted)
    assert many.deviance == pytest.approx(factor * one.deviance)


@pytest.mark.parametrize("degree", [2, 4, 6, 8])
def test_high_degrees_stay_stable_on_a_long_form_with_empty_tails(degree: int) -> None:
    counts = np.round(2000 * binom.pmf(np.arange(66), 65, 0.7))
    fit = equating.loglinear(counts, degree)
    assert fit.fitted.sum() == pytest.approx(counts.sum())
    assert np.arange(66) @ fit.fitted == pytest.approx(np.arange(66) @ counts)


@given(occupied=st.lists(st.booleans(), min_size=2, max_size=9).filter(any), data=st.data())
def test_a_fit_is_refused_exactly_if_a_polynomial_vanishes_where_persons_stand(
    occupied: list[bool], data: st.DataObject
) -> None:
    scores = len(occupied)
    degree = data.draw(st.integers(1, scores - 1))
    powers = np.linalg.qr(np.vander(np.linspace(-1, 1, scores), degree + 1))[0]
    stands = np.array(occupied)
    # The largest sum of a polynomial of values from 0 to 1 that vanishes where persons stand.
    largest = linprog(
        -powers.sum(axis=0),
        A_ub=np.vstack([-powers, powers]),
        b_ub=np.repeat([0.0, 1.0], scores),
        A_eq=powers[stands],
        b_eq=np.zeros(stands.sum()),
        bounds=(None, None),
    )
    if largest.fun is not None and largest.fun < -0.5:
        with pytest.raises(equating.NoFit, match="too few scores"):
            equating.loglinear(stands, degree)
    else:
        assert equating.loglinear(stands, degree).fitted.sum() == pytest.approx(stands.sum())


@pytest.mark.parametrize("degree", [0, 11, -1])
def test_a_degree_needs_a_score_for_each_parameter(degree: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 10"):
        equating.loglinear(COUNTS, degree)


def test_all_zero_frequencies_have_no_fit() -> None:
    with pytest.raises(equating.BadScores, match="nobody has a score"):
        equating.loglinear([0, 0, 0], 1)


def test_an_iteration_without_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoothing, "ROUNDS", 2)
    with pytest.raises(equating.NoFit, match="did not converge"):
        equating.loglinear(COUNTS, 6)
