"""What the printed reports share: who is named how, when it was, and the chart of scores on their scale."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from cohorts.models import Cohort
from questions.models import Exam
from scoring import plots
from scoring.documents.content import Section, Text
from scoring.documents.numbers import day
from scoring.models import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPLACED = (
    "Scripts that this file cannot set are left out: such a name is given by its e-mail address, and other text has a"
    " question mark for each sign. The pages and the spreadsheets show everything."
)


def named(name: str, email: str) -> str:
    """The name where its letters can be set; with the address beside it where they need a font of the reader's own;
    the address alone where they cannot be set at all."""
    from scoring.documents import fonts  # slow to import, and only paper needs it

    name = fonts.tidy(name)
    if not name or not fonts.can_set(name):
        return email
    return name if fonts.is_embedded(name) else f"{name} ({email})"


def pdf(title: str, subtitle: str, lines: Sequence[str], sections: Sequence[Section], *, now: dt.datetime) -> bytes:
    """The sheet as a file; the same words and the same day give the same bytes."""
    from scoring.documents import fonts
    from scoring.documents.typeset import Cover, sheet

    lost = not all(fonts.can_set(text) for text in (title, subtitle, *lines))
    cover = Cover(
        title=title,
        subtitle=subtitle,
        lines=[*lines, f"Made on {day(timezone.localtime(now).date())}."],
        date=timezone.localtime(now).date(),
        author=settings.SITE_NAME,
    )
    sink = io.BytesIO()
    sheet([*sections, Section("Missing letters", [Text(REPLACED)])] if lost else sections, cover, sink)
    return sink.getvalue()


def head_of(cohort: Cohort) -> str:
    return f"{cohort.exam.name} ({cohort.exam.code}), cohort {cohort.name}"


def moment(at: dt.datetime) -> str:
    """12 June 2026, 14:30, where whoever asks is."""
    return f"{timezone.localtime(at):%-d %b %Y, %H:%M}"


def chance(percent: int | None) -> str:
    """As the pages say it."""
    if percent is None:
        return "not given"
    return f"{ {0: 'under 5', 100: 'over 95'}.get(percent, f'about {percent}') } %"


def likely(result: Result) -> str:
    return f"{result.likely_low:,}–{result.likely_high:,}"


def outcome(passed: bool) -> str:
    return "Pass" if passed else "Not passed"


def scale(results: Sequence[Result], exam: Exam) -> Figure:
    """Scores with their likely ranges on the whole scale, the newest on top, and the pass mark through all of them."""
    figure, axes = plots.new(height=0.75 + 0.28 * len(results))
    for place, result in enumerate(reversed(results)):
        axes.plot([result.likely_low, result.likely_high], [place, place], color=plots.SOFT, linewidth=7,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot(result.scaled, place, marker="o", markersize=7, color=plots.ACCENT)
        axes.annotate(f"{result.scaled:,}", (result.scaled, place), (0, 7), textcoords="offset points", ha="center",
                      color=plots.TEXT, fontsize=8.5, fontweight="bold")  # fmt: skip
    axes.axvline(exam.pass_mark, color=plots.TEXT, linewidth=1.6)
    axes.set(xlim=(exam.scale_minimum, exam.scale_maximum), ylim=(-0.5, len(results) - 0.2))
    dates = [f"{timezone.localtime(result.sitting.started_at):%-d %b %Y}" for result in reversed(results)]
    axes.set_yticks(range(len(results)), dates)
    axes.tick_params(axis="y", labelcolor=plots.TEXT, length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    axes.set_xlabel(f"Scaled score; the line is the pass mark, {exam.pass_mark}")
    return figure
