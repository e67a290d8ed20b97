"""The cells of a bank's map: task x kind x difficulty, what stands in them and what a blueprint asks of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from psychometrics.assembly.blueprint import CASE_STUDY, Blueprint
from psychometrics.assembly.drafts import Candidate

# Difficulty is the share of borderline candidates who answer correctly: P at theta 0.
BANDS = ("hard", "middle", "easy")
LIMITS = (0.65, 0.75)  # where the middle band begins and where it ends; ratings of a bank fall into about thirds
TYPICAL = (0.58, 0.70, 0.82)  # P at theta 0 of a question that is still to be written
CASE_SIZE = 2  # questions of an imagined case study, fewer where the share holds fewer


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A task (index into `Blueprint.tasks`), a kind label and a band (index into BANDS)."""

    task: int
    kind: str
    band: int


def band_of(chance: float) -> int:
    """The band of a question that the share `chance` of borderline candidates answers correctly."""
    return sum(chance >= limit for limit in LIMITS)


def chance_of(intercept: float) -> float:
    """P at theta 0 of a question with the intercept d."""
    return 1 / (1 + math.exp(-intercept))


def cell_of(candidate: Candidate) -> Cell:
    return Cell(candidate.task, candidate.kind, band_of(chance_of(candidate.d)))


def tally(candidates: Iterable[Candidate]) -> Counter[Cell]:
    """How many questions stand in each cell. An unrated question stands where its assumed rating puts it."""
    return Counter(cell_of(candidate) for candidate in candidates)


def cells_of(blueprint: Blueprint) -> Iterator[Cell]:
    """Every cell in which a question could stand on a form: task by task, kind by kind, hard first."""
    for task in range(len(blueprint.tasks)):
        for kind, share in blueprint.shares.items():
            if share.form[1]:
                for band in range(len(BANDS)):
                    yield Cell(task, kind, band)


def written_as_one(kind: str, blueprint: Blueprint) -> int:
    """How many questions one writes at least: a case study is several."""
    return min(CASE_SIZE, blueprint.shares[kind].form[1]) if kind == CASE_STUDY else 1


def imagine(cell: Cell, blueprint: Blueprint, number: int, slope: float) -> list[Candidate]:
    """Questions not yet written, with the ids `number`, `number` + 1, ...: one, or one case study."""
    size = written_as_one(cell.kind, blueprint)
    chance = TYPICAL[cell.band]
    return [
        Candidate(
            id=number + k, task=cell.task, kind=cell.kind, scorable=True, rating=round(chance * 10_000),
            a=slope, d=math.log(chance / (1 - chance)), scenario=-number if size > 1 else None,
        )
        for k in range(size)
    ]  # fmt: skip


def slope_of(candidates: Sequence[Candidate]) -> float:
    """The slope to expect of further questions: the mean of the scorable ones, 1 without any."""
    slopes = [one.a for one in candidates if one.scorable]
    return sum(slopes) / len(slopes) if slopes else 1.0


def spread_of(candidates: Iterable[Candidate]) -> tuple[float, ...]:
    """Shares of the bands among scorable questions, shape (3,), summing to 1; thirds without any."""
    held = Counter(band_of(chance_of(one.d)) for one in candidates if one.scorable)
    whole = sum(held.values())
    return tuple(held[band] / whole if whole else 1 / len(BANDS) for band in range(len(BANDS)))


def even_share(blueprint: Blueprint, spread: Sequence[float]) -> Mapping[Cell, float]:
    """Seats that one form gives each cell if nothing but the blueprint decides.

    Domains have their seats, the tasks of a domain equal parts of them, kinds stand at the middle of their
    shares and bands as `spread` (3,) says.
    """
    seats = [a + b for a, b in zip(blueprint.scored_by_domain, blueprint.unscored_by_domain, strict=True)]
    middles = {kind: sum(share.form) for kind, share in blueprint.shares.items()}
    whole = sum(middles.values())
    return {
        cell: seats[domain] / blueprint.tasks.count(domain) * middles[cell.kind] / whole * spread[cell.band]
        for cell in cells_of(blueprint)
        for domain in (blueprint.tasks[cell.task],)
    }
