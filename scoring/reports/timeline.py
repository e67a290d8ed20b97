"""What happened in a sitting, in plain words: for the candidate after the exam, and for whoever ran it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from django.utils import timezone

from exams.models import Answer, Claim, EndReason, Event, KeptChange, Notice, Pad, Seat, Sitting
from exams.services.changes import PAD
from scoring.reports import uncounted
from scoring.reports.arrivals import Gap, Packet, gaps
from scoring.reports.wording import TO_CANDIDATE, Voice, changes, clock, lasting, left, questions

QUIET = dt.timedelta(minutes=10)
FOLDED = 3  # saves in a row from which on they share one entry

Kind = Event.Kind
ICONS = {
    Kind.BEGUN: "play", Kind.CLAIMED: "window", Kind.SAVED: "check", Kind.LATE: "tray", Kind.KEPT: "x",
    Kind.SETTLED: "check", Kind.OFFLINE: "offline", Kind.GRANTED: "plus", Kind.PAUSED: "pause", Kind.RESUMED: "play",
    Kind.ENDED: "stop", Kind.CLOSED: "lock", Kind.ABANDONED: "x", Kind.REOPENED: "play", Kind.VOIDED: "x",
    "gap": "gap", "quiet": "quiet",
}  # fmt: skip
TONES = {
    Kind.LATE: "info", Kind.KEPT: "bad", Kind.SETTLED: "ok", Kind.OFFLINE: "warn", Kind.GRANTED: "info",
    Kind.PAUSED: "info", Kind.RESUMED: "info", Kind.CLAIMED: "warn", Kind.REOPENED: "info", Kind.VOIDED: "bad",
    Kind.NOTICE: "info",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `into` is how many minutes of the exam had gone; `saves` are those that it stands for."""

    kind: str
    at: dt.datetime
    what: str
    note: str = ""
    until: dt.datetime | None = None
    into: int | None = None
    tone: str = ""
    claim: int | None = None
    seats: Sequence[int] = ()
    saves: Sequence[Entry] = ()
    new_day: bool = False

    @property
    def icon(self) -> str:
        return ICONS.get(self.kind, "info")


@dataclass(frozen=True, slots=True)
class Facts:
    """The sitting in a few figures."""

    used: dt.timedelta
    given: dt.timedelta
    paused: dt.timedelta
    ended_by: str
    windows: int
    offline: dt.timedelta
    offline_spans: int
    late: int
    uncounted: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that the page shows. `notes` is the candidate's own note pad, empty for anybody else."""

    sitting: Sitting
    facts: Facts
    entries: list[Entry]
    uncounted: list[uncounted.Uncounted]
    notes: str


def timeline_of(sitting: Sitting, *, voice: Voice = TO_CANDIDATE) -> Timeline:
    """The course of a sitting, told to its candidate or to staff. Six statements, however much happened, and one more
    where staff have written to the candidate.

    Times in words are in the zone that is active.
    """
    # In the order of the clock: the end stands at its deadline, even when it was noticed later.
    events = list(Event.objects.filter(sitting=sitting).order_by("at", "number"))
    claims = {claim.number: claim for claim in Claim.objects.filter(sitting=sitting)}
    kept = list(KeptChange.objects.filter(sitting=sitting).order_by("received_at", "claim", "sequence"))
    answers = {seat: (response, late) for seat, response, late in _answers(sitting)}
    seats = {seat.number: seat for seat in Seat.objects.filter(form=sitting.form_id).only("number", "kind", "tokens")}
    pad = Pad.objects.filter(sitting=sitting).first()
    notes = pad.text if pad else ""
    standing = {seat: response for seat, (response, _) in answers.items()}
    offline = _together((event.until_ms or 0, event.left_ms or 0) for event in events if event.kind == Kind.OFFLINE)
    reopened = {event.claim for event in events if event.kind == Kind.REOPENED}
    teller = _Teller(sitting, voice, kept, _windows(claims, reopened), _said(sitting, events))
    return Timeline(
        sitting=sitting,
        facts=Facts(
            used=(sitting.ended_at or sitting.deadline) - sitting.started_at - _paused(sitting),
            given=sitting.deadline - sitting.started_at - _paused(sitting),
            paused=_paused(sitting),
            ended_by=_by(sitting.end_reason, voice),
            windows=len(teller.windows),
            offline=dt.timedelta(milliseconds=sum(stop - start for start, stop in offline)),
            offline_spans=len(offline),
            late=sum(late for _, late in answers.values()),
            uncounted=len(kept),
        ),
        entries=_days(_fold(_entries(teller, events, _gaps(sitting, events, claims)))),
        uncounted=[uncounted.told(sitting, change, seats, standing, notes, voice) for change in kept],
        notes=notes if voice.reads_notes else "",
    )


