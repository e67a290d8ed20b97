"""What the database says about what candidates were told, by statements and arithmetic of the tests' own.

Nothing here uses the product's code: the keys are read from the bank, answers compared as written down, points counted.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.faults.window import Candidate, Entry

SITTINGS = """
SELECT id, form_id, state, end_reason, deadline, ended_at, closes_at, closed_at, claim, events
FROM exams_sitting WHERE id = ANY(%s)
"""
EVENTS = "SELECT sitting_id, number, kind FROM exams_event WHERE sitting_id = ANY(%s) ORDER BY sitting_id, number"
ANSWERS = """
SELECT sitting_id, seat, response, flagged, version, claim, sequence FROM exams_answer WHERE sitting_id = ANY(%s)
"""
KEPT = "SELECT sitting_id, claim, sequence, reason, seat, response FROM exams_keptchange WHERE sitting_id = ANY(%s)"
CLAIMS = """
SELECT sitting_id, number, ARRAY(SELECT ARRAY[lower(part), upper(part)] FROM unnest(arrived) AS part) AS spans
FROM exams_claim WHERE sitting_id = ANY(%s)
"""
RESULTS = """
SELECT r.sitting_id, r.raw, r.maximum_raw, r.scaled, r.passed, w.scaled AS worth, w.passed AS passes
FROM scoring_result r LEFT JOIN exams_scorerow w ON w.table_id = r.table_id AND w.raw = r.raw
WHERE r.sitting_id = ANY(%s)
"""
SEATS = """
SELECT s.form_id, s.number, s.scored, s.kind, s.options, s.tokens, s.slots, s.revision_id
FROM exams_seat s WHERE s.form_id = ANY(%s)
"""
OPTIONS = "SELECT revision_id, number, correct, position FROM questions_option WHERE revision_id = ANY(%s)"
PROMPTS = """
SELECT p.revision_id, p.number, o.number AS option FROM questions_prompt p JOIN questions_option o ON o.id = p.option_id
WHERE p.revision_id = ANY(%s) ORDER BY p.revision_id, p.number
"""

Row = dict[str, Any]


@dataclass
class Audit:
    """What was found, by the promise that it breaks. Empty lists are good."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)  # ended, closed or scored other than exactly once
    wrong: list[str] = field(default_factory=list)  # scores
    untrue: list[str] = field(default_factory=list)  # shown otherwise than it was
    sittings: int = 0
    acknowledged: int = 0
    late: int = 0
    points: int = 0

    @property
    def breaches(self) -> list[str]:
        return [*self.lost, *self.twice, *self.wrong, *self.untrue]


def audit_of(database: str, candidates: Sequence[Candidate]) -> Audit:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        return audit(connection, candidates)


def audit(connection: psycopg.Connection[Row], candidates: Sequence[Candidate]) -> Audit:
    """Compare every sitting with its candidate's ledger. All of them must be closed by now."""
    found = Audit(sittings=len(candidates))
    books = Books(connection, [candidate.sitting for candidate in candidates])
    for candidate in candidates:
        found.acknowledged += len(candidate.entries)
        found.late += sum(entry.outcome == "late" for entry in candidate.entries)
        found.lost += lost(books, candidate)
        found.twice += twice(books, candidate)
        found.wrong += wrong(books, candidate, found)
        found.untrue += candidate.wrong
    return found


class Books:
    """The database's rows about some sittings, read once."""

    def __init__(self, connection: psycopg.Connection[Row], sittings: list[uuid.UUID]) -> None:
        def rows(statement: str, keys: Iterable[Any]) -> list[Row]:
            return connection.execute(statement, [list(keys)]).fetchall()

        self.sittings = {row["id"]: row for row in rows(SITTINGS, sittings)}
        self.events: dict[uuid.UUID, list[Row]] = defaultdict(list)
        for row in rows(EVENTS, sittings):
            self.events[row["sitting_id"]].append(row)
        self.answers = {(row["sitting_id"], row["seat"]): row for row in rows(ANSWERS, sittings)}
        self.kept = {(row["sitting_id"], row["claim"], row["sequence"]): row for row in rows(KEPT, sittings)}
        self.arrived = {(row["sitting_id"], row["number"]): row["spans"] for row in rows(CLAIMS, sittings)}
        self.results: dict[uuid.UUID, list[Row]] = defaultdict(list)
        for row in rows(RESULTS, sittings):
            self.results[row["sitting_id"]].append(row)
        forms = {row["form_id"] for row in self.sittings.values()}
        self.seats: dict[int, list[Row]] = defaultdict(list)
        for row in rows(SEATS, forms):
            self.seats[row["form_id"]].append(row)
        revisions = {seat["revision_id"] for seats in self.seats.values() for seat in seats}
        self.options: dict[int, list[Row]] = defaultdict(list)
        for row in rows(OPTIONS, revisions):
            self.options[row["revision_id"]].append(row)
        self.prompts: dict[int, list[Row]] = defaultdict(list)
        for row in rows(PROMPTS, revisions):
            self.prompts[row["revision_id"]].append(row)

    def is_right(self, seat: Row, response: Sequence[str]) -> bool:
        """All or nothing, by the bank's own words."""
        token = dict(zip(seat["options"], seat["tokens"], strict=True))
        options = self.options[seat["revision_id"]]
        if seat["kind"] == "matching":
            return list(response) == [token[prompt["option"]] for prompt in self.prompts[seat["revision_id"]]]
        if seat["kind"] == "ordering":
            steps = sorted((one for one in options if one["position"] is not None), key=lambda one: one["position"])
            return list(response) == [token[one["number"]] for one in steps]
        return sorted(response) == sorted(token[one["number"]] for one in options if one["correct"])


