"""Pages about forms for authors: figures, permissions, what is missing is said, constant numbers of statements."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from accounts.services import grant_role
from exams.models import Form
from exams.services import freezing, pool
from questions.models import Exam, Standing
from questions.models.measurement import Status
from scoring.models import CalibrationRun, Regrade, Result, RunForm
from scoring.reports import form_charts
from tests.factories import UserFactory, begin, sat
from tests.scoring.runs import a_run
from tests.scoring.test_views_results import text_of

CHARTS = ("information", "curve", "scale", "scores", "omits", "times")
PAGES = ("bank_forms", "bank_form", *CHARTS)


def address(page: str, form: Form, **query: object) -> str:
    code = form.exam.code
    if page == "bank_forms":
        found = reverse(page, args=[code])
    elif page == "bank_form":
        found = reverse(page, args=[code, form.number])
    else:
        found = reverse("bank_form_chart", args=[code, form.number, page])
    return found + "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else found


@pytest.fixture
def author(db: None) -> User:
    person: User = UserFactory()
    grant_role(user=person, role=Role.AUTHOR)
    return person


@pytest.fixture
def desk(client, author):
    """An author's browser."""
    client.force_login(author)
    return client


@pytest.fixture
def reference(exam: Exam) -> Form:
    return Form.objects.select_related("exam").get(exam=exam, reference=True)


@pytest.fixture
def other(exam: Exam) -> Form:
    return Form.objects.select_related("exam").filter(exam=exam, reference=False)[0]


def simulated(exam: Exam) -> CalibrationRun:
    return a_run(exam, includes_simulated=True)


def few(run: CalibrationRun, form: Form, sittings: int = 12) -> None:
    RunForm.objects.filter(run=run, form=form).update(sittings=sittings, statistics={})


# ---- who may look ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_signed_in_is_asked_to(client, reference, page):
    assert client.get(address(page, reference)).url.startswith(reverse("account_login"))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_others_learn_nothing(client, user, reference, page, role):
    a_run(reference.exam)
    if role:
        grant_role(user=user, role=role)
    client.force_login(user)
    assert client.get(address(page, reference)).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_authors_only_read(desk, reference, page):
    a_run(reference.exam)
    assert desk.get(address(page, reference)).status_code == 200
    assert desk.post(address(page, reference)).status_code == 405


@pytest.mark.parametrize("query", [{"run": 7}, {"run": "x"}, {"version": 9}, {"version": "-1"}])
@pytest.mark.parametrize("page", ["bank_form", "scores"])
def test_what_is_not_there_is_not_found(desk, reference, page, query):
    a_run(reference.exam)
    assert desk.get(address(page, reference, **query)).status_code == 404


def test_unknown_forms_and_charts_are_not_found(desk, exam, reference):
    assert desk.get(reverse("bank_form", args=[exam.code, 999])).status_code == 404
    assert desk.get(reverse("bank_form", args=["XYZ", reference.number])).status_code == 404
    assert desk.get(reverse("bank_form_chart", args=[exam.code, reference.number, "nothing"])).status_code == 404
    assert desk.get(address("bank_forms", reference, run=4)).status_code == 404


# ---- the list --------------------------------------------------------------------------------------------------


def test_the_list_counts_personal_forms_without_naming_anybody(desk, exam, reference, other):
    a_run(exam)
    owner = UserFactory(display_name="Quentin Private")
    Form.objects.create(exam=exam, number=90, owner=owner, state=Form.State.PENDING)
    Form.objects.create(exam=exam, number=91, owner=owner, state=Form.State.PERSONAL)
    Form.objects.filter(pk=other.pk).update(state=Form.State.RETIRED)
    sat(UserFactory(), exam, form=reference)
    page = desk.get(address("bank_forms", reference))
    text = text_of(page)
    assert "Beside these 1 form was made for one person each and begun; 1 more waits to be begun." in text
    assert "Private" not in text
    assert "Form 90" not in text
    assert [line.form for line in page.context["page"].pool] == [reference]
    assert [line.form for line in page.context["page"].retired] == [other]
    line = page.context["page"].pool[0]
    assert line.sittings == 1
    assert f"{line.table.minimum_passing_raw} of 50" in text
    assert "34.1 0.84" in text


