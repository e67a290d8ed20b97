"""Calibration: the runs of the year, and what the newest one found."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

from exams.services.bank import logit
from scoring.documents.content import Block, Chart, Heading, Section, Table, Text, facts
from scoring.documents.numbers import NONE, counted, day, known, number, quantiles, signed, whole, yes
from scoring.models import CalibrationRun, Rung, RunItem
from scoring.technical import charts
from scoring.technical.material import Material

FEWEST = 30  # first exposures below which only a question's facility is told
INFIT = (0.8, 1.2)
LONGEST = 12  # parts of a list that are spelt out
PLACES = ("5 %", "25 %", "Median", "75 %", "95 %")


def calibration(material: Material) -> Section:
    run = material.run
    blocks: list[Block] = [
        Text(
            "Calibration estimates each question's slope a and difficulty b from first sittings by marginal maximum "
            "likelihood, with the judges' ratings as prior: d ~ N(α + β·logit(rating), τ²). A run changes nothing "
            "until it is promoted."
        ),
        _runs(material),
    ]
    if run is None:
        blocks.append(Text("No run rests on real sittings yet, so every question is taken at its rating."))
        return Section("Calibration", blocks)
    blocks += [
        Heading(f"Run {run.number}"),
        Text(
            f"The newest run on real sittings up to the end of the period was made on {day(run.created_at)}. "
            + ("It was promoted on " + day(run.promoted_at) + "." if run.promoted_at else "It is not promoted.")
        ),
        _found(run),
        _excluded(run),
        *_line(material, run),
        *_fit(material),
        *_link(run, material.items),
        *_cautions(run),
    ]
    return Section("Calibration", blocks)


def _runs(material: Material) -> Block:
    if not material.runs:
        return Text(f"No calibration was run in {material.year}.")
    return Table(
        f"Runs of {material.year}",
        ("Run", "Made", "Linked to", "Promoted", "Sittings", "Answers", "Converged"),
        [
            (
                str(run.number) + (", with simulated sittings" if run.includes_simulated else ""),
                day(run.created_at),
                f"Run {run.based_on.number}" if run.based_on else "first",
                day(run.promoted_at) if run.promoted_at else "no",
                whole(run.sittings),
                whole(run.answers),
                yes(run.converged),
            )
            for run in material.runs
        ],
        words=4,
    )


def _found(run: CalibrationRun) -> Block:
    return facts(
        f"What run {run.number} rests on and found",
        [
            ("Sittings", f"{whole(run.sittings)}, closed up to {day(run.data_until)}"),
            ("Answers", whole(run.answers)),
            ("Line", f"α = {number(run.alpha, 3)}, β = {number(run.beta, 3)}, τ = {number(run.tau, 3)}"),
            ("Common slope", number(run.slope, 3)),
            ("Population", f"mean {number(run.population_mean, 3)}, SD {number(run.population_sd, 3)} logits"),
            ("Ability at the cut", f"θ = {number(run.ability, 3)}, with S = {number(float(run.cut))}"),
            ("Log-likelihood", number(run.log_likelihood, 1)),
            ("Iterations", f"{whole(run.iterations)}, {'converged' if run.converged else 'not converged'}"),
            ("Fingerprint of the data", run.digest[:32]),
        ],
    )


def _excluded(run: CalibrationRun) -> Block:
    if not run.excluded:
        return Text("Nothing was left out of it.")
    return Table(
        "Sittings or answers left out, by reason",
        ("Reason", "Left out"),
        [(str(reason).capitalize(), _said(count)) for reason, count in run.excluded.items()],
    )


def _line(material: Material, run: CalibrationRun) -> list[Block]:
    ratings = {row.revision_id: float(row.standing.rating) for row in material.questions if row.standing.rating}
    measured = [item for item in material.items if item.measured and item.revision_id in ratings]
    pairs = [(logit(ratings[item.revision_id]), item.intercept) for item in measured if item.intercept is not None]
    rungs = Counter(item.rung for item in material.items)
    blocks: list[Block] = [
        Table(
            "Questions by what is known of them",
            ("Rung", "Questions"),
            [(rung.label, whole(rungs[rung])) for rung in Rung],
        )
    ]
    if len(pairs) < 2:
        return [*blocks, Text("Fewer than two rated questions are measured, so there is no line to draw.")]
    x, y = zip(*pairs, strict=True)
    ends = [min(x), max(x)]
    off = np.array(y) - (run.alpha + run.beta * np.array(x))
    return [
        *blocks,
        Chart(
            "Measured intercepts d against the logits of the ratings, and the line of the prior.",
            lambda: charts.scatter(
                x,
                y,
                ("logit(rating)", "d, logits"),
                ("α + β·logit(rating)", ends, [run.alpha + run.beta * end for end in ends]),
            ),
        ),
        Table(
            "Distance of measured intercepts from the line, logits",
            ("", *PLACES),
            [("d − line", *quantiles(off.tolist()))],
        ),
    ]


def _fit(material: Material) -> list[Block]:
    told = [item for item in material.items if item.n >= FEWEST]
    infit, outfit = known(item.infit for item in told), known(item.outfit for item in told)
    if not infit:
        return [Text("No question has enough answers for a judgement of fit.")]
    outside = sum(not INFIT[0] <= value <= INFIT[1] for value in infit)
    return [
        Table(
            "Fit of the model to questions",
            ("", "Questions", *PLACES),
            [
                ("Infit", whole(len(infit)), *quantiles(infit)),
                ("Outfit", whole(len(outfit)), *quantiles(outfit)),
            ],
        ),
        Text(f"{counted(outside, 'question')} lie outside {INFIT[0]} to {INFIT[1]} in infit."),
    ]


def _link(run: CalibrationRun, items: list[RunItem]) -> list[Block]:
    if run.based_on is None:
        return [Heading("Link"), Text("It is a first run, whose scale the later ones are linked to.")]
    anchors = [item for item in items if item.anchor]
    drifted = sorted(
        (item for item in items if item.drift is not None and not item.anchor),
        key=lambda item: -abs(item.drift or 0),
    )[:15]
    blocks: list[Block] = [
        Heading("Link"),
        Text(
            f"It is linked to run {run.based_on.number} by {counted(len(anchors), 'question')} held at their promoted "
            "parameters."
        ),
    ]
    if run.link:
        blocks.append(facts("The link", [(_words(name), _said(value)) for name, value in run.link.items()]))
    if drifted:
        blocks.append(
            Table(
                "Questions that were not held, by how far their difficulty has moved",
                ("Question", "Moved, logits", "Robust z"),
                [(item.revision.question.public_id, signed(item.drift), number(item.drift_z, 1)) for item in drifted],
            )
        )
    return blocks


def _cautions(run: CalibrationRun) -> list[Block]:
    blocks: list[Block] = [Text(warning, stands_out=True) for warning in run.warnings]
    blocks += [
        Text(f"Not connected with the rest by anchors, and so never promoted: {_said(part)}.", stands_out=True)
        for part in run.disconnected
    ]
    return blocks


def _words(name: Any) -> str:
    """mean_drift -> Mean drift."""
    return re.sub(r"[_-]+", " ", str(name)).capitalize()


def _said(value: Any) -> str:
    """A stored value in words; long lists by their length."""
    if isinstance(value, bool):
        return yes(value)
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, float):
        return number(value, 3)
    if isinstance(value, dict):
        return ", ".join(f"{_words(name).lower()} {_said(part)}" for name, part in value.items()) or NONE
    if isinstance(value, (list, tuple)):
        more = f" and {len(value) - LONGEST} more" if len(value) > LONGEST else ""
        return ", ".join(_said(part) for part in value[:LONGEST]) + more or NONE
    return str(value) if value not in (None, "") else NONE
