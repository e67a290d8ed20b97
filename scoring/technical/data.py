"""The sittings of the year, which of them say something about questions, and what was scored anew."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from django.db.models import Q

from exams.models import Sitting
from scoring.documents.content import Block, Chart, Heading, Section, Table, Text
from scoring.documents.numbers import NONE, counted, day, number, percent, whole
from scoring.fairness import first_sittings
from scoring.models import Regrade, Result
from scoring.technical import charts
from scoring.technical.material import Material
from scoring.technical.standard import FEWEST

BINS = 18
EXTRA = ("multiplier", "extra_minutes", "granted_minutes")
MOVED = ("forms", "results", "up", "down", "gained", "lost")


def data(material: Material) -> Section:
    rows = list(material.sittings().order_by().values_list("state", flat=True))
    simulated = Sitting.objects.simulated().filter(
        exam=material.exam, started_at__gte=material.begin, started_at__lt=material.end
    )
    aside = simulated.count()
    note = (
        [Text(f"{counted(aside, 'simulated sitting')} of the year took part in nothing that follows.")] if aside else []
    )
    if not rows:
        return Section("Data", [Text(f"Nobody sat this exam in {material.year}."), *note])
    states = Counter(rows)
    closed = states[Sitting.State.CLOSED]
    first = first_sittings(material.exam, until=material.end).filter(closed_at__gte=material.begin)
    eligible = first.count()
    blocks: list[Block] = [
        Text(
            f"In {material.year} people began {counted(len(rows), 'sitting')} of this exam. Questions and scores are "
            "judged by first sittings in the exam's own time, since extra time and questions seen before change what "
            "an answer says."
        ),
        *note,
        Table(
            "Sittings begun in the year",
            ("State", "Sittings", "Share"),
            [(state.label, whole(states[state]), percent(states[state] / len(rows))) for state in Sitting.State],
        ),
        Table(
            "Closed sittings of the year that are set aside, and why",
            ("Reason", "Sittings"),
            [*_set_aside(material), ("First sittings in the exam's own time, which count", whole(eligible))],
        )
        if closed
        else Text("None of them is closed yet."),
        *_scores(material, first),
    ]
    return Section("Data", blocks)


def _set_aside(material: Material) -> list[tuple[str, str]]:
    """Closed sittings of the year by the first reason that holds. Two statements."""
    first = set(_first_of_anybody(material))
    of_year = Sitting.objects.real().closed()
    of_year = of_year.filter(exam=material.exam, closed_at__gte=material.begin, closed_at__lt=material.end).order_by()
    reasons = dict.fromkeys(("Declared void", "Not the person's first", "Another time limit", "Extra time"), 0)
    for pk, void, minutes, *extra in of_year.values_list("pk", "void", "limit_minutes", *EXTRA):
        if void:
            reasons["Declared void"] += 1
        elif pk not in first:
            reasons["Not the person's first"] += 1
        elif minutes != material.exam.minutes:
            reasons["Another time limit"] += 1
        elif extra != [1, 0, 0]:
            reasons["Extra time"] += 1
    return [(reason, whole(count)) for reason, count in reasons.items()]


def _first_of_anybody(material: Material) -> list[Any]:
    """Everybody's first closed sitting, whatever its time. One statement."""
    closed = Sitting.objects.real().closed().filter(exam=material.exam, closed_at__lt=material.end)
    return list(closed.order_by("user_id", "started_at").distinct("user_id").values_list("pk", flat=True))


def _scores(material: Material, first: Any) -> list[Block]:
    rows = list(
        Result.objects.current().filter(sitting__in=first).order_by().values_list("scaled", "equated", "passed")
    )
    heading = Heading("Scores of first sittings")
    if len(rows) < FEWEST:
        return [
            heading,
            Text(f"There are {counted(len(rows), 'result')} of them. Scores are described from {FEWEST} on."),
        ]
    exam = material.exam
    scaled = np.array([row[0] for row in rows], dtype=float)
    equated = np.array([float(row[1]) for row in rows])
    edges = np.linspace(exam.scale_minimum, exam.scale_maximum, BINS + 1)
    counts, _ = np.histogram(scaled, edges)
    passed = float(np.mean([row[2] for row in rows]))
    return [
        heading,
        Chart(
            "Scaled scores of the year's first sittings, and the pass mark.",
            lambda: charts.columns(
                counts.tolist(), edges.tolist(), "Scaled score", "Sittings",
                [(f"Pass mark {exam.pass_mark}", [exam.pass_mark], [])],
            ),
        ),
        Table(
            "Scores of the year's first sittings",
            ("", "Mean", "SD", "Lowest", "Median", "Highest"),
            [
                ("Scaled", *_described(scaled, 0)),
                ("Equated, raw points", *_described(equated, 2)),
            ],
        ),
        Text(f"{percent(passed, 1)} of {len(rows):,} passed."),
        Table(
            "First sittings by scaled score",
            ("From", "To under", "Sittings"),
            [
                (whole(round(low)), whole(round(high)), whole(int(count)))
                for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
                if count
            ],
            words=0,
        ),
    ]  # fmt: skip


def _described(values: Any, digits: int) -> tuple[str, ...]:
    figures = (values.mean(), values.std(ddof=1), values.min(), np.median(values), values.max())
    return tuple(number(float(figure), digits) for figure in figures)


def regrades(material: Material) -> Section:
    made = Q(made_at__gte=material.begin, made_at__lt=material.end)
    taken_back = Q(reverted_at__gte=material.begin, reverted_at__lt=material.end)
    found = list(
        Regrade.objects.filter(made | taken_back, exam=material.exam)
        .select_related("revision__question")
        .order_by("made_at", "pk")
    )
    title = "Regrades of the year"
    if not found:
        return Section(title, [Text(f"No result of this exam was scored anew in {material.year}.")])
    return Section(
        title,
        [
            Text(
                "A regrade corrects a key or removes a question. It gives forms a new table and results a new version; "
                "the old ones stay, so that it can be taken back."
            ),
            Table(
                "Regrades made or taken back in the year",
                ("Made", "Question", "Act", "Why", "Taken back"),
                [
                    (
                        day(row.made_at),
                        f"{row.revision.question.public_id} r{row.revision.number}",
                        row.get_act_display(),
                        row.reason
                        + (f" Somebody lost a pass because: {row.losing_reason}" if row.losing_reason else ""),
                        f"{day(row.reverted_at)}: {row.revert_reason}" if row.reverted_at else NONE,
                    )
                    for row in found
                ],
                words=5,
            ),
            Table(
                "Results that they moved",
                ("Question", *(name.capitalize() for name in MOVED)),
                [
                    (
                        row.revision.question.public_id,
                        *(number(row.summary.get(name), 0) for name in MOVED),
                    )
                    for row in found
                ],
            ),
        ],
    )
