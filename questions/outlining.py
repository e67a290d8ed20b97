"""Authoring exams: make one, change one; what cannot work, or would change the meaning of scores, is refused.

What rests on an exam in higher rooms (forms, sittings) is told by the caller as a `Use`; see exams.services.outlines.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import IntegrityError, transaction

from accounts.models import User
from questions.judging import problems
from questions.kinds import Problem
from questions.models import Exam, Placement
from questions.models.outline import Origin
from questions.outline_rows import write_outline
from questions.specification import Specification, TaskLine, anonymous, coded, differences, specification_of

# Fields that say what a score means; from the first form on they stay.
MEANING = {
    "questions": "number of questions",
    "scored": "number of scored questions",
    "scale_minimum": "lowest score",
    "pass_mark": "pass mark",
    "scale_maximum": "highest score",
}
OPERATION = ("offered", "retake_after_days")  # decided here whoever wrote the outline

FIXED = "Forms exist, and another one would change what scores mean: clone this exam to make a new one."


class CannotSave(Exception):
    """The exam stays as it is. Each of `problems` has its place in the specification and one sentence."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.where}: {problem.what}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Use:
    """What rests on an exam: forms ever made, sittings by people, and ids of the tasks that stand on forms."""

    assembled: int = 0
    sat: int = 0
    seated: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Placed:
    """Questions of an exam by task id, and by task id and topic number."""

    tasks: Counter[int]
    topics: Counter[tuple[int, int]]


def placed_in(exam: Exam) -> Placed:
    """Two statements."""
    tasks = Placement.objects.filter(exam=exam).values_list("task_id", flat=True)
    topics = Placement.topics.through.objects.filter(placement__exam=exam)
    return Placed(Counter(tasks), Counter(topics.values_list("topic__task_id", "topic__number")))


def is_settled(exam: Exam, use: Use, placed: Placed) -> bool:
    """Whether codes and the order of domains and tasks stay, because questions, forms or a pack name them."""
    return bool(use.assembled or placed.tasks or exam.origin == Origin.PACK)


# ---- writing ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def create(*, spec: Specification, by: User, now: dt.datetime, like: str = "") -> Exam:
    """A new exam. `like` names the exam whose outline it was cloned from, for the record. Raises CannotSave."""
    spec = anonymous(spec)
    check_new(spec)
    exam = Exam(origin=Origin.STUDIO, edited_at=now)
    _write(exam, coded(spec, settled=False))
    _log(exam, by, ADDITION, f"Made in the studio{f' from the outline of {like}' if like else ''}.")
    return exam


@transaction.atomic
def change(*, exam: Exam, spec: Specification, version: str, use: Use, by: User, now: dt.datetime) -> list[str]:
    """Bring the exam in step with `spec`; returns what changed, one phrase each. Raises CannotSave.

    `version` is that of the specification that `by` was shown: if somebody has saved since, nothing is overwritten.
    Domains and tasks are matched by id, topics by number. Without a difference nothing is written.
    """
    exam = Exam.objects.select_for_update().get(pk=exam.pk)  # no form is made and nobody begins meanwhile
    before = specification_of(exam)
    if before.version != version:
        raise CannotSave([Problem("", "Somebody has changed this exam while you looked at it; nothing was saved.")])
    placed = placed_in(exam)
    spec = recoded(spec, before)
    check(exam, before, spec, use, placed)
    if spec == before:
        return []
    if replace(spec, **{field: getattr(before, field) for field in OPERATION}) != before:
        exam.edited_at = now  # what a pack would say, too, has changed
    _write(exam, coded(spec, settled=is_settled(exam, use, placed)))
    told = differences(before, specification_of(exam))
    _log(exam, by, CHANGE, "; ".join(told))
    return told


def _log(exam: Exam, by: User, flag: int, message: str) -> None:
    """In the record that the admin keeps, too: who changed what of the exam."""
    LogEntry.objects.log_actions(by.pk, [exam], flag, change_message=message, single_object=True)


def check_new(spec: Specification) -> None:
    """Refuse what no new exam can be. Raises CannotSave."""
    if found := [*problems(spec), *_taken(spec.code, None)]:
        raise CannotSave(found)


def check(exam: Exam, before: Specification, after: Specification, use: Use, placed: Placed) -> None:
    """Refuse what the exam cannot become. Raises CannotSave."""
    if found := [*problems(after), *_taken(after.code, exam), *refused(exam, before, after, use, placed)]:
        raise CannotSave(found)


def refused(exam: Exam, before: Specification, after: Specification, use: Use, placed: Placed) -> list[Problem]:
    """Changes that what rests on the exam rules out."""
    settled = is_settled(exam, use, placed)
    found = list(_structure(before, after, use, placed, settled=settled))
    if after.code != before.code and settled:
        found.append(Problem("code", f"Packs, questions or forms name {before.code} by its code, so it stays."))
    if use.assembled:
        found += [
            Problem(field, f"The {what} stays {getattr(before, field):,}. {FIXED}")
            for field, what in MEANING.items()
            if getattr(after, field) != getattr(before, field)
        ]
    if use.sat and after.minutes != before.minutes:
        found.append(
            Problem(
                "minutes",
                f"People have sat it with {before.minutes} minutes. Scores under another time limit do not compare, so "
                "it needs a new exam: clone this one.",
            )
        )
    return found


