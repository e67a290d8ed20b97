"""What keeps a question from being calibrated, what raises an alarm, and who chose what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from psychometrics import irt
from psychometrics.responses import read
from scoring.calibration.abilities import rest_abilities
from scoring.calibration.judgement import Place, alarms, obstacles
from scoring.calibration.options import option_records
from scoring.models import RunItem

PLACE = Place(
    status="scorable", state="published", kind="multiple_choice", rated=True, chance=0.25, scored=True
)  # fmt: skip


def option(
    number: int, *, key: bool = False, correlation: float | None = -0.2, top: float = 0.1, flagged: bool = False
):
    return {
        "label": [number], "key": key, "n": 50, "share": 0.2, "thirds": [0.2, 0.2, top], "correlation": correlation,
        "flagged": flagged,
    }  # fmt: skip


def item(**changes: Any) -> RunItem:
    """A question with nothing amiss."""
    values: dict[str, Any] = {
        "rung": "common", "n": 200, "facility": 0.6, "item_rest": 0.3, "infit": 1.0, "discrimination": 1.0,
        "intercept": 0.4, "se_difficulty": 0.2, "connected": True,
        "options": [option(1, key=True, correlation=0.3, top=0.7), option(2), option(3), option(4)],
    }  # fmt: skip
    return RunItem(**values | changes)


def test_nothing_amiss():
    assert obstacles(item(), PLACE) == []
    assert alarms(item(), PLACE) == []


@pytest.mark.parametrize(
    ("amiss", "sentence"),
    [
        ({"n": 199}, "199 first exposures, 200 needed"),
        ({"se_difficulty": 0.26}, "standard error of the difficulty 0.26, at most 0.25 allowed"),
        ({"se_difficulty": None}, "standard error of the difficulty cannot be computed"),
        ({"item_rest": 0.1496}, "item-rest correlation 0.1496, at least 0.15 needed"),
        ({"item_rest": None}, "item-rest correlation cannot be computed"),
        ({"facility": 0.29}, "facility 0.29, at least 0.30 needed (chance 0.25 + 0.05)"),
        ({"facility": 0.951}, "facility 0.951, at most 0.95 allowed"),
        ({"discrimination": 0.39}, "slope a 0.39, at least 0.40 needed"),
        ({"discrimination": 2.6}, "slope a 2.60, at most 2.50 allowed"),
        ({"infit": 0.79}, "infit 0.79, at least 0.80 needed"),
        ({"infit": 1.21}, "infit 1.21, at most 1.20 allowed"),
        (
            {"options": [option(1, key=True, correlation=0.3), option(2, correlation=0.06)]},
            "option 2 is wrong and draws the abler (r = 0.06, at most 0.05)",
        ),
    ],
)
def test_each_obstacle(amiss, sentence):
    assert obstacles(item(**amiss), PLACE) == [sentence]


@pytest.mark.parametrize(
    "just",
    [
        {"se_difficulty": 0.25}, {"item_rest": 0.15}, {"facility": 0.30}, {"facility": 0.95}, {"discrimination": 0.4},
        {"discrimination": 2.5}, {"infit": 0.8}, {"infit": 1.2}, {"options": [option(2, correlation=0.05)]},
        {"options": [option(2, correlation=None)]}, {"options": [option(1, key=True, correlation=0.5)]},
    ],
)  # fmt: skip
def test_the_limits_themselves_are_allowed(just):
    assert obstacles(item(**just), PLACE) == []


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"state": "superseded"}, "this wording is superseded, not published"),
        ({"rated": False, "status": "pretest"}, "no judge has rated it, which a scored question needs"),
    ],
)
def test_obstacles_in_the_bank(place, sentence):
    assert obstacles(item(), replace(PLACE, **place)) == [sentence]


def test_a_disconnected_question_is_not_judged_on_what_was_not_measured():
    found = obstacles(item(connected=False, se_difficulty=None, infit=None), PLACE)
    assert found == ["not connected to the rest: nobody who answered it answered what others did"]


def test_chance_is_that_of_the_kind():
    assert obstacles(item(facility=0.14), replace(PLACE, kind="matching", chance=0.001)) == []
    assert obstacles(item(facility=0.14), replace(PLACE, kind="multiple_response", chance=0.1)) == [
        "facility 0.14, at least 0.15 needed (chance 0.10 + 0.05)"
    ]


def test_frequent_wrong_orders_are_no_distractors():
    order = option(1) | {"label": [2, 1, 3], "correlation": 0.2}
    assert obstacles(item(options=[order]), replace(PLACE, kind="ordering")) == []


def test_what_is_calibrated_has_no_obstacles():
    assert obstacles(item(n=3, item_rest=-0.2), replace(PLACE, status="calibrated")) == []


@pytest.mark.parametrize(
    ("amiss", "sentence"),
    [
        ({"item_rest": 0.04}, "item-rest correlation 0.04, below 0.05"),
        (
            {"options": [option(1, key=True, top=0.4), option(3, top=0.45, flagged=True)]},
            "option 3 is chosen by 45% of the ablest third, the key by 40%",
        ),
        (
            {"options": [option(1, key=True, top=0.4), option(3, top=0.5, flagged=True) | {"label": [3, 1]}]},
            "the wrong response 3, 1 is chosen by 50% of the ablest third, the key by 40%",
        ),
        ({"facility": 1.0, "item_rest": None}, "everybody of 100 is right (facility 1.00)"),
        (
            {"facility": 0.0, "item_rest": None},
            "nobody of 100 is right (facility 0.00, at least 0.25 expected of guessing)",
        ),
        ({"drift": 0.31, "drift_z": 2.8}, "0.31 logits harder than when it was measured (robust z 2.8)"),
        ({"drift": -0.5, "drift_z": -3.0}, "0.50 logits easier than when it was measured (robust z -3.0)"),
    ],
)
def test_each_alarm(amiss, sentence):
    assert alarms(item(n=100, **amiss), PLACE) == [sentence]
    assert alarms(item(n=99, **amiss), PLACE) == []
    assert alarms(item(n=100, **amiss), replace(PLACE, scored=False)) == []


@pytest.mark.parametrize("calm", [{"item_rest": 0.05}, {"drift": 0.3, "drift_z": 9}, {"drift": 9, "drift_z": 2.7}])
def test_no_alarm_at_the_limits(calm):
    assert alarms(item(**calm), PLACE) == []


# ---- options --------------------------------------------------------------------------------------------------------


def test_options_of_a_multiple_choice():
    responses = [(1,), (3,), (2,)]
    codes = np.array([0, 0, 1, 1, 1, 2, -1, 0, 0])
    rest = np.array([2.0, 1.5, 1.0, 0.5, 0.0, -0.5, 9.0, -1.0, -1.5])
    found = option_records("multiple_choice", 4, [(3,)], responses, codes, rest)
    assert [record["label"] for record in found] == [[1], [2], [3], [4]]
    assert [record["key"] for record in found] == [False, False, True, False]
    assert [record["n"] for record in found] == [4, 1, 3, 0]
    assert [record["share"] for record in found] == [0.5, 0.125, 0.375, 0.0]
    assert [record["flagged"] for record in found] == [True, False, False, False]
    assert found[3]["correlation"] is None
    answered = codes >= 0
    expected = np.corrcoef(codes[answered] == 0, rest[answered])[0, 1]
    assert found[0]["correlation"] == pytest.approx(expected, abs=1e-4)


def test_two_keys_are_no_distractors_of_each_other():
    codes, rest = np.array([0] * 6 + [1] * 3), np.arange(9.0)
    found = option_records("multiple_choice", 3, [(1,), (2,)], [(1,), (2,)], codes, rest)
    assert [(record["key"], record["flagged"]) for record in found] == [(True, False), (True, False), (False, False)]


def test_options_of_a_multiple_response():
    """Six persons, two in each third; the ablest take 3 with 1, which is wrong."""
    responses = [(1, 2), (1, 3), (2, 4)]
    codes, rest = np.array([0, 0, 0, 2, 1, 1]), np.array([0.0, 0.1, 1.0, 1.1, 2.0, 2.1])
    found = option_records("multiple_response", 5, [(1, 2)], responses, codes, rest)
    assert [record["n"] for record in found] == [5, 4, 2, 1, 0]
    assert [record["key"] for record in found] == [True, True, False, False, False]
    assert found[0]["thirds"] == [1.0, 0.5, 1.0]
    assert found[2]["thirds"] == [0.0, 0.0, 1.0]
    assert [record["flagged"] for record in found] == [False, False, True, False, False]
    assert sum(record["share"] for record in found) == pytest.approx(2, abs=1e-3)


def test_frequent_responses_of_an_ordering():
    responses = [(1, 2, 3), (2, 1, 3), (3, 2, 1), (1, 3, 2), (2, 3, 1), (3, 1, 2)]
    codes = np.repeat(np.arange(6), [10, 1, 5, 4, 3, 2])
    found = option_records("ordering", 3, [(1, 2, 3)], responses, codes, np.linspace(1, 0, codes.size))
    assert [record["label"] for record in found] == [[1, 2, 3], [3, 2, 1], [1, 3, 2], [2, 3, 1], [3, 1, 2]]
    assert [record["n"] for record in found] == [10, 5, 4, 3, 2]
    assert [record["key"] for record in found] == [True, False, False, False, False]


def test_the_key_is_told_even_if_nobody_found_it():
    found = option_records("matching", 3, [(1, 1, 2)], [(2, 1, 2)], np.zeros(5, dtype=int), np.arange(5.0))
    assert [(record["label"], record["n"]) for record in found] == [([1, 1, 2], 0), ([2, 1, 2], 5)]
    assert found[1]["flagged"]


def test_nobody_answered():
    assert option_records("multiple_choice", 4, [(1,)], [], np.full(3, -1), np.zeros(3)) == []


# ---- abilities ------------------------------------------------------------------------------------------------------


def test_an_ability_is_that_of_the_other_answers():
    rng = np.random.default_rng(4)
    a, d = rng.uniform(0.6, 1.6, 20), rng.normal(0, 1, 20)
    theta = rng.normal(0.3, 0.9, 40)
    answers = (rng.random((40, 20)) < irt.probability(theta, a, -d / a)).astype(float)
    answers[rng.random((40, 20)) < 0.2] = np.nan
    data, population = read(answers), irt.Prior(0.3, 0.9)
    found = rest_abilities(data, a, d, population)
    for place in (0, 17, 300, found.size - 1):
        person, column = data.person[place], data.item[place]
        without = answers[[person]].copy()
        without[0, column] = np.nan
        expected = irt.eap(without, a, -d / a, population.mean, population.sd)[0]
        assert found[place] == pytest.approx(expected, abs=1e-4)


def test_an_unknown_question_says_nothing():
    a, d = np.array([1.0, np.nan, 1.0]), np.array([0.0, np.nan, -0.5])
    answers = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    found = rest_abilities(read(answers), a, d, irt.Prior(0.0, 1.0)).reshape(2, 3)
    assert found[0] == pytest.approx(found[1])
    assert np.isfinite(found).all()
