"""Standard errors of marginal maximum likelihood: the exact observed information, by Louis' identity.

The observed information is what complete data would give less what not knowing theta costs: the posterior covariance
of the complete-data scores, summed over persons (Louis 1982). An item's scores are (u - P)·theta for the slope and
u - P for the intercept, so all items seen by the same person have an entry together. A covariance under a person's
posterior is taken as the sum over m >= 1 of E(f·phi_m)·E(g·phi_m), with phi_m the polynomials orthonormal under that
posterior (Parseval's identity). Scores are smooth and posteriors narrow, so a few terms do: they are added until the
next one is below a hundred-thousandth of every parameter's complete information, and all of them together are exact.

Sources:
    Gautschi, W. (1982). On generating orthogonal polynomials. SIAM Journal on Scientific and Statistical Computing,
        3(3), 289-317 (the Stieltjes procedure).
    Louis, T. A. (1982). Finding the observed information matrix when using the EM algorithm. Journal of the Royal
        Statistical Society B, 44(2), 226-233.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.irt.distinct import Distinct
from psychometrics.irt.em import Expected, Plan, State, curvature

PRECISION = 1e-5
CHUNK_CELLS = 4_000_000
LARGEST = 4_000
DENSE = 0.3
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class Covariance:
    """Covariance of what was estimated: 0 where held, infinite variances where the data say nothing.

    `items` (items, 2, 2): of slope and intercept; `mean`, `sd`: variances of the population's parameters.
    """

    items: FloatArray
    mean: float
    sd: float


def covariance(
    patterns: Distinct,
    state: State,
    expected: Expected,
    plan: Plan,
    loose: NDArray[np.bool_],
    largest: int = LARGEST,
) -> Covariance:
    """Invert the observed information at a maximum. `loose` items (items,) are held and get infinite variances.

    With more than `largest` parameters only the blocks on the diagonal count, one per item, and the population and a
    common slope by themselves. That leaves out how the errors of items hang together, next to nothing in long tests.
    """
    at = _Places.of(patterns.items, plan)
    free = np.zeros(at.size, dtype=np.bool_)
    free[at.slope[plan.slope_free & ~loose]] = True
    free[at.intercept[plan.intercept_free & ~loose]] = True
    free[[at.mean, at.sd]] = plan.mean_free, plan.sd_free
    if at.size <= largest:
        whole = observed_information(patterns, state, expected, plan)
        inverse = np.zeros_like(whole)
        inverse[np.ix_(free, free)] = _inverse(whole[np.ix_(free, free)])
        variance, together = np.diag(inverse), inverse[at.slope, at.intercept]
    else:
        variance, together = _inverse_of_blocks(*information_blocks(patterns, state, expected, plan), free, at, plan)
    items = np.empty((patterns.items, 2, 2))
    items[:, 0, 0] = np.where(loose, np.inf, np.where(plan.slope_free, variance[at.slope], 0.0))
    items[:, 1, 1] = np.where(loose, np.inf, variance[at.intercept])
    items[:, 0, 1] = items[:, 1, 0] = np.where(loose | ~plan.slope_free, 0.0, together)
    return Covariance(items, float(variance[at.mean]), float(variance[at.sd]))


def observed_information(
    patterns: Distinct, state: State, expected: Expected, plan: Plan, precision: float = PRECISION
) -> FloatArray:
    """The negative Hessian of the log-posterior with respect to slopes (or the common one), intercepts, mean and sd.

    Shape (k, k); rows and columns of what is held mean nothing. `precision`: which terms are left out, as a share of
    the complete information.
    """
    at = _Places.of(patterns.items, plan)
    diagonal, together, mean_sd = _complete(patterns, state, expected, plan)
    whole = np.diag(diagonal)
    np.add.at(whole, (at.slope, at.intercept), together)
    np.add.at(whole, (at.intercept, at.slope), together)
    whole[at.mean, at.sd] = whole[at.sd, at.mean] = mean_sd
    slopes, rest = slice(0, at.intercept[0]), slice(at.intercept[0], at.size)
    for of_slopes, of_rest in _lost(patterns, state, expected, plan, precision * np.abs(diagonal)):
        whole[slopes, slopes] -= _product(of_slopes, of_slopes)
        across = _product(of_slopes, of_rest)
        whole[slopes, rest] -= across
        whole[rest, slopes] -= across.T
        whole[rest, rest] -= _product(of_rest, of_rest)
    return whole


def information_blocks(
    patterns: Distinct, state: State, expected: Expected, plan: Plan
) -> tuple[FloatArray, FloatArray]:
    """The diagonal of `observed_information`, (k,), and its entries of an item's slope with its intercept, (items,)."""
    diagonal, together, _ = _complete(patterns, state, expected, plan)
    for of_slopes, of_rest in _lost(patterns, state, expected, plan, PRECISION * np.abs(diagonal)):
        diagonal -= np.concatenate((_squares(of_slopes), _squares(of_rest)))
        if not plan.common:
            both = of_slopes * of_rest[:, : patterns.items]
            together -= np.asarray(both.sum(axis=0)).ravel()
    return diagonal, together


