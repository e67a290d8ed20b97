"""What differs between two wordings, place by place and word by word; in very long texts paragraph by paragraph."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from questions.kinds import OptionContent
from questions.writing import Writing

WORD = re.compile(r"\s+|\w+|[^\w\s]")
PARAGRAPH = re.compile(r"[^\n]+\n*|\n+")
MOST = 2_000  # pieces of one text that are compared; a stem has a few hundred

Change = Literal["equal", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text that both have, or only the new one (added), or only the old one (removed)."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A place (`questions.writing.PLACE`) that differs, numbered as in the new wording if it is there."""

    place: str
    segments: tuple[Segment, ...]


def compare(old: Writing, new: Writing) -> list[Difference]:
    """Every place that differs, in reading order; empty for equal wordings."""
    found = [_difference("stem", old.stem, new.stem)]
    options = _pairs([one.text for one in old.options], [one.text for one in new.options])
    numbers = {before: after for before, after in options if before is not None and after is not None}
    moved = [str(before + 1) for before, _ in sorted(numbers.items(), key=lambda pair: pair[1])]
    kept = [str(before + 1) for before in sorted(numbers)]
    found.append(_difference("options", " ".join(kept), " ".join(moved)))
    for before, after in options:
        one = old.options[before] if before is not None else None
        other = new.options[after] if after is not None else None
        number = _number(before, after)
        found.append(_difference(f"option {number}", one.text if one else "", other.text if other else ""))
        found.append(_difference(f"key {number}", _part(one), _part(other)))
        found.append(_difference(f"rationale {number}", one.rationale if one else "", other.rationale if other else ""))
    for before, after in _pairs([one.text for one in old.prompts], [one.text for one in new.prompts]):
        first = old.prompts[before] if before is not None else None
        second = new.prompts[after] if after is not None else None
        number = _number(before, after)
        found.append(_difference(f"prompt {number}", first.text if first else "", second.text if second else ""))
        # By its text: an option that only moved is the same match.
        matches = (_option(old, first.option) if first else "", _option(new, second.option) if second else "")
        found.append(_difference(f"match {number}", *matches))
        rationales = (first.rationale if first else "", second.rationale if second else "")
        found.append(_difference(f"prompt rationale {number}", *rationales))
    titles = [f"{one.title} {one.url}" for one in old.references], [f"{one.title} {one.url}" for one in new.references]
    for before, after in _pairs(*titles):
        texts = (titles[0][before] if before is not None else "", titles[1][after] if after is not None else "")
        found.append(_difference(f"reference {_number(before, after)}", *texts))
    return [one for one in found if one.segments]


def segments(old: str, new: str) -> tuple[Segment, ...]:
    """Both texts as one run of words: equal and added is the new text, equal and removed the old one.

    Where one of them has more than `MOST` words, spaces and signs, whole paragraphs are removed and added; where it
    has as many paragraphs, the whole text is.
    """
    before, after = _pieces(old, new)
    found: list[Segment] = []
    # In texts of 200 pieces and more, frequent ones such as spaces do not begin a match, only prolong it: with them the
    # time grows with the cube of the length.
    for tag, start, end, begin, stop in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            found.append(Segment("equal", "".join(after[begin:stop])))
            continue
        if start < end:
            found.append(Segment("removed", "".join(before[start:end])))
        if begin < stop:
            found.append(Segment("added", "".join(after[begin:stop])))
    return tuple(found)


def _pieces(old: str, new: str) -> tuple[list[str], list[str]]:
    """Both texts in the smallest pieces of which neither has too many."""
    for piece in (WORD, PARAGRAPH):
        before, after = piece.findall(old), piece.findall(new)
        if max(len(before), len(after)) <= MOST:
            return before, after
    return [old], [new]


def _difference(place: str, old: str, new: str) -> Difference:
    return Difference(place, segments(old, new) if old != new else ())


def _pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """(place before, place after) of the parts that belong together: equal texts first, the rest in their order."""
    left = list(range(len(old)))
    partner: dict[int, int] = {}
    for after, text in enumerate(new):
        same = next((before for before in left if old[before] == text), None)
        if same is not None:
            partner[after] = same
            left.remove(same)
    pairs: list[tuple[int | None, int | None]] = []
    for after in range(len(new)):
        if after not in partner and left:
            # The one in the same place if it is still free: a reworded option stays where it is.
            partner[after] = after if after in left else left[0]
            left.remove(partner[after])
        pairs.append((partner.get(after), after))
    return pairs + [(before, None) for before in left]


def _number(before: int | None, after: int | None) -> int:
    return (after if after is not None else before or 0) + 1


def _part(option: OptionContent | None) -> str:
    """The option's part in the key, as a reader would say it."""
    if option is None:
        return ""
    if option.position is not None:
        # Both only while somebody has not decided yet.
        return f"position {option.position}{', correct' if option.correct else ''}"
    return "correct" if option.correct else "not correct"


def _option(writing: Writing, number: int) -> str:
    return writing.options[number - 1].text if 1 <= number <= len(writing.options) else ""
