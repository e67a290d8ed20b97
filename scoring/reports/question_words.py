"""How the page of a question says things: responses in letters, what is odd about options, what to do about alarms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.calibration.judgement import THRESHOLDS
from scoring.models import RunItem
from scoring.reports.wording import listed

ABLE = 0.05  # a distractor that correlates more than this with the rest score draws the able
HARDLY = 0.02  # share below which a distractor fools nobody; told from so many persons on:
ENOUGH = 100
WHOLE = ("ordering", "matching")  # kinds whose options are responses as a whole
NEVER_NEGATIVE_ZERO = re.compile(r"^-(0\.?0*)$")


def fixed(value: float, places: int = 2) -> str:
    """-0.347 -> −0.35, with a real minus sign; what rounds to zero has none."""
    return NEVER_NEGATIVE_ZERO.sub(r"\1", f"{value:.{places}f}").replace("-", "\N{MINUS SIGN}")


def percent(share: float) -> str:
    """0.347 -> 35 %."""
    return f"{share * 100:.0f}\N{NO-BREAK SPACE}%"


def minutes(milliseconds: float) -> str:
    """125000 -> 2:05."""
    whole, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{whole}:{seconds:02}"


def letter(number: int) -> str:
    """The letter of an option in the author's order: 1 -> A."""
    return chr(ord("A") + number - 1)


def response(kind: str, numbers: Sequence[int]) -> str:
    """A response in words: B; B and D; C, then A, then B; 1 with C, 2 with A. Without numbers: any other."""
    letters = [letter(number) for number in numbers]
    if not letters:
        return "Any other"
    if kind == "ordering":
        return ", then ".join(letters)
    if kind == "matching":
        return ", ".join(f"{place} with {chosen}" for place, chosen in enumerate(letters, 1))
    return listed(letters)


def short(kind: str, numbers: Sequence[int]) -> str:
    """The same for narrow places: B; B D; C A B; 1C 2A."""
    letters = [letter(number) for number in numbers]
    return (
        " ".join(f"{place}{one}" for place, one in enumerate(letters, 1)) if kind == "matching" else " ".join(letters)
    )


# ---- options ----------------------------------------------------------------------------------------------------


def remarks(item: RunItem, kind: str) -> list[str]:
    """What is odd about who chose which option, in sentences."""
    return [remark for record in item.options for remark in _remarks(record, item, kind)]


def _remarks(record: Mapping[str, Any], item: RunItem, kind: str) -> list[str]:
    name, r = response(kind, record["label"]), record["correlation"]
    if record["key"]:
        if kind == "multiple_response" and r is not None and r < 0:
            return [f"The able avoid {name}, which belongs to the key: r = {fixed(r)}."]
        return []
    found = []
    if record["flagged"]:
        found.append(_above_the_key(record, item, kind))
    if r is not None and r > ABLE:
        found.append(f"{name} attracts the able: r = {fixed(r)}.")
    if kind not in WHOLE and item.n >= ENOUGH and record["share"] is not None and record["share"] < HARDLY:
        found.append(f"{'Nobody' if not record['n'] else 'Hardly anybody'} chose {name}, so it does no work.")
    return found


def _above_the_key(record: Mapping[str, Any], item: RunItem, kind: str) -> str:
    """More of the top third chose C than the key (41 % against 36 %)."""
    verb = "gave" if kind in WHOLE else "chose"
    said = f"More of the top third {verb} {response(kind, record['label'])} than"
    top = _top(record)
    beaten = [key for key in item.options if key["key"] and top is not None and (_top(key) or 0) < top]
    if top is None or not beaten:
        return f"{said} the key."
    lowest = min(beaten, key=lambda key: _top(key) or 0)
    against = f"({percent(top)} against {percent(_top(lowest) or 0)})"
    if kind == "multiple_response":
        return f"{said} {response(kind, lowest['label'])}, which belongs to the key {against}."
    return f"{said} the key {against}."


def _top(record: Mapping[str, Any]) -> float | None:
    share: float | None = record["thirds"][-1] if record["thirds"] else None
    return share


# ---- alarms and obstacles ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trouble:
    """An alarm or obstacle as the run words it, with what to do; `regrade` where a wrong key may be the cause."""

    what: str
    advice: str
    regrade: bool = False


