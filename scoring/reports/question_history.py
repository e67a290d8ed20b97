"""A question over its revisions and over the runs that measured them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from questions.models import Revision
from questions.models.bank import FROZEN
from scoring.models import CalibrationRun, RunItem
from scoring.reports import question_words as words
from scoring.reports.question_shown import Shown
from scoring.reports.questions import FEW, Figures, figures_of, offered_runs


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run said of one revision."""

    run: CalibrationRun
    revision: int
    figures: Figures
    shown: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """A revision with what runs said of it, newest first, and how it compares with the one before."""

    revision: Revision
    measurements: list[Measurement]
    change: str


def history_of(shown: Shown) -> tuple[list[Chapter], int, list[Measurement]]:
    """Every revision that was published with what runs said of it, newest first; how many old runs that came to
    nothing are left out; and the measured difficulties in the order of runs, for the chart. Two statements."""
    question = shown.revision.question_id
    revisions = list(Revision.objects.filter(question=question, state__in=FROZEN).order_by("-number"))
    items = list(
        RunItem.objects.filter(run__exam=shown.exam, revision__question=question)
        .select_related("run", "revision")
        .defer("options", "curve", "run__excluded", "run__configuration", "run__link", "run__disconnected")
        .order_by("-run__number", "-revision__number")
    )
    runs = list({item.run_id: item.run for item in items}.values())
    kept = {run.pk for run in offered_runs(runs, shown.run)}
    told: dict[int, list[Measurement]] = defaultdict(list)
    for item in items:
        if item.run_id in kept:
            told[item.revision_id].append(_measurement(item, shown))
    simulated = shown.run is not None and shown.run.includes_simulated
    points = [
        _measurement(item, shown)
        for item in reversed(items)
        if item.run_id in kept and (simulated or not item.run.includes_simulated) and item.measured and item.n >= FEW
        and item.difficulty is not None
    ]  # fmt: skip
    chapters = []
    for place, revision in enumerate(revisions):
        before = revisions[place + 1] if place + 1 < len(revisions) else None
        change = _change(told[revision.pk], before, told[before.pk]) if before else ""
        chapters.append(Chapter(revision, told[revision.pk], change))
    return chapters, len(runs) - len(kept), points


def _measurement(item: RunItem, shown: Shown) -> Measurement:
    return Measurement(
        item.run, item.revision.number, figures_of(item),
        shown=item.run == shown.run and item.revision_id == shown.revision.pk,
    )  # fmt: skip


def _change(after: Sequence[Measurement], revision: Revision, before: Sequence[Measurement]) -> str:
    """Whether a revision helped, from the newest real figures of both."""
    new, old = _newest(after), _newest(before)
    if new is None or old is None:
        return ""
    said = [
        _went(name, words.fixed(was), words.fixed(now))
        for name, was, now in (("facility", old.facility, new.facility), ("item-rest r", old.item_rest, new.item_rest))
        if was is not None and now is not None
    ]
    return f"Since revision {revision.number}, {' and '.join(said)}." if said else ""


def _went(name: str, was: str, now: str) -> str:
    return f"{name} stayed at {now}" if was == now else f"{name} went from {was} to {now}"


def _newest(measurements: Sequence[Measurement]) -> Figures | None:
    return next((one.figures for one in measurements if not one.figures.few and not one.run.includes_simulated), None)
