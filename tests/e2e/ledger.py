"""The browser's own record of what was acknowledged to it, and whether the database accounts for all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext

from exams.models import Answer, Claim, Event, KeptChange, Seat, Sitting
from exams.services.changes import Spans, holds
from tests.e2e.paper import in_stored_order

# Reports every change that a 2xx JSON acknowledges, with what had been sent, before the page itself reads the reply.
LISTEN = """
(() => {
  const ask = window.fetch;
  window.fetch = async (url, options) => {
    const response = await ask(url, options);
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    if (options?.method === "POST" && response.ok && isJson) {
      const reply = await response.clone().json();
      if (reply.acknowledged) window.noteAcknowledged(JSON.parse(options.body), reply);
    }
    return response;
  };
})();
"""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One change as it was sent, with the outcome and the seat's version that the reply named."""

    claim: int
    sequence: int
    seat: int
    outcome: str
    version: int
    response: tuple[str, ...]
    touched: bool  # whether the response is the candidate's doing; if not, what stood stays
    flagged: bool


class Ledger:
    """What browsers were told about one sitting, as they were told it."""

    def __init__(self) -> None:
        self.entries: list[Acknowledged] = []

    def follow(self, context: BrowserContext) -> None:
        context.expose_binding("noteAcknowledged", lambda _, sent, reply: self._note(sent, reply))
        context.add_init_script(LISTEN)

    def _note(self, sent: dict[str, Any], reply: dict[str, Any]) -> None:
        changes = {change["sequence"]: change for change in sent["changes"]}
        for sequence, outcome in reply["acknowledged"].items():
            change = changes[int(sequence)]
            self.entries.append(
                Acknowledged(
                    claim=reply["claim"],
                    sequence=int(sequence),
                    seat=change["seat"],
                    outcome=outcome,
                    version=reply["versions"].get(str(change["seat"]), 0),
                    response=tuple(change.get("response", ())),
                    touched=change.get("touched", True),
                    flagged=change.get("flagged", False),
                )
            )

    def differences(self, sitting: Sitting) -> list[str]:
        """Every acknowledged change that the database does not account for, and every hole in the timeline."""
        return [*self._lost(sitting), *_holes(sitting)]

    def _lost(self, sitting: Sitting) -> Iterator[str]:
        seats = {seat.number: seat for seat in Seat.objects.filter(form=sitting.form_id)}
        answers = {answer.seat: answer for answer in Answer.objects.filter(sitting=sitting)}
        kept = {(change.claim, change.sequence): change for change in KeptChange.objects.filter(sitting=sitting)}
        arrived = _arrived(sitting)
        for entry in self.entries:
            if not holds(arrived.get(entry.claim, []), entry.sequence):
                yield f"not among what arrived: {entry}"
            if not entry.seat:
                continue  # the note pad
            response = list(in_stored_order(seats[entry.seat], entry.response))
            aside = kept.get((entry.claim, entry.sequence))
            if aside and not entry.touched:
                response = aside.response
            if entry.outcome in ("conflict", "late"):
                if not aside or (aside.reason, aside.seat, aside.response) != (entry.outcome, entry.seat, response):
                    yield f"not kept: {entry}, but {aside}"
            elif aside or (entry.outcome == "superseded" and _kept_later(entry, kept.values())):
                continue
            elif problem := _unaccounted(entry, response, answers.get(entry.seat), sitting.claim):
                yield f"{problem}: {entry}"


def _kept_later(entry: Acknowledged, kept: Iterable[KeptChange]) -> bool:
    """Whether the same window's later word about the seat was kept, which then speaks for this one."""
    return any(
        (change.claim, change.seat) == (entry.claim, entry.seat) and change.sequence > entry.sequence for change in kept
    )


def _unaccounted(entry: Acknowledged, response: list[str], stands: Answer | None, newest_claim: int) -> str:
    """What is wrong with the answer that stands where an acknowledged change belongs; "" when nothing is."""
    if stands is None or stands.version < entry.version or not entry.version:
        return f"lost, {stands and vars(stands)} stands"
    if stands.version > entry.version:
        return ""  # another change came upon it
    same = (stands.claim, stands.sequence) == (entry.claim, entry.sequence)
    # Only the newest window's word about flags always counts; an older one's may have met newer flags.
    differs = entry.touched and stands.response != response
    if same and (differs or (entry.claim == newest_claim and stands.flagged != entry.flagged)):
        return f"stored as {stands.response}, {'flagged' if stands.flagged else 'not flagged'}"
    if entry.outcome == "applied" and not same:
        return f"applied, but {stands.claim}.{stands.sequence} stands in its version"
    # Not applied, because its own window had sent something newer, or because both windows said the same.
    newer = stands.claim == entry.claim and stands.sequence >= entry.sequence
    if entry.outcome == "superseded" and not newer and differs:
        return f"superseded by {stands.claim}.{stands.sequence}, which is no newer"
    return ""


def _holes(sitting: Sitting) -> Iterator[str]:
    told = list(Event.objects.filter(sitting=sitting).order_by("number"))
    if [event.number for event in told] != list(range(1, sitting.events + 1)):
        yield f"holes in the timeline: {[event.number for event in told]}, and {sitting.events} in all"
    # What has arrived is told of, each change at least once.
    spoken = {
        (event.claim, seat, sequence)
        for event in told
        if event.kind in (Event.Kind.SAVED, Event.Kind.LATE, Event.Kind.KEPT)
        for seat in event.seats
        for sequence in range(event.first_sequence or 0, (event.last_sequence or 0) + 1)
    }
    for claim, spans in _arrived(sitting).items():
        for sequence in (sequence for start, stop in spans for sequence in range(start, stop)):
            if not any((claim, seat, sequence) in spoken for seat in range(66)):
                yield f"arrived and not on the timeline: {claim}.{sequence}"


def _arrived(sitting: Sitting) -> dict[int, Spans]:
    """The sequence numbers that came, by claim."""
    return {
        claim.number: [(part.lower or 0, part.upper or 0) for part in claim.arrived]
        for claim in Claim.objects.filter(sitting=sitting)
    }


def assert_accounted(ledger: Ledger, sitting: Sitting) -> None:
    sitting.refresh_from_db()
    assert ledger.entries
    assert ledger.differences(sitting) == []