WAIT = "Nothing to do. It stands on unscored seats of new forms until enough people have met it."
RIVAL = (
    "Check the key. If the other option is right, or right too, correct the key and regrade. If the key stands, find "
    "what draws the able to that option, and revise its wording."
)
KEY = (
    "Check the key. If it is wrong, correct it and regrade. If it is right, look for a second defensible option or a "
    "stem that misleads those who know much, and revise."
)
LEAK = "Find out whether it has leaked, or whether what it asks about has changed. If so, revise or retire it."
ERROR = "Nothing to do. The error falls as more people meet it; that of a very easy or very hard question falls slowly."
HARD = (
    "Hardly more people are right than by guessing. Check the key. If it is wrong, correct it and regrade. If it is "
    "right, ask for less or make the stem clearer, and revise."
)
EASY = (
    "Nearly everybody is right, so it tells little about who passes. Make the distractors more plausible or ask for "
    "more, and revise."
)
FIT = (
    "Look at the curve: where observed shares leave it, answers have another reason than ability. A hint in the "
    "wording or two ideas in one question are common causes. Revise if you find one."
)
SLOPE = (
    "A flat curve means that it hardly tells the able from others; a very steep one that it may hang together with "
    "another question. Look at the options below, and revise."
)
PARTS = (
    "Nothing is wrong with the question. Its forms share too few questions with the others; assemble forms that hold "
    "questions of both."
)
RATE = "Have judges rate it. Without a rating it stays on unscored seats."
SUPERSEDED = "Nothing to do. Only the published wording is calibrated."
UNKNOWN = "Everybody gave the same answer, or too few gave any. Look at the options, and wait for more people."
OTHERWISE = "Compare the figures and options below with what the question is meant to ask."

# The first pattern that a run's words match gives the advice; the last entry says whether a wrong key may be behind it.
ADVICE = tuple(
    (re.compile(pattern, re.IGNORECASE), advice, regrade)
    for pattern, advice, regrade in (
        (r"cannot be computed", UNKNOWN, False),
        (r"\bexposures?\b", WAIT, False),
        (r"\boption\b|wrong response|distractor", RIVAL, True),
        (r"item-rest|correlation", KEY, True),
        (r"drift|(easi|hard)er than", LEAK, False),
        (r"\bSE\b|standard error", ERROR, False),
        (r"facility.*at least", HARD, True),
        (r"facility", EASY, False),
        (r"\b(in|out)fit\b", FIT, False),
        (r"slope|discrimination", SLOPE, False),
        (r"connected", PARTS, False),
        (r"\brated\b|rating", RATE, False),
        (r"published", SUPERSEDED, False),
    )
)


SLOW = (
    "Time that goes here is missing elsewhere on the form. Shorten the scenario or the options, or take out a step of "
    "the reasoning, and revise."
)
TOO_SLOW = 2  # times what the exam leaves for a question


def health(item: RunItem, pace_ms: float) -> list[Trouble]:
    """What is worth a look though it is neither alarm nor obstacle; nothing with too few people.

    `pace_ms` is the time that the exam leaves for a question, in milliseconds.
    """
    if item.n < ENOUGH:
        return []
    found = []
    too_easy = item.facility is not None and item.facility > THRESHOLDS.facility
    if too_easy and not any(what.startswith("facility") for what in item.obstacles):
        found.append(Trouble(f"Too easy: {percent(item.facility or 0)} are right", EASY))
    if item.median_ms is not None and item.median_ms > TOO_SLOW * pace_ms:
        took, left = minutes(item.median_ms), minutes(pace_ms)
        found.append(Trouble(f"Too slow: half of the people took {took} or longer, the exam leaves {left}", SLOW))
    return found


NUMBERED = re.compile(r"\b(option|response) ((?:\d+, )*\d+)\b")


def trouble(what: str, kind: str) -> Trouble:
    """What a run said, with letters for the numbers of options, and advice."""

    def lettered(found: re.Match[str]) -> str:
        numbers = [int(number) for number in found[2].split(", ")]
        return f"{found[1]} {response(kind, numbers)}"

    said = NUMBERED.sub(lettered, what)
    said = f"{said[:1].upper()}{said[1:]}"
    for pattern, advice, regrade in ADVICE:
        if pattern.search(what):
            return Trouble(said, advice, regrade)
    return Trouble(said, OTHERWISE)
