from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics import equating, irt
from psychometrics.scaling import Scale, minimum_passing_raw, score_table

MLA = Scale(minimum=100, maximum=1000, pass_mark=720)
MLS = Scale(minimum=100, maximum=1000, pass_mark=750)
CUT = Decimal("31.42")
SCALES = st.sampled_from([MLA, MLS])
CUTS = st.integers(100, 4900).map(lambda hundredths: Decimal(hundredths) / 100)
EQUATED = st.integers(0, 50_000_000).map(lambda millionths: millionths / 1_000_000)
RATINGS = st.lists(st.integers(25, 97).map(lambda hundredths: Decimal(hundredths) / 100), min_size=50, max_size=50)


def slightly_below(scaled: int, by: Fraction) -> Fraction:
    return MLA.equated(scaled - by, CUT, 50)


@pytest.mark.parametrize("scale", [MLA, MLS])
def test_ends_and_cut_are_fixed_points(scale: Scale) -> None:
    assert [scale.scaled(raw, CUT, 50) for raw in (0, CUT, 50)] == [100, scale.pass_mark, 1000]


@pytest.mark.parametrize(
    ("raw", "scaled"),
    [
        (31, 711),  # 711.71: below the cut rounds down
        (15, 395),  # 395.99
        (32, 729),  # 728.74: above the cut rounds to the nearest
        (41, 864),  # 864.37
    ],
)
def test_both_pieces_round_their_own_way(raw: int, scaled: int) -> None:
    assert MLA.scaled(raw, CUT, 50) == scaled


def test_half_a_point_above_the_cut_rounds_up() -> None:
    assert MLA.scaled(MLA.equated(Decimal("800.5"), CUT, 50), CUT, 50) == 801


def test_the_least_step_below_the_cut_fails_to_show_the_pass_mark() -> None:
    assert MLA.scaled(31.419999, CUT, 50) == 719
    assert MLA.scaled(slightly_below(720, Fraction(1, 10**12)), CUT, 50) == 719


def test_a_billionth_short_of_a_whole_point_counts_as_the_point() -> None:
    assert MLA.scaled(slightly_below(400, Fraction(1, 10**10)), CUT, 50) == 400
    assert MLA.scaled(slightly_below(400, Fraction(1, 10**8)), CUT, 50) == 399


def test_a_float_counts_as_the_decimal_it_prints_as() -> None:
    assert Fraction(31.42) != Fraction("31.42")
    assert MLA.scaled(31.42, CUT, 50) == MLA.scaled(CUT, 31.42, 50) == 720
    assert MLA.scaled(np.float64(31.42), Fraction(CUT), 50) == 720
    below = next(h / 100 for h in range(3000, 3100) if Fraction(h / 100) < Fraction(str(h / 100)))
    assert MLA.scaled(below, Decimal(str(below)), 50) == 720


@given(scale=SCALES, cut=CUTS, scores=st.lists(EQUATED, min_size=2, max_size=8))
def test_scaled_never_falls_and_shows_the_pass_mark_exactly_from_the_cut(
    scale: Scale, cut: Decimal, scores: list[float]
) -> None:
    shown = [scale.scaled(score, cut, 50) for score in sorted(scores)]
    assert shown == sorted(shown)
    assert [value >= scale.pass_mark for value in shown] == [Decimal(str(s)) >= cut for s in sorted(scores)]


@given(scale=SCALES, cut=CUTS, scaled=st.integers(100, 1000))
def test_equated_inverts_scaled(scale: Scale, cut: Decimal, scaled: int) -> None:
    equated = scale.equated(scaled, cut, 50)
    assert scale.scaled_exact(equated, cut, 50) == scaled
    assert scale.scaled(equated, cut, 50) == scaled


@given(scale=SCALES, cut=CUTS, score=EQUATED)
def test_the_curve_for_charts_is_the_exact_line(scale: Scale, cut: Decimal, score: float) -> None:
    assert scale.scaled_curve([score], cut, 50)[0] == pytest.approx(float(scale.scaled_exact(score, cut, 50)))


