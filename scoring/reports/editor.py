"""What the editor shows beside its form: the question as candidates would see it, what is wrong, and who differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from exams import paper
from questions import checks, diff, markdown
from questions.mentions import words
from questions.models import Placement, Question, Revision, ScenarioRevision
from questions.services.drafts import newest_scenario
from questions.writing import Writing

PARTS = {"stem": "the stem", "answers": "the options", "references": "the references"}  # what may be taken of theirs


@dataclass(frozen=True, slots=True)
class Check:
    """A finding with the id of the control that it speaks of."""

    finding: checks.Finding
    anchor: str

    @property
    def grave(self) -> bool:
        return self.finding.severity == "error"


@dataclass(frozen=True, slots=True)
class Checks:
    """Everything to say about the wording, errors first."""

    lines: list[Check]

    @property
    def errors(self) -> int:
        return sum(line.grave for line in self.lines)

    @property
    def warnings(self) -> int:
        return len(self.lines) - self.errors


@dataclass(frozen=True, slots=True)
class Clash:
    """Two wordings of one draft: what the other person's lacks (added) or has more (removed), place by place."""

    differences: list[diff.Difference]
    parts: dict[str, str]
    by: str
    version: int


def checks_of(findings: Iterable[checks.Finding], anchor: Callable[[str], str]) -> Checks:
    lines = [Check(finding, anchor(finding.place)) for finding in findings]
    return Checks(sorted(lines, key=lambda line: not line.grave))


def preview_of(writing: Writing, scenario: ScenarioRevision | None) -> paper.Sheet:
    """The question as on the sitting page, in the author's order, nothing answered. One statement for images."""
    kind = writing.strategy
    pictures = markdown.pictures_of(
        [writing.stem, *(one.text for one in writing.options), *(one.text for one in writing.prompts)]
    )
    choices = [
        paper.Choice(
            f"o{place}", chr(ord("A") + place), markdown.inline(option.text, pictures), words(option.text), False, False
        )
        for place, option in enumerate(writing.options)
    ]
    return paper.Sheet(
        number=1,
        kind=writing.kind,
        label=kind.label,
        template=kind.template,
        slots=max(kind.slots(writing.content), 1),
        stem=markdown.stem(writing.stem, pictures),
        scenario=paper.Scenario(scenario.title, scenario.html, 1, 1) if scenario else None,
        choices=choices,
        order=[],
        matches=[
            # An empty prompt would leave its list without a name.
            paper.Match(number, markdown.inline(prompt.text, pictures) or "…", "")
            for number, prompt in enumerate(writing.prompts, 1)
        ],
        version=0,
        flagged=False,
        spent_ms=0,
        state="unanswered",
        base="",
        stored=[],
    )


def scenario_of(revision: Revision) -> ScenarioRevision | None:
    """The wording of its case study that the draft will show: always the newest. Two statements, or none."""
    pk = newest_scenario(revision.question)
    return ScenarioRevision.objects.select_related("scenario").get(pk=pk) if pk else None


def placements_of(question: Question) -> QuerySet[Placement]:
    return Placement.objects.filter(question=question).select_related("exam", "task").order_by("exam__code")


def clash_of(*, mine: Writing, theirs: Writing, by: str, version: int) -> Clash:
    differ = {
        "stem": mine.stem != theirs.stem,
        "answers": (mine.options, mine.prompts) != (theirs.options, theirs.prompts),
        "references": mine.references != theirs.references,
    }
    parts = {name: said for name, said in PARTS.items() if differ[name]}
    if "answers" in parts and mine.kind == "matching":
        parts["answers"] = "the prompts and options"
    return Clash(diff.compare(theirs, mine), parts, by, version)


def merged(mine: Writing, theirs: Writing, taken: Sequence[str]) -> Writing:
    """My wording with those parts of theirs."""
    if "stem" in taken:
        mine = replace(mine, stem=theirs.stem)
    if "answers" in taken:
        mine = replace(mine, options=theirs.options, prompts=theirs.prompts)
    if "references" in taken:
        mine = replace(mine, references=theirs.references)
    return mine
