"""Answers drawn from the model, for tests, benchmarks and the like. The same seed gives the same answers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import expit

from psychometrics.arrays import FloatArray
from psychometrics.irt.model import item_parameters

Seed = int | np.random.Generator


def simulate(theta: ArrayLike, a: ArrayLike, b: ArrayLike, seen: Any, seed: Seed) -> Any:
    """Draw answers: a CSR array (persons × items) that stores 1.0 for right and 0.0 for wrong wherever `seen` does.

    `theta` has shape (persons,), `a` and `b` (items,), in logits as in `irt.probability`. `seen` (persons × items) is
    an array of booleans, a scipy.sparse array whose stored entries are seen, or None: everybody sees everything.
    One uniform number is drawn per answer, by person and then item. Raises ValueError for shapes that do not fit,
    infinite theta or bad items.
    """
    slopes, difficulties = item_parameters(a, b)
    abilities = np.asarray(theta, dtype=np.float64)
    if abilities.ndim != 1 or not np.isfinite(abilities).all():
        raise ValueError("theta must be a list of finite numbers")
    person, item = _places(seen, (len(abilities), len(slopes)))
    chance: FloatArray = expit(slopes[item] * (abilities[person] - difficulties[item]))
    right = (np.random.default_rng(seed).random(len(person)) < chance).astype(np.float64)
    indptr = np.concatenate(([0], np.cumsum(np.bincount(person, minlength=len(abilities)))))
    return sparse.csr_array((right, item, indptr), shape=(len(abilities), len(slopes)))


def assign(persons: int, items: int, each: int, seed: Seed) -> NDArray[np.bool_]:
    """Who sees what if everybody gets `each` different items at random: booleans (persons × items)."""
    if not 0 <= each <= items:
        raise ValueError(f"{each} different items cannot be drawn from {items}")
    keys = np.random.default_rng(seed).random((persons, items))
    seen = np.zeros((persons, items), dtype=np.bool_)
    np.put_along_axis(seen, np.argpartition(keys, min(each, items - 1), axis=1)[:, :each], values=True, axis=1)
    return seen


def _places(seen: Any, shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Persons and items of what was seen, by person and then item."""
    if seen is None:
        seen = np.ones(shape, dtype=np.bool_)
    if seen.shape != shape:
        raise ValueError(f"seen must be persons × items, {shape}, got {seen.shape}")
    if sparse.issparse(seen):
        given: Any = seen
        stored: Any = sparse.csr_array(given, copy=True)
        stored.sum_duplicates()
        person = np.repeat(np.arange(shape[0]), np.diff(stored.indptr))
        return person, np.asarray(stored.indices, dtype=np.intp)
    person, item = np.nonzero(np.asarray(seen, dtype=np.bool_))
    return person, item
