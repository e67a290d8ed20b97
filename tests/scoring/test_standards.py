"""Changing S: what is refused, what is shown first, what moves and what stays."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from exams.models import Form, ScoreRow, ScoreTable, Sitting, Standard
from exams.services import bank, freezing, pool, sittings
from exams.services.freezing import make_table
from psychometrics import irt
from questions.models import Exam, Standing
from questions.models.measurement import Status
from scoring import services, standards
from scoring.models import Result
from scoring.standards import CannotSet
from tests.factories import UserFactory, answer, begin, close, sat

REASON = "The panel met on 3 May and asked for more."


def reference_of(exam: Exam) -> Form:
    return Form.objects.get(exam=exam, reference=True)


def other(exam: Exam) -> Form:
    return Form.objects.pool().filter(exam=exam, reference=False)[0]


def moved(exam: Exam, points: str = "3") -> Decimal:
    """A cut so many points above the standard that keeps its decimals away from the edges."""
    return (bank.standard_of(exam).cut + Decimal(points)).to_integral_value(rounding="ROUND_FLOOR") + Decimal("0.4200")


def change(exam: Exam, cut: Decimal | str | None = None, reason: str = REASON, **more) -> Standard:
    by = more.pop("by", None) or UserFactory()
    return standards.set_cut(
        exam=exam, cut=moved(exam) if cut is None else Decimal(cut), reason=reason, by=by, now=timezone.now(), **more
    )


def expected_at_zero(form: Form) -> float:
    numbers = form.seats.filter(scored=True).values_list("number", flat=True)
    return float(irt.characteristic_curve(0.0, *bank.parameters(bank.current_table(form), numbers)))


# ---- what a change does -------------------------------------------------------------------------------------------


def test_the_new_standard_carries_over_what_is_believed(exam, author):
    before = bank.standard_of(exam)
    Standard.objects.filter(pk=before.pk).update(slope=0.9, alpha=0.2, beta=0.8, population_mean=0.4, population_sd=0.9)
    now = timezone.now()
    cut = moved(exam)
    standard = standards.set_cut(exam=exam, cut=cut, reason=f"  {REASON}\n", by=author, now=now)
    stored = Standard.objects.get(pk=standard.pk)
    assert (stored.version, stored.cut, stored.reason) == (before.version + 1, cut, REASON)
    assert (stored.slope, stored.alpha, stored.beta) == (0.9, 0.2, 0.8)
    assert (stored.population_mean, stored.population_sd) == (0.4, 0.9)
    assert (stored.set_by, stored.created_at) == (author, now)
    assert bank.standard_of(exam) == stored


@pytest.mark.parametrize("points", ["-6", "3", "9"])
def test_the_borderline_candidate_expects_s_on_the_reference_form(exam, points):
    cut = moved(exam, points)
    standard = change(exam, cut)
    reference = reference_of(exam)
    assert expected_at_zero(reference) == pytest.approx(float(cut), abs=1e-9)
    assert bank.current_table(reference).expected_at_cut == pytest.approx(float(cut), abs=1e-9)
    assert (standard.ability > 0) is (cut > Standard.objects.get(exam=exam, version=1).cut)


def test_going_back_restores_every_table(exam):
    before = bank.standard_of(exam)
    rows = _rows(exam)
    change(exam)
    assert _rows(exam) != rows
    back = change(exam, before.cut)
    assert back.ability == pytest.approx(0.0, abs=1e-9)
    assert _rows(exam) == rows


def _rows(exam: Exam) -> list[tuple[int, int, Decimal, int, bool]]:
    newest = ScoreTable.objects.filter(form__exam=exam).order_by("form_id", "-version").distinct("form_id")
    rows = ScoreRow.objects.filter(table__in=newest).order_by("table__form__number", "raw")
    return list(rows.values_list("table__form__number", "raw", "equated", "scaled", "passed"))


def test_measured_parameters_are_solved_on_their_own_scale(exam):
    """With the standard's θ away from 0 and slopes of their own the borderline candidate still expects S."""
    for place, standing in enumerate(Standing.objects.filter(exam=exam, status=Status.SCORABLE)):
        standing.status, standing.discrimination = Status.CALIBRATED, 0.7 + 0.05 * (place % 12)
        standing.intercept = bank.logit(float(standing.rating or 0.5)) - 0.3
        standing.save()
    Standard.objects.filter(exam=exam).update(ability=0.25, population_mean=0.5, population_sd=0.8)
    cut = moved(exam)
    standard = change(exam, cut)
    reference = reference_of(exam)
    table = bank.current_table(reference)
    assert expected_at_zero(reference) == pytest.approx(float(cut), abs=1e-9)
    assert table.population_mean == pytest.approx(0.5 - standard.ability)
    assert (table.provisional, table.population_sd) == (False, 0.8)


