"""What promoting a run changes: questions, the standard, and the tables of forms."""

from __future__ import annotations

import pytest
from django.db.models import F

from accounts.models import User
from exams.models import Form, ScoreTable, Seat
from exams.services import bank, pool
from psychometrics import irt
from questions.models import Standing
from questions.models.measurement import Status
from scoring.calibration.decisions import Outcome
from scoring.calibration.promotion import preview_of
from scoring.models import CalibrationRun, RunItem
from tests.factories import UserFactory
from tests.scoring.promotions import item, now_of, put, reference_of, some_of, uncalibrated
from tests.scoring.runs import a_run


@pytest.fixture
def author(db) -> User:
    return UserFactory(email="author@example.org")


# ---- questions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(Status.PRETEST, Outcome.READY), (Status.SCORABLE, Outcome.MEASURED), (Status.CALIBRATED, Outcome.AGAIN)],
)
def test_a_measured_question_is_calibrated(exam, author, status, outcome):
    run = a_run(exam)
    chosen = item(run, status)
    (decision,) = [row for row in preview_of(run).of(outcome) if row.item == chosen]
    assert decision.taken
    put(run, author)
    after = now_of(chosen)
    assert (after.status, after.first_exposures) == ("calibrated", chosen.n)
    assert (after.discrimination, after.intercept) == (chosen.discrimination, chosen.intercept)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"obstacles": ["infit 1.31, 0.8 to 1.2 needed"]}, "infit 1.31, 0.8 to 1.2 needed"),
        ({"connected": False}, "not connected with the other questions"),
        ({"rung": "rating"}, "not measured by itself"),
        ({"discrimination": None}, "not measured by itself"),
    ],
)
@pytest.mark.parametrize(
    ("status", "outcome", "own"),
    [
        (Status.PRETEST, Outcome.WAITS, (None, None)),
        (Status.SCORABLE, Outcome.LINE, (None, None)),
        (Status.CALIBRATED, Outcome.KEEPS, (1.1, 0.2)),
    ],
)
def test_a_question_that_fails_stays_what_it_was(exam, author, status, outcome, own, fields, reason):
    run = a_run(exam)
    chosen = item(run, status, **fields)
    (decision,) = [row for row in preview_of(run).of(outcome) if row.item == chosen]
    assert decision.reasons == (reason,)
    put(run, author)
    after = now_of(chosen)
    assert (after.status, after.first_exposures) == (status, chosen.n)
    assert (after.discrimination, after.intercept) == own


def test_a_question_without_a_rating_stays_pretest(exam, author):
    run = a_run(exam)
    scored = Seat.objects.filter(form__exam=exam, scored=True).values("revision")
    chosen = run.items.exclude(revision__in=scored)[0]
    Standing.objects.filter(pk=now_of(chosen).pk).update(rating=None, status=Status.PRETEST)
    assert [row.reasons for row in preview_of(run).of(Outcome.WAITS) if row.item == chosen] == [("no rating",)]
    put(run, author)
    assert (now_of(chosen).status, now_of(chosen).discrimination) == ("pretest", None)
    assert now_of(chosen).first_exposures == chosen.n


def test_a_calibrated_question_with_an_alarm_keeps_its_figures_and_is_listed(exam, author):
    run = a_run(exam)
    chosen = item(run, Status.CALIBRATED, alarms=["moved by 0.4 logits"])
    preview = put(run, author)
    (decision,) = preview.of(Outcome.KEEPS)
    assert decision.reasons == ("an alarm",)
    assert (decision.item, decision.alarms) == (chosen, ["moved by 0.4 logits"])
    assert preview.counts["alarms"] == 1
    assert (now_of(chosen).discrimination, now_of(chosen).intercept) == (1.1, 0.2)


def test_a_pretest_question_raises_no_alarm(exam):
    run = a_run(exam)
    item(run, Status.PRETEST, alarms=["a distractor attracts the best"])
    assert preview_of(run).counts["alarms"] == 0


# ---- the standard and the tables ------------------------------------------------------------------------------------


