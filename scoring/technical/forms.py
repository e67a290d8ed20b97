"""Forms: how they were assembled, how they are equated, and who has seen what."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import Count

from exams.models import ScoreRow, Seat
from exams.services import bank
from psychometrics import irt
from psychometrics.assembly.drafts import BANDS, INFORMATION_BAND
from scoring.documents.content import Block, Chart, Heading, Section, Table, Text
from scoring.documents.numbers import NONE, counted, number, percent, signed, whole, yes
from scoring.technical import charts
from scoring.technical.material import Material, Paper

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = 6  # more could not be told apart
MODELS_APART = 0.5  # raw points between the cuts of the two models that ask for a look
THETA = np.linspace(-3, 3, 61)
EXPOSURES = (0, 1, 10, 30, 100, 300, 1_000)


def forms(material: Material) -> Section:
    if not material.papers:
        return Section("Forms", [Text("No form of this exam is assembled yet.")])
    rows = [
        (
            paper.form.code + (", reference" if paper.form.reference else ""),
            paper.form.get_state_display(),
            str(len(paper.counting)),
            number(paper.table.expected_at_cut),
            str(paper.table.minimum_passing_raw),
            str(paper.table.version),
            yes(paper.table.provisional),
            ", ".join(paper.form.relaxed) or NONE,
        )
        for paper in material.papers
    ]
    blocks: list[Block] = [
        Text(
            f"{counted(len(material.papers), 'form')} can be or could be sat by anybody; beside them "
            f"{counted(material.personal_forms, 'form was', 'forms were')} made for one person each. Forms are "
            "assembled by integer programming to the blueprint and to the reference form's characteristic curve; "
            "what had to be relaxed is named."
        ),
        Table(
            "Forms. Cut: expected raw score of the borderline candidate; provisional: some of its questions are not "
            "yet measured",
            ("Form", "State", "Points", "Cut", "Passing", "Table", "Provisional", "Relaxed"),
            rows,
            words=2,
        ),
        *_bands(material),
        *_overlap(material.papers),
    ]
    return Section("Forms", blocks)


def _bands(material: Material) -> list[Block]:
    reference = material.reference
    others = [paper for paper in material.papers if paper is not reference]
    if reference is None or not others:
        return [Text("There is only one form, so there is nothing to compare it with.")]
    a, b = reference.parameters()
    curve, at_cut = irt.characteristic_curve(list(bank.ABILITIES), a, b), irt.information(0.0, a, b)
    rows, distances = [], {}
    for paper in others:
        own = paper.parameters()
        apart = irt.characteristic_curve(list(bank.ABILITIES), *own) - curve
        distances[paper.form.pk] = float(np.abs(apart).max())
        rows.append(
            (paper.form.code, *(signed(float(each)) for each in apart), percent(irt.information(0.0, *own) / at_cut))
        )
    widest = sorted(others, key=lambda paper: -distances[paper.form.pk])[:CURVES]
    whole_curve = irt.characteristic_curve(THETA, a, b)

    def draw() -> Figure:
        drawn = []
        for paper in sorted(widest, key=lambda paper: paper.form.number):
            apart = irt.characteristic_curve(THETA, *paper.parameters()) - whole_curve
            drawn.append((paper.form.code, THETA.tolist(), apart.tolist()))
        return charts.lines(drawn, "Ability θ, logits from the borderline candidate", "Raw points from the reference")

    shown = "" if len(others) <= CURVES else f" of the {CURVES} forms that lie furthest from it"
    return [
        Heading("Bands of assembly"),
        Text(
            "A form made for the pool keeps within "
            + ", ".join(f"±{number(band)}" for band in BANDS)
            + " raw points of the reference form's curve at θ = −1, 0 and +1 when it is made, with the same minimum "
            f"passing score, and within ±{percent(INFORMATION_BAND)} of its information once 80 % of the seats are "
            "calibrated. Calibration moves the curves afterwards, so a form may lie outside today."
        ),
        Chart(f"Characteristic curves{shown}, less that of the reference form.", draw),
        Table(
            "Distance from the reference form's curve in raw points, and information at the cut in per cent of the "
            "reference form's",
            ("Form", "θ = −1", "θ = 0", "θ = +1", "Information"),
            rows,
        ),
    ]


def _overlap(papers: Sequence[Paper]) -> list[Block]:
    if len(papers) < 2:
        return []
    scored = {paper.form.pk: {seat.revision.question_id for seat in paper.seats if seat.scored} for paper in papers}
    unscored = {
        paper.form.pk: {seat.revision.question_id for seat in paper.seats if not seat.scored} for paper in papers
    }
    rows = []
    for paper in papers:
        others = [other.form.pk for other in papers if other is not paper]
        shared = [len(scored[paper.form.pk] & scored[other]) for other in others]
        anchors = unscored[paper.form.pk] & set().union(*(scored[other] for other in others))
        rows.append((paper.form.code, str(max(shared)), number(median(shared), 1), str(len(anchors))))
    return [
        Heading("Overlap"),
        Table(
            "Scored questions that a form shares with another one, and unscored seats that hold scored questions of "
            "other forms, as anchors",
            ("Form", "Shared, at most", "Shared, median", "Anchors"),
            rows,
        ),
    ]


def equating(material: Material) -> Section:
    reference = material.reference
    if reference is None:
        return Section("Equating", [Text("There is no reference form yet, so nothing is equated.")])
    tables = [paper.table.pk for paper in material.papers]
    equated: dict[int, dict[int, float]] = {pk: {} for pk in tables}
    for table, raw, value in ScoreRow.objects.filter(table__in=tables).values_list("table_id", "raw", "equated"):
        equated[table][raw] = float(value)
    rows = []
    for paper in material.papers:
        row, passing = material.run_forms.get(paper.form.pk), paper.table.minimum_passing_raw
        rows.append(
            (
                paper.form.code,
                number(paper.table.expected_at_cut),
                str(passing),
                number(equated[paper.table.pk].get(passing)),
                number(row.cut if row else None),
                number(row.common_cut if row else None),
                signed(row.common_cut - row.cut) if row else NONE,
            )
        )
    apart = [
        paper.form.code
        for paper in material.papers
        if (row := material.run_forms.get(paper.form.pk)) and abs(row.common_cut - row.cut) > MODELS_APART
    ]
    others = [paper for paper in material.papers if paper is not reference][:CURVES]
    every_ten = sorted({*range(0, reference.table.maximum_raw + 1, 10), reference.table.minimum_passing_raw})
    blocks: list[Block] = [
        Text(
            f"Raw scores are carried to {reference.form.code} by IRT true-score equating (Kolen & Brennan 2014), from "
            "the parameters that were known when a form's table was made. The cut under both models says whether it "
            "matters that questions have slopes of their own."
        ),
        Table(
            "Cuts in raw points: in the table, and under both models of the newest run",
            ("Form", "Table", "Passing", "Its equated score", "Own slopes", "One slope", "Difference"),
            rows,
        ),
        _models(material, apart),
    ]
    if others:
        blocks += [
            Chart(
                "Equated less raw score"
                + (f", of the first {CURVES} forms." if len(material.papers) > CURVES + 1 else "."),
                lambda: charts.lines(
                    [
                        (
                            paper.form.code,
                            sorted(equated[paper.table.pk]),
                            [equated[paper.table.pk][raw] - raw for raw in sorted(equated[paper.table.pk])],
                        )
                        for paper in others
                    ],
                    "Raw score",
                    "Equated less raw",
                ),
            ),
            Table(
                "Equated score of some raw scores",
                ("Raw", *(paper.form.code for paper in others)),
                [(str(raw), *(number(equated[paper.table.pk].get(raw)) for paper in others)) for raw in every_ten],
                words=0,
            ),
        ]
    return Section("Equating", blocks)


def _models(material: Material, apart: Sequence[str]) -> Text:
    if material.run is None:
        return Text("No calibration has been run, so there is no cut under either model.")
    if not apart:
        return Text(f"On no form do the two models lie more than {MODELS_APART} raw points apart.")
    return Text(f"The two models lie more than {MODELS_APART} raw points apart on {', '.join(apart)}.", stands_out=True)


def exposure(material: Material) -> Section:
    if not material.questions:
        return Section("Exposure", [Text("No question of this exam is published yet.")])
    of_form = dict(
        material.sittings().order_by().values("form_id").annotate(number=Count("pk")).values_list("form_id", "number")
    )
    sittings = sum(of_form.values())
    shown = _shown(material, of_form)
    if not sittings:
        return Section("Exposure", [Text(f"Nobody sat this exam in {material.year}, so no question was shown.")])
    counts = {question.public_id: shown[question.revision_id] for question in material.questions}
    held = [sum(low <= count < high for count in counts.values()) for low, high in pairwise((*EXPOSURES, math.inf))]
    most = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    names = [*(_between(low, high) for low, high in pairwise(EXPOSURES)), f"{EXPOSURES[-1]:,} or more"]
    return Section(
        "Exposure",
        [
            Text(
                f"{counted(sittings, 'real sitting')} begun in {material.year} showed "
                f"{counted(sum(count > 0 for count in counts.values()), 'published question')} of {len(counts):,}. The "
                f"most shown one stood in {percent(most[0][1] / sittings)} of them."
            ),
            Chart(
                "Published questions by the number of sittings of the year that showed them.",
                lambda: charts.stacked(names, [("Questions", held)], "Questions"),
            ),
            Table(
                "Questions by sittings of the year",
                ("Sittings", "Questions"),
                [(name, whole(count)) for name, count in zip(names, held, strict=True)],
            ),
            Table(
                "The most shown questions",
                ("Question", "Sittings", "Share of all"),
                [(name, whole(count), percent(count / sittings)) for name, count in most],
            ),
        ],
    )


def _shown(material: Material, of_form: dict[int, int]) -> Counter[int]:
    """Revision -> sittings of the year that showed it, personal forms included. One statement."""
    shown: Counter[int] = Counter()
    for form, revision in Seat.objects.filter(form__in=of_form).order_by().values_list("form_id", "revision_id"):
        shown[revision] += of_form[form]
    return shown


def _between(low: int, high: int) -> str:
    """0; 1–9."""
    return whole(low) if high == low + 1 else f"{low:,}–{high - 1:,}"
