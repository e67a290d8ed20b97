from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics import equating, irt, report
from psychometrics.report import UNCALIBRATED_PRIOR, Bound, Steps
from psychometrics.scaling import Scale, minimum_passing_raw, score_table

MLA = Scale(minimum=100, maximum=1000, pass_mark=720)
RATINGS = np.linspace(0.35, 0.9, 50).round(2)
ITEMS = irt.from_rating(RATINGS)
CUT = float(RATINGS.sum().round(2))
TABLE = [row.scaled for row in score_table(MLA, np.arange(51), CUT, 50, minimum_passing_raw(CUT))]
FINE = np.linspace(-12, 12, 6001)
RAW = st.integers(0, 50)
SHARES = st.lists(st.integers(25, 97).map(lambda hundredths: hundredths / 100), min_size=50, max_size=50)


def fine_posterior(raw: int, extra_sd: float = 0.0) -> irt.FloatArray:
    density = irt.score_distribution(FINE, *ITEMS)[:, raw] * np.exp(-(FINE**2) / (2 * 1.5**2))
    if extra_sd:
        density = np.convolve(density, np.exp(-(FINE**2) / (2 * extra_sd**2)), mode="same")
    share: irt.FloatArray = density / density.sum()
    return share


def fine_range(raw: int, extra_sd: float) -> tuple[float, float]:
    right_edges = FINE + (FINE[1] - FINE[0]) / 2
    theta = np.interp([0.16, 0.84], fine_posterior(raw, extra_sd).cumsum(), right_edges)
    low, high = np.interp(irt.characteristic_curve(theta, *ITEMS), np.arange(51), TABLE)
    return low, high