def _answers(sitting: Sitting) -> Iterable[tuple[int, list[str], bool]]:
    return Answer.objects.filter(sitting=sitting).values_list("seat", "response", "late")


def _paused(sitting: Sitting) -> dt.timedelta:
    return dt.timedelta(seconds=sitting.paused_seconds)


def _by(reason: str, voice: Voice) -> str:
    words: dict[str, str] = {
        EndReason.CANDIDATE: voice.agent, EndReason.DEADLINE: "the clock", EndReason.STAFF: "staff"
    }  # fmt: skip
    return words.get(reason, "")


def _windows(claims: dict[int, Claim], reopened: Container[int | None]) -> dict[int, int]:
    """Claim -> which window that was. Begin and every reopening hand out a claim of their own, which mostly no window
    uses."""
    numbers = sorted(claims)
    used = [number for number in numbers if claims[number].arrived or (number != numbers[0] and number not in reopened)]
    return {claim: place for place, claim in enumerate(used or numbers[:1], 1)}


def _said(sitting: Sitting, events: Sequence[Event]) -> dict[int, str]:
    """Number of an event -> what staff wrote with it. Each such event has its message, in the same order."""
    if not sitting.notices:
        return {}
    texts = Notice.objects.filter(sitting=sitting).order_by("number").values_list("text", flat=True)
    numbers = sorted(event.number for event in events if event.kind in (Kind.NOTICE, Kind.VOIDED))
    return dict(zip(numbers, texts, strict=False))


