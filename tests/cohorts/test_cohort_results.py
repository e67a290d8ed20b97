"""The pages of results: who sees them, what they say, how many statements they take."""

from __future__ import annotations

import re
import uuid
from collections import Counter, defaultdict
from math import comb

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from accounts.services import grant_role
from cohorts.models import Assignment, Attempt, Instructor, Outcome
from cohorts.reports import expected, items, results, teach
from exams.models import ScoreTable, Sitting
from psychometrics import classical
from questions.models import Task
from scoring.models import DomainResult, Result, SeatResult
from tests.cohorts.classes import DAY, a_class, an_ended_assignment, sit
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt, an_instructor
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PAGES = ("cohort_results", "cohort_teach", "cohort_items")
CHARTS = ("cohort_scores_chart", "cohort_teach_chart")


@pytest.fixture
def owner(db):
    return an_instructor()


def get(client, name, cohort, *more, **query):
    return client.get(reverse(name, args=[cohort.pk, *more]), query)


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


# ---- who may look ------------------------------------------------------------------------------------------------


def test_only_instructors_of_the_cohort_see_its_results(client, exam, owner):
    cohort = a_class(exam, 6, owner=owner)
    beside, other, stranger, author = an_instructor(), an_instructor(), UserFactory(), UserFactory()
    Instructor.objects.create(cohort=cohort, user=beside, added_at=timezone.now())
    grant_role(user=author, role=Role.AUTHOR)
    member = a_member(cohort)
    revision = Attempt.objects.filter(assignment__cohort=cohort)[0].sitting.form.seats.all()[0].revision_id
    addresses = [reverse(name, args=[cohort.pk]) for name in (*PAGES, *CHARTS)]
    addresses.append(reverse("cohort_item", args=[cohort.pk, revision]))
    for address in addresses:
        assert client.get(address).status_code == 302
    for person, status in ((owner, 200), (beside, 200), (other, 404), (stranger, 404), (author, 404), (member, 404)):
        client.force_login(person)
        assert [client.get(address).status_code for address in addresses] == [status] * len(addresses)
    client.force_login(owner)
    assert get(client, "cohort_results", a_cohort(exam)).status_code == 404
    assert client.post(addresses[0]).status_code == 405
    assert get(client, "cohort_item", cohort, 0).status_code == 404


def test_own_practice_and_other_cohorts_stay_out(client, exam, owner):
    cohort, elsewhere = a_cohort(exam, owner), a_cohort(exam)
    person = a_member(cohort)
    a_member(elsewhere, person)
    an_attempt(an_assignment(elsewhere), person)
    client.force_login(owner)
    assert "Nobody has finished yet" in text(get(client, "cohort_results", cohort))


# ---- what they say -----------------------------------------------------------------------------------------------


def test_the_page_says_what_came_of_the_class(client, exam, owner):
    cohort = a_class(exam, 12, owner=owner)
    client.force_login(owner)
    page = text(get(client, "cohort_results", cohort))
    found = Result.objects.current().filter(sitting__attempt__assignment__cohort=cohort)
    scores, passed = list(found.values_list("scaled", flat=True)), found.filter(passed=True).count()
    assert "12 of 12" in page
    assert f"{passed} of 12 at 720 or more" in page
    assert f"from {min(scores)} to {max(scores)}" in page
    assert "KR-20 needs 50 on one form" in page
    assert "Provisional (judged difficulty)" in page
    assert "All of these sittings are simulated" in page
    assert "There is nothing to compare with: fewer than five candidates of this exam" in page
    row = DomainResult.objects.filter(result=found.order_by("-scaled")[0]).order_by("domain__number")
    cells = re.findall(
        r'<td data-band="\d">(\d+) <span class="sr-only">of (\d+)',
        get(client, "cohort_results", cohort).content.decode(),
    )
    assert cells[: len(row)] == [(str(one.correct), str(one.scored)) for one in row]


def test_reliability_needs_fifty_on_one_form_and_is_that_of_the_library(exam, owner):
    cohort = a_cohort(exam, owner)
    form = exam.forms.get(reference=True)
    assignment = an_ended_assignment(cohort)
    sit(assignment, 120)
    looked = results.look(cohort, {})
    report = results.results_of(cohort, looked, {})
    sizes = Counter(row.form_id for row in looked.rows)
    ((most, n),) = sizes.most_common(1)
    assert report.reliability is not None
    assert report.reliability.n == n >= 50
    seats = SeatResult.objects.filter(result__sitting__form=most, scored=True).order_by("result", "seat")
    right = np.array(seats.values_list("correct", flat=True), dtype=float).reshape(n, 50)
    assert report.reliability.kr20 == pytest.approx(classical.kr20(right))
    assert report.reliability.sem == pytest.approx(classical.sem(right))
    assert form.exam_id == exam.pk


