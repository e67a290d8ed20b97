"""The standard: who judged, how sure their sum is, how the cut came to be, and who passes beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from django.db.models import QuerySet

from exams.models import Sitting
from psychometrics import standard
from psychometrics.arrays import FloatArray
from scoring.documents.content import Block, Heading, Section, Table, Text, facts
from scoring.documents.numbers import counted, day, number, percent, yes
from scoring.fairness import first_sittings
from scoring.judges import last_ratings
from scoring.models import Result
from scoring.technical.material import Material

PANEL = 5  # judges of a convened panel, below which the standard is provisional
FEWEST = 30  # first sittings below which a pass rate says nothing


def standard_setting(material: Material) -> Section:
    reference = material.reference
    if reference is None or material.standard is None:
        return Section(
            "Standard setting", [Text("There is no reference form yet, so no standard is set for this exam.")]
        )
    scored = [seat.revision_id for seat in reference.seats if seat.scored]
    judges, ratings, panel = _ratings(material, scored)
    fewest = int((~np.isnan(ratings)).sum(axis=0).min(initial=len(judges)))
    blocks: list[Block] = [
        Text(
            "Judges estimated for every question the share of just-passing candidates who would answer it correctly "
            "(Angoff 1971). S, the cut score, was set as the sum of the mean ratings of the reference form's "
            f"{len(scored)} scored questions, and is carried from there to every other form."
        )
    ]
    if not panel:
        blocks.append(
            Text(
                "Provisional standard: no convened panel has rated every scored question of the reference form, so "
                "desk estimates stand for its ratings. They are not independent of each other, and SE(S) is a lower "
                "bound.",
                stands_out=True,
            )
        )
    elif fewest < PANEL:
        blocks.append(
            Text(
                f"Provisional standard: {counted(fewest, 'judge')} of the panel rated the least rated of these "
                f"questions, and a panel has at least {PANEL} independent ones.",
                stands_out=True,
            )
        )
    se = None
    try:
        summary = standard.summarise(ratings, difficulty=_difficulties(material, scored))
    except standard.BadRatings as problem:
        blocks.append(Text(f"The ratings cannot be summarised: {problem}."))
    else:
        se = summary.se
        blocks += _judges(judges, summary)
    blocks += [
        Heading("History"),
        Table(
            f"Every standard up to {material.year}",
            ("Version", "From", "Why", "S", "θ of the cut"),
            [
                (str(row.version), day(row.created_at), row.reason, number(float(row.cut)), number(row.ability))
                for row in material.standards
            ],
            words=3,
        ),
        *_pass_rates(material, float(material.standard.cut), se),
    ]
    return Section("Standard setting", blocks)


def _judges(judges: Sequence[str], summary: standard.Standard) -> list[Block]:
    return [
        Heading("Judges"),
        Table(
            "Ratings by judge, of the reference form's scored questions. Leniency: how much higher than the average "
            "judge; correlation: with measured difficulty",
            ("Judge", "Rated", "Mean", "SD", "Own sum", "Leniency", "Correlation"),
            [
                (
                    name,
                    str(judge.items),
                    number(judge.mean, 3),
                    number(judge.sd, 3),
                    number(judge.total),
                    number(judge.leniency, 3),
                    number(judge.correlation),
                )
                for name, judge in zip(judges, summary.judges, strict=True)
            ],
        ),
        facts(
            "What the ratings come to",
            [
                ("Sum of mean ratings", number(summary.cut)),
                ("Standard error SE(S)", number(summary.se) if summary.se is not None else
                 "not known: it takes two judges who rated the same questions"),
                ("Spread of the judges' own sums", number(summary.totals_sd)),
                ("Variance between judges", number(summary.judge_variance, 5)),
                ("Variance left", number(summary.residual_variance, 5)),
                ("Every judge rated every question", yes(summary.complete)),
                ("All judges can be compared", yes(summary.connected)),
                ("Correlation with measured difficulty", number(summary.correlation)),
            ],
        ),
    ]  # fmt: skip


def _pass_rates(material: Material, cut: float, se: float | None) -> list[Block]:
    heading = Heading("Pass rates beside the cut")
    sittings = first_sittings(material.exam, until=material.end)
    scores = equated_scores(sittings)
    if len(scores) < FEWEST:
        return [
            heading,
            Text(
                f"Up to the end of the period {counted(len(scores), 'first sitting')} took the exam in its own time. "
                f"Pass rates are told from {FEWEST} on."
            ),
        ]
    places = [("S", cut)] if se is None else [("S − 1 SE", cut - se), ("S", cut), ("S + 1 SE", cut + se)]
    rows = [(name, number(place), percent(float((scores >= place - 1e-6).mean()), 1)) for name, place in places]
    return [
        heading,
        Table(
            f"Share of {counted(len(scores), 'first sitting')} whose equated score reaches the cut",
            ("Cut", "Raw points", "Passing"),
            rows,
        ),
        *([Text("Without a standard error there is nothing to set beside it.")] if se is None else []),
    ]


def equated_scores(sittings: QuerySet[Sitting]) -> FloatArray:
    """Equated scores of these sittings' current results. One statement."""
    rows = Result.objects.current().filter(sitting__in=sittings).order_by()
    return np.array([float(value) for value in rows.values_list("equated", flat=True)])


def _ratings(material: Material, scored: Sequence[int]) -> tuple[list[str], FloatArray, bool]:
    """Judges by label, what each last said of every scored question (NaN where nothing), and whether they are a panel.

    One statement.
    """
    place = {revision: column for column, revision in enumerate(scored)}
    last, panel = last_ratings(material.exam, scored)
    judges = sorted(last)
    ratings = np.full((len(judges), len(scored)), math.nan)
    for row, judge in enumerate(judges):
        for revision, rating in last[judge].items():
            ratings[row, place[revision]] = rating.value / 100
    return judges, ratings, panel


def _difficulties(material: Material, scored: Sequence[int]) -> FloatArray:
    """Measured difficulties of these questions in logits, NaN where there is none."""
    known = {item.revision_id: item.difficulty for item in material.items if item.measured}
    return np.array([math.nan if known.get(revision) is None else known[revision] for revision in scored], dtype=float)
