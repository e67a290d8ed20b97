"""Whatever candidates, staff, clocks and networks do, and in whatever order: the server's rows equal the model's.

`make test` runs a small fixed set. CUTSCORE_SOAK=3000 runs that many random lives of a sitting; a failure prints the
shortest one that still fails.
"""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts.models import User
from exams.models import Answer, Event, KeptChange, Pad, Sitting
from exams.services import clock, saving, sittings
from exams.services.changes import PAD, Change, Outcome, Receipt, Refused
from questions.models import Exam
from tests.exams.savedevice import Device
from tests.exams.savemodel import Model, Version, said
from tests.factories import UserFactory, begin

SECOND = dt.timedelta(seconds=1)
SOAK = int(os.environ.get("CUTSCORE_SOAK", "0"))
devices = st.integers(0, 2)
# What becomes of a request: most arrive and are answered; or the reply is lost, or the request itself, or it waits.
fates = st.sampled_from(["answered"] * 4 + ["unanswered", "lost", "waits", "waits"])
# The milliseconds are time that passes.
happenings = st.sampled_from(
    ["open", "open", "open", "1", "999", "30000", "600000", "sweep", "grant", "pause", "resume", "resume", "the end",
     "end", "expire"]
)  # fmt: skip


class SaveMachine(RuleBasedStateMachine):
    exam: ClassVar[Exam]
    user: ClassVar[User]
    staff: ClassVar[User]

    def __init__(self) -> None:
        super().__init__()
        self.rollback = transaction.atomic()
        self.rollback.__enter__()
        self.sitting = begin(self.user, self.exam)
        self.now = self.sitting.started_at
        seats = self.sitting.form.seats.filter(kind="multiple_choice").order_by("number")[:3]
        self.seats = [(seat.number, seat.tokens) for seat in seats]
        self.model = Model(self.sitting.deadline, self.sitting.grace_seconds * SECOND)
        self.devices = [Device(1, deadline=self.sitting.deadline), Device(), Device()]
        self.sent: list[tuple[int, list[Change]]] = []
        self.acknowledged: dict[tuple[int, int], Change] = {}
        self.told: list[Any] = []
        self.closed: Any = None
        self.open(1)  # two devices from the start, or most lives would be lonely

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)

    # ---- the server, at the machine's time ---------------------------------------------------------------------

    def deliver(self, claim: int, changes: list[Change]) -> Receipt | None:
        """A packet reaches the server; None when it is refused. The model says what must become of it."""
        expected = self.model.save(claim, changes, self.now)
        return self.compare(claim, changes, expected, saving.save, {})

    def compare(
        self, claim: int, changes: list[Change], expected: Any, act: Callable[..., Receipt], more: dict[str, Any]
    ) -> Receipt | None:
        refused: Refused | None
        try:
            with time_machine.travel(self.now, tick=False):
                receipt = act(sitting_id=self.sitting.pk, user_id=self.user.pk, claim=claim, changes=changes, **more)
        except Refused as error:
            refused = error
        else:
            refused = None
        if expected is None or refused:
            assert expected is None
            assert refused
            assert refused.code in (409, 423)
            return None
        assert receipt.outcomes == expected
        assert (receipt.state, receipt.conflicts) == (self.model.state, len(self.model.waiting))
        if receipt.state == "in_progress":
            assert receipt.remaining == self.model.remaining(self.now)
        for change in changes:
            self.acknowledged.setdefault((claim, change.sequence), change)
            self.justify(claim, change, receipt.outcomes[change.sequence])
        return receipt

    def justify(self, claim: int, change: Change, outcome: Outcome) -> None:
        """What the candidate may rely on, said without the order of judging."""
        if outcome is Outcome.APPLIED and not change.touched:
            history = self.model.seats[change.seat]
            assert history[-1].said == (history[-2].said if len(history) > 1 else ()), (
                "an answer was lost to a mere visit"
            )
        if outcome is Outcome.SUPERSEDED and change.touched:
            later = any(n > change.sequence and s == change.seat for n, s in self.model.arrived[claim].items())
            assert later or self.model.seats[change.seat][-1].said == said(change)
        if outcome is Outcome.CONFLICT and claim == self.model.newest:
            assert any(number > change.sequence for number in self.model.arrived[claim])
        if outcome is Outcome.DUPLICATE:
            assert change.sequence in self.model.arrived[claim]

    # ---- candidates --------------------------------------------------------------------------------------------

    def change(self, device: Device, seat: int, **says: Any) -> None:
        """What the device shows at the seat, with something different."""
        assert device.deadline is not None
        left = math.ceil((device.deadline - self.now).total_seconds() * 1000)
        shown = device.screen.get(seat, Change(0, seat, 0))
        now_shown = replace(shown, sequence=0, base=device.versions.get(seat, 0), left_ms=left, settles=(), spent_ms=5)
        changed = replace(now_shown, **says)
        touched = seat == PAD or list(changed.response) != device.known.get(seat, []) or device.touches(seat)
        device.put(replace(changed, touched=touched))

    def device(self, place: int) -> Device:
        """A device on which the exam is open: the one asked for, or else the first."""
        return self.devices[place] if self.devices[place].claim else self.devices[0]

    @rule(who=devices, where=st.integers(0, 2), option=st.integers(0, 3), fate=fates)
    def answers(self, who: int, where: int, option: int, fate: str) -> None:
        number, tokens = self.seats[where]
        self.change(self.device(who), number, response=[tokens[option]] if option else [])
        self.send(self.device(who), fate)

    @rule(who=devices, where=st.integers(0, 2), flagged=st.booleans(), fate=fates)
    def flags(self, who: int, where: int, flagged: bool, fate: str) -> None:
        self.change(self.device(who), self.seats[where][0], flagged=flagged)
        self.send(self.device(who), fate)

    @rule(who=devices, text=st.sampled_from(["F1", "recall", ""]), fate=fates)
    def writes_on_the_pad(self, who: int, text: str, fate: str) -> None:
        self.change(self.device(who), PAD, text=text)
        self.send(self.device(who), fate)

    @rule(who=devices, most=st.integers(1, 4), fate=fates)
    def sends(self, who: int, most: int, fate: str) -> None:
        self.send(self.device(who), fate, most)

    def send(self, device: Device, fate: str, most: int = 9) -> None:
        if fate == "waits":
            return
        claim, changes = device.packet()
        if changes:
            self.sent.append((claim, changes[:most]))
            receipt = self.deliver(claim, changes[:most]) if fate != "lost" else None
            if receipt and fate == "answered":
                device.hear(claim, receipt)
                self.shows_what_stands(device, {change.seat for change in changes[:most]})

    @precondition(lambda self: self.sent)
    @rule(which=st.integers(0, 50), start=st.integers(0, 2))
    def an_old_request_arrives(self, which: int, start: int) -> None:
        """For the first time, again, or only its end: then changes of a window come out of order."""
        claim, changes = self.sent[which % len(self.sent)]
        if changes[start:]:
            self.deliver(claim, changes[start:])

    def open(self, who: int) -> None:
        device, model = self.devices[who], self.model
        with time_machine.travel(self.now, tick=False):
            sitting = sittings.claim(sitting_id=self.sitting.pk, user_id=self.user.pk)
        may = model.state == "in_progress" or (model.state == "ended" and model.end_sequence is None)
        assert sitting.claim == model.newest + may
        if may:
            model.newest = sitting.claim
            device.claim, device.last, device.deadline = sitting.claim, 0, sitting.deadline
            device.screen, device.versions = self.standing()
            device.known = {seat: list(shown.response) for seat, shown in device.screen.items()}
            for waiting in device.outbox:
                device.screen[waiting.change.seat] = waiting.change

    def standing(self) -> tuple[dict[int, Change], dict[int, int]]:
        """What a claim's reply tells a window."""
        rows = Answer.objects.filter(sitting=self.sitting)
        screen = {row.seat: Change(0, row.seat, 0, row.response, row.flagged) for row in rows}
        versions = {row.seat: row.version for row in rows}
        for pad in Pad.objects.filter(sitting=self.sitting):
            screen[PAD], versions[PAD] = Change(0, PAD, 0, text=pad.text), pad.version
        return screen, versions

    @precondition(lambda self: self.model.waiting)
    @rule(who=devices, keep=st.booleans(), fate=fates)
    def chooses(self, who: int, keep: bool, fate: str) -> None:
        """Between what stands at a seat and everything that is kept of it."""
        device = self.device(who)
        names = sorted(self.model.waiting)
        chosen = self.model.conflicts[names[0]]
        named = [name for name in names if self.model.conflicts[name].seat == chosen.seat]
        top = self.model.seats[chosen.seat][-1].said
        answer = said(chosen) if keep else top
        says: dict[str, Any] = {"text": answer} if chosen.seat == PAD else {"response": list(answer)}
        self.change(device, chosen.seat, **says, settles=named)
        self.send(device, fate)

    def end(self, who: int, expired: bool, fate: str) -> None:
        device = self.device(who)
        claim, changes = device.packet()
        if claim != device.claim:
            return  # what older windows left goes first
        more = {"sequence": device.last, "expired": expired}
        expected = self.model.end(claim, device.last, changes, self.now, expired=expired)
        receipt = self.compare(claim, changes, expected, saving.end, more)
        if receipt and fate != "unanswered":
            device.hear(claim, receipt)
            self.shows_what_stands(device, {change.seat for change in changes})

    def shows_what_stands(self, device: Device, seats: set[int]) -> None:
        """After an acknowledgement a window is not left believing in an answer that does not count."""
        for seat in seats - {PAD}:
            if not device.waits(seat):
                history, shown = self.model.seats[seat], device.screen[seat]
                stands = (history[-1].said, history[-1].flagged) if history else ((), False)
                assert (tuple(shown.response), shown.flagged) == stands

    # ---- staff and time ----------------------------------------------------------------------------------------

    def staff_act(self, what: str, minutes: int = 5) -> None:
        model = self.model
        running = model.state == "in_progress" and (model.paused or self.now < model.deadline)
        allowed = running and {"grant": True, "pause": not model.paused, "resume": model.paused}[what]
        more = {"minutes": minutes} if what == "grant" else {}
        try:
            with time_machine.travel(self.now, tick=False):
                getattr(clock, what)(sitting_id=self.sitting.pk, by=self.staff, **more)
        except clock.CannotChange:
            done = False
        else:
            done = True
        assert done == allowed
        if done and what == "grant":
            model.deadline += minutes * 60 * SECOND
        elif done and what == "pause":
            model.paused_at = self.now
        elif done and model.paused_at is not None:
            model.deadline += math.ceil((self.now - model.paused_at).total_seconds()) * SECOND
            model.paused_at = None

    def sweep(self) -> None:
        sittings.settle(now=self.now)
        self.model.sweep(self.now)

    def wait_for_the_end(self, offset: int) -> None:
        """The deadline, or the end of the grace."""
        moment = self.model.closes_at or self.model.deadline
        self.now = max(self.now, moment + offset * SECOND)

    @rule(what=happenings, who=devices, offset=st.sampled_from([-60, -1, 0, 1]), fate=fates)
    def something_happens(self, what: str, who: int, offset: int, fate: str) -> None:
        """One rule for all that is rarer than answering; by themselves most lives would be short and lonely."""
        if what == "open":
            self.open(who)
        elif what in ("end", "expire"):
            self.end(who, what == "expire", fate)
        elif what in ("grant", "pause", "resume"):
            self.staff_act(what)
        elif what == "sweep":
            self.sweep()
        elif what == "the end":
            self.wait_for_the_end(offset)
        else:
            self.now += dt.timedelta(milliseconds=int(what))

    # ---- what must always hold ---------------------------------------------------------------------------------

    @invariant()
    def rows_are_the_models(self) -> None:
        model, row = self.model, Sitting.objects.get(pk=self.sitting.pk)
        assert (row.state, row.claim, row.deadline, row.paused_at) == (
            model.state, model.newest, model.deadline, model.paused_at,
        )  # fmt: skip
        assert (row.ended_at, row.closes_at, row.closed_at, row.end_sequence) == (
            model.ended_at, model.closes_at, model.closed_at, model.end_sequence,
        )  # fmt: skip
        assert row.open_conflicts == len(model.waiting)
        answers = list(Answer.objects.filter(sitting=row))
        stood = {a.seat: (a.version, Version(a.claim, a.sequence, tuple(a.response), a.flagged)) for a in answers}
        assert row.versions == sum(answer.version for answer in answers)
        for pad in Pad.objects.filter(sitting=row):
            stood[PAD] = (pad.version, Version(pad.claim, pad.sequence, pad.text, False))
        assert stood == {seat: (len(past), past[-1]) for seat, past in model.seats.items() if past}
        self.nothing_acknowledged_is_lost(row)
        self.the_timeline_only_grows(row)
        self.what_is_closed_stays(row, stood)

    def nothing_acknowledged_is_lost(self, row: Sitting) -> None:
        """Stored, or replaced by something newer, or kept: with everything that it said."""
        kept = {(k.claim, k.sequence): k for k in KeptChange.objects.filter(sitting=row)}
        assert set(kept) == set(self.model.conflicts) | set(self.model.late)
        assert {name for name, k in kept.items() if k.reason == "conflict"} == set(self.model.conflicts)
        assert {name for name, k in kept.items() if k.settled_at} == self.model.settled
        for (claim, sequence), change in self.acknowledged.items():
            if (claim, sequence) in kept:
                found = kept[claim, sequence]
                assert found.seat == change.seat
                if change.touched:
                    assert (found.text if found.seat == PAD else tuple(found.response)) == said(change)
            else:
                assert self.model.seats[change.seat]

    def the_timeline_only_grows(self, row: Sitting) -> None:
        told = list(Event.objects.filter(sitting=row).order_by("number").values_list())
        numbers = Event.objects.filter(sitting=row).order_by("number").values_list("number", flat=True)
        assert list(numbers) == list(range(1, row.events + 1))
        assert told[: len(self.told)] == self.told
        self.told = told

    def what_is_closed_stays(self, row: Sitting, stood: Any) -> None:
        if row.state == "closed":
            final = (stood, row.ended_at, row.closed_at, row.end_reason, row.deadline, row.last_seat, row.saved_at)
            assert self.closed in (None, final)
            self.closed = final


@pytest.mark.django_db
def test_the_server_does_what_the_model_says(exam: Exam, user: User) -> None:
    class Machine(SaveMachine):
        pass

    Machine.exam, Machine.user, Machine.staff = exam, user, UserFactory()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=SOAK or 60,
            stateful_step_count=80 if SOAK else 40,
            derandomize=not SOAK,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
