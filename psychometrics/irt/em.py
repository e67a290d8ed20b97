"""The two steps of marginal maximum likelihood by EM for the logistic model on a normal population.

Abilities are integrated out on equally spaced nodes theta = mean + sd·z that move with the population. The E-step
needs the data in two products only: with P = logistic(a·theta + d) a pattern's log-likelihood is theta·Σ a·u + Σ d·u
- Σ log(1 + exp(a·theta + d)), where the last sum depends on the items seen alone, and an item's M-step asks for the
expected persons at each node, for Σ E(theta)·u and for Σ u.

Sources:
    Bock, R. D., & Aitkin, M. (1981). Marginal maximum likelihood estimation of item parameters: Application of an
        EM algorithm. Psychometrika, 46(4), 443-459.
    Dempster, A. P., Laird, N. M., & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM
        algorithm. Journal of the Royal Statistical Society B, 39(1), 1-38.
    Mislevy, R. J. (1986). Bayes modal estimation in item response models. Psychometrika, 51(2), 177-195.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from psychometrics.arrays import FloatArray
from psychometrics.irt.distinct import Distinct

REACH = 6.0
SD_LIMITS = (0.01, 100.0)
NEWTON_STEPS, NEWTON_TOLERANCE, HALVINGS = 25, 1e-9, 30


@dataclass(frozen=True, slots=True)
class State:
    """Slopes `a` and intercepts `d`, shape (items,), and the population N(mean, sd²) in logits."""

    a: FloatArray
    d: FloatArray
    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is estimated and under which priors.

    `slope_free`, `intercept_free` (items,): what the M-step may move; with `common` all free slopes are one.
    `intercept_mean`, `intercept_precision` (items,): the normal prior of d, precision 0 for none.
    `log_slope_mean`, `log_slope_precision` (items,): the normal prior of log a, or None; a common slope has the first
    item's. `slope_limit`: where a slope that runs away stops. `mean_free`, `sd_free`: the population. `nodes`: how many
    quadrature points within ±6 sd.
    """

    slope_free: NDArray[np.bool_]
    intercept_free: NDArray[np.bool_]
    common: bool
    intercept_mean: FloatArray
    intercept_precision: FloatArray
    log_slope_mean: FloatArray | None
    log_slope_precision: FloatArray | None
    slope_limit: float
    mean_free: bool
    sd_free: bool
    nodes: int

    @property
    def z(self) -> FloatArray:
        """Nodes of the standard normal, shape (nodes,)."""
        return np.linspace(-REACH, REACH, self.nodes)

    @property
    def log_weight(self) -> FloatArray:
        """Log of the nodes' probabilities, shape (nodes,)."""
        density: FloatArray = -0.5 * self.z**2
        weight: FloatArray = density - np.log(np.exp(density).sum())
        return weight

    def log_prior(self, state: State) -> float:
        """Log density of the free parameters under the priors, without constants."""
        total = _intercept_penalty(self, state.d)[self.intercept_free].sum()
        slopes = _slope_penalty(self, state.a)[self.slope_free]
        return -float(total + (slopes[:1] if self.common else slopes).sum())


@dataclass(frozen=True, slots=True)
class Expected:
    """What the E-step knows at a state.

    `log_likelihood`: marginal, without priors; `objective`: with them. `posterior` (patterns × nodes). `persons`
    (items × nodes): expected persons at each node who have seen the item. `right_theta`, `right` (items,): sums of
    E(theta) and of 1 over the right answers. `mean`, `variance`: of theta over all persons' posteriors.
    """

    log_likelihood: float
    objective: float
    posterior: FloatArray
    persons: FloatArray
    right_theta: FloatArray
    right: FloatArray
    mean: float
    variance: float


def expect(patterns: Distinct, state: State, plan: Plan) -> Expected:
    """The E-step: the posterior of every pattern's ability, and what follows from it (Bock & Aitkin 1981)."""
    theta = state.mean + state.sd * plan.z
    wrong_table = np.logaddexp(0.0, state.a[:, np.newaxis] * theta + state.d[:, np.newaxis])
    joint: FloatArray = (-(patterns.forms @ wrong_table))[patterns.form]
    joint += np.multiply.outer(patterns.right @ state.a, theta)
    joint += (patterns.right @ state.d)[:, np.newaxis] + plan.log_weight
    top = joint.max(axis=1)
    joint -= top[:, np.newaxis]
    posterior = np.exp(joint, out=joint)
    total = posterior.sum(axis=1)
    posterior /= total[:, np.newaxis]
    log_likelihood = float(patterns.weight @ (top + np.log(total)))
    weighted = patterns.weight[:, np.newaxis] * posterior
    at_node = weighted.sum(axis=0) / patterns.persons
    mean = float(at_node @ theta)
    return Expected(
        log_likelihood=log_likelihood,
        objective=log_likelihood + plan.log_prior(state),
        posterior=posterior,
        persons=patterns.items_forms @ np.add.reduceat(weighted, patterns.start, axis=0),
        right_theta=patterns.items_right @ (weighted @ theta),
        right=patterns.right_of_item,
        mean=mean,
        variance=float(at_node @ (theta - mean) ** 2),
    )