def test_every_form_gets_one_new_version_of_its_table(exam):
    cut = moved(exam)
    change(exam, cut)
    for form in Form.objects.filter(exam=exam):
        tables = list(form.tables.order_by("version"))
        assert [table.version for table in tables] == [1, 2]
        assert tables[1].reference_cut == cut
        assert str(cut) in tables[1].reason
        assert tables[1].minimum_passing_raw > tables[0].minimum_passing_raw
        assert form.tables.get(version=1).rows.get(raw=tables[0].minimum_passing_raw).passed
    assert bank.current_table(reference_of(exam)).minimum_passing_raw == int(cut) + 1


def test_the_reference_form_is_first_and_moves_when_it_is_retired(exam):
    Form.objects.filter(exam=exam, reference=True).update(state=Form.State.RETIRED)
    change(exam)
    newest = ScoreTable.objects.filter(form__exam=exam, version=2).order_by("pk")
    assert newest[0].form.reference
    assert newest.count() == Form.objects.filter(exam=exam).count()


def test_retired_forms_that_nobody_sits_keep_their_tables(exam):
    Form.objects.filter(pk=other(exam).pk).update(state=Form.State.RETIRED)
    change(exam)
    assert Form.objects.get(exam=exam, state=Form.State.RETIRED).tables.count() == 1


@pytest.mark.parametrize("state", [Form.State.PERSONAL, Form.State.PENDING])
def test_a_persons_own_form_moves_while_it_can_still_be_scored(exam, user, state):
    form = other(exam)
    Form.objects.filter(pk=form.pk).update(state=state, owner=user)
    if state == Form.State.PERSONAL:
        begin(user, exam, form)
    change(exam)
    assert form.tables.count() == 2


def test_a_form_whose_sittings_are_scored_or_given_up_keeps_its_table(exam, user):
    form = other(exam)
    sat(user, exam, form=form)
    sittings.abandon(sitting_id=begin(user, exam, form).pk, user_id=user.pk)
    Form.objects.filter(pk=form.pk).update(state=Form.State.PERSONAL, owner=user)
    change(exam)
    assert form.tables.count() == 1


def test_forms_made_later_go_by_the_new_standard(exam):
    cut = moved(exam, "1")
    change(exam, cut)
    draft = bank.drafts_of([other(exam)])[0]
    made = freezing.freeze(exam=exam, draft=draft, seed=4)
    assert made.tables.get().reference_cut == cut
    twin = bank.current_table(other(exam))
    assert made.tables.get().expected_at_cut == pytest.approx(twin.expected_at_cut, abs=1e-9)


def test_what_was_removed_or_corrected_stays_so(exam):
    form = other(exam)
    scored = form.seats.filter(scored=True)[0].number
    keyed = form.seats.filter(scored=True)[1].number
    make_table(
        form=form, seats=list(form.seats.all()), reason="flawed", removed=[scored], keys={str(keyed): [[1], [2]]}
    )
    reference = reference_of(exam)
    gone = reference.seats.filter(scored=True)[0].number
    make_table(form=reference, seats=list(reference.seats.all()), reason="flawed", removed=[gone])
    cut = moved(exam)
    shown = standards.preview(exam=exam, cut=cut)
    change(exam, cut)
    table = bank.current_table(form)
    assert (table.removed, table.keys, table.maximum_raw) == ([scored], {str(keyed): [[1], [2]]}, 49)
    assert bank.current_table(reference).removed == [gone]
    assert expected_at_zero(reference) == pytest.approx(float(cut), abs=1e-9)  # S belongs to the whole form
    assert bank.current_table(reference).expected_at_cut < float(cut)
    assert_as_shown(shown)