def test_the_cut_stays_and_lies_where_the_reference_form_expects_it(exam, author):
    before, reference = bank.standard_of(exam), reference_of(exam)
    numbers = list(reference.seats.filter(scored=True).values_list("number", flat=True))
    put(a_run(exam, unmeasured=some_of(exam)), author)
    after, table = bank.standard_of(exam), bank.current_table(reference)
    assert (after.version, after.cut, table.reference_cut) == (before.version + 1, before.cut, before.cut)
    assert irt.characteristic_curve(0.0, *bank.parameters(table, numbers)) == pytest.approx(float(before.cut), abs=1e-9)
    assert table.minimum_passing_raw == int(before.cut) + 1
    assert [row.equated for row in table.rows.order_by("raw")] == list(range(51))


def test_the_standard_says_what_the_run_found_and_who_put_it_into_force(exam, author):
    run = a_run(exam)
    put(run, author)
    standard = bank.standard_of(exam)
    assert (standard.slope, standard.alpha, standard.beta) == (run.slope, run.alpha, run.beta)
    assert (standard.population_mean, standard.population_sd) == (run.population_mean, run.population_sd)
    assert (standard.reason, standard.set_by) == ("Calibration run 1 promoted.", author)
    assert standard.preview["run"] == 1


def test_a_first_run_that_measures_everything_has_the_borderline_candidate_at_zero(exam, author):
    """The run itself puts T_reference(0) at S; here it is made so by moving all intercepts."""
    run = a_run(exam)
    after = preview_of(run).after
    assert after is not None
    RunItem.objects.filter(run=run).update(intercept=F("intercept") + F("discrimination") * after.ability)
    put(run, author)
    assert bank.standard_of(exam).ability == pytest.approx(0, abs=1e-9)


def test_questions_that_are_not_measured_follow_the_line(exam, author):
    unmeasured = some_of(exam)
    run = a_run(exam, unmeasured=unmeasured)
    put(run, author)
    standard, reference = bank.standard_of(exam), reference_of(exam)
    table = bank.current_table(reference)
    seat = reference.seats.filter(scored=True, revision__in=unmeasured)[0]
    rating = Standing.objects.get(exam=exam, revision=seat.revision_id).rating
    assert rating is not None
    assert table.discriminations[seat.number - 1] == run.slope
    expected = run.alpha + run.beta * bank.logit(float(rating)) + run.slope * standard.ability
    assert table.intercepts[seat.number - 1] == pytest.approx(expected)


def test_every_form_that_stands_ready_gets_a_table_and_the_reference_form_first(exam, author):
    put(a_run(exam), author)
    made = list(ScoreTable.objects.filter(form__exam=exam, version=2).order_by("pk"))
    assert [table.form.reference for table in made] == [True, False]
    assert {table.reason for table in made} == {"Calibration run 1 promoted."}
    for table in made:
        assert table.population_mean == pytest.approx(0.35 - bank.standard_of(exam).ability)
        assert table.population_sd == 0.9


def test_a_personal_form_gets_one_while_it_waits_or_is_sat(exam, author, user):
    forms = Form.objects.filter(exam=exam, reference=False)
    forms.update(state=Form.State.PENDING, owner=user)
    run = a_run(exam)
    assert ([move.reference for move in preview_of(run).forms], preview_of(run).others) == ([True], 1)
    put(run, author)
    assert bank.current_table(forms.get()).version == 2


def test_a_form_that_nobody_can_be_scored_by_any_more_keeps_its_table(exam, author):
    forms = Form.objects.filter(exam=exam, reference=False)
    forms.update(state=Form.State.RETIRED)
    put(a_run(exam), author)
    assert bank.current_table(forms.get()).version == 1


def test_a_form_made_later_starts_from_what_was_measured(exam, author):
    put(a_run(exam), author)
    (form,) = pool.assemble(exam=exam, forms=1, seed=5).forms
    table = form.tables.get()
    assert table.population_sd == 0.9
    assert table.provisional == uncalibrated(form)


def test_a_table_is_provisional_until_all_its_scored_questions_are_calibrated(exam, author):
    reference, other = Form.objects.filter(exam=exam).order_by("-reference")
    only = reference.seats.filter(scored=True).exclude(revision__in=other.seats.values("revision"))[0]
    preview = put(a_run(exam, unmeasured=[only.revision_id]), author)
    assert (bank.current_table(reference).provisional, bank.current_table(other).provisional) == (True, False)
    assert [(move.measured, move.provisional_then) for move in preview.forms] == [(49, True), (50, False)]
    Standing.objects.filter(revision=only.revision_id).update(first_exposures=0)
    put(a_run(exam, based_on=CalibrationRun.objects.get(number=1)), author)
    assert not bank.current_table(reference).provisional
