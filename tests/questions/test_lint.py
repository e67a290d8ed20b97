"""Each rule finds what it is for, and the shipped packs break none of them."""

from __future__ import annotations

import copy
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from questions.pack import schema
from questions.pack.lint import figures_of, lint
from questions.pack.reader import Pack, Source, read_pack

FOLDERS = sorted(path.parent for path in Path(settings.PACKS_DIRECTORY).glob("*/exam.yaml"))
HERE = Source("pack/questions/some.yaml", 1)
EXAM: dict[str, Any] = {
    "code": "T-1", "name": "Test", "level": "any", "status": "open", "as_of": "2026-11-21", "minutes": 10,
    "questions": 1, "scored": 1, "scale": {"pass_mark": 700},
    "kinds": {"multiple_choice": {"form": [1, 1], "scored": [1, 1]}},
    "domains": [{"code": "D1", "title": "All", "weight": 100, "tasks": [
        {"code": "1.1", "title": "Only", "topics": [{"number": 1, "title": "One"}]}]}],
}  # fmt: skip
WORDS = (
    "A carrier trains a model every night on parcels, and the job has to end before the vans leave in the morning, "
    "whatever the season and the number of parcels may be."
)
TEXTS = ("a faster disk here", "the larger instance", "a smaller batch now", "more workers today")
SHORT = {"text": "none", "rationale": "It is not so, at all."}


def question(**changes: Any) -> schema.Question:
    """A sound one, with something different."""
    written: dict[str, Any] = {
        "id": "t-1", "kind": "multiple_choice", "placements": [{"exam": "T-1", "task": "1.1", "topics": [1]}],
        "stem": f"{WORDS}\n\nWhich change meets this requirement?",
        "options": [
            {"text": text, "correct": place == 0, "rationale": f"Because {text} is how it is, and that is long enough."}
            for place, text in enumerate(TEXTS)
        ],
        "references": [{"title": "Guide", "url": "https://docs.aws.amazon.com/x.html"}],
        "ratings": {"T-1": [60, 65, 70, 75, 80]},
    }  # fmt: skip
    return schema.Question.model_validate(copy.deepcopy(written) | changes)


def pack_of(*questions: schema.Question, **exam: Any) -> Pack:
    return Pack(
        exam=schema.Exam.model_validate(EXAM | exam),
        exam_source=HERE,
        questions={one.id: (one, HERE) for one in questions},
    )


def rules(*questions: schema.Question, **exam: Any) -> set[str]:
    """The rules that are broken, but for those that so few questions cannot keep."""
    _, findings = lint([pack_of(*questions, **exam)])
    return {finding.rule for finding in findings} - {"key-place", "length-cue", "ratings"}


def options(*texts: str) -> list[dict[str, Any]]:
    return [
        {"text": text, "correct": place == 0, "rationale": "Because that is how it is, and the sentence is long."}
        for place, text in enumerate(texts)
    ]


def test_a_sound_question_breaks_no_rule():
    assert rules(question()) == set()


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("speaks-of-others", {"options": options("one thing", "another thing", "a third thing", "All of the above")}),
        ("negative", {"stem": f"{WORDS}\n\nWhich service does not meet this requirement?"}),
        ("absolute-word", {"options": options("one thing", "always this thing", "a third thing", "the last thing")}),
        ("absolute-word", {"options": options("always one thing", "that thing", "a third thing", "the last thing")}),
        ("overlap", {"options": options("a disk", "a disk with a cache", "the network", "some memory")}),
        ("endings", {"options": options("It is a disk.", "It is a cache", "It is memory.", "It is a network.")}),
        ("lengths", {"options": options("a disk", "network cards of every server there is", "RAM", "cache")}),
        ("rationale", {"options": [*options("a disk", "a cache", "memory"), SHORT]}),
        ("reference", {"references": [{"title": "Guide", "url": "http://docs.aws.amazon.com/x.html"}]}),
        ("judges", {"ratings": {"T-1": [60, 65, 70, 75]}}),
        ("judges", {"ratings": {}}),
        ("recall", {"stem": "Which service trains models?"}),
        ("coverage", {"placements": [{"exam": "T-1", "task": "1.1", "topics": []}]}),
    ],
)  # fmt: skip
def test_each_rule_finds_what_it_is_for(rule, changes):
    assert rules(question(**changes)) == {rule}


@pytest.mark.parametrize("asked", ["does NOT meet", "does **not** meet"])
def test_emphasis_makes_a_negative_question_fair(asked):
    assert rules(question(stem=f"{WORDS}\n\nWhich service {asked} this requirement?")) == set()


def test_stems_that_are_much_alike_are_found():
    other = question(id="t-2", stem=f"{WORDS}\n\nWhich change meets these requirements?")
    assert "alike" in rules(question(), other)


def test_a_form_needs_its_questions_kinds_and_weights():
    two = [{"code": code, "title": code, "weight": 50, "tasks": [
        {"code": f"{place}.1", "title": code, "topics": [{"number": 1, "title": "One"}]}]}
        for place, code in enumerate(["D1", "D2"], 1)]  # fmt: skip
    assert rules(question(), domains=two) == {"weights", "coverage"}
    kinds = {
        "multiple_choice": {"form": [0, 1], "scored": [0, 1]},
        "multiple_response": {"form": [1, 1], "scored": [0, 1]},
    }
    assert rules(question(), kinds=kinds) == {"kinds"}
    assert "size" in rules(
        question(), questions=2, scored=1, kinds={"multiple_choice": {"form": [2, 2], "scored": [1, 1]}}
    )


def test_cues_are_counted_over_an_exam():
    exam = schema.Exam.model_validate(EXAM)
    long = question(options=options("the right thing to do", "a disk", "a cache", "some memory"))
    numbers = figures_of(exam, [long, question()])
    assert (numbers.longest_key, numbers.key_places[1], numbers.fewest_judges) == (0.5, 1.0, 5)
    assert numbers.rating_mean == pytest.approx(0.70)


# ---- what is shipped -------------------------------------------------------------------------------------------------


def test_the_shipped_packs_break_no_rule():
    figures, findings = lint([read_pack(folder) for folder in FOLDERS])
    assert [str(finding) for finding in findings] == []
    assert {one.exam: one.questions >= least for one, least in zip(figures, (430, 215, 215), strict=True)} == {
        "MLA-C01": True, "MLA-C02": True, "MLS-C01": True,
    }  # fmt: skip


def test_the_command_reports(tmp_path):
    out = StringIO()
    call_command("lint_pack", "--json", stdout=out)
    assert [one["exam"] for one in json.loads(out.getvalue())["exams"]] == ["MLA-C01", "MLA-C02", "MLS-C01"]
    with pytest.raises(CommandError, match="errors in the packs' form"):
        call_command("lint_pack", tmp_path, stdout=StringIO(), stderr=StringIO())