def _together(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans without what two windows tell twice."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], stop)
        else:
            joined.append((start, stop))
    return joined


def _gaps(sitting: Sitting, events: Sequence[Event], claims: dict[int, Claim]) -> dict[int, list[tuple[int, Gap]]]:
    """Number of an event -> the gaps to tell of after it, with their claim."""
    packets: dict[int, dict[dt.datetime, Packet]] = defaultdict(dict)
    numbers = [event.number for event in events]
    # The last one: before it the sitting may have been reopened.
    end = max((place for place, event in enumerate(events) if event.kind == Kind.ENDED), default=len(events))
    for place, event in enumerate(events):
        if event.claim is None or event.first_sequence is None or event.last_sequence is None:
            continue
        # What counts and what does not are two events of one packet.
        known = packets[event.claim].get(event.at)
        first = min(event.first_sequence, known.first) if known else event.first_sequence
        last = max(event.last_sequence, known.last) if known else event.last_sequence
        packets[event.claim][event.at] = Packet(place, event.at, first, last)
    found: dict[int, list[tuple[int, Gap]]] = defaultdict(list)
    for number, claim in claims.items():
        named = sitting.end_sequence or 0 if number == sitting.claim and end < len(events) else 0
        arrived = [(span.lower or 0, span.upper or 0) for span in claim.arrived]
        for gap in gaps(list(packets[number].values()), arrived, named=named, end=end):
            found[numbers[gap.place]].append((number, gap))
    return found


class _Teller:
    """Turns events into entries."""

    def __init__(
        self, sitting: Sitting, voice: Voice, kept: Sequence[KeptChange], windows: dict[int, int], said: dict[int, str]
    ) -> None:
        self.sitting, self.voice, self.windows, self.said = sitting, voice, windows, said
        self.paused = dt.timedelta(0)
        self.paused_at: dt.datetime | None = None
        self.ended = False
        self.kept: dict[tuple[int, dt.datetime], list[KeptChange]] = defaultdict(list)
        for change in kept:
            self.kept[change.claim, change.received_at].append(change)

    @property
    def running(self) -> bool:
        return not self.ended and self.paused_at is None

    def tell(self, event: Event) -> list[Entry]:
        """One entry; two when a packet brought both conflicts and what came too late."""
        entries = [
            Entry(
                kind=event.kind, at=event.at, what=what, note=note, into=self._into(event.at), claim=event.claim,
                seats=event.seats, tone=self._tone(event),
            )
            for what, note in self._words(event)
        ]  # fmt: skip
        if event.kind == Kind.PAUSED:
            self.paused_at = event.at
        elif event.kind == Kind.RESUMED and self.paused_at:
            self.paused += event.at - self.paused_at
            self.paused_at = None
        elif event.kind in (Kind.ENDED, Kind.ABANDONED):
            self.ended, self.paused_at = True, self.paused_at or event.at
        elif event.kind == Kind.REOPENED and self.paused_at:
            self.paused += event.at - self.paused_at  # what lies between counts as paused
            self.ended, self.paused_at = False, None
        return entries

    def gap(self, claim: int, gap: Gap, at: dt.datetime) -> Entry:
        named = changes(gap.first, gap.last, self._window(claim)).capitalize()
        they = "they" if gap.last > gap.first else "it"
        what = f"{named} had not arrived yet; {they} came at {clock(gap.came)}" if gap.came else f"{named} never came"
        return Entry("gap", at, what, tone="" if gap.came else "warn", into=self._into(at))

    def quiet(self, since: dt.datetime, until: dt.datetime) -> Entry:
        what = f"Quiet for {lasting(until - since)}"
        return Entry("quiet", since, what, "No change was made, or none arrived.", until, self._into(since))

    def _into(self, at: dt.datetime) -> int | None:
        since = (self.paused_at or at) - self.sitting.started_at - self.paused
        return None if self.ended else max(int(since.total_seconds()) // 60, 0)

    def _tone(self, event: Event) -> str:
        first = event.kind == Kind.CLAIMED and self.windows.get(event.claim or 0) == 1
        return "" if first else TONES.get(Kind(event.kind), "")

    def _window(self, claim: int | None) -> int | None:
        """Which window it was, where there was more than one."""
        return self.windows.get(claim or 0) if len(self.windows) > 1 else None

    def _words(self, event: Event) -> list[tuple[str, str]]:
        voice, seats = self.voice, questions(event.seats)
        numbers = changes(event.first_sequence or 0, event.last_sequence or 0, self._window(event.claim))
        match event.kind:
            case Kind.BEGUN:
                return [("Begun", "The clock started.")]
            case Kind.CLAIMED:
                return [self._claimed(event)]
            case Kind.SAVED:
                wrote = list(event.seats) == [PAD]
                return [(f"{voice.who} {'wrote on' if wrote else 'worked on'} {seats}", f"Saved: {numbers}")]
            case Kind.LATE:
                made = f"Made in time, by {voice.whose} device's word: {numbers}"
                return [(f"Arrived after the end, counts: {seats}", made)]
            case Kind.KEPT:
                return self._kept(event, numbers)
            case Kind.SETTLED:
                return [(f"Conflict settled for {seats}", f"{voice.who} chose what stands.")]
            case Kind.OFFLINE:
                span = dt.timedelta(milliseconds=max((event.left_ms or 0) - (event.until_ms or 0), 0))
                what = f"Offline for {lasting(span)} (by {voice.whose} device's word)"
                return [(what, f"From {left(event.left_ms or 0)} to {left(event.until_ms or 0)}.")]
            case Kind.GRANTED:
                minutes = event.minutes or 0
                return [(f"{minutes} extra minute{'s' * (minutes != 1)} granted by {self._staff(event)}", "")]
            case Kind.PAUSED:
                return [(f"Paused by {self._staff(event)}", "The clock stood still.")]
            case Kind.RESUMED:
                after = f" after {lasting(event.at - self.paused_at)}" if self.paused_at else ""
                return [(f"Went on{after}", f"By {self._staff(event)}." if voice.names_staff else "")]
            case Kind.ENDED:
                return [self._ended(event)]
            case Kind.CLOSED:
                return [("Closed", "What arrives from here on does not count.")]
            case Kind.REOPENED:
                more = lasting(dt.timedelta(minutes=event.minutes or 0))
                return [(f"Reopened by {self._staff(event)}", f"The exam went on, for at most {more} more.")]
            case Kind.VOIDED:
                return [(f"Declared void by {self._staff(event)}", self.said.get(event.number, ""))]
            case Kind.NOTICE:
                return [(f"Message from {self._staff(event)}", self.said.get(event.number, ""))]
            case Kind.ABANDONED:
                return [(f"Given up by {voice.agent}", "")]
        return [(event.get_kind_display(), "")]

    def _claimed(self, event: Event) -> tuple[str, str]:
        window = self.windows.get(event.claim or 0, 1)
        if window == 1:
            return "Opened in a window", ""
        return "Opened in another window", f"Window {window}, or the page was loaded anew. Only the newest may answer."

    def _kept(self, event: Event, numbers: str) -> list[tuple[str, str]]:
        span = range(event.first_sequence or 0, (event.last_sequence or 0) + 1)
        rows = [row for row in self.kept.get((event.claim or 0, event.at), ()) if row.sequence in span]
        told = []
        for reason in KeptChange.Reason:
            seats = questions(sorted({row.seat for row in rows if row.reason == reason}))
            if not seats:
                continue
            if reason == KeptChange.Reason.LATE:
                told.append((f"Arrived too late, does not count: {seats}", numbers.capitalize()))
            else:
                told.append((f"Met a newer answer of another window: {seats}", f"Kept for a choice: {numbers}"))
        return told or [(f"{event.get_kind_display()}: {questions(event.seats)}", numbers.capitalize())]

    def _ended(self, event: Event) -> tuple[str, str]:
        if event.by == Event.By.CLOCK:
            return "Ended by the clock", "Time was up."
        who = self.voice.agent if event.by == Event.By.CANDIDATE else self._staff(event)
        return f"Ended by {who}", f"With {left(event.left_ms)}." if event.left_ms else ""

    def _staff(self, event: Event) -> str:
        return event.staff if self.voice.names_staff and event.staff else "staff"


def _entries(teller: _Teller, events: Sequence[Event], missing: dict[int, list[tuple[int, Gap]]]) -> list[Entry]:
    """The events with the gaps behind them and the quiet spans between them."""
    entries: list[Entry] = []
    before: dt.datetime | None = None
    for event in events:
        if before and teller.running and event.at - before > QUIET:
            entries.append(teller.quiet(before, event.at))
        entries += teller.tell(event)
        entries += [teller.gap(claim, gap, event.at) for claim, gap in missing.get(event.number, ())]
        before = event.at
    return entries


def _fold(entries: Sequence[Entry]) -> list[Entry]:
    """Plain saves in a row share one entry, so that they do not drown what is worth reading."""
    folded: list[Entry] = []
    for (kind, _), group in groupby(entries, key=lambda entry: (entry.kind, entry.claim)):
        run = list(group)
        if kind != Kind.SAVED or len(run) < FOLDED:
            folded += run
            continue
        seats = questions(sorted({seat for entry in run for seat in entry.seats}))
        what = f"{len(run)} saves in {lasting(run[-1].at - run[0].at)}"
        note = seats[:1].upper() + seats[1:]
        folded.append(replace(run[0], what=what, note=note, until=run[-1].at, saves=run))
    return folded


def _days(entries: Sequence[Entry]) -> list[Entry]:
    """Mark the first entry of each further day."""
    dates = [timezone.localdate(entry.at) for entry in entries]
    return [
        replace(entry, new_day=place > 0 and dates[place - 1] != dates[place]) for place, entry in enumerate(entries)
    ]
