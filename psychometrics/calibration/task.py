"""A calibration's input, checked, and what each question's number of answers entitles it to."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.calibration.records import Held, Mask, Settings
from psychometrics.irt import BadSettings
from psychometrics.responses import Responses, read


@dataclass(frozen=True)
class Task:
    """Everything given. `x`, shape (items,): logits of ratings, NaN without one; other shapes as in `calibrate`."""

    data: Responses
    x: FloatArray
    reference: IntArray
    cut: float
    domains: IntArray | None
    held: Held | None
    recent: Mask
    settings: Settings

    @property
    def items(self) -> int:
        return self.data.items

    @cached_property
    def n(self) -> IntArray:
        """Answers to each question, (items,)."""
        return self.data.seen_of_item

    @cached_property
    def rated(self) -> Mask:
        rated: Mask = ~np.isnan(self.x)
        return rated

    @cached_property
    def alike(self) -> Mask:
        """Questions that everybody answered alike, or nobody: without a prior their difficulty is infinite."""
        right = self.data.right_of_item
        alike: Mask = (right == 0) | (right == self.n)
        return alike

    @cached_property
    def known(self) -> Mask:
        """Questions that an earlier run has measured."""
        return np.zeros(self.items, dtype=np.bool_) if self.held is None else ~np.isnan(self.held.a)

    @cached_property
    def measurable(self) -> Mask:
        """Questions with enough answers, of which these or a rating determine the difficulty."""
        determined = self.known | self.rated | ~self.alike
        enough: Mask = (self.n >= self.settings.common_from) & determined
        return enough

    def responses(self, columns: Mask, persons: Mask | None = None) -> Responses:
        """The answers to some questions, renumbered, by all persons or some, who keep their numbers."""
        kept = columns[self.data.item]
        if persons is not None:
            kept &= persons[self.data.person]
        number = np.cumsum(columns) - 1
        return Responses(
            self.data.persons,
            int(columns.sum()),
            self.data.person[kept],
            number[self.data.item[kept]],
            self.data.right[kept],
        )


def task_of(
    responses: Any,
    ratings: ArrayLike,
    reference: ArrayLike,
    cut: float,
    domains: ArrayLike | None,
    held: Held | None,
    recent: ArrayLike | None,
    settings: Settings,
) -> Task:
    """Check what `calibrate` was given. Raises BadResponses and BadSettings."""
    data = read(responses)
    shares = _array(ratings, (data.items,), "ratings")
    rated = ~np.isnan(shares)
    if not ((shares[rated] > 0) & (shares[rated] < 1)).all():
        raise BadSettings("ratings must lie strictly between 0 and 1, or be NaN")
    x = np.full(data.items, np.nan)
    x[rated] = logit(shares[rated])
    columns = np.asarray(reference)
    if columns.ndim != 1 or columns.size == 0 or not np.issubdtype(columns.dtype, np.integer):
        raise BadSettings("the reference form needs the column numbers of its scored questions")
    if columns.min() < 0 or columns.max() >= data.items or np.unique(columns).size != columns.size:
        raise BadSettings(f"the reference form's columns must be different ones of {data.items}")
    if not rated[columns].all():
        raise BadSettings("every scored question of the reference form needs a rating")
    if not 0 < cut < columns.size:
        raise BadSettings(f"the cut must lie strictly between 0 and {columns.size} raw points, got {cut}")
    if recent is None:
        new = np.ones(data.persons, dtype=np.bool_)
    else:
        new = np.asarray(recent, dtype=np.bool_)
        if new.shape != (data.persons,):
            raise BadSettings(f"recent must say yes or no for each of {data.persons} persons")
    return Task(
        data=data,
        x=x,
        reference=columns.astype(np.intp),
        cut=float(cut),
        domains=None if domains is None else _array(domains, (data.items,), "domains").astype(np.intp),
        held=None if held is None else _held(held, data.items),
        recent=new,
        settings=settings,
    )


def _held(held: Held, items: int) -> Held:
    a, d = _array(held.a, (items,), "held slopes"), _array(held.d, (items,), "held intercepts")
    own = np.asarray(held.own, dtype=np.bool_)
    known = ~np.isnan(a)
    if own.shape != (items,) or (known != ~np.isnan(d)).any():
        raise BadSettings("held questions need a slope, an intercept, and whether the slope is their own")
    if not (np.isfinite(a[known]).all() and np.isfinite(d[known]).all() and (a[known] > 0).all()):
        raise BadSettings("held slopes must be positive and finite, held intercepts finite")
    return Held(a, d, own & known)


def _array(values: ArrayLike, shape: tuple[int, ...], name: str) -> FloatArray:
    given = np.asarray(values, dtype=np.float64)
    if given.shape != shape:
        raise BadSettings(f"{name} must have one entry for each of {shape[0]} questions, got shape {given.shape}")
    return given
