"""Responses of persons to items, most of which most persons have never seen.

Whoever has data passes an array of persons × items with 1 for right, 0 for wrong and NaN for "not seen", or a
scipy.sparse array of the same shape whose stored entries, zeros included, are what was seen.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from psychometrics.arrays import FloatArray, IntArray


class BadResponses(ValueError):
    """The data cannot be what it claims to be; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Responses:
    """Every seen response once, ordered by person and then item.

    `person`, `item` (indices) and `right` (0.0 or 1.0) have shape (seen,). Persons and items that stand in no
    response are possible.
    """

    persons: int
    items: int
    person: IntArray
    item: IntArray
    right: FloatArray

    @property
    def seen_by_person(self) -> IntArray:
        """How many items each person has seen, shape (persons,)."""
        return np.bincount(self.person, minlength=self.persons)

    @property
    def seen_of_item(self) -> IntArray:
        """How many persons have seen each item, shape (items,)."""
        return np.bincount(self.item, minlength=self.items)

    @property
    def right_by_person(self) -> FloatArray:
        """Raw scores, shape (persons,)."""
        return np.bincount(self.person, self.right, self.persons).astype(np.float64)

    @property
    def right_of_item(self) -> FloatArray:
        """Right answers to each item, shape (items,)."""
        return np.bincount(self.item, self.right, self.items).astype(np.float64)

    def dense(self) -> FloatArray:
        """The array of persons × items, NaN where nothing was seen."""
        filled = np.full((self.persons, self.items), np.nan)
        filled[self.person, self.item] = self.right
        return filled


def read(responses: Any) -> Responses:
    """Take responses in any of the forms this module's head names. Raises BadResponses for anything else."""
    if isinstance(responses, Responses):
        return responses
    if sparse.issparse(responses):
        given: Any = responses  # the stubs know many kinds, none of which is all of them
        if len(given.shape) != 2:
            raise BadResponses(f"responses must be persons × items, got an array of {len(given.shape)} dimensions")
        stored = sparse.csr_array(given, copy=True)  # ours to sort
        stored.sum_duplicates()
        stored.sort_indices()
        persons, items = stored.shape
        person = np.repeat(np.arange(persons), np.diff(stored.indptr))
        return _checked(persons, items, person, stored.indices, stored.data)
    try:
        if isinstance(responses, np.ma.MaskedArray):
            responses = np.ma.filled(responses.astype(np.float64), np.nan)
        dense = np.asarray(responses, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise BadResponses("responses must be numbers, as many for each person") from problem
    if dense.ndim != 2:
        raise BadResponses(f"responses must be persons × items, got an array of {dense.ndim} dimensions")
    person, item = np.nonzero(~np.isnan(dense))
    return _checked(dense.shape[0], dense.shape[1], person, item, dense[person, item])


def _checked(persons: int, items: int, person: Any, item: Any, right: Any) -> Responses:
    if persons == 0 or items == 0:
        raise BadResponses(f"responses need at least one person and one item, got {persons} × {items}")
    values = np.asarray(right, dtype=np.float64)
    if not ((values == 0) | (values == 1)).all():
        raise BadResponses("responses must be 0, 1 or not seen")
    return Responses(persons, items, np.asarray(person, dtype=np.intp), np.asarray(item, dtype=np.intp), values)
