"""manage.py simulate: what scripts rely on, results as any other sitting's, and nothing of it in anybody's figures."""

from __future__ import annotations

import json
import math
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from exams.models import Answer, Form, Seat, Sitting
from questions.kinds import KINDS
from scoring import services
from scoring.models import DomainResult, Result, SeatResult
from scoring.reports import progress
from tests.accounts.factories import SuperuserFactory
from tests.factories import begin, key_of, sat

OUTCOME = (
    "raw", "maximum_raw", "equated", "scaled", "passed", "provisional", "likely_low", "likely_high",
    "chance_of_passing", "seen_before",
)  # fmt: skip


def simulate(*arguments: str, candidates: int = 12, seed: int = 7) -> dict[str, Any]:
    out = StringIO()
    call_command(
        "simulate", "MLA-C01", f"--candidates={candidates}", f"--seed={seed}", *arguments, "--json", stdout=out
    )
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("simulate", "MLA-C01", *arguments, stdout=out)
    return out.getvalue()


# ---- results --------------------------------------------------------------------------------------------------------


def test_every_simulated_sitting_has_one_result(exam):
    simulate()
    assert Sitting.objects.simulated().count() == 12
    assert set(Result.objects.current().values_list("sitting", flat=True)) == set(
        Sitting.objects.values_list("pk", flat=True)
    )
    assert services.sweep(now=timezone.now()) == {"ended": 0, "closed": 0, "scored": 0}


def test_results_are_what_the_frozen_table_says(exam):
    simulate()
    seats = {(seat.form_id, seat.number): seat for seat in Seat.objects.filter(scored=True, form__state="pool")}
    keys = {place: key_of(seat) for place, seat in seats.items()}
    for result in Result.objects.select_related("sitting", "table"):
        form = result.sitting.form_id
        given = {(form, answer.seat): answer.response for answer in Answer.objects.filter(sitting=result.sitting)}
        raw = sum(
            KINDS[seat.kind].is_correct(given.get(place, ()), keys[place])
            for place, seat in seats.items()
            if place[0] == form
        )
        row = result.table.rows.get(raw=raw)
        assert result.table.form_id == form
        assert (result.raw, result.equated, result.scaled, result.passed) == (raw, row.equated, row.scaled, row.passed)
        assert result.passed == (raw >= result.table.minimum_passing_raw)


def test_scoring_many_is_scoring_each(exam):
    """Values and rows of the batch equal those of the service that closing calls."""
    simulate()
    many = outcomes()
    Result.objects.all().delete()
    for sitting in Sitting.objects.all():
        services.score(sitting_id=sitting.pk, now=timezone.now())
    assert outcomes() == many
    assert len(many) == 12


def outcomes() -> dict[Any, Any]:
    domains = ("domain", "correct", "scored", "expected", "meets", "too_close")
    seats = ("seat", "task", "scored", "correct", "answered", "spent_ms", "seen_before")
    return {
        result.sitting_id: (
            *(getattr(result, name) for name in OUTCOME),
            list(DomainResult.objects.filter(result=result).order_by("domain__number").values_list(*domains)),
            list(SeatResult.objects.filter(result=result).order_by("seat").values_list(*seats)),
        )
        for result in Result.objects.all()
    }


def test_many_are_scored_once(user, exam):
    first = sat(user, exam).sitting
    second = sat(user, exam).sitting
    Result.objects.filter(sitting=second).delete()
    ids = [first.pk, second.pk]
    assert services.score_all(sitting_ids=ids, now=timezone.now()) == 1
    assert services.score_all(sitting_ids=ids, now=timezone.now()) == 0
    assert Result.objects.count() == 2


def test_many_know_what_each_person_saw_before(user, exam):
    form = Form.objects.pool()[0]
    for _ in range(2):
        sat(user, exam, form=form)
    Result.objects.all().delete()
    services.score_all(sitting_ids=list(Sitting.objects.values_list("pk", flat=True)), now=timezone.now())
    found = Result.objects.order_by("sitting__started_at").values_list("seen_before", "chance_of_passing")
    assert [seen for seen, _ in found] == [0, 50]
    assert found[1][1] is None


