"""What comes after the first run: runs linked to a promoted one, and the runs of every night."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest

from config.management.commands.tick import work
from exams.models import Form, Seat, Sitting
from questions.models import Exam, Standing
from scoring import tasks
from scoring.calibration import nightly
from scoring.calibration.running import Refused, run
from scoring.models import CalibrationRun, RunForm, Rung, RunItem, SeatResult
from tests.scoring.calibrated import CANDIDATES, NOW, made, sit, world

__all__ = ["made", "world"]

# ---- later runs -----------------------------------------------------------------------------------------------------


def promoted(exam: Exam) -> CalibrationRun:
    """A real run, promoted by hand: everything measured counts as calibrated."""
    Sitting.objects.update(simulated=False)
    first = run(exam=exam, now=NOW)
    CalibrationRun.objects.filter(pk=first.pk).update(promoted_at=NOW)
    for row in RunItem.objects.filter(run=first).exclude(rung=Rung.RATING):
        Standing.objects.filter(exam=exam, revision=row.revision_id).update(
            status="calibrated", discrimination=row.discrimination, intercept=row.intercept
        )
    return first


def test_a_later_run_is_linked_to_the_promoted_one(world):
    first = promoted(world.exam)
    later = NOW + dt.timedelta(days=40)
    sit(world.exam, 300, mean=0.6, now=later)
    Sitting.objects.update(simulated=False)
    second = run(exam=world.exam, now=later)
    assert second.based_on == first
    assert CANDIDATES + 290 < second.sittings <= CANDIDATES + 300  # of the new ones some ran out of time
    anchors = list(RunItem.objects.filter(run=second, anchor=True))
    assert len(anchors) == second.link["anchors"] > 100
    held = {row.revision_id: row for row in RunItem.objects.filter(run=first)}
    kept = [row for row in anchors if row.rung == held[row.revision_id].rung]
    assert len(kept) > 100
    for row in kept:
        assert row.intercept == pytest.approx(held[row.revision_id].intercept)
        assert row.se_difficulty is None
        assert row.obstacles == []
        assert row.drift is not None
    assert second.ability == pytest.approx(first.ability, abs=0.05)
    assert abs(second.link["gap"]) < 1
    assert "gap" in second.link
    assert RunForm.objects.get(run=second, form__reference=True).cut == float(second.cut)


def test_without_anchors_there_is_no_later_run(world):
    promoted(world.exam)
    Standing.objects.update(status="scorable", discrimination=None, intercept=None)
    with pytest.raises(Refused, match=r"a link to the exam's scale needs 15 anchors, and there are 0\.$"):
        run(exam=world.exam, now=NOW)


def test_a_question_that_drifted_is_named(world):
    """The new people find one question much harder: its anchor is dropped, alarms are raised, a warning names it."""
    promoted(world.exam)
    later = NOW + dt.timedelta(days=40)
    new = sit(world.exam, 400, now=later)
    Sitting.objects.update(simulated=False)
    seat = Seat.objects.filter(form__reference=True, scored=True).exclude(number__in=[world.few.number])[3]
    SeatResult.objects.filter(
        result__sitting__in=new.sitting_ids, result__sitting__form=seat.form_id, seat=seat.number
    ).update(correct=False)
    some = SeatResult.objects.filter(
        result__sitting__in=new.sitting_ids, result__sitting__form=seat.form_id, seat=seat.number
    ).order_by("pk")
    SeatResult.objects.filter(pk__in=list(some.values_list("pk", flat=True)[::10])).update(correct=True)
    second = run(exam=world.exam, now=later)
    name = seat.revision.question.public_id
    row: Any = RunItem.objects.get(run=second, revision=seat.revision_id)
    assert name in second.link["drifted"]
    assert not row.anchor
    assert row.drift > 0.3
    assert any("logits harder than when it was measured" in alarm for alarm in row.alarms)
    assert any(name in warning and "not used as anchors" in warning for warning in second.warnings)


# ---- every night ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "due"),
    [("2026-11-20T03:10", "2026-11-20T03:10"), ("2026-11-20T03:09", "2026-11-19T03:10"),
     ("2026-11-20T23:00", "2026-11-20T03:10")],
)  # fmt: skip
def test_the_night_ends_at_ten_past_three(now, due):
    moment = dt.datetime.fromisoformat(f"{now}+00:00")
    assert nightly.last_due(moment) == dt.datetime.fromisoformat(f"{due}+00:00")
    assert nightly.last_due(moment.astimezone(dt.timezone(dt.timedelta(hours=14)))) == nightly.last_due(moment)


def test_every_night_with_enough_new_sittings(world):
    """Simulated ones are none, and a run with them is no run. Fifty more after the first run bring the second."""
    assert nightly.calibrate_due(now=NOW) == []
    Sitting.objects.update(simulated=False)
    first = nightly.calibrate_due(now=NOW)
    assert [(made.exam, made.includes_simulated) for made in first] == [(world.exam, False)]
    night = NOW + dt.timedelta(days=1)
    assert nightly.calibrate_due(now=night) == []
    new = sit(world.exam, 60).sitting_ids
    Sitting.objects.filter(pk__in=new).update(simulated=False, closed_at=NOW + dt.timedelta(hours=2))
    Sitting.objects.filter(pk__in=new[:11]).update(granted_minutes=5)
    assert nightly.calibrate_due(now=night) == []
    Sitting.objects.filter(pk=new[0]).update(granted_minutes=0)
    assert nightly.calibrate_due(now=night, unless_since=NOW) == []
    assert len(nightly.calibrate_due(now=night, unless_since=NOW + dt.timedelta(minutes=1))) == 1


def test_every_night_counts_who_has_met_which_question(world):
    Sitting.objects.update(simulated=False)
    Standing.objects.update(first_exposures=7)
    nightly.count_exposures(world.exam)
    counts = dict(Standing.objects.filter(exam=world.exam).values_list("revision", "first_exposures"))
    firsts = Sitting.objects.filter(exam=world.exam).closed().values("user", "form").distinct()
    assert len({row["user"] for row in firsts}) == len(firsts)  # everybody sat once
    for form in Form.objects.filter(exam=world.exam):
        alone = [seat.revision_id for seat in form.seats.all() if seat.revision.seats.count() == 1]
        assert {counts[revision] for revision in alone} == {sum(row["form"] == form.pk for row in firsts)}
    assert any(count == 0 for count in counts.values())


def test_a_question_that_left_the_exam_does_not_stop_a_run(world):
    Sitting.objects.update(simulated=False)
    left = Standing.objects.filter(exam=world.exam).exclude(revision__seats__isnull=False).first()
    assert left is not None
    left.revision.question.placements.filter(exam=world.exam).delete()
    made = run(exam=world.exam, now=NOW)
    assert not RunItem.objects.filter(run=made, revision=left.revision_id).exists()


def test_a_form_with_a_question_that_nothing_is_known_of_is_named(world):
    Sitting.objects.update(simulated=False)
    form = Form.objects.filter(exam=world.exam, reference=False)[0]
    elsewhere = Seat.objects.exclude(form=form).values("revision")
    seat = form.seats.filter(scored=True, kind="multiple_choice").exclude(revision__in=elsewhere)[0]
    SeatResult.objects.filter(result__sitting__form=form, seat=seat.number).update(seen_before=True)
    Standing.objects.filter(exam=world.exam, revision=seat.revision_id).update(rating=None, status="pretest")
    name = seat.revision.question.public_id
    with pytest.raises(Refused, match=f"counts {name}, which has neither a rating nor enough answers"):
        run(exam=world.exam, now=NOW)
    assert CalibrationRun.objects.filter(exam=world.exam, includes_simulated=False).count() == 0


def test_an_exam_that_is_not_offered_has_no_nights(world):
    Sitting.objects.update(simulated=False)
    Exam.objects.update(offered=False)
    assert nightly.calibrate_due(now=NOW) == []


def test_a_refusal_at_night_is_logged(world, caplog):
    Sitting.objects.filter(pk__in=Sitting.objects.order_by("pk").values("pk")[:60]).update(simulated=False)
    with caplog.at_level(logging.INFO):
        assert nightly.calibrate_due(now=NOW) == []
    refusals = [record for record in caplog.records if "no question has 200 answers yet" in record.getMessage()]
    assert [record.levelname for record in refusals] == ["INFO"]


def test_the_task_and_the_tick_do_it(world, settings):
    Sitting.objects.update(simulated=False)
    assert settings.CELERY_BEAT_SCHEDULE["calibrate"]["task"] == tasks.calibrate.name
    schedule = settings.CELERY_BEAT_SCHEDULE["calibrate"]["schedule"]
    assert (min(schedule.hour), schedule.minute) == (nightly.NIGHTLY.hour, {nightly.NIGHTLY.minute})
    work(pools=False, night=False)
    assert CalibrationRun.objects.count() == 1
    work(pools=False, night=True)
    assert CalibrationRun.objects.count() == 2
    work(pools=False, night=True)
    assert CalibrationRun.objects.count() == 2
    CalibrationRun.objects.filter(number=2).delete()
    assert tasks.calibrate() == 1
