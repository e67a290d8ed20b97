"""Reports of problems in the bank: the list, one report, and what authors may not learn."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.roles import Role
from exams.models import Answer, Form
from questions.models import Placement
from scoring import problem_reports
from scoring.models import ProblemReport, Regrade
from scoring.reports import problems
from tests.factories import UserFactory, begin, close, key_of, sat
from tests.scoring.corrections import act as regrade
from tests.scoring.reported import ANSWER, TEXT, report, seat_of, settle
from tests.scoring.test_views_results import text_of

LIST = "/bank/reports/"


@pytest.fixture
def form(exam):
    return Form.objects.get(exam=exam, reference=True)


@pytest.fixture
def theirs(exam, form):
    return sat(UserFactory(display_name="Ottilie Quandt"), exam, form=form, right=0).sitting


def page_of(reported):
    return reverse("bank_report", args=[reported.pk])


def say(reported, act="answer", **fields):
    return {"act": act, "version": reported.version, "text": ANSWER} | fields


# ---- who may look ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_people_who_are_not_signed_in_are_asked_to(client, theirs, method):
    for page in (LIST, page_of(report(theirs))):
        assert getattr(client, method)(page).url == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
@pytest.mark.parametrize("act", ["answer", "dismiss"])
def test_only_authors_learn_that_it_exists(client, user, theirs, role, act):
    reported = report(theirs)
    if role:
        accounts.grant_role(user=user, role=role)
    for person in (user, theirs.user):  # a stranger, and whoever reported it
        client.force_login(person)
        assert client.get(LIST).status_code == 404
        assert client.get(page_of(reported)).status_code == 404
        assert client.post(page_of(reported), say(reported, act)).status_code == 404
    reported.refresh_from_db()
    assert reported.is_open


def test_authors_may_look(as_author, theirs):
    assert as_author.get(LIST).status_code == 200
    assert as_author.get(page_of(report(theirs))).status_code == 200
    assert as_author.post(LIST).status_code == 405


@pytest.mark.parametrize("pk", [0, 10**6, 10**30])
def test_a_report_that_does_not_exist_is_not_found(as_author, exam, pk):
    assert as_author.get(f"{LIST}{pk}/").status_code == 404


def test_authors_do_not_learn_who_it_was(as_author, theirs):
    reported = report(theirs)
    for page in (LIST, page_of(reported)):
        body = as_author.get(page).content.decode()
        for secret in (theirs.user.display_name, theirs.user.email, str(theirs.pk)):
            assert secret not in body


# ---- the list ----------------------------------------------------------------------------------------------------


def test_without_reports_the_list_says_so(as_author, exam):
    assert "Nothing is open" in text_of(as_author.get(LIST))
    assert "No such reports" in text_of(as_author.get(LIST, {"state": "dismissed"}))


def numbers(response):
    """The reports in the list."""
    return {int(number) for number in re.findall(r"No\. (\d+)", text_of(response))}


def test_the_list_is_filtered(as_author, exam, theirs):
    one, two = report(theirs, 1), report(theirs, 2, category="outdated")
    three, four = settle(report(theirs, 3)), settle(report(theirs, 4), "dismiss")
    question = seat_of(two).revision.question.public_id
    for asked, found in [
        ({}, {one, two}), ({"state": "answered"}, {three}), ({"state": "dismissed"}, {four}),
        ({"state": "all"}, {one, two, three, four}), ({"state": "nonsense"}, {one, two}),
        ({"category": "outdated"}, {two}), ({"category": "other"}, set()), ({"category": "nonsense"}, {one, two}),
        ({"exam": "MLA-C01"}, {one, two}), ({"exam": "XX-1"}, set()), ({"exam": "a\0b"}, set()),
        ({"question": f" {question.upper()} "}, {two}), ({"question": "<b>\0"}, set()),
        ({"state": "all", "category": "key", "page": "x"}, {one, three, four}),
    ]:  # fmt: skip
        assert numbers(as_author.get(LIST, asked)) == {each.pk for each in found}, asked


def test_reports_are_counted_for_each_question(as_author, exam, form, theirs):
    for _ in range(2):
        report(close(begin(UserFactory(), exam, form)), 2)
    settle(report(theirs, 2))
    report(theirs, 5)
    two, five = (form.seats.get(number=number).revision.question.public_id for number in (2, 5))
    groups = problems.listing_of({"state": "all"}).groups
    assert groups == [problems.Group(two, "MLA-C01", 3, 2), problems.Group(five, "MLA-C01", 1, 1)]
    assert f"Reports of {two} MLA-C01 2 3 Reports of {five} MLA-C01 1 1" in text_of(
        as_author.get(LIST, {"state": "all"})
    )


def test_a_long_list_has_pages_and_keeps_its_filters(as_author, theirs, monkeypatch):
    monkeypatch.setattr(problems, "PER_PAGE", 2)
    monkeypatch.setattr(problems, "MOST_GROUPS", 2)
    reports = [report(theirs, seat) for seat in (1, 2, 3)]
    page = as_author.get(LIST, {"exam": "MLA-C01"})
    assert numbers(page) == {reports[2].pk, reports[1].pk}
    assert 'href="?exam=MLA-C01&amp;page=2"' in page.content.decode()
    assert "the 2 questions with most" in text_of(page)
    assert numbers(as_author.get(LIST, {"page": "2"})) == {reports[0].pk}


@pytest.mark.parametrize("count", [1, 6])
def test_the_list_takes_a_constant_number_of_statements(as_author, theirs, count, django_assert_num_queries):
    for seat in range(1, count + 1):
        report(theirs, seat)
    with django_assert_num_queries(10):
        page = as_author.get(LIST)
    assert len(numbers(page)) == count


# ---- one report --------------------------------------------------------------------------------------------------


def verdicts(response):
    """What is said beside each option, or each prompt to match."""
    found = re.findall(r'<p class="verdict">(.*?)</p>', response.content.decode(), re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", verdict).split()) for verdict in found]


def expected(seat, response):
    """The same, worked out from the key and the response in tokens."""
    key, letters = key_of(seat), seat.letters()
    if seat.kind == "matching":
        return [f"Key {letters[right]} Chosen {letters[given]}" for right, given in zip(key, response, strict=True)]
    if seat.kind == "ordering":
        return [
            (f"Key, place {key.index(token) + 1} " if token in key else "Not part of the key ")
            + (f"Put in place {response.index(token) + 1}" if token in response else "Not placed")
            for token in seat.tokens
        ]
    return [("Key " * (token in key) + "Chosen" * (token in response)).strip() for token in seat.tokens]


@pytest.mark.parametrize("kind", ["multiple_choice", "multiple_response", "ordering", "matching"])
@pytest.mark.parametrize("right", [0, 50])
def test_a_report_shows_what_its_candidate_saw_and_gave(as_author, exam, form, kind, right):
    seat = form.seats.filter(kind=kind, scored=True)[0]
    sitting = sat(UserFactory(), exam, form=form, right=right).sitting
    page = as_author.get(page_of(report(sitting, seat.number)))
    body = page.content.decode()
    assert f"What the candidate says {TEXT}" in text_of(page)
    assert f"{form.code}, question {seat.number}" in text_of(page)
    assert verdicts(page) == expected(seat, Answer.objects.get(sitting=sitting, seat=seat.number).response)
    options = {option.number: option for option in seat.revision.options.all()}
    places = [body.index(f'<div class="text">{options[number].html}</div>') for number in seat.options]
    assert places == sorted(places)  # in this form's order
    for option in options.values():
        assert option.rationale_html in body


def test_a_question_without_an_answer_says_so(as_author, user, exam):
    sitting = close(begin(user, exam))
    assert "The candidate gave no answer." in text_of(as_author.get(page_of(report(sitting))))


@pytest.mark.parametrize(
    ("act", "said"),
    [(Regrade.Act.KEY, "Its key was corrected on"), (Regrade.Act.REMOVED, "It was removed from scoring on")],
)
def test_a_regrade_is_told(as_author, form, theirs, act, said):
    seat = form.seats.filter(kind="multiple_choice", scored=True)[0]
    reported = report(theirs, seat.number)
    assert said not in text_of(as_author.get(page_of(reported)))
    regrade(seat, act)
    assert said in text_of(as_author.get(page_of(reported)))


def test_a_report_leads_to_figures_and_regrade(as_author, theirs):
    reported = report(theirs)
    question = seat_of(reported).revision
    where = f"/bank/exams/MLA-C01/questions/{question.question.public_id}/"
    body = as_author.get(page_of(reported)).content.decode()
    for link in (f"{where}?revision=1", f"{where}?revision=1#h-figures", f"{where}regrade/?revision=1"):
        assert f'href="{link}"' in body
        assert as_author.get(link).status_code == 200
    Placement.objects.filter(question=question.question).delete()
    page = as_author.get(page_of(reported))
    assert "does not belong to MLA-C01 any more" in text_of(page)
    assert where not in page.content.decode()


def test_other_reports_of_the_revision_are_listed(as_author, exam, form, theirs, monkeypatch):
    monkeypatch.setattr(problems, "MOST_OTHERS", 1)
    reported = report(theirs)
    assert "Nobody else has reported a problem" in text_of(as_author.get(page_of(reported)))
    report(theirs, 2)
    others = [report(close(begin(UserFactory(), exam, form)), text=f"Other words, number {n}") for n in range(2)]
    page = text_of(as_author.get(page_of(reported)))
    assert f"No. {others[1].pk} The marked answer is wrong Other words, number 1" in page
    assert "Other words, number 0" not in page
    assert "All of this question" in page


def test_a_hostile_text_is_only_text(as_author, author, theirs):
    hostile = "</p><img src=x onerror=alert(1)> {% load x %} " + "W" * 600
    reported = settle(report(theirs, text=hostile), "dismiss", text=hostile, by=author)
    for page in (f"{LIST}?state=all", page_of(reported)):
        body = as_author.get(page).content.decode()
        assert "<img src=x" not in body
        assert "&lt;img src=x onerror=alert(1)&gt;" in body


@pytest.mark.parametrize("others", [0, 3])
def test_a_report_takes_a_constant_number_of_statements(
    as_author, exam, form, theirs, others, django_assert_num_queries
):
    seat = form.seats.filter(revision__scenario_revision__isnull=True, kind="matching")[0]
    reported = report(theirs, seat.number)
    for _ in range(others):
        report(close(begin(UserFactory(), exam, form)), seat.number)
    with django_assert_num_queries(15):
        page = as_author.get(page_of(reported))
    assert len(numbers(page)) == 1 + others


# ---- answering and dismissing ------------------------------------------------------------------------------------


def test_an_answer_closes_the_report(as_author, author, theirs):
    reported = report(theirs)
    page = text_of(as_author.post(page_of(reported), say(reported), follow=True))
    assert "The candidate can read your answer now." in page
    assert f"by {author.get_full_name()}. The candidate has not read it yet. {ANSWER}" in page
    assert "Dismiss without" not in page
    problem_reports.mark_read(reports=[ProblemReport.objects.get()], now=timezone.now())
    assert "The candidate read it on" in text_of(as_author.get(page_of(reported)))


def test_a_dismissal_closes_the_report(as_author, theirs):
    reported = report(theirs)
    page = text_of(as_author.post(page_of(reported), say(reported, "dismiss"), follow=True))
    assert "The report was dismissed." in page
    assert "Candidates do not read the reason." in page
    assert ProblemReport.objects.get().state == "dismissed"


@pytest.mark.parametrize(
    ("act", "said"), [("answer", "what the candidate is to read"), ("dismiss", "why the report is dismissed")]
)
@pytest.mark.parametrize(
    ("text", "bound"), [("", "at least 10"), ("No.", "at least 10"), ("x" * 2_001, "at most 2,000")]
)
def test_what_is_refused_is_explained(as_author, theirs, act, said, text, bound):
    reported = report(theirs)
    page = as_author.post(page_of(reported), say(reported, act, text=text))
    assert page.status_code == 422
    assert f"Say in {bound} characters {said}." in text_of(page)
    assert ('<details class="more" open>' in page.content.decode()) == (act == "dismiss")
    assert ProblemReport.objects.get().is_open


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_a_version_that_is_none_is_refused(as_author, theirs, version):
    reported = report(theirs)
    assert as_author.post(page_of(reported), say(reported, version=version)).status_code in (409, 422)
    assert ProblemReport.objects.get().is_open


def test_a_changed_report_is_read_again_first(as_author, theirs):
    reported = report(theirs)
    problem_reports.change(
        report_id=reported.pk, user_id=theirs.user_id, category="other", text="Something quite different.",
        now=timezone.now(),
    )  # fmt: skip
    page = as_author.post(page_of(reported), say(reported))
    assert page.status_code == 409
    assert "The candidate has changed the report since you opened it." in text_of(page)
    assert "Something quite different." in text_of(page)
    assert f"{ANSWER}</textarea>" in page.content.decode()
    assert 'name="version" value="2"' in page.content.decode()


def test_the_second_author_comes_too_late(as_author, theirs):
    reported = settle(report(theirs))
    page = as_author.post(page_of(reported), say(reported, "dismiss"))
    assert page.status_code == 409
    assert "This report has been dealt with meanwhile." in text_of(page)
    assert ProblemReport.objects.get().state == "answered"


def test_a_report_that_was_taken_back_is_gone(as_author, theirs):
    reported = report(theirs)
    problem_reports.take_back(report_id=reported.pk, user_id=theirs.user_id, now=timezone.now())
    page = as_author.post(page_of(reported), say(reported), follow=True)
    assert "most likely its candidate took it back" in text_of(page)


# ---- counted elsewhere -------------------------------------------------------------------------------------------


def test_open_reports_are_counted_on_the_pages_of_exam_and_question(as_author, theirs):
    first, second = report(theirs, 1), report(theirs, 2)
    settle(report(theirs, 3))
    exam = as_author.get("/bank/exams/MLA-C01/")
    assert "2 open reports of problems from candidates. Read them" in text_of(exam)
    assert f'href="{LIST}?exam=MLA-C01"' in exam.content.decode()
    question = seat_of(first).revision.question.public_id
    page = as_author.get(f"/bank/exams/MLA-C01/questions/{question}/")
    assert "1 open report of problems from candidates. Read it" in text_of(page)
    assert numbers(as_author.get(LIST, {"exam": "MLA-C01", "question": question})) == {first.pk}
    settle(first)
    assert "No open report" in text_of(as_author.get(f"/bank/exams/MLA-C01/questions/{question}/"))
    assert second.is_open


def test_the_bank_leads_to_the_reports(as_author, exam):
    assert f'href="{LIST}"' in as_author.get("/bank/").content.decode()
