"""manage.py load_pack: what it reports, and one clear line when a pack cannot be loaded."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from questions.models import Question
from tests.questions.material import question, write

pytestmark = pytest.mark.django_db


def run(*folders: Path, **options: bool) -> str:
    out = StringIO()
    call_command("load_pack", *folders, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def failed(*folders: Path) -> tuple[str, str]:
    """The closing line and everything said before it."""
    err = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("load_pack", *folders, stdout=StringIO(), stderr=err)
    return str(error.value), err.getvalue()


def test_it_reports_what_happened(tmp_path):
    folder = write(tmp_path / "tst", question(1), question(2))
    assert run(folder) == "tst: 2 added, 0 changed, 0 unchanged\n"
    write(folder, question(1, stem="New words."), question(2))
    assert run(folder) == "tst: 0 added, 1 changed, 1 unchanged\n"


def test_json_is_one_list_with_an_entry_for_each_folder(tmp_path):
    one, two = write(tmp_path / "one", question(1)), write(tmp_path / "two", question(2), exam=None)
    assert json.loads(run(one, two, json=True)) == [
        {"exam": "TST-01", "added": ["tst-001"], "changed": [], "unchanged": 0, "kept": []},
        {"exam": None, "added": ["tst-002"], "changed": [], "unchanged": 0, "kept": []},
    ]


def test_without_folders_it_loads_what_is_shipped(settings, tmp_path):
    settings.PACKS_DIRECTORY = tmp_path
    write(tmp_path / "tst", question(1))
    assert run() == "tst: 1 added, 0 changed, 0 unchanged\n"


def test_a_bad_pack_ends_in_one_line_with_its_errors_before_it(tmp_path):
    folder = write(tmp_path / "tst", question(1, kind="ordering"))
    assert failed(folder) == (
        "tst: 2 errors, nothing was loaded.",
        (
            "tst/questions/all.yaml:15: questions.1.options: gives 0 options a position, must give 3 to 5\n"
            "tst/questions/all.yaml:17: questions.1.options.1.correct: only multiple choice and multiple response mark "
            "options correct\n"
        ),
    )


def test_many_errors_are_cut_short(tmp_path):
    folder = write(tmp_path / "tst", *(question(number, ratings={"TST-01": [1]}) for number in range(1, 31)))
    closing, said = failed(folder)
    assert closing == "tst: 30 errors, nothing was loaded."
    assert said.count("\n") == 20


def test_a_bad_pack_keeps_the_good_one_before_it_out(tmp_path):
    good, bad = write(tmp_path / "good", question(1)), write(tmp_path / "poor", question(2, stem=""), exam=None)
    assert failed(good, bad)[0] == "poor: 1 error, nothing was loaded."
    assert not Question.objects.filter(public_id="tst-001").exists()


def test_a_folder_that_is_not_there(tmp_path):
    assert failed(tmp_path / "none") == (f"{tmp_path}/none is not a folder.", "")
