"""A first run puts questions on a scale whose zero just passes, whatever level the judges had in mind."""

import numpy as np
import pytest
from scipy import sparse

from psychometrics import irt
from psychometrics.calibration import Calibration, Settings, calibrate
from tests.psychometrics.trueexam import Exam, common_cut, exam_of, form_cut, rmse


@pytest.fixture(scope="module")
def exam() -> Exam:
    return exam_of(80)


@pytest.fixture(scope="module")
def run(exam: Exam) -> Calibration:
    """Every question has about 700 answers, but the last twenty: ten about 330, five about 90, five none."""
    answers = exam.sat(1200, 47, 5).tocoo()
    chance = np.repeat([1.0, 0.47, 0.13, 0.0], [60, 10, 5, 5])
    kept = np.random.default_rng(6).random(answers.nnz) < chance[answers.coords[1]]
    places = answers.coords[0][kept], answers.coords[1][kept]
    thinned = sparse.csr_array((answers.data[kept], places), shape=answers.shape)
    return calibrate(thinned, exam.ratings, exam.reference, exam.cut)


def test_questions_climb_the_ladder_with_their_answers(run: Calibration) -> None:
    assert run.rung.tolist() == [2] * 60 + [1] * 10 + [0] * 10
    assert (run.n[:60] >= 500).all()
    assert ((run.n[60:70] >= 200) & (run.n[60:70] < 500)).all()
    assert ((run.n[70:75] > 0) & (run.n[70:75] < 200)).all()
    assert (run.n[75:] == 0).all()


def test_parameters_come_back_on_the_scale_of_the_cut(exam: Exam, run: Calibration) -> None:
    own = run.rung == 2
    assert run.converged
    assert rmse(-run.d[own] / run.a[own], exam.b[own]) < 0.17
    assert rmse(run.a[own], exam.a[own]) < 0.15
    assert rmse(run.d[60:70], exam.d[60:70]) < 0.25
    assert run.population.mean == pytest.approx(0.4, abs=0.1)
    assert run.population.sd == 1


def test_the_reference_form_keeps_its_cut_exactly(exam: Exam, run: Calibration) -> None:
    assert run.ability == run.common_ability == 0
    assert form_cut(run, exam.reference) == pytest.approx(exam.cut, abs=1e-9)
    assert common_cut(run, exam.reference) == pytest.approx(exam.cut, abs=1e-9)


def test_the_middle_rung_has_one_slope_and_the_lowest_follows_the_line(exam: Exam, run: Calibration) -> None:
    assert (run.a[60:] == run.slope).all()
    assert run.d[70:] == pytest.approx(run.alpha + run.beta * np.log(exam.ratings[70:] / (1 - exam.ratings[70:])))
    assert np.isinf(run.se_a[70:]).all()
    assert np.isinf(run.se_b[70:]).all()
    assert (run.se_b[:70] < 0.5).all()
    assert np.median(run.se_b[60:70]) > np.median(run.se_b[:60])
    assert run.se_a[60:70] == pytest.approx(np.full(10, run.se_a[60]))
    assert 0 < run.se_a[60] < run.se_a[:60].min()


def test_the_line_describes_the_judges(run: Calibration) -> None:
    # Judges are off by 0.3 logits and true intercepts spread by 0.7, so that the regression of truth on rating has
    # slope 0.7² / (0.7² + 0.3²) = 0.84 and leaves 0.7·0.3 / sqrt(0.7² + 0.3²) = 0.28.
    assert run.beta == pytest.approx(0.84, abs=0.15)
    assert run.tau == pytest.approx(0.28, abs=0.1)
    assert run.alpha == pytest.approx(0.6 * (1 - 0.84), abs=0.15)


def test_errors_of_difficulty_are_as_large_as_they_say(exam: Exam, run: Calibration) -> None:
    own = run.rung == 2
    z = (-run.d / run.a - exam.b)[own] / run.se_b[own]
    assert 0.75 < np.sqrt(np.mean(z**2)) < 1.3


def test_unmeasured_questions_have_no_fit_and_measured_ones_fit(run: Calibration) -> None:
    measured = run.rung > 0
    assert np.isnan(run.infit[~measured]).all()
    assert np.isnan(run.outfit[~measured]).all()
    assert run.infit[measured] == pytest.approx(np.ones(70), abs=0.2)
    assert run.outfit[measured] == pytest.approx(np.ones(70), abs=0.35)


def test_both_models_agree_on_cuts_where_slopes_are_alike(exam: Exam, run: Calibration) -> None:
    form = np.arange(20, 60)
    gap = form_cut(run, form) - common_cut(run, form)
    assert abs(gap) < Settings().model_gap
    assert gap != 0
    assert np.unique(run.common_a).size == 1


def test_persons_are_placed(run: Calibration) -> None:
    assert run.abilities.shape == (1200,)
    assert run.abilities.mean() == pytest.approx(run.population.mean, abs=0.05)
    assert 0.8 < run.abilities.std() < 1


