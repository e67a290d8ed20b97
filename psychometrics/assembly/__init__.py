"""Automated test assembly: forms from a bank by a blueprint, parallel to a reference form.

The method is integer programming as in van der Linden, Linear Models for Optimal Test Design (2005): what a form
must have is a constraint, statistical likeness is held within bands, and exposure is minimised. Nothing here knows
a database or an exam by name: candidates and blueprints come in, ids go out.
"""

from psychometrics.assembly.blueprint import CASE_STUDY, Blueprint, Share, apportion
from psychometrics.assembly.check import anchors_held, target_of, unmet, violations
from psychometrics.assembly.drafts import (
    RELAXATIONS,
    Assembly,
    Candidate,
    Draft,
    Target,
    minimum_passing_raw,
)
from psychometrics.assembly.feasibility import Bounds, Conflict, bounds, conflicts, lacking
from psychometrics.assembly.pool import assemble_forms, assemble_pool, assemble_reference
from psychometrics.assembly.shortage import Shortage

__all__ = [
    "CASE_STUDY",
    "RELAXATIONS",
    "Assembly",
    "Blueprint",
    "Bounds",
    "Candidate",
    "Conflict",
    "Draft",
    "Share",
    "Shortage",
    "Target",
    "anchors_held",
    "apportion",
    "assemble_forms",
    "assemble_pool",
    "assemble_reference",
    "bounds",
    "conflicts",
    "lacking",
    "minimum_passing_raw",
    "target_of",
    "unmet",
    "violations",
]
