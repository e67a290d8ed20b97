"""Item response theory: the model, what scores say about ability, and how items are calibrated."""

from psychometrics.arrays import FloatArray
from psychometrics.irt.abilities import NoEstimate, NothingSeen, eap, map_, ml, wle
from psychometrics.irt.calibrated import (
    BadSettings,
    CalibrationError,
    Fit,
    ItemPriors,
    Model,
    NotConverged,
    NothingToCalibrate,
    TooFewItems,
    TooFewPersons,
)
from psychometrics.irt.calibration import fit
from psychometrics.irt.expected import ExpectedScores, expected_scores
from psychometrics.irt.fitstat import (
    MeanSquares,
    NoFit,
    ResidualCorrelations,
    ScoreGroupFit,
    infit_outfit,
    infit_outfit_integrated,
    q3,
    q3_flagged,
    s_x2,
)
from psychometrics.irt.model import (
    Rating,
    Thetas,
    characteristic_curve,
    conditional_sem,
    from_rating,
    information,
    item_parameters,
    probability,
    score_distribution,
)
from psychometrics.irt.simulation import assign, simulate
from psychometrics.irt.summed import NODES, REACH, Prior, eap_of_score, posterior_of_score

__all__ = [
    "NODES",
    "REACH",
    "BadSettings",
    "CalibrationError",
    "ExpectedScores",
    "Fit",
    "FloatArray",
    "ItemPriors",
    "MeanSquares",
    "Model",
    "NoEstimate",
    "NoFit",
    "NotConverged",
    "NothingSeen",
    "NothingToCalibrate",
    "Prior",
    "Rating",
    "ResidualCorrelations",
    "ScoreGroupFit",
    "Thetas",
    "TooFewItems",
    "TooFewPersons",
    "assign",
    "characteristic_curve",
    "conditional_sem",
    "eap",
    "eap_of_score",
    "expected_scores",
    "fit",
    "from_rating",
    "infit_outfit",
    "infit_outfit_integrated",
    "information",
    "item_parameters",
    "map_",
    "ml",
    "posterior_of_score",
    "probability",
    "q3",
    "q3_flagged",
    "s_x2",
    "score_distribution",
    "simulate",
    "wle",
]
