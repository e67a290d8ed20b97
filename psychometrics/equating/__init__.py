"""Carrying scores from one form to another, so that the same number means the same ability."""

from psychometrics.equating.anchored import Line, chained_equipercentile, chained_linear, levine, tucker
from psychometrics.equating.drift import Drift, robust_drift
from psychometrics.equating.frequencies import BadScores
from psychometrics.equating.linking import Link, NotLinked, link
from psychometrics.equating.observed_scores import observed_score
from psychometrics.equating.random_groups import equipercentile, linear, mean
from psychometrics.equating.smoothing import LogLinear, NoFit, loglinear
from psychometrics.equating.true_scores import theta_of_expected, true_score

__all__ = [
    "BadScores",
    "Drift",
    "Line",
    "Link",
    "LogLinear",
    "NoFit",
    "NotLinked",
    "chained_equipercentile",
    "chained_linear",
    "equipercentile",
    "levine",
    "linear",
    "link",
    "loglinear",
    "mean",
    "observed_score",
    "robust_drift",
    "theta_of_expected",
    "true_score",
    "tucker",
]
