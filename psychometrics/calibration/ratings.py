"""What ratings say about difficulty: a random-effects regression of measured intercepts on the logits of ratings.

Judges may all be lenient (alpha), may shy away from extremes (beta) and each rating is off by something (tau). The
intercepts are estimates with known errors, so that this is the regression of a meta-analysis.

Sources:
    Berkey, C. S., Hoaglin, D. C., Mosteller, F., & Colditz, G. A. (1995). A random-effects regression model for
        meta-analysis. Statistics in Medicine, 14(4), 395-411.
    DerSimonian, R., & Laird, N. (1986). Meta-analysis in clinical trials. Controlled Clinical Trials, 7(3), 177-188.
    Harville, D. A. (1977). Maximum likelihood approaches to variance component estimation and to related problems.
        Journal of the American Statistical Association, 72(358), 320-338.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from psychometrics.arrays import FloatArray
from psychometrics.irt import NothingToCalibrate

# An assumption, not a measurement, where the data cannot tell: how far one rating may be off, in logits.
TAU = 0.8
# However well a few ratings happen to fit, none counts for more than this.
LEAST_TAU, LARGEST_TAU = 0.1, 5.0
# Ratings whose logits differ by less (as a standard deviation) tell nothing about beta.
LEAST_SPREAD = 0.1
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Line:
    """d ~ N(alpha + beta·x, tau²) for a question rated x = logit(rating)."""

    alpha: float
    beta: float
    tau: float

    def at(self, x: FloatArray) -> FloatArray:
        """The expected intercept for logits of ratings, same shape, NaN for NaN."""
        return self.alpha + self.beta * x

    def moved(self, by: float) -> "Line":
        """The same line for intercepts that are all higher by so much."""
        return Line(self.alpha + by, self.beta, self.tau)

    def near(self, other: "Line", tolerance: float) -> bool:
        """Whether no parameter differs by more than the tolerance."""
        mine, theirs = (self.alpha, self.beta, self.tau), (other.alpha, other.beta, other.tau)
        return max(abs(one - two) for one, two in zip(mine, theirs, strict=True)) <= tolerance


def line_of(d: FloatArray, se: FloatArray, x: FloatArray) -> Line:
    """Return the line through intercepts `d` with standard errors `se` over logits of ratings `x`, each (k,), finite.

    alpha and beta by weighted least squares with weights 1/(se² + tau²) (DerSimonian & Laird 1986; Berkey et al.
    1995), tau² by maximising the marginal likelihood that is left when alpha and beta are integrated out (restricted
    maximum likelihood, Harville 1977), at least 0.1². Fewer than three questions, or ratings without spread, say
    nothing about beta and tau: then beta = 1, tau = 0.8, and alpha is the weighted mean of d - x. Raises
    NothingToCalibrate for none.
    """
    if d.size == 0:
        raise NothingToCalibrate(
            "no rated question has enough answers, so that nothing says where the borderline candidate stands"
        )
    if d.size < FEWEST or x.std() < LEAST_SPREAD:
        weight = 1 / (se**2 + TAU**2)
        return Line(float(weight @ (d - x) / weight.sum()), 1.0, TAU)
    found = minimize_scalar(_deviance, bounds=(LEAST_TAU, LARGEST_TAU), args=(d, se, x), method="bounded")
    tau = float(found.x)
    if _deviance(LEAST_TAU, d, se, x) <= found.fun:
        tau = LEAST_TAU
    alpha, beta, _ = _least_squares(tau, d, se, x)
    return Line(alpha, beta, tau)


def _deviance(tau: float, d: FloatArray, se: FloatArray, x: FloatArray) -> float:
    """Minus twice the restricted log-likelihood of tau, up to a constant."""
    variance = se**2 + tau**2
    alpha, beta, determinant = _least_squares(tau, d, se, x)
    away = d - alpha - beta * x
    return float(np.log(variance).sum() + math.log(determinant) + (away**2 / variance).sum())


def _least_squares(tau: float, d: FloatArray, se: FloatArray, x: FloatArray) -> tuple[float, float, float]:
    """Weighted least squares: alpha, beta and the determinant of their information."""
    weight = 1 / (se**2 + tau**2)
    total, centre = weight.sum(), weight @ x / weight.sum()
    spread = weight @ (x - centre) ** 2
    beta = weight @ ((x - centre) * d) / spread
    return float(weight @ d / total - beta * centre), float(beta), float(total * spread)
