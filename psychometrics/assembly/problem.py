"""One assembly problem: which units may stand where, at what cost, beside which other forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics.assembly.blueprint import Blueprint
from psychometrics.assembly.drafts import Target
from psychometrics.assembly.units import RATING_SCALE, SCALE, Bools, Floats, Ints, Units


@dataclass(frozen=True, slots=True)
class Reserve:
    """What must be left for `forms` later forms, kept per stratum (units of equal task, kind and use).

    Holding counts back for the later forms keeps a form-by-form assembly out of dead ends: the idea of the
    big-shadow-test method (van der Linden, Linear Models for Optimal Test Design, 2005, section 6.2), with one
    shadow seat count per stratum instead of one per question. `sample` has one unit per stratum, `supply`
    (strata,) the number of untaken units, `shared` (strata,) how many could take unscored seats if forms share.
    """

    forms: int
    sample: Units
    supply: Ints
    shared: Ints


@dataclass(frozen=True, slots=True)
class Problem:
    """Forms to be made from `units` in one model.

    `scored` and `unscored` (n,) say which units may take such seats, `scored_cost` and `unscored_cost` (n,) what
    that costs. `anchors` marks the units scored on forms made before; with `linked`, the forms of this model are
    anchors for each other too, and `anchors_wanted` (domains,) seats per domain and `anchors_total` per form must
    hold some. `target` None makes the first form the reference of the others, near `centre` (4,), see centre_of.
    """

    blueprint: Blueprint
    units: Units
    forms: int
    target: Target | None
    centre: Floats
    scored: Bools
    unscored: Bools
    scored_cost: Ints
    unscored_cost: Ints
    anchors: Bools
    anchors_wanted: Ints
    anchors_total: int
    linked: bool = False
    disjoint: bool = False
    personal: bool = False
    measured: bool = False  # enough of the bank is calibrated to demand information
    reserve: Reserve | None = None


def centre_of(units: Units, blueprint: Blueprint) -> Floats:
    """What a form drawn at random from the scorable units would have, shape (4,).

    The expected raw score at ABILITIES, then the sum of ratings, all in raw points. Domains count by their
    scored seats and, within a domain, kinds by the middle of their scored shares.
    """
    values = np.column_stack([units.curve / SCALE, units.rating / RATING_SCALE])
    centre = np.zeros(values.shape[1])
    middles = np.array([sum(share.scored) for share in blueprint.shares.values()], dtype=np.float64)
    for domain, seats in enumerate(blueprint.scored_by_domain):
        inside = units.scored_ok & (units.domains[:, domain] > 0)
        kinds = units.kinds[inside].astype(np.float64)
        questions = kinds.sum(axis=0)
        weight = kinds @ np.divide(middles, questions, out=np.zeros_like(middles), where=questions > 0)
        if weight.sum() > 0:
            per_question = values[inside] / units.size[inside][:, None]
            centre += seats * (weight @ per_question) / weight.sum()
    return centre
