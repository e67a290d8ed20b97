"""What a person's other answers say about ability: the scale on which a question is looked at.

The ability that an answer helped to estimate is no witness of that answer: everybody who was right would look a little
abler. So each answer stands against the mean of the posterior without it (the counterpart of the rest score in
classical item analysis, Henrysson 1963; posterior means: Bock & Mislevy 1982).

Sources:
    Bock, R. D., & Mislevy, R. J. (1982). Adaptive EAP estimation of ability in a microcomputer environment. Applied
        Psychological Measurement, 6(4), 431-444.
    Henrysson, S. (1963). Correction of item-total correlations in item analysis. Psychometrika, 28(2), 211-218.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.special import expit

from psychometrics.arrays import FloatArray
from psychometrics.irt import Prior
from psychometrics.responses import Responses

NODES = 61
REACH = 4.5
CERTAIN = 1e-12


def rest_abilities(data: Responses, a: FloatArray, d: FloatArray, population: Prior) -> FloatArray:
    """Return for each answer, in the order of `data`, the person's posterior mean ability without it, in logits.

    `a`, `d` (items,): P = logistic(a·theta + d), NaN for questions of which nothing is known; these say nothing.
    """
    nodes = population.mean + population.sd * np.linspace(-REACH, REACH, NODES)
    density = np.exp(-0.5 * np.linspace(-REACH, REACH, NODES) ** 2)
    known = np.isfinite(a) & np.isfinite(d)
    slopes, intercepts = np.where(known, a, 0.0), np.where(known, d, 0.0)
    chance = np.clip(expit(slopes[:, np.newaxis] * nodes + intercepts[:, np.newaxis]), CERTAIN, 1 - CERTAIN)
    # Of an unknown question the logarithms are the same at every node, so that it falls out.
    log_right, log_wrong = np.log(chance), np.log1p(-chance)
    shape, places = (data.persons, data.items), (data.person, data.item)
    right = sparse.csr_array((data.right, places), shape=shape)
    wrong = sparse.csr_array((1 - data.right, places), shape=shape)
    likelihood = right @ log_right + wrong @ log_wrong
    found = np.empty(data.item.size)
    ends = np.cumsum(data.seen_of_item)[:-1]
    for item, here in enumerate(np.split(np.argsort(data.item, kind="stable"), ends)):
        own = np.where(data.right[here, np.newaxis] == 1, log_right[item], log_wrong[item])
        without = likelihood[data.person[here]] - own
        weights = density * np.exp(without - without.max(axis=1, keepdims=True))
        found[here] = weights @ nodes / weights.sum(axis=1)
    return found
