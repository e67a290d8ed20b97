"""Drafts judged question by question, apart from the model that made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from psychometrics.assembly.blueprint import Blueprint
from psychometrics.assembly.drafts import (
    BANDS,
    CALIBRATED_SHARE,
    CUT_BAND,
    INFORMATION,
    INFORMATION_BAND,
    OUTER_POINTS,
    OVERLAP,
    RELAXATIONS,
    Candidate,
    Draft,
    Target,
    minimum_passing_raw,
)
from psychometrics.assembly.units import responses

FLOAT_NOISE = 1e-9


def violations(draft: Draft, candidates: Sequence[Candidate], blueprint: Blueprint) -> list[str]:
    """Every hard rule that the draft breaks, in words; empty for a sound form.

    The rules: scored and unscored counts per domain, a scored seat for each task, kind shares, no question
    twice, no enemies together, scenarios whole and in one part, pretest questions unscored.
    """
    by_id = {candidate.id: candidate for candidate in candidates}
    seated = [*draft.scored, *draft.unscored]
    if unknown := [number for number in seated if number not in by_id]:
        return [f"questions {unknown} are not among the candidates"]
    scored, unscored = [[by_id[number] for number in part] for part in (draft.scored, draft.unscored)]
    found = [f"question {number} stands {times} times" for number, times in Counter(seated).items() if times > 1]
    found += [f"question {one.id} is pretest but scored" for one in scored if not one.scorable]
    found += _count_violations(scored, unscored, blueprint)
    on_form = set(seated)
    for one in (*scored, *unscored):
        found += [f"questions {one.id} and {enemy} are enemies" for enemy in sorted(one.enemies & on_form - {one.id})]
    whole = Counter(candidate.scenario for candidate in candidates)
    for part, word in ((scored, "scored"), (unscored, "unscored")):
        for scenario, count in Counter(one.scenario for one in part).items():
            if scenario is not None and count != whole[scenario]:
                found.append(f"scenario {scenario} has {count} of its {whole[scenario]} questions {word}")
    return found


def _count_violations(scored: Sequence[Candidate], unscored: Sequence[Candidate], blueprint: Blueprint) -> list[str]:
    found = []
    for part, seats, word in (
        (scored, blueprint.scored_by_domain, "scored"),
        (unscored, blueprint.unscored_by_domain, "unscored"),
    ):
        held = Counter(blueprint.tasks[one.task] for one in part)
        for domain, name in enumerate(blueprint.domain_names):
            if held[domain] != seats[domain]:
                found.append(f"domain {name} has {held[domain]} {word} questions, not {seats[domain]}")
    tasks = {one.task for one in scored}
    found += [
        f"task {name} has no scored question" for task, name in enumerate(blueprint.task_names) if task not in tasks
    ]
    on_scored = Counter(one.kind for one in scored)
    on_form = on_scored + Counter(one.kind for one in unscored)
    for kind in on_form.keys() - blueprint.shares.keys():
        found.append(f"kind {kind} has no share")
    for kind, share in blueprint.shares.items():
        for held_count, (low, high), word in (
            (on_form[kind], share.form, "form"),
            (on_scored[kind], share.scored, "scored"),
        ):
            if not low <= held_count <= high:
                found.append(f"kind {kind} has {held_count} in its {word} share of {low} to {high}")
    return found


def target_of(reference: Draft, candidates: Sequence[Candidate]) -> Target:
    """What other forms must resemble when `reference` is the reference form.

    Information is part of it once 80 % of the reference's scored questions are calibrated.
    """
    chosen = _scored(reference, candidates)
    curve, information = _statistics(chosen)
    calibrated = sum(one.calibrated for one in chosen) >= CALIBRATED_SHARE * len(chosen)
    return Target(curve, minimum_passing_raw(curve[1]), information if calibrated else None)


def unmet(
    draft: Draft,
    candidates: Sequence[Candidate],
    target: Target,
    others: Iterable[Draft] = (),
    *,
    personal: bool = False,
    measured: bool = False,
) -> list[str]:
    """The names in RELAXATIONS that the draft does not meet.

    Overlap means a scored question that one of `others` also scores or, on a personal form, any seen question.
    Information counts when the bank is `measured` or 80 % of the draft's scored questions are calibrated.
    """
    chosen = _scored(draft, candidates)
    curve, information = _statistics(chosen)
    off = [abs(own - wanted) > band + FLOAT_NOISE for own, wanted, band in zip(curve, target.curve, BANDS, strict=True)]
    measured = measured or sum(one.calibrated for one in chosen) >= CALIBRATED_SHARE * len(chosen)
    broken: Collection[str] = {
        name
        for name, bad in (
            (INFORMATION, measured and _far(information, target.information)),
            (OUTER_POINTS, off[0] or off[2]),
            (CUT_BAND, off[1] or minimum_passing_raw(curve[1]) != target.minimum_passing_raw),
            (OVERLAP, _overlaps(draft, candidates, others, personal)),
        )
        if bad
    }
    return [name for name in RELAXATIONS if name in broken]


def _far(information: float, wanted: float | None) -> bool:
    return wanted is not None and abs(information - wanted) > INFORMATION_BAND * wanted + FLOAT_NOISE


def _overlaps(draft: Draft, candidates: Sequence[Candidate], others: Iterable[Draft], personal: bool) -> bool:
    if personal:
        seated = {*draft.scored, *draft.unscored}
        return any(one.seen and one.id in seated for one in candidates)
    return any(not set(draft.scored).isdisjoint(other.scored) for other in others)


def anchors_held(
    draft: Draft, others: Iterable[Draft], candidates: Sequence[Candidate], blueprint: Blueprint
) -> tuple[int, ...]:
    """Per domain, how many unscored seats of the draft hold a question that one of `others` scores."""
    elsewhere = {number for other in others for number in other.scored}
    anchors = elsewhere.intersection(draft.unscored)
    held = Counter(blueprint.tasks[one.task] for one in candidates if one.id in anchors)
    return tuple(held[domain] for domain in range(len(blueprint.weights)))


def _scored(draft: Draft, candidates: Sequence[Candidate]) -> list[Candidate]:
    scored = set(draft.scored)
    return [one for one in candidates if one.id in scored]


def _statistics(chosen: Sequence[Candidate]) -> tuple[tuple[float, float, float], float]:
    """The expected raw score at ABILITIES and the information at theta 0: sum of a^2 P (1 - P) (Birnbaum, 1968)."""
    a = np.array([one.a for one in chosen], dtype=np.float64)
    chance = responses(a, np.array([one.d for one in chosen], dtype=np.float64))
    low, middle, high = (float(value) for value in chance.sum(axis=0))
    return (low, middle, high), float((a**2 * chance[:, 1] * (1 - chance[:, 1])).sum())
