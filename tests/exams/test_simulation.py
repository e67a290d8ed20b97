"""Simulated sittings: drawn from a known model, stored as if people had sat them, counted nowhere, gone without a
trace."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.core import mail
from django.db import IntegrityError, connection
from django.db.models import Count, Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from exams.models import Answer, Claim, EndReason, Event, Form, Seat, Sitting
from exams.services import bank, pool, simulation
from exams.services.simulation import CannotSimulate, Simulation, TrueItem
from psychometrics.irt import probability
from psychometrics.simulation import PACE, Judging
from questions.kinds import KINDS
from questions.models import Exam, Standing
from tests.factories import UserFactory, begin, key_of

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def simulate(exam: Exam, candidates: int = 10, **changes: Any) -> Simulation:
    wanted: dict[str, Any] = {"mean": 0.0, "sd": 1.0, "seed": 7, "now": NOW, **changes}
    return simulation.simulate(exam=exam, candidates=candidates, **wanted)


def rows(model: Any) -> list[dict[str, Any]]:
    return list(model.objects.order_by("pk").values())


def told() -> dict[str, Any]:
    """Everything that a run decides; ids that the database gives are left out."""
    people = [{name: row[name] for name in ("email", "display_name", "date_joined")} for row in rows(User)]
    sittings = [{name: value for name, value in row.items() if name != "user_id"} for row in rows(Sitting)]
    return {"people": people, "sittings": sittings, "claims": rows(Claim), "answers": rows(Answer)}


# ---- repeatable -----------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_sittings(exam):
    first, stored = simulate(exam), told()
    simulation.remove(exam=exam)
    again = simulate(exam)
    assert told() == stored
    assert again.truth() == first.truth()


def test_another_seed_gives_other_people_and_parameters(exam):
    first, second = simulate(exam), simulate(exam, seed=8)
    assert not set(first.sitting_ids) & set(second.sitting_ids)
    assert {true["d"] for true in first.truth()["items"]}.isdisjoint(true["d"] for true in second.truth()["items"])


def test_repeating_adds_the_people_that_a_longer_run_would_have_had(exam):
    simulate(exam, 4)
    second = simulate(exam, 6)
    stored = told()
    simulation.remove(exam=exam)
    simulate(exam, 10)
    assert second.first == 5
    assert told() == stored


def test_other_people_meet_the_same_parameters(exam):
    weak, able = simulate(exam, 3, mean=-1.0), simulate(exam, 3, mean=1.0)
    assert weak.truth()["items"] == able.truth()["items"]


def test_a_questions_truth_does_not_depend_on_its_form(exam):
    one, both = Form.objects.pool()[:1], Form.objects.pool()
    some = simulation.true_items(exam=exam, forms=list(one), seed=7, judging=Judging())
    every = simulation.true_items(exam=exam, forms=list(both), seed=7, judging=Judging())
    assert len(some) == 65 < len(every)
    assert all(every[revision].item == true.item for revision, true in some.items())


def test_the_truth_comes_from_the_rating_whatever_was_measured(exam):
    forms = list(Form.objects.pool())
    before = simulation.true_items(exam=exam, forms=forms, seed=7, judging=Judging())
    Standing.objects.update(discrimination=2.0, intercept=-3.0)
    assert simulation.true_items(exam=exam, forms=forms, seed=7, judging=Judging()) == before
    exact = simulation.true_items(exam=exam, forms=forms, seed=7, judging=Judging(tau=0.0, slope_sd=0.0))
    ratings = {row.revision_id: float(row.rating) for row in Standing.objects.all() if row.rating}
    for revision, true in exact.items():
        assert float(probability(0.0, [true.item.a], [true.item.b])[0]) == pytest.approx(ratings[revision])


def test_a_question_without_a_rating_is_taken_as_in_assembly(exam):
    Standing.objects.update(status="pretest", rating=None)
    exact = Judging(tau=0.0, slope_sd=0.0)
    for true in simulation.true_items(exam=exam, forms=list(Form.objects.pool()), seed=7, judging=exact).values():
        assert float(probability(0.0, [true.item.a], [true.item.b])[0]) == pytest.approx(bank.UNRATED / 10_000)


# ---- the model ------------------------------------------------------------------------------------------------------


def test_shares_right_agree_with_the_model(exam):
    """All answers at once, and each question in its own standard errors."""
    made = simulate(exam, 200)
    theta = {person["sitting"]: person["theta"] for person in made.people}
    keys = {(seat.form_id, seat.number): (seat, key_of(seat)) for seat in Seat.objects.filter(form__state="pool")}
    forms = dict(Sitting.objects.values_list("pk", "form_id"))
    by_item: dict[int, list[tuple[bool, float]]] = {}
    for answer in Answer.objects.all():
        seat, key = keys[forms[answer.sitting_id], answer.seat]
        true = made.items[seat.revision_id]
        chance = float(probability(theta[str(answer.sitting_id)], [true.item.a], [true.item.b])[0])
        right = true.revision.strategy.is_correct(answer.response, key)
        by_item.setdefault(seat.revision_id, []).append((right, chance))
    errors = np.array([standard_error(pairs) for pairs in by_item.values()])
    assert sum(map(len, by_item.values())) > 12_900
    assert abs(standard_error([pair for pairs in by_item.values() for pair in pairs])) < 3
    assert np.abs(errors).max() < 4
    assert (errors**2).sum() < errors.size + 3 * math.sqrt(2 * errors.size)


def standard_error(pairs: list[tuple[bool, float]]) -> float:
    """How many of its standard errors the number right lies off what the model expects."""
    expected = sum(chance for _, chance in pairs)
    return float((sum(right for right, _ in pairs) - expected) / math.sqrt(sum(p * (1 - p) for _, p in pairs)))


def test_who_is_abler_answers_more(exam):
    weak, able = simulate(exam, 60, mean=-1.5, sd=0.5), simulate(exam, 60, mean=1.5, sd=0.5)
    assert weak.counts["right"] / weak.counts["seats"] < 0.45
    assert able.counts["right"] / able.counts["seats"] > 0.80


def test_responses_are_what_the_page_could_have_sent(exam):
    simulate(exam, 40)
    seats = {(seat.form_id, seat.number): (seat, key_of(seat)) for seat in Seat.objects.filter(form__state="pool")}
    wrong: set[str] = set()
    for answer in Answer.objects.select_related("sitting"):
        seat, key = seats[answer.sitting.form_id, answer.seat]
        kind = KINDS[seat.kind]
        assert kind.parse(answer.response, tokens=seat.tokens, slots=seat.slots) == tuple(answer.response)
        assert not answer.response or kind.is_complete(answer.response, slots=seat.slots)
        if answer.response and not kind.is_correct(answer.response, key):
            wrong.add(seat.kind)
    assert wrong == {"multiple_choice", "multiple_response", "ordering", "matching"}


def test_a_distractor_keeps_its_appeal(exam):
    made = simulate(exam, 300, mean=-2.0)
    form = Form.objects.pool().order_by("number")[0]
    z = []
    for seat in form.seats.filter(kind="multiple_choice"):
        true: TrueItem = made.items[seat.revision_id]
        key = true.revision.strategy.key(true.content)[0]
        given = Answer.objects.filter(sitting__form=form, seat=seat.number).exclude(response=[])
        counts = dict(given.values_list("response").annotate(count=Count("seat")).values_list("response__0", "count"))
        wrong = {number: counts.get(seat.key((number,))[0], 0) for number in range(1, 5) if number != key}
        total, appeal = sum(wrong.values()), sum(true.item.appeal[number - 1] for number in wrong)
        for number, count in wrong.items():
            share = true.item.appeal[number - 1] / appeal
            z.append((count - total * share) / math.sqrt(total * share * (1 - share)))
    assert max(map(abs, z)) < 4.5
    assert sum(one**2 for one in z) < 1.3 * len(z)


def test_a_small_share_is_omitted(exam):
    made = simulate(exam, 100)
    visits = Answer.objects.filter(response=[])
    assert visits.count() == made.counts["reached"] - made.counts["answered"]
    assert 0.002 < visits.count() / made.counts["reached"] < 0.03
    assert not visits.exclude(answered_version=0).exists()
    assert not Answer.objects.exclude(response=[]).exclude(answered_version=1).exists()


# ---- as if people had sat them --------------------------------------------------------------------------------------


def test_sittings_are_marked_closed_and_past(exam):
    made = simulate(exam, 30)
    sittings = list(Sitting.objects.select_related("user"))
    assert [sitting.pk for sitting in sittings if sitting.simulated] == [sitting.pk for sitting in sittings]
    assert {sitting.pk for sitting in sittings} == set(made.sitting_ids)
    for sitting in sittings:
        assert sitting.state == Sitting.State.CLOSED
        assert sitting.ended_at
        assert sitting.closed_at
        assert sitting.started_at > NOW - dt.timedelta(days=simulation.DAYS + 2)
        assert sitting.started_at < sitting.ended_at <= sitting.deadline == sitting.computed_deadline()
        assert sitting.ended_at <= sitting.closed_at <= NOW
        assert 7 <= sitting.started_at.hour < 21
        assert sitting.user.date_joined == sitting.started_at
    assert len({sitting.started_at.date() for sitting in sittings}) > 10


def test_times_are_plausible(exam):
    simulate(exam, 200)
    limit = exam.minutes * 60_000
    totals = Answer.objects.order_by().values("sitting").annotate(total=Sum("spent_ms"))
    used = np.array([row["total"] / limit for row in totals])
    assert used.max() <= 1.0001
    assert abs(used.mean() - PACE.used) < 0.05
    answers = Answer.objects.exclude(response=[])
    assert answers.filter(spent_ms__lt=5_000).count() < 0.005 * answers.count()
    finished = Sitting.objects.filter(end_reason=EndReason.CANDIDATE).count()
    assert 190 <= finished <= 200


def test_answers_were_saved_one_after_the_other_while_time_ran(exam):
    simulate(exam, 5)
    for sitting in Sitting.objects.all():
        answers = list(Answer.objects.filter(sitting=sitting).order_by("seat"))
        spent = np.cumsum([answer.spent_ms for answer in answers])
        for answer, so_far in zip(answers, spent, strict=True):
            assert (answer.saved_at - sitting.started_at).total_seconds() == pytest.approx(so_far / 1000, abs=0.1)
        assert [answer.sequence for answer in answers] == list(range(1, len(answers) + 1))
        assert sitting.saved_at == answers[-1].saved_at
        assert sitting.versions == sum(answer.version for answer in answers)
        arrived = Claim.objects.get(sitting=sitting).arrived
        assert [(span.lower, span.upper) for span in arrived] == [(1, len(answers) + 1)]


def test_who_runs_out_of_time_is_ended_by_the_clock(exam):
    exam.minutes = 60
    exam.save()
    made = simulate(exam, 150)
    cut = [sitting for sitting in Sitting.objects.all() if sitting.end_reason == EndReason.DEADLINE]
    assert len(cut) == 150 - made.counts["finished"] > 0
    for sitting in cut:
        last = Answer.objects.filter(sitting=sitting).order_by("-seat")[0]
        assert (sitting.ended_at, sitting.end_sequence) == (sitting.deadline, None)
        assert sitting.closed_at == sitting.deadline + dt.timedelta(seconds=sitting.grace_seconds)
        assert (last.seat, last.response) == (sitting.last_seat, [])


def test_forms_come_in_turn(exam):
    simulate(exam, 7)
    counts = Form.objects.pool().annotate(count=Count("sittings")).order_by("number").values_list("count", flat=True)
    assert list(counts) == [4, 3]


def test_the_timeline_stays_empty(exam):
    simulate(exam)
    assert not Event.objects.exists()


def test_no_form_in_the_pool_is_said(exam):
    Form.objects.update(state=Form.State.RETIRED)
    with pytest.raises(CannotSimulate, match=r"^MLA-C01 has no form in its pool; make some with manage\.py assemble"):
        simulate(exam)
    assert not User.objects.exists()


def test_statements_do_not_grow_with_the_candidates(exam):
    costs = []
    for candidates in (4, 40):
        with CaptureQueriesContext(connection) as queries:
            simulate(exam, candidates)
        costs.append(len(queries))
    assert costs[0] == costs[1]


# ---- people ---------------------------------------------------------------------------------------------------------


def test_simulated_people_can_never_sign_in(exam, client):
    simulate(exam, 2)
    for person in User.objects.all():
        assert re.fullmatch(r"mla-c01\.7\.\d+@simulated\.invalid", person.email)
        assert (person.is_active, person.has_usable_password()) == (False, False)
        client.force_login(person)  # even a session that is there already
        assert client.get(reverse("exam_list")).status_code == 302
        client.logout()
        client.post(reverse("account_login"), {"login": person.email, "password": ""})
        assert "_auth_user_id" not in client.session


def test_simulated_people_get_no_reset_link(exam, client, user):
    person = simulate(exam, 1).people[0]["candidate"]
    for email in (user.email, person):
        client.post(reverse("account_reset_password"), {"email": email})
    links = [message.to for message in mail.outbox if "/password/reset/key/" in message.body]
    assert links == [[user.email]]


# ---- counted nowhere ------------------------------------------------------------------------------------------------


def test_exposure_counts_real_sittings_only(user, exam):
    sitting = begin(user, exam)
    before = bank.exposures(exam)
    simulate(exam)
    assert bank.exposures(exam) == before
    assert [candidate.exposure for candidate in bank.candidates_of(exam)] == [
        before[row] for row in questions_in_order(exam)
    ]
    Sitting.objects.filter(pk=sitting.pk).update(simulated=True)
    shown = sitting.form.seats.values_list("revision__question_id", flat=True)
    assert all(bank.exposures(exam)[question] == before[question] - 1 for question in shown)


def questions_in_order(exam: Exam) -> list[int]:
    found = Standing.objects.filter(exam=exam, revision__state="published").order_by("revision__question__public_id")
    return list(found.values_list("revision__question_id", flat=True))


def test_choosing_a_form_takes_no_notice_of_simulated_sittings(user, exam):
    sitting = begin(user, exam)
    assert {seen for seen, _ in pool.rank(user=user, exam=exam)} != {0}
    Sitting.objects.filter(pk=sitting.pk).update(simulated=True)
    assert bank.seen_by(user.pk) == set()
    assert {seen for seen, _ in pool.rank(user=user, exam=exam)} == {0}


def test_nobody_elses_choice_changes(user, exam):
    begin(user, exam)
    before = sorted(pool.rank(user=user, exam=exam))
    simulate(exam)
    assert sorted(pool.rank(user=user, exam=exam)) == before


# ---- removal --------------------------------------------------------------------------------------------------------


def everything() -> dict[str, list[Any]]:
    """Every row of every table."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models(include_auto_created=True)
    }