@pytest.mark.parametrize("extra_sd", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("raw", [10, 25, 33, 40])
def test_the_likely_range_is_the_central_68_percent_rounded_outward(raw: int, extra_sd: float) -> None:
    low, high = report.likely_range(raw, *ITEMS, TABLE, UNCALIBRATED_PRIOR, extra_sd)
    exact_low, exact_high = fine_range(raw, extra_sd)
    assert low - 0.1 <= exact_low < low + 1.1
    assert high - 1.1 < exact_high <= high + 0.1


@settings(deadline=None)
@given(form=SHARES, reference=SHARES, raw=RAW, prior=st.sampled_from([UNCALIBRATED_PRIOR, irt.Prior(-1.0, 0.4)]))
def test_the_likely_range_holds_the_obtained_score_and_stays_on_the_scale(
    form: list[float], reference: list[float], raw: int, prior: irt.Prior
) -> None:
    x, y = irt.from_rating(form), irt.from_rating(reference)
    minimum = minimum_passing_raw(irt.characteristic_curve(0.0, *x))
    rows = score_table(MLA, equating.true_score(*x, *y), round(sum(reference), 2), 50, minimum)
    low, high = report.likely_range(raw, *x, [row.scaled for row in rows], prior, 0.2)
    assert 100 <= low <= rows[raw].scaled <= high <= 1000
    assert low < high


def test_rating_error_widens_the_likely_range_on_both_sides() -> None:
    low, high = report.likely_range(33, *ITEMS, TABLE, UNCALIBRATED_PRIOR)
    wider_low, wider_high = report.likely_range(33, *ITEMS, TABLE, UNCALIBRATED_PRIOR, 0.3)
    assert wider_low < low < high < wider_high


def test_near_the_top_the_likely_range_reaches_further_down_than_up() -> None:
    low, high = report.likely_range(48, *ITEMS, TABLE, UNCALIBRATED_PRIOR)
    assert TABLE[48] - low > 2 * (high - TABLE[48])


def test_rating_errors_average_out_over_items_and_add_over_forms() -> None:
    assert report.rating_error_sd(0.8, 64) == pytest.approx(0.1)
    assert report.rating_error_sd(0.8, 64, 64) == pytest.approx(0.1 * 2**0.5)


def test_rating_error_is_the_spread_of_a_forms_cut() -> None:
    rng = np.random.default_rng(7)
    b = rng.normal(0.0, 0.8, (2000, 50))
    cuts = [equating.theta_of_expected([25.0], np.ones(50), row)[0] for row in b]
    assert np.std(cuts) == pytest.approx(report.rating_error_sd(0.8, 50), rel=0.1)


@pytest.mark.parametrize(("sd", "n", "m"), [(-0.1, 50, None), (float("nan"), 50, None), (0.8, 0, None), (0.8, 50, 0)])
def test_impossible_rating_errors_are_refused(sd: float, n: int, m: int | None) -> None:
    with pytest.raises(ValueError, match="rating error"):
        report.rating_error_sd(sd, n, m)


def test_a_table_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 51 rows"):
        report.likely_range(10, *ITEMS, TABLE[:-1], UNCALIBRATED_PRIOR)


@pytest.mark.parametrize("extra_sd", [-0.1, float("nan"), float("inf")])
def test_an_impossible_extra_error_is_refused(extra_sd: float) -> None:
    with pytest.raises(ValueError, match="extra_sd"):
        report.likely_range(10, *ITEMS, TABLE, UNCALIBRATED_PRIOR, extra_sd)


@pytest.mark.parametrize("extra_sd", [0.0, 0.2])
@pytest.mark.parametrize("raw", [5, 33, 36, 50])
def test_the_density_is_the_posterior_on_the_scale(raw: int, extra_sd: float) -> None:
    x, density = report.scaled_density(raw, *ITEMS, np.arange(51), MLA, CUT, UNCALIBRATED_PRIOR, extra_sd)
    assert (x[0], x[-1], x.size) == (102.5, 997.5, 180)
    assert density.sum() * 5 == pytest.approx(1)
    assert density.min() >= 0
    above = fine_posterior(raw, extra_sd)[FINE >= 0].sum()
    assert density[x > 720].sum() * 5 == pytest.approx(above, abs=0.01)


def test_the_density_holds_68_percent_in_the_likely_range() -> None:
    low, high = report.likely_range(38, *ITEMS, TABLE, UNCALIBRATED_PRIOR)
    x, density = report.scaled_density(38, *ITEMS, np.arange(51), MLA, CUT, UNCALIBRATED_PRIOR, points=900)
    assert density[(x >= low) & (x <= high)].sum() == pytest.approx(0.68, abs=0.02)


def test_the_density_follows_the_equated_score_of_another_form() -> None:
    harder = irt.from_rating(RATINGS - 0.1)
    equated = equating.true_score(*harder, *ITEMS)
    x, density = report.scaled_density(30, *harder, equated, MLA, CUT, UNCALIBRATED_PRIOR)
    assert x[density.argmax()] == pytest.approx(MLA.scaled(equated[30], CUT, 50), abs=10)


def test_a_density_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        report.scaled_density(30, *ITEMS, np.arange(51), MLA, CUT, UNCALIBRATED_PRIOR, points=0)


def test_the_chance_of_passing_equals_brute_force() -> None:
    (a, b), (c, d) = irt.from_rating([0.5, 0.7, 0.9]), irt.from_rating([0.4, 0.6, 0.8, 0.6])
    wanted = total = 0.0
    for theta in FINE:
        p, q = 1 / (1 + np.exp(b - theta)), 1 / (1 + np.exp(d - theta))
        taken = sum(np.prod(np.where(u, p, 1 - p)) for u in product((False, True), repeat=3) if sum(u) == 2)
        passed = sum(np.prod(np.where(u, q, 1 - q)) for u in product((False, True), repeat=4) if sum(u) >= 3)
        total += taken * np.exp(-(theta**2) / 4.5)
        wanted += taken * passed * np.exp(-(theta**2) / 4.5)
    assert report.chance_of_passing(2, a, b, c, d, 3, UNCALIBRATED_PRIOR) == pytest.approx(wanted / total, abs=1e-5)


@settings(deadline=None, max_examples=15)
@given(form=SHARES, reference=SHARES)
def test_the_chance_of_passing_rises_with_the_score(form: list[float], reference: list[float]) -> None:
    x, y = irt.from_rating(form), irt.from_rating(reference)
    minimum = minimum_passing_raw(irt.characteristic_curve(0.0, *y))
    chances = [report.chance_of_passing(raw, *x, *y, minimum, UNCALIBRATED_PRIOR) for raw in range(51)]
    assert all(low <= high + 1e-12 for low, high in pairwise(chances))
    assert chances[0] < 0.05
    assert chances[50] > 0.9


@pytest.mark.parametrize("minimum", [0, 51])
def test_a_minimum_off_the_reference_form_is_refused(minimum: int) -> None:
    with pytest.raises(ValueError, match="minimum"):
        report.chance_of_passing(30, *ITEMS, *ITEMS, minimum, UNCALIBRATED_PRIOR)


@pytest.mark.parametrize(
    ("p", "percent", "bound"),
    [
        (0.0, 5, Bound.UNDER),
        (0.0499, 5, Bound.UNDER),
        (0.05, 5, Bound.ABOUT),
        (0.0749, 5, Bound.ABOUT),
        (0.075, 10, Bound.ABOUT),
        (0.48, 50, Bound.ABOUT),
        (0.78, 80, Bound.ABOUT),
        (0.95, 95, Bound.ABOUT),
        (0.9501, 95, Bound.OVER),
        (1.0, 95, Bound.OVER),
    ],
)
def test_chances_are_shown_in_steps_of_five_with_open_ends(p: float, percent: int, bound: Bound) -> None:
    assert report.in_steps(p) == Steps(percent, bound)


@pytest.mark.parametrize("p", [-0.01, 1.01, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="not a probability"):
        report.in_steps(p)


# 100 items rated 0.2: the borderline candidate expects 20, give or take sqrt(100 * 0.2 * 0.8) = 4.
@pytest.mark.parametrize(
    ("score", "meets", "too_close"),
    [(15, False, False), (16, False, True), (19, False, True), (20, True, True), (24, True, True), (25, True, False)],
)
def test_a_domain_is_met_at_its_expectation_and_too_close_within_one_sem(
    score: int, meets: bool, too_close: bool
) -> None:
    level = report.domain_level(score, *irt.from_rating([0.2] * 100))
    assert (level.meets, level.too_close) == (meets, too_close)
    assert level.expected == pytest.approx(20)


@given(ratings=SHARES)
def test_a_whole_expectation_is_met_despite_float_sums(ratings: list[float]) -> None:
    items = irt.from_rating([*ratings, *(1 - rating for rating in ratings)])
    assert report.domain_level(50, *items).meets
    assert not report.domain_level(49, *items).meets


@pytest.mark.parametrize("score", [-1, 3])
def test_a_score_off_the_domain_is_refused(score: int) -> None:
    with pytest.raises(ValueError, match="not between 0 and 2"):
        report.domain_level(score, *irt.from_rating([0.5, 0.6]))
