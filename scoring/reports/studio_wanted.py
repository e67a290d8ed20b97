"""What an author asks of the list of questions: read from the address, and written back to it in one way only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl, urlencode

from accounts.models import User
from questions import search
from questions.kinds import CASE_STUDY, KINDS
from questions.models import Exam, Task
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from questions.services.labels import TAG

STATES = [
    (state.value, str(state.label))
    for state in (RevisionState.DRAFT, RevisionState.IN_REVIEW, RevisionState.PUBLISHED, RevisionState.RETIRED)
]
KIND_CHOICES = [*((kind.name, str(kind.label)) for kind in KINDS.values()), (CASE_STUDY, "In a case study")]
STATUSES = [(status.value, str(status.label)) for status in Status]
HEALTH = [("alarms", "With alarms"), ("obstacles", "With obstacles only"), ("clear", "Clear"), ("none", "Not measured")]
UNRATED = "none"
NOBODY = 0  # the author of what a pack brought
SORTS = {
    "rank": "Best match",
    "id": "Id",
    "-newest": "Newest first",
    "difficulty": "Easiest first",
    "-difficulty": "Hardest first",
    "facility": "Lowest facility first",
    "-facility": "Highest facility first",
}
MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter. Empty and None leave everything in; `domain` and `task` are only set together with an exam."""

    search: search.Asked
    exam: Exam | None = None
    domain: str = ""
    task: str = ""
    kind: str = ""
    state: str = ""
    author: int | None = None
    status: str = ""
    health: str = ""
    tag: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    unrated: bool = False
    reviewing: bool = False
    sort: str = "id"
    page: int = 1
    tasks: tuple[Task, ...] = field(default=(), compare=False)

    def query(self) -> str:
        """The address after "?", without the page; equal filters have equal addresses."""
        given = {
            "q": self.search.text,
            "exam": self.exam.code if self.exam else "",
            "domain": self.domain,
            "task": self.task,
            "kind": self.kind,
            "state": self.state,
            "author": "" if self.author is None else str(self.author),
            "status": self.status,
            "health": self.health,
            "tag": self.tag,
            "low": "" if self.low is None else str(self.low),
            "high": "" if self.high is None else str(self.high),
            "rating": UNRATED if self.unrated else "",
            "review": "mine" if self.reviewing else "",
            "sort": self.order,
        }
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def any(self) -> bool:
        """Whether anything is left out."""
        return bool(replace(self, sort=self.usual).query())

    @property
    def narrowed(self) -> bool:
        """Whether more than words is asked for: a filter, or another order."""
        return any(name != "q" for name, _ in parse_qsl(self.query()))

    @property
    def usual(self) -> str:
        """The order of whoever asks for none."""
        return usual(self.search)

    @property
    def order(self) -> str:
        """The order in the address; empty for the usual one, so that a first word brings the best match to the top."""
        return "" if self.sort == self.usual else self.sort

    def orders(self) -> list[tuple[str, str]]:
        """The orders to choose from, as (in the address, label)."""
        return [
            ("" if name == self.usual else name, label) for name, label in SORTS.items() if name in sorts(self.search)
        ]

    @property
    def domain_id(self) -> int | None:
        return next((task.domain_id for task in self.tasks if task.domain.code == self.domain), None)

    @property
    def task_id(self) -> int | None:
        return next((task.pk for task in self.tasks if task.code == self.task), None)


def wanted_of(given: Mapping[str, str], exams: list[Exam]) -> Wanted:
    """Read an address; what nobody offers is ignored. One statement if an exam is asked for."""
    asked = search.asked(given.get("q", ""))
    exam = next((exam for exam in exams if exam.code == given.get("exam", "")), None)
    tasks = tuple(Task.objects.filter(exam=exam).select_related("domain")) if exam else ()
    domain = _one_of(given.get("domain", ""), [task.domain.code for task in tasks])
    inside = [task.code for task in tasks if domain in ("", task.domain.code)]
    author, page = _number(given.get("author", "")), _number(given.get("page", ""))
    return Wanted(
        search=asked,
        exam=exam,
        domain=domain,
        task=_one_of(given.get("task", ""), inside),
        kind=_one_of(given.get("kind", ""), dict(KIND_CHOICES)),
        state=_one_of(given.get("state", ""), dict(STATES)),
        author=author,
        status=_one_of(given.get("status", ""), dict(STATUSES)),
        health=_one_of(given.get("health", ""), dict(HEALTH)),
        tag=tag if TAG.fullmatch(tag := given.get("tag", "")) else "",
        low=_share(given.get("low", "")),
        high=_share(given.get("high", "")),
        unrated=given.get("rating", "") == UNRATED,
        reviewing=given.get("review", "") == "mine",
        sort=_one_of(given.get("sort", ""), sorts(asked)) or usual(asked),
        page=min(max(page or 1, 1), MOST_PAGES),
        tasks=tasks,
    )


def sorts(asked: search.Asked) -> list[str]:
    """Nothing matches best where nothing is searched for."""
    return [name for name in SORTS if asked or name != "rank"]


def usual(asked: search.Asked) -> str:
    return "rank" if asked else "id"


def built_in(person: User) -> list[tuple[str, str]]:
    """Filters that everybody has: their names and addresses."""
    return [
        ("My drafts", f"state=draft&author={person.pk}"),
        ("Waiting for my review", "review=mine"),
        ("With alarms", "health=alarms"),
        ("Without rating", f"rating={UNRATED}"),
    ]


def _one_of(value: str, offered: list[str] | dict[str, str]) -> str:
    return value if value in offered else ""


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _share(value: str) -> Decimal | None:
    """A rating from 0 to 1 in hundredths, with a point or a comma."""
    try:
        share = Decimal(value.strip().replace(",", ".")[:12])
    except InvalidOperation:
        return None
    return share.quantize(Decimal("0.01")) if share.is_finite() and 0 <= share <= 1 else None
