"""An exam's specification as plain values: read from the bank or typed in the studio, judged, compared, apportioned.

The limits are those of packs, so that whatever the studio saves can be exported and loaded again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from psychometrics.assembly import Blueprint, Share
from questions.kinds import CASE_STUDY, KINDS
from questions.models import Exam

KIND_LABELS = {kind.name: kind.label for kind in KINDS.values()} | {CASE_STUDY: "Case study"}

MOST_DOMAINS = 9  # their codes are D1 to D9
MOST_TASKS = 99

# Fields by the names under which people know them.
NAMES = {
    "code": "code",
    "name": "name",
    "level": "level",
    "status": "how things stand",
    "as_of": "facts checked",
    "minutes": "minutes",
    "language_minutes": "minutes for a second language",
    "questions": "questions",
    "scored": "scored questions",
    "scale_minimum": "lowest score",
    "pass_mark": "pass mark",
    "scale_maximum": "highest score",
    "retake_after_days": "days before a retake",
    "offered": "offered",
}


@dataclass(frozen=True, slots=True)
class KindRange:
    """Fewest and most questions of a kind on a form and among its scored seats, both ends included."""

    kind: str
    form: tuple[int, int]
    scored: tuple[int, int]


@dataclass(frozen=True, slots=True)
class TopicLine:
    """What a task covers. The number is its name: questions and packs refer to it."""

    number: int
    title: str


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task statement; `id` is its row, None for a new one."""

    title: str
    topics: tuple[TopicLine, ...]
    id: int | None = None
    code: str = ""  # as it is in the bank; new ones get theirs when they are saved


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A weighted domain with its tasks in order; `id` is its row, None for a new one."""

    title: str
    weight: int
    tasks: tuple[TaskLine, ...]
    id: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Specification:
    """Everything that an author decides about an exam."""

    code: str
    name: str
    level: str
    status: str
    as_of: dt.date
    minutes: int
    language_minutes: int
    questions: int
    scored: int
    scale_minimum: int
    pass_mark: int
    scale_maximum: int
    shares: tuple[KindRange, ...]
    domains: tuple[DomainLine, ...]
    retake_after_days: int = 0
    offered: bool = False

    @property
    def tasks(self) -> tuple[TaskLine, ...]:
        """The tasks of all domains, in the outline's order."""
        return tuple(task for domain in self.domains for task in domain.tasks)

    @property
    def version(self) -> str:
        """Changes whenever anything here does: whoever saves names the version that they were shown."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()


def specification_of(exam: Exam) -> Specification:
    """What the bank holds. Four statements."""
    tasks: dict[int, list[TaskLine]] = {}
    for task in exam.tasks.order_by("number").prefetch_related("topics"):
        topics = tuple(TopicLine(topic.number, topic.title) for topic in task.topics.all())
        tasks.setdefault(task.domain_id, []).append(TaskLine(task.title, topics, task.pk, task.code))
    return Specification(
        code=exam.code,
        name=exam.name,
        level=exam.level,
        status=exam.status,
        as_of=exam.as_of,
        minutes=exam.minutes,
        language_minutes=exam.language_minutes,
        questions=exam.questions,
        scored=exam.scored,
        scale_minimum=exam.scale_minimum,
        pass_mark=exam.pass_mark,
        scale_maximum=exam.scale_maximum,
        shares=tuple(
            KindRange(row.kind, (row.form_minimum, row.form_maximum), (row.scored_minimum, row.scored_maximum))
            for row in sorted(exam.kind_shares.all(), key=lambda row: list(KIND_LABELS).index(row.kind))
        ),
        domains=tuple(
            DomainLine(domain.title, domain.weight, tuple(tasks.get(domain.pk, ())), domain.pk, domain.code)
            for domain in exam.domains.all()
        ),
        retake_after_days=exam.retake_after_days,
        offered=exam.offered,
    )


def as_pack(spec: Specification) -> dict[str, Any]:
    """What `exam.yaml` would say of it. Whether and how often an exam is offered is no matter of packs."""
    return {
        "code": spec.code, "name": spec.name, "level": spec.level, "status": spec.status, "as_of": spec.as_of,
        "minutes": spec.minutes, "language_minutes": spec.language_minutes,
        "questions": spec.questions, "scored": spec.scored,
        "scale": {"minimum": spec.scale_minimum, "pass_mark": spec.pass_mark, "maximum": spec.scale_maximum},
        "kinds": {share.kind: {"form": list(share.form), "scored": list(share.scored)} for share in spec.shares},
        "domains": [
            {
                "code": domain.code, "title": domain.title, "weight": domain.weight,
                "tasks": [
                    {
                        "code": task.code, "title": task.title,
                        "topics": [{"number": topic.number, "title": topic.title} for topic in task.topics],
                    }
                    for task in domain.tasks
                ],
            }
            for domain in spec.domains
        ],
    }  # fmt: skip


def coded(spec: Specification, *, settled: bool) -> Specification:
    """Every domain and task with the code that it gets when this is saved.

    Codes follow the order (D1, D2 and 1.1, 1.2) until the exam is `settled`: then what exists keeps its code, and what
    is new takes the next one.
    """
    free = _free("D", MOST_DOMAINS, [domain.code for domain in spec.domains] if settled else [])
    used = [task.code for task in spec.tasks] if settled else []
    domains = []
    for domain in spec.domains:
        code = domain.code if settled and domain.code else next(free)
        inside = _free(f"{code.removeprefix('D')}.", MOST_TASKS, used)
        tasks = tuple(replace(task, code=task.code if settled and task.code else next(inside)) for task in domain.tasks)
        domains.append(replace(domain, code=code, tasks=tasks))
    return replace(spec, domains=tuple(domains))


def _free(prefix: str, most: int, used: Collection[str]) -> Iterator[str]:
    """Codes for new lines: after the last one in use, and what was left out before only when those run out."""
    taken = [int(code.removeprefix(prefix)) for code in used if code.startswith(prefix)]
    last = max(taken, default=0)
    left_out = (number for number in range(1, last) if number not in taken)
    return (f"{prefix}{number}" for number in (*range(last + 1, most + 1), *left_out))


def blueprint_of(spec: Specification) -> Blueprint:
    """The blueprint for assembly. Raises ValueError when no form of any bank could satisfy it."""
    return Blueprint(
        questions=spec.questions,
        scored=spec.scored,
        weights=tuple(domain.weight for domain in spec.domains),
        tasks=tuple(place for place, domain in enumerate(spec.domains) for _ in domain.tasks),
        shares={share.kind: Share(form=share.form, scored=share.scored) for share in spec.shares},
        domain_names=tuple(domain.code for domain in spec.domains),
        task_names=tuple(task.code for task in spec.tasks),
    )


def anonymous(spec: Specification) -> Specification:
    """The same outline for another exam: no row and no code is taken over."""
    return replace(
        spec,
        domains=tuple(
            replace(domain, id=None, code="", tasks=tuple(replace(task, id=None, code="") for task in domain.tasks))
            for domain in spec.domains
        ),
    )


def differences(before: Specification, after: Specification) -> list[str]:
    """What changed, one phrase each, for the record. Domains and tasks are matched by id, topics by number."""
    told = [
        f"{NAMES[field]}: {getattr(before, field)} → {getattr(after, field)}"
        for field in NAMES
        if getattr(before, field) != getattr(after, field)
    ]
    shares = {share.kind: share for share in before.shares}
    for share in after.shares:
        old = shares.pop(share.kind, None)
        if share != old:
            told.append(f"{KIND_LABELS[share.kind].lower()}: {_range(old) if old else 'none'} → {_range(share)}")
    told += [f"{KIND_LABELS[kind].lower()}: {_range(old)} → none" for kind, old in shares.items()]
    told += _moves("domain", before.domains, after.domains)
    told += _moves("task", before.tasks, after.tasks)
    tasks = {task.id: task for task in before.tasks}
    told += [
        f"topics of task {task.code} changed"
        for task in after.tasks
        if task.id in tasks and task.topics != tasks[task.id].topics
    ]
    return told


def _range(share: KindRange) -> str:
    return f"{share.form[0]}–{share.form[1]}, scored {share.scored[0]}–{share.scored[1]}"


def _moves(
    what: str, before: Sequence[DomainLine] | Sequence[TaskLine], after: Sequence[DomainLine] | Sequence[TaskLine]
) -> list[str]:
    known, kept = {line.id: line for line in before}, {line.id for line in after}
    told = []
    for line in after:
        old = known.get(line.id)
        if old is None:
            told.append(f"{what} {line.code} added ({line.title})")
            continue
        if line.code != old.code:
            told.append(f"{what} {old.code} is now {line.code}")
        if line.title != old.title:
            told.append(f"{what} {line.code}: {old.title} → {line.title}")
        if isinstance(line, DomainLine) and isinstance(old, DomainLine) and line.weight != old.weight:
            told.append(f"weight of {line.code}: {old.weight} → {line.weight}")
    return told + [f"{what} {line.code} removed ({line.title})" for line in before if line.id not in kept]
