"""Item response theory: the model, what scores say about ability, and how items are calibrated."""

from psychometrics.arrays import FloatArray
from psychometrics.irt.model import (
    Rating,
    Thetas,
    characteristic_curve,
    from_rating,
    information,
    item_parameters,
    probability,
    score_distribution,
)
from psychometrics.irt.summed import NODES, REACH, Prior, eap_of_score, posterior_of_score

__all__ = [
    "NODES",
    "REACH",
    "FloatArray",
    "Prior",
    "Rating",
    "Thetas",
    "characteristic_curve",
    "eap_of_score",
    "from_rating",
    "information",
    "item_parameters",
    "posterior_of_score",
    "probability",
    "score_distribution",
]
