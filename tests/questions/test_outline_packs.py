"""Packs and the studio: who decides about an exam's outline."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from questions import outlining
from questions.models import Exam, Placement
from questions.models.outline import Origin
from questions.outlining import Use
from questions.specification import Specification, as_pack, specification_of
from tests.factories import UserFactory
from tests.questions.material import EXAM, question, write
from tests.questions.outlines import specification

pytestmark = pytest.mark.django_db


def exam() -> Exam:
    return Exam.objects.get(code="TST-01")


def run(*folders: Path, **options: bool) -> str:
    out = StringIO()
    call_command("load_pack", *folders, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def edit(**changes: Any) -> None:
    before = specification_of(exam())
    outlining.change(
        exam=exam(), spec=replace(before, **changes), version=before.version, use=Use(), by=UserFactory(),
        now=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write(tmp_path / "tst", question(1))
    run(folder)
    return folder


def test_an_exam_from_a_pack_follows_it_until_it_is_edited(folder):
    assert (exam().origin, exam().edited_at) == (Origin.PACK, None)
    edit(offered=False)
    write(folder, question(1), exam={**EXAM, "minutes": 12})
    assert run(folder) == "tst: 0 added, 0 changed, 1 unchanged\n"
    assert exam().minutes == 12


def test_an_edited_outline_is_left_alone_and_the_questions_are_loaded(folder):
    edit(minutes=15)
    write(folder, question(1), question(2), exam={**EXAM, "minutes": 12})
    assert run(folder) == (
        "tst: 1 added, 0 changed, 1 unchanged\n"
        "  The outline of TST-01 was edited in the studio, so exam.yaml was left aside; --take-outline lets it decide "
        "again.\n"
    )
    assert exam().minutes == 15
    assert json.loads(run(folder, json=True))[0]["outline_kept"] is True
    assert Placement.objects.filter(exam=exam()).count() == 2


def test_a_question_that_needs_the_packs_outline_is_named(folder):
    edit(minutes=15)
    first, second = EXAM["domains"]
    new = {"code": "1.3", "title": "x", "topics": [{"number": 1, "title": "x"}]}
    longer = {**EXAM, "domains": [{**first, "tasks": [*first["tasks"], new]}, second]}
    write(folder, question(2, placements=[{"exam": "TST-01", "task": "1.3"}]), exam=longer)
    err = StringIO()
    with pytest.raises(CommandError, match="nothing was loaded"):
        call_command("load_pack", folder, stdout=StringIO(), stderr=err)
    assert "TST-01 has no task 1.3" in err.getvalue()


def test_the_pack_can_be_told_to_decide_again(folder):
    edit(minutes=15)
    write(folder, question(1), exam={**EXAM, "minutes": 12})
    assert run(folder, take_outline=True) == "tst: 0 added, 0 changed, 1 unchanged\n"
    assert (exam().minutes, exam().edited_at, exam().origin) == (12, None, Origin.PACK)
    write(folder, question(1), exam={**EXAM, "minutes": 13})
    run(folder)
    assert exam().minutes == 13


def test_an_outline_that_says_the_same_is_no_matter(folder):
    edit(minutes=15)
    edit(minutes=EXAM["minutes"])
    assert run(folder) == "tst: 0 added, 0 changed, 1 unchanged\n"


@pytest.mark.parametrize("take", [False, True])
def test_an_exam_made_in_the_studio_is_never_overwritten(tmp_path, take):
    spec: Specification = specification(code="TST-01")
    outlining.create(spec=spec, by=UserFactory(), now=timezone.now())
    before = specification_of(exam())
    folder = write(tmp_path / "tst", question(1))
    err = StringIO()
    with pytest.raises(CommandError, match="1 error, nothing was loaded"):
        call_command("load_pack", folder, take_outline=take, stdout=StringIO(), stderr=err)
    assert "this exam was made in the studio and no pack changes it" in err.getvalue()
    assert specification_of(exam()) == before
    (folder / "exam.yaml").unlink()
    assert run(folder) == "tst: 1 added, 0 changed, 0 unchanged\n"
    write(folder, question(1), exam=json.loads(json.dumps(as_pack(before), default=str)))
    assert run(folder) == "tst: 0 added, 0 changed, 1 unchanged\n"