def test_filters_choose_by_assignment_day_and_sitting(client, exam, owner):
    cohort = a_cohort(exam, owner)
    first, second = an_assignment(cohort, title="Early mock"), an_assignment(cohort, title="Late mock")
    person = a_member(cohort)
    early, late = an_attempt(first, person, right=10), an_attempt(second, person, right=50)
    Sitting.objects.filter(pk=early.sitting_id).update(started_at=timezone.now() - 3 * DAY)
    Sitting.objects.filter(pk=early.sitting_id).update(ended_at=timezone.now() - 3 * DAY)

    def shown(**query):
        rows = results.look(cohort, query).rows
        return [one.sitting_id for one in rows]

    today, before = timezone.localdate(), timezone.localdate() - 2 * DAY
    assert shown() == shown(counts="last") == shown(counts="best") == [late.sitting_id]
    assert shown(counts="first") == [early.sitting_id]
    assert shown(assignment=str(first.pk)) == shown(until=str(before)) == [early.sitting_id]
    assert shown(since=str(before)) == shown(since=str(today), until=str(today)) == [late.sitting_id]
    assert shown(since=str(today + DAY)) == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"since": "2026-11-20", "until": "2026-11-19"}, "The last day lies before the first one."),
        ({"since": "yesterday"}, "The first day is not a date."),
        ({"until": "31.31."}, "The last day is not a date."),
        ({"until": "9999-12-31"}, "The last day is not a date."),
        ({"assignment": "elsewhere"}, "This cohort has no such assignment."),
        ({"assignment": str(uuid.uuid4())}, "This cohort has no such assignment."),
        ({"counts": "worst"}, "No such sitting can count."),
    ],
)
def test_a_bad_filter_is_one_sentence(client, exam, owner, query, sentence):
    cohort = a_cohort(exam, owner)
    client.force_login(owner)
    for name in PAGES:
        answer = get(client, name, cohort, **query)
        assert answer.status_code == 400
        assert text(answer).count(sentence) == 1
    for name in CHARTS:
        assert get(client, name, cohort, **query).status_code == 404


def test_the_map_is_sorted_by_any_column_and_drills_down(client, exam, owner):
    cohort = a_class(exam, 8, owner=owner)
    looked = results.look(cohort, {})

    def lines(**asked):
        return results.results_of(cohort, looked, asked).heat.lines

    scores = [line.row.scaled for line in lines()]
    assert scores == sorted(scores, reverse=True)
    assert [line.row.scaled for line in lines(sort="score")] == sorted(scores)
    names = [line.row.name.casefold() for line in lines(sort="name")]
    assert names == sorted(names)
    shares = [line.cells[1].correct / line.cells[1].scored for line in lines(sort="-2")]
    assert shares == sorted(shares, reverse=True)
    for bad in ("99", "-x", "2.5", "--score", "9" * 5_000):
        assert [line.row.scaled for line in lines(sort=bad)] == scores
    domain = results.results_of(cohort, looked, {"domain": "2"}).heat
    tasks = list(Task.objects.filter(domain=domain.domain))
    assert domain.domain is not None
    assert domain.domain.number == 2
    for line in domain.lines:
        for task, cell in zip(tasks, line.cells, strict=True):
            seats = SeatResult.objects.filter(result__sitting=line.row.sitting_id, result__current=True, task=task)
            scored = seats.filter(scored=True)
            assert (cell.correct, cell.scored) == (scored.filter(correct=True).count(), scored.count())
            assert bool(cell.band) == bool(cell.scored)


def test_what_is_expected_of_a_tasks_questions_adds_up_to_the_domains(exam, owner):
    cohort = a_class(exam, 4, owner=owner)
    results.look(cohort, {})
    for outcome in Outcome.objects.all():
        by_task = expected.by_task([outcome.table_id])[outcome.table_id]
        for row in DomainResult.objects.filter(result=outcome.result_id):
            tasks = Task.objects.filter(domain=row.domain_id).values_list("pk", flat=True)
            assert sum(by_task.get(task, 0) for task in tasks) == pytest.approx(row.expected)


# ---- teach next --------------------------------------------------------------------------------------------------