def maximise(expected: Expected, state: State, plan: Plan) -> State:
    """The M-step: every item's logistic regression on the nodes by Newton's method, and the population's moments.

    A step that would lower an item's expected log-posterior is halved until it does not.
    """
    theta = state.mean + state.sd * plan.z
    a, d = state.a, state.d
    if plan.slope_free.any() or plan.intercept_free.any():
        value = _value(expected, plan, theta, a, d)
        for _ in range(NEWTON_STEPS):
            slope_step, intercept_step = _newton(expected, plan, theta, a, d)
            share = np.ones_like(value)
            for _ in range(HALVINGS):
                new_a = a + share * slope_step if plan.log_slope_mean is None else a * np.exp(share * slope_step)
                new_d = d + share * intercept_step
                new_value = _value(expected, plan, theta, new_a, new_d)
                worse = new_value < value - 1e-12 * np.abs(value)
                if not worse.any():
                    break
                share = np.where(worse, share / 2, share)
            else:
                break
            moved = max(np.abs(new_a - a).max(), np.abs(new_d - d).max())
            a, d, value = new_a, new_d, new_value
            if moved < NEWTON_TOLERANCE:
                break
    mean = expected.mean if plan.mean_free else state.mean
    variance = expected.variance + (expected.mean - mean) ** 2
    sd = float(np.clip(np.sqrt(variance), *SD_LIMITS)) if plan.sd_free else state.sd
    return replace(state, a=a, d=d, mean=mean, sd=sd)


def curvature(persons: FloatArray, theta: FloatArray, a: FloatArray, d: FloatArray) -> tuple[FloatArray, ...]:
    """Return P (items × nodes) and the complete-data information about (a, a), (a, d) and (d, d), each (items,)."""
    right = expit(a[:, np.newaxis] * theta + d[:, np.newaxis])
    weight = persons * right * (1 - right)
    return right, weight @ theta**2, weight @ theta, weight.sum(axis=1)


def _newton(
    expected: Expected, plan: Plan, theta: FloatArray, a: FloatArray, d: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Steps of the slopes (of their logs under a prior) and of the intercepts, zero where they are held."""
    right, h_aa, h_ad, h_dd = curvature(expected.persons, theta, a, d)
    fitted = expected.persons * right
    g_a, g_d = expected.right_theta - fitted @ theta, expected.right - fitted.sum(axis=1)
    g_d = np.where(plan.intercept_free, g_d - plan.intercept_precision * (d - plan.intercept_mean), 0.0)
    h_dd = np.where(plan.intercept_free, h_dd + plan.intercept_precision, 1.0)
    h_ad = np.where(plan.intercept_free & plan.slope_free, h_ad, 0.0)
    pull, stiffness = np.zeros_like(a), np.zeros_like(a)
    if plan.log_slope_mean is not None and plan.log_slope_precision is not None:
        g_a, h_ad, h_aa = a * g_a, a * h_ad, a * a * h_aa
        pull, stiffness = plan.log_slope_precision * (np.log(a) - plan.log_slope_mean), plan.log_slope_precision
    g_a, h_aa = np.where(plan.slope_free, g_a, 0.0), np.where(plan.slope_free, h_aa, 0.0)
    schur = h_aa - h_ad**2 / h_dd
    lifted = g_a - h_ad * g_d / h_dd
    if plan.common:  # one slope: the arrow-shaped system is solved by its Schur complement
        free = plan.slope_free
        first = int(np.argmax(free))
        step = (lifted.sum() - pull[first]) / (schur.sum() + stiffness[first])
        slope_step = np.where(free, step, 0.0)
    else:
        curved = np.where(plan.slope_free, schur + stiffness, 1.0)
        slope_step = np.where(plan.slope_free, (lifted - pull) / np.maximum(curved, 1e-12), 0.0)
    if plan.log_slope_mean is None:
        slope_step = np.clip(a + slope_step, -plan.slope_limit, plan.slope_limit) - a
    else:
        slope_step = np.minimum(np.clip(slope_step, -3, 3), np.log(plan.slope_limit) - np.log(a))
    slope_step = np.where(plan.slope_free, slope_step, 0.0)
    return slope_step, (g_d - h_ad * slope_step) / np.maximum(h_dd, 1e-12)


def _value(expected: Expected, plan: Plan, theta: FloatArray, a: FloatArray, d: FloatArray) -> FloatArray:
    """Expected complete-data log-posterior of each item, shape (items,); of all together, (1,), with one slope."""
    table = np.logaddexp(0.0, a[:, np.newaxis] * theta + d[:, np.newaxis])
    value: FloatArray = a * expected.right_theta + d * expected.right - (expected.persons * table).sum(axis=1)
    value = value - np.where(plan.intercept_free, _intercept_penalty(plan, d), 0.0)
    slopes = np.where(plan.slope_free, _slope_penalty(plan, a), 0.0)
    if plan.common:
        return np.array([value.sum() - slopes[int(np.argmax(plan.slope_free))]])
    return value - slopes


def _intercept_penalty(plan: Plan, d: FloatArray) -> FloatArray:
    penalty: FloatArray = 0.5 * plan.intercept_precision * (d - plan.intercept_mean) ** 2
    return penalty


def _slope_penalty(plan: Plan, a: FloatArray) -> FloatArray:
    if plan.log_slope_mean is None or plan.log_slope_precision is None:
        return np.zeros_like(a)
    penalty: FloatArray = 0.5 * plan.log_slope_precision * (np.log(a) - plan.log_slope_mean) ** 2
    return penalty
