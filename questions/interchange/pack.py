"""The project's own packs: YAML with scenarios and questions. See `questions.pack`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml
from pydantic import ValidationError

from questions.interchange.collecting import Collector, check_size, shortened
from questions.interchange.exchange import (
    ForeignOption,
    ForeignPrompt,
    ForeignQuestion,
    ForeignReference,
    ForeignScenario,
    Limits,
    Parsed,
    Unreadable,
)
from questions.interchange.fidelity import lost_by
from questions.interchange.notes import Notes
from questions.interchange.text import UNKEPT, beginning, decode
from questions.kinds import KINDS
from questions.pack.reader import dotted, parse
from questions.pack.schema import ContentProblem, Question, Scenario
from questions.pack.wording import mean_rating

PARTS = {"scenarios", "questions"}
MOST_JUDGES = 20


@dataclass(frozen=True, slots=True)
class Pack:
    name: str = "pack"
    label: str = "Cutscore pack"
    extensions: tuple[str, ...] = (".yaml", ".yml")

    def can_read(self, data: bytes, name: str) -> bool:
        return any(line.startswith(("questions:", "scenarios:")) for line in beginning(data).splitlines())

    def read(self, data: bytes, limits: Limits) -> Parsed:
        check_size(data, limits)
        text, losses = decode(data)
        content, _, errors = parse("the file", text, aliases=False)
        if errors:
            raise Unreadable(f"The file is no pack: line {errors[0].line}: {errors[0].message}.")
        if not isinstance(content, dict) or not PARTS & set(content) or set(content) - PARTS:
            raise Unreadable('The file is no pack: it needs "questions", and may have "scenarios", and nothing else.')
        if not all(isinstance(content.get(part) or [], list) for part in PARTS):
            raise Unreadable('The file is no pack: "questions" and "scenarios" must be lists.')
        collector = Collector(limits)
        collector.file.add(*losses)
        scenarios = dict(_scenarios(content.get("scenarios") or [], collector.file))
        for entry in content.get("questions") or []:
            _question(entry, scenarios, collector)
        return collector.parsed()

    def write(self, questions: Sequence[ForeignQuestion]) -> bytes:
        scenarios = {
            question.scenario.identifier: {
                "id": question.scenario.identifier,
                "title": _line(question.scenario.title or question.scenario.identifier),
                "text": _clean(question.scenario.text),
            }
            for question in questions
            if question.scenario
        }
        content = {"scenarios": list(scenarios.values()), "questions": list(map(_written, questions))}
        return yaml.dump(
            {name: part for name, part in content.items() if part or name == "questions"},
            Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110,
        ).encode()  # fmt: skip

    def carries(self, question: ForeignQuestion) -> list[str]:
        return lost_by(self, question)


# ---- reading -------------------------------------------------------------------------------------------------------


def _reason(invalid: ValidationError) -> str:
    """The first thing wrong, as a clause."""
    problem = invalid.errors()[0]
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, ContentProblem):
        return f"{cause.problems[0].where}: {cause.problems[0].what}"
    where, message = dotted(problem["loc"]), problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _shown(entry: Any) -> str:
    return (
        shortened(*(str(entry.get(name) or "") for name in ("id", "stem"))) if isinstance(entry, dict) else "an entry"
    )


def _scenarios(entries: list[Any], file: Notes) -> Iterator[tuple[str, ForeignScenario]]:
    for entry in entries:
        try:
            found = Scenario.model_validate(entry)
        except ValidationError as invalid:
            file.dropped(f"scenario {_shown(entry)}", _reason(invalid))
            continue
        title = "" if found.title == found.id else found.title
        yield found.id, ForeignScenario(found.id, title, found.text)


def _question(entry: Any, scenarios: dict[str, ForeignScenario], collector: Collector) -> None:
    try:
        found = Question.model_validate(entry)
    except ValidationError as invalid:
        collector.drop(_shown(entry), _reason(invalid))
        return
    notes = collector.name(found.id)
    if notes.where != found.id:
        notes.converted("id", f"{found.id} stands in the file before")
    place = found.placements[0]
    if place.topics:
        notes.dropped("topics", "only load_pack places questions under topics")
    for other in found.placements[1:]:
        notes.dropped(f"place in {other.exam}", "a question comes into one exam at a time")
    ratings = found.ratings.get(place.exam)
    if ratings:
        notes.converted("judges' ratings", "their mean comes along as what the file says")
    if found.enemies:
        notes.dropped("enemies", "only load_pack says which questions must not share a form")
    if found.scenario and found.scenario not in scenarios:
        notes.dropped(f"scenario {found.scenario}", "the file does not hold it")
    content = found.content
    collector.keep(
        ForeignQuestion(
            identifier=notes.where,
            kind=KINDS[found.kind].name,
            stem=found.stem,
            options=tuple(ForeignOption(one.text, one.rationale, one.correct, one.position) for one in found.options),
            prompts=tuple(ForeignPrompt(one.text, one.rationale, one.option - 1) for one in content.prompts),
            references=tuple(ForeignReference(one.title, str(one.url)) for one in found.references),
            exam=place.exam,
            task=place.task,
            rating=mean_rating(ratings) if ratings else None,
            scenario=scenarios.get(found.scenario or ""),
        ),
        notes,
    )


# ---- writing -------------------------------------------------------------------------------------------------------


class Dumper(yaml.SafeDumper):
    """Long texts as blocks, as authors write them."""


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, _string)


def _clean(text: str) -> str:
    return UNKEPT.sub("", text)


def _line(text: str) -> str:
    return _clean(" ".join(text.split()))


def _written(question: ForeignQuestion) -> dict[str, Any]:
    options = []
    for number, option in enumerate(question.options, 1):
        entry: dict[str, Any] = {"id": _option_id(number)} if question.kind == "matching" else {}
        entry["text"] = _clean(option.text)
        if option.correct:
            entry["correct"] = True
        if option.position is not None:
            entry["position"] = option.position
        options.append({**entry, "rationale": _clean(option.rationale)})
    found: dict[str, Any] = {
        "id": question.identifier,
        "kind": question.kind,
        "placements": [{"exam": question.exam, "task": question.task}],
    }
    if question.scenario:
        found["scenario"] = question.scenario.identifier
    found |= {"stem": _clean(question.stem), "options": options}
    if question.prompts:
        found["prompts"] = [
            {"text": _clean(one.text), "option": _option_id(one.option_index + 1), "rationale": _clean(one.rationale)}
            for one in question.prompts
        ]
    found["references"] = [{"title": _line(one.title), "url": one.url} for one in question.references]
    found["ratings"] = {question.exam: _judged(question.rating)} if question.rating is not None else {}
    return found


def _option_id(number: int) -> str:
    return f"o{number}"


def _judged(mean: Decimal) -> list[int]:
    """The fewest ratings in hundredths whose mean, to four decimals, is this one; else the nearest hundredth."""
    for count in range(1, MOST_JUDGES + 1):
        total = round(mean * 100 * count)
        values = [total // count + (number < total % count) for number in range(count)]
        if mean_rating(values) == mean:
            return values
    return [round(mean * 100)]