def test_the_list_says_what_is_missing(desk, exam, reference, other):
    assert "No form has been made for one person alone." in text_of(desk.get(address("bank_forms", reference)))
    assert "There is no calibration run yet." in text_of(desk.get(address("bank_forms", reference)))
    few(a_run(exam), other)
    assert "12 of 30 sittings" in text_of(desk.get(address("bank_forms", reference)))


def test_a_retired_reference_form_stays_with_the_pool(desk, reference):
    Form.objects.filter(pk=reference.pk).update(state=Form.State.RETIRED)
    page = desk.get(address("bank_forms", reference)).context["page"]
    assert reference in [line.form for line in page.pool]
    assert page.retired == ()


# ---- figures ---------------------------------------------------------------------------------------------------


def test_the_page_follows_the_run(desk, exam, reference):
    run = a_run(exam)
    page = text_of(desk.get(address("bank_form", reference)))
    sittings = RunForm.objects.get(run=run, form=reference).sittings
    assert f"{sittings} in run 1" in page
    assert "Of 100 candidates about 91 get the decision that their true score deserves." in page
    assert "On a second form like this one about 87 would be decided the same way." in page
    assert "Livingston–Lewis" in page
    assert "94 % reach the last seat and 99.8 % three quarters of the seats" in page
    third, seventeenth = reference.seats.get(number=3), reference.seats.get(number=17)
    assert (
        f"Seat 3, {third.revision.question.public_id} Seat 17, {seventeenth.revision.question.public_id} 0.24" in page
    )
    assert "parameters alone" not in page


def test_the_table_is_shown_whole_with_its_first_pass(desk, reference):
    page = desk.get(address("bank_form", reference))
    found = page.context["report"]
    rows = [row for column in found.columns for row in column]
    assert [row.raw for row in rows] == list(range(50, -1, -1))
    minimum = found.subject.table.minimum_passing_raw
    assert (found.passing.raw, found.passing.scaled >= 720) == (minimum, True)
    text = text_of(page)
    assert f"{minimum} {found.passing.equated:.2f} {found.passing.scaled} First pass" in text
    assert text.count("First pass") == 1


def test_the_blueprint_is_checked(desk, exam, other):
    asked = "D1 14 + 4, D2 13 + 4, D3 11 + 3, D4 12 + 4"
    page = text_of(desk.get(address("bank_form", other))).replace(" ,", ",").replace(" .", ".")
    assert f"As the blueprint asks, scored + unscored: {asked}." in page
    seat = other.seats.filter(scored=True, task__domain__code="D2")[0]
    other.seats.filter(pk=seat.pk).update(task=exam.tasks.filter(domain__code="D1")[0])
    page = text_of(desk.get(address("bank_form", other))).replace(" ,", ",")
    assert "Not as the blueprint asks, scored + unscored: D1 15 (asked 14) + 4, D2 12 (asked 13) + 4" in page


# ---- versions --------------------------------------------------------------------------------------------------


