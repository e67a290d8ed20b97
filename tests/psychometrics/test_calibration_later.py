"""Later runs stay on the scale of the first, find anchors that drift, and stop where the scale cannot be held."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from psychometrics import irt
from psychometrics.calibration import Calibration, Held, NotLinked, Settings, calibrate
from tests.psychometrics.trueexam import Exam, common_cut, exam_of, form_cut, held_of, rmse


def true_held(exam: Exam, known: int) -> Held:
    """The true parameters of the first questions, as if an earlier run had measured them without error."""
    first = np.arange(exam.items) < known
    return Held(np.where(first, exam.a, np.nan), np.where(first, exam.d, np.nan), first)


@dataclass(frozen=True)
class Later:
    exam: Exam
    held: Held
    answers: Any
    run: Calibration


@pytest.fixture(scope="module")
def shifted() -> Later:
    """Fifty known questions and ten new ones, and new people who are better by half a logit and more alike."""
    exam = exam_of(60, 3)
    answers = exam.sat(1400, 40, 8, mean=0.5, sd=0.8)
    held = true_held(exam, 50)
    return Later(exam, held, answers, calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held))


def test_new_questions_come_back_on_the_old_scale(shifted: Later) -> None:
    run, exam = shifted.run, shifted.exam
    assert run.population.mean == pytest.approx(0.5, abs=0.08)
    assert run.population.sd == pytest.approx(0.8, abs=0.08)
    assert set(run.rung[50:]) == {2}
    assert rmse(run.d[50:], exam.d[50:]) < 0.15
    assert rmse(run.a[50:], exam.a[50:]) < 0.2
    assert run.slope == pytest.approx(1, abs=0.15)


def test_anchors_are_held_exactly(shifted: Later) -> None:
    run, exam = shifted.run, shifted.exam
    assert run.anchor.tolist() == [True] * 50 + [False] * 10
    assert run.a[:50].tolist() == exam.a[:50].tolist()
    assert run.d[:50] == pytest.approx(exam.d[:50])
    assert (run.se_a[:50] == 0).all()
    assert (run.se_b[:50] == 0).all()
    assert (run.se_b[50:] > 0).all()


def test_the_borderline_candidate_is_solved_for_and_not_shifted(shifted: Later) -> None:
    assert form_cut(shifted.run, shifted.exam.reference) == pytest.approx(shifted.exam.cut, abs=1e-9)
    assert shifted.run.ability == pytest.approx(0, abs=1e-9)
    assert common_cut(shifted.run, shifted.exam.reference) == pytest.approx(shifted.exam.cut, abs=1e-9)
    form = np.arange(20, 60)
    assert form_cut(shifted.run, form) == pytest.approx(shifted.exam.cut_of(form), abs=0.4)
    assert common_cut(shifted.run, form) == pytest.approx(shifted.exam.cut_of(form), abs=1)


def test_the_link_agrees_with_the_held_parameters_when_nothing_moved(shifted: Later) -> None:
    link = shifted.run.link
    assert link is not None
    assert link.theta(np.array([0.0, 1.0])) == pytest.approx([0.5, 1.3], abs=0.1)
    assert shifted.run.link_gap == pytest.approx(0, abs=0.3)
    assert shifted.run.drifted.sum() <= 1
    assert np.isfinite(shifted.run.drift[:50]).all()
    assert np.isnan(shifted.run.drift[50:]).all()


def test_a_higher_standard_moves_the_borderline_candidate_up(shifted: Later) -> None:
    exam = shifted.exam
    run = calibrate(shifted.answers, exam.ratings, exam.reference, exam.cut + 2, held=shifted.held)
    assert run.ability > 0.2
    assert form_cut(run, exam.reference) == pytest.approx(exam.cut + 2)
    assert run.d == pytest.approx(shifted.run.d)
    assert run.population == shifted.run.population


def moved(exam: Exam, question: int, by: float) -> Exam:
    """The same exam with one question made harder by so many logits."""
    d = exam.d.copy()
    d[question] -= exam.a[question] * by
    return replace(exam, d=d)


@pytest.mark.parametrize("by", [1.0, -1.0])
def test_an_anchor_that_drifts_is_found_and_freed(by: float) -> None:
    exam = exam_of(40, 4)
    changed = moved(exam, 7, by)
    answers = changed.sat(900, 35, 8)
    run = calibrate(answers, exam.ratings, exam.reference, exam.cut, held=true_held(exam, 40))
    assert run.drifted[7]
    assert not run.anchor[7]
    assert run.drifted.sum() <= 2
    assert run.drift[7] == pytest.approx(by, abs=0.35)
    assert np.sign(run.drift_z[7]) == np.sign(by)
    assert abs(run.drift_z[7]) > 2.7
    assert -run.d[7] / run.a[7] == pytest.approx(changed.b[7], abs=0.35)
    assert run.se_b[7] > 0
    assert form_cut(run, exam.reference) == pytest.approx(exam.cut)
    assert (run.ability > 0) == (by > 0)


def test_only_recent_answers_tell_about_drift() -> None:
    exam = exam_of(40, 4)
    before, after = exam.sat(1500, 35, 8), moved(exam, 7, 1.0).sat(600, 35, 9)
    answers, recent = sparse.vstack((before, after)).tocsr(), np.arange(2100) >= 1500
    held = true_held(exam, 40)
    run = calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held, recent=recent)
    assert run.drifted[7]
    turned = calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held, recent=~recent)
    assert not turned.drifted[7]


def test_few_new_answers_are_not_checked() -> None:
    exam = exam_of(40, 4)
    answers = exam.sat(700, 35, 8)
    held = true_held(exam, 40)
    recent = np.arange(700) >= 650
    run = calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held, recent=recent)
    assert run.link is None
    assert run.link_gap is None
    assert np.isnan(run.drift).all()
    assert run.anchor.all()


def test_fourteen_anchors_do_not_link() -> None:
    exam = exam_of(30, 5)
    answers = exam.sat(400, 28, 1)
    with pytest.raises(NotLinked, match="needs 15 anchors, and there are 14"):
        calibrate(answers, exam.ratings, exam.reference, exam.cut, held=true_held(exam, 14))
    assert calibrate(answers, exam.ratings, exam.reference, exam.cut, held=true_held(exam, 15)).anchor.sum() == 15


def test_one_anchor_in_a_domain_does_not_link() -> None:
    exam = exam_of(30, 5)
    answers, held = exam.sat(400, 28, 1), true_held(exam, 20)
    domains = np.where(np.arange(30) == 19, 4, np.arange(30) % 3)
    domains[29] = 4
    with pytest.raises(NotLinked, match="2 anchors in every domain, and in domain 4 there are 1"):
        calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held, domains=domains)
    domains[18] = 4
    assert calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held, domains=domains).anchor.sum() == 20


def test_anchors_that_drift_count_no_longer() -> None:
    exam = exam_of(30, 5)
    changed = moved(exam, 3, 1.5)
    answers, held = changed.sat(800, 28, 1), true_held(exam, 15)
    with pytest.raises(NotLinked, match="needs 15 anchors, and there are 14"):
        calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held)
    fewer = Settings(fewest_anchors=14)
    assert calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held, settings=fewer).anchor.sum() == 14


def test_questions_climb_from_the_common_slope_to_their_own() -> None:
    exam = exam_of(60, 6)
    first = calibrate(exam.sat(500, 35, 1), exam.ratings, exam.reference, exam.cut)
    assert set(first.rung) == {1}
    both = sparse.vstack((exam.sat(500, 35, 1), exam.sat(900, 35, 2, mean=0.9))).tocsr()
    recent = np.arange(1400) >= 500
    run = calibrate(both, exam.ratings, exam.reference, exam.cut, held=held_of(first), recent=recent)
    assert set(run.rung) == {2}
    assert run.anchor.sum() >= 55
    assert rmse(run.a, exam.a) < rmse(first.a, exam.a) < 0.3
    assert rmse(run.a, exam.a) < 0.15
    assert rmse(-run.d / run.a, exam.b) < rmse(-first.d / first.a, exam.b)
    assert form_cut(run, exam.reference) == pytest.approx(exam.cut)
    assert abs(run.ability) < 0.15
    assert (run.se_a[run.anchor] > 0).all()


def test_held_questions_without_enough_answers_stay_as_they_are() -> None:
    exam = exam_of(40, 7)
    answers = exam.sat(600, 35, 3).toarray()
    seen = ~np.isnan(irt.simulate(np.zeros(600), exam.a, exam.b, exam.sat(600, 35, 3), 1).toarray())
    answers = np.where(seen, answers, np.nan)
    answers[100:, 30] = np.nan
    answers[:, 31] = np.nan
    held = true_held(exam, 32)
    held.own[31] = False
    run = calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held)
    assert (run.a[30], run.d[30], run.rung[30]) == (exam.a[30], exam.d[30], 2)
    assert (run.a[31], run.d[31], run.rung[31]) == (exam.a[31], exam.d[31], 1)
    assert not run.anchor[[30, 31]].any()
    assert run.connected[[30, 31]].all()
    assert np.isfinite(run.infit[30])
    assert np.isnan(run.infit[31])
    assert (run.se_b[[30, 31]] == 0).all()
    assert run.common_d[[30, 31]] == pytest.approx(exam.d[[30, 31]], abs=0.2)


def test_a_second_run_on_the_same_answers_changes_next_to_nothing() -> None:
    exam = exam_of(40, 9)
    answers = exam.sat(900, 30, 1)
    first = calibrate(answers, exam.ratings, exam.reference, exam.cut)
    run = calibrate(answers, exam.ratings, exam.reference, exam.cut, held=held_of(first))
    assert not run.drifted.any()
    assert run.ability == pytest.approx(0, abs=1e-9)
    assert run.population.mean == pytest.approx(first.population.mean, abs=0.02)
    assert run.population.sd == pytest.approx(1, abs=0.02)
    assert run.link_gap == pytest.approx(0, abs=0.1)
    assert (run.alpha, run.beta, run.tau) == pytest.approx((first.alpha, first.beta, first.tau), abs=0.05)
    assert run.abilities == pytest.approx(first.abilities, abs=0.05)
