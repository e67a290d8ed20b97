"""Files that authors bring: read, confirmed and written once each, at once or in the background."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from io import StringIO

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.roles import Role
from accounts.services import revoke_role
from questions.interchange import storing
from questions.interchange.formats import FORMATS
from questions.models import Audit, Exam, ImportRow, ImportUpload, Question, Revision, Task
from questions.models.imports import ImportState
from questions.services import imports
from questions.services.base import NotAnAuthor, Refused
from tests.accounts.factories import UserFactory
from tests.questions import material as packs
from tests.questions.interchange.material import choice, matching, ordering, response

pytestmark = pytest.mark.django_db

NEW = [
    replace(question, identifier=f"new-{number:03}")
    for number, question in enumerate((choice(), response(), ordering(), matching()), 1)
]


@pytest.fixture
def tst(tmp_path):
    """The small exam with two published questions, tst-001 and tst-002."""
    packs.loaded(tmp_path / "tst", packs.question(1), packs.matching(2))
    return Exam.objects.get(code="TST-01")


def csv(count: int = 4) -> bytes:
    questions = [replace(NEW[number % 4], identifier=f"new-{number:03}") for number in range(1, count + 1)]
    return FORMATS["csv"].write(questions)


def new() -> int:
    return Question.objects.filter(public_id__startswith="new-").count()


def received(author, data=None, name="new.csv", **more) -> ImportUpload:
    return imports.receive(by=author, name=name, data=csv() if data is None else data, **more)


def later(upload: ImportUpload) -> ImportUpload:
    return ImportUpload.objects.get(pk=upload.pk)


def work() -> int:
    return imports.work_off(now=timezone.now())


# ---- small files -------------------------------------------------------------------------------------------------


def test_a_small_file_is_read_at_once_and_changes_nothing(tst, author):
    upload = received(author, exam=tst)
    assert (upload.state, upload.label) == ("planned", "CSV")
    assert later(upload).counts == {"added": 4, "changed": 0, "unchanged": 0, "dropped": 0}
    assert [row.place for row in upload.rows.all()] == ["TST-01 1.1"] * 4
    assert new() == 0


def test_what_is_confirmed_is_written_once_and_the_file_goes(tst, author):
    upload = received(author, exam=tst)
    for _ in range(3):
        assert imports.confirm(upload=upload, digest=upload.digest, by=author).state == "done"
    assert work() == 0
    assert new() == 4
    assert Audit.objects.filter(public_id__startswith="new-").count() == 4
    assert set(Revision.objects.filter(question__public_id__startswith="new-").values_list("author", "state")) == {
        (author.pk, "draft")
    }
    assert bytes(later(upload).data) == b""


def test_a_file_that_is_no_use_is_refused_in_one_sentence_and_goes(tst, author):
    upload = received(author, b"\x00\x01nothing of ours", "x.bin", exam=tst)
    assert upload.state == "refused"
    assert upload.message.startswith("The file is in none of the formats that can be read: ")
    assert bytes(later(upload).data) == b""
    with pytest.raises(Refused, match="look at it again"):
        imports.confirm(upload=upload, digest="", by=author)


def test_a_task_takes_questions_that_name_none(tst, author):
    task = Task.objects.get(exam=tst, code="1.1")
    data = FORMATS["aiken"].write([NEW[0]])
    assert received(author, data, "new.txt", exam=tst).counts["dropped"] == 1
    assert received(author, data, "new.txt", exam=tst, task=task).counts["added"] == 1
    elsewhere = Task(exam=Exam(pk=-1, code="X"), code="1.1")
    with pytest.raises(Refused, match="another exam"):
        received(author, exam=tst, task=elsewhere)


@pytest.mark.parametrize(
    ("data", "more", "said"),
    [
        (b"", {}, "The file is empty."),
        (b"x" * 2_001, {}, "The file has 2,001 bytes; at most 2,000 are read."),
        (b"x", {"format_name": "word"}, "There is no such format."),
    ],
)
def test_what_is_refused_is_not_kept(author, settings, data, more, said):
    settings.INTERCHANGE_LIMITS = settings.INTERCHANGE_LIMITS | {"bytes": 2_000}
    with pytest.raises(Refused) as refused:
        received(author, data, **more)
    assert str(refused.value) == said
    assert not ImportUpload.objects.exists()


def test_nobody_piles_up_files(author, tst):
    for _ in range(imports.MOST_OPEN):
        upload = received(author, exam=tst)
    with pytest.raises(Refused, match="import or drop one of them"):
        received(author, exam=tst)
    imports.discard(upload=upload, by=author)
    received(author, exam=tst)
    assert ImportRow.objects.count() == 40


def test_names_of_files_are_only_names(author, tst):
    assert received(author, name="../../etc/a\x00b\u202e.csv", exam=tst).name == "ab.csv"
    assert received(author, name="C:\\bank\\new.csv", exam=tst).name == "new.csv"
    assert received(author, name="", exam=tst).name == "file"


# ---- whose they are ----------------------------------------------------------------------------------------------


def test_only_authors_and_only_the_owner(tst, author, reviewer):
    with pytest.raises(NotAnAuthor):
        received(UserFactory(), exam=tst)
    upload = received(author, exam=tst)
    for verb in (lambda: imports.confirm(upload=upload, digest=upload.digest, by=reviewer),
                 lambda: imports.discard(upload=upload, by=reviewer)):  # fmt: skip
        with pytest.raises(Refused, match="somebody else"):
            verb()
    assert new() == 0
    assert imports.owned(reviewer, upload.uuid) is None
    assert imports.owned(author, upload.uuid) == upload


def test_who_is_no_author_any_more_writes_nothing(tst, author, monkeypatch):
    monkeypatch.setattr(imports, "AT_ONCE", 0)
    upload = received(author, exam=tst)
    work()
    imports.confirm(upload=upload, digest=later(upload).digest, by=author)
    revoke_role(user=author, role=Role.AUTHOR)
    work()
    assert later(upload).state == "refused"
    assert new() == 0


# ---- in the background -------------------------------------------------------------------------------------------


def test_large_files_wait_for_background_work(tst, author):
    upload = received(author, csv(201), exam=tst)
    assert upload.state == "reading"
    assert work() == 1
    upload = later(upload)
    assert upload.counts["added"] == 201
    assert imports.confirm(upload=upload, digest=upload.digest, by=author).state == "writing"
    assert new() == 0
    call_command("tick", once=True, stdout=StringIO())
    assert later(upload).state == "done"
    assert new() == 201
    assert work() == 0


def test_progress_is_told_while_it_is_read(tst, author, monkeypatch):
    upload = received(author, csv(201), exam=tst)
    seen: list[tuple[int, int] | None] = []
    real = cache.set

    def watched(*told):
        real(*told)
        seen.append(imports.progress_of(upload))

    monkeypatch.setattr(cache, "set", watched)
    work()
    assert seen == [(50, 201), (100, 201), (150, 201), (200, 201), (201, 201)]
    assert imports.progress_of(upload) is None


def test_a_bank_that_has_moved_on_is_no_longer_what_was_confirmed(tst, author):
    upload = received(author, exam=tst)
    other = received(author, csv(1), exam=tst)
    imports.confirm(upload=other, digest=other.digest, by=author)
    imports.confirm(upload=upload, digest=upload.digest, by=author)
    fresh = later(upload)
    assert (fresh.state, new()) == ("planned", 1)
    assert fresh.message.startswith("The bank has changed since the plan was made; nothing was imported.")
    assert fresh.counts == {"added": 3, "changed": 0, "unchanged": 1, "dropped": 0}
    with pytest.raises(Refused, match="another one by now"):
        imports.confirm(upload=upload, digest=upload.digest, by=author)
    imports.confirm(upload=fresh, digest=fresh.digest, by=author)
    assert (later(upload).state, new()) == ("done", 4)


class Killed(BaseException):
    """The process ends here."""


def test_whoever_is_killed_while_writing_has_changed_nothing(tst, author, monkeypatch):
    upload = received(author, csv(201), exam=tst)
    work()
    imports.confirm(upload=upload, digest=later(upload).digest, by=author)

    def dies(*_):
        assert new() == 201
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(storing, "_write_parts", dies)
        with pytest.raises(Killed):
            work()
    assert (later(upload).state, new()) == ("writing", 0)
    work()
    assert (later(upload).state, new()) == ("done", 201)


def test_a_file_that_kills_every_reader_is_given_up(tst, author, monkeypatch):
    upload = received(author, csv(201), exam=tst)

    def dies(*_, **__):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(imports, "plan", dies)
        for _ in range(imports.MOST_ATTEMPTS):
            with pytest.raises(Killed):
                work()
        work()
    assert later(upload).message == imports.NO_END


def test_a_fault_of_ours_is_told_in_the_end(tst, author, monkeypatch, caplog):
    upload = received(author, csv(201), exam=tst)
    monkeypatch.setattr(imports, "plan", lambda *_, **__: 1 / 0)
    for _ in range(imports.MOST_ATTEMPTS):
        work()
    assert (later(upload).state, later(upload).message) == ("refused", imports.FAULT)
    assert "ZeroDivisionError" in caplog.text


def test_what_is_being_written_cannot_be_dropped(tst, author):
    upload = received(author, csv(201), exam=tst)
    work()
    imports.confirm(upload=upload, digest=later(upload).digest, by=author)
    with pytest.raises(Refused, match="being written"):
        imports.discard(upload=upload, by=author)


def test_everything_is_gone_after_a_day(tst, author):
    upload = received(author, exam=tst)
    with time_machine.travel(timezone.now() + dt.timedelta(hours=23), tick=False):
        work()
        assert later(upload).state == "planned"
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25), tick=False):
        work()
    assert not ImportUpload.objects.exists()
    assert not ImportRow.objects.exists()


def test_nothing_to_do_takes_two_statements(django_assert_num_queries, author):
    with django_assert_num_queries(2):
        work()


def test_the_table_keeps_no_file_that_is_written(tst, author):
    upload = received(author, exam=tst)
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportUpload.objects.filter(pk=upload.pk).update(state=ImportState.DONE)