@dataclass(frozen=True, slots=True)
class _Places:
    """Where parameters stand in the matrix: `slope` and `intercept` (items,), `mean`, `sd`, and how many there are."""

    slope: IntArray
    intercept: IntArray
    mean: int
    sd: int
    size: int

    @classmethod
    def of(cls, items: int, plan: Plan) -> "_Places":
        slopes = 1 if plan.common else items
        slope = np.zeros(items, dtype=np.intp) if plan.common else np.arange(items)
        return cls(slope, slopes + np.arange(items), slopes + items, slopes + items + 1, slopes + items + 2)


def _complete(patterns: Distinct, state: State, expected: Expected, plan: Plan) -> tuple[FloatArray, FloatArray, float]:
    """Information of complete data and priors: its diagonal, slopes with their intercepts, and the mean with the sd."""
    at = _Places.of(patterns.items, plan)
    theta = state.mean + state.sd * plan.z
    _, h_aa, h_ad, h_dd = curvature(expected.persons, theta, state.a, state.d)
    diagonal = np.zeros(at.size)
    np.add.at(diagonal, at.slope, np.where(plan.slope_free, h_aa, 0.0))
    if plan.log_slope_mean is not None and plan.log_slope_precision is not None:
        prior = (1 - np.log(state.a) + plan.log_slope_mean) * plan.log_slope_precision / state.a**2
        chosen = np.flatnonzero(plan.slope_free)[: 1 if plan.common else None]
        diagonal[at.slope[chosen]] += prior[chosen]
    diagonal[at.intercept] = h_dd + plan.intercept_precision
    # minus the second derivatives of log N(theta; mean, sd²): 1/sd², 2·away/sd³ and 3·away²/sd⁴ - 1/sd²
    away = expected.mean - state.mean
    diagonal[at.mean] = patterns.persons / state.sd**2
    diagonal[at.sd] = patterns.persons * (3 * (expected.variance + away**2) / state.sd**4 - 1 / state.sd**2)
    return diagonal, np.where(plan.slope_free, h_ad, 0.0), patterns.persons * 2 * away / state.sd**3


