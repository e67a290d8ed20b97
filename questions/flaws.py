"""Flaws of single questions that a program can see, in packs as in drafts.

The rules follow the usual guidelines for writing items (Haladyna, Downing & Rodriguez, 2002). They say nothing about
what is missing: a draft is judged by what stands there already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median

from questions.likeness import plain
from questions.mentions import words
from questions.writing import Writing

SHORTEST_RATIONALE = 40  # characters
LONG = 30  # characters; shorter options may differ as they like
UNEVEN = 2.5  # an option so many times longer or shorter than the median one

OTHERS = re.compile(r"\b(all|none|both|neither) of the (above|these|options)\b|\boptions? (?-i:[A-H])\b", re.IGNORECASE)
ASKS = re.compile(r"\b[Ww](hich|hat)\b")
NEGATIVE = re.compile(r"(?<!\*)\b(not|except|cannot|never)\b(?!\*)")
ASKED = 2_000  # characters at the end of a stem in which it asks
ABSOLUTE = re.compile(r"\b(always|never|impossible|guaranteed?|completely|under no circumstances)\b", re.IGNORECASE)
CHOICES = ("multiple_choice", "multiple_response")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that guidelines advise against: the rule, the place (`questions.writing.PLACE`) and what is there."""

    rule: str
    place: str
    message: str


def flaws_of(writing: Writing) -> Iterator[Flaw]:
    """Every flaw, rule by rule. Of an image its words are judged, not the address."""
    writing = replace(
        writing,
        stem=words(writing.stem),
        options=tuple(replace(one, text=words(one.text)) for one in writing.options),
        prompts=tuple(replace(one, text=words(one.text)) for one in writing.prompts),
    )
    for rule, check in RULES.items():
        for place, message in check(writing):
            yield Flaw(rule, place, message)


Found = Iterator[tuple[str, str]]


def _speaks_of_others(writing: Writing) -> Found:
    for number, option in enumerate(writing.options, 1):
        if OTHERS.search(option.text):
            yield f"option {number}", f"an option speaks of the others: {option.text[:60]}"


def _negative(writing: Writing) -> Found:
    """An unmarked "not" is overread; in capitals or bold it is not."""
    *questions, _ = ask(writing.stem)[-ASKED:].split("?")
    for question in questions:
        asks = ASKS.search(question)
        if asks and NEGATIVE.search(question, asks.end()):
            yield "stem", "the question asks for what is not so, without emphasis"
            return


def _absolute(writing: Writing) -> Found:
    if writing.kind not in CHOICES:
        return
    right = any(ABSOLUTE.search(option.text) for option in writing.options if option.correct)
    wrong = any(ABSOLUTE.search(option.text) for option in writing.options if not option.correct)
    if right != wrong:
        yield "options", f"an absolute word stands only in {'the key' if right else 'distractors'}"


def _overlap(writing: Writing) -> Found:
    texts = [plain(option.text).rstrip(".") for option in writing.options]
    for number, one in enumerate(texts, 1):
        if one and any(one != other and one in other for other in texts):
            yield f"option {number}", f"an option contains another one: {one[:60]}"


def _endings(writing: Writing) -> Found:
    """Only sentences end with a full stop, and either all options are sentences or none is."""
    stops = {option.text.rstrip().endswith(".") for option in writing.options if option.text.strip()}
    if len(stops) > 1:
        yield "options", "some options end with a full stop and some do not"


def _lengths(writing: Writing) -> Found:
    lengths = [len(option.text) for option in writing.options if option.text.strip()]
    if len(lengths) < 2:
        return
    middle = median(lengths)
    if max(lengths) > LONG and (max(lengths) > UNEVEN * middle or min(lengths) * UNEVEN < middle):
        yield "options", f"the options' lengths differ too much ({min(lengths)} to {max(lengths)} characters)"


def _rationales(writing: Writing) -> Found:
    parts = (("rationale", writing.options), ("prompt rationale", writing.prompts))
    for place, texts in parts:
        for number, text in enumerate((part.rationale for part in texts), 1):
            if 0 < len(text) < SHORTEST_RATIONALE:
                yield f"{place} {number}", f"a rationale is too short to teach anything: {text}"


def _references(writing: Writing) -> Found:
    for number, reference in enumerate(writing.references, 1):
        if reference.url and not reference.url.lower().startswith("https:"):
            yield f"reference {number}", f"a reference does not use https: {reference.url}"


RULES: dict[str, Callable[[Writing], Found]] = {
    "speaks-of-others": _speaks_of_others,
    "negative": _negative,
    "absolute-word": _absolute,
    "overlap": _overlap,
    "endings": _endings,
    "lengths": _lengths,
    "rationale": _rationales,
    "reference": _references,
}


def ask(stem: str) -> str:
    """The last paragraph of a stem: the question itself."""
    return stem.strip().split("\n\n")[-1]
