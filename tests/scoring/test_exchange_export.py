"""The export page: what is chosen, what is lost, and a file that browsers keep instead of showing it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from questions.interchange.exchange import Limits
from questions.interchange.formats import FORMATS
from questions.models import Exam, Revision
from scoring.bank import exchange
from tests.questions import material as packs
from tests.questions.studio import a_draft
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db

HERE = "/bank/export/"
ASKED = {"format": "moodle", "exam": "TST-01", "wording": "published", "act": "download"}


@pytest.fixture
def tst(tmp_path):
    """The small exam with two published questions, tst-001 and tst-002."""
    packs.loaded(tmp_path / "tst", packs.question(1), packs.matching(2))
    return Exam.objects.get(code="TST-01")


def ids_in(reply, name: str = "moodle") -> list[str]:
    return [one.identifier for one in FORMATS[name].read(reply.content, Limits()).questions]


def test_a_download_is_a_file_and_nothing_to_show(as_author, tst):
    reply = as_author.post(HERE, ASKED)
    assert ids_in(reply) == ["tst-001", "tst-002"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert "no-store" in reply.headers["Cache-Control"]
    name = reply.headers["Content-Disposition"]
    assert name.startswith('attachment; filename="cutscore-tst-01-moodle-20')
    assert name.endswith('.xml"')


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_had(as_author, tst, name):
    reply = as_author.post(HERE, ASKED | {"format": name, "act": "preview"})
    assert f"Export as {FORMATS[name].label}" in text_of(reply)
    assert as_author.post(HERE, ASKED | {"format": name}).status_code == 200


def test_a_preview_says_what_is_lost_of_which_question(as_author, tst):
    text = text_of(as_author.post(HERE, ASKED | {"format": "aiken", "act": "preview"}))
    assert "1 question in the file; 1 cannot be in it. Of 2 something is lost." in text
    assert "tst-002 Not in the file" in text
    text = text_of(as_author.post(HERE, ASKED | {"format": "csv", "act": "preview"}))
    assert "2 questions in the file. Nothing is lost: all of it comes back." in text


def test_a_selection_stays_through_every_step(as_author, tst):
    page = as_author.post(HERE, {"ids": ["tst-002", "tst-002"]})
    assert "1 question chosen : tst-002" in text_of(page)
    assert '<input type="hidden" name="ids" value="tst-002">' in page.content.decode()
    page = as_author.post(HERE, ASKED | {"ids": "tst-002", "act": "preview"})
    assert '<input type="hidden" name="ids" value="tst-002">' in page.content.decode()
    assert '<input type="hidden" name="wording" value="published">' in page.content.decode()
    assert ids_in(as_author.post(HERE, ASKED | {"ids": "tst-002, tst-999"})) == ["tst-002"]


def test_the_lists_selection_is_taken_over(as_author, tst):
    second = Revision.objects.get(question__public_id="tst-002")
    page = as_author.post(HERE, {"row": second.pk, "query": "sort=id"}).content.decode()
    assert '<input type="hidden" name="ids" value="tst-002">' in page
    page = as_author.post(HERE, {"all": "1", "query": f"exam={tst.code}"}).content.decode()
    assert '<input type="hidden" name="ids" value="tst-001 tst-002">' in page
    nothing = as_author.post(HERE, {"query": "kind=matching"}, follow=True)
    assert nothing.redirect_chain == [(f"{reverse('studio_questions')}?kind=matching", 302)]
    assert "Nothing was chosen" in nothing.content.decode()


def test_the_newest_wording_and_its_states(as_author, tst, author):
    a_draft(author, tst, public_id="tst-003")
    newest = ASKED | {"wording": "newest"}
    assert ids_in(as_author.post(HERE, newest)) == ["tst-001", "tst-002", "tst-003"]
    assert ids_in(as_author.post(HERE, newest | {"state": "draft"})) == ["tst-003"]
    assert ids_in(as_author.post(HERE, newest | {"state": ["draft", "published"]})) == ["tst-001", "tst-002", "tst-003"]
    assert ids_in(as_author.post(HERE, ASKED | {"state": "draft"})) == ["tst-001", "tst-002"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"format": "word"}, "from the lists"),
        ({"exam": "X"}, "from the lists"),
        ({"wording": "old"}, "from the lists"),
        ({"ids": "nobody"}, "No question fits this choice."),
    ],
)
def test_what_cannot_be_exported_is_told(as_author, tst, asked, said):
    reply = as_author.post(HERE, ASKED | asked)
    assert reply.status_code == 422
    assert said in text_of(reply)


def test_too_many_at_once_are_refused(as_author, tst, monkeypatch):
    monkeypatch.setattr(exchange, "MOST_OUT", 1)
    assert "These are 2 questions; at most 1 go into one download." in text_of(as_author.post(HERE, ASKED))


def test_a_form_begins_with_what_the_address_says(as_author, tst):
    page = as_author.get(f"{HERE}?exam=TST-01&format=gift").content.decode()
    assert '<option value="TST-01" selected>' in page
    assert '<option value="gift" selected>' in page


def test_losses_are_shown_in_pages(as_author, exam):
    asked = ASKED | {"format": "aiken", "exam": exam.code, "act": ""}
    del asked["act"]
    first, second = (as_author.post(HERE, asked | {"page": str(number)}) for number in (1, 2))
    assert "Page 1 of" in text_of(first)
    assert "Page 2 of" in text_of(second)


def test_statements_do_not_grow_with_the_questions(as_author, tst, exam):
    few = Revision.objects.published().filter(question__placements__exam=exam)[:3]
    ids = " ".join(few.values_list("question__public_id", flat=True))
    counts = []
    for more in ({"ids": ids}, {}):
        with CaptureQueriesContext(connection) as queries:
            as_author.post(HERE, ASKED | {"exam": exam.code, "act": "preview"} | more)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20
