"""What stands in the fields of an outline, valid or not, and what the buttons beside its lines do to it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from questions.specification import MOST_DOMAINS, MOST_TASKS, Specification

PLAIN = (
    "code", "name", "level", "status", "as_of", "minutes", "language_minutes", "questions", "scored", "scale_minimum",
    "pass_mark", "scale_maximum", "retake_after_days", "offered",
)  # fmt: skip
ACT = re.compile(r"(add|up|down|drop)(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


def _empty_task() -> dict[str, Any]:
    return {"id": None, "title": "", "topics": ""}


def _empty_domain() -> dict[str, Any]:
    return {"id": None, "title": "", "weight": "", "tasks": [_empty_task()]}


@dataclass(slots=True)
class Sheet:
    """Field -> text of the exam, of each kind's share, and of each domain with its "tasks"."""

    exam: dict[str, Any] = field(default_factory=dict)
    shares: dict[str, dict[str, Any]] = field(default_factory=dict)
    domains: list[dict[str, Any]] = field(default_factory=list)

    def act(self, do: str) -> str | None:
        """Add, move or drop a line; returns the id of what should have the focus then, None for no such act.

        `do` is "add" (a domain), "add-0" (a task in the first domain), or "up", "down" or "drop" with the place of a
        domain ("up-1") or of a task ("up-1-0").
        """
        match = ACT.fullmatch(do)
        if match is None:
            return None
        verb, first, second = match[1], match[2], match[3]
        if first is not None and int(first) >= len(self.domains):
            return None
        inside = second is not None if verb != "add" else first is not None
        lines = self.domains[int(first)]["tasks"] if inside and first is not None else self.domains
        prefix = f"domain-{first}-task" if inside else "domain"
        add = f"add-{first}" if inside else "add"
        if verb == "add":
            if second is not None or len(lines) >= (MOST_TASKS if inside else MOST_DOMAINS):
                return add
            lines.append(_empty_task() if inside else _empty_domain())
            return f"id_{prefix}-{len(lines) - 1}-title"
        if first is None:
            return None
        place = int(second if second is not None else first)
        if place >= len(lines):
            return None
        if verb == "drop":
            del lines[place]
            return add
        to = min(max(place + (1 if verb == "down" else -1), 0), len(lines) - 1)
        lines.insert(to, lines.pop(place))
        end = (verb == "up" and to == 0) or (verb == "down" and to == len(lines) - 1)
        stays = {"up": "down", "down": "up"}[verb] if end else verb  # at an end the same button can do no more
        return f"{stays}-{f'{first}-{to}' if inside else to}"


def empty_sheet(today: dt.date) -> Sheet:
    """Where a new exam starts: the usual scale, and a line each to begin with."""
    usual = {"as_of": today, "language_minutes": 0, "scale_minimum": 100, "scale_maximum": 1000, "retake_after_days": 0}
    return Sheet(exam=usual, domains=[_empty_domain()])


def sheet_of(spec: Specification) -> Sheet:
    return Sheet(
        exam={name: getattr(spec, name) for name in PLAIN},
        shares={
            share.kind: {
                "form_minimum": share.form[0], "form_maximum": share.form[1],
                "scored_minimum": share.scored[0], "scored_maximum": share.scored[1],
            }
            for share in spec.shares
        },
        domains=[
            {
                **asdict(domain),
                "tasks": [
                    {**asdict(task), "topics": "\n".join(f"{topic.number}. {topic.title}" for topic in task.topics)}
                    for task in domain.tasks
                ],
            }
            for domain in spec.domains
        ],
    )  # fmt: skip


def clone_of(spec: Specification, today: dt.date) -> Sheet:
    """An outline to start from: nothing is taken over that only one exam can have."""
    sheet = sheet_of(spec)
    sheet.exam |= {"code": "", "offered": False, "as_of": today}
    for domain in sheet.domains:
        domain["id"] = None
        for task in domain["tasks"]:
            task["id"] = None
    return sheet
