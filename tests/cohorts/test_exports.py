"""Files that instructors take away: what stands in them, who gets them, and that they stay small in memory."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tracemalloc

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.roles import Role
from accounts.services import grant_role
from cohorts.models import Assignment, Attempt, Cohort, Instructor, Outcome
from cohorts.reports import sheets
from cohorts.reports.export_scope import scope_of
from cohorts.reports.exports import EXPORTS
from cohorts.reports.figures import FACILITY_FROM
from cohorts.services import attending, outcomes
from scoring.models import SeatResult
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt, an_instructor, over
from tests.cohorts.results import copies
from tests.factories import UserFactory, sat

pytestmark = pytest.mark.django_db
FILES = [(what, suffix) for what in EXPORTS for suffix in sheets.TYPES]


@pytest.fixture
def owner():
    return an_instructor()


@pytest.fixture
def cohort(exam, owner):
    return a_cohort(exam, owner, name="Kurs 7: Höhere Töne")


@pytest.fixture
def teaching(client, owner):
    client.force_login(owner)
    return client


def address(cohort, what="scores", suffix="csv"):
    return reverse("cohort_export", args=[cohort.pk, what, suffix])


def body(page) -> bytes:
    whole = b"".join(page.streaming_content)
    let_go(page)
    return whole


def let_go(page) -> None:
    """Close the file that is sent, as a server does; the whole close would take the test's connection with it."""
    for close in page._resource_closers:
        close()


def status_of(client, page):
    answer = client.get(page)
    let_go(answer)
    return answer.status_code


def rows(client, cohort, what, **query) -> list[dict[str, str]]:
    page = client.get(address(cohort, what), query)
    assert page.status_code == 200
    return list(csv.DictReader(io.StringIO(body(page).decode("utf-8-sig"), newline="")))


# ---- who gets them --------------------------------------------------------------------------------------------


def test_only_instructors_of_the_cohort_get_them(client, cohort, owner):
    member = a_member(cohort)
    an_attempt(an_assignment(cohort), member)
    colleague, author = an_instructor(), UserFactory()
    Instructor.objects.create(cohort=cohort, user=colleague, added_at=timezone.now())
    grant_role(user=author, role=Role.AUTHOR)
    pages = [reverse("cohort_exports", args=[cohort.pk]), *(address(cohort, *one) for one in FILES)]
    for person, status in (
        (owner, 200), (colleague, 200), (an_instructor(), 404), (member, 404), (UserFactory(), 404), (author, 404),
    ):  # fmt: skip
        client.force_login(person)
        assert {status_of(client, page) for page in pages} == {status}
    client.logout()
    for page in pages:
        assert client.get(page).url == f"{reverse('account_login')}?next={page}"


def test_what_there_is_not_is_not_found(teaching, cohort):
    assert teaching.get(address(cohort, "notes")).status_code == 404
    assert teaching.get(address(cohort, "scores", "pdf")).status_code == 404
    assert teaching.post(address(cohort)).status_code == 405


def test_an_archived_cohort_still_gives_its_files(teaching, cohort):
    Cohort.objects.update(archived_at=timezone.now())
    assert status_of(teaching, address(cohort)) == 200


# ---- what stands in them --------------------------------------------------------------------------------------


def test_scores(teaching, cohort, exam):
    person = a_member(cohort, UserFactory(display_name="Elif Aydın"))
    assignment = an_assignment(cohort, attempts=3)
    done, void = an_attempt(assignment, person, right=45), an_attempt(assignment, person, right=2)
    Attempt.objects.filter(pk=void.pk).update(void_at=timezone.now(), void_reason="Fire alarm")
    running = attending.begin(assignment=assignment, user=person)
    sat(UserFactory(), exam)
    found = rows(teaching, cohort, "scores")
    assert [(row["Attempt"], row["Status"], row["Outcome"]) for row in found] == [
        ("1", "Closed", "Pass"), ("2", "Void", ""), ("3", "In progress", ""),
    ]  # fmt: skip
    assert found[0]["Candidate"] == "Elif Aydın"
    assert (found[0]["Correct"], found[0]["Scored questions"]) == ("45", "50")
    assert found[0]["Begun (UTC, ISO 8601)"] == f"{done.sitting.started_at:%Y-%m-%dT%H:%M:%SZ}"
    assert found[1]["Why void"] == "Fire alarm"
    assert found[2]["Minutes allowed"] == str(running.limit.total_seconds() / 60)


def test_domains_add_up_to_the_score(teaching, cohort):
    an_attempt(an_assignment(cohort), a_member(cohort), right=31)
    found = rows(teaching, cohort, "domains")
    assert sum(int(row["Correct"]) for row in found) == 31
    assert sum(int(row["Scored questions"]) for row in found) == 50
    assert {row["Meets competencies"] for row in found} <= {"yes", "no"}


