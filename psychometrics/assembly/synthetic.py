"""Made-up banks for tests and benchmarks: the right shape and spread, no content."""

from __future__ import annotations

import numpy as np

from psychometrics.assembly.blueprint import CASE_STUDY, Blueprint, apportion
from psychometrics.assembly.drafts import Candidate

SCENARIO_SIZE = 2
PRETEST_SHARE = 0.15
ENEMY_PAIRS = 0.015  # per question


def synthetic_bank(size: int, blueprint: Blueprint, seed: int, *, calibrated: float = 0.0) -> list[Candidate]:
    """About `size` candidates with ids 1, 2, ... that suit `blueprint`; the same for the same seed.

    Kinds stand in proportion to the middle of their shares and are spread evenly over the tasks by domain
    weight; case studies come as scenarios of two (so `size` may be missed by one). Ratings are N(0.70, 0.12)
    clipped to 0.35-0.95, 15 % of the questions are pretest, 3 % have an enemy in their own task, exposures are
    negative binomial with mean 80. The share `calibrated` of the scorable questions gets parameters that
    stray from the rating (log a ~ N(0, 0.3^2), d off by N(0, 0.3^2)); the others keep a = 1, d = logit(rating).
    """
    rng = np.random.default_rng(seed)
    places = _places(size, blueprint, rng)
    count = len(places)
    rating = np.rint(np.clip(rng.normal(0.70, 0.12, count), 0.35, 0.95) * 10_000).astype(int)
    scorable = rng.random(count) >= PRETEST_SHARE
    for i in range(1, count):
        if places[i][2] is not None and places[i][2] == places[i - 1][2]:
            scorable[i] = scorable[i - 1]  # a scenario is reviewed and rated as one
    measured = scorable & (rng.random(count) < calibrated)
    a = np.where(measured, np.exp(rng.normal(0.0, 0.3, count)), 1.0)
    logit = np.log(rating / (10_000 - rating))
    d = np.where(measured, logit + rng.normal(0.0, 0.3, count), logit)
    exposure = rng.negative_binomial(2, 2 / 82, count)
    first = rng.binomial(exposure, 0.6)
    enemies = _enemies(places, rng)
    return [
        Candidate(
            id=i + 1,
            task=task,
            kind=kind,
            scorable=bool(scorable[i]),
            rating=int(rating[i]),
            a=float(a[i]),
            d=float(d[i]),
            calibrated=bool(measured[i]),
            exposure=int(exposure[i]),
            first_exposures=int(first[i]),
            scenario=scenario,
            enemies=frozenset(enemies.get(i, ())),
        )
        for i, (task, kind, scenario) in enumerate(places)
    ]


def _places(size: int, blueprint: Blueprint, rng: np.random.Generator) -> list[tuple[int, str, int | None]]:
    """Task, kind and scenario of each question, in random order (the questions of a scenario side by side)."""
    middles = [sum(share.form) for share in blueprint.shares.values()]
    blocks: list[list[tuple[int, str, int | None]]] = []
    scenarios = 0
    for kind, count in zip(blueprint.kinds, apportion(size, middles), strict=True):
        if kind == CASE_STUDY:
            for task in _spread(-(-count // SCENARIO_SIZE), blueprint, rng):
                scenarios += 1
                blocks.append([(task, kind, scenarios)] * SCENARIO_SIZE)
        else:
            blocks.extend([(task, kind, None)] for task in _spread(count, blueprint, rng))
    return [place for index in rng.permutation(len(blocks)) for place in blocks[index]]


def _spread(count: int, blueprint: Blueprint, rng: np.random.Generator) -> list[int]:
    """A task for each of `count` questions by systematic sampling: each task gets its quota rounded up or down."""
    per_task = np.array([blueprint.weights[d] / blueprint.tasks.count(d) for d in blueprint.tasks])
    order = rng.permutation(len(per_task))
    edges = np.cumsum(per_task[order]) / per_task.sum()
    points = (np.arange(count) + rng.random()) / max(count, 1)
    return [int(task) for task in order[np.minimum(np.searchsorted(edges, points), len(order) - 1)]]


def _enemies(places: list[tuple[int, str, int | None]], rng: np.random.Generator) -> dict[int, set[int]]:
    by_task: dict[int, list[int]] = {}
    for index, (task, _, scenario) in enumerate(places):
        if scenario is None:
            by_task.setdefault(task, []).append(index)
    found: dict[int, set[int]] = {}
    tasks = [members for members in by_task.values() if len(members) > 1]
    for _ in range(round(len(places) * ENEMY_PAIRS) if tasks else 0):
        members = tasks[int(rng.integers(len(tasks)))]
        one, other = (members[int(k)] for k in rng.choice(len(members), 2, replace=False))
        found.setdefault(one, set()).add(other + 1)
        found.setdefault(other, set()).add(one + 1)
    return found
