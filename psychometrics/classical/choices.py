"""Chosen options as they come, in arrays of numbers or of any labels, made ready for counting."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psychometrics.arrays import IntArray
from psychometrics.classical.errors import BadChoices, NotComputable
from psychometrics.classical.moments import BoolArray
from psychometrics.responses import Responses


@dataclass(frozen=True, slots=True)
class Answered:
    """Every answer given, both as right or wrong and as the option chosen.

    `labels` has each item's options, `keys` where in them its key stands, and `code`, shape (answers,), where the
    option chosen stands.
    """

    data: Responses
    code: IntArray
    labels: tuple[tuple[Hashable, ...], ...]
    keys: tuple[int, ...]


def read_choices(
    choices: Any, keys: Sequence[Hashable] | NDArray[Any], options: Sequence[Sequence[Hashable]] | None = None
) -> Answered:
    """Take choices as `distractor_table` does. Raises BadChoices if they do not fit, NotComputable if none is given."""
    table = choices if isinstance(choices, np.ndarray) else np.array(choices, dtype=object)
    if table.ndim != 2 or 0 in table.shape:
        raise BadChoices(f"choices must be persons × items, at least one of each, got the shape {table.shape}")
    persons, items = table.shape
    if len(keys) != items or (options is not None and len(options) != items):
        raise BadChoices(f"there must be one key, and if any one list of options, for each of {items} items")
    given = ~_missing(table)
    if not given.any():
        raise NotComputable("nobody has answered any item")
    if any(_is_missing(key) for key in keys):
        raise BadChoices("every item needs a key, which None, NaN and -1 cannot be")
    codes, labels, where = np.zeros(table.shape, dtype=np.intp), [], []
    for item, key in enumerate(keys):
        chosen = [_plain(value) for value in table[given[:, item], item].tolist()]
        number_of = _numbered(item, chosen, _plain(key), None if options is None else options[item])
        codes[given[:, item], item] = [number_of[label] for label in chosen]
        labels.append(tuple(number_of))
        where.append(number_of[_plain(key)])
    person, item_of = np.nonzero(given)
    code = codes[person, item_of]
    right = (code == np.array(where)[item_of]).astype(np.float64)
    return Answered(Responses(persons, items, person, item_of, right), code, tuple(labels), tuple(where))


def _numbered(item: int, chosen: list[Any], key: Any, options: Sequence[Hashable] | None) -> dict[Any, int]:
    """Each label of an item and its place, in the order of places."""
    try:
        found = dict.fromkeys([key, *chosen])
        labels = sorted(found, key=_order) if options is None else [_plain(label) for label in options]
        number_of = {label: number for number, label in enumerate(labels)}
    except TypeError:
        raise BadChoices(f"the options of item {item} (counted from 0) must be hashable") from None
    if len(number_of) < len(labels) or not found.keys() <= number_of.keys():
        raise BadChoices(f"the options of item {item} (counted from 0) must be different and hold its key and choices")
    return number_of


def _missing(table: NDArray[Any]) -> BoolArray:
    """Where None, NaN or -1 stands."""
    if table.dtype.kind in "iuf":
        return np.asarray((table == -1) | np.isnan(table))
    return np.array([_is_missing(value) for value in table.ravel().tolist()], dtype=np.bool_).reshape(table.shape)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float, np.number)) and bool(value == -1 or value != value))


def _plain(value: Any) -> Any:
    """A label as Python has it; 2.0, which an array with NaN makes of 2, is 2 again."""
    label = value.item() if isinstance(value, np.generic) else value
    return int(label) if isinstance(label, float) and label.is_integer() else label


def _order(label: Any) -> tuple[int, float, str]:
    """Numbers by size, then texts, then anything else by what it looks like: the same for every order of the input."""
    if isinstance(label, (int, float)):
        return 0, float(label), ""
    if isinstance(label, (set, frozenset)):
        return 2, 0.0, repr(sorted(map(repr, label)))
    return (1, 0.0, label) if isinstance(label, str) else (2, 0.0, repr(label))
