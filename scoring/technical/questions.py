"""Questions: how hard and how telling they are, which of them misbehave, and what is on its way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from questions.models.measurement import Status
from scoring.documents.content import Block, Chart, Heading, Section, Table, Text
from scoring.documents.numbers import counted, known, number, percent, quantiles, whole
from scoring.models import RunItem
from scoring.technical import charts
from scoring.technical.calibration import FEWEST, PLACES
from scoring.technical.material import Material

MOST_ALARMS = 60
MOST_REASONS = 20
STEPS = ((0, 1), (1, 30), (30, 200), (200, 500), (500, None))


def questions(material: Material) -> Section:
    if material.run is None:
        return Section(
            "Questions",
            [
                Text("No calibration rests on real sittings yet, so nothing is measured of any question."),
                *_pipeline(material),
            ],
        )
    told = [item for item in material.items if item.n >= FEWEST]
    few = len(material.items) - len(told)
    blocks: list[Block] = [
        Text(
            f"Run {material.run.number} describes {counted(len(material.items), 'question')}. {few:,} of them have "
            f"fewer than {FEWEST} first exposures and stand in no table or chart here."
        )
    ]
    if told:
        blocks += [
            Table(
                "Distribution over questions",
                ("", "Questions", *PLACES),
                [
                    (name, whole(len(values)), *quantiles(values))
                    for name, values in (
                        ("Facility", known(item.facility for item in told)),
                        ("Item-rest correlation", known(item.item_rest for item in told)),
                        ("a, of measured ones", known(item.discrimination for item in told if item.measured)),
                        ("b, of measured ones", known(item.difficulty for item in told if item.measured)),
                        ("SE of b", known(item.se_difficulty for item in told if item.measured)),
                        ("Share that omits", known(item.omitted for item in told)),
                        ("Median time, seconds", known(_seconds(item) for item in told)),
                    )
                ],
            ),
            *_histogram("Facility", known(item.facility for item in told), np.linspace(0, 1, 21)),
            *_histogram("Item-rest correlation", known(item.item_rest for item in told), np.linspace(-0.4, 0.8, 25)),
            *_histogram("Slope a", known(item.discrimination for item in told if item.measured), np.linspace(0, 3, 25)),
            *_histogram(
                "Difficulty b in logits",
                known(item.difficulty for item in told if item.measured),
                np.linspace(-5, 5, 26),
            ),
        ]
    return Section("Questions", [*blocks, *_alarms(material.items), *_pipeline(material)])


def _seconds(item: RunItem) -> float | None:
    return None if item.median_ms is None else item.median_ms / 1000


def _histogram(name: str, values: Sequence[float], edges: np.ndarray) -> list[Block]:
    """A histogram, with what lies beyond the edges in the outer bins, and its numbers."""
    if not values:
        return []
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    rows = [
        (number(float(low)), number(float(high)), whole(int(count)))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
        if count
    ]
    return [
        Chart(f"{name} of questions.", lambda: charts.columns(counts.tolist(), edges.tolist(), name, "Questions")),
        Table(
            f"{name} of questions; the first and last row hold what lies beyond",
            ("From", "To", "Questions"),
            rows,
            words=0,
        ),
    ]


def _alarms(items: Sequence[RunItem]) -> list[Block]:
    alarmed = [item for item in items if item.alarms]
    heading = Heading("Alarms")
    if not alarmed:
        return [heading, Text("No scored question raised an alarm.")]
    more = len(alarmed) - MOST_ALARMS
    return [
        heading,
        Table(
            "Scored questions that ask for a look",
            ("Question", "Alarm", "n", "Facility", "Item-rest"),
            [
                (
                    f"{item.revision.question.public_id} r{item.revision.number}",
                    "; ".join(item.alarms),
                    whole(item.n),
                    percent(item.facility),
                    number(item.item_rest),
                )
                for item in alarmed[:MOST_ALARMS]
            ],
            words=2,
        ),
        *([Text(f"And {counted(more, 'further question')}.")] if more > 0 else []),
    ]


def _pipeline(material: Material) -> list[Block]:
    heading = Heading("Pretest")
    waiting = [question for question in material.questions if question.standing.status == Status.PRETEST]
    if not waiting:
        return [heading, Text("No question is in pretest.")]
    of_run = {item.revision_id: item for item in material.items}
    exposures = [of_run[question.revision_id].n if question.revision_id in of_run else 0 for question in waiting]
    rows = []
    for low, high in STEPS:
        name = "none" if high == 1 else f"{low} or more" if high is None else f"{low} to {high - 1}"
        rows.append((name, whole(sum(low <= n and (high is None or n < high) for n in exposures))))
    obstacles = Counter(
        re.sub(r"[−-]?\d[\d.,]*", "…", obstacle)
        for question in waiting
        if question.revision_id in of_run
        for obstacle in of_run[question.revision_id].obstacles
    )
    ready = sum(
        question.revision_id in of_run
        and of_run[question.revision_id].measured
        and not of_run[question.revision_id].obstacles
        for question in waiting
    )
    blocks: list[Block] = [
        heading,
        Text(
            f"{counted(len(waiting), 'question')} of {len(material.questions):,} "
            f"{'is' if len(waiting) == 1 else 'are'} in pretest; {ready:,} could be calibrated by the newest run."
        ),
        Table("Pretest questions by first exposures that took part in the run", ("First exposures", "Questions"), rows),
    ]
    often = sorted(obstacles.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_REASONS]
    if often:
        blocks.append(
            Table(
                "What keeps pretest questions from being calibrated; a question may have several reasons",
                ("Reason", "Questions"),
                [(reason, whole(count)) for reason, count in often],
            )
        )
    return blocks
