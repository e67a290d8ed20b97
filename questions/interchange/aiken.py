"""Aiken: multiple choice in plain text, nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from questions.interchange.collecting import Collector, check_size, shortened
from questions.interchange.escaping import plain_of
from questions.interchange.exchange import ForeignOption, ForeignQuestion, Limits, Parsed, Unreadable
from questions.interchange.fidelity import lost_by
from questions.interchange.html import from_plain
from questions.interchange.notes import Dropped
from questions.interchange.text import UNKEPT, decode, tidy

LOOKED_AT = 20_000
OPTION = re.compile(r"\s*([A-Z])[.)](?:[ \t]+|$)(.*)")
ANSWER = re.compile(r"\s*ANSWERS?\s*:\s*(.*)", re.IGNORECASE)
LOOKS_LIKE = re.compile(r"^\s*A[.)]\s.*\n(.*\n)*?\s*ANSWERS?\s*:\s*[A-Za-z]", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Aiken:
    name: str = "aiken"
    label: str = "Aiken"
    extensions: tuple[str, ...] = (".txt",)

    def can_read(self, data: bytes, name: str) -> bool:
        text, _ = decode(data[:LOOKED_AT])
        return LOOKS_LIKE.search(tidy(text)) is not None

    def read(self, data: bytes, limits: Limits) -> Parsed:
        check_size(data, limits)
        text, losses = decode(data)
        collector, found = Collector(limits), _Entry()
        collector.file.add(*losses)
        for line in tidy(text).split("\n"):
            if answer := ANSWER.match(line):
                found.key = answer[1].strip()
                found.collect(collector)
                found = _Entry()
            elif option := OPTION.match(line):
                if option[1] == "A" and found.options:  # the one before has no ANSWER line
                    found.collect(collector)
                    found = _Entry()
                found.options.append(option[2].strip())
            elif not line.strip():
                found.is_over = bool(found.options)
            elif found.is_over:
                found.collect(collector)
                found = _Entry([line.strip()])
            elif found.options:
                found.options[-1] += f"\n{line.strip()}"
            else:
                found.stem.append(line.strip())
        if found.stem or found.options:
            found.collect(collector)
        parsed = collector.parsed()
        if not parsed.questions and not any(loss not in losses for loss in parsed.losses):
            raise Unreadable("The file holds no questions.")
        return parsed

    def write(self, questions: Sequence[ForeignQuestion]) -> bytes:
        """Multiple choice only; see `carries`."""
        return "\n".join(map(_written, filter(_fits, questions))).encode()

    def carries(self, question: ForeignQuestion) -> list[str]:
        return lost_by(self, question)


class _Entry:
    """The lines of one question."""

    def __init__(self, stem: list[str] | None = None) -> None:
        self.stem = stem or []
        self.options: list[str] = []
        self.key: str | None = None
        self.is_over = False

    def collect(self, collector: Collector) -> None:
        notes = collector.name("", text="\n".join([*self.stem, *self.options]))
        try:
            right = self._right()
        except Dropped as reason:
            collector.drop(shortened("\n".join(self.stem)), str(reason))
            return
        options = tuple(
            ForeignOption(notes.text(from_plain(text, notes.where, f"answer {number}")), correct=number in right)
            for number, text in enumerate(self.options, 1)
        )
        kind = "multiple_choice" if len(right) == 1 else "multiple_response"
        stem = notes.text(from_plain("\n".join(self.stem), notes.where, "stem"))
        collector.keep(ForeignQuestion(notes.where, kind, stem, options), notes)

    def _right(self) -> set[int]:
        if self.key is None:
            raise Dropped("it has no line with ANSWER")
        if len(self.options) < 2:
            raise Dropped("it has fewer than two answers")
        letters = re.findall("[A-Z]", self.key.upper())
        right = {ascii_uppercase.index(letter) + 1 for letter in letters}
        if not right or re.search(r"[^A-Za-z,;&\s]|[A-Za-z]{9}", self.key):
            raise Dropped(f"its ANSWER is no letter: {self.key[:20] or 'nothing'}")
        if max(right) > len(self.options):
            raise Dropped(f"its ANSWER names an answer that it does not have: {self.key[:20]}")
        return right


def _fits(question: ForeignQuestion) -> bool:
    right = sum(option.correct for option in question.options)
    return question.kind == "multiple_choice" and right == 1 and 2 <= len(question.options) <= len(ascii_uppercase)


def _written(question: ForeignQuestion) -> str:
    lines = [_line(question.stem)]
    for letter, option in zip(ascii_uppercase, question.options, strict=False):
        lines.append(f"{letter}. {_line(option.text)}")
        if option.correct:
            key = letter
    return "\n".join([*lines, f"ANSWER: {key}", ""])


def _line(text: str) -> str:
    return UNKEPT.sub("", plain_of(text))
