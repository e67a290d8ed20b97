"""Which options were chosen, by whom: distractor analysis by score groups.

A distractor works if it draws people who know little. Groups of the persons who answered an item, usually thirds,
low to high, show where it does not (Haladyna & Rodriguez 2013), and so does its correlation with the
score, which should be negative (Attali & Fraenkel 2000).

Persons of one score always stay together: with L of n persons below a score and E persons on it, these E go to group
floor(groups · (L + E/2) / n), the group in which their middle rank lies. So the order of the input never matters;
without ties all groups are equally large (to within one person), and with ties they can differ or even be empty.

Sources:
    Attali, Y., & Fraenkel, T. (2000). The point-biserial as a discrimination index for distractors in multiple-choice
        items: Deficiencies in usage and an alternative. Journal of Educational Measurement, 37(1), 77-86.
    Haladyna, T. M., & Rodriguez, M. C. (2013). Developing and Validating Test Items. Routledge.
"""

import math
import operator
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.classical.choices import Answered, read_choices
from psychometrics.classical.errors import BadChoices
from psychometrics.classical.moments import moments, share_of_seen
from psychometrics.responses import Responses

ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an item: `n` persons chose it, `share` of those who answered.

    `group_shares` are the shares that chose it in each score group, low to high, None for an empty group.
    `correlation` is that of choosing it (1) or another option (0) with the score, None where one of them does not
    vary. `flagged` is set on a distractor that more of the top group chose than the key.
    """

    label: Hashable
    is_key: bool
    n: int
    share: float | None
    group_shares: tuple[float | None, ...]
    correlation: float | None
    flagged: bool


@dataclass(frozen=True, slots=True)
class DistractorTable:
    """One item, counted from 0, that `n` persons answered: its key, group sizes (low to high) and options."""

    item: int
    n: int
    key: Hashable
    group_sizes: tuple[int, ...]
    options: tuple[Option, ...]

    @property
    def flagged(self) -> bool:
        """Whether some distractor draws more of the top group than the key."""
        return any(option.flagged for option in self.options)


def distractor_table(
    choices: Any,
    keys: Sequence[Hashable] | NDArray[Any],
    scores: ArrayLike | None = None,
    groups: int = 3,
    options: Sequence[Sequence[Hashable]] | None = None,
) -> tuple[DistractorTable, ...]:
    """Return one record per item with a record for each of its options.

    `choices` is persons × items of option numbers or labels; None, NaN and -1 are "not seen or omitted" and count
    nowhere. `keys` has the right option of each item. Without `options`, the labels each item offers, an option that
    nobody chose cannot be listed, except for the key. Options stand in the order given, else sorted.

    `scores`, shape (persons,), are used as they are for groups and correlations. Without them, groups follow the
    share of right answers among all items a person answered, and correlations take the share among the others, so
    that an item does not correlate with itself; who answered no other item is left out of the correlation. Whoever
    wants omitted answers to count as wrong passes scores.

    Raises BadChoices for choices, keys, options or scores that do not fit together, NotComputable if there is no
    answer at all, and ValueError for fewer than two groups.
    """
    answered = read_choices(choices, keys, options)
    grouping, correlated = _shares(answered.data) if scores is None else _given(scores, answered.data)
    by_item = np.argsort(answered.data.item, kind="stable")
    ends = np.cumsum(answered.data.seen_of_item)[:-1]
    return tuple(
        _table(item, answered, here, score_groups(grouping[here], groups), groups, correlated[here])
        for item, here in enumerate(np.split(by_item, ends))
    )


def score_groups(scores: ArrayLike, groups: int = 3) -> IntArray:
    """Return each person's group, 0 (lowest) to groups - 1, shape (persons,), by the rule in the module's head.

    Raises BadChoices for scores that are no list of numbers and ValueError for fewer than two groups.
    """
    numbers = np.asarray(scores, dtype=np.float64)
    if numbers.ndim != 1 or np.isnan(numbers).any():
        raise BadChoices("scores to group by must be a list of numbers, none of them missing")
    if operator.index(groups) < 2:
        raise ValueError("scores need at least two groups to fall into")
    _, score, tied = np.unique(numbers, return_inverse=True, return_counts=True)
    below = np.cumsum(tied) - tied
    # In whole numbers: twice the middle rank over twice the number of persons.
    group: IntArray = (groups * (2 * below + tied) // (2 * max(score.size, 1)))[score]
    return group


def _shares(data: Responses) -> tuple[FloatArray, FloatArray]:
    """For each answer the share to group by and the one to correlate with, the latter NaN where there is none."""
    ones = np.ones(data.items)
    kept, rest = share_of_seen(data, ones, corrected=True)
    correlated = np.full(data.item.size, np.nan)
    correlated[kept] = rest
    return share_of_seen(data, ones, corrected=False)[1], correlated


def _table(
    item: int, answered: Answered, here: IntArray, group: IntArray, groups: int, score: FloatArray
) -> DistractorTable:
    """The record of an item whose answers are those at `here`; `group` and `score` belong to these answers."""
    labels, key, chosen = answered.labels[item], answered.keys[item], answered.code[here]
    counts = np.zeros((len(labels), groups), dtype=np.intp)
    np.add.at(counts, (chosen, group), 1)
    sizes, top = counts.sum(axis=0), counts[:, -1]
    return DistractorTable(
        item,
        int(here.size),
        labels[key],
        tuple(int(size) for size in sizes),
        tuple(
            Option(
                label,
                number == key,
                int(counts[number].sum()),
                _share(int(counts[number].sum()), int(here.size)),
                tuple(_share(int(part), int(size)) for part, size in zip(counts[number], sizes, strict=True)),
                _correlation(chosen == number, score),
                number != key and bool(top[number] > top[key]),
            )
            for number, label in enumerate(labels)
        ),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _correlation(chose: Any, score: FloatArray) -> float | None:
    usable = ~np.isnan(score)
    one_item = np.zeros(np.count_nonzero(usable), dtype=np.intp)
    found = float(moments(one_item, 1, chose[usable].astype(np.float64), score[usable]).correlation[0])
    return None if math.isnan(found) else found


def _given(scores: ArrayLike, data: Responses) -> tuple[FloatArray, FloatArray]:
    """For each answer the score, as it is and brought to -1 to 1, where rounding can be told from spread."""
    given = np.asarray(scores, dtype=np.float64)
    if given.shape != (data.persons,):
        raise BadChoices(f"scores must be one number for each of {data.persons} persons")
    present = data.seen_by_person > 0
    if not np.isfinite(given[present]).all():
        raise BadChoices("whoever answered an item needs a finite score")
    of_answer = given[data.person]
    low, high = float(of_answer.min()), float(of_answer.max())
    if high - low <= ROUNDING * max(abs(low), abs(high)):
        return of_answer, np.zeros(of_answer.shape)
    return of_answer, (of_answer - (low + high) / 2) / ((high - low) / 2)
