"""The admin's page between "stop these people's clocks" and doing it: who is concerned, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.models import User
from exams.access import person
from exams.forms import ClockForm, GrantForm
from exams.models import Sitting
from exams.services import clock
from exams.services.clock import CannotChange, Change

MOST_AT_ONCE = 200  # each is a transaction of its own, and somebody waits for them
MOST_NAMED = 20  # people in one message
MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done to a clock, in the words of page and message."""

    action: str
    title: str
    explanation: str
    button: str
    done: str
    form: type[ClockForm]
    act: Callable[[Sitting, User, dict[str, Any]], Change]


GRANT = Verb(
    action="grant_minutes",
    title="Grant extra minutes",
    explanation="The deadline moves at once. A supervised page shows it within 20 seconds, any other at its next save.",
    button="Grant",
    done="Granted {minutes} min to",
    form=GrantForm,
    act=lambda sitting, by, given: clock.grant(
        sitting_id=sitting.pk, minutes=given["minutes"], by=by, extend_window=given["extend_window"]
    ),
)
PAUSE = Verb(
    action="pause_clock",
    title="Pause the clock",
    explanation="Nothing can be answered until the clock goes on. No time is lost, unless a window's end comes first.",
    button="Pause",
    done="The clock stands still for",
    form=ClockForm,
    act=lambda sitting, by, given: clock.pause(sitting_id=sitting.pk, by=by),
)
RESUME = Verb(
    action="resume_clock",
    title="Let the clock go on",
    explanation="The exam goes on with the time that was left. Where a window's end cuts it, grant minutes afterwards.",
    button="Go on",
    done="The clock goes on for",
    form=ClockForm,
    act=lambda sitting, by, given: clock.resume(sitting_id=sitting.pk, by=by),
)


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody whose clock is to be changed, as it stands now."""

    sitting: Sitting
    now: dt.datetime

    @property
    def running(self) -> bool:
        return self.sitting.state == Sitting.State.IN_PROGRESS and not self.sitting.is_due(self.now)

    @property
    def standing(self) -> str:
        if not self.running:
            over = self.sitting.state == Sitting.State.IN_PROGRESS
            return "Time is up" if over else self.sitting.get_state_display()
        return "Paused" if self.sitting.is_paused else "Running"

    @property
    def minutes_left(self) -> int:
        return int(self.sitting.remaining(self.now) / MINUTE)

    @property
    def room(self) -> int | None:
        """Whole minutes that could be granted before the window's end cuts them; None without a window."""
        window = self.sitting.window_ends_at
        return None if window is None else max(int((window - self.sitting.uncapped_deadline()) / MINUTE), 0)

    def would_be_cut(self, minutes: int) -> bool:
        return self.running and self.room is not None and minutes > self.room


def respond(
    admin: ModelAdmin[Sitting], request: HttpRequest, chosen: QuerySet[Sitting], verb: Verb
) -> HttpResponse | None:
    """The page, or, when it was answered, None after the change: the admin then leads back to the list."""
    if chosen.count() > MOST_AT_ONCE:
        admin.message_user(request, f"Choose at most {MOST_AT_ONCE} sittings at once.", messages.ERROR)
        return None
    now = timezone.now()
    people = [Concerned(sitting, now) for sitting in chosen.order_by("deadline", "pk")]
    form = verb.form(request.POST if "apply" in request.POST else None)
    cut: list[Concerned] = []
    if form.is_valid():
        given = form.cleaned_data
        minutes = given.get("minutes", 0)
        cut = [one for one in people if one.would_be_cut(minutes)]
        if not cut or given["extend_window"] or given["warned"] == minutes:
            apply(admin, request, [one.sitting for one in people], verb, given)
            return None
        form = verb.form({**request.POST.dict(), "warned": minutes})
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": verb.title,
        "verb": verb,
        "form": form,
        "people": people,
        "refused": sum(not one.running for one in people),
        "windows": sum(one.running and one.room is not None for one in people),
        "cut": cut,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/exams/sitting/clock.html", context)


def apply(
    admin: ModelAdmin[Sitting], request: HttpRequest, chosen: Iterable[Sitting], verb: Verb, given: dict[str, Any]
) -> None:
    """Do it to each, and say what came of it: one message for what was done, for what was cut, for each refusal."""
    by = person(request)
    done: list[str] = []
    cut: list[str] = []
    refused: dict[str, list[str]] = defaultdict(list)
    for sitting in chosen:
        who = sitting.user.email
        cut_before = sitting.uncapped_deadline() - sitting.deadline
        try:
            change = verb.act(sitting, by, given)
        except CannotChange as problem:
            refused[str(problem)].append(who)
        except Sitting.DoesNotExist:
            refused["The sitting is gone."].append(who)
        else:
            done.append(who)
            if change.cut > cut_before:
                lost = -(-(change.cut - cut_before) // MINUTE)
                until = timezone.localtime(change.deadline)
                cut.append(f"{who} (by {lost} min, to {until:%H:%M:%S} on {until:%-d %B})")
    if done:
        admin.message_user(request, f"{verb.done.format(**given)} {_named(done)}.", messages.SUCCESS)
    if cut:
        admin.message_user(request, f"The window's end cut the time of {_named(cut)}.", messages.WARNING)
    for reason, people in refused.items():
        admin.message_user(request, f"Left as it was for {_named(people)}: {reason}", messages.ERROR)


def _named(people: Sequence[str]) -> str:
    more = len(people) - MOST_NAMED
    return ", ".join(people[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
