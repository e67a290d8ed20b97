"""A whole calibration run on a thousand simulated sittings: what it writes, what it leaves alone, what it says."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from typing import Any

import numpy as np
import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Avg

from exams.models import Form, Seat, Sitting
from exams.services import bank
from psychometrics import classical, irt
from psychometrics.equating import theta_of_expected
from questions.models import Exam, Standing
from scoring.calibration.running import CALIBRATION_LOCK, Refused, run
from scoring.calibration.summary import in_words, report_of
from scoring.models import CalibrationRun, Result, RunForm, Rung, RunItem, SeatResult
from tests.scoring.calibrated import CANDIDATES, FEW, NOW, SOME, World, made, untouched, world

__all__ = ["made", "world"]


def item_of(world: World, seat: Seat) -> Any:
    """Any: that a figure is there is for the test to find."""
    return RunItem.objects.get(run=world.run, revision=seat.revision_id)


# ---- what is written ------------------------------------------------------------------------------------------------


def test_the_run(world):
    made = world.run
    assert (made.number, made.based_on, made.promoted_at, made.includes_simulated) == (1, None, None, True)
    assert made.sittings == CANDIDATES
    assert made.data_until == made.created_at == NOW
    assert made.cut == bank.standard_of(world.exam).cut
    assert made.excluded["answers to questions seen before"] == CANDIDATES - FEW - SOME
    assert made.answers == 65 * CANDIDATES - sum(made.excluded.values())
    assert made.converged
    assert (made.ability, made.link, made.disconnected) == (0.0, {}, [])
    assert made.configuration["promotion"]["n"] == made.configuration["calibration"]["common_from"] == 200
    assert any(warning.startswith("The standard is provisional: 50 of ") for warning in made.warnings)


def test_a_row_for_every_published_question_and_every_form(world):
    items = RunItem.objects.filter(run=world.run)
    assert set(items.values_list("revision", flat=True)) == set(
        Standing.objects.filter(exam=world.exam).values_list("revision", flat=True)
    )
    assert set(RunForm.objects.filter(run=world.run).values_list("form", flat=True)) == set(
        Form.objects.filter(exam=world.exam).values_list("pk", flat=True)
    )
    assert sum(items.values_list("n", flat=True)) == world.run.answers


def test_the_ladder(world):
    rows: list[Any] = list(RunItem.objects.filter(run=world.run))
    for row in rows:
        assert row.rung == (Rung.OWN if row.n >= 500 else Rung.COMMON if row.n >= 200 else Rung.RATING)
        assert row.n > 0 or (row.facility, row.item_rest, row.infit, row.curve, row.options) == (None,) * 3 + ([], [])
        if row.rung == Rung.RATING:
            assert row.discrimination == world.run.slope
            assert row.se_difficulty is None
        else:
            assert row.se_difficulty > 0
    assert item_of(world, world.some).discrimination == pytest.approx(world.run.slope)


def test_with_few_answers_only_the_facility_is_told(world):
    row = item_of(world, world.few)
    assert row.n == FEW
    assert 0 <= row.facility <= 1
    assert (row.item_rest, row.infit, row.outfit, row.omitted, row.median_ms) == (None,) * 5
    assert (row.options, row.curve) == ([], [])
    assert row.obstacles == ["20 first exposures, 200 needed"]


def test_the_parameters_are_the_true_ones(world):
    """On the run's scale, whose zero is the ability that is worth S on the reference form."""
    rows = {row.revision_id: row for row in RunItem.objects.filter(run=world.run).exclude(rung=Rung.RATING)}
    reference = Seat.objects.filter(form__reference=True, scored=True).values_list("revision_id", flat=True)
    a, b = np.array([(world.truth[revision].a, world.truth[revision].b) for revision in reference]).T
    zero = float(theta_of_expected([float(world.run.cut)], a, b)[0])
    true_d = np.array([world.truth[revision].d + world.truth[revision].a * zero for revision in rows])
    found = np.array([row.intercept for row in rows.values()])
    assert np.corrcoef(true_d, found)[0, 1] > 0.97
    assert np.sqrt(((true_d - found) ** 2).mean()) < 0.25
    assert world.run.population_mean == pytest.approx(0.3 - zero, abs=0.15)
    other = Form.objects.get(exam=world.exam, reference=False)
    scored = other.seats.filter(scored=True).values_list("revision_id", flat=True)
    a, b = np.array([(world.truth[revision].a, world.truth[revision].b) for revision in scored]).T
    true_cut = float(irt.characteristic_curve(zero, a, b))
    assert RunForm.objects.get(run=world.run, form=other).cut == pytest.approx(true_cut, abs=1.0)