def test_one_that_is_not_closed_stops_them_all(user, exam):
    done = sat(user, exam).sitting
    Result.objects.all().delete()
    with pytest.raises(services.NotClosed):
        services.score_all(sitting_ids=[done.pk, begin(user, exam).pk], now=timezone.now())
    assert not Result.objects.exists()


def test_scoring_costs_the_same_however_many(exam):
    costs = []
    for candidates in (4, 40):
        with CaptureQueriesContext(connection) as queries:
            simulate(candidates=candidates)
        costs.append(len(queries))
    assert costs[0] == costs[1]


# ---- nobody's figures -----------------------------------------------------------------------------------------------


def test_progress_shows_no_simulated_result(user, exam):
    real, other = sat(user, exam), sat(user, exam)
    Sitting.objects.filter(pk=other.sitting_id).update(simulated=True)
    shown = progress.progress_of(user, now=timezone.now())
    assert [[result.pk for result in part.results] for part in shown] == [[real.pk]]
    assert len(shown[0].points) == 1


def test_a_simulated_sitting_shows_nobody_a_question(user, exam):
    form = Form.objects.pool()[0]
    first = sat(user, exam, form=form)
    Sitting.objects.filter(pk=first.sitting_id).update(simulated=True)
    again = sat(user, exam, form=form)
    assert again.seen_before == 0
    assert again.chance_of_passing is not None


def test_a_persons_result_is_the_same_beside_them(user, exam):
    form = Form.objects.pool()[0]
    alone = sat(user, exam, right=36, form=form)
    before = [getattr(alone, name) for name in OUTCOME]
    alone.sitting.delete()
    simulate()
    beside = sat(user, exam, right=36, form=form)
    assert [getattr(beside, name) for name in OUTCOME] == before


# ---- the admin ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("admin:exams_sitting_changelist", "simulated__exact"),
        ("admin:scoring_result_changelist", "sitting__simulated__exact"),
    ],
)
def test_the_admin_shows_and_filters_the_mark(client: Client, user: User, exam, page, query):
    client.force_login(SuperuserFactory())
    sat(user, exam)
    simulate(candidates=3)
    everybody = client.get(reverse(page)).content.decode()
    assert f"?{query}=1" in everybody
    assert "column-simulated" in everybody
    for wanted, marks in (("1", ["yes"] * 3), ("0", ["no"])):
        rows = client.get(reverse(page), {query: wanted}).content.decode().partition('id="result_list"')[2]
        assert re.findall(r'field-simulated"><img [^>]*icon-(yes|no)', rows) == marks
        assert rows.count("mla-c01.7.") == marks.count("yes")
        assert (user.email in rows or user.display_name in rows) == (wanted == "0")


def test_a_sittings_page_shows_the_mark(client, exam):
    client.force_login(SuperuserFactory())
    simulate(candidates=1)
    page = client.get(reverse("admin:exams_sitting_change", args=[Sitting.objects.get().pk])).content.decode()
    assert "field-simulated" in page


# ---- the command ----------------------------------------------------------------------------------------------------


def test_the_report(exam):
    report = simulate("--mean=0.5", "--sd=0.8")
    assert {name: report[name] for name in ("exam", "seed", "mean", "sd", "candidates", "first", "forms")} == {
        "exam": "MLA-C01", "seed": 7, "mean": 0.5, "sd": 0.8, "candidates": 12, "first": 1, "forms": 2,
    }  # fmt: skip
    seats, passed = SeatResult.objects.all(), Result.objects.filter(passed=True)
    assert report["answers"] == Answer.objects.count()
    assert report["right"] == pytest.approx(seats.filter(correct=True).count() / seats.count(), abs=1e-4)
    unanswered = report["omitted"] + report["not_reached"]
    assert unanswered == pytest.approx(seats.filter(answered=False).count() / seats.count(), abs=2e-4)
    assert report["passed"] == pytest.approx(passed.count() / 12, abs=1e-4)


def test_the_closing_line(exam):
    line = said("--candidates=5", "--seed=7")
    assert line.startswith("MLA-C01: 5 simulated sittings on 2 forms (seed 7, candidates 1 to 5): ")
    assert "% right" in line
    assert "% passed" in line
    assert said("--remove") == "MLA-C01: removed 5 simulated sittings and 5 people\n"
    assert said("--remove") == "MLA-C01: removed 0 simulated sittings and 0 people\n"


