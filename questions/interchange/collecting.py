"""The questions of one file as they are found: counted, measured, named, and joined with their scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from questions.interchange.exchange import ForeignQuestion, ForeignScenario, Limits, Loss, Parsed, Unreadable
from questions.interchange.names import Names
from questions.interchange.notes import Notes

SHOWN = 60  # characters of a text that stands for a name
SCENARIO_TAG = "scenario:"  # a question's tag names its scenario in formats that have none


def check_size(data: bytes, limits: Limits) -> None:
    """Raise Unreadable for a file that is too large."""
    if len(data) > limits.bytes:
        raise Unreadable(f"The file has {len(data):,} bytes; at most {limits.bytes:,} are read.")


def texts_of(question: ForeignQuestion) -> Iterator[str]:
    """Every text that is shown of the question."""
    yield question.stem
    for option in question.options:
        yield from (option.text, option.rationale)
    for prompt in question.prompts:
        yield from (prompt.text, prompt.rationale)
    if question.scenario:
        yield question.scenario.text


def _said(question: ForeignQuestion) -> Iterator[str]:
    """Every text of the question, the ones that are only noted included."""
    yield from texts_of(question)
    yield from (question.identifier, question.title, *question.tags)
    for reference in question.references:
        yield from (reference.title, reference.url)
    if question.scenario:
        yield from (question.scenario.identifier, question.scenario.title)


def shortened(*texts: str) -> str:
    """The first of the texts that says anything, on one line and not too long to be a name."""
    line = next((" ".join(text.split()) for text in texts if text.strip()), "a question without text")
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


class Collector:
    """What has been read so far of one file."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._names = Names()
        self._seen = 0
        self._found: list[tuple[ForeignQuestion, Notes]] = []
        self._scenarios: dict[str, tuple[ForeignScenario, Notes]] = {}
        self._losses: list[Loss] = []
        self.file = Notes("")

    def name(self, given: str, *, title: str = "", text: str = "") -> Notes:
        """The notes of the next question; `where` in them is its identifier."""
        return Notes(self._names.claim(given, title=title, text=text))

    def keep(self, question: ForeignQuestion, notes: Notes) -> None:
        self._count()
        if why := self.too_long(_said(question)):
            self._losses += self._whole(shortened(question.title, question.identifier), why)
            return
        self._found.append((question, notes))

    def too_long(self, texts: Iterable[str]) -> str:
        """Why a question with these texts cannot come in, "" if they are short enough."""
        if all(len(text) <= self._limits.text for text in texts):
            return ""
        return f"one of its texts is longer than {self._limits.text:,} characters"

    def drop(self, name: str, why: str) -> None:
        """A question that cannot come in; `why` is a clause."""
        self._count()
        self._losses += self._whole(name, why)

    def scenario(self, scenario: ForeignScenario, notes: Notes) -> None:
        """A text that is a scenario if questions name it by their tag."""
        longest = max(map(len, (scenario.identifier, scenario.title, scenario.text)))
        if scenario.identifier in self._scenarios or longest > self._limits.text:
            self.file.dropped(
                f"description {shortened(scenario.title, scenario.text)}", "it is too long, or there already"
            )
            return
        self._scenarios[scenario.identifier] = scenario, notes

    def parsed(self) -> Parsed:
        questions, losses, used = list[ForeignQuestion](), list[Loss](), set[str]()
        for question, notes in self._found:
            joined = self._joined(question, notes)
            used.update([joined.scenario.identifier] if joined.scenario else [])
            questions.append(joined)
            losses += notes.losses
        for identifier, (scenario, _) in self._scenarios.items():
            if identifier not in used:
                what = f"description {shortened(scenario.title, scenario.text)}"
                self.file.dropped(what, "it asks nothing, and no question names it as its scenario")
        return Parsed(tuple(questions), (*self.file.losses, *losses, *self._losses))

    def _joined(self, question: ForeignQuestion, notes: Notes) -> ForeignQuestion:
        """The question with the scenario that one of its tags names."""
        for tag in question.tags:
            found = self._scenarios.get(tag.removeprefix(SCENARIO_TAG)) if tag.startswith(SCENARIO_TAG) else None
            if found and not question.scenario:
                notes.add(*(replace(loss, where=notes.where) for loss in found[1].losses))
                others = tuple(other for other in question.tags if other != tag)
                return replace(question, scenario=found[0], tags=others)
        return question

    def _whole(self, name: str, why: str) -> list[Loss]:
        notes = Notes(name)
        notes.dropped("the question", why)
        return notes.losses

    def _count(self) -> None:
        self._seen += 1
        if self._seen > self._limits.questions:
            raise Unreadable(f"The file holds more than {self._limits.questions:,} questions.")
