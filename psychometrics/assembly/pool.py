"""Assembling reference forms, parallel forms and whole pools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from psychometrics.assembly.bands import FRACTION
from psychometrics.assembly.blueprint import Blueprint
from psychometrics.assembly.check import anchors_held, target_of, unmet, violations
from psychometrics.assembly.drafts import (
    ANCHORS,
    RELAXATIONS,
    Assembly,
    Candidate,
    Draft,
    Target,
)
from psychometrics.assembly.ladder import Climb, Clock
from psychometrics.assembly.preparation import Call, Step, anchors_wanted, open_call, standing
from psychometrics.assembly.shortage import Shortage, diagnose, shortages
from psychometrics.assembly.units import RATING_SCALE

POOL_TIME = 20.0
FORM_TIME = 2.0
TIGHT = 1.6  # a supply below this many times the need makes one joint model of all forms the first choice
JOINT_TIME = 0.6  # share of the time left that the joint model may take
JOINT_SIZE = 8_000  # forms x units that one model may hold


def assemble_reference(
    candidates: Sequence[Candidate], blueprint: Blueprint, *, seed: int = 0, time_limit: float = 10.0
) -> Assembly:
    """One draft for an exam's reference form.

    The sum of its scored ratings has a fractional part in 0.35-0.65, exactly, so that no later estimate moves
    the minimum passing raw score by rounding; its curve lies near the bank's average where that is possible, so
    that parallel forms exist. Raises Shortage when the bank cannot do it.
    """
    clock = Clock.start(time_limit)
    call = open_call(candidates, blueprint, seed=seed)
    return _assemble(_Order(call, 1, None, (), clock, time_limit))


def assemble_forms(
    candidates: Sequence[Candidate],
    blueprint: Blueprint,
    target: Target,
    *,
    forms: int,
    disjoint: bool,
    used: Collection[Draft] = (),
    seed: int = 0,
    personal: bool = False,
    time_limit: float = FORM_TIME,
    anchors: int = 6,
) -> Assembly:
    """`forms` drafts parallel to `target`, least exposed questions first, in at most `time_limit` seconds each.

    With `disjoint` no question stands twice in the call or in `used`. Otherwise `used` are the other forms of
    the pool: scored sets stay apart while that is possible, and at least `anchors` unscored seats hold questions
    that other forms score (as many as there are, when fewer), with one in each domain. A `personal` form avoids
    seen questions instead, and its minimum passing raw score may differ once the cut band is relaxed.

    `Assembly.relaxed` names what at least one draft does not meet. The same arguments give the same drafts
    unless the time runs out. Raises ValueError for `forms` < 1 or a target at odds with itself, and Shortage,
    whose lines name each cause, when the bank cannot do it.
    """
    cut = target.minimum_passing_raw
    if forms < 1 or not cut - 1.25 < target.curve[1] < cut + 0.25:
        raise ValueError(f"cannot make {forms} forms for the target {target}")
    clock = Clock.start(time_limit * forms)
    call = open_call(candidates, blueprint, disjoint=disjoint, personal=personal, anchors=anchors, seed=seed)
    return _assemble(_Order(call, forms, target, tuple(used), clock, time_limit))


def assemble_pool(
    candidates: Sequence[Candidate],
    blueprint: Blueprint,
    *,
    forms: int,
    disjoint: bool,
    seed: int = 0,
    anchors: int = 6,
) -> Assembly:
    """A reference form (drafts[0], as by assemble_reference) and `forms` - 1 forms parallel to it.

    Where the bank is tight all forms are solved in one model, since form by form would often end in a dead end;
    elsewhere one after the other, holding back what the later ones need. Constraints, reports and errors are
    those of assemble_forms.
    """
    if forms < 1:
        raise ValueError(f"cannot make {forms} forms")
    clock = Clock.start(max(POOL_TIME, FORM_TIME * forms))
    call = open_call(candidates, blueprint, disjoint=disjoint, anchors=anchors, seed=seed)
    return _assemble(_Order(call, forms, None, (), clock, FORM_TIME))


@dataclass(frozen=True, slots=True)
class _Order:
    """Forms to be made: parallel to `target`, or to the first of them when it is None."""

    call: Call
    forms: int
    target: Target | None
    used: tuple[Draft, ...]
    clock: Clock
    per_form: float


def _assemble(order: _Order) -> Assembly:
    """Verified drafts by the plan that suits the bank, or by the other plan where the first falls short."""
    call = order.call
    if lines := shortages(call, order.forms, order.used):
        raise Shortage(lines)
    best: tuple[list[Draft], tuple[str, ...]] | None = None
    for plan in _plans(order):
        drafts = plan(order)
        if drafts is not None:
            _verify(order, drafts)
            missed = _missed(order, drafts)
            if best is None or len(missed) < len(best[1]):
                best = drafts, missed
            if not missed:
                break
    if best is None:
        raise Shortage(diagnose(call, Step(order.forms, order.used, 0, order.target)))
    return Assembly(tuple(best[0]), best[1], order.clock.spent())


def _plans(order: _Order) -> list[Callable[[_Order], list[Draft] | None]]:
    call = order.call
    if order.forms == 1 or call.personal or order.forms * len(call.units) > JOINT_SIZE:
        return [_one_by_one]
    place = standing(call, Step(order.forms, order.used, 0, None), overlap=False)
    untaken = place.scored | place.unscored if call.disjoint else place.scored
    needed = order.forms * (call.blueprint.questions if call.disjoint else call.blueprint.scored)
    tight = int(call.units.size[untaken].sum()) < TIGHT * needed
    return [_jointly, _one_by_one] if tight else [_one_by_one, _jointly]


def _jointly(order: _Order) -> list[Draft] | None:
    step = Step(order.forms, order.used, 0, order.target)
    return Climb(order.call, step, Clock.start(order.clock.left() * JOINT_TIME)).drafts()


def _one_by_one(order: _Order) -> list[Draft] | None:
    drafts: list[Draft] = []
    target = order.target
    for later in reversed(range(order.forms)):
        step = Step(1, (*order.used, *drafts), later, target)
        found = Climb(order.call, step, Clock.start(min(order.per_form, order.clock.left()))).drafts()
        if found is None:
            return None
        drafts += found
        target = target or target_of(drafts[0], order.call.candidates)
    return drafts


def _missed(order: _Order, drafts: list[Draft]) -> tuple[str, ...]:
    """What at least one of the drafts does not meet, measured on the drafts and not taken from the model."""
    call = order.call
    target = order.target or target_of(drafts[0], call.candidates)
    missed: set[str] = set()
    for index, draft in enumerate(drafts):
        before = (*order.used, *drafts[:index])
        others = (*before, *drafts[index + 1 :])
        missed.update(unmet(draft, call.candidates, target, others, personal=call.personal, measured=call.measured))
        # Forms made before must have been able to give the anchors; later ones may have added some.
        step = Step(1, before, 0, None)
        wanted, total = anchors_wanted(call, standing(call, step, overlap=False), step)
        held = anchors_held(draft, others, call.candidates, call.blueprint)
        if sum(held) < total or any(have < want for have, want in zip(held, wanted.tolist(), strict=True)):
            missed.add(ANCHORS)
    return tuple(name for name in (*RELAXATIONS, ANCHORS) if name in missed)


def _verify(order: _Order, drafts: list[Draft]) -> None:
    """The model's own promises, checked apart from it: a broken one is a defect here, never a result."""
    call = order.call
    broken = [line for draft in drafts for line in violations(draft, call.candidates, call.blueprint)]
    if call.disjoint:
        times = Counter(number for draft in (*order.used, *drafts) for number in (*draft.scored, *draft.unscored))
        fresh = {number for draft in drafts for number in (*draft.scored, *draft.unscored)}
        broken += [f"question {number} stands on two forms" for number in sorted(fresh) if times[number] > 1]
    if order.target is None:
        rating = sum(one.rating for one in call.candidates if one.id in set(drafts[0].scored))
        if not FRACTION[0] <= rating % RATING_SCALE <= FRACTION[1]:
            broken.append(f"the reference's rating sum is {rating / RATING_SCALE}")
    if not call.personal:
        target = order.target or target_of(drafts[0], call.candidates)
        passing = [target_of(draft, call.candidates).minimum_passing_raw for draft in drafts]
        if set(passing) != {target.minimum_passing_raw}:
            broken.append(f"the minimum passing raw scores are {passing}, not {target.minimum_passing_raw}")
    if broken:
        raise RuntimeError(f"assembly broke its own rules: {'; '.join(broken)}")