# ---- results ---------------------------------------------------------------------------------------------------------


def test_issued_results_stay_and_new_ones_go_by_the_new_table(exam, user):
    form = other(exam)
    right = bank.current_table(form).minimum_passing_raw
    issued = sat(user, exam, right=right, form=form)
    before = Result.objects.filter(pk=issued.pk).values().get()
    rows = list(issued.table.rows.values_list("raw", "scaled", "passed"))
    assert issued.passed
    change(exam)
    assert Result.objects.filter(pk=issued.pk).values().get() == before
    assert services.score(sitting_id=issued.sitting_id, now=timezone.now()) == issued
    assert list(issued.table.rows.values_list("raw", "scaled", "passed")) == rows
    later = sat(UserFactory(), exam, right=right, form=form)
    assert later.table == bank.current_table(form)
    assert (later.raw, later.passed) == (right, False)
    assert later.scaled < issued.scaled


def test_a_sitting_under_way_is_scored_by_the_new_table(exam, user):
    form = other(exam)
    sitting = begin(user, exam, form)
    answer(sitting, right=bank.current_table(form).minimum_passing_raw)
    Form.objects.filter(pk=form.pk).update(state=Form.State.RETIRED)
    shown = standards.preview(exam=exam, cut=moved(exam))
    assert (shown.unclosed, shown.results) == (1, 0)
    change(exam)
    close(sitting, sequence=65)
    result = services.score(sitting_id=sitting.pk, now=timezone.now())
    assert (result.table.version, result.passed) == (2, False)


# ---- the preview -----------------------------------------------------------------------------------------------------


def assert_as_shown(shown: standards.Preview) -> None:
    for move in shown.forms:
        table = bank.current_table(move.form)
        assert table.expected_at_cut == pytest.approx(move.expected[1], abs=1e-9), move.form
        assert table.minimum_passing_raw == move.minimum[1], move.form


def test_the_preview_is_what_happens_and_stores_nothing(exam, author):
    before = bank.standard_of(exam)
    tables = ScoreTable.objects.count()
    cut = moved(exam)
    shown = standards.preview(exam=exam, cut=cut)
    assert (ScoreTable.objects.count(), bank.standard_of(exam)) == (tables, before)
    assert shown.forms[0].form.reference
    assert {move.form.pk for move in shown.forms} == set(Form.objects.filter(exam=exam).values_list("pk", flat=True))
    standard = change(exam, cut, by=author)
    assert_as_shown(shown)
    assert standard.ability == shown.ability
    stored = Standard.objects.get(pk=standard.pk).preview
    assert stored == shown.as_json()
    assert stored["cut"] == [str(before.cut), str(cut)]
    assert len(stored["rates"][0]) == len(stored["rates"][1]) == 3


def test_a_higher_cut_passes_fewer(exam):
    shown = standards.preview(exam=exam, cut=moved(exam))
    assert shown.distribution.expected
    for before, after in shown.rates:
        assert after.share < before.share
    shares = [rate.share for rate in shown.rates_after]
    assert shown.se is not None
    assert shares == sorted(shares, reverse=True)
    assert [rate.cut for rate in shown.rates_after] == pytest.approx(
        [float(shown.cut) + error for error in (-shown.se, 0, shown.se)]
    )


def test_people_do_not_move_with_the_cut(exam):
    """The share that passes at the new S is told the same before the change and after it."""
    cut = moved(exam)
    shown = standards.preview(exam=exam, cut=cut)
    change(exam, cut)
    again = standards.preview(exam=exam, cut=moved(exam))
    assert [rate.share for rate in again.rates_before] == pytest.approx([rate.share for rate in shown.rates_after])