def test_teach_next_against_a_count_by_rows(exam, owner):
    cohort = a_class(exam, 15, owner=owner, mean=-0.3)
    looked = results.look(cohort, {})
    teaching = teach.teaching_of(exam, looked.rows, ())
    assert teaching is not None
    failed = [row for row in looked.rows if not row.passed]
    assert failed
    assert (teaching.n, teaching.failed) == (15, len(failed))
    for one in (*teaching.ranked, *teaching.thin):
        total, scored_all = 0.0, 0
        for row in looked.rows:
            seats = SeatResult.objects.filter(
                result__sitting=row.sitting_id, result__current=True, task=one.task, scored=True
            )
            scored_all += seats.count()
            if row.passed:
                continue
            wrong = seats.filter(correct=False).count()
            needed = ScoreTable.objects.get(pk=row.table_id).minimum_passing_raw - row.raw
            total += sum(float(_binomial(wrong, right)) for right in range(max(needed, 0), wrong + 1))
        assert one.gained == pytest.approx(total)
        assert one.per_person == pytest.approx(scored_all / 15)
        assert one.low <= one.gained <= one.high or one.gained == 0
    assert all(one.per_person >= 4 for one in teaching.ranked)
    assert all(one.per_person < 4 for one in teaching.thin)
    gained = [one.gained for one in teaching.ranked]
    assert gained == sorted(gained, reverse=True)


def _binomial(n: int, k: int) -> float:
    return comb(n, k) * 0.9**k * 0.1 ** (n - k)


def test_the_page_names_what_to_teach_and_what_is_not_ranked(client, exam, owner):
    cohort = a_class(exam, 12, owner=owner, mean=-0.5)
    client.force_login(owner)
    page = text(get(client, "cohort_teach", cohort))
    assert "more would pass, likely" in page
    assert "Fewer than four scored questions per person" in page
    assert "Missed by" in page


# ---- questions ---------------------------------------------------------------------------------------------------


def test_items_against_a_count_by_rows(exam, owner):
    cohort = a_class(exam, 14, owner=owner)
    found = items.items_of(cohort, results.look(cohort, {}).rows)
    rows = defaultdict(list)
    for row in SeatResult.objects.filter(result__current=True, result__sitting__attempt__assignment__cohort=cohort):
        rows[row.result.sitting.form.seats.get(number=row.seat).revision_id].append(row)
    assert {item.revision_id for item in found} == set(rows)
    for item in found:
        own = rows[item.revision_id]
        assert (item.n, item.correct) == (len(own), sum(row.correct for row in own))
        assert item.answered == sum(row.answered for row in own) == sum(item.choices.values())
        assert sum(item.choices[key] for key in item.keys) == item.correct
        assert (item.facility is None) == (item.n < 10)
        assert item.item_rest is None
    ranks = [item.flags[0].rank if item.flags else 99 for item in found]
    assert ranks == sorted(ranks)


def test_discrimination_from_fifty_on_is_that_of_the_library(exam, owner):
    cohort = a_cohort(exam, owner)
    form = exam.forms.get(reference=True)
    assignment = an_ended_assignment(cohort)
    sit(assignment, 110)
    Attempt.objects.exclude(sitting__form=form).delete()
    n = Attempt.objects.count()
    assert n >= 50
    found = {item.revision_id: item for item in items.items_of(cohort, results.look(cohort, {}).rows)}
    seats = list(form.seats.filter(scored=True).order_by("number"))
    rows = SeatResult.objects.filter(result__sitting__attempt__isnull=False, result__current=True, scored=True)
    right = np.array(rows.order_by("result", "seat").values_list("correct", flat=True), dtype=float).reshape(n, 50)
    for seat, known in zip(seats, classical.point_biserial(right), strict=True):
        assert found[seat.revision_id].item_rest == pytest.approx(known, nan_ok=True)


def test_what_somebody_had_met_before_is_left_out(exam, owner):
    cohort = a_cohort(exam, owner)
    assignment = an_assignment(cohort, form_rule="fixed", form=exam.forms.get(reference=True), attempts=2)
    person = a_member(cohort)
    for right in (50, 0):
        an_attempt(assignment, person, right=right)
    assert items.items_of(cohort, results.look(cohort, {}).rows) == []
    first = items.items_of(cohort, results.look(cohort, {"counts": "first"}).rows)
    assert {item.n for item in first} == {1}


# ---- statements --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_statements_do_not_grow_with_the_cohort(client, exam, owner, name):
    small, large = a_class(exam, 6, owner=owner), a_class(exam, 40, owner=owner, seed=2)
    an_ended_assignment(large)
    client.force_login(owner)
    counts = []
    for cohort in (small, large):
        get(client, name, cohort)
        with CaptureQueriesContext(connection) as queries:
            assert get(client, name, cohort).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 24


def test_assignments_of_an_archived_cohort_can_still_be_read(client, exam, owner):
    cohort = a_class(exam, 5, owner=owner)
    cohort.archived_at = timezone.now()
    cohort.save()
    client.force_login(owner)
    assert all(get(client, name, cohort).status_code == 200 for name in (*PAGES, *CHARTS))
    assert Assignment.objects.filter(cohort=cohort).exists()
