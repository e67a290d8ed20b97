"""What can be done from the live board: its words, its form, who is left alone and why, and the doing."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import User
from cohorts.models import Absence, Assignment
from cohorts.reports.board import Person
from cohorts.services import absences, supervising
from exams.clock_page import MOST_NAMED, Concerned
from exams.forms import ClockForm, GrantForm
from exams.models import Sitting
from exams.services import notices
from exams.services.clock import CannotChange, Change

MINUTE = dt.timedelta(minutes=1)
HALF_AN_HOUR = dt.timedelta(minutes=30)
LONGEST_NOTE = 200
NOT_BEGUN = "There is no sitting in progress."
OVER = "The sitting is over; only reopening it gives more time."


class MessageForm(ClockForm):
    text = forms.CharField(
        label="Message",
        max_length=notices.LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"At most {notices.LONGEST} characters. Everybody chosen who is sitting sees it within 20 seconds.",
    )


class MarkForm(ClockForm):
    note = forms.CharField(
        label="Note", max_length=LONGEST_NOTE, required=False, help_text="For you and the other instructors; optional."
    )


class ReopenForm(ClockForm):
    """The new deadline is in the time zone of whoever fills it in."""

    deadline = forms.DateTimeField(
        label="New deadline",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Until then the person may go on answering; other times of the sitting play no part.",
        error_messages={"required": "Say until when the sitting is to go on.", "invalid": "Give a day and a time."},
    )

    def clean_deadline(self) -> dt.datetime:
        deadline: dt.datetime = self.cleaned_data["deadline"]
        if deadline <= timezone.now():
            raise forms.ValidationError("The new deadline has to lie ahead.")
        return deadline


@dataclass
class Outcome:
    """What came of an act: whom it reached, whose time the window's end cut, who was left alone and why."""

    done: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def sentence(self, done: str) -> str:
        """Everything in one message."""
        parts = [f"{done} {named(self.done)}."] if self.done else []
        parts += [f"The window’s end cut the time of {named(self.cut)}."] if self.cut else []
        parts += [f"Left as it was for {named(who)}: {why}" for why, who in self.refused.items()]
        return " ".join(parts) or "Nobody was concerned."


@dataclass(frozen=True)
class Doing:
    """An act as it was confirmed. `seen` holds, by person, the minutes granted and the messages sent until then."""

    assignment: Assignment
    by: User
    now: dt.datetime
    given: Mapping[str, Any]
    seen: Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class Act:
    slug: str
    title: str
    button: str
    explanation: str
    done: str
    refuse: Callable[[Person, dt.datetime], str]
    do: Callable[[Doing, Sequence[tuple[Person, User]]], Outcome]
    form: type[ClockForm] = ClockForm
    clock: bool = False  # whether the page shows clocks
    danger: bool = False