def test_nothing_is_linked_in_a_first_run(run: Calibration) -> None:
    assert not run.anchor.any()
    assert not run.drifted.any()
    assert np.isnan(run.drift).all()
    assert np.isnan(run.drift_z).all()
    assert run.link is None
    assert run.link_gap is None


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_lenient_and_regressing_judges_move_no_cut(seed: int) -> None:
    fair, lenient = exam_of(60, seed), exam_of(60, seed, alpha=0.4, beta=0.5)
    answers = fair.sat(900, 40, seed)
    runs = [calibrate(answers, each.ratings, fair.reference, fair.cut) for each in (fair, lenient)]
    assert runs[1].beta > runs[0].beta
    assert runs[1].tau > runs[0].tau
    for form in (np.arange(10, 40), np.arange(30, 60), np.arange(0, 60, 2)):
        cuts = [form_cut(each, form) for each in runs]
        assert cuts[0] == pytest.approx(cuts[1], abs=0.5)
        assert cuts[1] == pytest.approx(fair.cut_of(form), abs=1.0)


def test_a_question_nobody_rated_is_measured_without_a_prior_and_unknown_before() -> None:
    exam = exam_of(40)
    ratings = exam.ratings.copy()
    ratings[[30, 31]] = np.nan
    answers = irt.simulate(np.random.default_rng(2).normal(0.4, 1, 700), exam.a, exam.b, None, 2).toarray()
    answers[:, 31] = 0
    run = calibrate(answers, ratings, exam.reference, exam.cut)
    assert run.rung[30] == 2
    assert run.d[30] == pytest.approx(exam.d[30], abs=0.4)
    assert (run.rung[31], run.n[31]) == (0, 700)
    assert np.isnan(run.d[31])
    assert np.isfinite(run.a[31])


def test_a_question_that_everybody_answered_rightly_is_held_by_its_rating() -> None:
    exam = exam_of(40)
    answers = exam.sat(500, 40, 3).toarray()
    answers[:, 35] = 1
    run = calibrate(answers, exam.ratings, exam.reference, exam.cut)
    assert run.rung[35] == 2
    assert run.d[35] > run.alpha + run.beta * np.log(exam.ratings[35] / (1 - exam.ratings[35])) + 0.5
    assert np.isfinite(run.se_b[35])


def test_another_standard_only_moves_the_zero() -> None:
    exam = exam_of(40)
    answers = exam.sat(700, 30, 4)
    one = calibrate(answers, exam.ratings, exam.reference, exam.cut)
    other = calibrate(answers, exam.ratings, exam.reference, exam.cut + 2)
    by = one.population.mean - other.population.mean
    assert by > 0
    assert other.a == pytest.approx(one.a)
    assert other.d == pytest.approx(one.d + one.a * by, abs=1e-6)
    assert other.alpha == pytest.approx(one.alpha + one.slope * by, abs=1e-6)
    assert other.abilities == pytest.approx(one.abilities - by, abs=1e-6)


def test_the_order_of_questions_and_persons_does_not_matter() -> None:
    exam = exam_of(40)
    answers = exam.sat(700, 30, 4)
    one = calibrate(answers, exam.ratings, exam.reference, exam.cut)
    rng = np.random.default_rng(1)
    order, persons = rng.permutation(40), rng.permutation(700)
    places = np.argsort(order)[exam.reference]
    shuffled = answers[persons][:, order]
    other = calibrate(shuffled, exam.ratings[order], places, exam.cut)
    assert other.a == pytest.approx(one.a[order], abs=1e-4)
    assert other.d == pytest.approx(one.d[order], abs=1e-4)
    assert other.abilities == pytest.approx(one.abilities[persons], abs=1e-4)


def test_an_exam_whose_questions_all_have_the_common_slope_is_its_own_common_model() -> None:
    exam = exam_of(30, slopes=0.0)
    run = calibrate(exam.sat(400, 30, 1), exam.ratings, exam.reference, exam.cut)
    assert set(run.rung) == {1}
    assert run.a.tolist() == run.common_a.tolist()
    assert run.d == pytest.approx(run.common_d)
    assert run.slope == pytest.approx(1, abs=0.1)


def test_thresholds_can_be_set() -> None:
    exam = exam_of(30)
    answers = exam.sat(300, 20, 1)
    run = calibrate(answers, exam.ratings, exam.reference, exam.cut, settings=Settings(common_from=195, own_from=205))
    expected = np.where(run.n < 195, 0, np.where(run.n < 205, 1, 2))
    assert set(expected) == {0, 1, 2}
    assert run.rung.tolist() == expected.tolist()


def test_a_higher_standard_puts_the_same_people_lower() -> None:
    exam = exam_of(30)
    answers = exam.sat(600, 30, 1)
    low, high = (calibrate(answers, exam.ratings, exam.reference, cut) for cut in (5.5, 13.5))
    assert form_cut(low, exam.reference) == pytest.approx(5.5)
    assert form_cut(high, exam.reference) == pytest.approx(13.5)
    assert low.population.mean > 1 > 0 > high.population.mean