def _flagged_elsewhere(candidate: Candidate, entry: Entry) -> bool:
    """Whether another window of the same candidate was told that its flag on this question is kept."""
    return any(other.seat == entry.seat and other.claim != entry.claim and other.flagged for other in candidate.entries)


def lost(books: Books, candidate: Candidate) -> Iterator[str]:
    """Acknowledged changes that the database does not account for."""
    sitting = candidate.sitting
    for entry in candidate.entries:
        spans = books.arrived.get((sitting, entry.claim)) or []
        if not any(start <= entry.sequence < stop for start, stop in spans):
            yield f"{sitting}: not among what arrived: {entry}"
        aside = books.kept.get((sitting, entry.claim, entry.sequence))
        stands = books.answers.get((sitting, entry.seat))
        if entry.outcome in ("late", "conflict"):
            if aside is None or (aside["reason"], tuple(aside["response"])) != (entry.outcome, entry.response):
                yield f"{sitting}: not kept: {entry}, but {aside}"
        elif aside is None and (stands is None or stands["version"] < entry.version or not entry.version):
            yield f"{sitting}: lost: {entry}, {stands} stands"
        elif aside is None and stands is not None and entry.outcome == "applied":
            same = (stands["claim"], stands["sequence"]) == (entry.claim, entry.sequence)
            if stands["version"] == entry.version and not same:
                yield f"{sitting}: {entry} was applied, but {stands} stands in its version"
    for seat, entry in standing(books, candidate).items():
        stored = books.answers.get((sitting, seat))
        said = None if stored is None else (tuple(stored["response"]), stored["flagged"])
        # By rule an older window's answer does not undo the flag that a newer one has set (ADR 0004).
        flagged = entry.flagged or _flagged_elsewhere(candidate, entry)
        if said not in ((entry.response, entry.flagged), (entry.response, flagged)):
            yield f"{sitting}: {entry} is the last word, but {stored} stands"


def standing(books: Books, candidate: Candidate) -> dict[int, Entry]:
    """What must stand at each seat by the ledger: the candidate's last word, or, where windows contend, that of the
    change that the database names, which must be one that was acknowledged as such."""
    found: dict[int, Entry] = {}
    for entry in sorted(candidate.entries, key=lambda entry: entry.place):
        aside = (candidate.sitting, entry.claim, entry.sequence) in books.kept
        if entry.outcome in ("late", "conflict") or aside:
            continue
        stored = books.answers.get((candidate.sitting, entry.seat))
        if candidate.contested and stored and (stored["claim"], stored["sequence"]) != (entry.claim, entry.sequence):
            continue
        found[entry.seat] = entry
    return found


def twice(books: Books, candidate: Candidate) -> Iterator[str]:
    """Whatever did not end, close and get its result exactly once, and an end at another time than the deadline."""
    name, row = candidate.sitting, books.sittings[candidate.sitting]
    kinds = [event["kind"] for event in books.events[name]]
    counted = {kind: kinds.count(kind) for kind in ("begun", "ended", "closed")}
    if row["state"] != "closed" or set(counted.values()) != {1}:
        yield f"{name} is {row['state']}, on its timeline {counted}"
    if [event["number"] for event in books.events[name]] != list(range(1, row["events"] + 1)):
        yield f"{name} has holes in its timeline"
    if len(books.results[name]) != 1:
        yield f"{name} has {len(books.results[name])} results"
    if row["end_reason"] == "candidate" and not candidate.asked:
        yield f"{name} was ended by a candidate who never asked for that"
    if row["end_reason"] == "deadline" and row["ended_at"] != row["deadline"]:
        yield f"{name} ended at {row['ended_at']}, its deadline was {row['deadline']}"


def wrong(books: Books, candidate: Candidate, found: Audit) -> Iterator[str]:
    """A score other than what the acknowledged answers are worth."""
    name = candidate.sitting
    last = standing(books, candidate)
    scored = [seat for seat in books.seats[books.sittings[name]["form_id"]] if seat["scored"]]
    raw = sum(seat["number"] in last and books.is_right(seat, last[seat["number"]].response) for seat in scored)
    found.points += raw
    for result in books.results[name]:
        if (result["raw"], result["maximum_raw"]) != (raw, len(scored)):
            yield f"{name} scored {result['raw']} of {result['maximum_raw']}, it should be {raw} of {len(scored)}"
        if (result["scaled"], result["passed"]) != (result["worth"], result["passes"]):
            yield f"{name} got {result['scaled']}, its table says {result['worth']}"
