"""One candidate's timed run at one form."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from exams.models.forms import Form
from questions.models import Exam


class EndReason(models.TextChoices):
    CANDIDATE = "candidate", "Ended by the candidate"
    DEADLINE = "deadline", "Time ran out"
    STAFF = "staff", "Ended by staff"


class SittingQuerySet(models.QuerySet["Sitting"]):
    def in_progress(self) -> SittingQuerySet:
        return self.filter(state=Sitting.State.IN_PROGRESS)

    def closed(self) -> SittingQuerySet:
        return self.filter(state=Sitting.State.CLOSED)

    def unclosed(self) -> SittingQuerySet:
        return self.filter(state__in=Sitting.UNCLOSED)

    def results_released(self, now: dt.datetime) -> SittingQuerySet:
        """Those whose candidates may see their results, once there are any."""
        return self.filter(Q(results_at=None) | Q(results_at__lte=now), results_held=False, void=False)

    def real(self) -> SittingQuerySet:
        """Those that people sat. Whatever counts how often something was shown starts here."""
        return self.filter(simulated=False)

    def counting(self) -> SittingQuerySet:
        """Real ones that nobody declared void. Whatever averages over sittings starts here."""
        return self.real().filter(void=False)

    def simulated(self) -> SittingQuerySet:
        return self.filter(simulated=True)


class Sitting(models.Model):
    """in progress -> ended -> closed; a practice sitting may instead be abandoned."""

    class State(models.TextChoices):
        IN_PROGRESS = "in_progress", "In progress"
        ENDED = "ended", "Ended"
        CLOSED = "closed", "Closed"
        ABANDONED = "abandoned", "Abandoned"

    UNCLOSED: ClassVar[tuple[State, ...]] = (State.IN_PROGRESS, State.ENDED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # No index of its own: it begins `sitting_by_person`.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sittings", db_index=False
    )
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="sittings")
    # Not PROTECT: when a person goes, their personal forms and the sittings on them go together.
    form = models.ForeignKey(Form, on_delete=models.RESTRICT, related_name="sittings")
    state = models.CharField(max_length=11, choices=State, default=State.IN_PROGRESS)

    started_at = models.DateTimeField()
    limit_minutes = models.PositiveSmallIntegerField()
    multiplier = models.DecimalField(max_digits=3, decimal_places=2, default=Decimal("1.00"))
    extra_minutes = models.PositiveSmallIntegerField(default=0, help_text="Agreed before the start.")
    granted_minutes = models.PositiveSmallIntegerField(default=0, help_text="Given by staff while it ran.")
    paused_seconds = models.PositiveIntegerField(default=0)
    paused_at = models.DateTimeField(null=True, blank=True)
    window_ends_at = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField()
    grace_seconds = models.PositiveIntegerField()

    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=9, choices=EndReason, blank=True)
    end_sequence = models.PositiveBigIntegerField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    claim = models.PositiveIntegerField(default=1, help_text="Number of the newest claim; older windows are read-only.")
    last_seat = models.PositiveSmallIntegerField(default=1)
    saved_at = models.DateTimeField(null=True, blank=True)
    open_conflicts = models.PositiveSmallIntegerField(default=0, help_text="Kept changes that wait for a choice.")
    events = models.PositiveIntegerField(default=0, help_text="Number of the timeline's last event.")
    versions = models.PositiveIntegerField(default=0, db_default=0, help_text="The sum of its answers' versions.")
    # Own practice needs no heartbeat; where staff may change the time, the page asks for news.
    supervised = models.BooleanField(default=False, help_text="The page asks every few seconds how things stand.")
    # Copied from an assignment, or as in own practice: when the candidate may see the result, and the keys.
    assigned = models.BooleanField(default=False, db_default=False, help_text="Staff gave it; it cannot be given up.")
    results_at = models.DateTimeField(null=True, blank=True, help_text="Empty: as soon as there is a result.")
    results_held = models.BooleanField(default=False, db_default=False, help_text="Until staff release the result.")
    review_at = models.DateTimeField(null=True, blank=True, help_text="Empty: together with the result.")
    review_held = models.BooleanField(
        default=False, db_default=False, help_text="Until staff release keys and rationales."
    )
    void = models.BooleanField(
        default=False, db_default=False, help_text="Declared void by staff; counts in no statistic."
    )
    reopened_at = models.DateTimeField(null=True, blank=True)
    notices = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Number of the last message from staff."
    )
    simulated = models.BooleanField(default=False, help_text="Made by manage.py simulate; counts in no statistic.")

    objects = SittingQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "exam"), condition=Q(state="in_progress"), name="sitting_one_in_progress"
            ),
            models.CheckConstraint(condition=Q(deadline__gt=F("started_at")), name="sitting_deadline_after_start"),
            models.CheckConstraint(
                condition=Q(state__in=("in_progress", "abandoned"))
                | Q(ended_at__isnull=False, closes_at__isnull=False) & ~Q(end_reason=""),
                name="sitting_ended_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_at__isnull=False), name="sitting_closed_has_time"
            ),
        )
        indexes = (
            models.Index(fields=("deadline",), condition=Q(state="in_progress"), name="sitting_running_by_deadline"),
            models.Index(fields=("closes_at",), condition=Q(state="ended"), name="sitting_ended_by_closing"),
            models.Index(fields=("user", "exam", "-started_at"), name="sitting_by_person"),
            models.Index(fields=("exam",), condition=Q(simulated=True), name="sitting_simulated"),
        )

    def __str__(self) -> str:
        return f"Sitting {self.id}"

    @property
    def takes_answers(self) -> bool:
        """In progress, or ended by the deadline alone with the grace still running."""
        ended_by_name = self.end_sequence is not None
        return self.state == self.State.IN_PROGRESS or (self.state == self.State.ENDED and not ended_by_name)

    @property
    def is_paused(self) -> bool:
        return self.state == self.State.IN_PROGRESS and self.paused_at is not None

    def shows_result(self, now: dt.datetime) -> bool:
        """Whether the candidate may see the result."""
        return not (self.void or self.results_held) and (self.results_at is None or now >= self.results_at)

    def shows_review(self, now: dt.datetime) -> bool:
        """Whether the candidate may see keys and rationales; never before the result."""
        released = not self.review_held and (self.review_at is None or now >= self.review_at)
        return released and self.shows_result(now)

    def is_due(self, now: dt.datetime) -> bool:
        """Whether the stored state is behind the clock: to be ended, or to be closed."""
        if self.state == self.State.IN_PROGRESS:
            return self.paused_at is None and now >= self.deadline
        return self.state == self.State.ENDED and self.closes_at is not None and now >= self.closes_at

    @property
    def limit(self) -> dt.timedelta:
        """The time this candidate has, extra time included."""
        minutes = float(self.limit_minutes * self.multiplier) + self.extra_minutes + self.granted_minutes
        return dt.timedelta(minutes=minutes)

    def uncapped_deadline(self) -> dt.datetime:
        """Start, limit, extra time and pauses, without regard to a window."""
        return self.started_at + self.limit + dt.timedelta(seconds=self.paused_seconds)

    def computed_deadline(self) -> dt.datetime:
        """The one formula of the deadline: start, limit, extra time, pauses; cut off by the window's end."""
        deadline = self.uncapped_deadline()
        return min(deadline, self.window_ends_at) if self.window_ends_at else deadline

    def remaining(self, now: dt.datetime) -> dt.timedelta:
        """Time left at `now`, never negative; stands still while paused."""
        if self.state != self.State.IN_PROGRESS:
            return dt.timedelta(0)
        return max(self.deadline - (self.paused_at or now), dt.timedelta(0))
