"""IRT observed-score equating: equal percentile ranks of the scores that the model expects in a population.

Sources:
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking: Methods and Practices (3rd ed.),
        chapter 6. Springer.
    Lord, F. M., & Wingersky, M. S. (1984). Comparison of IRT true-score and equipercentile observed-score
        "equatings". Applied Psychological Measurement, 8(4), 453-461.
"""

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray
from psychometrics.equating.random_groups import equipercentile
from psychometrics.irt import Prior, item_parameters, score_distribution


def observed_score(
    a_x: ArrayLike, b_x: ArrayLike, a_y: ArrayLike, b_y: ArrayLike, mean: float = 0.0, sd: float = 1.0
) -> FloatArray:
    """Return the Y-equivalent of each raw score 0…n_x of form X by IRT observed-score equating, shape (n_x + 1,).

    For each form, the conditional score distributions of Lord & Wingersky (1984) are averaged over a population
    N(mean, sd²) of theta at the 481 nodes of `Prior`; `equipercentile` then equates the two distributions (Kolen &
    Brennan 2014, chapter 6). Equivalents lie between -1/2 and n_y + 1/2 and never decrease. If X and Y hold the same
    items in any order, the result is exactly 0, 1, …, n_x. Both forms' parameters must be on one theta scale.
    Raises ValueError for bad items, mean or sd, BadScores if everyone has the same score.
    """
    population = Prior(mean, sd)
    x, y = (_marginal(a, b, population) for a, b in ((a_x, b_x), (a_y, b_y)))
    return equipercentile(x, y)


def _marginal(a: ArrayLike, b: ArrayLike, population: Prior) -> FloatArray:
    items = np.stack(item_parameters(a, b))
    # The recursion rounds by the order of the items, which is to make no difference.
    slopes, difficulties = items[:, np.lexsort(items)]
    chances: FloatArray = population.weights @ score_distribution(population.nodes, slopes, difficulties)
    return chances
