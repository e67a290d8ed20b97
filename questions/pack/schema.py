"""What a pack may hold. Everything here is checked before a row is written."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    UrlConstraints,
    model_validator,
)

from questions.ids import RESERVED
from questions.kinds import CASE_STUDY, KINDS, Content, OptionContent, Problem, PromptContent

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=6_000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Rationale = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=2_000)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.\-]{2,60}$")]
ExamCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9\-]{1,20}$")]
DomainCode = Annotated[str, StringConstraints(pattern=r"^D[1-9]$")]
TaskCode = Annotated[str, StringConstraints(pattern=r"^[1-9]\.[1-9][0-9]?$")]
KindName = Literal["multiple_choice", "multiple_response", "ordering", "matching"]
Rating = Annotated[int, Field(ge=1, le=97)]
Address = Annotated[HttpUrl, UrlConstraints(max_length=500)]
Count = Annotated[int, Field(ge=0, le=300)]
Score = Annotated[int, Field(ge=0, le=30_000)]

MAXIMUM_RATING = 97
ABOVE_CHANCE = 5  # hundredths


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ContentProblem(ValueError):
    """Problems found by a kind; each one has its own place in the question."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.where} {problem.what}" for problem in problems))
        self.problems = problems


class Share(Strict):
    """How many questions of a kind a form and its scored part may hold, both ends included."""

    form: tuple[Count, Count]
    scored: tuple[Count, Count]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for low, high in (self.form, self.scored):
            if low > high:
                raise ValueError(f"a share must run from its smaller to its larger number, not {low} to {high}")
        return self


class Topic(Strict):
    number: Annotated[int, Field(ge=1, le=99)]
    title: Line


class Task(Strict):
    code: TaskCode
    title: Line
    topics: Annotated[list[Topic], Field(min_length=1)]


class Domain(Strict):
    code: DomainCode
    title: Line
    weight: Annotated[int, Field(ge=1, le=100)]
    tasks: Annotated[list[Task], Field(min_length=1)]


class Scale(Strict):
    minimum: Score = 100
    maximum: Score = 1000
    pass_mark: Score

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.minimum < self.pass_mark < self.maximum:
            raise ValueError("the pass mark must lie between the ends of the scale")
        return self


