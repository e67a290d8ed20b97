"""The bank's front page and an exam's page: what they say, to whom, and with how many statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import User
from accounts.roles import Role
from exams.models import Form, Seat, Sitting
from exams.services import bank
from questions.models import Exam, Placement, Question, Revision, Standing
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from scoring.models import RunItem
from scoring.reports import exposure
from scoring.reports.exams import FirstSittings, page_of
from tests.accounts.factories import SuperuserFactory
from tests.factories import UserFactory, begin, close, sat
from tests.scoring.runs import a_run
from tests.scoring.test_views_exams import _copy
from tests.scoring.test_views_results import text_of

INDEX = "/bank/"
EXAM = "/bank/exams/MLA-C01/"
CHART = "/bank/exams/MLA-C01/exposure.svg"
PAGES = (INDEX, EXAM, CHART)


def closed(exam: Exam, form: Form, people: Sequence[User], *, ago: dt.timedelta = dt.timedelta(days=1), **more) -> None:
    """Closed sittings without answers, one for each person; `more` replaces fields."""
    start = timezone.now() - ago
    end = start + dt.timedelta(hours=2)
    fields = {
        "exam": exam, "form": form, "state": Sitting.State.CLOSED, "started_at": start, "deadline": end,
        "limit_minutes": 120, "grace_seconds": 120, "ended_at": end, "closes_at": end, "closed_at": end,
        "end_reason": "candidate",
    } | more  # fmt: skip
    Sitting.objects.bulk_create(Sitting(user=person, **fields) for person in people)


def people(count: int) -> list[User]:
    return [UserFactory() for _ in range(count)]


def pretest(exam: Exam, revision_id: int) -> Standing:
    """The question in pretest, without a rating."""
    standing = Standing.objects.get(exam=exam, revision=revision_id)
    standing.status, standing.rating = Status.PRETEST, None
    standing.save()
    return standing


# ---- who may look -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_people_who_are_not_signed_in_are_asked_to(client, exam, page):
    assert client.get(page).url == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_others_are_told_that_it_does_not_exist(signed_in, user, exam, page, role):
    if role:
        services.grant_role(user=user, role=role)
    assert signed_in.get(page).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_authors_enter(as_author, exam, page):
    assert as_author.get(page).status_code == 200
    assert as_author.post(page).status_code == 405


@pytest.mark.parametrize("page", ["/bank/exams/XYZ/", "/bank/exams/XYZ/exposure.svg", "/bank/exams/mla-c01/"])
def test_an_unknown_exam_is_not_found(as_author, exam, page):
    assert as_author.get(page).status_code == 404


# ---- the entry in the header -----------------------------------------------------------------------------------------


def test_the_header_leads_authors_to_the_bank(as_author, exam):
    assert f'<a href="{INDEX}" aria-current="page">Bank</a>' in as_author.get(INDEX).content.decode()
    assert f'<a href="{INDEX}">Bank</a>' in as_author.get("/exams/").content.decode()


def test_the_header_leads_superusers_there(client, exam):
    client.force_login(SuperuserFactory())
    assert f'href="{INDEX}"' in client.get("/exams/").content.decode()


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_the_header_leads_nobody_else_there(signed_in, user, exam, role):
    if role:
        services.grant_role(user=user, role=role)
    assert f'href="{INDEX}"' not in signed_in.get("/exams/").content.decode()


def test_the_entry_goes_with_the_role(as_author, author, exam):
    services.revoke_role(user=author, role=Role.AUTHOR)
    assert f'href="{INDEX}"' not in as_author.get("/exams/").content.decode()


def test_strangers_see_no_entry(client, exam):
    assert f'href="{INDEX}"' not in client.get("/").content.decode()


# ---- the list --------------------------------------------------------------------------------------------------------


def test_the_list_states_what_is_known(as_author, exam, user):
    sat(user, exam)
    closed(exam, Form.objects.pool()[0], people(2), simulated=True)
    a_run(exam, promoted_at=timezone.now())
    a_run(exam)
    page = text_of(as_author.get(INDEX))
    questions = Revision.objects.published().filter(question__placements__exam=exam).count()
    assert f"MLA-C01 Machine Learning Engineer 0 {questions} 0 2 1 Run 2," in page
    assert f"Not promoted {bank.standard_of(exam).cut}" in page


def test_the_list_has_exams_that_nobody_may_sit(as_author, exam):
    Exam.objects.update(offered=False)
    assert "Machine Learning Engineer, not offered" in text_of(as_author.get(INDEX))


def test_an_exam_of_which_nothing_is_known(as_author, exam):
    _copy(exam, "X-1")
    assert "X-1 X-1 0 0 0 0 0 none yet not set" in text_of(as_author.get(INDEX))
    page = text_of(as_author.get("/bank/exams/X-1/"))
    assert "There is no reference form yet" in page
    assert "No form has been made yet." in page
    assert "nan" not in page.lower().split()


@pytest.mark.parametrize("exams", [1, 4])
def test_the_list_takes_a_constant_number_of_statements(as_author, exam, exams, django_assert_num_queries):
    a_run(exam)
    for number in range(1, exams):
        a_run(_copy(exam, f"X-{number}"))
    with django_assert_num_queries(12):
        page = as_author.get(INDEX)
    assert page.content.decode().count('scope="row"') == exams


# ---- tiles -----------------------------------------------------------------------------------------------------------


def test_the_tiles(as_author, exam, user):
    sat(user, exam, right=45)
    sat(user, exam, right=10)  # a second sitting is nobody's first
    sat(UserFactory(), exam, right=10)
    begin(UserFactory(), exam)
    page = text_of(as_author.get(EXAM))
    assert "Real sittings 4 3 closed" in page
    assert "First sittings 2" in page
    assert "Pass rate 1 of 2 too few first sittings for a rate: 30 are needed" in page


def test_thirty_first_sittings_make_a_rate(exam):
    results = [sat(person, exam, right=45 if place < 3 else 5) for place, person in enumerate(people(4))]
    few = page_of(exam, page="1", now=timezone.now()).first
    assert (few.scored, few.passed, few.enough) == (4, 3, False)
    assert [result.passed for result in results] == [True, True, True, False]
    enough = FirstSittings(30, 12)
    assert (enough.percent, enough.enough) == ("40", True)


def test_simulated_sittings_count_nowhere(as_author, exam):
    closed(exam, Form.objects.pool()[0], people(3), simulated=True)
    page = text_of(as_author.get(EXAM))
    assert "Real sittings 0 0 closed First sittings 0" in page
    assert "Pass rate Unknown" in page
    assert "Nobody has sat this exam in the last 365 days" in page


def test_the_standard_in_short(as_author, exam):
    page = text_of(as_author.get(EXAM))
    assert f"S {bank.standard_of(exam).cut} raw points on the reference form" in page
    assert "Provisional standard: 5 judges at the desk; five of a convened panel are needed." in page
    assert reverse("bank_standard", args=[exam.code]) in as_author.get(EXAM).content.decode()


def test_runs_and_forms(as_author, exam):
    for _ in range(6):
        a_run(exam)
    a_run(exam, converged=False, includes_simulated=True)
    page = text_of(as_author.get(EXAM))
    assert "Last run Run 7" in page
    assert "Run 3" in page
    assert "Run 2 " not in page
    assert "Simulated data Not converged" in page
    for form in Form.objects.filter(exam=exam):
        table = bank.current_table(form)
        said = f"{form}{' Reference' if form.reference else ''} In the pool {table.expected_at_cut:.2f}"
        assert f"{said} {table.minimum_passing_raw} of 50 Judged, provisional 0" in page


# ---- the pipeline ----------------------------------------------------------------------------------------------------


def test_the_pipeline_is_empty_where_all_is_rated(as_author, exam):
    assert "No question is in pretest." in text_of(as_author.get(EXAM))


def test_the_pipeline_counts_first_sittings(exam, user):
    form, second = Form.objects.pool().filter(exam=exam)[:2]
    seat = form.seats.filter(scored=False).exclude(revision__seats__form=second)[0]
    pretest(exam, seat.revision_id)
    crowd = people(3)
    closed(exam, form, crowd)
    closed(exam, form, crowd[:2], ago=dt.timedelta(hours=5))  # again
    closed(exam, second, [user], ago=dt.timedelta(days=3))
    closed(exam, form, [user])  # this form was not this person's first
    begin(UserFactory(), exam, form)
    (waiting,) = page_of(exam, page="1", now=timezone.now()).pipeline
    assert (waiting.first, waiting.percent, waiting.item) == (3, "2%", None)


def test_the_pipeline_says_what_the_last_run_said(as_author, exam):
    first, second, third = Form.objects.pool()[0].seats.filter(scored=False)[:3]
    for seat in (first, second):
        pretest(exam, seat.revision_id)
    run = a_run(exam, unmeasured=[first.revision_id])
    pretest(exam, third.revision_id)
    RunItem.objects.filter(run=run, revision=third.revision_id).delete()
    a_run(exam, includes_simulated=True)  # to look at only
    page = text_of(as_author.get(EXAM))
    assert "3 questions, oldest first" in page
    assert f"{run}: 120 first exposures, 200 needed" in page
    assert page.count("Ready to be promoted") == 1
    assert page.count("Not in a run yet") == 1


def test_the_pipeline_is_paged_oldest_first(as_author, exam):
    revisions = list(Revision.objects.published().filter(question__placements__exam=exam)[:30])
    for place, revision in enumerate(revisions):
        pretest(exam, revision.pk)
        Revision.objects.filter(pk=revision.pk).update(published_at=timezone.now() - dt.timedelta(days=place))
    ids = [revision.question.public_id for revision in revisions]
    first, last = (text_of(as_author.get(f"{EXAM}?page={page}")) for page in ("1", "999"))
    assert first.index(ids[29]) < first.index(ids[28])
    assert ids[5] in first
    assert ids[4] not in first.partition("Exposure")[0]
    assert "Page 2 of 2" in last
    assert ids[0] in last
    assert "Page 1 of 2" in text_of(as_author.get(f"{EXAM}?page=x"))


# ---- exposure --------------------------------------------------------------------------------------------------------


def exposure_of(exam: Exam) -> exposure.Exposure:
    return exposure.exposure_of(exam, exposure.form_counts(exam, timezone.now()))


def test_exposure_is_counted_from_sittings_of_the_last_year(exam):
    form, second = Form.objects.pool().filter(exam=exam)[:2]
    crowd = people(4)
    closed(exam, form, crowd[:3])
    closed(exam, form, crowd[:2], ago=dt.timedelta(days=366))
    closed(exam, second, crowd[3:], state=Sitting.State.ABANDONED)  # it was shown all the same
    closed(exam, second, crowd, simulated=True)
    report = exposure_of(exam)
    assert report.sittings == 4
    on = [set(one.seats.values_list("revision__question__public_id", flat=True)) for one in (form, second)]
    for question in report.questions:
        here = (question.public_id in on[0], question.public_id in on[1])
        assert (question.shown, question.recent) == (5 * here[0] + here[1], 3 * here[0] + here[1])
        assert question.share == pytest.approx(question.recent / 4)
    assert report.never == sum(question.public_id not in on[0] | on[1] for question in report.questions)
    assert sum(entry.questions for entry in report.bins) == len(report.questions)
    assert report.bins[14].questions == len(on[0] - on[1])  # 75 %


def test_an_older_revision_counts_for_its_question(exam):
    form = Form.objects.pool().filter(exam=exam)[0]
    seat = form.seats.select_related("revision__question")[0]
    closed(exam, form, people(1))
    old = seat.revision
    Revision.objects.filter(pk=old.pk).update(state=RevisionState.SUPERSEDED)
    Revision.objects.create(
        question=old.question, number=old.number + 1, state=RevisionState.PUBLISHED, kind=old.kind, stem="New",
        digest="1" * 64, published_at=timezone.now(),
    )  # fmt: skip
    (found,) = (one for one in exposure_of(exam).questions if one.public_id == old.question.public_id)
    assert (found.shown, found.share) == (1, 1.0)


def test_the_cap_flags_from_thirty_sittings_on(as_author, exam, settings):
    form, second = Form.objects.pool().filter(exam=exam)[:2]
    crowd = people(30)
    closed(exam, form, crowd[:9])
    closed(exam, second, crowd[9:29])
    assert exposure_of(exam).over == []
    assert "none is held against the cap of 30 % yet" in text_of(as_author.get(EXAM))
    closed(exam, second, crowd[29:])
    over = {question.public_id for question in exposure_of(exam).over}
    assert over == set(second.seats.values_list("revision__question__public_id", flat=True))  # 30 % is not above it
    assert f"{len(over)} of {len(exposure_of(exam).questions)} questions were shown in more than 30 %" in text_of(
        as_author.get(EXAM)
    )
    settings.EXPOSURE_CAP = 0.75
    shared = Seat.objects.filter(form=form, revision__seats__form=second).count()
    assert len(exposure_of(exam).over) == shared


def test_a_long_list_is_cut(exam):
    form = Form.objects.pool().filter(exam=exam)[0]
    closed(exam, form, people(30))
    report = exposure_of(exam)
    assert (len(report.over), len(report.listed), report.more) == (65, 50, 15)


@pytest.mark.parametrize("count", [0, 3, 30])
def test_the_chart_is_drawn(as_author, exam, count):
    closed(exam, Form.objects.pool()[0], people(count))
    reply = as_author.get(CHART)
    assert reply["Content-Type"] == "image/svg+xml"
    assert (b"above the cap" in reply.content) is (count == 30)
    assert "no-store" in reply["Cache-Control"]


# ---- drift -----------------------------------------------------------------------------------------------------------


def test_without_a_linked_run_nothing_can_have_drifted(as_author, exam):
    a_run(exam)
    assert "No run has been linked to an earlier one yet" in text_of(as_author.get(EXAM))


def test_only_what_drifted_far_and_surely_is_listed(as_author, exam):
    runs = [a_run(exam), a_run(exam), a_run(exam, includes_simulated=True)]
    items = list(RunItem.objects.filter(run=runs[1]).order_by("pk")[:5])
    drifts = [(0.31, 2.8), (-0.45, -3.0), (0.29, 5.0), (0.9, 2.6), (0.5, None)]
    for item, (drift, z) in zip(items, drifts, strict=True):
        RunItem.objects.filter(pk=item.pk).update(drift=drift, drift_z=z)
    RunItem.objects.filter(run=runs[0], revision=items[1].revision_id).update(drift=-0.1, drift_z=-0.5)
    RunItem.objects.filter(run=runs[2]).update(drift=2.0, drift_z=9.0)
    found = page_of(exam, page="1", now=timezone.now()).drift
    assert found.compared == 6
    assert {moved.item.pk for moved in found.found} == {items[0].pk, items[1].pk}
    page = text_of(as_author.get(EXAM))
    assert "Run 2 −0.45 −3.0 900 Run 1: −0.10, Run 2: −0.45" in page
    assert "+0.31 +2.8" in page


def test_small_moves_are_told_as_such(as_author, exam):
    run = a_run(exam)
    RunItem.objects.filter(run=run).update(drift=0.1, drift_z=0.4)
    assert f"compared {run.items.count()} times, and none moved" in text_of(as_author.get(EXAM))


# ---- statements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 4])
def test_the_page_takes_a_constant_number_of_statements(as_author, exam, size, django_assert_num_queries):
    forms = list(Form.objects.pool().filter(exam=exam))
    for form in forms[:1] if size == 1 else forms:
        closed(exam, form, people(10 * size))
    sat(UserFactory(), exam)
    for seat in forms[0].seats.filter(scored=False)[:size]:
        pretest(exam, seat.revision_id)
    for _ in range(size):
        run = a_run(exam)
        RunItem.objects.filter(
            run=run, revision__in=list(forms[0].seats.values_list("revision", flat=True)[:size])
        ).update(drift=0.5, drift_z=4.0)
    with django_assert_num_queries(27):
        page = as_author.get(EXAM)
    assert page.content.decode().count("+0.50") >= 2 * size


def test_a_question_placed_elsewhere_is_not_counted(exam):
    before = page_of(exam, page="1", now=timezone.now()).counts.total
    Placement.objects.filter(exam=exam, question=Question.objects.all()[0]).delete()
    assert page_of(exam, page="1", now=timezone.now()).counts.total == before - 1


def test_a_closed_sitting_without_a_result_is_no_scored_first_sitting(exam, user):
    close(begin(user, exam))
    first = page_of(exam, page="1", now=timezone.now()).first
    assert (first.scored, first.percent) == (0, "")
