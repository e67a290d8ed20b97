"""Responses as calibration wants them: every distinct pattern once, with the number of persons who gave it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from psychometrics.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Distinct:
    """Distinct response patterns, ordered by the set of items seen (a "form" here).

    `weight` (patterns,): persons with this pattern. `form` (patterns,): which form, non-decreasing, and `start`
    (forms,): its first pattern. `forms` (forms × items) and `seen`, `right` (patterns × items) are CSR arrays of
    zeros and ones; all of them store what was seen, so `seen` and `right` share their places. Two tables of the same
    things transposed, `items_forms` and `items_right`, save transposing them at every step.
    """

    weight: FloatArray
    form: IntArray
    start: IntArray
    forms: Any
    right: Any
    items_forms: Any
    items_right: Any

    @property
    def items(self) -> int:
        """How many items."""
        return int(self.forms.shape[1])

    @property
    def persons(self) -> float:
        """How many persons."""
        return float(self.weight.sum())

    @property
    def right_of_item(self) -> FloatArray:
        """Right answers to each item, shape (items,)."""
        counts: FloatArray = self.items_right @ self.weight
        return counts

    @property
    def longest(self) -> int:
        """The largest number of items that one person has seen."""
        return int(np.diff(self.forms.indptr).max(initial=0))


def collapse(persons: int, items: int, person: IntArray, item: IntArray, right: FloatArray) -> Distinct:
    """Group seen responses, ordered by person and then item, into patterns. Persons without any drop out."""
    ends = np.cumsum(np.bincount(person, minlength=persons))
    forms: dict[bytes, int] = {}
    patterns: dict[tuple[int, bytes], int] = {}
    weight: list[int] = []
    first: list[tuple[int, int]] = []  # where a pattern's responses are
    begin = 0
    marks = right.astype(np.int8)
    for end in ends.tolist():
        if end > begin:
            form = forms.setdefault(item[begin:end].tobytes(), len(forms))
            number = patterns.setdefault((form, marks[begin:end].tobytes()), len(weight))
            if number == len(weight):
                weight.append(0)
                first.append((begin, end))
            weight[number] += 1
        begin = end
    form_of = np.fromiter((form for form, _ in patterns), dtype=np.intp, count=len(patterns))
    order = np.argsort(form_of, kind="stable")
    spans = np.array(first, dtype=np.intp).reshape(-1, 2)[order]
    form_of = form_of[order]
    start = np.flatnonzero(np.diff(form_of, prepend=-1))
    by_form, by_pattern = _rows(spans[start], item, None, items), _rows(spans, item, right, items)
    return Distinct(
        weight=np.array(weight, dtype=np.float64)[order],
        form=form_of,
        start=start,
        forms=by_form,
        right=by_pattern,
        items_forms=by_form.T.tocsr(),
        items_right=by_pattern.T.tocsr(),
    )


def _rows(spans: IntArray, item: IntArray, right: FloatArray | None, items: int) -> Any:
    """A CSR array of the responses in the spans; ones where `right` is None."""
    lengths = spans[:, 1] - spans[:, 0]
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    places = np.repeat(spans[:, 0] - indptr[:-1], lengths) + np.arange(indptr[-1])
    values = np.ones(len(places)) if right is None else right[places]
    return sparse.csr_array((values, item[places], indptr), shape=(len(spans), items))
