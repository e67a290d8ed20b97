"""Anchors that drift: shared items whose difficulty has moved between two calibrations.

Sources:
    Huynh, H., & Meyer, P. (2010). Use of robust z in detecting unstable items in item response theory models.
        Practical Assessment, Research & Evaluation, 15(2), 1-8.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psychometrics.arrays import FloatArray
from psychometrics.equating.linking import SAME, Link, NotLinked
from psychometrics.irt import item_parameters

# 0.74 times the interquartile range of a normal distribution is its standard deviation.
SPREAD_OF_IQR = 0.74
FEWEST_ANCHORS = 3


@dataclass(frozen=True, slots=True)
class Drift:
    """How far each anchor has moved between two calibrations, after linking.

    `difference`, shape (n,): b_y - (A · b_x + B), in logits, positive for an item that became harder. `z`, shape
    (n,): the robust z of that difference, ±inf for an item that moved while most others did not at all.
    """

    difference: FloatArray
    z: FloatArray

    def drifting(self, z: float = 2.7, difference: float = 0.0) -> NDArray[np.bool_]:
        """Return which anchors, shape (n,), have a robust |z| above `z` and have moved by more than `difference`."""
        moved: NDArray[np.bool_] = (np.abs(self.z) > z) & (np.abs(self.difference) > difference)
        return moved


def robust_drift(b_x: ArrayLike, b_y: ArrayLike, linked: Link) -> Drift:
    """Return the anchors' drift: robust z = (D - median(D)) / (0.74 · IQR(D)), D = b_y - (A · b_x + B).

    `b_x` and `b_y`, shape (n,), are the anchors' difficulties as calibrated on either scale, in logits; `linked`
    leads from X to Y. Source: Huynh & Meyer (2010). Neither the median nor the interquartile range follows a few
    anchors that moved. Who drops anchors must link again without them. Raises NotLinked with fewer than three.
    """
    x, y = (item_parameters(np.ones(np.shape(each)), each)[1] for each in (b_x, b_y))
    if x.size != y.size:
        raise NotLinked(f"the shared items must be the same on both scales, got {x.size} and {y.size}")
    if x.size < FEWEST_ANCHORS:
        raise NotLinked(f"drift shows among {FEWEST_ANCHORS} anchors or more, got {x.size}")
    difference = y - linked.theta(x)
    lower, median, upper = np.quantile(difference, [0.25, 0.5, 0.75])
    away = difference - median
    spread = SPREAD_OF_IQR * (upper - lower)
    if spread > SAME:
        return Drift(difference, away / spread)
    return Drift(difference, np.where(np.abs(away) > SAME, np.copysign(np.inf, away), 0.0))