def test_answers_say_what_the_seats_say(teaching, cohort):
    attempt = over(an_attempt(an_assignment(cohort, review="at_once"), a_member(cohort), right=20))
    found = rows(teaching, cohort, "answers")
    seats = SeatResult.objects.filter(result__sitting=attempt.sitting).order_by("seat")
    assert [row["Outcome"] == "Correct" for row in found] == [seat.correct for seat in seats]
    assert [row["Counts"] == "yes" for row in found] == [seat.scored for seat in seats]
    for row in found:
        assert (row["Answer"] == row["Key"]) == (row["Outcome"] == "Correct")
        assert row["Question id"].startswith("mla-")


def test_keys_and_ids_wait_until_nobody_may_still_answer(teaching, cohort):
    an_attempt(an_assignment(cohort, review="held"), a_member(cohort))
    for what in ("answers", "items"):
        found = rows(teaching, cohort, what)
        assert found
        for head in ("Key", "Most chosen distractor"):
            assert {row.get(head, "") for row in found} == {""}


def test_items_keep_to_the_thresholds(teaching, cohort):
    attempt = an_attempt(an_assignment(cohort, review="at_once"), a_member(cohort), right=25)
    facility, rest = "Facility (share correct)", "Point-biserial with the other scored questions"
    copies(attempt, FACILITY_FROM - 2, answers=True)
    found = rows(teaching, cohort, "items")
    assert len(found) == 65
    assert {row["Answers to it"] for row in found} == {"9"}
    assert {row[facility] for row in found} == {""}
    copies(attempt, 1, answers=True)
    Assignment.objects.update(start_by=timezone.now(), end_by=timezone.now())
    found = rows(teaching, cohort, "items")
    assert {row[facility] for row in found} == {"0.0", "1.0"}
    assert {row[rest] for row in found} == {""}
    choice = next(row for row in found if row["Kind"] == "Multiple choice" and row[facility] == "0.0")
    assert choice["How many chose it"] == "10"
    assert choice["Most chosen distractor"]


def test_the_point_biserial_is_the_correlation_with_the_rest(teaching, cohort, exam):
    form = exam.forms.order_by("pk")[0]
    assignment = an_assignment(cohort, form_rule="fixed", form=form)
    for right in (10, 20, 30, 45):
        copies(an_attempt(assignment, a_member(cohort), right=right), 12)
    found = rows(teaching, cohort, "items")
    known = [row["Point-biserial with the other scored questions"] for row in found if row["Scored"] == "yes"]
    raw = np.repeat([10, 20, 30, 45], 13)
    expected = []
    for number in form.seats.filter(scored=True).values_list("number", flat=True):
        seats = SeatResult.objects.filter(seat=number).order_by("result__raw")
        marks = np.array(list(seats.values_list("correct", flat=True)), dtype=float)
        expected.append(str(round(float(np.corrcoef(marks, raw - marks)[0, 1]), 3)) if marks.std() else "")
    assert sorted(known) == sorted(expected)


def test_who_had_met_a_question_is_left_out_of_the_items(teaching, cohort):
    attempt = an_attempt(an_assignment(cohort), a_member(cohort))
    SeatResult.objects.filter(result__sitting=attempt.sitting, seat__lte=5).update(seen_before=True)
    assert len(rows(teaching, cohort, "items")) == 60