def named(people: Sequence[str]) -> str:
    more = len(people) - MOST_NAMED
    return ", ".join(people[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def each(
    act: Callable[[Doing, Person, User], Change | object],
) -> Callable[[Doing, Sequence[tuple[Person, User]]], Outcome]:
    """Do it to one after another, each in a transaction of its own; who is refused stays as they were."""

    def do(doing: Doing, people: Sequence[tuple[Person, User]]) -> Outcome:
        outcome = Outcome()
        for person, user in people:
            sitting = person.sitting
            before = sitting.uncapped_deadline() - sitting.deadline if sitting else None
            try:
                change = act(doing, person, user)
            except CannotChange as problem:
                outcome.refused[str(problem)].append(person.name)
            except Sitting.DoesNotExist:
                outcome.refused["The sitting is gone."].append(person.name)
            else:
                outcome.done.append(person.name)
                if isinstance(change, Change) and before is not None and change.cut > before:
                    lost, until = -(-(change.cut - before) // MINUTE), timezone.localtime(change.deadline)
                    outcome.cut.append(f"{person.name} (by {lost} min, to {until:%H:%M:%S} on {until:%-d %B})")
        return outcome

    return do


def _grant(doing: Doing, person: Person, user: User) -> Change:
    given, seen = doing.given, doing.seen.get(person.user_id)
    return supervising.grant(
        assignment=doing.assignment, user=user, minutes=given["minutes"], by=doing.by,
        extend_window=given["extend_window"], granted=seen[0] if seen else None,
    )  # fmt: skip


def _mark(absence: str) -> Callable[[Doing, Person, User], object]:
    return lambda doing, person, user: absences.mark(
        assignment=doing.assignment, user=user, absence=absence, by=doing.by, now=doing.now,
        note=doing.given.get("note", ""),
    )  # fmt: skip


def _send(doing: Doing, people: Sequence[tuple[Person, User]]) -> Outcome:
    outcome = Outcome()
    last = {pk: seen[1] for pk, seen in doing.seen.items()} or None
    users = [user for _, user in people]
    try:
        told = supervising.send(
            assignment=doing.assignment, users=users, text=doing.given["text"], by=doing.by, now=doing.now, last=last
        )
    except (CannotChange, notices.CannotSend) as problem:
        outcome.refused[str(problem)] = [person.name for person, _ in people]
        return outcome
    reached = {user.pk for user in told}
    outcome.done = [person.name for person, user in people if user.pk in reached]
    missed = [person.name for person, user in people if user.pk not in reached]
    if missed:
        outcome.refused["The sitting ended, or got another message, in the meantime."] = missed
    return outcome


def _unless_running(person: Person, now: dt.datetime) -> str:
    return "" if person.running else OVER if person.over else NOT_BEGUN


def _unless_going(person: Person, now: dt.datetime) -> str:
    return _unless_running(person, now) or ("The clock stands still already." if person.paused else "")


def _unless_paused(person: Person, now: dt.datetime) -> str:
    return _unless_running(person, now) or ("" if person.paused else "The clock is running already.")


def _unless_sitting(person: Person, now: dt.datetime) -> str:
    return "" if person.running else "Nothing can be said to somebody who is not sitting."


def _unless_could_be_absent(person: Person, now: dt.datetime) -> str:
    if person.left:
        return absences.GONE
    if person.sitting is not None:
        return "Whoever has begun was not absent."
    return "Marked as absent already." if person.absence == Absence.ABSENT else ""


def _unless_could_be_ill(person: Person, now: dt.datetime) -> str:
    if person.left:
        return absences.GONE
    return "Marked as ill already." if person.absence == Absence.ILL and person.sitting is None else ""


def _unless_marked(person: Person, now: dt.datetime) -> str:
    return absences.GONE if person.left else "" if person.absence else "Not marked as absent or ill."


def _unless_reopenable(person: Person, now: dt.datetime) -> str:
    if person.sitting is None:
        return "There is no sitting that could be reopened."
    if person.running:
        return "The sitting is still in progress."
    return "The keys are released, so it cannot be reopened." if person.sitting.shows_review(now) else ""


ACTS = {
    act.slug: act
    for act in (
        Act(
            slug="grant",
            title="Extra minutes",
            button="Grant extra minutes",
            explanation="The deadline moves at once; the exam screen shows it within 20 seconds.",
            done="Granted {minutes} min to",
            refuse=_unless_running,
            do=each(_grant),
            form=GrantForm,
            clock=True,
        ),
        Act(
            slug="pause",
            title="Pause",
            button="Pause the clock",
            explanation="Nothing can be answered until it goes on. Time is lost only if a window’s end comes first.",
            done="The clock stands still for",
            refuse=_unless_going,
            do=each(lambda doing, _, user: supervising.pause(assignment=doing.assignment, user=user, by=doing.by)),
            clock=True,
        ),
        Act(
            slug="resume",
            title="Go on",
            button="Let the clock go on",
            explanation="It goes on with the time that was left. If a window’s end cuts that, grant minutes then.",
            done="The clock goes on for",
            refuse=_unless_paused,
            do=each(lambda doing, _, user: supervising.resume(assignment=doing.assignment, user=user, by=doing.by)),
            clock=True,
        ),
        Act(
            slug="message",
            title="Message",
            button="Send",
            explanation="The message stands on the exam screen until the candidate puts it away.",
            done="The message went to",
            refuse=_unless_sitting,
            do=_send,
            form=MessageForm,
        ),
        Act(
            slug="finish",
            title="End the exam",
            button="End the exam for them",
            explanation="Nothing can be answered afterwards. What waits on a device still counts within the grace.",
            done="Ended the exam for",
            refuse=_unless_running,
            do=each(lambda doing, _, user: supervising.finish(assignment=doing.assignment, user=user, by=doing.by)),
            clock=True,
            danger=True,
        ),
        Act(
            slug="reopen",
            title="Reopen",
            button="Reopen",
            explanation="The sitting goes on as it was left, until the new deadline; then its result is made anew.",
            done="Reopened the sitting for",
            refuse=_unless_reopenable,
            do=each(
                lambda doing, _, user: supervising.reopen(
                    assignment=doing.assignment, user=user, deadline=doing.given["deadline"], by=doing.by, now=doing.now
                )
            ),
            form=ReopenForm,
        ),
        Act(
            slug="absent",
            title="Absent",
            button="Mark as absent",
            explanation="It uses up no attempt. The person’s own times in the assignment can give another day.",
            done="Marked as absent:",
            refuse=_unless_could_be_absent,
            do=each(_mark(Absence.ABSENT)),
            form=MarkForm,
        ),
        Act(
            slug="ill",
            title="Ill",
            button="Mark as ill",
            explanation="An attempt that runs or is over becomes void for good, and another may be begun in its place.",
            done="Marked as ill:",
            refuse=_unless_could_be_ill,
            do=each(_mark(Absence.ILL)),
            form=MarkForm,
            danger=True,
        ),
        Act(
            slug="present",
            title="Clear the mark",
            button="Clear the mark",
            explanation="The person is neither absent nor ill. What was declared void stays void.",
            done="Cleared the mark of",
            refuse=_unless_marked,
            do=each(_mark("")),
        ),
    )
}


@dataclass(frozen=True)
class Preview:
    """Who is concerned by an act and who is not, before it is done."""

    act: Act
    ready: list[Person]
    refused: dict[str, list[str]]
    now: dt.datetime

    @property
    def rows(self) -> list[tuple[Person, Concerned | None]]:
        return [(one, Concerned(one.sitting, self.now) if one.sitting else None) for one in self.ready]

    @property
    def left_alone(self) -> list[tuple[str, str]]:
        return [(why, named(who)) for why, who in self.refused.items()]

    @property
    def windows(self) -> bool:
        return any(concerned is not None and concerned.room is not None for _, concerned in self.rows)

    def cut_by(self, minutes: int) -> list[tuple[Person, Concerned]]:
        """Whose window ends before they could use so many minutes."""
        return [(one, found) for one, found in self.rows if found is not None and found.would_be_cut(minutes)]


def preview_of(act: Act, people: Sequence[Person], now: dt.datetime) -> Preview:
    """No statement."""
    ready: list[Person] = []
    refused: dict[str, list[str]] = defaultdict(list)
    for person in people:
        why = act.refuse(person, now)
        if why:
            refused[why].append(person.name)
        else:
            ready.append(person)
    return Preview(act, ready, dict(refused), now)
