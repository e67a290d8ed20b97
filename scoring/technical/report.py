"""The whole report: sections in order, and one file that is either complete or not there."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from questions.models import Exam
from scoring.documents.content import Section
from scoring.technical import calibration, closing, data, exam, forms, quality, questions, standard
from scoring.technical.material import Material

Progress = Callable[[str, int, int], None]

SECTIONS: tuple[Callable[[Material], Section], ...] = (
    exam.the_exam,
    exam.the_bank,
    forms.forms,
    standard.standard_setting,
    data.data,
    calibration.calibration,
    questions.questions,
    quality.reliability,
    quality.speededness,
    forms.equating,
    forms.exposure,
    closing.fairness,
    data.regrades,
    closing.limits,
)


def sections(material: Material, progress: Progress | None = None) -> list[Section]:
    """What the report says, in order. A constant number of statements."""
    made = []
    for place, section in enumerate(SECTIONS, 1):
        made.append(section(material))
        if progress:
            progress("sections read", place, len(SECTIONS))
    return made


def write(*, exam: Exam, year: int, now: dt.datetime, path: Path, progress: Progress | None = None) -> int:
    """Write the report of the year to `path` and return its number of pages. Raises OSError.

    It is made in a file beside and moved there when it is whole, so that a failure leaves what was there before. The
    same rows, year and day give the same bytes.
    """
    if path.is_dir():
        raise IsADirectoryError(21, os.strerror(21), str(path))
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    sink = beside.open("xb")  # before the long work, so that a bad place is known at once
    try:
        with sink:
            from scoring.documents.typeset import Cover, typeset  # slow to import, and only needed here

            told = progress
            cover = Cover(
                title=f"{exam.code}: technical report {year}",
                subtitle=exam.name,
                lines=(
                    f"How scores of this practice exam came about in {year}, and how far they can be trusted.",
                    f"Sittings, calibration runs and regrades are those of {year}, in UTC, as far as it has passed.",
                    "The bank, forms and tables are described as they stand on the day of the report.",
                ),
                date=now.astimezone(dt.UTC).date(),
                author=settings.SITE_NAME,
            )
            pages = typeset(
                sections(Material(exam, year, now), told),
                cover,
                sink,
                (lambda done, total: told("sections drawn", done, total)) if told else None,
            )
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return pages
