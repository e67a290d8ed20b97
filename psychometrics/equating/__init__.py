"""Carrying scores from one form to another, so that the same number means the same ability."""

from psychometrics.equating.true_scores import theta_of_expected, true_score

__all__ = ["theta_of_expected", "true_score"]
