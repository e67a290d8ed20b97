"""The live board of one assignment: how it stands with everybody, now. It reads and never writes.

What has run out and was not noticed yet is shown as ended: the stored state may be behind the clock, the board is not.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import connection
from django.db.models import TextChoices
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.models import SIMULATED_DOMAIN
from cohorts.models import Absence, Assignment
from exams.models import EndReason, Sitting

# A supervised page is heard of every 12 to 17 seconds; two beats may be lost before it is worth a look.
SILENT_AFTER = dt.timedelta(seconds=45)
BEFORE_OPENING = dt.timedelta(minutes=30)  # somebody who opens the board early sees it begin
DASH = "–"
MINUTE = dt.timedelta(minutes=1)
SOON = 5 * MINUTE  # from here on seconds are told


class Standing(TextChoices):
    WAITING = "waiting", "Not started"
    RUNNING = "running", "In progress"
    FINISHED = "finished", "Finished"
    CUT = "cut", "Cut off"
    AWAY = "away", "Absent or ill"


TONES = {Standing.RUNNING: "info", Standing.FINISHED: "ok", Standing.CUT: "warn"}
HOW = {
    EndReason.CANDIDATE.value: "Ended themselves",
    EndReason.DEADLINE.value: "Time ran out",
    EndReason.STAFF.value: "Ended by staff",
}

# What the clock's formula and the board need of a sitting; it is built from them without another statement.
FIELDS = (
    "id", "user_id", "state", "started_at", "limit_minutes", "multiplier", "extra_minutes", "granted_minutes",
    "paused_seconds", "paused_at", "window_ends_at", "deadline", "grace_seconds", "ended_at", "end_reason", "closes_at",
    "saved_at", "notices", "results_at", "results_held", "review_at", "review_held", "void", "reopened_at", "simulated",
)  # fmt: skip
BY_COLUMN = {field.column: field.attname for field in Sitting._meta.concrete_fields}
COLUMNS = [column for column, name in BY_COLUMN.items() if name in FIELDS]

# Complete answers are counted as the candidate's own page counts them: an entry for each of the seat's slots.
ROOM = f"""
    WITH newest AS (
        SELECT DISTINCT ON (user_id) user_id, sitting_id, number, void_at FROM cohorts_attempt
        WHERE assignment_id = %(assignment)s ORDER BY user_id, number DESC
    ),
    counted AS (
        SELECT sitting.id AS sitting_id, count(*) AS answered
        FROM newest JOIN exams_sitting sitting ON sitting.id = newest.sitting_id
        JOIN exams_answer answer ON answer.sitting_id = sitting.id
        JOIN exams_seat seat ON seat.form_id = sitting.form_id AND seat.number = answer.seat
        WHERE newest.void_at IS NULL AND cardinality(answer.response) = seat.slots AND '' <> ALL (answer.response)
        GROUP BY sitting.id
    )
    SELECT person.id, person.display_name, person.email, member.left_at, newest.number, newest.void_at,
           arrangement.absence, arrangement.start_by, presence.seen_at, coalesce(counted.answered, 0),
           {", ".join(f"sitting.{column}" for column in COLUMNS)}
    FROM (SELECT user_id, left_at FROM cohorts_membership WHERE cohort_id = %(cohort)s) member
    FULL JOIN newest USING (user_id)
    JOIN accounts_user person ON person.id = user_id
    LEFT JOIN cohorts_arrangement arrangement
        ON arrangement.assignment_id = %(assignment)s AND arrangement.user_id = person.id
    LEFT JOIN exams_sitting sitting ON sitting.id = newest.sitting_id
    LEFT JOIN exams_presence presence ON presence.sitting_id = sitting.id
    LEFT JOIN counted ON counted.sitting_id = sitting.id
    WHERE newest.user_id IS NOT NULL OR member.left_at IS NULL
    ORDER BY lower(coalesce(nullif(person.display_name, ''), person.email)), person.id
