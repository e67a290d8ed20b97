"""Whatever was issued comes out again, and whatever does not is named."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from exams.models import Answer, Form, ScoreRow, Sitting
from exams.services import saving, simulation
from psychometrics.simulation import JUDGING
from scoring import rescoring, services
from scoring.models import DomainResult, Regrade, Result, SeatResult
from tests.factories import UserFactory, begin, change, close, sat
from tests.scoring.corrections import a_seat, act, take_back


@pytest.fixture
def simulated(exam):
    made = simulation.simulate(
        exam=exam, candidates=60, mean=0.2, sd=1.0, seed=4, judging=JUDGING, now=timezone.now(), progress=None
    )
    services.score_all(sitting_ids=made.sitting_ids, now=timezone.now())
    return made


def test_every_result_comes_out_again(exam, simulated):
    sat(UserFactory(), exam, right=33)
    assert rescoring.verify() == rescoring.Verified(61, ())


def test_regraded_results_come_out_again_by_their_own_tables(exam, simulated):
    form = Form.objects.get(exam=exam, reference=True)
    act(a_seat(form, 1), Regrade.Act.REMOVED)
    take_back(act(a_seat(form, 2, kind="multiple_choice")))
    found = rescoring.verify()
    assert found.results == Result.objects.count() > 60 * 2
    assert found.differing == ()


def test_empty_late_and_unfinished_answers_come_out_again(exam, user):
    close(begin(user, exam))
    sitting = begin(UserFactory(), exam)
    matching, ordering = a_seat(sitting.form, kind="matching"), a_seat(sitting.form, kind="ordering")
    changes = [
        change(matching.number, ["", matching.tokens[0], *[""] * (matching.slots - 2)], sequence=1),
        change(ordering.number, ordering.tokens[:1], sequence=2),
        change(a_seat(sitting.form).number, [], sequence=3),
    ]
    saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=1, changes=changes)
    close(sitting, sequence=3)
    for each in Sitting.objects.all():
        services.score(sitting_id=each.pk, now=timezone.now())
    assert rescoring.verify() == rescoring.Verified(2, ())


def test_questions_seen_before_come_out_again(exam):
    user, form = UserFactory(), Form.objects.get(exam=exam, reference=True)
    for _ in range(2):
        sat(user, exam, form=form)
    assert rescoring.verify() == rescoring.Verified(2, ())


def spoil_answer(result: Result) -> None:
    seat = a_seat(result.sitting.form)
    Answer.objects.filter(sitting=result.sitting, seat=seat.number).update(response=[])


SPOILT: dict[str, tuple[Any, set[str]]] = {
    "a raw score": (lambda r: Result.objects.filter(pk=r.pk).update(raw=r.raw - 1), {"raw"}),
    "an equated score": (
        lambda r: Result.objects.filter(pk=r.pk).update(equated=r.equated + Decimal("0.000001")), {"equated"},
    ),
    "a scaled score": (lambda r: Result.objects.filter(pk=r.pk).update(scaled=r.scaled + 1), {"scaled"}),
    "a pass": (lambda r: Result.objects.filter(pk=r.pk).update(passed=not r.passed), {"passed"}),
    "a likely range": (lambda r: Result.objects.filter(pk=r.pk).update(likely_low=1), {"likely_low"}),
    "a seat": (lambda r: SeatResult.objects.filter(result=r, seat=7).update(correct=False), {"seats"}),
    "a lost seat": (lambda r: SeatResult.objects.filter(result=r, seat=65).delete(), {"seats"}),
    "a domain": (lambda r: DomainResult.objects.filter(result=r, correct__gt=0).update(correct=0), {"domains"}),
    "a line": (lambda r: DomainResult.objects.filter(result=r).update(expected=1.5), {"domains"}),
    "lost domains": (lambda r: DomainResult.objects.filter(result=r).delete(), {"domains"}),
    "an answer": (
        spoil_answer, {"raw", "equated", "scaled", "likely_low", "likely_high", "seats", "domains"},
    ),
    "the table": (
        lambda r: ScoreRow.objects.filter(table=r.table, raw=r.raw).update(scaled=r.scaled + 3), {"scaled"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILT)
def test_what_differs_is_named(exam, what):
    sat(UserFactory(), exam, right=50)
    result = sat(UserFactory(), exam, right=45, form=Form.objects.get(exam=exam, reference=False))
    spoil, named = SPOILT[what]
    spoil(result)
    (difference,) = rescoring.verify().differing
    assert (difference.sitting_id, difference.version) == (result.sitting_id, 1)
    assert named <= set(difference.what) <= named | {"likely_low", "likely_high", "chance_of_passing"}


def test_it_can_be_asked_about_some_sittings(exam):
    first, second = sat(UserFactory(), exam), sat(UserFactory(), exam)
    Result.objects.filter(pk=second.pk).update(scaled=999)
    assert rescoring.verify(sittings=Sitting.objects.filter(pk=first.sitting_id)) == rescoring.Verified(1, ())
    assert len(rescoring.verify().differing) == 1


@pytest.mark.parametrize("people", [1, 5])
def test_statements_do_not_grow_with_the_sittings(exam, people, django_assert_num_queries):
    form = Form.objects.get(exam=exam, reference=True)
    for _ in range(people):
        sat(UserFactory(), exam, form=form)
    with django_assert_num_queries(13):
        assert rescoring.verify().results == people


# ---- the command -------------------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_results", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_says_that_all_is_well(exam):
    sat(UserFactory(), exam)
    assert run().startswith("1 results scored again in ")
    report = json.loads(run("MLA-C01", "--json"))
    assert (report["exam"], report["results"], report["differing"]) == ("MLA-C01", 1, [])


def test_the_command_fails_and_lists_what_differs(exam):
    result = sat(UserFactory(), exam)
    Result.objects.filter(pk=result.pk).update(scaled=999)
    out = StringIO()
    with pytest.raises(CommandError, match=r"^1 of 1 results differ from what was issued\.$"):
        call_command("verify_results", stdout=out)
    assert f"{result.sitting_id} version 1: scaled" in out.getvalue()
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_results", "--json", stdout=out)
    differing = json.loads(out.getvalue())["differing"]
    assert differing == [{"sitting": str(result.sitting_id), "version": 1, "differs": ["scaled"]}]


@pytest.mark.django_db
def test_an_unknown_exam_is_refused(exam):
    with pytest.raises(CommandError, match=r"There is no exam XX-1\. Known: MLA-C01"):
        run("XX-1")


def test_the_bench_needs_something_to_measure(exam):
    with pytest.raises(CommandError, match=r"--sittings .*must be at least 1\.$"):
        call_command("bench", "rescoring", sittings=0)
