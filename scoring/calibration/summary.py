"""What a run has found, in short: for the command line and for scripts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import F

from exams.models import ScoreTable
from questions.models import Standing
from questions.models.measurement import Status
from scoring.models import CalibrationRun, RunForm, Rung, RunItem

NAMED = 10  # questions that the words list
DIGITS = 4


def report_of(run: CalibrationRun) -> dict[str, Any]:
    """The report that scripts rely on. Five statements."""
    exam = run.exam
    status = dict(Standing.objects.filter(exam=exam).values_list("revision_id", "status"))
    items = list(
        RunItem.objects.filter(run=run)
        .annotate(question=F("revision__question__public_id"), wording=F("revision__number"))
        .order_by("question", "wording")
    )
    forms = list(RunForm.objects.filter(run=run).select_related("form").order_by("form__number"))
    tables = {
        table.form_id: table
        for table in ScoreTable.objects.filter(form__in=[row.form_id for row in forms]).order_by("version")
    }
    rungs = Counter(item.rung for item in items)
    return {
        "exam": exam.code,
        "run": run.number,
        "based_on": run.based_on.number if run.based_on else None,
        "includes_simulated": run.includes_simulated,
        "sittings": run.sittings,
        "answers": run.answers,
        "left_out": run.excluded,
        "digest": run.digest,
        "questions": {rung.value: rungs[rung] for rung in Rung},
        "ready": [
            item.question
            for item in items
            if status.get(item.revision_id) == Status.PRETEST and item.measured and not item.obstacles
        ],
        "ready_scorable": sum(
            status.get(item.revision_id) == Status.SCORABLE and item.measured and not item.obstacles for item in items
        ),
        "alarms": [{"question": item.question, "alarms": item.alarms} for item in items if item.alarms],
        "forms": [_form(row, tables[row.form_id]) for row in forms],
        "population": {"mean": round(run.population_mean, DIGITS), "sd": round(run.population_sd, DIGITS)},
        "line": {name: round(getattr(run, name), DIGITS) for name in ("alpha", "beta", "tau")},
        "slope": round(run.slope, DIGITS),
        "ability": round(run.ability, DIGITS),
        "link": run.link,
        "converged": run.converged,
        "warnings": run.warnings,
    }


def _form(row: RunForm, table: ScoreTable) -> dict[str, Any]:
    return {
        "form": row.form.code,
        "reference": row.form.reference,
        "sittings": row.sittings,
        "cut": round(row.cut, DIGITS),
        "common_cut": round(row.common_cut, DIGITS),
        "cut_now": round(float(table.reference_cut) if row.form.reference else table.expected_at_cut, DIGITS),
        "minimum_passing_raw": row.minimum_passing_raw,
        "minimum_passing_raw_now": table.minimum_passing_raw,
        "measured": row.measured,
    }


def in_words(report: dict[str, Any]) -> str:
    """The same for people, one fact to a line."""
    questions, simulated = report["questions"], " (simulated ones among them)" if report["includes_simulated"] else ""
    head = (
        f"{report['exam']}: run {report['run']} on {report['sittings']:,} first sittings{simulated}, "
        f"{report['answers']:,} answers"
    )
    ladder = (
        f"  questions: {questions['own']} measured with a slope of their own, {questions['common']} with the common "
        f"slope, {questions['rating']} known by their ratings only"
    )
    lines = [
        head,
        *(f"  left out: {count:,} {reason}" for reason, count in report["left_out"].items()),
        ladder,
        f"  scorable questions ready to count as measured: {report['ready_scorable']}",
        f"  pretest questions ready to be scored: {_listed(report['ready'])}",
        *(f"  alarm: {alarm['question']}: {'; '.join(alarm['alarms'])}" for alarm in report["alarms"]),
        *(f"  {_cut(form)}" for form in report["forms"]),
        *(f"  note: {warning}" for warning in report["warnings"]),
        "Nothing has changed: questions, tables and results stay as they are until somebody promotes this run."
        if not report["includes_simulated"]
        else "Nothing has changed, and a run that includes simulated sittings can never be promoted.",
    ]
    return "\n".join(lines)


def _listed(names: list[str]) -> str:
    if not names:
        return "none"
    more = len(names) - NAMED
    return f"{len(names)} ({', '.join(names[:NAMED])}{f' and {more} more' if more > 0 else ''})"


def _cut(form: dict[str, Any]) -> str:
    what = f"{form['form']}{' (reference)' if form['reference'] else ''}: cut {form['cut_now']:.2f}"
    if abs(form["cut"] - form["cut_now"]) >= 0.005:
        what += f" would be {form['cut']:.2f}"
    else:
        what += " would stay"
    now, then = form["minimum_passing_raw_now"], form["minimum_passing_raw"]
    return what + (f", and {then} instead of {now} right would pass" if now != then else f", {now} right pass as now")