"""  # noqa: S608  # names of our own columns


@dataclass(frozen=True)
class Person:
    """How it stands with one person. `sitting` is the newest attempt's, and None when that one is void."""

    user_id: int
    name: str
    email: str
    left: bool
    simulated: bool
    number: int
    voided: bool
    absence: str
    start_by: dt.datetime
    seen_at: dt.datetime | None
    answered: int
    questions: int
    sitting: Sitting | None
    now: dt.datetime

    @property
    def key(self) -> str:
        """For addresses and ids, whatever the language does to numbers."""
        return str(self.user_id)

    @property
    def seen(self) -> str:
        """What stands here now, so that an act that follows from it is done once: person, minutes granted, messages."""
        sitting = self.sitting
        return f"{self.user_id}:{sitting.granted_minutes}:{sitting.notices}" if sitting else ""

    @cached_property
    def over(self) -> bool:
        """Whether a sitting stands here that may be answered no more, noticed or not."""
        sitting = self.sitting
        return sitting is not None and (sitting.state != Sitting.State.IN_PROGRESS or sitting.is_due(self.now))

    @cached_property
    def standing(self) -> Standing:
        if self.sitting is None:
            return Standing.AWAY if self.absence else Standing.WAITING
        if not self.over:
            return Standing.RUNNING
        return Standing.CUT if self.lost else Standing.FINISHED

    @property
    def running(self) -> bool:
        return self.standing == Standing.RUNNING

    @property
    def paused(self) -> bool:
        return self.sitting is not None and self.sitting.is_paused

    @property
    def lost(self) -> int:
        """Whole minutes of what was meant that the window's end took from a sitting that ran out."""
        sitting = self.sitting
        # The window of a reopened one ends where its new deadline was set; that cuts nothing.
        if sitting is None or not self.over or sitting.reopened_at or self.how != HOW[EndReason.DEADLINE]:
            return 0
        return max((sitting.uncapped_deadline() - sitting.deadline) // MINUTE, 0)

    @property
    def how(self) -> str:
        """How the sitting ended; empty while it runs."""
        if self.sitting is None or not self.over:
            return ""
        return HOW.get(self.sitting.end_reason or EndReason.DEADLINE.value, "")

    @property
    def ended_at(self) -> dt.datetime | None:
        if self.sitting is None or not self.over:
            return None
        return self.sitting.ended_at or self.sitting.deadline

    @property
    def label(self) -> str:
        standing = self.standing
        if standing == Standing.AWAY:
            return Absence(self.absence).label
        if standing == Standing.WAITING and self.now > self.start_by:
            return "Did not start"
        return "Paused" if standing == Standing.RUNNING and self.paused else standing.label

    @property
    def detail(self) -> str:
        """What else there is to say of the state."""
        if self.over:
            return f"{self.how} at {self.end}" + (f", {self.lost} min too early" if self.lost else "")
        if self.voided:
            return f"attempt {self.number} is void"
        return f"attempt {self.number}" if self.number > 1 else ""

    @property
    def end(self) -> str:
        return f"{timezone.localtime(self.ended_at):%H:%M}" if self.ended_at else ""

    @property
    def progress(self) -> str:
        return f"{self.answered} of {self.questions}" if self.sitting else DASH

    @property
    def saved(self) -> str:
        at = self.sitting.saved_at if self.sitting else None
        return f"{timezone.localtime(at):%H:%M:%S}" if at else DASH

    @property
    def tone(self) -> str:
        standing = self.standing
        return "warn" if standing == Standing.RUNNING and self.paused else TONES.get(standing, "")

    @property
    def left_over(self) -> str:
        """The time left in words: minutes, and near the end seconds."""
        if self.sitting is None or not self.running:
            return DASH
        return in_words(self.sitting.remaining(self.now))

    @property
    def short(self) -> bool:
        """Whether the time is about to run out."""
        return self.sitting is not None and self.running and self.sitting.remaining(self.now) < SOON

    @cached_property
    def silence(self) -> dt.timedelta | None:
        """Since when a running sitting's page was not heard of; None when it is connected or was never heard of."""
        if not self.running or self.seen_at is None or self.now - self.seen_at < SILENT_AFTER:
            return None
        return self.now - self.seen_at

    @property
    def connection(self) -> str:
        if not self.running:
            return DASH
        if self.seen_at is None:
            return "Never heard of"
        return "Connected" if self.silence is None else f"Silent for {in_words(self.silence)}"


def in_words(time: dt.timedelta) -> str:
    """47 s, 4 min 10 s, 12 min, 1 h 5 min. A part of the last unit is left out: nobody has less than it says."""
    seconds = max(int(time.total_seconds()), 0)
    if seconds < SOON.total_seconds():
        minutes, seconds = divmod(seconds, 60)
        return f"{minutes} min {seconds} s" if minutes and seconds else f"{minutes} min" if minutes else f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def people_of(assignment: Assignment, *, now: dt.datetime) -> list[Person]:
    """Everybody whom the assignment concerns, by name: present members, and whoever has begun. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(ROOM, {"assignment": assignment.pk, "cohort": assignment.cohort_id})
        return [_person(assignment, row, now) for row in cursor.fetchall()]


def _person(assignment: Assignment, row: Sequence[object], now: dt.datetime) -> Person:
    pk, name, email, left_at, number, void_at, absence, start_by, seen_at, answered, *columns = row
    sitting = (
        Sitting.from_db("default", [BY_COLUMN[column] for column in COLUMNS], columns) if number is not None else None
    )
    return Person(
        user_id=pk,  # type: ignore[arg-type]  # as the columns are
        name=name or str(email).partition("@")[0],  # type: ignore[arg-type]
        email=str(email),
        left=left_at is not None,
        simulated=(sitting is not None and sitting.simulated) or str(email).endswith(f"@{SIMULATED_DOMAIN}"),
        number=number or 0,  # type: ignore[arg-type]
        voided=void_at is not None,
        absence=absence or "",  # type: ignore[arg-type]
        start_by=start_by or assignment.start_by,  # type: ignore[arg-type]
        seen_at=seen_at,  # type: ignore[arg-type]
        answered=answered,  # type: ignore[arg-type]
        questions=assignment.cohort.exam.questions,
        sitting=sitting if void_at is None else None,
        now=now,
    )


@dataclass(frozen=True)
class Board:
    """The room at one moment. `state` narrows what is listed, never what is counted."""

    assignment: Assignment
    people: list[Person]
    state: str
    now: dt.datetime

    @cached_property
    def shown(self) -> list[Person]:
        return [one for one in self.people if not self.state or one.standing == self.state]

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(one.standing.value for one in self.people)

    @property
    def tiles(self) -> list[tuple[Standing, int, str]]:
        """(state, people, what else to say of them)."""
        running = [one for one in self.people if one.running]
        paused, silent = sum(one.paused for one in running), sum(one.silence is not None for one in running)
        waiting = sum(one.label == "Did not start" for one in self.people)
        itself = sum(one.standing == Standing.FINISHED and one.how == HOW[EndReason.CANDIDATE] for one in self.people)
        ill = sum(one.standing == Standing.AWAY and one.absence == Absence.ILL for one in self.people)
        more = {
            Standing.WAITING: f"{waiting} too late to" if waiting else "",
            Standing.RUNNING: ", ".join(
                part for part in (f"{paused} paused" if paused else "", f"{silent} silent" if silent else "") if part
            ),
            Standing.FINISHED: f"{itself} by themselves" if itself else "",
            Standing.CUT: "by the window’s end",
            Standing.AWAY: f"{ill} ill" if ill else "",
        }
        return [(standing, self.counts[standing], more[standing]) for standing in Standing]

    @property
    def state_label(self) -> str:
        return Standing(self.state).label if self.state else ""

    @property
    def live(self) -> bool:
        """Whether anything can change by itself: somebody is sitting, or may still begin."""
        if self.counts[Standing.RUNNING]:
            return True
        assignment = self.assignment
        if assignment.cancelled_at or assignment.cohort.archived_at or self.now < assignment.opens_at - BEFORE_OPENING:
            return False
        if not self.people:
            return self.now <= assignment.start_by  # somebody may join
        to_come = (one for one in self.people if one.standing in (Standing.WAITING, Standing.AWAY))
        return any(self.now <= one.start_by for one in to_come)

    @cached_property
    def candidates(self) -> str:
        """Where the pages of the cohort's candidates are; empty while there are none."""
        try:
            return reverse("cohort_candidate", args=[self.assignment.cohort_id, 0]).removesuffix("0/")
        except NoReverseMatch:
            return ""


def board_of(assignment: Assignment, *, state: str = "", now: dt.datetime) -> Board:
    """One statement. An unknown `state` shows everybody."""
    wanted = state if state in Standing.values else ""
    return Board(assignment, people_of(assignment, now=now), wanted, now)


def chosen_by_default(assignments: Sequence[Assignment], now: dt.datetime) -> Assignment | None:
    """The one to look at: what is going on, else what comes next, else what was last. None without any."""
    standing = [one for one in assignments if one.cancelled_at is None] or list(assignments)
    going_on = [one for one in standing if one.opens_at <= now <= one.end_by]
    if going_on:
        return max(going_on, key=lambda one: one.opens_at)
    ahead = [one for one in standing if one.opens_at > now]
    if ahead:
        return min(ahead, key=lambda one: one.opens_at)
    return max(standing, key=lambda one: one.end_by, default=None)
