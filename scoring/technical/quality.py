"""How well forms measure: reliability, errors, decisions, and whether time was enough."""

from __future__ import annotations

from typing import Any

import numpy as np

from psychometrics import irt
from scoring.documents.content import Block, Chart, Heading, Section, Table, Text
from scoring.documents.numbers import number, percent, whole, yes
from scoring.models import RunForm
from scoring.technical import charts
from scoring.technical.material import Material, Paper

THETA = np.linspace(-3, 3, 61)
TABLE_THETA = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
LAST = 10
NOTHING = (
    "No form has statistics yet: they need a calibration run on real sittings, and 30 sittings of the form that took "
    "part in it."
)


def reliability(material: Material) -> Section:
    rows = material.described
    blocks: list[Block] = [
        Text(
            "Alpha counts the questions of a case study as one part. Accuracy is the share of candidates whom a form "
            "classifies as their true score would, consistency the share whom two such forms classify alike, by "
            "Livingston & Lewis (1995) and by Lee (2010)."
        )
    ]
    if rows:
        blocks += [
            Table(
                "Raw scores, reliability and standard error of measurement by form",
                ("Form", "Sittings", "Mean", "SD", "Alpha", "SEM"),
                [
                    (
                        paper.form.code,
                        whole(row.sittings),
                        *(number(row.statistics.get(name)) for name in ("mean", "sd", "alpha", "sem")),
                    )
                    for paper, row in rows
                ],
            ),
            Table(
                "Accuracy, consistency and kappa of pass/fail decisions by form: Livingston & Lewis, then Lee",
                ("Form", "Accuracy", "Consistency", "Kappa", "Accuracy, Lee", "Consistency, Lee", "Kappa, Lee"),
                [
                    (paper.form.code, *_decisions(row, "livingston_lewis"), *_decisions(row, "lee"))
                    for paper, row in rows
                ],
            ),
            *_dependent(rows),
        ]
    else:
        blocks.append(Text(NOTHING))
    return Section("Reliability and decisions", [*blocks, *_information(material.reference)])


def _decisions(row: RunForm, method: str) -> list[str]:
    found = row.statistics.get(method) or {}
    return [percent(found.get("accuracy"), 1), percent(found.get("consistency"), 1), number(found.get("kappa"))]


def _dependent(rows: list[tuple[Paper, RunForm]]) -> list[Block]:
    pairs = [(paper, *pair) for paper, row in rows for pair in row.statistics.get("q3") or []]
    if not pairs:
        return [Text("No two questions of a form hang together beyond what ability explains (Q3 above 0.2).")]
    pairs.sort(key=lambda pair: -abs(pair[3]))
    return [
        Table(
            "Pairs of seats that hang together beyond what ability explains (Q3 above 0.2), the closest 20",
            ("Form", "Seat", "Seat", "Q3"),
            [(paper.form.code, str(one), str(other), number(value)) for paper, one, other, value in pairs[:20]],
        )
    ]


def _information(reference: Paper | None) -> list[Block]:
    if reference is None:
        return []
    a, b = reference.parameters()
    basis = "judged difficulties" if reference.table.provisional else "measured parameters"
    at = np.array(TABLE_THETA)
    columns = (
        irt.characteristic_curve(at, a, b), irt.information(at, a, b), irt.conditional_sem(at, a, b)
    )  # fmt: skip
    return [
        Heading("Information"),
        Chart(
            f"Information of {reference.form.code}, the reference form, by its {basis}; the cut is at θ = 0.",
            lambda: charts.lines(
                [("Information", THETA.tolist(), irt.information(THETA, a, b).tolist())],
                "Ability θ, logits from the borderline candidate",
                "Information",
            ),
        ),
        Table(
            "The reference form by ability: expected raw score, information, and standard error of the raw score",
            ("θ", "Expected", "Information", "Standard error"),
            [
                (number(theta, 1), *(number(float(column[place])) for column in columns))
                for place, theta in enumerate(TABLE_THETA)
            ],
            words=0,
        ),
    ]


def speededness(material: Material) -> Section:
    rows = [(paper, row) for paper, row in material.described if row.statistics.get("speededness")]
    if not rows:
        return Section("Speededness", [Text(NOTHING)])
    paper, most = max(rows, key=lambda pair: pair[1].sittings)
    seats = most.statistics["speededness"].get("seats") or []
    blocks: list[Block] = [
        Text(
            "By the rule of thumb of ETS a form gives enough time if 80 % of candidates reach its last seat and "
            "virtually everybody reaches three quarters of it (Swineford 1974)."
        ),
        Table(
            f"Who reached how much, and the median time of the first and last {LAST} seats",
            ("Form", "Enough time", "Last seat", "Three quarters", "Seats not reached", "First, s", "Last, s"),
            [(paper.form.code, *_course(row.statistics)) for paper, row in rows],
            words=2,
        ),
    ]
    if seats:
        numbers = [seat[0] for seat in seats]
        omitted = [seat for seat in seats if seat[2] is not None]
        blocks += [
            Chart(
                f"Share that reached each seat of {paper.form.code}, the form with most sittings, and share of those "
                "who left it out.",
                lambda: charts.lines(
                    [
                        ("Reached", numbers, [100 * seat[1] for seat in seats]),
                        ("Left out", [seat[0] for seat in omitted], [100 * seat[2] for seat in omitted]),
                    ],
                    "Seat",
                    "Per cent",
                ),
            ),
            Table(
                f"{paper.form.code}, every fifth seat",
                ("Seat", "Reached", "Left out"),
                [
                    (str(seat[0]), percent(seat[1], 1), percent(seat[2], 1))
                    for seat in seats
                    if seat[0] % 5 == 0 or seat[0] in (1, numbers[-1])
                ],
                words=0,
            ),
        ]
    return Section("Speededness", blocks)


def _course(statistics: dict[str, Any]) -> tuple[str, ...]:
    found, times = statistics["speededness"], statistics.get("median_ms") or []
    return (
        yes(bool(found.get("unspeeded"))),
        percent(found.get("completing"), 1),
        percent(found.get("reaching_most"), 1),
        number(found.get("mean_not_reached"), 1),
        _seconds(times[:LAST]),
        _seconds(times[-LAST:]),
    )


def _seconds(times: list[float | None]) -> str:
    looked = [time for time in times if time is not None]
    return number(float(np.median(looked)) / 1000, 0) if looked else number(None)