def test_the_statistics_of_a_question(world):
    row = item_of(world, world.some)
    seen = SeatResult.objects.filter(
        result__sitting__form=world.some.form_id, seat=world.some.number, seen_before=False
    ).order_by("pk")
    assert row.n == SOME == seen.count()
    assert row.facility == pytest.approx(seen.filter(correct=True).count() / SOME)
    assert row.omitted == pytest.approx(seen.filter(answered=False).count() / SOME)
    assert row.median_ms == round(
        float(np.median(list(seen.filter(spent_ms__gt=0).values_list("spent_ms", flat=True))))
    )
    assert 0.05 < row.item_rest < 0.7
    assert sum(n for _, n, _ in row.curve) == SOME
    assert len(row.curve) == 8
    assert row.curve == sorted(row.curve)
    assert sum(n * right for _, n, right in row.curve) / SOME == pytest.approx(row.facility, abs=1e-3)
    key = [option for option in row.options if option["key"]]
    assert len(key) == 1
    assert key[0]["n"] == seen.filter(correct=True).count()
    assert sum(option["n"] for option in row.options) == seen.filter(answered=True).count()
    assert key[0]["thirds"][2] > key[0]["thirds"][0]


def test_no_number_is_none_of_json(world):
    for row in (*RunItem.objects.filter(run=world.run), *RunForm.objects.filter(run=world.run)):
        for field in row._meta.fields:
            json.dumps(getattr(row, field.attname), default=str, allow_nan=False)


# ---- forms ----------------------------------------------------------------------------------------------------------


def test_the_reference_form_carries_the_cut(world):
    row = RunForm.objects.get(run=world.run, form__reference=True)
    assert row.cut == float(world.run.cut)
    assert row.common_cut == pytest.approx(row.cut)
    assert row.minimum_passing_raw == bank.current_table(row.form).minimum_passing_raw
    assert row.measured == 49  # all but the one with few answers


def test_the_cut_of_a_form_is_what_its_questions_say(world):
    row = RunForm.objects.get(run=world.run, form__reference=False)
    scored = row.form.seats.filter(scored=True).values_list("revision_id", flat=True)
    items: list[Any] = [RunItem.objects.get(run=world.run, revision=revision) for revision in scored]
    assert row.cut == pytest.approx(sum(1 / (1 + np.exp(-item.intercept)) for item in items))
    assert row.common_cut == pytest.approx(sum(1 / (1 + np.exp(-item.common_intercept)) for item in items))
    assert row.minimum_passing_raw == int(np.ceil(row.cut - 1e-6))


def test_the_statistics_of_a_form(world):
    row = RunForm.objects.get(run=world.run, form__reference=False)
    told = row.statistics
    assert row.sittings == Sitting.objects.filter(form=row.form).count()
    results = Result.objects.filter(sitting__form=row.form)
    assert told["mean"] == pytest.approx(results.aggregate(mean=Avg("raw"))["mean"], abs=1e-3)
    assert [results.filter(raw=raw).count() for raw in range(51)] == told["frequencies"]
    assert 0.7 < told["alpha"] < 0.95
    assert told["sem"] == pytest.approx(told["sd"] * np.sqrt(1 - told["alpha"]), abs=1e-3)
    for method in ("livingston_lewis", "lee"):
        assert 0.8 < told[method]["accuracy"] < 1
        assert 0.7 < told[method]["consistency"] < told[method]["accuracy"]
        assert 0.4 < told[method]["kappa"] < 1
    assert len(told["median_ms"]) == len(told["speededness"]["seats"]) == 65
    first = SeatResult.objects.filter(result__sitting__form=row.form, seat=1, spent_ms__gt=0)
    assert told["median_ms"][0] == round(float(np.median(list(first.values_list("spent_ms", flat=True)))))
    assert told["speededness"]["seats"][0][:2] == [1, 1.0]
    assert told["speededness"]["completing"] > 0.95
    assert all(value > 0.2 for _, _, value in told["q3"])


def test_a_case_study_is_one_part_of_the_reliability(world):
    row = RunForm.objects.get(run=world.run, form__reference=True)
    seats = list(row.form.seats.filter(scored=True).select_related("revision__question").order_by("number"))
    numbers = [seat.number for seat in seats]
    marks = SeatResult.objects.filter(result__sitting__form=row.form, seat__in=numbers).order_by("result", "seat")
    right = np.array(marks.values_list("correct", flat=True), dtype=float).reshape(row.sittings, len(seats))
    parts = [seat.revision.question.scenario_id for seat in seats]
    assert sum(part is not None for part in parts) >= 3
    assert row.statistics["alpha"] == pytest.approx(classical.cronbach_alpha(right, groups=parts), abs=1e-4)
    assert row.statistics["alpha"] != pytest.approx(classical.cronbach_alpha(right), abs=1e-4)


# ---- nothing else ---------------------------------------------------------------------------------------------------


def test_nothing_changes(world):
    assert untouched() == world.before


def test_the_same_answers_give_the_same_figures(world):
    again = run(exam=world.exam, now=NOW + dt.timedelta(hours=1), include_simulated=True)
    own = {"id", "number", "created_at", "data_until", "run_id"}

    def figures(made: CalibrationRun) -> list[Any]:
        rows = [made, *RunItem.objects.filter(run=made), *RunForm.objects.filter(run=made)]
        return [
            {field.attname: getattr(row, field.attname) for field in row._meta.fields if field.attname not in own}
            for row in rows
        ]

    assert again.number == 2
    assert figures(again) == figures(CalibrationRun.objects.get(pk=world.run.pk))


