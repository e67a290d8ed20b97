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
from questions.interchange.text import UNKEPT, beginning, decode, tidy

OPTION = re.compile(r"\s*([A-Z])[.)]([ \t]+|$)?(.*)")
ANSWER = re.compile(r"\s*ANSWERS?\s*:\s*(.*)", re.IGNORECASE)
FIRST = re.compile(r"\s*A[.)](\s|$)", re.IGNORECASE)
KEY = re.compile(r"\s*ANSWERS?\s*:\s*[A-Za-z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Aiken:
    name: str = "aiken"
    label: str = "Aiken"
    extensions: tuple[str, ...] = (".txt",)

    def can_read(self, data: bytes, name: str) -> bool:
        lines = iter(tidy(beginning(data)).split("\n"))
        # One pass: `any` stops at the first answer, and the key is looked for in the lines after it.
        return any(FIRST.match(line) for line in lines) and any(KEY.match(line) for line in lines)

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
            elif option := found.option(line):
                if option[1] == "A" and found.options:  # the one before has no ANSWER line
                    found.collect(collector)
                    found = _Entry()
                found.options.append([option[3].strip()])
            elif not line.strip():
                found.is_over = bool(found.options)
            elif found.is_over:
                found.collect(collector)
                found = _Entry([line.strip()])
            elif found.options:
                found.options[-1].append(line.strip())
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
        self.options: list[list[str]] = []  # their lines; joined once, for a file may have millions
        self.key: str | None = None
        self.is_over = False

    def option(self, line: str) -> re.Match[str] | None:
        """The line as an option; without a space after its letter only where that letter is the next one."""
        found = OPTION.match(line)
        if found and found[2] is None and (not self.stem or found[1] != ascii_uppercase[len(self.options) % 26]):
            return None
        return found

    def collect(self, collector: Collector) -> None:
        texts = ["\n".join(lines) for lines in self.options]
        notes = collector.name("", text="\n".join([*self.stem, *texts]))
        try:
            right = self._right()
        except Dropped as reason:
            collector.drop(shortened("\n".join(self.stem)), str(reason))
            return
        options = tuple(
            ForeignOption(notes.text(from_plain(text, notes.where, f"answer {number}")), correct=number in right)
            for number, text in enumerate(texts, 1)
        )
        kind = "multiple_choice" if len(right) == 1 else "multiple_response"
        stem = notes.text(from_plain("\n".join(self.stem), notes.where, "stem"))
        collector.keep(ForeignQuestion(notes.where, kind, stem, options), notes)

    def _right(self) -> set[int]:
        if self.key is None:
            raise Dropped("it has no line with ANSWER")
        if len(self.options) < 2:
            raise Dropped("it has fewer than two answers")
        letters = re.split(r"[\s,;&]+", self.key.rstrip(" .)"))
        if len(letters) == 1 and re.fullmatch("[A-Z]{2,8}", letters[0]):
            letters = list(letters[0])
        if not all(re.fullmatch("[A-Za-z]", letter) for letter in letters):
            raise Dropped(f"its ANSWER is no letter: {self.key[:20] or 'nothing'}")
        right = {ascii_uppercase.index(letter.upper()) + 1 for letter in letters}
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