def _structure(
    before: Specification, after: Specification, use: Use, placed: Placed, *, settled: bool
) -> Iterator[Problem]:
    """What may happen to domains, tasks and topics."""
    domains = {domain.id: domain for domain in before.domains}
    home = {task.id: domain for domain in before.domains for task in domain.tasks}
    kept = [domain.id for domain in after.domains if domain.id]
    tasks = [task.id for task in after.tasks if task.id]
    twice = len(set(kept)) < len(kept) or len(set(tasks)) < len(tasks)
    if twice or not set(kept) <= set(domains) or not set(tasks) <= set(home):
        yield Problem("domains", "A domain or task on this page is not in the exam; load the page again.")
        return
    yield from _domains(before, after, use, settled=settled)
    for place, domain in enumerate(after.domains):
        where = f"domains.{place}"
        ids = [task.id for task in domain.tasks]
        if settled and any(task and home[task].id != domain.id for task in ids):
            yield Problem(f"{where}.tasks", "A task stays in its domain, because questions, forms or a pack name it.")
        elif settled and not _in_order(ids, [task.id for task in domains[domain.id].tasks] if domain.id else []):
            yield Problem(
                f"{where}.tasks", "Tasks keep their order, and new ones follow, because their codes name them."
            )
        for number, task in enumerate(domain.tasks):
            yield from _topics(f"{where}.tasks.{number}.topics", task, before, placed)
    for task in (task for task in before.tasks if task.id not in tasks):
        number = placed.tasks[task.id or 0]
        if number:
            yield Problem("domains", f"Task {task.code} holds {_questions(number)}; place them elsewhere first.")
        elif task.id in use.seated:
            yield Problem("domains", f"Task {task.code} stands on forms, so it stays in the outline.")


def _domains(before: Specification, after: Specification, use: Use, *, settled: bool) -> Iterator[Problem]:
    known = {domain.id: domain for domain in before.domains}
    ids = [domain.id for domain in after.domains]
    if use.assembled and ids != [domain.id for domain in before.domains]:
        yield Problem("domains", f"The domains stay as they are. {FIXED.replace('another one', 'other ones')}")
    elif settled and not _in_order(ids, list(known)):
        yield Problem("domains", "Domains keep their order, and new ones follow, because their codes name them.")
    if use.assembled:
        for place, domain in enumerate(after.domains):
            if domain.id and domain.weight != known[domain.id].weight:
                yield Problem(f"domains.{place}.weight", f"The weight stays {known[domain.id].weight} %. {FIXED}")


def _topics(where: str, task: TaskLine, before: Specification, placed: Placed) -> Iterator[Problem]:
    """A topic that questions carry is not dropped: they would lose it without a word."""
    row = next((one for one in before.tasks if task.id and one.id == task.id), None)
    kept = {topic.number for topic in task.topics}
    for topic in row.topics if row else ():
        number = placed.topics[(task.id or 0, topic.number)]
        if topic.number not in kept and number:
            yield Problem(where, f"Topic {topic.number} ({topic.title}) is named by {_questions(number)}; it stays.")


def _in_order(ids: list[int | None], known: list[int | None]) -> bool:
    """Whether the rows kept come first, in the order in which they are known."""
    kept = [one for one in ids if one]
    return ids[: len(kept)] == kept and kept == [one for one in known if one in kept]


def _questions(number: int) -> str:
    return f"{number} question{'s'[: number != 1]}"


def _taken(code: str, exam: Exam | None) -> list[Problem]:
    others = Exam.objects.filter(code=code)
    others = others.exclude(pk=exam.pk) if exam else others
    return [Problem("code", f"There is an exam {code} already.")] if others.exists() else []


FACTS = (
    "code", "name", "level", "status", "as_of", "minutes", "language_minutes", "questions", "scored", "scale_minimum",
    "pass_mark", "scale_maximum", *OPERATION,
)  # fmt: skip


def _write(exam: Exam, spec: Specification) -> None:
    for field in FACTS:
        setattr(exam, field, getattr(spec, field))
    try:
        with transaction.atomic():
            exam.save()
    except IntegrityError:  # somebody took the code in this very moment
        raise CannotSave([Problem("code", f"There is an exam {spec.code} already.")]) from None
    write_outline(exam, spec)


def recoded(spec: Specification, before: Specification) -> Specification:
    """Rows that stay have the codes of the bank, whatever was sent; new ones have none yet."""
    domains = {domain.id: domain.code for domain in before.domains}
    tasks = {task.id: task.code for task in before.tasks}
    return replace(
        spec,
        domains=tuple(
            replace(
                domain,
                code=domains.get(domain.id, ""),
                tasks=tuple(replace(task, code=tasks.get(task.id, "")) for task in domain.tasks),
            )
            for domain in spec.domains
        ),
    )
