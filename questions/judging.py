"""Whether an exam can be as it is specified. The limits are those of packs, so what is saved can be exported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from psychometrics.assembly import Conflict, apportion, conflicts
from questions.kinds import Problem
from questions.specification import KIND_LABELS, MOST_DOMAINS, MOST_TASKS, Specification, TaskLine, blueprint_of

CODE = re.compile(r"[A-Z0-9][A-Z0-9\-]{1,20}\Z")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
LONGEST_LINE = 300
MOST_TOPICS = 99
# Field -> its smallest and its largest value.
RANGES = {
    "minutes": (1, 600),
    "language_minutes": (0, 120),
    "questions": (1, 300),
    "scored": (1, 300),
    "scale_minimum": (0, 30_000),
    "pass_mark": (0, 30_000),
    "scale_maximum": (0, 30_000),
    "retake_after_days": (0, 3_650),
}
MOST_OF_A_KIND = 300
MOST_WEIGHT = 100


def problems(spec: Specification) -> list[Problem]:
    """Why an exam cannot be like this, each with its place (such as ``domains.0.weight``); [] when it can.

    Whether the bank holds enough questions is another matter: questions can still be written.
    """
    found = [*_facts(spec), *_outline(spec), *_shares(spec)]
    return found or _blueprint(spec)


def _facts(spec: Specification) -> Iterator[Problem]:
    if not CODE.match(spec.code):
        yield Problem(
            "code", "A code has 2 to 21 capital letters, digits and hyphens, and does not begin with a hyphen."
        )
    for field in ("name", "level", "status"):
        yield from _line(field, getattr(spec, field))
    for field, (low, high) in RANGES.items():
        if not low <= getattr(spec, field) <= high:
            yield Problem(field, f"This is a number from {low} to {high:,}.")
    if spec.scored > spec.questions:
        yield Problem("scored", f"{spec.scored} scored questions do not fit into {spec.questions}.")
    if not spec.scale_minimum < spec.pass_mark < spec.scale_maximum:
        yield Problem("pass_mark", "The pass mark must lie between the ends of the scale.")


def _outline(spec: Specification) -> Iterator[Problem]:
    if not 1 <= len(spec.domains) <= MOST_DOMAINS:
        yield Problem("domains", f"An exam has 1 to {MOST_DOMAINS} domains.")
    for place, domain in enumerate(spec.domains):
        where = f"domains.{place}"
        yield from _line(f"{where}.title", domain.title)
        if not 1 <= domain.weight <= MOST_WEIGHT:
            yield Problem(f"{where}.weight", f"A weight is a number from 1 to {MOST_WEIGHT}.")
        if not 1 <= len(domain.tasks) <= MOST_TASKS:
            yield Problem(f"{where}.tasks", f"A domain has 1 to {MOST_TASKS} tasks.")
        for number, task in enumerate(domain.tasks):
            yield from _task(f"{where}.tasks.{number}", task)
    total = sum(domain.weight for domain in spec.domains)
    if spec.domains and total != 100:
        yield Problem("domains.0.weight", f"The domains’ weights add up to {total} %, not to 100 %.")


def _task(where: str, task: TaskLine) -> Iterator[Problem]:
    yield from _line(f"{where}.title", task.title)
    numbers = [topic.number for topic in task.topics]
    if not task.topics:
        yield Problem(f"{where}.topics", "A task covers at least one topic: coverage is counted by topics.")
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        yield Problem(f"{where}.topics", f"Two topics have the number {number}.")
    for topic in task.topics:
        if not 1 <= topic.number <= MOST_TOPICS:
            yield Problem(f"{where}.topics", f"A topic’s number is one from 1 to {MOST_TOPICS}.")
        yield from _line(f"{where}.topics", topic.title)


def _shares(spec: Specification) -> Iterator[Problem]:
    if not spec.shares:
        yield Problem("shares", "At least one kind of question must have a share.")
    for share in spec.shares:
        where = f"shares.{share.kind}"
        if share.kind not in KIND_LABELS:
            yield Problem("shares", f"There is no kind {share.kind}.")
        for part, (low, high) in (("form", share.form), ("scored", share.scored)):
            if not 0 <= low <= high <= MOST_OF_A_KIND:
                yield Problem(
                    f"{where}.{part}_minimum",
                    f"A share runs from its fewest to its most, at most {MOST_OF_A_KIND}; not from {low} to {high}.",
                )
    if len({share.kind for share in spec.shares}) != len(spec.shares):
        yield Problem("shares", "A kind has two shares.")


def _line(where: str, text: str) -> Iterator[Problem]:
    if not text.strip():
        yield Problem(where, "This must not be empty.")
    elif len(text) > LONGEST_LINE or CONTROL.search(text):
        yield Problem(where, f"This is one line of at most {LONGEST_LINE} characters.")


def _blueprint(spec: Specification) -> list[Problem]:
    """What assembly itself says of numbers that are sound one by one."""
    found = [*_seats(spec), *_sums(spec)]
    if found:
        return found
    try:
        blueprint = blueprint_of(spec)
    except ValueError as refused:  # whatever assembly learns to refuse, this page refuses too
        return [Problem("domains", f"Assembly refuses it: {refused}.")]
    clashes = conflicts(blueprint)
    return [_conflict(one, alone=len(clashes) == 1) for one in clashes]


def _seats(spec: Specification) -> Iterator[Problem]:
    """Every task needs a scored seat of its domain."""
    seats = apportion(spec.scored, [domain.weight for domain in spec.domains])
    for place, (domain, count) in enumerate(zip(spec.domains, seats, strict=True)):
        if len(domain.tasks) > count:
            yield Problem(
                f"domains.{place}.weight",
                f"With {domain.weight} % this domain has {count} of the {spec.scored} scored seats, and its "
                f"{len(domain.tasks)} tasks need one each.",
            )


def _sums(spec: Specification) -> Iterator[Problem]:
    parts: Sequence[tuple[str, int, list[tuple[int, int]]]] = (
        ("questions", spec.questions, [share.form for share in spec.shares]),
        ("scored questions", spec.scored, [share.scored for share in spec.shares]),
    )
    for word, wanted, ranges in parts:
        low, high = sum(low for low, _ in ranges), sum(high for _, high in ranges)
        if not low <= wanted <= high:
            come = f"exactly {low}" if low == high else f"{low} to {high}"
            yield Problem("shares", f"The kinds come to {come} {word}, and a form has {wanted}.")
    for share in spec.shares:
        if share.scored[0] > share.form[1]:
            yield Problem(
                f"shares.{share.kind}.scored_minimum",
                f"{share.scored[0]} scored ones do not fit where a form holds at most {share.form[1]}.",
            )


def _conflict(conflict: Conflict, *, alone: bool) -> Problem:
    part = "scored" if conflict.scored else "form"
    end, change = ("minimum", "smaller") if conflict.low else ("maximum", "larger")
    return Problem(
        f"shares.{conflict.kind}.{part}_{end}",
        f"No form can keep all these shares at once; it could if this number were {conflict.amount} {change}"
        f"{'' if alone else ', and the others that are marked gave way as well'}.",
    )