def test_simulated_sittings_are_neither_issued_nor_under_way(exam, user):
    result = sat(user, exam)
    Sitting.objects.filter(pk=result.sitting_id).update(simulated=True)
    begin(UserFactory(), exam)
    Sitting.objects.in_progress().update(simulated=True)
    shown = standards.preview(exam=exam, cut=moved(exam))
    assert (shown.results, shown.unclosed) == (0, 0)


@pytest.mark.parametrize("forms", [0, 2])
def test_the_preview_takes_a_constant_number_of_statements(exam, forms, django_assert_num_queries):
    for seed in range(forms):
        freezing.freeze(exam=exam, draft=bank.drafts_of([other(exam)])[0], seed=seed)
    cut = moved(exam)
    with django_assert_num_queries(15):
        shown = standards.preview(exam=exam, cut=cut)
    assert len(shown.forms) == 2 + forms


# ---- refusals --------------------------------------------------------------------------------------------------------


def refused(exam: Exam, cut: str, reason: str = REASON, **more) -> str:
    """The sentence; whatever is refused has left standard and tables alone."""
    before = list(Standard.objects.order_by("pk").values()), list(ScoreTable.objects.order_by("pk").values())
    with pytest.raises(CannotSet) as error:
        change(exam, cut, reason, **more)
    assert before == (list(Standard.objects.order_by("pk").values()), list(ScoreTable.objects.order_by("pk").values()))
    return str(error.value)


@pytest.mark.parametrize("cut", ["0", "-3.42", "50", "50.42", "1e40", "NaN", "Infinity"])
def test_what_lies_off_the_form_is_refused(exam, cut):
    assert refused(exam, cut) == "S lies between 0 and 50, the scored questions of the reference form."


@pytest.mark.parametrize("cut", ["33", "33.3499", "33.6501", "33.9"])
def test_an_edge_is_refused(exam, cut):
    assert "so that no whole score lies on the edge" in refused(exam, cut)


@pytest.mark.parametrize("cut", ["33.35", "33.6500", "0.5", "49.5"])
def test_the_ends_of_what_may_be_set(exam, cut):
    assert change(exam, cut).cut == Decimal(cut)


def test_a_fifth_decimal_is_refused(exam):
    assert refused(exam, "33.42001") == "S has at most four decimals."


def test_what_stands_already_is_refused(exam):
    cut = bank.standard_of(exam).cut
    assert refused(exam, str(cut)) == f"S is {cut} already."


@pytest.mark.parametrize("reason", ["", "because", " " * 30, "x" * 501])
def test_a_reason_is_asked_for(exam, reason):
    assert refused(exam, str(moved(exam)), reason).startswith("The reason needs 20 to 500 characters")


def test_who_looked_at_an_older_standard_is_refused(exam):
    seen = bank.standard_of(exam).version
    change(exam, version=seen)
    assert "changed while you looked" in refused(exam, str(moved(exam)), version=seen)


def test_an_exam_without_a_form_has_no_standard_to_change(db, exam):
    empty = Exam.objects.create(
        code="X-1", name="X", level="", status="", as_of=exam.as_of, minutes=10, questions=5, scored=4, pass_mark=700
    )
    assert refused(empty, "2.42") == "X-1 has no reference form yet, so it has no standard to change."


def test_nothing_is_left_half_done(exam, monkeypatch):
    """A form that cannot get its table takes everything back."""
    Standing.objects.filter(exam=exam, revision__seats__form=other(exam), revision__seats__scored=True).exclude(
        revision__seats__form=reference_of(exam)
    ).delete()
    assert "has no rating" in refused(exam, str(moved(exam)))


def test_the_pool_can_be_filled_after_a_change(exam):
    change(exam, moved(exam, "1"))
    assert pool.plan(exam=exam, forms=1, seed=3, disjoint=False).drafts
