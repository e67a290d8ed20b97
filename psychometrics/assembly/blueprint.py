"""What a form must look like: the exam's counts, domain weights, tasks and kind shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CASE_STUDY = "case_study"


def apportion(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split `total` seats over `weights` by the largest remainder method (Hamilton's method).

    Every weight first gets the whole part of its quota `total * weight / sum(weights)`; the seats left over go
    one each to the largest remainders, ties to the earlier weight. Only integers are used, so no rounding can
    move a seat. See Balinski and Young, Fair Representation (2001), chapter 3.

    Returns one count per weight, summing to `total`. Raises ValueError on a negative total or weight, or when
    no weight is positive.
    """
    whole = sum(weights)
    if total < 0 or whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError(f"cannot apportion {total} seats over the weights {tuple(weights)}")
    counts = [total * weight // whole for weight in weights]
    # sorted() is stable, so equal remainders keep domain order.
    order = sorted(range(len(weights)), key=lambda index: -(total * weights[index] % whole))
    for index in order[: total - sum(counts)]:
        counts[index] += 1
    return tuple(counts)


@dataclass(frozen=True, slots=True)
class Share:
    """Smallest and largest number of one kind's questions on the whole form and among its scored seats."""

    form: tuple[int, int]
    scored: tuple[int, int]

    @property
    def unscored_at_most(self) -> int:
        """The most unscored seats the kind can hold: what the form allows beside the fewest scored ones."""
        return self.form[1] - self.scored[0]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """An exam's specification as far as assembly needs it.

    `weights` has one entry per domain; `tasks` holds each task's domain index; `shares` maps a kind label
    (a question kind, or "case_study" for every question of a scenario) to its Share, and a kind without a share
    cannot be used. The names serve messages only and default to D1, D2, ... and 1.1, 1.2, ...

    Raises ValueError when no form of any bank could satisfy it.
    """

    questions: int
    scored: int
    weights: tuple[int, ...]
    tasks: tuple[int, ...]
    shares: Mapping[str, Share]
    domain_names: tuple[str, ...] = ()
    task_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.domain_names:
            object.__setattr__(self, "domain_names", tuple(f"D{n}" for n in range(1, len(self.weights) + 1)))
        if not self.task_names:
            object.__setattr__(self, "task_names", self._numbered_tasks())
        if problem := self._problem():
            raise ValueError(f"blueprint: {problem}")

    @property
    def unscored(self) -> int:
        return self.questions - self.scored

    @property
    def scored_by_domain(self) -> tuple[int, ...]:
        return apportion(self.scored, self.weights)

    @property
    def unscored_by_domain(self) -> tuple[int, ...]:
        return apportion(self.unscored, self.weights)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind labels in the order of `shares`."""
        return tuple(self.shares)

    def _numbered_tasks(self) -> tuple[str, ...]:
        names, seen = [], dict[int, int]()
        for domain in self.tasks:
            seen[domain] = seen.get(domain, 0) + 1
            names.append(f"{domain + 1}.{seen[domain]}")
        return tuple(names)

    def _problem(self) -> str:
        if not 0 < self.scored <= self.questions:
            return f"{self.scored} scored of {self.questions} questions"
        if not self.weights or any(weight <= 0 for weight in self.weights):
            return "every domain needs a positive weight"
        if any(not 0 <= domain < len(self.weights) for domain in self.tasks):
            return "a task names a domain that is not there"
        if len(self.domain_names) != len(self.weights) or len(self.task_names) != len(self.tasks):
            return "every domain and every task needs one name"
        for domain, seats in enumerate(self.scored_by_domain):
            tasks = self.tasks.count(domain)
            if not 0 < tasks <= seats:
                return f"domain {self.domain_names[domain]} has {tasks} tasks and {seats} scored seats"
        return self._share_problem()

    def _share_problem(self) -> str:
        for kind, share in self.shares.items():
            if not (0 <= share.form[0] <= share.form[1] and 0 <= share.scored[0] <= share.scored[1]):
                return f"the share of {kind} is not a range"
            if share.scored[0] > share.form[1]:
                return f"{kind} needs more scored questions than the form may hold"
        for seats, ranges, word in (
            (self.questions, [share.form for share in self.shares.values()], "questions"),
            (self.scored, [share.scored for share in self.shares.values()], "scored questions"),
        ):
            low, high = sum(pair[0] for pair in ranges), sum(pair[1] for pair in ranges)
            if not low <= seats <= high:
                return f"the kind shares allow {low} to {high} {word}, not {seats}"
        return ""