def test_removal_leaves_the_database_as_it_was(user, exam):
    begin(user, exam)
    before = everything()
    made = simulate(exam, 12)
    assert everything() != before
    assert simulation.remove(exam=exam) == (len(made.sitting_ids), 12)
    assert everything() == before


def test_removal_takes_only_people_who_were_made_for_it(user, exam):
    impostor = UserFactory(email="mla-c01.7.900@simulated.invalid")
    for person in (user, impostor):
        Sitting.objects.filter(pk=begin(person, exam).pk).update(simulated=True)
    made = simulate(exam, 2)
    assert made.first == 901
    assert simulation.remove(exam=exam) == (4, 2)
    assert set(User.objects.all()) == {user, impostor}
    assert not Sitting.objects.exists()


def test_removal_touches_no_other_exam(exam):
    simulate(exam, 3)
    other = Exam.objects.get(pk=exam.pk)
    other.pk, other.code = None, "OTHER-01"
    other.save()
    assert simulation.remove(exam=other) == (0, 0)
    assert Sitting.objects.count() == 3


def test_a_failure_leaves_nothing_behind(exam, monkeypatch):
    taken = simulate(exam, 1)
    monkeypatch.setattr(simulation, "_last_number", lambda exam, seed: 0)
    before = told()
    with pytest.raises(IntegrityError):
        simulate(exam, 3)
    assert len(taken.sitting_ids) == 1
    assert told() == before


def test_progress_is_told(exam):
    said: list[tuple[int, int]] = []
    simulate(exam, simulation.BATCH + 1, progress=lambda done, total: said.append((done, total)))
    total = simulation.BATCH + 1
    assert said == [(simulation.BATCH, total), (total, total)]
    said.clear()
    simulation.remove(exam=exam, progress=lambda done, total: said.append((done, total)))
    assert said == [(simulation.BATCH, total), (total, total)]


def test_sittings_of_today_are_over(exam):
    simulate(exam, 20, now=timezone.now().replace(hour=0, minute=1))
    assert not Sitting.objects.filter(closed_at__gt=timezone.now()).exists()