@pytest.mark.parametrize(
    ("score", "cut"), [(-0.1, 30), (50.1, 30), (10, 0), (10, 50), (float("nan"), 30), (10, Decimal("Infinity"))]
)
def test_scores_and_cuts_off_the_form_are_refused(score: float, cut: float) -> None:
    with pytest.raises(ValueError, match=r"between|literal"):
        MLA.scaled(score, cut, 50)


@pytest.mark.parametrize("scaled", [99, 1001])
def test_points_off_the_scale_are_refused(scaled: int) -> None:
    with pytest.raises(ValueError, match="between 100 and 1000"):
        MLA.equated(scaled, CUT, 50)


@pytest.mark.parametrize("pass_mark", [100, 1000])
def test_a_scale_keeps_its_pass_mark_inside(pass_mark: int) -> None:
    with pytest.raises(ValueError, match="minimum < pass mark < maximum"):
        Scale(100, 1000, pass_mark)


@pytest.mark.parametrize(
    ("expected", "minimum"),
    [(31.42, 32), (31.0, 31), (31.0000005, 31), (31.000001, 31), (31.000002, 32), (Decimal("31.01"), 32)],
)
def test_minimum_passing_raw_rounds_up_but_not_for_a_millionth(expected: float, minimum: int) -> None:
    assert minimum_passing_raw(expected) == minimum


@given(ratings=RATINGS)
def test_a_whole_rating_sum_is_the_minimum_itself(ratings: list[Decimal]) -> None:
    paired = [*ratings, *(1 - rating for rating in ratings)]
    assert minimum_passing_raw(irt.characteristic_curve(0.0, *irt.from_rating(paired))) == 50


@given(scale=SCALES, form=RATINGS, reference=RATINGS)
def test_tables_of_any_form_keep_every_promise(scale: Scale, form: list[Decimal], reference: list[Decimal]) -> None:
    x, y, cut = irt.from_rating(form), irt.from_rating(reference), sum(reference, Decimal(0))
    minimum = minimum_passing_raw(irt.characteristic_curve(0.0, *x))
    rows = score_table(scale, equating.true_score(*x, *y), cut, 50, minimum)
    assert [row.raw for row in rows] == list(range(51))
    assert [row.passed for row in rows] == [raw >= sum(form) for raw in range(51)]
    assert [row.scaled >= scale.pass_mark for row in rows] == [row.passed for row in rows]
    assert (rows[0].scaled, rows[-1].scaled) == (100, 1000)
    assert all(low.equated < high.equated and low.scaled <= high.scaled for low, high in pairwise(rows))


@given(reference=RATINGS)
def test_the_reference_forms_table_is_the_line_itself(reference: list[Decimal]) -> None:
    items, cut = irt.from_rating(reference), sum(reference, Decimal(0))
    rows = score_table(MLA, equating.true_score(*items, *items), cut, 50, minimum_passing_raw(cut))
    assert [row.scaled for row in rows] == [MLA.scaled(raw, cut, 50) for raw in range(51)]


@pytest.mark.parametrize(("minimum", "scaled", "passed"), [(32, 719, False), (31, 720, True)])
@pytest.mark.parametrize("equated", [31.419999, 31.42])
def test_the_minimum_alone_decides_when_rounding_disagrees(
    equated: float, minimum: int, scaled: int, passed: bool
) -> None:
    scores = [*range(31), equated, *range(32, 51)]
    row = score_table(MLA, scores, CUT, 50, minimum)[31]
    assert (row.raw, row.equated, row.scaled, row.passed) == (31, equated, scaled, passed)


def test_fewer_points_still_reach_the_maximum() -> None:
    rows = score_table(MLA, [0, 20.5, 35.25, 50], CUT, 50, 2)
    assert [(row.scaled, row.passed) for row in rows] == [(100, False), (504, False), (778, True), (1000, True)]


@pytest.mark.parametrize(
    ("equated", "minimum"),
    [([0, 2, 1, 3], 2), ([0.1, 1, 2, 3], 2), ([0, 1, 2, 2.9], 2), ([0], 1), ([0, 1, 2, 3], 0), ([0, 1, 2, 3], 4)],
)
def test_a_table_that_could_not_be_fair_is_refused(equated: list[float], minimum: int) -> None:
    with pytest.raises(ValueError, match=r"must not decrease|minimum passing raw score"):
        score_table(MLA, equated, 1.5, 3, minimum)
