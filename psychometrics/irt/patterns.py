"""What a pattern of right and wrong answers says about ability.

Sources:
    Birnbaum, A. (1968). Some latent trait models and their use in inferring an examinee's ability. In F. M. Lord &
        M. R. Novick, Statistical Theories of Mental Test Scores, chapters 17-20. Addison-Wesley.
    Bock, R. D., & Mislevy, R. J. (1982). Adaptive EAP estimation of ability in a microcomputer environment. Applied
        Psychological Measurement, 6(4), 431-444.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import expit, log_expit

from psychometrics.arrays import FloatArray
from psychometrics.irt.model import item_parameters
from psychometrics.irt.summed import Prior
from psychometrics.responses import BadResponses, Responses, read

# Persons taken at once: 2,048 × 481 numbers are 8 MB.
BATCH = 2048


@dataclass(frozen=True)
class Patterns:
    """Responses together with the parameters of their items, `a` and `b` of shape (items,)."""

    data: Responses
    a: FloatArray
    b: FloatArray

    @cached_property
    def slope(self) -> FloatArray:
        """The slope that belongs to each response, shape (seen,)."""
        return self.a[self.data.item]

    @cached_property
    def difficulty(self) -> FloatArray:
        """The difficulty that belongs to each response, shape (seen,)."""
        return self.b[self.data.item]

    @cached_property
    def seen(self) -> Any:
        """A sparse array of persons × items with 1 for seen."""
        return self._sparse(np.ones_like(self.data.right))

    @cached_property
    def right(self) -> Any:
        """A sparse array of persons × items with 1 for right."""
        return self._sparse(self.data.right)

    @cached_property
    def weighted_right(self) -> FloatArray:
        """The sum of the slopes of what each person got right, shape (persons,)."""
        return self.by_person(self.slope * self.data.right)

    @cached_property
    def weighted_wrong(self) -> FloatArray:
        """The sum of the slopes of what each person got wrong, shape (persons,)."""
        return self.by_person(self.slope * (1 - self.data.right))

    def by_person(self, values: FloatArray) -> FloatArray:
        """Add up what belongs to each person: (seen,) -> (persons,)."""
        return np.bincount(self.data.person, values, self.data.persons).astype(np.float64)

    def logits(self, theta: FloatArray) -> FloatArray:
        """Return a(theta - b) for each response at its person's theta: (persons,) -> (seen,)."""
        return self.slope * (theta[self.data.person] - self.difficulty)

    def of_persons(self, kept: NDArray[np.bool_]) -> "Patterns":
        """Return the patterns of some persons only, `kept` of shape (persons,)."""
        rows = kept[self.data.person]
        person = (np.cumsum(kept) - 1)[self.data.person[rows]]
        chosen = Responses(int(kept.sum()), self.data.items, person, self.data.item[rows], self.data.right[rows])
        return Patterns(chosen, self.a, self.b)

    def log_likelihood(self, theta: FloatArray) -> FloatArray:
        """Return each person's log-likelihood at one theta: (persons,) -> (persons,)."""
        logits = self.logits(theta)
        return self.by_person(log_expit(np.where(self.data.right == 1, logits, -logits)))

    def information(self, theta: FloatArray) -> FloatArray:
        """Return each person's sum of a²P(1 - P) over what was seen, per squared logit: (persons,) -> (persons,)."""
        return self.by_person(self.slope**2 * spread(self.logits(theta)))

    def log_likelihoods(self, nodes: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
        """Yield batches of persons and their log-likelihoods at the nodes, shape (batch, nodes).

        Up to a constant for each person: the log of P^u (1 - P)^(1 - u) is u·a(theta - b) + log(1 - P), of which
        u·a·b does not depend on theta (Birnbaum 1968).
        """
        wrong = log_expit(-self.a[:, np.newaxis] * (nodes - self.b[:, np.newaxis]))
        for first in range(0, self.data.persons, BATCH):
            batch = slice(first, min(first + BATCH, self.data.persons))
            yield batch, np.multiply.outer(self.weighted_right[batch], nodes) + self.seen[batch] @ wrong

    def posteriors(self, prior: Prior) -> Iterator[tuple[slice, FloatArray]]:
        """Yield batches of persons and P(theta = node | pattern), shape (batch, 481), rows summing to 1.

        Prior times likelihood on the prior's nodes (Bock & Mislevy 1982). Who has seen nothing has the prior.
        """
        log_prior = -0.5 * ((prior.nodes - prior.mean) / prior.sd) ** 2
        for batch, logs in self.log_likelihoods(prior.nodes):
            logs += log_prior
            weights = np.exp(logs - logs.max(axis=1, keepdims=True))
            yield batch, weights / weights.sum(axis=1, keepdims=True)

    def _sparse(self, values: FloatArray) -> Any:
        shape = (self.data.persons, self.data.items)
        return sparse.csr_array((values, (self.data.person, self.data.item)), shape=shape)


def spread(logits: FloatArray) -> FloatArray:
    """Return P(1 - P), to the last digit even where P rounds to 1."""
    product: FloatArray = expit(logits) * expit(-logits)
    return product


def patterns(responses: Any, a: ArrayLike, b: ArrayLike) -> Patterns:
    """Read responses, persons × items, together with the items' parameters, each of shape (items,).

    Raises BadResponses as `psychometrics.responses.read` does or if there are not as many parameters as items, and
    ValueError for bad items.
    """
    data, (slopes, difficulties) = read(responses), item_parameters(a, b)
    if slopes.size != data.items:
        raise BadResponses(f"responses to {data.items} items need as many parameters, not {slopes.size}")
    return Patterns(data, slopes, difficulties)
