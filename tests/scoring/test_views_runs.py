"""Pages of calibration runs: who may see them, what they say, and the promotion."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from exams.models import Form, ScoreTable, Seat, Standard
from exams.services import pool
from questions.models import Exam, Standing
from questions.models.measurement import Status
from scoring.calibration.promotion import promote
from scoring.models import CalibrationRun, RunItem
from scoring.reports.runs import line_in_words
from tests.factories import UserFactory, begin
from tests.scoring.promotions import put, some_of
from tests.scoring.runs import a_run
from tests.scoring.test_views_results import text_of

PAGES = ("bank_runs", "bank_run", "bank_promote", "bank_run_ratings", "bank_run_population")


def address(name: str, exam: Exam, number: int = 1) -> str:
    return reverse(name, args=[exam.code] if name == "bank_runs" else [exam.code, number])


@pytest.fixture
def author(db) -> User:
    return _with(Role.AUTHOR)


@pytest.fixture
def desk(client: Client, author: User) -> Client:
    """An author's browser."""
    client.force_login(author)
    return client


def _with(role: Role) -> User:
    person = UserFactory(display_name="Hanne Brandt")
    person.user_permissions.add(Permission.objects.get(codename=PERMISSIONS[role]))
    return person


# ---- who may look ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_people_who_are_not_signed_in_are_asked_to(client, exam, name):
    a_run(exam)
    page = address(name, exam)
    assert client.get(page).url == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_for_everybody_else_there_is_nothing(client, exam, name, role):
    a_run(exam)
    client.force_login(_with(role) if role else UserFactory())
    assert client.get(address(name, exam)).status_code == 404
    if name == "bank_promote":
        assert client.post(address(name, exam)).status_code == 404
        assert Standard.objects.filter(exam=exam).count() == 1


@pytest.mark.parametrize("name", PAGES)
def test_authors_see_them(desk, exam, name):
    a_run(exam)
    assert desk.get(address(name, exam)).status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_what_does_not_exist_is_not_found(desk, exam, name):
    run = a_run(exam)
    exam.code = "NO-SUCH"
    assert desk.get(address(name, exam)).status_code == 404
    assert name == "bank_runs" or desk.get(address(name, run.exam, 9)).status_code == 404


@pytest.mark.parametrize("name", sorted({*PAGES} - {"bank_promote"}))
def test_pages_are_only_read(desk, exam, name):
    a_run(exam)
    assert desk.post(address(name, exam)).status_code == 405


# ---- the list -------------------------------------------------------------------------------------------------------


def test_without_runs_the_list_says_how_they_come_about(desk, exam):
    assert "No run yet" in text_of(desk.get(address("bank_runs", exam)))


def test_the_list_says_where_each_run_stands(desk, exam, author):
    first = a_run(exam)
    put(first, author)
    a_run(exam)
    put(a_run(exam, based_on=first), author)
    a_run(exam, includes_simulated=True)
    a_run(exam, based_on=CalibrationRun.objects.get(number=3))
    rows = re.findall(r"<tr>.*?</tr>", desk.get(address("bank_runs", exam)).content.decode(), re.DOTALL)[1:]
    states = ["Can be promoted", "Simulated, to look at only", "In force", "Cannot be promoted", "Promoted before"]
    assert [state for row, state in zip(rows, states, strict=True) if state in row] == states
    assert "Hanne Brandt" in rows[2]


@pytest.mark.parametrize("runs", [1, 4])
def test_the_list_takes_a_constant_number_of_statements(desk, exam, author, runs, django_assert_num_queries):
    put(a_run(exam), author)
    for _ in range(runs - 1):
        a_run(exam)
    with django_assert_num_queries(9):
        page = desk.get(address("bank_runs", exam))
    assert page.content.decode().count('class="go nowrap"') == runs


# ---- one run --------------------------------------------------------------------------------------------------------


