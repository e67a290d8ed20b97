"""The import pages: who may, what a file would do, what was done, and files that mean harm."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.roles import Role
from questions.interchange.exchange import Limits
from questions.interchange.formats import FORMATS
from questions.models import Exam, ImportUpload, Question, Revision
from questions.services import imports
from tests.factories import UserFactory
from tests.questions import material as packs
from tests.questions.interchange.material import choice, matching, ordering, response
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db

HERE = "/bank/import/"
KINDS = (choice(), response(), ordering(), matching())
MULTIPART = "multipart/form-data; boundary=x"


@pytest.fixture
def tst(tmp_path):
    """The small exam with two published questions, tst-001 and tst-002."""
    packs.loaded(tmp_path / "tst", packs.question(1), packs.matching(2))
    return Exam.objects.get(code="TST-01")


def made(name: str = "csv", count: int = 4) -> bytes:
    some = [replace(KINDS[number % 4], identifier=f"new-{number:03}") for number in range(1, count + 1)]
    return FORMATS[name].write(some)


def sent(client, data: bytes, name: str = "new.csv", kind: str = "text/csv", **more):
    return client.post(HERE, {"file": SimpleUploadedFile(name, data, kind), "exam": "TST-01", **more})


def brought(client, data: bytes | None = None, name: str = "new.csv", **more) -> str:
    """The address of the plan."""
    reply = sent(client, made() if data is None else data, name, **more)
    assert reply.status_code == 302, text_of(reply)
    address: str = reply.url
    return address


def decide(client, address: str, act: str = "confirm"):
    found = re.search(r'name="digest" value="(\w+)"', client.get(address).content.decode())
    return client.post(address, {"act": act, "digest": found[1] if found else ""}, follow=True)


def new() -> int:
    return Question.objects.filter(public_id__startswith="new-").count()


# ---- who may -----------------------------------------------------------------------------------------------------


ADDRESSES = [HERE, f"{HERE}{uuid.UUID(int=1)}/", "/bank/export/"]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_not_signed_in_is_asked_to(client, address, method):
    assert getattr(client, method)(address).url == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_candidates_and_instructors_find_nothing(client, address, method, role):
    person = UserFactory()
    if role:
        services.grant_role(user=person, role=role)
    client.force_login(person)
    assert getattr(client, method)(address).status_code == 404
    assert not ImportUpload.objects.exists()


def test_another_authors_file_is_not_found(as_author, tst, client):
    address = brought(as_author)
    other = UserFactory()
    services.grant_role(user=other, role=Role.AUTHOR)
    theirs = Client()
    theirs.force_login(other)
    digest = ImportUpload.objects.get().digest
    assert theirs.get(address).status_code == 404
    assert theirs.post(address, {"act": "confirm", "digest": digest}).status_code == 404
    assert theirs.post(address, {"act": "discard"}).status_code == 404
    assert "new.csv" not in text_of(theirs.get(HERE))
    assert (ImportUpload.objects.count(), new()) == (1, 0)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_form_from_elsewhere_is_refused(author, tst, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(author)
    assert client.post(address, {"file": SimpleUploadedFile("new.csv", made())}).status_code == 403
    assert client.put(address).status_code in (403, 405)
    assert not ImportUpload.objects.exists()


def test_the_bank_leads_here(as_author):
    page = as_author.get("/bank/").content.decode()
    assert f'href="{HERE}"' in page
    assert 'href="/bank/export/"' in page


# ---- from the file to the drafts ---------------------------------------------------------------------------------


def test_a_plan_is_shown_and_nothing_done(as_author, tst):
    text = text_of(as_author.get(brought(as_author)))
    assert "What would happen" in text
    assert "To be added 4 new questions as drafts" in text
    assert "Write 4 drafts?" in text
    assert new() == 0


def test_what_is_confirmed_is_written_and_told(as_author, tst, author):
    address = brought(as_author)
    page = decide(as_author, address)
    assert "4 drafts written" in text_of(page)
    assert "The file has been deleted" in text_of(page)
    drafts = Revision.objects.filter(question__public_id__startswith="new-")
    assert set(drafts.values_list("state", "author")) == {("draft", author.pk)}


def test_a_second_confirmation_does_nothing_more(as_author, tst):
    address = brought(as_author)
    digest = ImportUpload.objects.get().digest
    for _ in range(2):
        page = as_author.post(address, {"act": "confirm", "digest": digest}, follow=True)
    assert "4 drafts written" in text_of(page)
    assert Revision.objects.filter(question__public_id__startswith="new-").count() == 4


def test_a_plan_that_was_not_seen_is_not_carried_out(as_author, tst):
    page = as_author.post(brought(as_author), {"act": "confirm", "digest": "0" * 64}, follow=True)
    assert "The plan is another one by now; please look at it again." in text_of(page)
    assert new() == 0


def test_a_file_can_be_dropped(as_author, tst):
    address = brought(as_author)
    assert "new.csv was dropped. Nothing was written." in text_of(decide(as_author, address, "discard"))
    assert as_author.get(address).status_code == 404


def test_losses_and_reasons_are_told_question_by_question(as_author, tst):
    essay = b"<question type='essay'><name><text>Write</text></name></question></quiz>"
    address = brought(as_author, made("moodle").replace(b"</quiz>", essay), "new.xml")
    text = text_of(as_author.get(address))
    assert "Write Dropped Its answer is an essay." in text
    assert "Scoring answer by answer converted: all right answers and no other earn the point here." in text
    dropped = text_of(as_author.get(f"{address}?show=dropped"))
    assert "Its answer is an essay" in dropped
    assert "new-001" not in dropped
    assert "new-001" in text_of(as_author.get(f"{address}?show=nonsense&page=nonsense"))


def test_what_a_draft_still_needs_is_told(as_author, tst):
    address = brought(as_author, FORMATS["aiken"].write([choice()]), "new.txt", task=str(tst.tasks.first().pk))
    text = text_of(as_author.get(f"{address}?show=unready"))
    assert "Before it can be published:" in text
    assert "Not ready to publish 1" in text


def test_what_the_bank_has_is_left_alone(as_author, tst):
    reply = as_author.post("/bank/export/", {"format": "moodle", "exam": "TST-01", "wording": "published",
                                             "act": "download"})  # fmt: skip
    page = as_author.get(brought(as_author, reply.content, "bank.xml"))
    assert "Left alone 2 in the bank already" in text_of(page)
    assert "There is nothing to write" in text_of(page)
    assert 'value="confirm"' not in page.content.decode()


@pytest.mark.parametrize("name", ["csv", "qti"])
def test_round_trip_through_the_pages(as_author, tst, name):
    ending = FORMATS[name].extensions[0]
    decide(as_author, brought(as_author, made(name), f"new{ending}"))
    asked = {"format": name, "exam": "TST-01", "wording": "newest", "state": "draft", "act": "download"}
    reply = as_author.post("/bank/export/", asked)
    assert FORMATS[name].read(reply.content, Limits.from_settings()).questions
    page = as_author.get(brought(as_author, reply.content, f"back{ending}"))
    assert "Left alone 4 in the bank already" in text_of(page)


def test_questions_go_where_the_file_says(as_author, tst):
    address = brought(as_author, exam="")
    assert "For the exams that the file names" in text_of(as_author.get(address))
    assert "TST-01 1.1" in text_of(as_author.get(address))


# ---- large files -------------------------------------------------------------------------------------------------


def test_large_files_are_read_and_written_in_the_background(as_author, tst):
    address = brought(as_author, made(count=230))
    page = as_author.get(address)
    assert "Reading the file" in text_of(page)
    assert 'hx-trigger="every 1s"' in page.content.decode()
    assert f'<a href="{address}">Look again</a>' in page.content.decode()
    waiting = as_author.get(address, headers={"HX-Request": "true"})
    assert "HX-Refresh" not in waiting.headers
    imports.work_off(now=timezone.now())
    assert as_author.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    page = as_author.get(f"{address}?page=5")
    assert "htmx" not in page.content.decode().partition("</head>")[0].replace("htmx-config", "")
    assert "Page 5 of 5" in text_of(page)
    assert "Writing the drafts" in text_of(decide(as_author, address))
    assert new() == 0
    imports.work_off(now=timezone.now())
    assert "230 drafts written" in text_of(as_author.get(address))
    assert new() == 230


def test_a_page_takes_as_many_statements_for_many_questions_as_for_few(as_author, tst):
    counts = []
    for count in (5, 150):
        address = brought(as_author, made(count=count))
        for path in (address, HERE):
            as_author.get(path)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                as_author.get(path)
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 12


# ---- files that mean harm ----------------------------------------------------------------------------------------


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("imsmanifest.xml", b"<manifest>" + b" " * 30_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (bomb(), "new.zip", "unpack"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "photo.png", "in none of the formats"),
        (b'<!DOCTYPE quiz [<!ENTITY a "b">]>\n' + made("moodle").partition(b"?>")[2], "new.xml", "document type"),
        (b"   \n", "new.csv", "The file is empty."),
    ],
)
def test_hostile_files_are_refused_in_one_sentence(as_author, tst, data, name, said):
    page = as_author.get(brought(as_author, data, name))
    assert "Nothing was changed." in text_of(page)
    assert said in text_of(page)
    assert bytes(ImportUpload.objects.get().data) == b""


def test_the_type_that_a_browser_tells_means_nothing(as_author, tst):
    assert sent(as_author, made(), kind="application/x-msdownload").status_code == 302
    assert "To be added 4" in text_of(
        as_author.get(reverse("studio_import_preview", args=[ImportUpload.objects.get().uuid]))
    )


@pytest.mark.parametrize(
    ("sent_with", "said"),
    [
        ({}, "Choose a file."),
        ({"file": SimpleUploadedFile("new.csv", b"")}, "The file is empty."),
        ({"file": SimpleUploadedFile("n.csv", b"x"), "format": "word"}, "from the lists"),
        ({"file": SimpleUploadedFile("n.csv", b"x"), "exam": "X"}, "from the lists"),
    ],
)
def test_what_cannot_be_taken_is_told(as_author, tst, sent_with, said):
    reply = as_author.post(HERE, sent_with)
    assert reply.status_code == 422
    assert said in text_of(reply)
    assert not ImportUpload.objects.exists()


def test_a_file_just_over_the_limit_is_refused(as_author, tst, settings):
    settings.INTERCHANGE_LIMITS = settings.INTERCHANGE_LIMITS | {"bytes": 1_000}
    reply = sent(as_author, b"x" * 1_001)
    assert reply.status_code == 422
    assert "The file has 1,001 bytes; at most 1,000 are read." in text_of(reply)


class Endless(io.RawIOBase):
    """A body that counts how much of it was read."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.given += size
        return b"x" * size


def test_a_huge_upload_is_never_kept_nor_read_to_its_end(as_author, tst, settings):
    settings.INTERCHANGE_LIMITS = settings.INTERCHANGE_LIMITS | {"bytes": 100_000}
    body = Endless()
    reply = as_author.generic("POST", HERE, b"", MULTIPART, CONTENT_LENGTH=str(10**12), **{"wsgi.input": body})
    assert reply.status_code == 413
    assert "at most 100,000 are read." in text_of(reply)
    assert body.given <= 900_000


def test_who_is_no_author_has_nothing_read(client, tst):
    client.force_login(UserFactory())
    body = Endless()
    reply = client.generic("POST", HERE, b"", MULTIPART, CONTENT_LENGTH=str(10**6), **{"wsgi.input": body})
    assert (reply.status_code, body.given) == (404, 0)


def test_names_of_files_do_no_harm(as_author, tst):
    page = as_author.get(brought(as_author, name='"><script>alert(1)</script>.csv'))
    assert "<script>alert" not in page.content.decode()
