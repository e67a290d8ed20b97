"""Whoever is asked to rate a question opens none of its other pages before: they show the key, or what others said."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, path, reverse

from exams.models import Form
from questions.interchange.exchange import Limits
from questions.interchange.formats import FORMATS
from questions.models import Audit, Revision
from questions.services import ratings
from scoring.bank.rate_first import named, rate_first
from scoring.bank.urls import OF_SCENARIOS, PublicIdConverter, urlpatterns
from tests.factories import UserFactory, begin, close, sat
from tests.questions.material import loaded, question
from tests.questions.studio import BECAUSE, STEMS, a_published, an_author, an_exam, choice
from tests.scoring.corrections import a_seat, act
from tests.scoring.judged import ask, page, rate, text_of
from tests.scoring.reported import report
from tests.scoring.test_bank_access import address

pytestmark = pytest.mark.django_db

FIRST = "You have this question to rate first"


def holding_an_id(patterns: list[URLPattern]) -> list[str]:
    """Names of the addresses that hold the id of a question, whatever they call it."""
    return sorted(
        {
            str(one.name)
            for one in patterns
            if any(type(converter) is PublicIdConverter for converter in one.pattern.converters.values())
        }
        - OF_SCENARIOS
    )


@pytest.fixture
def small(db):
    return an_exam()


@pytest.fixture
def judge(db):
    return an_author(display_name="Jill Quandt")


@pytest.fixture
def published(author, small):
    return a_published(author, an_author(), small)


@pytest.fixture
def turn(author, small, judge, published):
    return ask(published, small, [judge, an_author()], author)[0]


@pytest.fixture
def jill(client, judge):
    client.force_login(judge)
    return client


def where(name: str, revision: Revision) -> str:
    return address(name, revision.question.public_id).replace("/MLA-C01/", "/TST-01/")


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_of_the_question_leads_to_the_turn(jill, turn, published, method):
    names = holding_an_id(urlpatterns)
    assert len(names) > 25
    before = Audit.objects.count()
    for name in names:
        reply = getattr(jill, method)(where(name, published))
        assert reply.status_code == 403, name
        assert FIRST in text_of(reply)
        assert f'href="{page(turn)}"' in reply.content.decode()
        assert BECAUSE not in reply.content.decode()
        assert "no-store" in reply.headers["Cache-Control"]
    assert Audit.objects.count() == before
    assert ("Nothing was saved." in text_of(reply)) is (method == "post")


def test_an_answer_alone_opens_nothing_and_a_rating_opens_all(jill, turn, published, judge):
    here = reverse("studio_life", args=[published.question.public_id])
    ratings.answer(request=turn, response=(1,), by=judge)
    assert jill.get(here).status_code == 403
    ratings.rate(request=turn, value=71, by=judge)
    assert BECAUSE in jill.get(here).content.decode()


def test_a_closed_round_opens_them_too(jill, turn, published, small, author):
    ratings.close_round(revision=published, exam=small, by=author)
    assert jill.get(reverse("studio_life", args=[published.question.public_id])).status_code == 200


def test_other_questions_and_other_people_are_not_held_up(client, jill, turn, author, small, published):
    other = a_published(author, an_author(), small, choice(STEMS[2]))
    assert jill.get(reverse("studio_life", args=[other.question.public_id])).status_code == 200
    client.force_login(author)
    assert client.get(reverse("studio_life", args=[published.question.public_id])).status_code == 200


def test_a_page_that_calls_the_id_otherwise_is_found_by_the_walk():
    new = path("<public_id:which>/", lambda request, which: HttpResponse(), name="new_page")
    assert holding_an_id([new]) == ["new_page"]


def test_it_costs_one_statement(rf, author, published):
    asked = rf.get("/")
    asked.user = author
    author.has_perm("any")
    with CaptureQueriesContext(connection) as spent:
        reply = rate_first(lambda request, public_id: HttpResponse(), named)(
            asked, public_id=published.question.public_id
        )
    assert reply.status_code == 200
    assert len(spent) == 1


def test_the_list_quotes_no_rationale_of_it(jill, turn, published, judge):
    here = "/bank/questions/?exam=TST-01&q=manual"
    assert "<mark>manual</mark>" not in jill.get(here).content.decode()
    rate(turn, 71)
    assert "<mark>manual</mark>" in jill.get(here).content.decode()


# ---- exports ---------------------------------------------------------------------------------------------------------

ASKED = {"format": "moodle", "exam": "TST-01", "wording": "published"}
LEFT_OUT = "1 question is left out, because you have it to rate first."


@pytest.fixture
def others(tmp_path, small):
    loaded(tmp_path / "others", question(1), question(2))


def ids_in(reply) -> list[str]:
    return [one.identifier for one in FORMATS["moodle"].read(reply.content, Limits()).questions]


def test_a_file_leaves_it_out_and_says_so(jill, turn, others, published):
    assert LEFT_OUT in text_of(jill.post("/bank/export/", ASKED | {"act": "preview"}))
    assert ids_in(jill.post("/bank/export/", ASKED | {"act": "download"})) == ["tst-001", "tst-002"]
    assert LEFT_OUT in text_of(jill.get("/bank/export/"))  # what a file cannot say
    rate(turn, 71)
    reply = jill.post("/bank/export/", ASKED | {"act": "download"})
    assert ids_in(reply) == sorted(["tst-001", "tst-002", published.question.public_id])
    assert "left out" not in text_of(jill.get("/bank/export/"))


@pytest.mark.parametrize("wording", ["published", "newest"])
def test_a_selection_of_nothing_else_makes_no_file(jill, turn, published, wording):
    asked = ASKED | {"wording": wording, "ids": published.question.public_id}
    reply = jill.post("/bank/export/", asked | {"act": "download"})
    assert reply.status_code == 422
    assert LEFT_OUT in text_of(reply)


def test_the_file_of_somebody_else_holds_it(client, turn, published, author):
    client.force_login(author)
    assert published.question.public_id in ids_in(client.post("/bank/export/", ASKED | {"act": "download"}))


# ---- addresses that name a report or a regrade -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bank_report", "bank_regrade_detail"])
def test_addresses_by_number_are_guarded_too(jill, judge, author, exam, name):
    form = Form.objects.get(exam=exam, reference=True)
    seat = a_seat(form)
    if name == "bank_report":
        sitting = close(begin(UserFactory(), exam, form))
        here = reverse(name, args=[report(sitting, seat.number).pk])
    else:
        sat(UserFactory(), exam, form=form, right=50)
        here = reverse(name, args=[exam.code, act(seat).pk])
    assert jill.get(here).status_code == 200
    ask(seat.revision, exam, [judge], author)
    assert jill.get(here).status_code == 403