def test_a_run_tells_its_data_and_what_came_out(desk, exam):
    a_run(exam, configuration={"least_exposures": 200, "slope": {"sd": 0.3}}, link={"anchors": 17, "dropped": []})
    page = text_of(desk.get(address("bank_run", exam)))
    assert "900 took part" in page
    assert "Not the first sitting 41" in page
    assert "Least exposures 200" in page
    assert "Slope, sd 0.3" in page
    assert "Anchors 17" in page
    assert "Dropped none" in page
    assert "yes, after 87 iterations" in page
    assert "Log-likelihood -31234.5" in page


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"alpha": 0.4}, "Questions rated 50 % are 0.40 logits easier than judged."),
        ({"alpha": -0.4}, "Questions rated 50 % are 0.40 logits harder than judged."),
        ({"beta": 1.6}, "judges keep to the middle"),
        ({"beta": 0.6}, "regress to the mean"),
        ({"beta": 1.01}, "Ratings lie as far apart as the questions."),
        ({"tau": 0.33}, "within 0.33 logits of the line"),
    ],
)
def test_the_line_is_told_in_words(exam, fields, told):
    assert told in " ".join(line_in_words(a_run(exam, **fields), ability=0.0))


def test_before_the_promotion_it_tells_what_would_change(desk, exam):
    a_run(exam, unmeasured=some_of(exam))
    page = text_of(desk.get(address("bank_run", exam)))
    assert "This run changes nothing until it is promoted" in page
    assert "How the tables would move" in page
    assert "40 of 50" in page
    assert "Sittings that run at the moment of promotion are scored by the new tables" in page


def test_questions_are_chosen_by_what_becomes_of_them(desk, exam):
    run = a_run(exam, unmeasured=some_of(exam))
    alarming = run.items.exclude(revision__in=some_of(exam))[0]
    RunItem.objects.filter(pk=alarming.pk).update(alarms=["r = 0.02, below 0.05"])
    page = desk.get(address("bank_run", exam) + "?show=alarms")
    assert [decision.item for decision in page.context["page"].questions.page] == [alarming]
    assert "r = 0.02, below 0.05" in text_of(page)
    page = desk.get(address("bank_run", exam) + "?show=line")
    assert text_of(page).count("120 first exposures, 200 needed") == 10


def test_pretest_questions_that_are_ready_come_first(desk, exam):
    run = a_run(exam)
    unscored = run.items.exclude(revision__in=Seat.objects.filter(scored=True).values("revision"))
    Standing.objects.filter(revision__in=unscored.values("revision")).update(status=Status.PRETEST)
    page = desk.get(address("bank_run", exam)).context["page"]
    assert page.questions.show == "ready"
    assert {decision.item.pk for decision in page.questions.page} <= {item.pk for item in unscored}


def test_few_answers_tell_facility_only(desk, exam):
    run = a_run(exam)
    RunItem.objects.filter(run=run).update(n=29, rung="rating", obstacles=["29 first exposures, 200 needed"])
    page = desk.get(address("bank_run", exam))
    assert text_of(page).count("fewer than 30 answers") == 50
    assert "infit" not in text_of(page).lower().split("what becomes of it")[1].split("page 1 of")[0]


def test_long_lists_are_paged(desk, exam):
    run = a_run(exam)
    first = desk.get(address("bank_run", exam) + "?show=all").context["page"].questions.page
    second = desk.get(address("bank_run", exam) + "?show=all&page=2").context["page"].questions.page
    assert len(first) == 50
    assert (len(second), first.paginator.count) == (50, run.items.count())
    assert not {decision.item.pk for decision in first} & {decision.item.pk for decision in second}


def test_figures_that_could_not_be_computed_are_no_numbers(desk, exam):
    run = a_run(exam, excluded={}, configuration={"odd": None})
    RunItem.objects.filter(run=run).update(
        facility=None, item_rest=None, infit=None, discrimination=None, intercept=None, se_difficulty=None
    )
    run.forms.all().delete()
    page = text_of(desk.get(address("bank_run", exam) + "?show=all"))
    assert "not in the run" in page
    assert "not measured by itself" in page
    assert "Nothing was left out" in page
    assert not re.search(r"\b(nan|inf|None)\b", page)


def test_parts_that_are_not_connected_are_named(desk, exam):
    run = a_run(exam)
    cut_off = list(run.items.select_related("revision__question")[:2])
    run.items.filter(pk__in=[item.pk for item in cut_off]).update(connected=False)
    CalibrationRun.objects.update(disconnected=[[item.revision.question_id for item in cut_off]])
    page = text_of(desk.get(address("bank_run", exam)))
    assert "A part with 2 questions is not connected with the rest" in page
    assert ", ".join(item.revision.question.public_id for item in cut_off) in page


def test_simulated_runs_have_a_banner_and_no_way_to_promote(desk, exam):
    a_run(exam, includes_simulated=True)
    page = desk.get(address("bank_run", exam))
    assert "it can be looked at, never promoted" in text_of(page)
    assert reverse("bank_promote", args=[exam.code, 1]) not in page.content.decode()