def _lost(
    patterns: Distinct, state: State, expected: Expected, plan: Plan, enough: FloatArray
) -> Iterator[tuple[Any, Any]]:
    """Coefficients E(score·phi_m) whose cross-products add up to the information lost, some patterns and one m a time.

    They are weighted by the roots of the patterns' weights and come in two arrays, sparse or not: slopes (patterns × 1
    or items), and intercepts, mean and sd (patterns × items + 2).
    """
    theta = state.mean + state.sd * plan.z
    right = curvature(expected.persons, theta, state.a, state.d)[0]
    population = np.column_stack(
        ((theta - state.mean) / state.sd**2 * plan.mean_free, (plan.z**2 - 1) / state.sd * plan.sd_free)
    )
    rows = max(1, CHUNK_CELLS // (patterns.items + plan.nodes))
    for begin in range(0, len(patterns.weight), rows):
        chunk = slice(begin, begin + rows)
        u, posterior = patterns.right[chunk], expected.posterior[chunk]
        root = np.sqrt(patterns.weight[chunk])[:, np.newaxis]
        for degree, phi in enumerate(_polynomials(posterior, plan.z), start=1):
            weighted = root * posterior * phi
            of_slopes, of_rest = _coefficients(weighted, u, right, theta, plan, population)
            small = (np.concatenate((_squares(of_slopes), _squares(of_rest))) <= enough).all()
            if small and degree > 2:  # what the sd asks for is of the second degree
                break
            yield of_slopes, of_rest


def _coefficients(
    weighted: FloatArray, u: Any, right: FloatArray, theta: FloatArray, plan: Plan, population: FloatArray
) -> tuple[Any, Any]:
    """E(score·phi) of every pattern for slopes and for the rest; the places in `u` (CSR) tell what was seen."""
    row = np.repeat(np.arange(u.shape[0]), np.diff(u.indptr))
    intercepts = _like(u, -(weighted @ right.T)[row, u.indices])
    if plan.slope_free.any():
        moments = u.data * (weighted @ theta)[row] - (weighted @ (right * theta).T)[row, u.indices]
        slopes: Any = _like(u, np.where(plan.slope_free[u.indices], moments, 0.0))
        if plan.common:
            slopes = sparse.csr_array(slopes.sum(axis=1).reshape(-1, 1))
    else:
        slopes = sparse.csr_array((u.shape[0], 1 if plan.common else u.shape[1]))
    rest: Any = sparse.hstack((intercepts, sparse.csr_array(weighted @ population)), format="csr")
    if u.nnz > DENSE * u.shape[0] * u.shape[1]:
        return slopes.toarray(), rest.toarray()
    return slopes, rest


def _polynomials(posterior: FloatArray, z: FloatArray) -> Iterator[FloatArray]:
    """Polynomials of degree 1, 2, … orthonormal under each row of `posterior` (rows × nodes), by Stieltjes' recursion.

    A row whose posterior has fewer nodes than the degree asks for gets zeros from there on.
    """
    before, now = np.zeros_like(posterior), np.ones_like(posterior)
    norm = np.zeros(len(posterior))
    for _ in range(len(z) - 1):
        centre = (posterior * now * now) @ z
        following = (z - centre[:, np.newaxis]) * now - norm[:, np.newaxis] * before
        norm = np.sqrt((posterior * following * following).sum(axis=1))
        alive = norm > 1e-8
        following *= (alive / np.where(alive, norm, 1.0))[:, np.newaxis]
        before, now = now, following
        yield now


def _like(u: Any, values: FloatArray) -> Any:
    """A CSR array with other values in the same places."""
    return sparse.csr_array((values, u.indices, u.indptr), shape=u.shape)


def _squares(scores: Any) -> FloatArray:
    """Column sums of squares."""
    squares: FloatArray = np.asarray((scores * scores).sum(axis=0), dtype=np.float64).ravel()
    return squares


def _product(left: Any, right: Any) -> FloatArray:
    """The cross-product left' @ right as an ordinary array."""
    product: Any = left.T @ right
    dense: FloatArray = product if isinstance(product, np.ndarray) else product.toarray()
    return dense


def _inverse(information: FloatArray) -> FloatArray:
    """Inverse of a symmetric matrix; parameters in directions without information get infinite variances alone."""
    n = len(information)
    if n == 0:
        return information
    scale = 1 / np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information * np.multiply.outer(scale, scale)
    try:
        inverse: FloatArray = linalg.cho_solve(linalg.cho_factor(scaled), np.eye(n))
    except linalg.LinAlgError:
        inverse = np.full((n, n), np.inf)
    if not np.diag(inverse).max() < 1 / SINGULAR:
        values, vectors = linalg.eigh(scaled)
        sound = values > SINGULAR
        inverse = (vectors[:, sound] / values[sound]) @ vectors[:, sound].T
        lost = (vectors[:, ~sound] ** 2).sum(axis=1) > 1e-6
        inverse[lost, :] = inverse[:, lost] = 0.0
        inverse[lost, lost] = np.inf
    return inverse * np.multiply.outer(scale, scale)


def _inverse_of_blocks(
    diagonal: FloatArray, together: FloatArray, free: NDArray[np.bool_], at: _Places, plan: Plan
) -> tuple[FloatArray, FloatArray]:
    """Variances (k,) and covariances of slopes with intercepts (items,) from the blocks alone."""
    sound = free & (diagonal > 0)
    variance = np.where(free, np.where(sound, 1 / np.where(sound, diagonal, 1.0), np.inf), 0.0)
    if plan.common:
        return variance, np.zeros_like(together)
    both = free[at.slope] & free[at.intercept]
    aa, dd = diagonal[at.slope], diagonal[at.intercept]
    determinant = aa * dd - together**2
    good = both & (aa > 0) & (determinant > SINGULAR * np.abs(aa * dd))
    divisor = np.where(good, determinant, 1.0)
    variance[at.slope] = np.where(good, dd / divisor, np.where(both, np.inf, variance[at.slope]))
    variance[at.intercept] = np.where(good, aa / divisor, np.where(both, np.inf, variance[at.intercept]))
    return variance, np.where(good, -together / divisor, 0.0)
