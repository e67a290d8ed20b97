"""manage.py assemble: what scripts rely on."""

from __future__ import annotations

import json
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from exams.models import Form
from questions.models import Revision


def assemble(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("assemble", *arguments, "--json", stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def test_the_report(exam):
    report = assemble("MLA-C01", "--forms", "2", "--seed", "1")
    assert set(report) == {"exam", "seconds", "relaxed", "forms"}
    form = report["forms"][0]
    assert set(form) == {"code", "raw_cut", "minimum_passing_raw", "questions"}
    assert set(form["questions"][0]) == {"id", "domain", "task", "kind", "scored"}
    assert Counter(question["scored"] for question in form["questions"]) == {True: 50, False: 15}


def test_disjoint_forms_share_no_question(db, exam):
    Form.objects.all().delete()
    forms = assemble("MLA-C01", "--forms", "3", "--disjoint", "--seed", "1")["forms"]
    ids = [question["id"] for form in forms for question in form["questions"]]
    assert len(ids) == len(set(ids)) == 195


def test_a_dry_run_writes_nothing(exam):
    before = Form.objects.count()
    assert len(assemble("MLA-C01", "--dry-run")["forms"]) == 1
    assert Form.objects.count() == before


def test_an_unknown_exam_is_one_clear_line(exam):
    with pytest.raises(CommandError, match=r"^There is no exam XYZ\. Known: MLA-C01\.$"):
        call_command("assemble", "XYZ")


@pytest.mark.parametrize("number", ["0", "-1", "x", "101"])
def test_an_impossible_number_of_forms_is_refused(exam, number):
    with pytest.raises(CommandError, match="whole number from 1 to 100"):
        call_command("assemble", "MLA-C01", f"--forms={number}")


def test_a_bank_too_small_names_each_shortage_and_makes_nothing(exam):
    before = Form.objects.count()
    Revision.objects.filter(kind="ordering").update(state="retired")
    errors = StringIO()
    with pytest.raises(CommandError, match="cannot make"):
        call_command("assemble", "MLA-C01", stderr=errors)
    assert "ordering" in errors.getvalue()
    assert Form.objects.count() == before
