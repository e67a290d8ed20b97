"""Rollups: an outcome says what the result, its domains, seats and answers say, and follows them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from cohorts import packing
from cohorts.models import Attempt, Outcome
from cohorts.services import attending, outcomes
from exams.models import Answer, Form, Seat, Sitting
from exams.services import clock
from scoring import services as scoring
from scoring.models import DomainResult, Regrade, Result, SeatResult
from tests import factories
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt, an_instructor
from tests.factories import sat
from tests.scoring.corrections import a_seat, act, take_back

pytestmark = pytest.mark.django_db

COPIED = ("raw", "maximum_raw", "equated", "scaled", "passed", "provisional", "likely_low", "likely_high",
          "chance_of_passing", "seen_before")  # fmt: skip


def same(outcome: Outcome) -> None:
    """The outcome against every row it was made of."""
    result = Result.objects.current().get(sitting=outcome.sitting_id)
    sitting, attempt = outcome.sitting, outcome.attempt
    assert (outcome.result_id, outcome.table_id) == (result.pk, result.table_id)
    assert {name: getattr(outcome, name) for name in COPIED} == {name: getattr(result, name) for name in COPIED}
    assert (outcome.assignment_id, outcome.cohort_id) == (attempt.assignment_id, attempt.assignment.cohort_id)
    assert (outcome.user_id, outcome.number) == (attempt.user_id, attempt.number)
    assert (outcome.form_id, outcome.simulated) == (sitting.form_id, sitting.simulated)
    assert (outcome.started_at, outcome.ended_at) == (sitting.started_at, sitting.ended_at)
    assert sitting.ended_at
    used = (sitting.ended_at - sitting.started_at).total_seconds() - sitting.paused_seconds
    assert abs(used - outcome.used_seconds) <= 0.5
    domains, _ = packing.unpack([outcome.domains], packing.DOMAIN)
    rows = DomainResult.objects.filter(result=result).order_by("domain__number")
    assert domains.tolist() == list(rows.values_list("domain", "correct", "scored", "expected"))
    counts: dict[int, list[int]] = {}
    for row in SeatResult.objects.filter(result=result, scored=True):
        count = counts.setdefault(row.task_id, [0, 0])
        count[0] += row.correct
        count[1] += 1
    tasks, _ = packing.unpack([outcome.tasks], packing.TASK)
    assert tasks.tolist() == [(task, *count) for task, count in sorted(counts.items())]
    seats = packing.seats([outcome.seats])[0]
    answers = {answer.seat: answer for answer in Answer.objects.filter(sitting=sitting)}
    places = {seat.number: seat for seat in Seat.objects.filter(form=sitting.form_id)}
    found = list(SeatResult.objects.filter(result=result).order_by("seat"))
    assert len(seats) == len(found) == 65
    for one, row in zip(seats, found, strict=True):
        answer = answers.get(row.seat)
        flags = (row.correct, row.answered, bool(answer and answer.flagged), row.scored, row.seen_before)
        assert [bool(one["flags"] & 1 << bit) for bit in range(5)] == list(flags)
        assert one["spent_ms"] == row.spent_ms
        expected: list[int] = []
        if row.answered and answer:
            seat = places[row.seat]
            expected = [seat.options[seat.tokens.index(token)] for token in answer.response]
            expected = sorted(expected) if seat.kind == "multiple_response" else expected
        assert list(packing.response(int(one["given"]))) == expected


def test_an_outcome_says_what_the_result_says(exam):
    cohort = a_cohort(exam)
    form = Form.objects.get(exam=exam, reference=True)
    assignment = an_assignment(cohort, attempts=2, form_rule="fixed", form=form)
    person = a_member(cohort)
    attempts = [an_attempt(assignment, one, right=right) for one, right in ((a_member(cohort), 0), (person, 31))]
    # A seat left empty, a half-given answer and a flag: what whole answers do not show.
    sitting = attending.begin(assignment=assignment, user=person)
    Answer.objects.bulk_create(
        Answer(sitting=sitting, seat=seat.number, response=given, flagged=True, spent_ms=90_000, claim=1, sequence=1,
               saved_at=timezone.now())
        for seat in sitting.form.seats.all() for given in [seat.tokens[: seat.slots - seat.number % 2]]
    )  # fmt: skip
    Answer.objects.filter(sitting=sitting, seat__lt=9).delete()
    factories.close(sitting)
    scoring.score(sitting_id=sitting.pk, now=timezone.now())
    assert outcomes.catch_up(cohort=cohort) == 3
    made = list(Outcome.objects.order_by("attempt_id"))
    assert [one.attempt_id for one in made[:2]] == [attempt.pk for attempt in attempts]
    for outcome in made:
        same(outcome)
    assert made[2].seen_before == 50
    assert outcomes.catch_up(cohort=cohort) == outcomes.catch_up() == 0


def test_a_regrade_replaces_the_outcome_and_taking_it_back_does_too(exam):
    cohort, form = a_cohort(exam), Form.objects.get(exam=exam, reference=True)
    assignment = an_assignment(cohort, form_rule="fixed", form=form)
    for right in (0, 37, 50):
        an_attempt(assignment, a_member(cohort), right=right)
    outcomes.catch_up()
    before = list(Outcome.objects.values_list("raw", flat=True))
    regrade = act(a_seat(form))
    act(a_seat(form, 2), Regrade.Act.REMOVED)
    assert outcomes.catch_up(cohort=cohort) == 3
    assert list(Outcome.objects.values_list("raw", flat=True)) != before
    assert set(Outcome.objects.values_list("maximum_raw", flat=True)) == {49}
    for outcome in Outcome.objects.all():
        same(outcome)
    take_back(regrade)
    assert outcomes.catch_up() == 3
    for outcome in Outcome.objects.all():
        same(outcome)


def test_what_does_not_count_any_more_is_taken_away_and_comes_back(exam):
    cohort = a_cohort(exam)
    assignment = an_assignment(cohort)
    void, spoilt, reopened, stays = (an_attempt(assignment, a_member(cohort)) for _ in range(4))
    assert outcomes.catch_up(cohort=cohort) == 4
    Attempt.objects.filter(pk=void.pk).update(void_at=timezone.now())
    now, staff = timezone.now(), an_instructor()
    clock.void(sitting_id=spoilt.sitting_id, by=staff, reason="The fire alarm went off.")
    # The time until it is reopened counts as whole seconds, and the test gave it less than one.
    Sitting.objects.filter(pk=reopened.sitting_id).update(started_at=now - HOUR)
    scoring.reopen(sitting_id=reopened.sitting_id, deadline=now + HOUR, by=staff, now=now)
    assert outcomes.catch_up(cohort=cohort) == 3
    assert list(Outcome.objects.values_list("attempt", flat=True)) == [stays.pk]
    Attempt.objects.filter(pk=void.pk).update(void_at=None)
    assert outcomes.catch_up(cohort=cohort) == 1
    same(Outcome.objects.get(attempt=void))
    factories.close(Sitting.objects.get(pk=reopened.sitting_id))
    Sitting.objects.filter(pk=reopened.sitting_id).update(state="closed", closed_at=timezone.now())
    scoring.score(sitting_id=reopened.sitting_id, now=timezone.now())
    assert outcomes.catch_up(cohort=cohort) == 1
    again = Outcome.objects.get(attempt=reopened)
    same(again)
    assert again.result.version == 2


def test_a_cohort_catches_up_for_itself_alone_and_with_two_statements(exam, django_assert_num_queries):
    first, second = a_cohort(exam), a_cohort(exam)
    for cohort in (first, second):
        assignment = an_assignment(cohort)
        for _ in range(2):
            an_attempt(assignment, a_member(cohort))
    with django_assert_num_queries(2):
        assert outcomes.catch_up(cohort=first, limit=1) == 1
    assert outcomes.catch_up(cohort=first) == 1
    assert set(Outcome.objects.values_list("cohort", flat=True)) == {first.pk}
    with django_assert_num_queries(1):
        assert outcomes.catch_up(cohort=first) == 0
    assert outcomes.catch_up() == 2


def test_own_practice_makes_no_outcome(exam):
    cohort = a_cohort(exam)
    sat(a_member(cohort), exam)
    assert outcomes.catch_up() == 0
