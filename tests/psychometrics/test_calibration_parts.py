"""Questions that no person connects are found, named and kept out."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from psychometrics.calibration import Calibration, Held, calibrate
from psychometrics.calibration.connected import main_part
from psychometrics.responses import read
from tests.psychometrics.trueexam import Exam, exam_of, form_cut


def islands(exam: Exam, cuts: list[int], persons: int, seed: int) -> Any:
    """Answers of groups of persons who each see nothing but their own stretch of questions."""
    answers = exam.sat(persons * (len(cuts) + 1), exam.items, seed).toarray()
    seen = np.zeros(answers.shape, dtype=np.bool_)
    for group, columns in enumerate(np.split(np.arange(exam.items), cuts)):
        seen[group * persons : (group + 1) * persons, columns] = True
    return np.where(seen, answers, np.nan)


@pytest.fixture(scope="module")
def exam() -> Exam:
    return exam_of(60, 2)


@pytest.fixture(scope="module")
def apart(exam: Exam) -> Calibration:
    return calibrate(islands(exam, [40, 52], 400, 1), exam.ratings, exam.reference, exam.cut)


def test_disconnected_forms_are_named(apart: Calibration) -> None:
    assert [part.tolist() for part in apart.parts] == [list(range(40, 52)), list(range(52, 60))]
    assert apart.connected.tolist() == [True] * 40 + [False] * 20


def test_disconnected_questions_follow_their_ratings(exam: Exam, apart: Calibration) -> None:
    assert apart.rung.tolist() == [1] * 40 + [0] * 20
    assert apart.d[40:] == pytest.approx(apart.alpha + apart.beta * np.log(exam.ratings[40:] / (1 - exam.ratings[40:])))
    assert np.isinf(apart.se_b[40:]).all()
    assert (apart.n == 400).all()


def test_answers_of_disconnected_parts_change_nothing(exam: Exam, apart: Calibration) -> None:
    answers = islands(exam, [40, 52], 400, 1)
    alone = calibrate(answers[:400], exam.ratings, exam.reference, exam.cut)
    assert alone.a == pytest.approx(apart.a)
    assert alone.d == pytest.approx(apart.d)
    assert alone.abilities == pytest.approx(apart.abilities[:400])
    assert apart.abilities[400:] == pytest.approx(np.full(800, apart.population.mean))


@pytest.mark.parametrize(("cut_at", "part"), [(16, range(16, 60)), (14, range(14))])
def test_the_main_part_is_the_one_with_most_reference_questions(exam: Exam, cut_at: int, part: range) -> None:
    # The reference form is the first thirty questions.
    run = calibrate(islands(exam, [cut_at], 400, 1), exam.ratings, exam.reference, exam.cut)
    assert [one.tolist() for one in run.parts] == [list(part)]
    assert form_cut(run, exam.reference) == pytest.approx(exam.cut)


def test_the_main_part_of_a_later_run_is_the_one_with_most_anchors(exam: Exam) -> None:
    known = np.arange(60) >= 42
    held = Held(np.where(known, exam.a, np.nan), np.where(known, exam.d, np.nan), known)
    run = calibrate(islands(exam, [40], 400, 1), exam.ratings, exam.reference, exam.cut, held=held)
    assert [part.tolist() for part in run.parts] == [list(range(40))]
    assert run.anchor.tolist() == known.tolist()
    assert run.rung.tolist() == [0] * 40 + [1] * 2 + [2] * 18


def test_held_questions_of_another_part_stay_as_they_are(exam: Exam) -> None:
    known = (np.arange(60) < 30) | (np.arange(60) >= 50)
    held = Held(np.where(known, exam.a, np.nan), np.where(known, exam.d, np.nan), known)
    run = calibrate(islands(exam, [40], 400, 1), exam.ratings, exam.reference, exam.cut, held=held)
    assert [part.tolist() for part in run.parts] == [list(range(40, 60))]
    assert run.d[50:] == pytest.approx(exam.d[50:])
    assert run.rung[30:].tolist() == [1] * 10 + [0] * 10 + [2] * 10
    assert (run.anchor | run.drifted).tolist() == [True] * 30 + [False] * 30


def test_one_person_connects(exam: Exam) -> None:
    answers = islands(exam, [40], 400, 1)
    answers[0, 40] = 1
    assert calibrate(answers, exam.ratings, exam.reference, exam.cut).parts == []


def test_a_question_with_few_answers_connects_nothing(exam: Exam) -> None:
    answers = islands(exam, [40, 59], 400, 1)[:800]
    answers[:, 59] = np.nan
    answers[350:450, 59] = np.arange(100) % 2
    run = calibrate(answers, exam.ratings, exam.reference, exam.cut)
    assert [part.tolist() for part in run.parts] == [list(range(40, 59))]
    assert run.connected[59]
    assert run.rung[59] == 0


def brute(places: list[tuple[int, int]], measured: list[bool]) -> set[frozenset[int]]:
    """Parts by merging until nothing merges."""
    parts = [{item} for item, one in enumerate(measured) if one]
    for person in {person for person, _ in places}:
        seen = {item for one, item in places if one == person and measured[item]}
        touched = [part for part in parts if part & seen]
        parts = [part for part in parts if not part & seen] + ([set().union(*touched)] if touched else [])
    return {frozenset(part) for part in parts}


@settings(deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7)), unique=True),
    measured=st.lists(st.booleans(), min_size=8, max_size=8),
    wanted=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_parts_are_what_merging_finds(places: list[tuple[int, int]], measured: list[bool], wanted: list[bool]) -> None:
    persons, items = [list(axis) for axis in zip(*places, strict=True)] or [[], []]
    data = read(sparse.csr_array((np.zeros(len(places)), (persons, items)), shape=(10, 8)))
    main, parts = main_part(data, np.array(measured), np.array(wanted))
    found = {frozenset(part.tolist()) for part in parts}
    largest = frozenset(np.flatnonzero(main).tolist())
    assert found | ({largest} if largest else set()) == brute(places, measured)
    assert all(sum(wanted[i] for i in part) <= sum(wanted[i] for i in largest) for part in found)
