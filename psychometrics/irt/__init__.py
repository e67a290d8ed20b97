"""Item response theory: the model, what scores say about ability, and how items are calibrated."""

from psychometrics.arrays import FloatArray
from psychometrics.irt.abilities import NotConverged, NothingSeen, conditional_sem, eap, map_, ml, wle
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
    "NotConverged",
    "NothingSeen",
    "Prior",
    "Rating",
    "Thetas",
    "characteristic_curve",
    "conditional_sem",
    "eap",
    "eap_of_score",
    "from_rating",
    "information",
    "item_parameters",
    "map_",
    "ml",
    "posterior_of_score",
    "probability",
    "score_distribution",
    "wle",
]