def test_drift_is_listed_largest_first(desk, exam):
    run = a_run(exam)
    one, other = run.items.all()[:2]
    RunItem.objects.filter(pk=one.pk).update(drift=0.1, drift_z=0.8)
    RunItem.objects.filter(pk=other.pk).update(drift=-0.5, drift_z=-3.4)
    assert desk.get(address("bank_run", exam)).context["page"].drifting == [other, one]


@pytest.mark.parametrize("forms", [0, 2])
def test_a_run_takes_a_constant_number_of_statements(desk, exam, forms, django_assert_num_queries):
    if forms:
        pool.assemble(exam=exam, forms=forms, seed=9)
    a_run(exam)
    with django_assert_num_queries(23):
        page = desk.get(address("bank_run", exam))
    assert len(page.context["page"].preview.forms) == 2 + forms


def test_an_exam_without_a_reference_form_still_shows_its_runs(desk, exam):
    a_run(exam)
    Form.objects.update(reference=False)
    page = text_of(desk.get(address("bank_run", exam)))
    assert "The exam has no reference form to carry the cut" in page
    assert "The information is not known" in page
    for name in ("bank_run_ratings", "bank_run_population"):
        assert desk.get(address(name, exam)).status_code == 200


# ---- charts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bank_run_ratings", ["The line", "Own slope", "With an alarm", "As judged"]),
        ("bank_run_population", ["First sittings", "Information of the reference form", "Cut"]),
    ],
)
def test_charts_are_drawn(desk, exam, name, words):
    run = a_run(exam)
    RunItem.objects.filter(pk=run.items.all()[0].pk).update(alarms=["odd"])
    reply = desk.get(address(name, exam))
    assert reply["Content-Type"] == "image/svg+xml"
    assert [word for word in words if word in reply.content.decode()] == words


# ---- the promotion --------------------------------------------------------------------------------------------------


def test_the_confirmation_names_what_will_happen_and_does_nothing(desk, exam, user):
    begin(user, exam)
    a_run(exam)
    page = text_of(desk.get(address("bank_promote", exam)))
    assert "Promote run 1?" in page
    assert "2 forms get a new one" in page
    assert "Scores on forms 1, 2 are no longer provisional." in page
    assert "1 that runs now or waits for a result will be scored by the new tables" in page
    assert "Results that were issued stay as they are." in page
    assert Standard.objects.filter(exam=exam).count() == 1


def test_a_promotion_says_what_was_done_by_whom(desk, exam):
    a_run(exam)
    page = desk.post(address("bank_promote", exam), follow=True)
    assert "Run 1 is in force." in text_of(page)
    assert re.search(r"Promoted \d.* by Hanne Brandt\.", text_of(page))
    assert "How the tables moved" in text_of(page)
    assert set(ScoreTable.objects.filter(form__exam=exam).values_list("version", flat=True)) == {1, 2}


def test_a_second_click_changes_nothing_more(desk, exam):
    a_run(exam)
    desk.post(address("bank_promote", exam))
    page = desk.post(address("bank_promote", exam), follow=True)
    assert "Run 1 was promoted before. Nothing more was changed." in text_of(page)
    assert Standard.objects.filter(exam=exam).count() == 2


@pytest.mark.parametrize(
    "fields", [{"includes_simulated": True}, {"converged": False}, {"population_sd": 0.0}, {"slope": 0.0}]
)
def test_what_must_not_be_promoted_is_not(desk, exam, fields):
    run = a_run(exam)
    CalibrationRun.objects.update(**fields)
    assert desk.get(address("bank_promote", exam)).url == address("bank_run", exam)
    refusal = desk.get(address("bank_run", exam)).context["page"].preview.refusal
    assert desk.get(address("bank_run_population", exam)).status_code == 200
    assert refusal in text_of(desk.post(address("bank_promote", exam), follow=True))
    run.refresh_from_db()
    assert run.promoted_at is None


def test_an_older_run_goes_on_telling_what_it_did(desk, exam, author):
    first = a_run(exam)
    promote(run=first, by=author, now=timezone.now())
    page = desk.get(address("bank_run", exam)).context["page"]
    put(a_run(exam, based_on=first), author)
    again = desk.get(address("bank_run", exam)).context["page"]
    assert (again.preview.forms, again.preview.counts) == (page.preview.forms, page.preview.counts)
    assert (page.state.name, again.state.name) == ("IN_FORCE", "PROMOTED")
