"""The figures of a cohort's results, against small cases worked out by hand."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cohorts import packing
from cohorts.reports import chosen, compared, figures, heat, items, teach
from cohorts.reports.chosen import Counting, Row
from questions.models import Exam
from scoring.models import DomainResult
from scoring.reports.progress import band

AWS = Exam(scale_minimum=100, scale_maximum=1000, pass_mark=720)
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def row(user: int = 1, scaled: int = 700, **fields) -> Row:
    given: dict[str, Any] = {
        "attempt_id": user, "user_id": user, "display_name": f"Person {user}", "email": "p@example.org",
        "sitting_id": uuid.UUID(int=user), "form_id": 1, "table_id": 1, "started_at": NOON, "simulated": False,
        "raw": 30, "maximum_raw": 50, "scaled": scaled, "passed": scaled >= 720, "provisional": True,
        "likely_low": scaled - 50, "likely_high": scaled + 50, "chance_of_passing": 50, "seen_before": 0,
        "used_seconds": 3600, "domains": b"", "tasks": b"",
    }  # fmt: skip
    return Row(**given | fields)


# ---- which sitting counts ----------------------------------------------------------------------------------------


def test_first_last_and_best_of_each_person():
    rows = [row(1, 600, attempt_id=1), row(2, 500, attempt_id=2), row(1, 800, attempt_id=3), row(1, 700, attempt_id=4)]
    people = chosen.by_person(rows)

    def scores(counting):
        return [one.scaled for one in chosen.counted(people, counting)]

    assert scores(Counting.FIRST) == [600, 500]
    assert scores(Counting.LAST) == [700, 500]
    assert scores(Counting.BEST) == [800, 500]


# ---- tiles and bands ---------------------------------------------------------------------------------------------


def test_tiles_by_hand():
    found = figures.figures_of([row(user, scaled) for user, scaled in enumerate((500, 600, 700, 800, 900))], 7)
    assert found is not None
    assert (found.n, found.people, found.missing, found.passed, found.pass_rate) == (5, 7, 2, 2, 0.4)
    assert (found.low, found.median, found.high, found.spread) == (600, 700, 800, 200)
    assert (found.least, found.most, found.median_minutes) == (500, 900, 60)
    assert figures.figures_of([], 3) is None


@pytest.mark.parametrize(
    ("chance", "band"),
    [(0, "not-yet"), (20, "not-yet"), (25, "borderline"), (75, "borderline"), (80, "ready"), (100, "ready")],
)
def test_bands_of_readiness_hold_their_ends(chance, band):
    assert figures.band_of(chance) == band


def test_readiness_counts_and_says_how_sure_it_is():
    rows = [
        row(1, 900, chance_of_passing=80, likely_low=850),
        row(2, 700, chance_of_passing=50, likely_low=650, likely_high=720),
        row(3, 700, chance_of_passing=50, likely_low=650, likely_high=719),
        row(4, 720, chance_of_passing=50, likely_low=720, likely_high=800),
        row(5, 300, chance_of_passing=20, likely_high=350),
        row(6, 900, chance_of_passing=None),
    ]
    found = figures.readiness_of(rows, 720)
    assert [(one.key, one.n, one.either) for one in found.bands] == [
        ("ready", 1, 0), ("borderline", 3, 1), ("not-yet", 1, 0),
    ]  # fmt: skip
    assert (found.n, found.without) == (5, 1)
    # 0.8 + 3 * 0.5 + 0.2, with the variance 2 * 0.16 + 3 * 0.25 = 1.07, deviation 1.03
    assert found.expected == pytest.approx(2.5)
    assert (found.low, found.high) == (1, 4)
    bounds = figures.readiness_of([row(1, chance_of_passing=0), row(2, chance_of_passing=100)], 720)
    assert bounds.expected == pytest.approx(1.0)


def test_no_bin_of_the_histogram_mixes_passes_with_failures():
    scores = [100, 319, 700, 719, 720, 759, 760, 1000, 1000]
    bins = figures.histogram(scores, AWS)
    assert sum(one.n for one in bins) == len(scores)
    for one in bins:
        assert one.n == sum(one.low <= score <= one.high for score in scores)
        assert one.passes == (one.low >= 720) == (one.high >= 720)
    assert (bins[0].low, bins[-1].high) == (100, 1000)
    for exam in (
        Exam(scale_minimum=0, scale_maximum=100, pass_mark=55),
        Exam(scale_minimum=200, scale_maximum=800, pass_mark=500),
    ):
        found = figures.histogram([exam.scale_minimum, exam.pass_mark, exam.scale_maximum], exam)
        assert sum(one.n for one in found) == 3
        assert sum(one.n for one in found if one.passes) == 2


def test_bands_of_the_map_are_those_of_the_candidates_own_page():
    rows = [
        DomainResult(correct=correct, scored=scored, expected=share * scored)
        for scored in (1, 4, 14) for correct in range(scored + 1) for share in (0.3, 0.52, 0.7)
    ]  # fmt: skip
    found = figures.bands(
        *(np.array([getattr(one, name) for one in rows], dtype=float) for name in ("correct", "expected", "scored"))
    )
    assert found.tolist() == [band(one) for one in rows]
    assert np.isnan(figures.bands(np.array([0.0]), np.array([0.0]), np.array([0.0]))).all()


def test_progress_leaves_out_those_who_met_much_again():
    people = {
        1: [row(1, 600), row(1, 700)],
        2: [row(2, 600), row(2, 580), row(2, 640)],
        3: [row(3, 500), row(3, 900, seen_before=6)],
        4: [row(4, 720)],
    }
    found = compared.repeats_of(people)
    assert found is not None
    assert [(one.number, one.n, one.median, one.passed) for one in found.rounds] == [
        (1, 4, 600, 1), (2, 3, 700, 1), (3, 1, 640, 0),
    ]  # fmt: skip
    assert (found.n, found.compared, found.again, found.better, found.change) == (3, 2, 1, 2, 70)
    assert compared.repeats_of({4: people[4]}) is None


# ---- packed counts -----------------------------------------------------------------------------------------------


def packed(kind, *records) -> bytes:
    return np.array(list(records), dtype=kind).tobytes()


def test_counts_are_placed_by_id_whatever_their_order():
    rows = [
        row(1, domains=packed(packing.DOMAIN, (8, 3, 4, 2.5), (7, 1, 2, 1.0))),
        row(2, domains=packed(packing.DOMAIN, (7, 0, 5, 2.0), (9, 5, 5, 1.0))),
    ]
    grid = heat.domains_grid(rows, [SimpleNamespace(pk=7), SimpleNamespace(pk=8)])  # type: ignore[list-item]
    assert grid.correct.tolist() == [[1, 3], [0, 0]]
    assert grid.scored.tolist() == [[2, 4], [5, 0]]
    assert grid.expected.tolist() == [[1.0, 2.5], [2.0, 0.0]]
    assert grid.shares == [pytest.approx(1 / 7), 0.75]


# ---- teach next --------------------------------------------------------------------------------------------------


def test_the_chance_that_mastering_a_task_makes_somebody_pass():
    # Short of 2 with 3 wrong in the task: P(B >= 2), B ~ binomial(3, 0.9) = 3 * 0.81 * 0.1 + 0.729.
    # Short of 2 with 1 wrong: impossible. Short of 1 with 1 wrong: 0.9. Passed already: nothing to gain.
    raw, minimum = np.array([34, 35, 36, 50]), np.array([36, 36, 36, 36])
    wrong = np.array([[3.0, 1.0], [1.0, 0.0], [4.0, 4.0], [0.0, 0.0]])
    assert teach.chances(raw, minimum, wrong) == pytest.approx(np.array([[0.972, 0], [0.9, 0], [0, 0], [0, 0]]))


def test_the_likely_range_is_that_of_the_same_candidates_drawn_anew():
    gains = np.zeros((100, 2))
    gains[:30, 0] = 1.0
    low, high = teach.likely(gains)
    # Binomial(100, 0.3): mean 30, standard deviation 4.58; the central 68 % lies about one deviation either side.
    assert low[0] == pytest.approx(30 - 4.58, abs=1)
    assert high[0] == pytest.approx(30 + 4.58, abs=1)
    assert (low[1], high[1]) == (0, 0)
    assert [one.tolist() for one in teach.likely(gains)] == [low.tolist(), high.tolist()]


# ---- questions ---------------------------------------------------------------------------------------------------


def an_item(**fields) -> items.Item:
    given: dict[str, Any] = {
        "revision_id": 1, "public_id": "q-1", "number": 1, "kind": "multiple_choice", "task": None, "scored": True,
        "forms": {1}, "keys": [(2,)], "n": 10, "correct": 5, "answered": 10, "flagged": 0, "median_ms": None,
        "item_rest": None, "choices": Counter({(2,): 5, (1,): 3, (3,): 2}),
    }  # fmt: skip
    return items.Item(**given | fields)


def test_below_ten_no_facility_and_no_distractor():
    assert an_item().facility == 0.5
    assert an_item().distractor == ((1,), 3)
    few = an_item(n=9)
    assert (few.facility, few.missed, few.flagged_share, few.distractor) == (None, None, None, None)


def test_wrong_options_are_counted_one_by_one_and_wrong_orders_as_a_whole():
    several: Counter[tuple[int, ...]] = Counter({(1, 2): 5, (1, 4): 3, (3, 4): 2})
    assert items.wrong_choices("multiple_response", several, [(1, 2)]) == {(4,): 5, (3,): 2}
    orders: Counter[tuple[int, ...]] = Counter({(1, 2, 3): 5, (3, 2, 1): 4, (2, 1, 3): 1})
    assert items.wrong_choices("ordering", orders, [(1, 2, 3)]) == {(3, 2, 1): 4, (2, 1, 3): 1}
    assert items.wrong_choices("multiple_choice", Counter({(1,): 2, (2,): 3}), [(1,), (2,)]) == {}


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        ({}, []),
        ({"item_rest": -0.01, "n": 50}, ["Check the key", "Very hard"]),
        ({"n": 20, "correct": 3, "choices": Counter({(2,): 3, (1,): 4})}, ["Misleads", "Very hard"]),
        ({"n": 100, "correct": 20, "choices": Counter(), "item_rest": 0.09}, ["Tells little"]),
        ({"n": 100, "correct": 96, "choices": Counter(), "item_rest": 0.02}, ["Too easy"]),
        ({"flagged": 3}, ["Often flagged"]),
        ({"median_ms": 2_001.0}, ["Takes long"]),
        ({"n": 9, "correct": 0, "flagged": 9}, []),
    ],
)
def test_what_is_suspicious(fields, labels):
    assert [flag.label for flag in items._flags(an_item(**fields), 1_000.0)] == labels


def test_the_response_is_hexadecimal_with_its_first_place_lowest():
    assert packing.response(0x312) == (2, 1, 3)
    assert packing.response(0) == ()


def test_a_change_needs_a_sitting_before():
    line = heat.Line(row(1, 700), [], 1, None)
    assert line.change is None
    assert replace(line, before=640).change == 60
