"""A confirmed plan into the bank: drafts, in bulk, each with its entry in the trail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from questions import markdown, search
from questions.interchange.exchange import ForeignQuestion, ForeignScenario
from questions.interchange.exporting import compared_with
from questions.interchange.names import LONGEST, fingerprint, public_id
from questions.interchange.plans import Done, Fate, Outdated, Plan, Progress, Row, silent
from questions.models import (
    Audit,
    Option,
    Placement,
    Prompt,
    Question,
    Reference,
    Revision,
    Scenario,
    ScenarioRevision,
    Task,
)
from questions.models.authoring import Act
from questions.models.bank import OPEN
from questions.pack.wording import digest
from questions.services.base import keep_loader_out, require_author

CHUNK = 500
CHANGED_SINCE = "The bank has changed since the plan was made; nothing was imported."


def apply(plan: Plan, *, by: User | None, now: dt.datetime | None = None, progress: Progress = silent) -> Done:
    """Write the drafts that the plan promises; all of them or none.

    `by` is None only for commands, where nobody is signed in. Raises NotAnAuthor, and Outdated when the bank is not
    what the plan saw.
    """
    if by is not None:
        require_author(by)
    added = [row for row in plan.rows if row.fate == Fate.ADDED]
    changed = [row for row in plan.rows if row.fate == Fate.CHANGED]
    try:
        with transaction.atomic():
            keep_loader_out()
            writer = _Writer(plan, by, now or timezone.now())
            writer.check(added, changed)
            total = len(added) + len(changed)
            for start in range(0, len(added), CHUNK):
                writer.add(added[start : start + CHUNK])
                progress(min(start + CHUNK, len(added)), total)
            for start in range(0, len(changed), CHUNK):
                writer.revise(changed[start : start + CHUNK])
                progress(len(added) + min(start + CHUNK, len(changed)), total)
    except IntegrityError:  # somebody wrote the same at the same time
        raise Outdated(CHANGED_SINCE) from None
    return Done(tuple(row.public_id for row in added), tuple(row.public_id for row in changed))


class _Writer:
    """One import."""

    def __init__(self, plan: Plan, by: User | None, now: dt.datetime) -> None:
        self.plan, self.by, self.now = plan, by, now
        self.tasks: dict[tuple[str, str], Task] = {}
        self.scenarios: dict[ForeignScenario, ScenarioRevision] = {}
        self.sources: dict[str, Revision] = {}
        self.numbers: dict[int, int] = {}

    def check(self, added: Sequence[Row], changed: Sequence[Row]) -> None:
        """Raise Outdated unless the bank is what the plan saw; holds the questions that change."""
        if Question.objects.filter(public_id__in=[row.public_id for row in added]).exists():
            raise Outdated(CHANGED_SINCE)
        ids = [row.public_id for row in changed]
        list(Question.objects.select_for_update(no_key=True).filter(public_id__in=ids).order_by("pk"))
        self.sources = compared_with(ids)
        for row in changed:
            source = self.sources.get(row.public_id)
            if source is None or source.pk != row.base or source.state in OPEN:
                raise Outdated(CHANGED_SINCE)
        numbers = Revision.objects.filter(question__public_id__in=ids).order_by().values_list("question")
        self.numbers = dict(numbers.annotate(newest=Max("number")))
        codes = {row.exam for row in added}
        tasks = Task.objects.filter(exam__code__in=codes).select_related("exam")
        self.tasks = {(task.exam.code, task.code): task for task in tasks}
        if any((row.exam, row.task) not in self.tasks for row in added):
            raise Outdated(CHANGED_SINCE)
        self._keep_scenarios([row.question.scenario for row in added if row.question and row.question.scenario])

    def add(self, rows: Sequence[Row]) -> None:
        """New questions with their first drafts."""
        contents = [row.question for row in rows if row.question]
        questions = Question.objects.bulk_create(
            Question(
                public_id=row.public_id,
                from_studio=True,
                scenario=self.scenarios[content.scenario].scenario if content.scenario else None,
                tags=sorted(content.tags),
                notes=self._notes(content),
            )
            for row, content in zip(rows, contents, strict=True)
        )
        tasks = [self.tasks[row.exam, row.task] for row in rows]
        Placement.objects.bulk_create(
            Placement(question=question, exam_id=task.exam_id, task=task)
            for question, task in zip(questions, tasks, strict=True)
        )
        revisions = Revision.objects.bulk_create(
            Revision(
                question=question,
                number=1,
                kind=content.kind,
                scenario_revision=self.scenarios[content.scenario] if content.scenario else None,
                stem=content.stem,
                author=self.by,
                lock_version=1,
            )
            for question, content in zip(questions, contents, strict=True)
        )
        _write_parts(revisions, contents)
        self._record(
            Act.CREATE,
            revisions,
            [{"kind": row.kind, "exam": row.exam, "task": row.task, **self._from(row)} for row in rows],
        )

    def revise(self, rows: Sequence[Row]) -> None:
        """Drafts that are to replace what stands in the bank."""
        contents = [row.question for row in rows if row.question]
        sources = [self.sources[row.public_id] for row in rows]
        scenarios = _newest_scenarios(sources)
        revisions = Revision.objects.bulk_create(
            Revision(
                question=source.question,
                number=self.numbers[source.question_id] + 1,
                kind=source.kind,
                scenario_revision_id=scenarios.get(source.question.scenario_id or 0),
                stem=content.stem,
                author=self.by,
                lock_version=1,
                based_on=source,
            )
            for source, content in zip(sources, contents, strict=True)
        )
        _write_parts(revisions, contents)
        self._record(
            Act.REVISE,
            revisions,
            [{"based_on": source.number, **self._from(row)} for source, row in zip(sources, rows, strict=True)],
        )

    def _record(self, act: Act, revisions: Sequence[Revision], details: Sequence[dict[str, object]]) -> None:
        Audit.objects.bulk_create(
            Audit(
                question=revision.question, public_id=revision.question.public_id, revision=revision, who=self.by,
                when=self.now, act=act, detail={"number": revision.number, **detail},
            )
            for revision, detail in zip(revisions, details, strict=True)
        )  # fmt: skip

    def _from(self, row: Row) -> dict[str, object]:
        return {"file": self.plan.file[:200], "format": self.plan.format, "identifier": row.identifier[:200]}

    def _notes(self, content: ForeignQuestion) -> str:
        """What authors may want to know and no field holds."""
        said = [f"From {self.plan.file[:200]} ({self.plan.label}), there {content.identifier[:300]}."]
        if content.title:
            said.append(f"Title there: {content.title[:300]}")
        if content.rating is not None:
            said.append(f"Rating there: {content.rating}")
        if known := content.statistics:
            names = ("facility", "point_biserial", "discrimination", "intercept", "first_exposures")
            figures = ((name.replace("_", " "), getattr(known, name)) for name in names)
            said.append(
                "Measured there: " + ", ".join(f"{name} {value}" for name, value in figures if value is not None)
            )
        return "\n".join(said)

    # ---- scenarios -------------------------------------------------------------------------------------------------

    def _keep_scenarios(self, scenarios: Sequence[ForeignScenario]) -> None:
        """The bank's scenario where it says the same, else a new one; the same name may mean something else there.

        Names are tried in turn: its own, one with a mark of its words, that one with a number, for what bears the mark
        may have been reworded since. One statement for each round.
        """
        left, attempt = list(dict.fromkeys(scenarios)), 1
        while left:
            names = {scenario: _name(scenario, attempt) for scenario in left}
            rows = ScenarioRevision.objects.filter(scenario__public_id__in=names.values())
            newest = {row.scenario.public_id: row for row in rows.select_related("scenario").order_by("number")}
            for scenario, name in names.items():
                row = newest.get(name)
                if row is None:
                    row = newest[name] = self._new_scenario(name, scenario)
                if row.digest == _wording(scenario):
                    self.scenarios[scenario] = row
            left, attempt = [one for one in left if one not in self.scenarios], attempt + 1

    def _new_scenario(self, name: str, scenario: ForeignScenario) -> ScenarioRevision:
        row = Scenario.objects.create(public_id=name, from_studio=True)
        Audit.objects.create(public_id=name, who=self.by, when=self.now, act=Act.SCENARIO, detail={"number": 1})
        return ScenarioRevision.objects.create(
            scenario=row,
            number=1,
            title=_title(scenario),
            text=scenario.text,
            html=markdown.block(scenario.text),
            digest=_wording(scenario),
        )


def _title(scenario: ForeignScenario) -> str:
    return (scenario.title or scenario.identifier)[:300]


def _wording(scenario: ForeignScenario) -> str:
    return digest({"title": _title(scenario), "text": scenario.text})


def _name(scenario: ForeignScenario, attempt: int) -> str:
    """The name to try in this round, counted from 1."""
    name = public_id(scenario.identifier)
    if attempt == 1:
        return name
    number = f"-{attempt}" if attempt > 2 else ""
    mark = f"-{fingerprint(_title(scenario), scenario.text)}{number}"
    return name[: LONGEST - len(mark)].rstrip("-.") + mark


def _newest_scenarios(revisions: Sequence[Revision]) -> dict[int, int]:
    """Id of the newest wording by scenario: a draft shows that one."""
    scenarios = {revision.question.scenario_id for revision in revisions if revision.question.scenario_id}
    rows = ScenarioRevision.objects.filter(scenario__in=scenarios).order_by("number")
    return dict(rows.values_list("scenario_id", "pk"))


def _write_parts(revisions: Sequence[Revision], contents: Sequence[ForeignQuestion]) -> None:
    """Options, prompts and references of drafts that have none yet, and the words to search by."""
    pairs = list(zip(revisions, contents, strict=True))
    options = Option.objects.bulk_create(
        Option(
            revision=revision, number=number, text=option.text, rationale=option.rationale, correct=option.correct,
            position=option.position,
        )
        for revision, content in pairs
        for number, option in enumerate(content.options, 1)
    )  # fmt: skip
    by_place = {(option.revision_id, option.number): option for option in options}
    Prompt.objects.bulk_create(
        Prompt(
            revision=revision, number=number, text=prompt.text, rationale=prompt.rationale,
            option=by_place.get((revision.pk, prompt.option_index + 1)),
        )
        for revision, content in pairs
        for number, prompt in enumerate(content.prompts, 1)
    )  # fmt: skip
    Reference.objects.bulk_create(
        Reference(revision=revision, number=number, title=reference.title, url=reference.url)
        for revision, content in pairs
        for number, reference in enumerate(content.references, 1)
    )
    search.refresh(revision_ids=[revision.pk for revision in revisions])
