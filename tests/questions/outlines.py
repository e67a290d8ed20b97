"""A small exam as somebody would specify it in the studio."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from django.contrib.admin.models import LogEntry

from accounts.models import User
from questions.specification import DomainLine, KindRange, Specification, TaskLine, TopicLine


def task(title: str, *topics: str, **more: Any) -> TaskLine:
    return TaskLine(title, tuple(TopicLine(n, topic) for n, topic in enumerate(topics or ("all of it",), 1)), **more)


def specification(**changes: Any) -> Specification:
    """Sound: 10 questions, 8 of them scored, two domains with three tasks."""
    spec = Specification(
        code="BRW-01",
        name="Certified Brewer of Tea",
        level="Foundation",
        status="A demonstration",
        as_of=dt.date(2026, 11, 20),
        minutes=20,
        language_minutes=0,
        questions=10,
        scored=8,
        scale_minimum=100,
        pass_mark=700,
        scale_maximum=1000,
        shares=(
            KindRange("multiple_choice", (6, 8), (5, 7)),
            KindRange("ordering", (2, 4), (1, 3)),
        ),
        domains=(
            DomainLine("Leaves", 60, (task("Choose leaves", "black", "green"), task("Store leaves"))),
            DomainLine("Water", 40, (task("Heat water", "temperature"),)),
        ),
        offered=True,
    )
    return replace(spec, **changes)


def with_domain(spec: Specification, place: int, **changes: Any) -> Specification:
    """The same with changes to one domain."""
    domains = list(spec.domains)
    domains[place] = replace(domains[place], **changes)
    return replace(spec, domains=tuple(domains))


def with_task(spec: Specification, place: int, number: int, **changes: Any) -> Specification:
    """The same with changes to one task."""
    tasks = list(spec.domains[place].tasks)
    tasks[number] = replace(tasks[number], **changes)
    return with_domain(spec, place, tasks=tuple(tasks))


def with_share(spec: Specification, place: int, **changes: Any) -> Specification:
    """The same with changes to one kind's share."""
    shares = list(spec.shares)
    shares[place] = replace(shares[place], **changes)
    return replace(spec, shares=tuple(shares))


def log_of(user: User) -> list[str]:
    """What is on record of somebody's acts, newest first."""
    return list(LogEntry.objects.filter(user=user).order_by("-pk").values_list("change_message", flat=True))
