"""The bank as arrays. A unit is what is seated as one piece: a question, or all questions of a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from psychometrics.assembly.blueprint import Blueprint
from psychometrics.assembly.drafts import ABILITIES, Candidate, Draft

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

SCALE = 1_000_000  # probabilities and information enter the integer model in millionths
RATING_SCALE = 10_000


@dataclass(frozen=True, slots=True)
class Units:
    """Columns over n units; every array's first axis has length n.

    `domains` (n, domains), `tasks` (n, tasks) and `kinds` (n, kinds) count a unit's questions in each category.
    `curve` (n, 3) is the unit's expected raw score at ABILITIES and `information` (n,) its information at
    theta 0, both in millionths; `rating` (n,) its rating sum in ten-thousandths. `scored_ok` and `unscored_ok`
    say in which part of a form the unit could stand at all. `stratum` (n,) numbers the units with equal
    categories and equal `scored_ok` and `unscored_ok`. `members` holds candidate indexes.
    """

    members: Sequence[tuple[int, ...]]
    size: Ints
    domains: Ints
    tasks: Ints
    kinds: Ints
    curve: Ints
    information: Ints
    rating: Ints
    calibrated: Ints
    scored_ok: Bools
    unscored_ok: Bools
    scorable: Bools
    exposure: Ints
    first_exposures: Ints
    seen: Ints
    stratum: Ints
    enemies: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.members)

    def take(self, keep: Ints) -> Units:
        """The units at the indexes `keep`, in that order, with only the enemy pairs among them."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[keep] = np.arange(len(keep))
        pairs = ((int(place[one]), int(place[other])) for one, other in self.enemies)
        columns = {name: getattr(self, name)[keep] for name in _COLUMNS}
        return replace(
            self,
            members=[self.members[index] for index in keep],
            enemies=tuple(pair for pair in pairs if min(pair) >= 0),
            **columns,
        )


_COLUMNS = [column.name for column in fields(Units) if column.name not in ("members", "enemies")]


def responses(a: Floats, d: Floats, abilities: Sequence[float] = ABILITIES) -> Floats:
    """P(correct) of the two-parameter logistic model in slope-intercept form, shape (questions, abilities)."""
    return np.asarray(1.0 / (1.0 + np.exp(-(np.multiply.outer(a, np.asarray(abilities)) + d[:, None]))))


def gather(candidates: Sequence[Candidate], blueprint: Blueprint) -> Units:
    """Units of every usable candidate, in candidate order; each unusable one is left out.

    Unusable: a kind without a share, a scenario larger than its kind's share or with enemies inside. Raises
    ValueError for a repeated id, an unknown task or a parameter that is not finite.
    """
    owner, members = _group(candidates)
    count = len(members)
    one_task = np.array([candidate.task for candidate in candidates], dtype=np.int64)
    a = np.array([candidate.a for candidate in candidates], dtype=np.float64)
    d = np.array([candidate.d for candidate in candidates], dtype=np.float64)
    if not (np.isfinite(a).all() and np.isfinite(d).all()):
        raise ValueError("a candidate's parameters are not finite")
    if count and not set(np.unique(one_task)) <= set(range(len(blueprint.tasks))):
        raise ValueError("a candidate's task is not in the blueprint")
    kind_index = {kind: index for index, kind in enumerate(blueprint.kinds)}
    unknown = len(kind_index)
    one_kind = np.array([kind_index.get(candidate.kind, unknown) for candidate in candidates], dtype=np.int64)

    def total(values: Iterable[float]) -> Ints:
        return np.bincount(owner, weights=np.array(list(values), dtype=np.float64), minlength=count).astype(np.int64)

    def tally(category: Ints, width: int) -> Ints:
        cells = np.bincount(owner * width + category, minlength=count * width)
        return cells.reshape(count, width).astype(np.int64)

    chance = responses(a, d)
    kinds = tally(one_kind, unknown + 1)
    tasks = tally(one_task, len(blueprint.tasks))
    scorable = total(not candidate.scorable for candidate in candidates) == 0
    at_most = np.array([share.scored[1] for share in blueprint.shares.values()] + [0])
    unscored_at_most = np.array([share.unscored_at_most for share in blueprint.shares.values()] + [0])
    units = Units(
        members=members,
        size=np.bincount(owner, minlength=count).astype(np.int64),
        domains=tally(np.array(blueprint.tasks, dtype=np.int64)[one_task], len(blueprint.weights)),
        tasks=tasks,
        kinds=kinds[:, :unknown],
        curve=np.stack([total(np.rint(chance[:, k] * SCALE)) for k in range(chance.shape[1])], axis=1),
        information=total(np.rint(a**2 * chance[:, 1] * (1 - chance[:, 1]) * SCALE)),
        rating=total(candidate.rating for candidate in candidates),
        calibrated=total(candidate.calibrated for candidate in candidates),
        scored_ok=scorable & (kinds <= at_most).all(axis=1),
        unscored_ok=np.asarray((kinds <= unscored_at_most).all(axis=1)),
        scorable=scorable,
        exposure=total(candidate.exposure for candidate in candidates),
        first_exposures=total(candidate.first_exposures for candidate in candidates),
        seen=total(candidate.seen for candidate in candidates),
        stratum=np.zeros(count, dtype=np.int64),
        enemies=_enemies(candidates, owner),
    )
    hostile = np.zeros(count, dtype=np.bool_)
    hostile[[one for one, other in units.enemies if one == other]] = True
    usable = units.take(np.flatnonzero((units.scored_ok | units.unscored_ok) & ~hostile))
    return replace(usable, stratum=_strata(usable))


