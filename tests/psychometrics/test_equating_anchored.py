"""Groups that differ: their scores are made so that their moments are exactly those of the case."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics import equating, irt

Scores = tuple[irt.FloatArray, irt.FloatArray]
Groups = tuple[irt.FloatArray, irt.FloatArray, irt.FloatArray, irt.FloatArray]
METHODS = [equating.tucker, equating.levine, equating.chained_linear]


def persons(mean: float, mean_anchor: float, variance: float, variance_anchor: float, covariance: float) -> Scores:
    """Four persons' scores on form and anchor with these moments."""
    one, two = np.array([1, 1, -1, -1]), np.array([1, -1, 1, -1])
    sd = np.sqrt(variance)
    rest = np.sqrt(variance_anchor - covariance**2 / variance)
    return mean + sd * one, mean_anchor + covariance / sd * one + rest * two


def published() -> Groups:
    """The moments of Kolen & Brennan's (2014, chapter 4) 36-item forms with 12 common items."""
    one = persons(15.8205, 5.1063, 6.5278**2, 2.3760**2, 13.4088)
    two = persons(18.6728, 5.8626, 6.8784**2, 2.4515**2, 14.7603)
    return (*one, *two)


def congeneric(ability: float, spread: float, length: float, easy: float, internal: bool) -> Scores:
    """A form of this length and an anchor of length 3 whose true scores are length · ability + easy, 3 · ability."""
    error = 2.0
    covariance = 3 * length * spread**2 + (3 * error if internal else 0)
    form, anchor = (each**2 * spread**2 + each * error for each in (length, 3))
    return persons(length * ability + easy, 3 * ability, form, anchor, covariance)


@st.composite
def groups(draw: st.DrawFn) -> Groups:
    both = []
    for _ in range(2):
        one, two, mean, mean_anchor = (draw(st.floats(0.5, 9)) for _ in range(4))
        both.append(persons(3 * mean, mean_anchor, one**2, two**2, draw(st.floats(0.05, 0.95)) * one * two))
    return *both[0], *both[1]


def test_tucker_equates_the_forms_of_kolen_and_brennan() -> None:
    line = equating.tucker(*published(), max_x=36)
    assert line.slope == pytest.approx(1.0289, abs=5e-5)
    assert line(15.8205) == pytest.approx(16.8153, abs=1e-4)
    assert 6.5278 * line.slope == pytest.approx(6.7168, abs=2e-4)  # the moments have four decimals


