"""Section 6 of the Law School Admission Test: 1,000 persons, 5 right/wrong items.

Bock, R. D., & Lieberman, M. (1970). Fitting a response model for n dichotomously scored items. Psychometrika, 35(2),
179-197.
"""

import numpy as np

from psychometrics.irt import FloatArray

# How many persons gave each pattern of answers, 00000, 00001, 00010, … 11111 with item 1 first.
FREQUENCIES = (
    *(3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15),
    *(10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28, 298),
)


def lsat6() -> FloatArray:
    """The responses, shape (1000, 5), 1 for right and 0 for wrong, ordered by pattern."""
    patterns = [[int(answer) for answer in f"{number:05b}"] for number in range(32)]
    return np.repeat(np.array(patterns, dtype=np.float64), FREQUENCIES, axis=0)