def test_versions_say_who_moved(desk, author, exam, reference):
    results = [sat(UserFactory(), exam, right=right, form=reference) for right in (20, 40, 45)]
    seat = reference.seats.filter(scored=True)[0]
    table = freezing.make_table(
        form=reference, seats=list(reference.seats.all()), reason="question removed", removed=[seat.number]
    )
    regrade = Regrade.objects.create(
        exam=exam, revision=seat.revision, act=Regrade.Act.REMOVED, reason="out of date", made_by=author,
        made_at=timezone.now(),
    )  # fmt: skip
    regrade.tables.add(table)
    for old, scaled, passed in zip(
        results,
        (old.scaled + step for old, step in zip(results, (5, -40, 0), strict=True)),
        (False, False, True),
        strict=True,
    ):
        Result.objects.filter(pk=old.pk).update(current=False)
        old.pk, old.version, old.scaled, old.passed, old.current, old.table = None, 2, scaled, passed, True, table
        old.regrade = regrade
        old.save()
    simulated_one = sat(UserFactory(), exam, form=reference)
    type(simulated_one.sitting).objects.filter(pk=simulated_one.sitting_id).update(simulated=True)
    page = desk.get(address("bank_form", reference))
    newest, first = page.context["report"].versions
    assert (newest.results, newest.up, newest.down, newest.gained, newest.lost) == (3, 1, 1, 0, 1)
    assert (first.results, first.moved) == (0, 0)
    text = text_of(page)
    assert "1 up, 1 down; 0 gained and 1 lost a pass" in text
    assert f"Question removed: {seat.revision.question.public_id} , by {author.display_name}" in text
    assert f"1 scored question has been removed since: seat {seat.number}." in text
    assert f"{newest.table.minimum_passing_raw} of 49" in text
    page = text_of(desk.get(address("bank_form", reference, version=1)))
    assert "This is version 1 of the table." in page
    assert "has been removed since" not in page


# ---- what is missing -------------------------------------------------------------------------------------------


def test_without_a_run_the_parameters_speak(desk, other):
    page = text_of(desk.get(address("bank_form", other)))
    assert "No calibration run on real sittings has looked at this form yet." in page
    assert (
        "spread around the borderline candidate with a standard deviation of 1.5 logits, which is an assumption" in page
    )
    assert "There are too few sittings to judge decisions by. Expected from the parameters:" in page
    assert "There are too few sittings for alpha." in page
    assert "Whether the time is enough can be told from 30 sittings on." in page
    assert "nan" not in page.lower().split()


def test_few_sittings_are_too_few(desk, exam, other):
    few(a_run(exam), other)
    page = text_of(desk.get(address("bank_form", other)))
    assert "Run 1 holds 12 sittings of this form; figures need at least 30." in page
    assert "Livingston–Lewis" not in page
    for chart in ("omits", "times"):
        assert desk.get(address(chart, other)).status_code == 404
    assert desk.get(address("scores", other)).status_code == 200


def test_a_run_older_than_the_form_knows_nothing_of_it(desk, exam, other):
    RunForm.objects.filter(run=a_run(exam), form=other).delete()
    assert "Run 1 holds no sittings of this form" in text_of(desk.get(address("bank_form", other)))


def test_what_a_run_could_not_compute_is_said(desk, exam, other):
    run = a_run(exam)
    row = RunForm.objects.get(run=run, form=other)
    row.statistics |= {
        "alpha": None, "sem": None, "livingston_lewis": None, "lee": None, "q3": [], "speededness": None,
        "median_ms": [None] * 65,
    }  # fmt: skip
    row.save()
    page = text_of(desk.get(address("bank_form", other)))
    assert "Alpha is not known: the scores of this run vary too little." in page
    assert "The run could not judge decisions by its sittings. Expected from the parameters:" in page
    assert "No two questions go together more than ability explains" in page
    row.statistics |= {"livingston_lewis": {"accuracy": 1.0, "consistency": 1.0, "kappa": None}}
    row.statistics |= {"speededness": {"completing": 0.5, "reaching_most": 0.9, "mean_not_reached": 9.0,
                                       "unspeeded": False, "seats": [[1, 1.0, None], [65, 0.5, None]]}}  # fmt: skip
    row.save()
    page = text_of(desk.get(address("bank_form", other)))
    assert "Of 100 candidates about 100 get the decision" in page
    assert "the time is too short" in page
    assert desk.get(address("omits", other)).status_code == 200
    assert desk.get(address("times", other)).status_code == 404