@pytest.mark.parametrize("name", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "＝1+1"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_no_cell_is_a_formula(teaching, cohort, name, suffix):
    an_attempt(an_assignment(cohort, title=name), a_member(cohort, UserFactory(display_name=name)))
    page = teaching.get(address(cohort, "scores", suffix))
    if suffix == "csv":
        (row,) = list(csv.DictReader(io.StringIO(body(page).decode("utf-8-sig"), newline="")))
        assert row["Candidate"] == row["Assignment"] == f"'{name}"
    else:
        cells = next(load_workbook(io.BytesIO(body(page))).worksheets[0].iter_rows(min_row=2))
        assert {(cell.value, cell.data_type, cell.quotePrefix) for cell in (cells[0], cells[2])} == {(name, "s", True)}


def alike(cell) -> object:
    """A number, however it is written; nothing is empty."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        return cell or ""


@pytest.mark.parametrize("what", list(EXPORTS))
def test_a_workbook_holds_what_the_csv_holds(teaching, cohort, what):
    an_attempt(an_assignment(cohort, review="at_once"), a_member(cohort), right=30)
    lines = list(csv.reader(io.StringIO(body(teaching.get(address(cohort, what))).decode("utf-8-sig"), newline="")))
    book = load_workbook(io.BytesIO(body(teaching.get(address(cohort, what, "xlsx")))))
    sheet = [[alike(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    assert sheet == [[alike(cell) for cell in line] for line in lines]
    assert len(lines[0]) == len(EXPORTS[what].heads)


def test_their_names_say_what_they_are(teaching, cohort):
    page = teaching.get(address(cohort, "domains"))
    assert page["Content-Type"] == "text/csv; charset=utf-8"
    day = timezone.localdate()
    assert f"kurs-7-h%C3%B6here-t%C3%B6ne-domains-{day:%Y-%m-%d}.csv" in page["Content-Disposition"]
    assert body(page).startswith(b"\xef\xbb\xbfCandidate,E-mail,")


# ---- which attempts -------------------------------------------------------------------------------------------


def test_by_assignment_and_days_of_the_reader(client, cohort):
    reader = an_instructor(time_zone="Pacific/Auckland")
    Instructor.objects.create(cohort=cohort, user=reader, added_at=timezone.now())
    client.force_login(reader)
    first, second = an_assignment(cohort, title="First"), an_assignment(cohort, title="Second")
    early, late = an_attempt(first, a_member(cohort)), an_attempt(second, a_member(cohort))
    # 11:30 UTC on 4 May is half past eleven in the evening there; an hour later it is the fifth.
    for attempt, hour in ((early, 11), (late, 12)):
        sitting = attempt.sitting
        sitting.ended_at = dt.datetime(2026, 5, 4, hour, 30, tzinfo=dt.UTC)
        sitting.save()
    names = [early.user.get_full_name(), late.user.get_full_name()]

    def found(**query):
        return [row["E-mail"] for row in rows(client, cohort, "scores", **query)]

    assert found(assignment=str(first.pk)) == [early.user.email]
    assert found(since="2026-05-05") == [late.user.email]
    assert found(until="2026-05-04") == [early.user.email]
    assert sorted(found(since="2026-05-04", until="2026-05-05")) == sorted([early.user.email, late.user.email])
    assert found(until="2026-05-03") == []
    assert len(names) == 2


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"since": "soon"}, "The first day is not a date."),
        ({"since": "2026-02-30"}, "The first day is not a date."),
        ({"until": "x"}, "The last day is not a date."),
        ({"until": "9999-12-31"}, "The last day is not a date."),
        ({"since": "0001-01-01"}, "The first day is not a date."),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "The last day lies before the first one."),
        ({"assignment": "x"}, "This cohort has no such assignment."),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_made(teaching, cohort, query, sentence):
    for page in (
        reverse("cohort_exports", args=[cohort.pk]),
        address(cohort),
        address(cohort, "items", "xlsx"),
        reverse("cohort_report_pdf", args=[cohort.pk]),
    ):
        answer = teaching.get(page, query)
        assert answer.status_code == 400
        assert sentence in answer.content.decode()


def test_another_cohorts_assignment_is_none(teaching, cohort, exam, owner):
    other = an_assignment(a_cohort(exam, owner))
    assert teaching.get(address(cohort), {"assignment": str(other.pk)}).status_code == 400


def test_more_than_a_worksheet_holds_is_refused(teaching, cohort, monkeypatch):
    an_attempt(an_assignment(cohort), a_member(cohort))
    monkeypatch.setattr(sheets, "MOST_ROWS", 64)
    answer = teaching.get(address(cohort, "answers", "xlsx"))
    assert answer.status_code == 400
    assert "more than a worksheet holds" in answer.content.decode()


# ---- what they cost -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", list(EXPORTS))
def test_statements_do_not_grow_with_attempts(teaching, cohort, what):
    attempt = an_attempt(an_assignment(cohort, review="at_once"), a_member(cohort))
    costs = []
    for more in (1, 40):
        copies(attempt, more)
        outcomes.catch_up()
        with CaptureQueriesContext(connection) as queries:
            rows(teaching, cohort, what)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 22


def test_the_page_takes_a_constant_number_of_statements(teaching, cohort):
    attempt = an_attempt(an_assignment(cohort), a_member(cohort))
    costs = []
    for more in (1, 12):
        copies(attempt, more, seats=False)
        for number in range(more):
            an_assignment(cohort, title=f"Exam {number}")
        with CaptureQueriesContext(connection) as queries:
            page = teaching.get(reverse("cohort_exports", args=[cohort.pk]))
        assert f"{page.context['attempts']} attempts: all assignments" in page.content.decode()
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 10


def test_a_thousand_answer_sheets_stream_without_growing_memory(teaching, cohort):
    attempt = an_attempt(an_assignment(cohort, review="at_once"), a_member(cohort))
    copies(attempt, 999, seats=False)
    outcomes.catch_up()
    packed = Outcome.objects.get(attempt=attempt).seats
    assert Outcome.objects.update(seats=packed) == 1_000
    scope, export = scope_of(cohort, {}), EXPORTS["answers"]
    list(sheets.csv_pieces(export.heads, export.rows(scope_of(cohort, {"since": "2100-01-01"}), timezone.now())))
    tracemalloc.start()
    try:
        rows_seen, peaks = 0, []
        for piece in sheets.csv_pieces(export.heads, export.rows(scope, timezone.now())):
            rows_seen += piece.count(b"\r\n")
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert rows_seen == 65_001
    assert peaks[-1] - peaks[len(peaks) // 4] < 500_000  # three quarters of the file cost nothing more
    assert peaks[-1] < 12_000_000
