"""How fast stored sittings are scored again, measured in a database of its own that is dropped afterwards."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, models
from django.utils import timezone

from exams.models import Answer, Sitting
from exams.services import pool, simulation
from psychometrics.simulation import JUDGING
from questions.models import Exam
from scoring import rescoring, services
from scoring.models import DomainResult, Result, SeatResult

FORMS = 4
ORIGINALS = 500  # sittings that are simulated; the others are their copies
COPIED = (Sitting, Answer, Result, SeatResult, DomainResult)

Figures = dict[str, float | int | str]


def measure(code: str, sittings: int) -> Figures:
    """Store so many simulated sittings of the exam's pack with their results, and score them all again."""
    originals = min(sittings, ORIGINALS)
    with scratch_database():
        now = timezone.now()
        call_command("load_pack", stdout=StringIO(), skip_checks=True)
        exam = Exam.objects.filter(code=code).first()
        if exam is None:
            raise CommandError(f"The packs that come with Cutscore hold no {code}, which rescoring is measured with.")
        pool.assemble(exam=exam, forms=FORMS, seed=1)
        made = simulation.simulate(
            exam=exam, candidates=originals, mean=0.0, sd=1.0, seed=1, judging=JUDGING, now=now, progress=None
        )
        services.score_all(sitting_ids=made.sitting_ids, now=now)
        start = time.perf_counter()
        multiply(-(-sittings // originals) - 1)
        storing = time.perf_counter() - start
        answers = Answer.objects.count()
        start = time.perf_counter()
        found = rescoring.verify()
        seconds = time.perf_counter() - start
    return {
        "stored sittings scored again": found.results,
        "their answers": answers,
        "seconds (promised 60 for 100,000)": round(seconds, 1),
        "sittings per second": round(found.results / seconds),
        "sittings that differ from what was issued (promised 0)": len(found.differing),
        "storing the copies beforehand: seconds": round(storing, 1),
    }


@contextmanager
def scratch_database() -> Iterator[None]:
    """An empty database with our tables, beside the real one, which nothing here can then reach."""
    test, real = connection.settings_dict["TEST"], connection.settings_dict["NAME"]
    named = test["NAME"]
    test["NAME"] = f"cutscore_bench_{secrets.token_hex(4)}"
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(real, verbosity=0)
    finally:
        test["NAME"] = named


def multiply(times: int) -> None:
    """Copy every sitting so often, with its answers and results, each sitting's rows beside each other."""
    with connection.cursor() as cursor:
        for model in COPIED:
            # Checking 20 million keys of copies would take longer than everything else, and this is scratch.
            for name, constraint in connection.introspection.get_constraints(cursor, model._meta.db_table).items():
                if constraint["foreign_key"]:
                    cursor.execute(f'ALTER TABLE {model._meta.db_table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "CREATE TEMPORARY TABLE copies AS SELECT id AS old, gen_random_uuid() AS new, n"
            " FROM exams_sitting CROSS JOIN generate_series(1, %s) AS n",
            [times],
        )
        cursor.execute("CREATE TEMPORARY TABLE originals AS SELECT id, sitting_id FROM scoring_result")
        _copy(cursor, Sitting, "id", "c.new", "JOIN copies c ON c.old = t.id", "c.n, c.old")
        _copy(cursor, Answer, "sitting_id", "c.new", "JOIN copies c ON c.old = t.sitting_id", "c.n, c.old, t.seat")
        _copy(cursor, Result, "sitting_id", "c.new", "JOIN copies c ON c.old = t.sitting_id", "c.n, c.old")
        for model in (SeatResult, DomainResult):
            join = (
                "JOIN originals o ON o.id = t.result_id JOIN copies c ON c.old = o.sitting_id"
                " JOIN scoring_result r ON r.sitting_id = c.new"
            )
            _copy(cursor, model, "result_id", "r.id", join, "r.id, t.id")
        cursor.execute("VACUUM (ANALYZE) " + ", ".join(model._meta.db_table for model in COPIED))


def _copy(cursor: object, model: type[models.Model], key: str, new: str, join: str, order: str) -> None:
    """The model's rows once more for each copy, with `key` replaced; a number of their own they get by themselves."""
    columns = [
        field.column for field in model._meta.concrete_fields
        if field.column == key or not (field.primary_key and isinstance(field, models.AutoField | models.BigAutoField))
    ]  # fmt: skip
    values = [new if column == key else f't."{column}"' for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    cursor.execute(  # type: ignore[attr-defined]
        f"INSERT INTO {model._meta.db_table} ({names})"
        f" SELECT {', '.join(values)} FROM {model._meta.db_table} t {join} ORDER BY {order}"
    )
