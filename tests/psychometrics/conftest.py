"""Blueprints of two real shapes, and the rules of a form written down a second time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from psychometrics.assembly import Blueprint, Candidate, Draft, Share

FormRules = Callable[[Draft, Sequence[Candidate], Blueprint], list[str]]
Curve = Callable[[Draft, Sequence[Candidate]], tuple[float, float, float, float]]


@pytest.fixture(scope="session")
def mla() -> Blueprint:
    """65 questions, four domains, three tasks in each, five kinds with one case study of two."""
    return Blueprint(
        questions=65,
        scored=50,
        weights=(28, 26, 22, 24),
        tasks=(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3),
        shares={
            "multiple_choice": Share((44, 46), (34, 36)),
            "multiple_response": Share((10, 12), (7, 9)),
            "ordering": Share((3, 5), (2, 4)),
            "matching": Share((2, 4), (1, 3)),
            "case_study": Share((2, 2), (0, 2)),
        },
    )


@pytest.fixture(scope="session")
def mls() -> Blueprint:
    """65 questions, four domains with three to five tasks, two kinds, no case study."""
    return Blueprint(
        questions=65,
        scored=50,
        weights=(20, 24, 36, 20),
        tasks=(0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3),
        shares={
            "multiple_choice": Share((51, 55), (39, 43)),
            "multiple_response": Share((10, 14), (7, 11)),
        },
    )


@pytest.fixture(scope="session")
def broken_rules() -> FormRules:
    """Names of the hard rules that a draft breaks; shares no code with the library."""

    def check(draft: Draft, bank: Sequence[Candidate], blueprint: Blueprint) -> list[str]:
        by_id = {one.id: one for one in bank}
        scored = [by_id[number] for number in draft.scored]
        unscored = [by_id[number] for number in draft.unscored]
        form = scored + unscored
        ids = {one.id for one in form}
        broken = []
        if len(ids) != blueprint.questions:
            broken.append("questions")
        for part, total in ((scored, blueprint.scored), (unscored, blueprint.questions - blueprint.scored)):
            exact = [total * weight / sum(blueprint.weights) for weight in blueprint.weights]
            held = Counter(blueprint.tasks[one.task] for one in part)
            if len(part) != total or any(abs(held[d] - quota) >= 1 for d, quota in enumerate(exact)):
                broken.append("domains")
        if {one.task for one in scored} != set(range(len(blueprint.tasks))):
            broken.append("tasks")
        for kind, share in blueprint.shares.items():
            if not share.form[0] <= sum(one.kind == kind for one in form) <= share.form[1]:
                broken.append(f"{kind} on the form")
            if not share.scored[0] <= sum(one.kind == kind for one in scored) <= share.scored[1]:
                broken.append(f"{kind} among the scored")
        if any(one.enemies & ids for one in form):
            broken.append("enemies")
        if not all(one.scorable for one in scored):
            broken.append("pretest")
        for scenario in {one.scenario for one in form if one.scenario is not None}:
            whole = {one.id for one in bank if one.scenario == scenario}
            if not (whole <= set(draft.scored) or whole <= set(draft.unscored)):
                broken.append("scenario")
        return broken

    return check


@pytest.fixture(scope="session")
def statistics() -> Curve:
    """T at -1, 0 and +1 and the information at 0 of a draft's scored questions, summed one by one."""

    def compute(draft: Draft, bank: Sequence[Candidate]) -> tuple[float, float, float, float]:
        chosen = [one for one in bank if one.id in set(draft.scored)]
        low, cut, high = (sum(1 / (1 + math.exp(-one.a * theta - one.d)) for one in chosen) for theta in (-1, 0, 1))
        information = sum(one.a**2 / (2 + math.exp(one.d) + math.exp(-one.d)) for one in chosen)
        return low, cut, high, information

    return compute
