"""The table of an exam's questions: for authors, with the figures of one run, sorted, filtered and paged."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.roles import Role
from exams.models import Seat
from questions.models import Question, Revision, Standing
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from scoring.models import RunItem
from scoring.reports import questions
from tests.factories import UserFactory
from tests.scoring.runs import a_run
from tests.scoring.test_views_results import text_of

MLA = "/bank/exams/MLA-C01/questions/"
EVERYTHING = "domain=D1&kind=multiple_choice&status=scorable&show=ready&q=mla&sort=-facility&page=9"


def ids(page) -> list[str]:
    """Public ids in the order of the rows."""
    return [row.public_id for row in page.context["listing"].page]


def row(page, public_id: str) -> str:
    """What a reader sees in one row."""
    cells = re.search(rf"<tr>(?:(?!</tr>).)*?>{re.escape(public_id)}</a>.*?</tr>", page.content.decode(), re.DOTALL)
    assert cells, f"{public_id} is not listed"
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", cells[0])).split())


def on_forms() -> list[str]:
    return sorted(set(Seat.objects.values_list("revision__question__public_id", flat=True)))


def item_of(run, public_id: str, **fields: object) -> RunItem:
    item = RunItem.objects.get(run=run, revision__question__public_id=public_id)
    for name, value in fields.items():
        setattr(item, name, value)
    item.save()
    return item


# ---- who may look ---------------------------------------------------------------------------------------------


def test_who_is_not_signed_in_is_asked_to(client, exam):
    assert client.get(MLA).url == f"{reverse('account_login')}?next={MLA}"


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_candidates_and_instructors_find_nothing(client, exam, role):
    person = UserFactory()
    if role:
        services.grant_role(user=person, role=role)
    client.force_login(person)
    assert client.get(MLA).status_code == 404


def test_authors_read_only(as_author, exam):
    assert as_author.get(MLA).status_code == 200
    assert as_author.post(MLA).status_code == 405


@pytest.mark.parametrize("asked", ["run=9", "run=x", "run=-1", "run=99999999999999999999"])
def test_an_unknown_run_is_not_found(as_author, exam, asked):
    assert as_author.get(f"{MLA}?{asked}").status_code == 404


def test_an_unknown_exam_is_not_found(as_author, exam):
    assert as_author.get("/bank/exams/XYZ/questions/").status_code == 404


# ---- without figures and with them ------------------------------------------------------------------------------


def test_without_a_run_the_questions_are_listed_without_figures(as_author, exam):
    page = as_author.get(MLA)
    total = Question.objects.filter(placements__exam=exam).count()
    assert f"{total} questions" in text_of(page)
    assert "No calibration over real sittings has been run yet" in text_of(page)
    assert "No figures yet" in row(page, ids(page)[0])


def test_a_measured_question_is_told_whole(as_author, exam):
    run = a_run(exam)
    public_id = on_forms()[0]
    item_of(
        run, public_id, n=1234, facility=0.613, item_rest=-0.004, discrimination=0.8, intercept=0.4, se_difficulty=0.12
    )
    kind = Revision.objects.get(question__public_id=public_id).strategy.label
    page = as_author.get(f"{MLA}?q={public_id}")
    assert f"{kind} Scorable 1,234 0.61 0.00 0.80 −0.50 ± 0.12 Ready" in row(page, public_id)
    assert "Figures of run 1" in text_of(page)


def test_few_people_tell_only_facility(as_author, exam):
    public_id = on_forms()[0]
    item_of(a_run(exam), public_id, n=29, facility=0.5, item_rest=0.33)
    shown = row(as_author.get(f"{MLA}?q={public_id}"), public_id)
    assert "29 0.50 under 30 people" in shown
    assert "0.33" not in shown


def test_what_is_not_measured_has_no_parameters(as_author, exam):
    revision = Seat.objects.filter(form__exam=exam)[0].revision
    a_run(exam, unmeasured=[revision.pk])
    shown = row(as_author.get(f"{MLA}?q={revision.question.public_id}"), revision.question.public_id)
    assert re.search(r" 120 0\.\d\d 0\.\d\d not measured 1 obstacle$", shown)


def test_what_could_not_be_computed_is_a_dash(as_author, exam):
    public_id = on_forms()[0]
    item_of(a_run(exam), public_id, facility=None, item_rest=None, se_difficulty=None)
    shown = row(as_author.get(f"{MLA}?q={public_id}"), public_id)
    assert "900 – –" in shown
    assert "None" not in shown
    assert "±" not in shown


def test_a_question_that_the_run_lacks_says_so(as_author, exam):
    run = a_run(exam)
    public_id = on_forms()[0]
    RunItem.objects.filter(run=run, revision__question__public_id=public_id).delete()
    assert "Not in this run" in row(as_author.get(f"{MLA}?q={public_id}"), public_id)


def test_the_newest_run_over_people_is_shown_unless_another_is_asked_for(as_author, exam):
    a_run(exam, promoted_at=timezone.now())
    a_run(exam)
    a_run(exam, includes_simulated=True)
    assert "Figures of run 2" in text_of(as_author.get(MLA))
    assert "Figures of run 1" in text_of(as_author.get(f"{MLA}?run=1"))
    simulated = as_author.get(f"{MLA}?run=3")
    assert "Simulated. Run 3 includes simulated sittings." in text_of(simulated)
    assert "?run=3" in simulated.content.decode()
    assert "Simulated." not in text_of(as_author.get(MLA))


def test_a_run_over_simulated_sittings_alone_is_only_offered(as_author, exam):
    a_run(exam, includes_simulated=True)
    page = as_author.get(MLA)
    assert "No calibration over real sittings has been run yet" in text_of(page)
    assert "simulated</option>" in page.content.decode()


def test_long_forgotten_runs_are_not_offered(exam):
    promoted = a_run(exam, promoted_at=timezone.now())
    others = [a_run(exam) for _ in range(questions.RECENT + 2)]
    runs = [*reversed(others), promoted]
    assert questions.offered_runs(runs, others[0]) == [*reversed(others[2:]), others[0], promoted]


def test_superseded_wordings_are_not_listed(as_author, exam):
    public_id = on_forms()[0]
    Revision.objects.filter(question__public_id=public_id).update(state=RevisionState.RETIRED)
    assert ids(as_author.get(f"{MLA}?q={public_id}")) == []


# ---- filters ----------------------------------------------------------------------------------------------------


def test_the_search_is_in_ids(as_author, exam):
    assert ids(as_author.get(f"{MLA}?q=1.1-00")) == [
        public_id
        for public_id in Question.objects.filter(placements__exam=exam).values_list("public_id", flat=True)
        if "1.1-00" in public_id
    ]
    assert "1.1-00" in as_author.get(f"{MLA}?q= 1.1-00 ").context["listing"].wanted.search


def test_the_domain_kind_and_status_narrow(as_author, exam):
    Standing.objects.filter(exam=exam, revision__question__public_id=on_forms()[3]).update(status=Status.PRETEST)
    listing = as_author.get(f"{MLA}?domain=D2").context["listing"]
    assert {row.domain for row in listing.page} == {"D2"}
    assert 0 < listing.found < listing.total
    assert {row.kind for row in as_author.get(f"{MLA}?kind=ordering").context["listing"].page} == {"ordering"}
    assert all(row.case for row in as_author.get(f"{MLA}?kind=case_study").context["listing"].page)
    assert ids(as_author.get(f"{MLA}?status=pretest")) == [on_forms()[3]]


def test_alarms_and_ready_questions_can_be_picked_out(as_author, exam):
    run = a_run(exam)
    alarmed, kept_out, apart, calibrated = on_forms()[:4]
    item_of(run, alarmed, alarms=["item-rest correlation 0.02, below 0.05"])
    item_of(run, kept_out, obstacles=["120 first exposures, 200 needed"])
    item_of(run, apart, connected=False)
    Standing.objects.filter(exam=exam, revision__question__public_id=calibrated).update(
        status=Status.CALIBRATED, discrimination=1, intercept=0
    )
    assert ids(as_author.get(f"{MLA}?show=alarms")) == [alarmed]
    ready = as_author.get(f"{MLA}?show=ready").context["listing"]
    assert ready.found == len(on_forms()) - 3
    assert not {kept_out, apart, calibrated} & {row.public_id for row in ready.page}
    assert "1 alarm" in row(as_author.get(f"{MLA}?show=alarms"), alarmed)


def test_nothing_found_is_said_with_a_way_out(as_author, exam):
    page = as_author.get(f"{MLA}?show=alarms&sort=-b&domain=D1")
    assert "No question that the other filters leave has an alarm." in text_of(page)
    assert 'href="?sort=-b">Show all' in html.unescape(page.content.decode())


def test_what_nobody_offered_is_ignored(as_author, exam):
    page = as_author.get(f"{MLA}?domain=X&kind=Y&status=Z&show=W&sort=-V&page=abc")
    assert page.context["listing"].found == page.context["listing"].total
    assert not page.context["listing"].wanted.any


def test_the_form_keeps_what_was_asked(as_author, exam):
    a_run(exam)
    text = as_author.get(f"{MLA}?{EVERYTHING}&run=1").content.decode()
    for chosen in ("D1", "multiple_choice", "scorable", "ready", "1"):
        assert f'<option value="{chosen}" selected>' in text
    assert 'value="mla"' in text
    assert '<input type="hidden" name="sort" value="-facility">' in text


# ---- order and pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(questions.SORTS))
def test_every_column_sorts_both_ways_with_missing_values_last(as_author, exam, name):
    a_run(exam, unmeasured=list(Seat.objects.values_list("revision_id", flat=True)[:5]))
    value = questions.SORTS[name][1]
    for sort in (name, f"-{name}"):
        pages = [as_author.get(f"{MLA}?sort={sort}&page={number}").context["listing"] for number in range(1, 7)]
        rows = [row for listing in pages[: pages[0].page.paginator.num_pages] for row in listing.page]
        values = [value(row) for row in rows]
        known = [one for one in values if one is not None]
        assert known == sorted(known, reverse=sort.startswith("-"))
        assert all(one is None for one in values[len(known) :])
        assert len({row.public_id for row in rows}) == pages[0].total


def test_the_sorted_column_says_so_and_turns_round(as_author, exam):
    text = as_author.get(f"{MLA}?sort=facility&domain=D1&page=2").content.decode()
    heads = re.findall(r'aria-sort="(\w+)"><a class="sort" href="([^"]+)"', text)
    assert heads == [("ascending", "?sort=-facility&amp;domain=D1")]
    assert 'href="?sort=-alarms&amp;domain=D1"' in text


def test_long_lists_are_paged(as_author, exam):
    first, second = (as_author.get(f"{MLA}?sort=-id&page={number}") for number in (1, 2))
    assert len(ids(first)) == questions.ON_A_PAGE
    assert not set(ids(first)) & set(ids(second))
    assert "Page 2 of" in text_of(second)
    assert 'rel="prev" href="?sort=-id&amp;page=1"' in second.content.decode()
    assert as_author.get(f"{MLA}?page=999").context["listing"].page.has_next() is False


# ---- cost -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("runs", "search", "rows"), [(1, "mla-1.1-001", 1), (4, "mla", questions.ON_A_PAGE)])
def test_the_list_takes_a_constant_number_of_statements(as_author, exam, runs, search, rows, django_assert_num_queries):
    for _ in range(runs):
        a_run(exam)
    with django_assert_num_queries(11):
        page = as_author.get(f"{MLA}?q={search}")
    assert len(ids(page)) == rows
