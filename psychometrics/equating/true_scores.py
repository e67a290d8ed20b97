"""IRT true-score equating: one raw score and another stand for the same ability.

Sources:
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking: Methods and Practices (3rd ed.),
        chapter 6. Springer.
    Lord, F. M. (1980). Applications of Item Response Theory to Practical Testing Problems, chapter 13. Erlbaum.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from psychometrics.arrays import FloatArray
from psychometrics.irt import characteristic_curve, item_parameters

DECIMALS = 6
# Each halving gains one bit, so any bracket a form can produce is narrower than the spacing of floats by then.
HALVINGS = 80


def true_score(a_x: ArrayLike, b_x: ArrayLike, a_y: ArrayLike, b_y: ArrayLike) -> FloatArray:
    """Return the Y-equivalent of each raw score 0…n_x of form X by IRT true-score equating, shape (n_x + 1,).

    Raw score x stands for the theta where X's characteristic curve equals x; its equivalent is Y's expected raw
    score there (Kolen & Brennan 2014, chapter 6; Lord 1980, chapter 13). 0 ↦ 0 and n_x ↦ n_y by definition: no
    finite theta expects them, and the logistic model has no guessing floor to treat specially. The values are
    strictly increasing, then rounded to six decimals. If X and Y hold the same items in any order, the result is
    exactly 0, 1, …, n_x. Both forms' parameters must be on one theta scale. Raises ValueError for bad items.
    """
    x, y = item_parameters(a_x, b_x), item_parameters(a_y, b_y)
    points = x[0].size
    if _same_items(x, y):
        return np.arange(points + 1, dtype=np.float64)
    equated = np.empty(points + 1)
    equated[0], equated[-1] = 0.0, y[0].size
    equated[1:-1] = characteristic_curve(theta_of_expected(np.arange(1.0, points), *x), *y)
    return np.round(equated, DECIMALS)


def theta_of_expected(expected: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Return the theta at which the characteristic curve equals each expected raw score, (k,) -> (k,), in logits.

    Bisection between the lowest and the highest theta at which any single item has P = expected / n; the curve is
    at most, and at least, the wanted score there, so the bracket always holds the root. Raises ValueError unless
    every expected score lies strictly between 0 and n.
    """
    slopes, difficulties = item_parameters(a, b)
    wanted = np.asarray(expected, dtype=np.float64)
    if wanted.ndim != 1 or not ((wanted > 0) & (wanted < slopes.size)).all():
        raise ValueError(f"expected scores must lie strictly between 0 and {slopes.size}")
    single = difficulties + logit(wanted / slopes.size)[:, np.newaxis] / slopes
    low, high = single.min(axis=1), single.max(axis=1)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        short = characteristic_curve(middle, slopes, difficulties) < wanted
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    found: FloatArray = (low + high) / 2
    return found


def _same_items(x: tuple[FloatArray, FloatArray], y: tuple[FloatArray, FloatArray]) -> bool:
    return np.array_equal(_sorted(x), _sorted(y))


def _sorted(items: tuple[FloatArray, FloatArray]) -> FloatArray:
    return np.stack(items)[:, np.lexsort(items)]
