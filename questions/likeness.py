"""How much two texts are alike: the share of their character n-grams that they have in common (Jaccard index)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from questions.mentions import words

ALIKE = 0.5  # share of common character n-grams
GRAM = 5
_BUCKETS = 1 << 18  # of the hash by which texts are looked over; a power of two
_FACTOR = np.uint32(2_654_435_761)  # Knuth's multiplicative hash


def plain(text: str) -> str:
    """The words in small letters, with an image's words in its place."""
    return " ".join(words(text).lower().split())


def five_grams(text: str) -> set[str]:
    line = plain(text)
    return {line[place : place + GRAM] for place in range(len(line) - GRAM + 1)}


def too_alike(shared: int, one: int, other: int) -> bool:
    """Whether texts of `one` and `other` n-grams, `shared` of them common, are nearly the same."""
    return shared > ALIKE * (one + other - shared)


def nearest(text: str, others: Sequence[str]) -> list[tuple[int, float]]:
    """(place in `others`, share 0-1) of every text that is too much like `text`, the most alike first.

    Few texts come close, so that all of them are first looked over by hashes in one pass, which never says too
    little: only what shares at least half of the text's n-grams by hash is compared exactly.
    """
    wanted = five_grams(text)
    if not wanted or not others:
        return []
    found = []
    for place in _worth_comparing(text, others, len(wanted)):
        grams = five_grams(others[place])
        shared = len(wanted & grams)
        if too_alike(shared, len(wanted), len(grams)):
            found.append((place, shared / (len(wanted) + len(grams) - shared)))
    return sorted(found, key=lambda pair: -pair[1])


def _worth_comparing(text: str, others: Sequence[str], grams: int) -> list[int]:
    """Places of texts in which enough windows hash to a bucket that the text hits as well.

    With a Jaccard index above `ALIKE` more than `ALIKE` of the text's n-grams stand in the other one, each at least
    once, and equal n-grams hash equally.
    """
    hit = np.zeros(_BUCKETS, dtype=np.bool_)
    hit[_hashes(plain(text))] = True
    # Texts are laid end to end; windows across a border only count too much.
    texts = [plain(other) + "\0" * GRAM for other in others]
    counted = np.concatenate(([0], np.cumsum(hit[_hashes("".join(texts) + "\0" * GRAM)])))
    ends = np.cumsum([len(one) for one in texts])
    starts = np.concatenate(([0], ends[:-1]))
    enough: list[int] = np.flatnonzero(counted[ends] - counted[starts] > ALIKE * grams).tolist()
    return enough


def _hashes(text: str) -> NDArray[np.uint32]:
    """The bucket of every window of `GRAM` characters."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    windows = max(len(points) - GRAM + 1, 0)
    mixed = np.zeros(windows, dtype=np.uint32)
    for place in range(GRAM):
        mixed = (mixed ^ points[place : place + windows]) * _FACTOR
        mixed ^= mixed >> np.uint32(15)
    return mixed & np.uint32(_BUCKETS - 1)
