"""What bench measures about the meaning of scores, and that a broken promise is told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from config.benchmarks.meaning import BROKEN, compare, items_of, known, sittings, world
from psychometrics.scaling import Scale

SCALE = Scale(100, 1000, 720)


def test_forms_have_the_cuts_they_are_made_for():
    true = world(1, 50, 15)
    cuts = [expit(true.d[form]).sum() for form in true.forms]
    assert cuts == pytest.approx([31.5, *(31.5 + np.linspace(-3, 3, 10))])
    assert np.unique(np.concatenate(true.forms + true.pretest)).size == true.a.size == 11 * 59


def test_everybody_sees_a_whole_form_and_questions_of_others():
    true = world(1, 12, 7)
    true = type(true)(true.a, true.d, true.forms[:3], true.pretest[:3], true.cut)
    answers = sittings(true, np.random.default_rng(1))
    seen = np.diff(answers.indptr)
    assert answers.shape == (3_000, true.a.size)
    assert set(seen) == {19}
    first = answers[:1_000].tocoo()
    counts = np.bincount(first.coords[1], minlength=true.a.size)
    assert (counts[true.forms[0]] == 1_000).all()
    assert (counts[np.concatenate(true.forms[1:])] > 0).sum() == 6


def test_long_forms_mean_the_same_and_short_ones_cannot():
    long, short = known(world(1, 50, 15), SCALE, 1), known(world(1, 12, 7), SCALE, 1)
    assert np.abs(long.z).max() < 3
    assert long.apart < 5 < short.apart


def test_parameters_are_those_of_the_form():
    true = world(2, 50, 15)
    a, b = items_of(true, true.forms[4])
    assert a.tolist() == true.a[true.forms[4]].tolist()
    assert -a * b == pytest.approx(true.d[true.forms[4]])


def test_broken_promises_are_named():
    kept = compare([("one", 0.5, [0.1, 0.5]), ("two", 10, [3.14159])])
    assert kept == {"one (promised 0.5)": "0.1, 0.5", "two (promised 10)": "3.14", BROKEN: "none"}
    assert compare([("one", 0.5, [0.1, 0.51]), ("two", 10, [3.0])])[BROKEN] == "one"
    assert compare([("one", 0.5, [float("nan")]), ("two", 10, [11.0])])[BROKEN] == "one; two"