def test_without_a_seed_one_is_drawn_and_told(exam):
    first, second = (json.loads(said("--candidates=1", "--json"))["seed"] for _ in range(2))
    assert first != second


def test_the_truth_is_written(exam, tmp_path):
    path = tmp_path / "true.json"
    simulate("--mean=-0.3", "--alpha=-0.4", "--beta=1.5", "--tau=0", f"--true={path}")
    truth = json.loads(path.read_text())
    assert truth["population"] == {"mean": -0.3, "sd": 1.0}
    assert truth["judging"] == {"alpha": -0.4, "beta": 1.5, "tau": 0.0, "slope_sd": 0.25}
    questions = set(Seat.objects.filter(form__state="pool").values_list("revision__question__public_id", flat=True))
    assert {item["question"] for item in truth["items"]} == questions
    for item in truth["items"]:
        assert item["d"] == pytest.approx(-0.4 + 1.5 * logit(item["rating"]))
        assert item["b"] == pytest.approx(-item["d"] / item["a"])
    for person in truth["people"]:
        sitting = Sitting.objects.select_related("user", "form").get(pk=person["sitting"])
        assert (sitting.user.email, sitting.form.code) == (person["candidate"], person["form"])
    assert len(truth["people"]) == len({person["theta"] for person in truth["people"]}) == 12


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def test_removal_takes_results_with_it(user, exam):
    real = sat(user, exam)
    simulate()
    assert json.loads(said("--remove", "--json")) == {"exam": "MLA-C01", "sittings": 12, "people": 12}
    assert list(Result.objects.all()) == [real]
    assert SeatResult.objects.count() == 65
    assert DomainResult.objects.count() == 4
    assert list(User.objects.all()) == [user]


def test_an_unknown_exam_is_one_clear_line(exam):
    with pytest.raises(CommandError, match=r"^There is no exam XYZ\. Known: MLA-C01\.$"):
        call_command("simulate", "XYZ", "--candidates=1")


def test_an_empty_pool_is_one_clear_line(exam):
    Form.objects.update(state=Form.State.RETIRED)
    with pytest.raises(CommandError, match=r"^MLA-C01 has no form in its pool; .*assemble MLA-C01\.$"):
        call_command("simulate", "MLA-C01", "--candidates=1")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--candidates=0"], "--candidates: must be a whole number from 1 to 100,000, not '0'"),
        (["--candidates=-3"], "--candidates: must be a whole number from 1 to 100,000, not '-3'"),
        (["--candidates=many"], "--candidates: must be a whole number"),
        (["--candidates=100001"], "--candidates: must be a whole number"),
        (["--candidates=1", "--sd=0"], "--sd: must be more than 0, not '0'"),
        (["--candidates=1", "--sd=-1"], "--sd: must be more than 0, not '-1'"),
        (["--candidates=1", "--sd=nan"], "--sd: must be a number, not 'nan'"),
        (["--candidates=1", "--mean=inf"], "--mean: must be a number, not 'inf'"),
        (["--candidates=1", "--tau=-1"], "--tau: must be at least 0, not '-1'"),
        (["--candidates=1", "--remove"], "not allowed with argument"),
        ([], "one of the arguments --candidates --remove is required"),
    ],
)
def test_impossible_wishes_are_refused(exam, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("simulate", "MLA-C01", *arguments)
    assert not Sitting.objects.exists()


@pytest.mark.parametrize("path", ["/nowhere/at/all.json", "."])
def test_a_file_that_cannot_be_written_changes_nothing(exam, path):
    with pytest.raises(CommandError, match="cannot be written"):
        simulate(f"--true={Path(path)}")
    assert not Sitting.objects.exists()
    assert not User.objects.exists()


def test_progress_is_shown_to_whoever_sits_at_a_terminal(exam):
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    call_command("simulate", "MLA-C01", "--candidates=3", stdout=StringIO(), stderr=screen)
    assert "3 of 3 sittings made" in screen.getvalue()
    assert "3 of 3 sittings scored" in screen.getvalue()
    call_command("simulate", "MLA-C01", "--remove", stdout=StringIO(), stderr=screen)
    assert "3 of 3 sittings removed" in screen.getvalue()
