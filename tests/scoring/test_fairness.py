"""Differential item functioning: over groups with consent and 200 people each, or not at all."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.models import Background, User
from accounts.roles import Role
from exams.models import Form, Sitting
from psychometrics import dif
from scoring import fairness
from scoring.models import SeatResult
from scoring.reports import standards
from tests.factories import UserFactory
from tests.scoring.consenting import SEATS, consenting, language

PEOPLE = 450


@pytest.fixture
def author(client, db):
    user = UserFactory()
    accounts.grant_role(user=user, role=Role.AUTHOR)
    client.force_login(user)
    return user


def page(client):
    return client.get(reverse("bank_fairness", args=["MLA-C01"])).content.decode()


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def scored_seat(exam, scored=True):
    return Form.objects.get(exam=exam, reference=True).seats.filter(scored=scored, number__lte=SEATS)[0]


def by_language(exam, **more):
    return next(each for each in fairness.compare(exam=exam, **more) if each.variable.field == "first_language")


# ---- what is compared ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scored", [True, False])
def test_a_question_that_is_harder_for_one_group_is_found(exam, scored):
    seat = scored_seat(exam, scored)
    consenting(exam, PEOPLE, hard_for_others=seat.number, gap=0.8)
    found = by_language(exam)
    assert (found.reference, found.focal, len(found.questions)) == (225, 225, SEATS)
    worst = min(found.questions, key=lambda question: question.comparison.delta)
    assert worst.revision_id == seat.revision_id
    assert worst.comparison.category == dif.Category.C
    assert worst.comparison.odds_ratio > 2
    # The one hard question lowers the others' scores, too, so the rest lean slightly the other way.
    others = [question.comparison for question in found.questions if question is not worst]
    assert sum(other.category == dif.Category.C for other in others) <= 1
    assert abs(sum(other.delta for other in others) / len(others)) < 0.5


def test_the_comparison_is_that_of_mantel_and_haenszel(exam):
    """Worked out by hand for one question that counts: equated scores in whole points are the strata."""
    results = consenting(exam, PEOPLE)
    seat = scored_seat(exam)
    tables: dict[int, list[list[int]]] = {}
    right = dict(SeatResult.objects.filter(seat=seat.number).values_list("result_id", "correct"))
    for place, result in enumerate(results):
        level = tables.setdefault(int(float(result.equated) + 0.5), [[0, 0], [0, 0]])
        level[place % 2][0 if right[result.pk] else 1] += 1
    expected = dif.compared(list(tables.values()))
    found = next(each for each in by_language(exam).questions if each.revision_id == seat.revision_id)
    assert found.comparison == expected


def test_who_is_abler_altogether_makes_no_question_unfair(exam):
    consenting(exam, PEOPLE, gap=1.0)
    found = by_language(exam)
    assert sum(question.comparison.category == dif.Category.C for question in found.questions) <= 1


@pytest.mark.parametrize(("people", "enough"), [(398, False), (400, True)])
def test_200_of_each_are_needed(exam, people, enough):
    consenting(exam, people)
    found = by_language(exam)
    assert (found.reference, found.focal) == (people // 2, people // 2)
    assert found.enough == enough
    assert bool(found.questions) == enough


def test_a_question_that_too_few_have_met_is_not_compared(exam):
    results = consenting(exam, 400)
    seat = scored_seat(exam)
    SeatResult.objects.filter(seat=seat.number, result=results[0]).update(seen_before=True)
    found = next(each for each in by_language(exam).questions if each.revision_id == seat.revision_id)
    assert (found.reference, found.focal, found.comparison) == (199, 200, None)


def test_an_omitted_question_is_wrong_and_one_not_reached_says_nothing(exam):
    results = consenting(exam, 402)
    unanswered = {"answered": False, "correct": False, "spent_ms": 0}
    SeatResult.objects.filter(result=results[0], seat=3).update(**unanswered)
    SeatResult.objects.filter(result=results[0], seat__gt=SEATS - 2).update(**unanswered)
    questions = {each.revision_id: each for each in by_language(exam).questions}
    on = dict(Form.objects.get(exam=exam, reference=True).seats.values_list("number", "revision_id"))
    assert [questions[on[number]].reference for number in (3, SEATS - 2, SEATS - 1, SEATS)] == [201, 201, 200, 200]


# ---- who takes part --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [{"simulated": True}, {"multiplier": "1.25"}, {"extra_minutes": 30}, {"granted_minutes": 5}, {"limit_minutes": 90},
     {"state": "ended", "closed_at": None}, {"void": True}],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_a_sitting_that_does_not_count(exam, changed):
    consenting(exam, 3)
    assert fairness.first_sittings(exam).count() == 3
    Sitting.objects.filter(pk=Sitting.objects.all()[0].pk).update(**changed)
    assert fairness.first_sittings(exam).count() == 2


def test_only_the_first_closed_sitting_counts(exam):
    (first,) = consenting(exam, 1)
    again = Sitting.objects.get()
    again.pk, again.started_at = None, again.started_at + dt.timedelta(hours=1)
    again.save(force_insert=True)
    assert fairness.first_sittings(exam).get() == first.sitting
    for changed in ({"extra_minutes": 30}, {"extra_minutes": 0, "void": True}):
        Sitting.objects.filter(pk=first.sitting_id).update(**changed)  # not replaced by the second one
        assert not fairness.first_sittings(exam).exists()
    assert not standards.first_sittings([exam]).exists()


def test_a_moment_leaves_out_what_came_later(exam):
    consenting(exam, 2)
    assert by_language(exam, until=timezone.now() + dt.timedelta(minutes=1)).reference == 1
    assert by_language(exam, until=timezone.now() - dt.timedelta(days=1)).reference == 0


def test_who_did_not_agree_or_took_it_back_is_not_compared(exam):
    consenting(exam, 6, told=lambda place: language(place) if place < 4 else None)
    assert (by_language(exam).reference, by_language(exam).focal) == (2, 2)
    accounts.withdraw_background(user=User.objects.get(background=Background.objects.filter(first_language="other")[0]))
    assert (by_language(exam).reference, by_language(exam).focal) == (2, 1)


# ---- the page --------------------------------------------------------------------------------------------------


def test_the_page_says_how_many_are_missing(client, author, exam):
    consenting(exam, 398)
    said = words(page(client))
    assert "English 199 of 200 needed Another language 199 of 200 needed" in said
    assert "Two years or more 0 of 200 needed" in said
    assert "Odds ratio English" not in said
    assert Form.objects.get(exam=exam, reference=True).seats.all()[0].revision.question.public_id not in said


def test_the_page_shows_flagged_questions_first_and_no_person(client, author, exam):
    seat = scored_seat(exam)
    consenting(exam, PEOPLE, hard_for_others=seat.number)
    html = page(client)
    rows = re.findall(r"<tr>.*?</tr>", html, re.DOTALL)[1:]
    assert len(rows) == SEATS
    assert seat.revision.question.public_id in rows[0]
    assert "C, large" in rows[0]
    assert "Harder for people with another first language" in rows[0]
    assert re.search(r"−\d\.\d\d", rows[0])
    judged = ["".join(re.findall(r"[ABC](?=, )", row)) for row in rows]
    assert judged == sorted(judged, reverse=True)
    assert "Candidate Name" not in html
    assert "example.com" not in html.replace(author.email, "")


def test_the_page_without_anybody(client, author, exam):
    assert words(page(client)).count("0 of 200 needed") == 4


def test_the_page_costs_the_same_however_many(client, author, exam):
    costs = []
    for people in (410, 60):
        consenting(exam, people, seed=people)
        with CaptureQueriesContext(connection) as queries:
            page(client)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert costs[0] <= 9


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_only_authors_come_in(client, exam, role):
    address = reverse("bank_fairness", args=["MLA-C01"])
    assert client.get(address).url == f"/account/login/?next={address}"
    user = UserFactory()
    if role:
        accounts.grant_role(user=user, role=role)
    client.force_login(user)
    assert client.get(address).status_code == 404


def test_an_unknown_exam_and_another_method(client, author, exam):
    assert client.get("/bank/exams/XYZ/fairness/").status_code == 404
    assert client.post(reverse("bank_fairness", args=["MLA-C01"])).status_code == 405
