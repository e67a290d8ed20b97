"""A small exam of our own, and questions for it, as a pack holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone

from questions.pack.loader import LoadReport, load
from questions.pack.reader import Pack, read_pack

EXAM: dict[str, Any] = {
    "code": "TST-01",
    "name": "Test Certified Tester - Associate",
    "level": "Associate",
    "status": "Only in tests",
    "as_of": "2026-11-21",
    "minutes": 10,
    "questions": 4,
    "scored": 3,
    "scale": {"minimum": 100, "pass_mark": 720, "maximum": 1000},
    "kinds": {"multiple_choice": {"form": [2, 4], "scored": [1, 3]}, "matching": {"form": [0, 2], "scored": [0, 2]}},
    "domains": [
        {
            "code": "D1",
            "title": "First",
            "weight": 60,
            "tasks": [
                {"code": "1.1", "title": "Begin", "topics": [{"number": 1, "title": "a"}, {"number": 2, "title": "b"}]},
                {"code": "1.2", "title": "Go on", "topics": [{"number": 1, "title": "c"}]},
            ],
        },
        {
            "code": "D2",
            "title": "Second",
            "weight": 40,
            "tasks": [{"code": "2.1", "title": "End", "topics": [{"number": 1, "title": "d"}]}],
        },
    ],
}


def question(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A sound multiple choice question, with `changes` to its fields."""
    return {
        "id": f"tst-{number:03}",
        "kind": "multiple_choice",
        "placements": [{"exam": "TST-01", "task": "1.1", "topics": [1]}],
        "stem": f"A stem with the number {number}.\n\nWhich option is right?",
        "options": [option("Right", correct=True), option("Wrong"), option("Amiss"), option("Astray")],
        "references": [{"title": "The manual", "url": "https://docs.example.com/manual"}],
        "ratings": {"TST-01": [70]},
        **changes,
    }


def option(text: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "rationale": f"{text} is what this option is, no more.", **more}


def matching(number: int = 1) -> dict[str, Any]:
    return question(
        number,
        kind="matching",
        options=[option("Red", id="a"), option("Green", id="b"), option("Blue", id="c")],
        prompts=[option("Sky", option="c"), option("Grass", option="b"), option("Sea", option="c")],
    )


def scenario(public_id: str = "tst-case", text: str = "A company has a problem.") -> dict[str, Any]:
    return {"id": public_id, "title": "A case", "text": text}


def write(folder: Path, *questions: dict[str, Any], scenarios: Any = (), exam: dict[str, Any] | None = EXAM) -> Path:
    """The pack as files in `folder`."""
    (folder / "questions").mkdir(parents=True, exist_ok=True)
    if exam is not None:
        (folder / "exam.yaml").write_text(yaml.safe_dump(exam, sort_keys=False))
    content = {"scenarios": list(scenarios), "questions": list(questions)}
    (folder / "questions" / "all.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


def pack(folder: Path, *questions: dict[str, Any], **more: Any) -> Pack:
    return read_pack(write(folder, *questions, **more))


def loaded(folder: Path, *questions: dict[str, Any], **more: Any) -> LoadReport:
    """What loading these questions into the bank reports."""
    return load(pack=pack(folder, *questions, **more), now=timezone.now())
