"""How far pass/fail decisions can be relied on: accuracy against the true score, consistency between forms."""

from psychometrics.decision.abilities import lee, rudner
from psychometrics.decision.agreement import Agreement, BadDecision
from psychometrics.decision.raw_scores import LivingstonLewis, effective_length, livingston_lewis

__all__ = [
    "Agreement",
    "BadDecision",
    "LivingstonLewis",
    "effective_length",
    "lee",
    "livingston_lewis",
    "rudner",
]