def _group(candidates: Sequence[Candidate]) -> tuple[Ints, list[tuple[int, ...]]]:
    """The unit of each candidate, and each unit's candidates."""
    if len({candidate.id for candidate in candidates}) != len(candidates):
        raise ValueError("two candidates share an id")
    members: list[tuple[int, ...]] = []
    owner = np.empty(len(candidates), dtype=np.int64)
    scenarios: dict[int, int] = {}
    for index, candidate in enumerate(candidates):
        if candidate.scenario is None:
            owner[index] = len(members)
            members.append((index,))
        elif candidate.scenario in scenarios:
            owner[index] = unit = scenarios[candidate.scenario]
            members[unit] += (index,)
        else:
            owner[index] = scenarios[candidate.scenario] = len(members)
            members.append((index,))
    return owner, members


def _enemies(candidates: Sequence[Candidate], owner: Ints) -> tuple[tuple[int, int], ...]:
    """Pairs of units that must not meet; a unit paired with itself holds enemies inside."""
    unit_of = {candidate.id: int(unit) for candidate, unit in zip(candidates, owner, strict=True)}
    pairs: set[tuple[int, int]] = set()
    for candidate in candidates:
        if candidate.enemies:
            one = unit_of[candidate.id]
            others = (unit_of[enemy] for enemy in candidate.enemies if enemy in unit_of and enemy != candidate.id)
            pairs.update((min(one, other), max(one, other)) for other in others)
    return tuple(sorted(pairs))


def _strata(units: Units) -> Ints:
    rows = np.column_stack([units.tasks, units.kinds, units.scored_ok, units.unscored_ok])
    # Rows become one number each by hashing bytes: np.unique(axis=0) sorts whole rows and costs far more.
    numbers: dict[bytes, int] = {}
    packed = np.ascontiguousarray(rows.astype(np.int16))
    return np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in packed], dtype=np.int64)


def draft_of(units: Units, candidates: Sequence[Candidate], scored: Iterable[int], unscored: Iterable[int]) -> Draft:
    """The draft that seats the units `scored` and `unscored` (indexes)."""

    def ids(chosen: Iterable[int]) -> tuple[int, ...]:
        return tuple(candidates[i].id for i in sorted(index for unit in chosen for index in units.members[unit]))

    return Draft(scored=ids(scored), unscored=ids(unscored))