@given(scores=groups(), w1=st.floats(0, 1))
def test_tucker_equates_in_the_mixture_that_the_regressions_predict(scores: Groups, w1: float) -> None:
    x, v1, y, v2 = scores
    pairs = []
    for form, own in ((x, v1), (y, v2)):
        slope, intercept = np.polyfit(own, form, 1)
        rest = np.var(form - slope * own - intercept)
        means = np.array([slope * v.mean() + intercept for v in (v1, v2)])
        variances = np.array([slope**2 * v.var() + rest for v in (v1, v2)])
        mean = w1 * means[0] + (1 - w1) * means[1]
        within = w1 * variances[0] + (1 - w1) * variances[1]
        pairs.append((mean, np.sqrt(within + w1 * (means[0] - mean) ** 2 + (1 - w1) * (means[1] - mean) ** 2)))
    line = equating.tucker(*scores, max_x=9, w1=w1)
    assert line.slope == pytest.approx(pairs[1][1] / pairs[0][1], rel=1e-6)
    assert line(pairs[0][0]) == pytest.approx(pairs[1][0], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize("w1", [1.0, 0.5, 0.0])
def test_levine_finds_the_moments_of_congeneric_forms_in_the_mixture(w1: float, internal: bool) -> None:
    one, two = congeneric(5.0, 1.5, 10, 2, internal), congeneric(5.8, 1.2, 12, -4, internal)
    line = equating.levine(*one, *two, max_x=60, w1=w1, internal=internal)
    ability = w1 * 5.0 + (1 - w1) * 5.8
    spread = w1 * (1.5**2 + (5.0 - ability) ** 2) + (1 - w1) * (1.2**2 + (5.8 - ability) ** 2)
    assert line.slope == pytest.approx(np.sqrt((12**2 * spread + 12 * 2) / (10**2 * spread + 10 * 2)))
    assert line(10 * ability + 2) == pytest.approx(12 * ability - 4)


@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize("w1", [1.0, 0.5])
def test_levine_for_true_scores_finds_their_line_whatever_the_weight(w1: float, internal: bool) -> None:
    one, two = congeneric(5.0, 1.5, 10, 2, internal), congeneric(5.8, 1.2, 12, -4, internal)
    line = equating.levine(*one, *two, max_x=60, w1=w1, internal=internal, true_score=True)
    assert line.slope == pytest.approx(1.2)
    assert line.intercept == pytest.approx(-4 - 1.2 * 2)


@given(scores=groups())
def test_chained_linear_goes_through_the_anchor(scores: Groups) -> None:
    x, v1, y, v2 = scores
    on_anchor = v1.mean() + v1.std() / x.std() * (np.arange(31) - x.mean())
    wanted = y.mean() + y.std() / v2.std() * (on_anchor - v2.mean())
    assert equating.chained_linear(*scores, max_x=30).equivalents == pytest.approx(wanted, abs=1e-8)


@given(scores=groups(), w1=st.floats(0, 1))
def test_groups_alike_on_the_anchor_leave_linear_equating(scores: Groups, w1: float) -> None:
    x, v, y, _ = scores
    wanted = y.mean() + y.std() / x.std() * (np.arange(31) - x.mean())
    alike = (x, v, y, v[[0, 1, 2, 3]])
    assert equating.tucker(*alike, max_x=30, w1=w1).equivalents == pytest.approx(wanted, abs=1e-8)
    assert equating.chained_linear(*alike, max_x=30).equivalents == pytest.approx(wanted, abs=1e-8)
    if np.cov(y, v)[0, 1] > 0:
        assert equating.levine(*alike, max_x=30, w1=w1).equivalents == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize("equate", METHODS)
def test_a_line_is_its_equivalents_to_numpy(equate) -> None:
    line = equate(*published(), max_x=36)
    assert np.asarray(line) == pytest.approx(line.intercept + line.slope * np.arange(37))
    assert line([3, 4.5]) == pytest.approx([line.intercept + line.slope * score for score in (3, 4.5)])


@given(more=st.lists(st.integers(0, 12), max_size=30))
def test_chained_equipercentile_of_one_form_and_group_is_the_identity(more: list[int]) -> None:
    scores = np.concatenate([np.arange(13), np.array(more, dtype=int)])
    anchor = scores % 6
    there = equating.chained_equipercentile(scores, anchor, scores, anchor, 12, 5, 12)
    assert there == pytest.approx(np.arange(13))


def test_chained_equipercentile_goes_through_the_anchor() -> None:
    random = np.random.default_rng(3)
    x, v1, y, v2 = (
        np.concatenate([np.arange(top + 1), random.binomial(top, chance, 387 - top)])
        for top, chance in ((20, 0.5), (8, 0.55), (24, 0.6), (8, 0.65))
    )

    def below(scores):
        return np.concatenate([[0], np.cumsum(np.bincount(scores))]) / scores.size

    def ranks(scores, at):
        return np.interp(at, np.arange(scores.max() + 2) - 0.5, below(scores))

    def points(scores, at):
        return np.interp(at, below(scores), np.arange(scores.max() + 2) - 0.5)

    wanted = points(y, ranks(v2, points(v1, ranks(x, np.arange(21)))))
    assert equating.chained_equipercentile(x, v1, y, v2, 20, 8, 24) == pytest.approx(wanted)


def test_chained_equipercentile_smooths_each_distribution_to_its_degree() -> None:
    random = np.random.default_rng(3)
    x, v1, y, v2 = (random.binomial(top, chance, 400) for top, chance in ((20, 0.5), (8, 0.55), (24, 0.6), (8, 0.65)))
    fits = [
        equating.loglinear(np.bincount(scores, minlength=top + 1), degree).fitted
        for scores, top, degree in ((x, 20, 4), (v1, 8, 3), (y, 24, 4), (v2, 8, 2))
    ]
    below = [np.concatenate([[0], np.cumsum(fit)]) / fit.sum() for fit in fits]
    edges = [np.arange(fit.size + 1) - 0.5 for fit in fits]
    on_anchor = np.interp(np.interp(np.arange(21), edges[0], below[0]), below[1], edges[1])
    wanted = np.interp(np.interp(on_anchor, edges[3], below[3]), below[2], edges[2])
    there = equating.chained_equipercentile(x, v1, y, v2, 20, 8, 24, smooth=(4, 3, 4, 2))
    assert there == pytest.approx(wanted)


@pytest.mark.parametrize("equate", METHODS)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([5], [2], [4, 6], [1, 2]), "group of form X needs two persons"),
        (([5, 7], [2, 2], [4, 6], [1, 2]), "all scores on the anchor in the group of form X"),
        (([5, 7], [2, 3], [4, 4], [1, 2]), "all scores on form Y are the same"),
        (([5, 7], [2, 3], [4, 4, 5], [1, 2]), "group of form Y needs two lists of one length"),
        (([5, float("nan")], [2, 3], [4, 5], [1, 2]), "not a number"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(equate, given: Groups, message: str) -> None:
    with pytest.raises(equating.BadScores, match=message):
        equate(*given, max_x=10)
    with pytest.raises(equating.BadScores, match=message):
        equating.chained_equipercentile(*given, 10, 10, 10)


@pytest.mark.parametrize("equate", METHODS)
def test_a_form_without_points_is_refused(equate) -> None:
    with pytest.raises(equating.BadScores, match="maximum score of at least 1"):
        equate(*published(), max_x=0)


@pytest.mark.parametrize("scores", [[5, 11], [5, -1], [5, 6.5]])
def test_chained_equipercentile_takes_whole_scores_on_the_form_only(scores) -> None:
    with pytest.raises(equating.BadScores, match="form X must be whole numbers from 0 to 10"):
        equating.chained_equipercentile(scores, [2, 3], [4, 6], [1, 2], 10, 5, 10)


def test_an_anchor_that_falls_with_the_form_says_nothing_about_true_scores() -> None:
    with pytest.raises(equating.BadScores, match="do not rise with scores on form Y"):
        equating.levine([5, 7], [2, 3], [4, 6], [2, 1], max_x=10)


def test_an_anchor_that_leaves_no_spread_is_refused() -> None:
    one, two = persons(20, 10, 4, 1, 1), persons(20, 10, 4, 0.25, 0.5)
    with pytest.raises(equating.BadScores, match="no spread on a form"):
        equating.levine(*one, *two, max_x=40, w1=0.0)


@pytest.mark.parametrize("equate", [equating.tucker, equating.levine])
@pytest.mark.parametrize("w1", [-0.1, 1.1, float("nan")])
def test_the_weight_of_a_group_is_a_share(equate, w1: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        equate(*published(), max_x=36, w1=w1)
