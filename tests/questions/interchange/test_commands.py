"""manage.py import_questions and export_questions: what they say, and one clear line when they refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.roles import Role
from accounts.services import grant_role
from questions.interchange.formats import FORMATS
from questions.models import Audit, Question, Revision
from tests.accounts.factories import UserFactory
from tests.questions import material as packs
from tests.questions.interchange.material import choice, matching, response

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bank(tmp_path):
    packs.loaded(tmp_path / "tst", packs.question(1), packs.matching(2))


def run(name: str, *arguments: Any, **options: Any) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def failed(name: str, *arguments: Any, **options: Any) -> str:
    with pytest.raises(CommandError) as error:
        run(name, *arguments, **options)
    return str(error.value)


def file(folder: Path, name: str = "moodle", *more: Any) -> Path:
    """Two new questions, one with a loss, and one of an unsupported kind."""
    short = {"stem": "What should it do first?"}
    questions = [choice(identifier="new-001", **short), response(identifier="new-002", **short), *more]
    path = folder / f"new{FORMATS[name].extensions[0]}"
    data = FORMATS[name].write(questions)
    essay = b"<question type='essay'><name><text>Write</text></name></question></quiz>"
    path.write_bytes(data.replace(b"</quiz>", essay) if name == "moodle" else data)
    return path


def test_a_dry_run_tells_and_writes_nothing(tmp_path):
    path = file(tmp_path)
    assert run("import_questions", path, exam="TST-01", dry_run=True).split("\n") == [
        "fate       id                                  kind               task   stem",
        "added      new-001                             multiple choice    1.1    What should it do first?",
        "added      new-002                             multiple response  1.1    What should it do first?",
        "dropped    Write                                                         its answer is an essay",
        "",
        "Losses (2):",
        "new-002: scoring answer by answer converted: all right answers and no other earn the point here",
        "Write: the question dropped: its answer is an essay",
        "",
        "Moodle XML: 2 added, 0 changed, 0 unchanged, 1 dropped. Nothing was written.",
        "",
    ]  # fmt: skip
    assert not Question.objects.filter(public_id__startswith="new-").exists()


def test_an_import_is_in_the_name_of_its_author(tmp_path):
    author = UserFactory()
    grant_role(user=author, role=Role.AUTHOR)
    assert "2 added" in run("import_questions", file(tmp_path), exam="TST-01", by=author.email.upper())
    drafts = Revision.objects.filter(question__public_id__startswith="new-")
    assert set(drafts.values_list("author", "state")) == {(author.pk, "draft")}
    assert set(Audit.objects.filter(public_id__startswith="new-").values_list("who", flat=True)) == {author.pk}
    again = run("import_questions", file(tmp_path), exam="TST-01", by=author.email)
    assert "0 added, 0 changed, 2 unchanged, 1 dropped" in again


def test_questions_without_a_task_go_where_they_are_told(tmp_path):
    path = file(tmp_path, "csv", choice(identifier="new-003", task=""))
    assert "1 dropped" in run("import_questions", path, exam="TST-01", dry_run=True)
    assert "3 added" in run("import_questions", path, exam="TST-01", task="2.1")
    assert Question.objects.get(public_id="new-003").placements.get().task.code == "2.1"


def test_json_reports_everything(tmp_path):
    report = json.loads(run("import_questions", file(tmp_path), exam="TST-01", dry_run=True, json=True))
    assert report["counts"] == {"added": 2, "changed": 0, "unchanged": 0, "dropped": 1}
    assert (report["format"], report["dry_run"]) == ("moodle", True)
    assert [row["public_id"] for row in report["questions"]] == ["new-001", "new-002", ""]
    assert report["questions"][2]["losses"] == [
        {"where": "Write", "what": "the question", "why": "its answer is an essay", "severity": "dropped"}
    ]


def test_a_long_report_is_cut_unless_all_of_it_is_wanted(tmp_path):
    many = [choice(identifier=f"more-{number:03}") for number in range(70)]
    path = file(tmp_path, "csv", *many)
    assert "... and 22 more rows; --all shows them." in run("import_questions", path, exam="TST-01", dry_run=True)
    assert run("import_questions", path, exam="TST-01", dry_run=True, all=True).count("added  ") == 72


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exam": "NO-01"}, "There is no exam NO-01."),
        ({"exam": "TST-01", "task": "9.9"}, "TST-01 has no task 9.9."),
        ({"task": "1.1"}, "--task needs --exam."),
        ({"by": "nobody@example.com"}, "Nobody has the address nobody@example.com."),
        ({"format": "xlsx"}, "The file is no workbook that can be read."),
    ],
)
def test_bad_input_ends_in_one_line_and_changes_nothing(tmp_path, options, said):
    before = Revision.objects.count()
    assert failed("import_questions", file(tmp_path), **options) == said
    assert Revision.objects.count() == before


def test_files_that_are_missing_or_too_large(tmp_path, settings):
    assert (
        failed("import_questions", tmp_path / "none.xml")
        == f"{tmp_path}/none.xml cannot be read: No such file or directory."
    )
    settings.INTERCHANGE_LIMITS = {"bytes": 1_000}
    with (tmp_path / "huge.xml").open("wb") as huge:
        huge.truncate(1_000_000_000)
    assert (
        failed("import_questions", tmp_path / "huge.xml") == "The file has 1,000,000,000 bytes; at most 1,000 are read."
    )


def test_who_is_no_author_imports_nothing(tmp_path):
    person = UserFactory()
    assert (
        failed("import_questions", file(tmp_path), exam="TST-01", by=person.email) == "Only authors work on questions."
    )


# ---- export --------------------------------------------------------------------------------------------------------


def test_an_export_says_what_it_loses_and_can_be_imported_again(tmp_path):
    path = tmp_path / "out.xml"
    assert run("export_questions", exam="TST-01", format="moodle", output=path).split("\n") == [
        "tst-001: rating dropped: Moodle XML has no place for it",
        "tst-002: rating dropped: Moodle XML has no place for it",
        "out.xml: 2 questions, 2 losses",
        "",
    ]
    assert "2 unchanged" in run("import_questions", path, exam="TST-01")


def test_some_questions_only(tmp_path):
    path = tmp_path / "out.csv"
    run("export_questions", exam="TST-01", format="csv", output=path, ids=["tst-002"])
    assert path.read_text(encoding="utf-8-sig").count("tst-0") == 1
    assert failed("export_questions", exam="TST-01", format="csv", output=path, ids=["tst-002,no-001"]) == (
        "There is no such question to export: no-001."
    )


def test_drafts_are_exported_only_when_asked_for(tmp_path):
    run("import_questions", file(tmp_path, "csv", replace(matching(), identifier="new-003")), exam="TST-01")
    path = tmp_path / "out.csv"
    assert "out.csv: 2 questions" in run("export_questions", exam="TST-01", format="csv", output=path)
    report = json.loads(run("export_questions", exam="TST-01", format="csv", output=path, drafts=True, json=True))
    assert (report["questions"], report["losses"]) == (5, [])


def test_what_a_format_cannot_carry_at_all_is_left_out_and_named(tmp_path):
    path = tmp_path / "out.txt"
    said = run("export_questions", exam="TST-01", format="aiken", output=path)
    assert "tst-002: the question dropped: Aiken has no place for it" in said
    assert path.read_text().endswith("ANSWER: A\n")


def test_an_export_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    path = tmp_path / "none" / "out.csv"
    said = failed("export_questions", exam="TST-01", format="csv", output=path)
    assert said == f"{path} cannot be written: No such file or directory."
    assert (
        failed("export_questions", exam="NO-01", format="csv", output=tmp_path / "a.csv") == "There is no exam NO-01."
    )
    assert failed("export_questions", exam="TST-01", format="aiken", output=tmp_path / "a.txt", ids=["tst-002"]) == (
        "There is nothing to export."
    )
    assert not list(tmp_path.glob("*.part")) + list(tmp_path.glob("a.*"))