class Exam(Strict):
    """An exam's specification; `exam.yaml` in a pack."""

    code: ExamCode
    name: Line
    level: Line
    status: Line
    as_of: dt.date
    minutes: Annotated[int, Field(ge=1, le=600)]
    language_minutes: Annotated[int, Field(ge=0, le=120)] = 0
    questions: Annotated[int, Field(ge=1, le=300)]
    scored: Annotated[int, Field(ge=1, le=300)]
    scale: Scale
    kinds: dict[Literal["multiple_choice", "multiple_response", "ordering", "matching", "case_study"], Share]
    domains: Annotated[list[Domain], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.scored > self.questions:
            raise ValueError(f"{self.scored} scored questions do not fit into {self.questions}")
        if sum(domain.weight for domain in self.domains) != 100:
            raise ValueError("the domain weights must add up to 100")
        for what, codes in (
            ("domain", [domain.code for domain in self.domains]),
            ("task", [task.code for domain in self.domains for task in domain.tasks]),
        ):
            if len(set(codes)) != len(codes):
                raise ValueError(f"two {what}s have the same code")
        for task in (task for domain in self.domains for task in domain.tasks):
            if len({topic.number for topic in task.topics}) != len(task.topics):
                raise ValueError(f"two topics of task {task.code} have the same number")
        for label, total, shares in (
            ("form", self.questions, [share.form for share in self.kinds.values()]),
            ("scored", self.scored, [share.scored for share in self.kinds.values()]),
        ):
            if not sum(low for low, _ in shares) <= total <= sum(high for _, high in shares):
                raise ValueError(f"no mix of the {label} shares adds up to {total} questions")
        return self


class Placement(Strict):
    exam: ExamCode
    task: TaskCode
    topics: list[int] = []


class Option(Strict):
    """`correct` belongs to multiple choice and response, `position` to ordering, `id` to matching."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,12}$")] | None = None
    text: Text
    correct: bool = False
    position: Annotated[int, Field(ge=1, le=9)] | None = None
    rationale: Rationale


class Prompt(Strict):
    text: Text
    option: str
    rationale: Rationale


class Reference(Strict):
    title: Line
    url: Address


class Scenario(Strict):
    """The shared situation of a case study."""

    id: Slug
    title: Line
    text: Text


def _free(identifier: str) -> str:
    if identifier in RESERVED:
        raise ValueError(f"no question can be called {identifier}: that is the address of a page")
    return identifier


class Question(Strict):
    id: Annotated[Slug, AfterValidator(_free)]
    kind: KindName
    placements: Annotated[list[Placement], Field(min_length=1)]
    scenario: Slug | None = None
    stem: Text
    options: Annotated[list[Option], Field(min_length=3, max_length=8)]
    prompts: list[Prompt] = []
    references: Annotated[list[Reference], Field(min_length=1)]
    ratings: dict[ExamCode, Annotated[list[Rating], Field(min_length=1)]]
    enemies: list[Slug] = []

    @property
    def content(self) -> Content:
        """The answerable part as the kinds see it. A prompt whose option is unknown gets number 0."""
        numbers = {option.id: number for number, option in enumerate(self.options, 1) if option.id}
        return Content(
            options=tuple(
                OptionContent(option.text, option.rationale, option.correct, option.position) for option in self.options
            ),
            prompts=tuple(
                PromptContent(prompt.text, prompt.rationale, numbers.get(prompt.option, 0)) for prompt in self.prompts
            ),
        )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        kind = KINDS[self.kind]
        found = kind.problems(self.content) + self._repeats() + self._placement_problems()
        if not found:
            found = self._rating_problems(kind.chance(self.content))
        if found:
            raise ContentProblem(found)
        return self

    def _repeats(self) -> list[Problem]:
        return [
            *repeated("options", "text", (option.text.casefold() for option in self.options)),
            *repeated("options", "id", (option.id for option in self.options)),
            *repeated("prompts", "text", (prompt.text.casefold() for prompt in self.prompts)),
            *repeated("placements", "exam", (placement.exam for placement in self.placements)),
            *(
                Problem(f"placements.{number}.topics", "names a topic twice")
                for number, placement in enumerate(self.placements)
                if len(set(placement.topics)) != len(placement.topics)
            ),
        ]

    def _placement_problems(self) -> list[Problem]:
        exams = {placement.exam for placement in self.placements}
        found = [
            Problem(f"ratings.{exam}", "rates the question for an exam it is not placed in")
            for exam in self.ratings
            if exam not in exams
        ]
        if self.id in self.enemies:
            found.append(Problem("enemies", "names the question itself"))
        return found

    def _rating_problems(self, chance: float) -> list[Problem]:
        lowest = math.ceil(round(chance * 100, 6)) + ABOVE_CHANCE
        return [
            Problem(f"ratings.{exam}", f"{rating} is below {lowest}, chance plus 0.05 for this question")
            for exam, ratings in self.ratings.items()
            for rating in ratings
            if rating < lowest
        ]


class QuestionFile(Strict):
    scenarios: list[Scenario] = []
    questions: list[Question] = []


def repeated(parent: str, child: str, values: Iterable[str | None]) -> list[Problem]:
    """Problems for values that occurred before in the same list; None never repeats."""
    seen: set[str] = set()
    found = []
    for number, value in enumerate(values):
        if value is not None and value in seen:
            found.append(Problem(f"{parent}.{number}.{child}", "repeats an earlier one"))
        seen.add(value or "")
    return found


__all__ = ["CASE_STUDY", "ContentProblem", "Exam", "Question", "QuestionFile", "Scenario"]