# ---- refusals -------------------------------------------------------------------------------------------------------


def test_simulated_sittings_alone_carry_no_run(world):
    with pytest.raises(Refused, match=r"^MLA-C01 has no sitting to calibrate on \(left out: 1,000 simulated\)\.$"):
        run(exam=world.exam, now=NOW)
    assert CalibrationRun.objects.count() == 1


def test_too_few_sittings_carry_no_run(world):
    Sitting.objects.filter(pk__in=Sitting.objects.order_by("pk").values("pk")[:40]).update(simulated=False)
    with pytest.raises(
        Refused, match=r"on 40 sittings \(left out: 960 simulated\): no question has 200 answers yet\.$"
    ):
        run(exam=world.exam, now=NOW)
    assert CalibrationRun.objects.count() == 1


def test_an_exam_without_forms_is_refused(world):
    Form.objects.update(reference=False)
    with pytest.raises(Refused, match="has no reference form yet"):
        run(exam=world.exam, now=NOW, include_simulated=True)


def test_never_two_at_a_time(db):
    """An exam of its own: this file's transaction holds the lock of the other one already."""
    exam = Exam.objects.create(
        code="XYZ", name="Other", level="", status="", as_of=NOW.date(), minutes=130, questions=65, scored=50,
        pass_mark=700,
    )  # fmt: skip
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [CALIBRATION_LOCK, exam.pk])
        with pytest.raises(Refused, match=r"^XYZ is being calibrated at this moment\.$"):
            run(exam=exam, now=NOW)
        other.execute("SELECT pg_advisory_unlock(%s, %s)", [CALIBRATION_LOCK, exam.pk])
    with pytest.raises(Refused, match=r"^XYZ has no reference form yet"):
        run(exam=exam, now=NOW)


# ---- the command ----------------------------------------------------------------------------------------------------


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("calibrate", "MLA-C01", *arguments, stdout=out)
    return out.getvalue()


def test_the_report(world):
    report = json.loads(said("--include-simulated", "--seed=none", "--json"))
    assert {name: report[name] for name in ("exam", "run", "based_on", "includes_simulated", "sittings")} == {
        "exam": "MLA-C01", "run": 2, "based_on": None, "includes_simulated": True, "sittings": CANDIDATES,
    }  # fmt: skip
    assert report["digest"] == world.run.digest
    assert report["left_out"] == world.run.excluded
    assert sum(report["questions"].values()) == RunItem.objects.filter(run=world.run).count()
    ready = RunItem.objects.filter(run=world.run, obstacles=[]).exclude(rung=Rung.RATING).count()
    assert report["ready_scorable"] + len(report["ready"]) == ready > 50
    assert [form["form"] for form in report["forms"]] == ["Form 1", "Form 2"]
    assert report["forms"][0]["cut"] == report["forms"][0]["cut_now"] == float(world.run.cut)


def test_pretest_questions_that_are_ready_are_named(world):
    row = RunItem.objects.filter(run=world.run, obstacles=[]).exclude(rung=Rung.RATING)[0]
    Standing.objects.filter(revision=row.revision_id).update(status="pretest")
    assert report_of(world.run)["ready"] == [row.revision.question.public_id]


def test_the_words(world):
    report = report_of(world.run)
    words = in_words(report)
    assert words.startswith("MLA-C01: run 1 on 1,000 first sittings (simulated ones among them), ")
    assert "  left out: 680 answers to questions seen before\n" in words
    assert "  pretest questions ready to be scored: none\n" in words
    assert f"  Form 1 (reference): cut {world.run.cut:.2f} would stay, " in words
    assert words.endswith("Nothing has changed, and a run that includes simulated sittings can never be promoted.")
    real = in_words(report | {"includes_simulated": False, "ready": ["a", "b"]})
    assert "on 1,000 first sittings, " in real
    assert "ready to be scored: 2 (a, b)\n" in real
    assert real.endswith("stay as they are until somebody promotes this run.")


def test_a_cut_that_would_move_is_told(world):
    form = {
        "form": "Form 2", "reference": False, "cut_now": 31.2, "cut": 32.4, "minimum_passing_raw_now": 32,
        "minimum_passing_raw": 33,
    }  # fmt: skip
    words = in_words(report_of(world.run) | {"forms": [form]})
    assert "  Form 2: cut 31.20 would be 32.40, and 33 instead of 32 right would pass\n" in words


def test_a_refusal_is_one_line_and_writes_nothing(world):
    with pytest.raises(CommandError, match=r"^MLA-C01 has no sitting to calibrate on .*\.$"):
        said()
    with pytest.raises(CommandError, match=r"^There is no exam XYZ\. Known: MLA-C01\.$"):
        call_command("calibrate", "XYZ")
    with pytest.raises(CommandError, match="can only be none"):
        said("--seed=7")
    assert CalibrationRun.objects.count() == 1
