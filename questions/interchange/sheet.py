"""Questions as rows of a table, for CSV and XLSX. docs/interchange.md describes the columns.

One row holds one question. Texts are Markdown. `key` holds option numbers: the right one, all right ones, the right
order of an ordering, or the option of each prompt.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from string import ascii_lowercase

from questions.interchange.collecting import Collector, shortened
from questions.interchange.exchange import (
    ForeignOption,
    ForeignPrompt,
    ForeignQuestion,
    ForeignReference,
    ForeignScenario,
    ForeignStatistics,
    Limits,
    Parsed,
    Unreadable,
)
from questions.interchange.html import from_markdown
from questions.interchange.notes import Dropped, Notes
from questions.interchange.text import tidy
from questions.kinds import KINDS

Row = dict[str, str]

PLAIN = ("id", "kind", "title", "exam", "task", "tags", "scenario", "scenario title", "scenario text", "stem", "key")
STATISTICS = ("facility", "point biserial", "discrimination", "intercept", "first exposures")
NUMBERED = ("option", "rationale", "prompt", "prompt rationale", "reference", "address")
FEWEST_OPTIONS, FEWEST_REFERENCES = 4, 1
MOST_COLUMNS = 200
EMPTY_ROWS = 100  # so many in a row end a table
OTHER_NAMES = {
    "identifier": "id", "public id": "id", "question id": "id", "number": "id", "type": "kind", "question type": "kind",
    "name": "title", "question": "stem", "question text": "stem", "text": "stem", "answer": "key", "answers": "key",
    "correct": "key", "correct answer": "key", "correct answers": "key", "correct option": "key", "right": "key",
    "explanation": "explanation", "feedback": "explanation", "general feedback": "explanation", "tag": "tags",
    "category": "tags", "scenario id": "scenario", "reference": "reference 1", "reference title": "reference 1",
    "url": "address 1", "link": "address 1", "address": "address 1", "reference url": "address 1",
    "point-biserial": "point biserial",
}  # fmt: skip
NUMBERED_NAMES = {
    "option": "option", "answer": "option", "choice": "option", "rationale": "rationale", "feedback": "rationale",
    "explanation": "rationale", "prompt": "prompt", "prompt rationale": "prompt rationale", "reference": "reference",
    "reference title": "reference", "address": "address", "url": "address", "reference url": "address",
}  # fmt: skip
KIND_NAMES = {
    "mc": "multiple_choice", "single": "multiple_choice", "single choice": "multiple_choice", "mr": "multiple_response",
    "multiple": "multiple_response", "multiple answer": "multiple_response", "multiple answers": "multiple_response",
    "multi select": "multiple_response", "order": "ordering", "match": "matching",
}  # fmt: skip


# ---- writing -------------------------------------------------------------------------------------------------------


def heads(questions: Sequence[ForeignQuestion]) -> list[str]:
    """The columns that these questions need."""
    options = max([FEWEST_OPTIONS, *(len(question.options) for question in questions)])
    prompts = max([0, *(len(question.prompts) for question in questions)])
    references = max([FEWEST_REFERENCES, *(len(question.references) for question in questions)])
    return [
        *PLAIN,
        *(f"{name} {number}" for number in range(1, options + 1) for name in ("option", "rationale")),
        *(f"{name} {number}" for number in range(1, prompts + 1) for name in ("prompt", "prompt rationale")),
        *(f"{name} {number}" for number in range(1, references + 1) for name in ("reference", "address")),
        "rating",
        *STATISTICS,
    ]


def cells(question: ForeignQuestion) -> Row:
    """The question by the names of the columns; what it does not have is left out."""
    row = {
        "id": question.identifier,
        "kind": question.kind,
        "title": question.title,
        "exam": question.exam,
        "task": question.task,
        "tags": "; ".join(question.tags),
        "stem": question.stem,
        "key": " ".join(map(str, _key(question))),
        "rating": "" if question.rating is None else format(question.rating, "f"),
    }
    if question.scenario:
        row["scenario"] = question.scenario.identifier
        row["scenario title"], row["scenario text"] = question.scenario.title, question.scenario.text
    if question.statistics:
        for name in STATISTICS:
            value = getattr(question.statistics, name.replace(" ", "_"))
            row[name] = "" if value is None else repr(value)
    for number, option in enumerate(question.options, 1):
        row[f"option {number}"], row[f"rationale {number}"] = option.text, option.rationale
    for number, prompt in enumerate(question.prompts, 1):
        row[f"prompt {number}"], row[f"prompt rationale {number}"] = prompt.text, prompt.rationale
    for number, reference in enumerate(question.references, 1):
        row[f"reference {number}"], row[f"address {number}"] = reference.title, reference.url
    return row


def _key(question: ForeignQuestion) -> list[int]:
    options = list(enumerate(question.options, 1))
    if question.kind == "matching":
        return [prompt.option_index + 1 for prompt in question.prompts]
    if question.kind == "ordering":
        return [number for _, number in sorted((one.position, number) for number, one in options if one.position)]
    return [number for number, option in options if option.correct]


# ---- reading -------------------------------------------------------------------------------------------------------


def head_of(cell: str) -> str:
    """The column that a heading means, "" for none: capitals, hyphens and underscores do not matter."""
    name = " ".join(re.sub(r"[_\-]+", " ", cell.strip().lower()).split())
    if re.fullmatch("[a-h]", name):
        return f"option {ascii_lowercase.index(name) + 1}"
    found = re.fullmatch(r"(.*?) ?([0-9]{1,2}|[a-h])", name)
    if found and found[1] in NUMBERED_NAMES:
        number = int(found[2]) if found[2].isdigit() else ascii_lowercase.index(found[2]) + 1
        return f"{NUMBERED_NAMES[found[1]]} {number}"
    name = OTHER_NAMES.get(name, name)
    return name if name in (*PLAIN, *STATISTICS, "rating", "explanation", "reference 1", "address 1") else ""


def is_heading(row: Iterable[str]) -> bool:
    """Whether a row can head a table of questions."""
    names = {head_of(cell) for cell in row}
    return "stem" in names and ("key" in names or "option 1" in names)


def read(rows: Iterable[Sequence[str]], limits: Limits, file: Notes) -> Parsed:
    """The questions of a table. Raises Unreadable; `file` holds what was noted about the file so far."""
    walk = iter(rows)
    first = next((row for row in walk if any(cell.strip() for cell in row)), [])
    if not is_heading(first):
        raise Unreadable('The first row does not name the columns: it needs at least "stem" and "key".')
    names = [head_of(cell) for cell in first]
    for cell, name in zip(first, names, strict=True):
        if cell.strip() and not name:
            file.dropped(f"column {shortened(cell)}", "no column has this name")
        elif name and names.count(name) > 1:
            raise Unreadable(f'Two columns mean the same: "{name}".')
    collector = Collector(limits)
    collector.file.add(*file.losses)
    table = list(_filled(walk, names, limits))
    scenarios = _scenarios(table, collector.file)
    for row in table:
        _question(row, scenarios, collector)
    parsed = collector.parsed()
    if not table:
        raise Unreadable("The table has no rows below its heading.")
    return parsed


def _filled(walk: Iterator[Sequence[str]], names: list[str], limits: Limits) -> Iterator[Row]:
    empty = found = 0
    for cells_ in walk:
        row = {name: tidy(cell) for name, cell in zip(names, cells_, strict=False) if name and cell.strip()}
        empty = 0 if row else empty + 1
        if empty > EMPTY_ROWS:
            return
        if row:
            found += 1
            if found > limits.questions:
                raise Unreadable(f"The file holds more than {limits.questions:,} questions.")
            yield row


def _scenarios(table: list[Row], file: Notes) -> dict[str, ForeignScenario]:
    """Scenarios by their ids; the text may stand in one row or in all of them."""
    found: dict[str, ForeignScenario] = {}
    for row in table:
        identifier, text = row.get("scenario", ""), row.get("scenario text", "")
        if not identifier or not text:
            continue
        scenario = ForeignScenario(identifier, row.get("scenario title", ""), text)
        if found.setdefault(identifier, scenario) != scenario:
            file.dropped(f"another wording of scenario {shortened(identifier)}", "its first wording counts")
    return found


def _question(row: Row, scenarios: dict[str, ForeignScenario], collector: Collector) -> None:
    stem = row.get("stem", "")
    if why := collector.too_long(row.values()):  # before anything is looked for in it
        collector.drop(shortened(row.get("id", ""), row.get("title", ""), stem), why)
        return
    notes = collector.name(row.get("id", ""), title=row.get("title", ""), text="".join(row.values()))
    try:
        question = _Reader(row, notes).question(scenarios)
    except Dropped as reason:
        collector.drop(shortened(row.get("id", ""), row.get("title", ""), stem), str(reason))
        return
    collector.keep(question, notes)


class _Reader:
    """One row."""

    def __init__(self, row: Row, notes: Notes) -> None:
        self.row, self.notes = row, notes

    def question(self, scenarios: dict[str, ForeignScenario]) -> ForeignQuestion:
        row, notes = self.row, self.notes
        if not row.get("stem"):
            raise Dropped("it has no stem")
        texts = self._numbered("option")
        asked = self._numbered("prompt")
        key = self._numbers(len(texts))
        kind = self._kind(key, has_prompts=bool(asked))
        if kind == "matching" and len(key) != len(asked):
            raise Dropped(f"its key names {len(key)} options for {len(asked)} prompts")
        if kind != "matching" and asked:
            notes.dropped("prompts", "only a matching question has prompts")
            asked = []
        rationales, prompt_rationales = self._texts("rationale"), self._texts("prompt rationale")
        options = [
            ForeignOption(
                text,
                rationales.get(number, ""),
                correct=kind in ("multiple_choice", "multiple_response") and number in key,
                position=key.index(number) + 1 if kind == "ordering" and number in key else None,
            )
            for number, text in enumerate(texts, 1)
        ]
        self._explain(options, key)
        identifier = row.get("scenario", "")
        if identifier and identifier not in scenarios:
            notes.dropped(f"scenario {shortened(identifier)}", "no row gives its text")
        return ForeignQuestion(
            identifier=notes.where,
            kind=kind,
            stem=self._text("stem"),
            options=tuple(options),
            prompts=tuple(
                ForeignPrompt(text, prompt_rationales.get(number, ""), key[number - 1] - 1)
                for number, text in enumerate(asked, 1)
            ),
            title=" ".join(row.get("title", "").split()),
            references=self._references(),
            tags=tuple(
                dict.fromkeys(tag for part in row.get("tags", "").split(";") if (tag := " ".join(part.split())))
            ),
            exam=row.get("exam", ""),
            task=row.get("task", ""),
            rating=self._rating(),
            statistics=self._statistics(),
            scenario=scenarios.get(identifier),
        )

    def _text(self, name: str) -> str:
        return self.notes.text(from_markdown(self.row.get(name, ""), self.notes.where, name))

    def _texts(self, name: str) -> dict[int, str]:
        found = {}
        for column in self.row:
            if match := re.fullmatch(rf"{name} ([0-9]+)", column):
                found[int(match[1])] = self._text(column)
        return found

    def _numbered(self, name: str) -> list[str]:
        """Texts from 1 without gaps. Raises Dropped."""
        found = self._texts(name)
        if sorted(found) != list(range(1, len(found) + 1)):
            raise Dropped(f"its columns {name} 1, {name} 2 and so on have a gap")
        return [found[number] for number in sorted(found)]

    def _numbers(self, options: int) -> list[int]:
        """Option numbers of the key, which may be letters. Raises Dropped."""
        said = self.row.get("key", "")
        marks = [mark for mark in re.split(r"[\s,;|>&]+|\band\b", said.lower()) if mark]
        if len(marks) == 1 and re.fullmatch("[a-h]{2,8}", marks[0]):
            marks = list(marks[0])
        numbers = []
        for mark in marks:
            whole = re.fullmatch(r"([0-9]{1,2})(\.0+)?", mark)  # a spreadsheet's number may have a decimal place
            if whole:
                numbers.append(int(whole[1]))
            elif re.fullmatch("[a-h]", mark):
                numbers.append(ascii_lowercase.index(mark) + 1)
            else:
                raise Dropped(f"its key is neither a number nor a letter: {shortened(said)}")
        if any(not 1 <= number <= options for number in numbers):
            raise Dropped(f"its key names an option that it does not have: {shortened(said)}")
        return numbers

    def _kind(self, key: list[int], *, has_prompts: bool) -> str:
        said = " ".join(re.sub(r"[_\-]+", " ", self.row.get("kind", "").lower()).split())
        known = said.replace(" ", "_")
        kind = known if known in KINDS else KIND_NAMES.get(said, "")
        if said and not kind:
            raise Dropped(f"its kind is not known: {shortened(said)}")
        kind = kind or ("matching" if has_prompts else "multiple_response" if len(key) > 1 else "multiple_choice")
        if kind != "matching" and len(set(key)) != len(key):
            raise Dropped("its key names an option twice")
        return kind

    def _explain(self, options: list[ForeignOption], key: list[int]) -> None:
        """A column of explanations belongs to the key."""
        text = self._text("explanation")
        if not text:
            return
        place = key[0] - 1 if key else -1
        if place >= 0 and not options[place].rationale:
            option = options[place]
            options[place] = ForeignOption(option.text, text, option.correct, option.position)
            self.notes.converted("explanation", "it became the rationale of the key")
        else:
            self.notes.dropped("explanation", "rationales stand with the options here, and the key has one already")

    def _references(self) -> tuple[ForeignReference, ...]:
        titles, addresses = self._raw("reference"), self._raw("address")
        for number in sorted(set(titles) - set(addresses)):
            self.notes.dropped(f"reference {number}", "it has no address")
        return tuple(
            ForeignReference(" ".join(titles.get(number, address).split()), address)
            for number, address in sorted(addresses.items())
        )

    def _raw(self, name: str) -> dict[int, str]:
        found = ((re.fullmatch(rf"{name} ([0-9]+)", column), value) for column, value in self.row.items())
        return {int(match[1]): value for match, value in found if match}

    def _number(self, name: str, read: Callable[[str], float]) -> float | None:
        said = self.row.get(name, "")
        try:
            value = read(said.replace(",", ".")) if said else None
        except (ValueError, OverflowError):
            value = math.nan
        if value is not None and not math.isfinite(value):
            self.notes.dropped(name, "it is no number")
            return None
        return value

    def _rating(self) -> Decimal | None:
        said = self.row.get("rating", "")
        try:
            value = Decimal(said.replace(",", ".")) if said else None
        except InvalidOperation:
            value = Decimal(-1)
        if value is not None and not (value.is_finite() and 0 <= value <= 1):
            self.notes.dropped("rating", "it is no share between 0 and 1")
            return None
        return value

    def _statistics(self) -> ForeignStatistics | None:
        exposures = self._number("first exposures", lambda said: int(float(said)))
        found = ForeignStatistics(
            facility=self._number("facility", float),
            point_biserial=self._number("point biserial", float),
            discrimination=self._number("discrimination", float),
            intercept=self._number("intercept", float),
            first_exposures=None if exposures is None else int(exposures),
        )
        return found if found != ForeignStatistics() else None
