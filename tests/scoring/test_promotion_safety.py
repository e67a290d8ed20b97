"""The preview is what then happens; what must not be promoted is not; and results that were issued stay."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from exams.models import Form, ScoreTable, Standard
from exams.services import bank, pool
from psychometrics import report
from questions.models import Standing
from questions.models.measurement import Status
from scoring import marking, services
from scoring.calibration.promotion import NotPromoted, PromotedBefore, preview_of, promote
from scoring.models import CalibrationRun
from tests.factories import UserFactory, answer, begin, close, sat
from tests.scoring.promotions import dump, put, reference_of, some_of
from tests.scoring.runs import a_run


@pytest.fixture
def author(db) -> User:
    return UserFactory(email="author@example.org")


# ---- the preview says what then happens -----------------------------------------------------------------------------


@pytest.mark.parametrize("measured", ["all", "most"])
def test_the_preview_is_what_then_happens(exam, author, measured):
    run = a_run(exam, unmeasured=some_of(exam) if measured == "most" else ())
    preview = preview_of(run)
    old = {form.number: bank.current_table(form) for form in Form.objects.filter(exam=exam)}
    put(run, author)
    assert len(preview.forms) == len(old)
    for move in preview.forms:
        before, after = old[move.number], bank.current_table(Form.objects.get(exam=exam, number=move.number))
        assert move.cut_now == before.expected_at_cut
        assert move.cut_then == pytest.approx(after.expected_at_cut)
        assert (move.passing_now, move.passing_then) == (before.minimum_passing_raw, after.minimum_passing_raw)
        assert (move.provisional_now, move.provisional_then) == (before.provisional, after.provisional)
        changes = {row.raw: row.scaled - before.rows.get(raw=row.raw).scaled for row in after.rows.order_by("raw")}
        assert abs(move.change) == max(map(abs, changes.values()))
        assert changes[move.at] == move.change


def test_the_preview_writes_nothing(exam):
    run = a_run(exam)
    before = (dump(), list(Standing.objects.order_by("pk").values()), Standard.objects.count())
    preview_of(run)
    assert before == (dump(), list(Standing.objects.order_by("pk").values()), Standard.objects.count())
    assert ScoreTable.objects.filter(version=2).count() == 0


def test_after_the_promotion_the_preview_is_the_record(exam, author):
    run = a_run(exam, unmeasured=some_of(exam))
    before = preview_of(run)
    put(run, author)
    run.refresh_from_db()
    after = preview_of(run)
    assert (after.counts, after.forms, after.others) == (before.counts, before.forms, before.others)
    assert [row.outcome for row in after.decisions] == [row.outcome for row in before.decisions]


@pytest.mark.parametrize("forms", [0, 2])
def test_the_preview_takes_a_constant_number_of_statements(exam, forms, django_assert_num_queries):
    if forms:
        pool.assemble(exam=exam, forms=forms, seed=9)
    run = CalibrationRun.objects.select_related("exam").get(pk=a_run(exam).pk)
    with django_assert_num_queries(13):
        assert len(preview_of(run).forms) == 2 + forms


def test_models_that_are_apart_are_pointed_at(exam):
    run = a_run(exam)
    run.forms.filter(form__reference=False).update(common_cut=40, cut=35)
    assert [move.apart for move in preview_of(run).forms] == [False, True]
    assert any("more than 0.5 raw points apart" in warning for warning in preview_of(run).warnings)


def test_a_cut_that_was_changed_since_the_run_is_used_and_told(exam, author):
    run = a_run(exam)
    standard = bank.standard_of(exam)
    Standard.objects.create(exam=exam, version=standard.version + 1, cut=standard.cut - 1, reason="Panel of June.")
    assert any("when the run was made" in warning for warning in preview_of(run).warnings)
    put(run, author)
    assert bank.standard_of(exam).cut == standard.cut - 1


# ---- refusals -----------------------------------------------------------------------------------------------------


def refused(run: CalibrationRun, author: User) -> str:
    """Why, after making sure that nothing was written."""
    before = (list(Standing.objects.order_by("pk").values()), Standard.objects.count(), ScoreTable.objects.count())
    with pytest.raises(NotPromoted) as found:
        put(run, author)
    after = (list(Standing.objects.order_by("pk").values()), Standard.objects.count(), ScoreTable.objects.count())
    assert before == after
    assert preview_of(CalibrationRun.objects.get(pk=run.pk)).refusal == str(found.value)
    return str(found.value)


def test_a_run_with_simulated_sittings_is_only_looked_at(exam, author):
    assert "simulated" in refused(a_run(exam, includes_simulated=True), author)


def test_a_run_that_did_not_converge_is_refused(exam, author):
    assert "converge" in refused(a_run(exam, converged=False), author)


def test_a_run_is_promoted_once(exam, author):
    run = a_run(exam)
    put(run, author)
    tables = ScoreTable.objects.count()
    with pytest.raises(PromotedBefore):
        put(run, author)
    assert (ScoreTable.objects.count(), Standard.objects.filter(exam=exam).count()) == (tables, 2)


def test_an_older_run_is_refused(exam, author):
    older, newer = a_run(exam), a_run(exam)
    put(newer, author)
    assert refused(older, author) == "Run 2 is newer and has been promoted already."


def test_a_run_on_another_scale_than_the_last_promoted_one_is_refused(exam, author):
    first = a_run(exam)
    put(first, author)
    assert "not linked to it" in refused(a_run(exam), author)
    put(a_run(exam, based_on=first), author)
    assert "Run 3 has been promoted since" in refused(a_run(exam, based_on=first), author)


def test_a_run_that_leaves_later_ones_without_anchors_is_refused(exam, author):
    run = a_run(exam)
    few = run.items.filter(rung="own").order_by("pk").values_list("pk", flat=True)[:14]
    run.items.exclude(pk__in=list(few)).update(obstacles=["infit 1.31, at most 1.20 allowed"])
    assert refused(run, author).startswith("Only 14 questions would be calibrated, and later runs need 15")


def test_every_domain_needs_anchors(exam, author):
    run = a_run(exam)
    domain = exam.domains.get(number=3)
    there = run.items.filter(revision__question__placements__task__domain=domain).order_by("pk")
    there.exclude(pk=there[0].pk).update(obstacles=["infit 1.31, at most 1.20 allowed"])
    assert refused(run, author).startswith("Domain 3 would have fewer than 2 calibrated questions")


def test_an_exam_without_a_reference_form_is_refused(exam, author):
    run = a_run(exam)
    Form.objects.update(reference=False)
    assert "no reference form" in refused(run, author)


def test_a_form_that_counts_a_question_without_a_rating_is_named(exam, author):
    run = a_run(exam)
    seat = Form.objects.get(exam=exam, reference=False).seats.filter(scored=True)[0]
    Standing.objects.filter(revision=seat.revision_id).update(rating=None, status=Status.PRETEST)
    name = seat.revision.question.public_id
    assert f"counts {name}, which has no rating any more" in refused(run, author)


def test_who_and_when_is_on_record(exam, author):
    run, now = a_run(exam), timezone.now()
    promote(run=run, by=author, now=now)
    run.refresh_from_db()
    assert (run.promoted_by, run.promoted_at) == (author, now)


# ---- results --------------------------------------------------------------------------------------------------------


def test_issued_results_stay_byte_for_byte(exam, author, user, client):
    result = sat(user, exam, right=33)
    client.force_login(user)
    address = f"/results/{result.sitting_id}/"
    before, page = dump(), client.get(address).content
    put(a_run(exam), author)
    services.score(sitting_id=result.sitting_id, now=timezone.now())
    assert dump() == before
    assert client.get(address).content == page


def test_a_sitting_that_runs_then_is_scored_by_the_new_table(exam, author, user):
    sitting = begin(user, exam)
    answer(sitting, right=36)
    put(a_run(exam), author)
    close(sitting, sequence=65)
    result = services.score(sitting_id=sitting.pk, now=timezone.now())
    assert (result.table.version, result.provisional) == (2, False)
    assert result.scaled == result.table.rows.get(raw=36).scaled


def test_so_is_one_on_a_form_that_has_left_the_pool(exam, author, user):
    sitting = begin(user, exam, Form.objects.get(exam=exam, reference=False))
    Form.objects.filter(pk=sitting.form_id).update(state=Form.State.PERSONAL, owner=user)
    put(a_run(exam), author)
    close(sitting)
    assert services.score(sitting_id=sitting.pk, now=timezone.now()).table.version == 2


def test_likely_range_and_chance_then_start_from_the_population(exam, author, user):
    reference = reference_of(exam)
    put(a_run(exam), author)
    result = sat(user, exam, right=30, form=reference)
    table = result.table
    prior = marking.prior_for(table)
    assert prior.mean == pytest.approx(0.35 - bank.standard_of(exam).ability)
    assert prior.sd == 0.9
    numbers = list(reference.seats.filter(scored=True).order_by("number").values_list("number", flat=True))
    items = bank.parameters(table, numbers)
    scaled = list(table.rows.order_by("raw").values_list("scaled", flat=True))
    assert report.likely_range(30, *items, scaled, prior, 0.0) == (result.likely_low, result.likely_high)
    chance = report.chance_of_passing(30, *items, *items, table.minimum_passing_raw, prior)
    assert result.chance_of_passing is not None
    assert abs(result.chance_of_passing - 100 * chance) <= 5
    without = report.likely_range(30, *items, scaled, report.UNCALIBRATED_PRIOR, 0.0)
    assert without != (result.likely_low, result.likely_high)


# ---- at once --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_promote_once(exam):
    author, run = UserFactory(), a_run(exam)
    gate = threading.Barrier(2)
    found: list[str] = []

    def click() -> None:
        try:
            gate.wait(10)
            found.append(type(put(run, author)).__name__)
        except NotPromoted as refusal:
            found.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == ["Preview", "PromotedBefore"]
    assert Standard.objects.filter(exam=exam).count() == 2
    assert set(Form.objects.filter(exam=exam).values_list("tables__version", flat=True)) == {1, 2}