def test_simulated_runs_are_shown_when_asked_for_and_say_so(desk, exam, other):
    run = simulated(exam)
    plain = text_of(desk.get(address("bank_form", other)))
    assert "No calibration run on real sittings" in plain
    assert "includes simulated sittings" not in plain
    for page in ("bank_form", "bank_forms"):
        assert "Run 1 includes simulated sittings." in text_of(desk.get(address(page, other, run=run.number)))
    real = a_run(exam)
    simulated(exam)
    assert desk.get(address("bank_form", other)).context["report"].subject.run == real


def test_scores_that_the_run_counted_differently_are_shown_as_it_did(desk, exam, reference):
    a_run(exam)
    seat = reference.seats.filter(scored=True)[0]
    freezing.make_table(form=reference, seats=list(reference.seats.all()), reason="removed", removed=[seat.number])
    page = desk.get(address("bank_form", reference))
    assert "The run counted 50 questions and this table counts 49" in text_of(page)
    assert all(share is None for _, _, share in page.context["report"].distribution)
    assert desk.get(address("scores", reference)).status_code == 200


def test_a_form_for_one_person_can_be_looked_at_and_names_nobody(desk, exam, other):
    owner = UserFactory(display_name="Quentin Private")
    Form.objects.filter(pk=other.pk).update(owner=owner, state=Form.State.PERSONAL)
    begin(owner, exam, other)
    page = text_of(desk.get(address("bank_form", other)))
    assert "Made for one person and begun" in page
    assert "Private" not in page


def test_unscored_questions_without_a_rating_have_no_parameters(desk, exam, other):
    seat = other.seats.filter(scored=False)[0]
    Standing.objects.filter(exam=exam, revision=seat.revision).update(rating=None, status=Status.PRETEST)
    freezing.make_table(form=other, seats=list(other.seats.all()), reason="again")
    assert "Unscored – – – Not known" in text_of(desk.get(address("bank_form", other)))


# ---- charts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("with_run", [False, True])
def test_charts_are_pictures_that_follow_the_theme(desk, exam, other, chart, with_run):
    if with_run:
        a_run(exam)
    reply = desk.get(address(chart, other))
    if not with_run and chart in ("omits", "times"):
        assert reply.status_code == 404
        return
    assert reply["Content-Type"] == "image/svg+xml"
    assert "private" in reply["Cache-Control"]
    assert ET.fromstring(reply.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert b"prefers-color-scheme:dark" in reply.content
    assert b"nan" not in reply.content.lower()


def test_the_page_shows_every_chart_under_an_address_that_stays(desk, exam, other):
    run = a_run(exam)
    page = desk.get(address("bank_form", other)).content.decode()
    assert set(form_charts.CHARTS) == set(CHARTS)
    for chart in CHARTS:
        assert f'src="{address(chart, other)}?version=1&amp;run={run.number}"' in page


def test_curves_of_a_form_without_a_gap_to_the_reference(desk, reference):
    assert desk.get(address("information", reference)).status_code == 200
    assert b"Reference form" not in desk.get(address("curve", reference)).content


# ---- statements ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["bank_forms", "bank_form", "information", "scores", "omits"])
def test_constant_numbers_of_statements(desk, exam, other, page):
    a_run(exam)
    sat(UserFactory(), exam, form=other)
    few_statements = count(desk, address(page, other))
    pool.assemble(exam=exam, forms=1, seed=5)
    a_run(exam)
    a_run(exam, created_at=timezone.now() + dt.timedelta(days=1))
    for right in (10, 45):
        sat(UserFactory(), exam, right=right, form=other)
    freezing.make_table(form=other, seats=list(other.seats.all()), reason="again")
    assert count(desk, address(page, other)) == few_statements <= 30


def count(desk, page: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert desk.get(page).status_code == 200
    return len(queries)
