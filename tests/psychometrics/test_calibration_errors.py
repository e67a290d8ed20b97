"""Bad input and too little data get a named error of one plain sentence, never a NaN or a warning."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from psychometrics import irt
from psychometrics.calibration import (
    BadSettings,
    CalibrationError,
    Held,
    NoCommonAbility,
    NothingToCalibrate,
    NotLinked,
    calibrate,
)
from psychometrics.responses import BadResponses
from tests.psychometrics.trueexam import Exam, exam_of


@pytest.fixture(scope="module")
def exam() -> Exam:
    return exam_of(30)


@pytest.fixture(scope="module")
def answers(exam: Exam) -> Any:
    return exam.sat(300, 30, 1)


def test_the_errors_are_value_errors() -> None:
    for error in (BadSettings, NothingToCalibrate, NoCommonAbility, NotLinked, BadResponses):
        assert issubclass(error, ValueError)
    assert issubclass(NoCommonAbility, CalibrationError)


def test_too_few_answers(exam: Exam) -> None:
    with pytest.raises(NothingToCalibrate, match="no question has 200 answers yet"):
        calibrate(exam.sat(199, 30, 1), exam.ratings, exam.reference, exam.cut)
    with pytest.raises(NothingToCalibrate, match="no question has 200 answers yet"):
        calibrate(sparse.csr_array((5, 30)), exam.ratings, exam.reference, exam.cut)


def test_nothing_rated_has_enough_answers(exam: Exam, answers: Any) -> None:
    ratings = np.append(np.full(30, np.nan), exam.ratings)
    wider = sparse.hstack((answers, sparse.csr_array((300, 30)))).tocsr()
    with pytest.raises(NothingToCalibrate, match="no rated question has enough answers"):
        calibrate(wider, ratings, exam.reference + 30, exam.cut)


def test_one_question_is_no_scale(exam: Exam) -> None:
    one = np.full((300, 30), np.nan)
    one[:, 0] = np.arange(300) % 2
    with pytest.raises(irt.TooFewItems):
        calibrate(one, exam.ratings, exam.reference, exam.cut)


def test_everybody_right_everywhere(exam: Exam) -> None:
    with pytest.raises(CalibrationError):
        calibrate(np.ones((300, 30)), exam.ratings, exam.reference, exam.cut)


def test_coins_measure_nothing(exam: Exam) -> None:
    coins = np.random.default_rng(1).integers(0, 2, (400, 30))
    with pytest.raises(NoCommonAbility, match="right answers do not go together"):
        calibrate(coins, exam.ratings, exam.reference, exam.cut)


def test_anchors_whom_everybody_answers_like_coins_do_not_hold_a_scale(exam: Exam) -> None:
    coins = np.random.default_rng(1).integers(0, 2, (400, 30))
    held = Held(exam.a, exam.d, np.ones(30, dtype=np.bool_))
    with pytest.raises((NoCommonAbility, NotLinked)):
        calibrate(coins, exam.ratings, exam.reference, exam.cut, held=held)


def test_nothing_held_has_enough_answers(exam: Exam, answers: Any) -> None:
    nothing = Held(np.full(30, np.nan), np.full(30, np.nan), np.zeros(30, dtype=np.bool_))
    with pytest.raises(NotLinked, match="there are 0"):
        calibrate(answers, exam.ratings, exam.reference, exam.cut, held=nothing)


@pytest.mark.parametrize("rating", [0.0, 1.0, 1.2, -0.1, np.inf])
def test_ratings_lie_between_0_and_1(exam: Exam, answers: Any, rating: float) -> None:
    ratings = exam.ratings.copy()
    ratings[20] = rating
    with pytest.raises(BadSettings, match="strictly between 0 and 1"):
        calibrate(answers, ratings, exam.reference, exam.cut)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ([], "column numbers"),
        ([0.5, 1.0], "column numbers"),
        ([0, 0, 1], "different ones"),
        ([0, 30], "different ones of 30"),
        ([-1, 3], "different ones"),
    ],
)
def test_the_reference_form_is_made_of_columns(exam: Exam, answers: Any, reference: list[int], message: str) -> None:
    with pytest.raises(BadSettings, match=message):
        calibrate(answers, exam.ratings, reference, 1.0)


def test_the_reference_form_is_rated(exam: Exam, answers: Any) -> None:
    ratings = exam.ratings.copy()
    ratings[3] = np.nan
    with pytest.raises(BadSettings, match="every scored question of the reference form needs a rating"):
        calibrate(answers, ratings, exam.reference, exam.cut)


@pytest.mark.parametrize("cut", [0.0, 15.0, -1.0, 20.0, np.nan])
def test_the_cut_lies_inside_the_reference_form(exam: Exam, answers: Any, cut: float) -> None:
    with pytest.raises(BadSettings, match="strictly between 0 and 15"):
        calibrate(answers, exam.ratings, exam.reference, cut)


def test_shapes_must_fit(exam: Exam, answers: Any) -> None:
    good = (answers, exam.ratings, exam.reference, exam.cut)
    with pytest.raises(BadSettings, match="ratings must have one entry for each of 30 questions"):
        calibrate(answers, exam.ratings[:5], exam.reference, exam.cut)
    with pytest.raises(BadSettings, match="domains must have one entry"):
        calibrate(*good, domains=[1, 2])
    with pytest.raises(BadSettings, match="recent must say"):
        calibrate(*good, recent=[True])
    with pytest.raises(BadResponses, match="0, 1 or not seen"):
        calibrate(np.full((300, 30), 2.0), exam.ratings, exam.reference, exam.cut)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, np.nan), (np.nan, 1.0), (0.0, 1.0), (1.0, np.inf)])
def test_what_is_held_is_held_whole(exam: Exam, answers: Any, slope: float, intercept: float) -> None:
    a, d = exam.a.copy(), exam.d.copy()
    a[4], d[4] = slope, intercept
    held = Held(a, d, np.ones(30, dtype=np.bool_))
    with pytest.raises(BadSettings, match="held"):
        calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held)
