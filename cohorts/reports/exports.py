"""What the files hold that instructors take away: one row after the other, read by the batch and never all at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from cohorts import packing
from cohorts.models import Attempt, Outcome
from cohorts.reports import export_items
from cohorts.reports.export_papers import Papers
from cohorts.reports.export_scope import Scope
from cohorts.reports.figures import FACILITY_FROM, RELIABILITY_FROM
from questions.models import Domain

Cell = str | int | float | bool | dt.datetime | None
BATCH = 100  # attempts that are read and held together
UTC = "UTC, ISO 8601"


@dataclass(frozen=True, slots=True)
class Export:
    """One kind of file. `row` says what a row is, `about` what else to know of it."""

    name: str
    title: str
    row: str
    about: str
    heads: Sequence[str]
    rows: Callable[[Scope, dt.datetime], Iterator[Sequence[Cell]]]


WHO = ("Candidate", "E-mail", "Assignment", "Attempt")


def _who(row: Attempt | Outcome) -> tuple[str, str, str, int]:
    address = "" if row.user.is_erased else row.user.email
    return row.user.get_full_name(), address, row.assignment.title, row.number


# ---- scores ---------------------------------------------------------------------------------------------------

SCORES = (
    *WHO, "Status", "Simulated", f"Begun ({UTC})", f"Ended ({UTC})", "How it ended", "Minutes used",
    "Minutes allowed", "Form", "Scaled score", "Outcome", "Correct", "Scored questions", "Likely range from",
    "Likely range to", "Chance of passing (%; 0 is under 5, 100 over 95)", "Provisional (judged difficulty)",
    "Scored questions seen before", "Why void",
)  # fmt: skip


def scores(scope: Scope, now: dt.datetime) -> Iterator[Sequence[Cell]]:
    """Every attempt, those without a result, too. One statement."""
    found = scope.attempts().select_related("assignment", "user", "sitting__form", "outcome")
    found = found.defer("outcome__domains", "outcome__tasks", "outcome__seats")
    ordered = found.order_by("assignment__start_by", "assignment", "user__display_name", "user__email", "number")
    for attempt in ordered.iterator(chunk_size=BATCH):
        sitting = attempt.sitting
        outcome = getattr(attempt, "outcome", None) if attempt.void_at is None else None
        yield (
            *_who(attempt),
            "Void" if attempt.void_at or sitting.void else sitting.get_state_display(),
            sitting.simulated,
            sitting.started_at,
            sitting.ended_at,
            sitting.get_end_reason_display() if sitting.end_reason else None,
            round(outcome.used_seconds / 60, 1) if outcome else None,
            round(sitting.limit.total_seconds() / 60, 1),
            sitting.form.code,
            *(_score(outcome) if outcome else [None] * 9),
            attempt.void_reason or None,
        )


def _score(outcome: Outcome) -> tuple[Cell, ...]:
    return (
        outcome.scaled, "Pass" if outcome.passed else "Not passed", outcome.raw, outcome.maximum_raw,
        outcome.likely_low, outcome.likely_high, outcome.chance_of_passing, outcome.provisional, outcome.seen_before,
    )  # fmt: skip


# ---- domains --------------------------------------------------------------------------------------------------

DOMAINS = (
    *WHO, "Simulated", f"Begun ({UTC})", "Domain number", "Domain", "Correct", "Scored questions",
    "Expected of a borderline candidate", "Meets competencies",
)  # fmt: skip


def domains(scope: Scope, now: dt.datetime) -> Iterator[Sequence[Cell]]:
    """Every domain of every attempt that counts. Two statements."""
    names = Domain.objects.filter(exam=scope.cohort.exam_id).in_bulk()
    for outcome in _outcomes(scope, "tasks", "seats"):
        records, _ = packing.unpack([outcome.domains], packing.DOMAIN)
        for domain_id, correct, scored, expected in records.tolist():
            domain = names[domain_id]
            yield (
                *_who(outcome), outcome.simulated, outcome.started_at, domain.number, domain.title, correct, scored,
                round(expected, 2), correct >= expected - ENOUGH,
            )  # fmt: skip


ENOUGH = 1e-6  # as in psychometrics.report.domain_level: rounding takes nobody's point


# ---- answers --------------------------------------------------------------------------------------------------

ANSWERS = (
    *WHO, "Simulated", "Form", "Question number", "Task number", "Task", "Kind", "Counts", "Outcome", "Answer", "Key",
    "Question id", "Seconds", "Flagged", "Seen before",
)  # fmt: skip


def answers(scope: Scope, now: dt.datetime) -> Iterator[Sequence[Cell]]:
    """Every seat of every attempt that counts. A constant number of statements for each batch of attempts."""
    papers = Papers(scope.cohort, now)
    found = _outcomes(scope, "domains", "tasks")
    while batch := list(islice(found, BATCH)):
        papers.fetch({outcome.form_id for outcome in batch}, {outcome.result_id for outcome in batch})
        for outcome in batch:
            who = (*_who(outcome), outcome.simulated, outcome.form.code)
            records = packing.seats([outcome.seats])[0]
            for place, (flags, spent_ms, given) in zip(
                papers.places(outcome.form_id, outcome.result_id), records.tolist(), strict=True
            ):
                yield (
                    *who, *place.what, "yes" if flags & packing.SCORED else "no", _marked(flags), place.letters(given),
                    place.key, place.public_id, round(spent_ms / 1000) if spent_ms else None,
                    bool(flags & packing.FLAGGED), bool(flags & packing.SEEN_BEFORE),
                )  # fmt: skip


def _marked(flags: int) -> str:
    if flags & packing.CORRECT:
        return "Correct"
    return "Incorrect" if flags & packing.ANSWERED else "Not answered"


def _outcomes(scope: Scope, *without: str) -> Iterator[Outcome]:
    """In one order, by a cursor of the server."""
    found = scope.outcomes().select_related("assignment", "user", "form").defer(*without)
    ordered = found.order_by("assignment__start_by", "assignment", "user__display_name", "user__email", "number")
    return ordered.iterator(chunk_size=BATCH)


EXPORTS: dict[str, Export] = {
    export.name: export
    for export in (
        Export(
            "scores", "Scores", "One row for each attempt, also one that is running or void.",
            "Scaled score, outcome, likely range and chance of passing, times and minutes. Void ones have no score.",
            SCORES, scores,
        ),
        Export(
            "domains", "Domains", "One row for each domain of each attempt that counts.",
            "Correct answers of scored questions, and how many a borderline candidate is expected to get.",
            DOMAINS, domains,
        ),
        Export(
            "answers", "Answers", "One row for each question of each attempt that counts.",
            "Answers in the letters of that form, outcome, time and flags. The key is filled in only when nobody"
            " of this cohort may still be about to answer the question.",
            ANSWERS, answers,
        ),
        Export(
            "items", "Items", "One row for each question that was met, over the last attempt of each candidate.",
            "Answers to questions that the candidate had met before are left out."
            f" Below {FACILITY_FROM} answers there is no facility, below {RELIABILITY_FROM} no point-biserial"
            " correlation. The distractor’s words are filled in only when nobody may still be about to answer the"
            " question.",
            export_items.HEADS, export_items.rows,
        ),
    )
}  # fmt: skip
