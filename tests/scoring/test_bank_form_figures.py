"""Figures about one form against sums by hand, drawn answers and what is stored."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exams.models import Form, Seat
from exams.services import bank, freezing
from psychometrics import irt
from psychometrics.equating import true_score
from questions.models import Exam, Standing
from questions.models.measurement import Status
from scoring.reports.form import FormReport, report_of
from scoring.reports.forms import Subject
from tests.scoring.runs import a_run


@pytest.fixture
def reference(exam: Exam) -> Form:
    return Form.objects.select_related("exam").get(exam=exam, reference=True)


@pytest.fixture
def other(exam: Exam) -> Form:
    return Form.objects.select_related("exam").filter(exam=exam, reference=False)[0]


def report(form: Form, **asked: str) -> FormReport:
    return report_of(Subject(form, **asked))


def measure(exam: Exam, shift: float = 0.3) -> None:
    """Give every rated question parameters of its own, as a promotion would."""
    for standing in Standing.objects.filter(exam=exam, rating__isnull=False):
        standing.status = Status.CALIBRATED
        standing.discrimination = 1.1
        standing.intercept = bank.logit(float(standing.rating or 0)) + shift
        standing.save()


def test_the_curve_passes_through_the_cut_of_the_table(reference, other):
    for form in (reference, other):
        found = report(form)
        assert found.at_cut.expected == pytest.approx(found.subject.table.expected_at_cut, abs=1e-9)
    assert report(reference).at_cut.expected == pytest.approx(float(bank.standard_of(reference.exam).cut))


def test_curves_are_sums_over_the_scored_seats(other):
    found = report(other)
    table, seats = found.subject.table, other.seats.filter(scored=True)
    for row in found.abilities:
        right = []
        for seat in seats:
            a, d = table.discriminations[seat.number - 1], table.intercepts[seat.number - 1]
            assert a is not None
            assert d is not None
            right.append((a, 1 / (1 + math.exp(-(a * row.theta + d)))))
        assert row.expected == pytest.approx(sum(p for _, p in right))
        assert row.information == pytest.approx(sum(a * a * p * (1 - p) for a, p in right))
        assert row.error == pytest.approx(1 / math.sqrt(row.information))
        assert row.sem == pytest.approx(math.sqrt(sum(p * (1 - p) for _, p in right)))


def test_the_reference_curve_is_the_one_the_table_was_equated_to(other, reference):
    """Also when the reference form got a new table afterwards."""
    measure(reference.exam)
    freezing.make_table(form=reference, seats=list(reference.seats.all()), reason="measured")
    subject = Subject(other)
    assert subject.reference is not None
    equated = true_score(*subject.items, *subject.reference[1])
    rows = subject.table.rows.order_by("raw").values_list("equated", flat=True)
    assert equated == pytest.approx([float(row) for row in rows], abs=1e-6)
    assert Subject(reference).reference is None


def test_what_the_parameters_let_expect(other):
    """Against answers drawn from the parameters, of a population N(0, 1.5²)."""
    found = report(other)
    items, rng = found.subject.items, np.random.default_rng(1)
    theta = 1.5 * rng.standard_normal(20_000)
    right = (rng.random((2, theta.size, 50)) < irt.probability(theta, *items)).sum(axis=2)
    assert not found.figures.observed
    assert found.figures.mean == pytest.approx(right.mean(), abs=0.2)
    assert found.figures.sd == pytest.approx(right.std(), abs=0.2)
    assert found.figures.reliability == pytest.approx(np.corrcoef(right)[0, 1], abs=0.01)
    minimum, (lee,) = found.subject.table.minimum_passing_raw, found.decisions
    passed = right >= minimum
    assert lee.accuracy == pytest.approx((passed[0] == (theta >= 0)).mean(), abs=0.01)
    assert lee.consistency == pytest.approx((passed[0] == passed[1]).mean(), abs=0.01)
    assert lee.passing == pytest.approx(passed.mean(), abs=0.01)


def test_the_last_ten_seats_against_the_others(exam, reference):
    a_run(exam)
    speed = report(reference).speed
    assert speed is not None
    times = [90_000 - 300 * number for number in range(1, 66)]
    assert speed.last_ms == (times[59] + times[60]) / 2
    assert speed.others_ms == times[27]
    assert [speed.seats[2].number, speed.seats[2].reached, speed.seats[2].median_ms] == [3, 0.997, times[2]]


def test_shared_seats_are_counted(exam, reference, other):
    """The reference form was there first, so the other one holds its questions as anchors."""
    mine, theirs = (dict(form.seats.values_list("revision_id", "scored")) for form in (other, reference))
    found = report(other)
    (shared,) = found.shared
    common = mine.keys() & theirs.keys()
    assert (shared.form, shared.seats, found.apart) == (reference, len(common), 0)
    assert shared.scored == sum(mine[one] and theirs[one] for one in common)
    assert shared.anchors == sum(not mine[one] and theirs[one] for one in common) == found.anchors
    assert shared.lent == sum(mine[one] and not theirs[one] for one in common)
    assert shared.anchors >= 6
    (back,) = report(reference).shared
    assert (back.seats, back.anchors, back.lent) == (shared.seats, shared.lent, shared.anchors)
    Seat.objects.filter(form=reference, revision__in=common).delete()
    found = report(other)
    assert (found.shared, found.apart, found.anchors) == ((), 1, 0)


def test_seats_say_whether_their_difficulty_was_measured(other, exam):
    """By the parameters frozen with the version shown, whatever is known by now."""
    assert report(other).measured == 0
    measure(exam)
    freezing.make_table(form=other, seats=list(other.seats.all()), reason="measured")
    now, before = report(other), report(other, asked_version="1")
    assert (now.measured, before.measured) == (50, 0)
    row = now.seats[0]
    table = now.subject.table
    a, d = table.discriminations[0], table.intercepts[0]
    assert a is not None
    assert d is not None
    assert (row.a, row.b) == (a, -d / a)
