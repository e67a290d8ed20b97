"""Write a validated pack to the bank: all of it or nothing, and nothing twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q

from questions import markdown, search
from questions.models import (
    Enmity,
    Exam,
    Option,
    Placement,
    Prompt,
    Question,
    Rating,
    Reference,
    Revision,
    Scenario,
    ScenarioRevision,
    Standing,
    Task,
    Topic,
)
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from questions.pack import schema
from questions.pack.images import entries_of, stored, texts_of
from questions.pack.outline import write_exam
from questions.pack.reader import Pack, PackError, PackErrors
from questions.pack.wording import digest, facts_of, mean_rating, wording_of

METHOD = "desk estimate"
LOCK = 0x9ACC  # advisory lock: two loaders take turns, so that both see whole packs

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class LoadReport:
    """Public ids by what happened to them."""

    exam: str | None = None
    outline_kept: bool = False  # the exam's outline was edited in the studio and differs, so exam.yaml was left aside
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # written or changed in the studio: the pack's word does not count

    def as_dict(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "exam": self.exam,
            "added": self.added,
            "changed": self.changed,
            "unchanged": len(self.unchanged),
            "kept": self.kept,
        }
        return told | ({"outline_kept": True} if self.outline_kept else {})


def load(*, pack: Pack, now: dt.datetime, progress: Progress = lambda done, total: None) -> LoadReport:
    """Bring the bank in step with the pack. Raises PackErrors, and then nothing has changed.

    A changed wording becomes a new published revision; the old one stays for the sittings that showed it.
    Questions that the pack no longer holds stay in the bank, and retired ones stay retired: retiring is a decision
    of its own. Drafts stay as they are, and what was written or changed in the studio is left alone altogether.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        report = LoadReport()
        if pack.exam and pack.exam_source:
            report.outline_kept = write_exam(pack.exam, pack.exam_source) is None
            report.exam = pack.exam.code
        _Loader(stored(pack), now, report, progress).run()
        return report


@transaction.atomic
def write_outlines(packs: Iterable[Pack], *, take: bool = False) -> None:
    """Write the exams of several packs before any question: a question may be placed in an exam of another pack.

    With `take` also those that were edited in the studio: from then on they are their packs' again.
    """
    for pack in packs:
        if pack.exam and pack.exam_source:
            write_exam(pack.exam, pack.exam_source, take=take)


class _Loader:
    """One run of `load`: what the bank knows is read once, then rows are written in bulk."""

    def __init__(self, pack: Pack, now: dt.datetime, report: LoadReport, progress: Progress) -> None:
        self.pack, self.now, self.report, self.progress = pack, now, report, progress
        codes = {placement.exam for question, _ in pack.questions.values() for placement in question.placements}
        self.exams = {exam.code: exam for exam in Exam.objects.filter(code__in=codes)}
        self.tasks = {(task.exam_id, task.code): task for task in Task.objects.filter(exam__code__in=codes)}
        self.topics = {
            (topic.task_id, topic.number): topic for topic in Topic.objects.filter(task__exam__code__in=codes)
        }
        self.rows = {row.public_id: row for row in Question.objects.filter(public_id__in=pack.questions)}
        self.published = {
            revision.question_id: revision
            for revision in Revision.objects.published().filter(question__public_id__in=pack.questions)
        }
        revisions = Revision.objects.filter(question__public_id__in=pack.questions)
        newest = revisions.order_by().values("question").annotate(newest=Max("number"))
        self.numbers = dict(newest.values_list("question_id", "newest"))
        retired = revisions.filter(state=RevisionState.RETIRED).exclude(question__in=self.published)
        self.retired = set(retired.values_list("question__public_id", flat=True))
        self.pictures = markdown.pictures_of(text for entry, _ in entries_of(pack) for _, text in texts_of(entry))
        self.kept = {public_id for public_id, row in self.rows.items() if row.from_studio}

    def run(self) -> None:
        self._check()
        scenarios = self._scenarios()
        new_rows = [
            Question(public_id=public_id, scenario=scenarios[question.scenario].scenario if question.scenario else None)
            for public_id, (question, _) in self.pack.questions.items()
            if public_id not in self.rows
        ]
        for row in Question.objects.bulk_create(new_rows):
            self.rows[row.public_id] = row
        self._move_between_scenarios(scenarios)
        facts_before = self._facts()
        reworded: list[tuple[schema.Question, Revision]] = []
        for done, (question, _) in enumerate(self.pack.questions.values(), 1):
            if question.id in self.kept:
                self.report.kept.append(question.id)
                continue
            if question.id in self.retired:
                self.report.unchanged.append(question.id)
                continue
            scenario = scenarios[question.scenario] if question.scenario else None
            current = self.published.get(self.rows[question.id].pk)
            wording = digest(wording_of(question), scenario.digest if scenario else "")
            if current is None or current.digest != wording:
                reworded.append((question, self._revision(question, scenario, wording)))
            self._count(question, current, reworded, facts_before)
            self.progress(done, len(self.pack.questions))
        self._write_revisions(reworded)
        touched = set(self.report.added) | set(self.report.changed)
        self._write_facts([question for question, _ in self.pack.questions.values() if question.id in touched])
        self._write_enmities()

    def _check(self) -> None:
        """Problems that only the bank can show: unknown exams, tasks, topics and enemies."""
        errors: list[PackError] = []
        enemies = {enemy for question, _ in self.pack.questions.values() for enemy in question.enemies}
        known = set(Question.objects.filter(public_id__in=enemies).values_list("public_id", flat=True))
        for question, source in self.pack.questions.values():
            for placement in question.placements:
                exam = self.exams.get(placement.exam)
                task = self.tasks.get((exam.pk, placement.task)) if exam else None
                if exam is None:
                    errors.append(source.error("placements", f"there is no exam {placement.exam}"))
                elif task is None:
                    errors.append(source.error("placements", f"{placement.exam} has no task {placement.task}"))
                elif unknown := [n for n in placement.topics if (task.pk, n) not in self.topics]:
                    errors.append(source.error("placements", f"task {placement.task} has no topic {unknown[0]}"))
            errors.extend(
                source.error("enemies", f"there is no question {enemy}")
                for enemy in question.enemies
                if enemy not in self.pack.questions and enemy not in known
            )
        if errors:
            raise PackErrors(errors)

    def _scenarios(self) -> dict[str, ScenarioRevision]:
        """Current revision of every scenario in the pack, made where the wording is new."""
        latest = {
            revision.scenario.public_id: revision
            for revision in ScenarioRevision.objects.filter(scenario__public_id__in=self.pack.scenarios)
            .select_related("scenario")
            .order_by("number")
        }
        for scenario, _ in self.pack.scenarios.values():
            wording = digest({"title": scenario.title, "text": scenario.text})
            current = latest.get(scenario.id)
            if current is not None and current.scenario.from_studio:
                continue
            if current is None or current.digest != wording:
                row = current.scenario if current else Scenario.objects.create(public_id=scenario.id)
                latest[scenario.id] = ScenarioRevision.objects.create(
                    scenario=row,
                    number=current.number + 1 if current else 1,
                    title=scenario.title,
                    text=scenario.text,
                    html=markdown.block(scenario.text, self.pictures),
                    digest=wording,
                )
        return latest

    def _move_between_scenarios(self, scenarios: dict[str, ScenarioRevision]) -> None:
        moved = []
        for question, _ in self.pack.questions.values():
            row = self.rows[question.id]
            scenario = scenarios[question.scenario].scenario if question.scenario else None
            if question.id not in self.retired | self.kept and row.scenario_id != (scenario.pk if scenario else None):
                row.scenario = scenario
                moved.append(row)
        if moved:
            Question.objects.bulk_update(moved, ["scenario"])

    def _revision(self, question: schema.Question, scenario: ScenarioRevision | None, wording: str) -> Revision:
        return Revision(
            question=self.rows[question.id],
            number=self.numbers.get(self.rows[question.id].pk, 0) + 1,
            state=RevisionState.PUBLISHED,
            kind=question.kind,
            scenario_revision=scenario,
            stem=question.stem,
            stem_html=markdown.stem(question.stem, self.pictures),
            digest=wording,
            published_at=self.now,
        )

    def _count(
        self,
        question: schema.Question,
        current: Revision | None,
        reworded: list[tuple[schema.Question, Revision]],
        facts_before: dict[str, Any],
    ) -> None:
        if current is None:
            self.report.added.append(question.id)
        elif (reworded and reworded[-1][0] is question) or facts_before.get(question.id) != facts_of(question):
            self.report.changed.append(question.id)
        else:
            self.report.unchanged.append(question.id)

    def _write_revisions(self, reworded: list[tuple[schema.Question, Revision]]) -> None:
        old = [self.published[row.question_id].pk for _, row in reworded if row.question_id in self.published]
        # In one order: a form that is being made holds its questions.
        list(Revision.objects.select_for_update(no_key=True).filter(pk__in=old).order_by("pk").values_list("pk"))
        Revision.objects.filter(pk__in=old).update(state=RevisionState.SUPERSEDED)
        # Revisions come last: nothing can be added to a published one, so their parts have to be there already.
        for (_, revision), pk in zip(reworded, _free_ids(len(reworded)), strict=True):
            revision.pk = pk
        options = [
            Option(
                revision=revision,
                number=number,
                text=option.text,
                html=markdown.inline(option.text, self.pictures),
                rationale=option.rationale,
                rationale_html=markdown.inline(option.rationale, self.pictures),
                correct=option.correct,
                position=option.position,
            )
            for question, revision in reworded
            for number, option in enumerate(question.options, 1)
        ]
        by_place = {(option.revision_id, option.number): option for option in Option.objects.bulk_create(options)}
        Prompt.objects.bulk_create(
            Prompt(
                revision=revision,
                number=number,
                text=prompt.text,
                html=markdown.inline(prompt.text, self.pictures),
                rationale=prompt.rationale,
                rationale_html=markdown.inline(prompt.rationale, self.pictures),
                option=by_place[revision.pk, question.content.prompts[number - 1].option],
            )
            for question, revision in reworded
            for number, prompt in enumerate(question.prompts, 1)
        )
        Reference.objects.bulk_create(
            Reference(revision=revision, number=number, title=reference.title, url=str(reference.url))
            for question, revision in reworded
            for number, reference in enumerate(question.references, 1)
        )
        Revision.objects.bulk_create([revision for _, revision in reworded])
        for _, revision in reworded:
            self.published[revision.question_id] = revision
        search.refresh(revision_ids=[revision.pk for _, revision in reworded])

    def _facts(self) -> dict[str, Any]:
        """What the bank holds beside the wording, in the shape of `facts_of`."""
        facts: dict[str, dict[str, Any]] = {public_id: {"placements": {}, "ratings": {}} for public_id in self.rows}
        rows = Placement.objects.filter(question__in=self.rows.values()).prefetch_related("topics")
        for placement in rows.select_related("question", "exam", "task"):
            topics = sorted(topic.number for topic in placement.topics.all())
            facts[placement.question.public_id]["placements"][placement.exam.code] = [placement.task.code, topics]
        revisions = [revision.pk for revision in self.published.values()]
        ratings = Rating.objects.filter(revision__in=revisions, method=METHOD)
        for rating in ratings.select_related("revision__question", "exam"):
            public_id = rating.revision.question.public_id
            facts[public_id]["ratings"].setdefault(rating.exam.code, []).append(rating.value)
        for fact in facts.values():
            fact["ratings"] = {exam: sorted(values) for exam, values in fact["ratings"].items()}
        return facts

    def _write_facts(self, questions: Iterable[schema.Question]) -> None:
        """Placements, ratings and standings of the questions, replaced as a whole."""
        questions = list(questions)
        rows = [self.rows[question.id] for question in questions]
        revisions = [self.published[row.pk] for row in rows]
        Placement.objects.filter(question__in=rows).delete()
        Rating.objects.filter(revision__in=revisions, method=METHOD).delete()  # a panel's ratings are not ours
        # Standings that rest on more than the pack stay: those of measured questions, and of those that a panel rated.
        panel = Rating.objects.filter(revision=OuterRef("revision"), exam=OuterRef("exam")).exclude(method=METHOD)
        ours = Standing.objects.filter(revision__in=revisions).exclude(status=Status.CALIBRATED)
        ours.exclude(Exists(panel)).delete()
        placements, topics = [], []
        for question in questions:
            for place in question.placements:
                exam = self.exams[place.exam]
                task = self.tasks[exam.pk, place.task]
                placements.append(Placement(question=self.rows[question.id], exam=exam, task=task))
                topics.append([self.topics[task.pk, number] for number in place.topics])
        Placement.objects.bulk_create(placements)
        through = Placement.topics.through
        through.objects.bulk_create(
            through(placement_id=placement.pk, topic_id=topic.pk)
            for placement, covered in zip(placements, topics, strict=True)
            for topic in covered
        )
        Rating.objects.bulk_create(
            Rating(
                revision=revision,
                exam=self.exams[exam],
                judge=f"desk {number}",
                value=value,
                rated_on=self.now.date(),
                method=METHOD,
            )
            for question, revision in zip(questions, revisions, strict=True)
            for exam, values in question.ratings.items()
            for number, value in enumerate(values, 1)
        )
        Standing.objects.bulk_create(
            (
                Standing(
                    revision=revision,
                    exam=self.exams[place.exam],
                    status=Status.SCORABLE if place.exam in question.ratings else Status.PRETEST,
                    rating=mean_rating(question.ratings[place.exam]) if place.exam in question.ratings else None,
                )
                for question, revision in zip(questions, revisions, strict=True)
                for place in question.placements
            ),
            ignore_conflicts=True,  # with those that stayed
        )

    def _write_enmities(self) -> None:
        """Bring pairs inside the pack in step with it; a pair with a question outside is only added."""
        inside = {row.pk: public_id for public_id, row in self.rows.items()}
        names = {enemy for question, _ in self.pack.questions.values() for enemy in question.enemies}
        ids = dict(Question.objects.filter(public_id__in=names).values_list("public_id", "pk"))
        kept = {self.rows[public_id].pk for public_id in self.kept}
        pairs = {
            (min(row.pk, ids[enemy]), max(row.pk, ids[enemy]))
            for question, _ in self.pack.questions.values()
            for enemy in question.enemies
            for row in (self.rows[question.id],)
        }
        wanted = {pair for pair in pairs if not kept & set(pair)}
        known = Enmity.objects.filter(Q(first__in=inside) | Q(second__in=inside)).values_list("pk", "first", "second")
        before = {(first, second): pk for pk, first, second in known}
        gone = [pair for pair in before if pair not in wanted and set(pair) <= set(inside) - kept]
        new = sorted(wanted - set(before))
        Enmity.objects.filter(pk__in=[before[pair] for pair in gone]).delete()
        Enmity.objects.bulk_create(Enmity(first_id=first, second_id=second) for first, second in new)
        concerned = {inside[pk] for pair in (*gone, *new) for pk in pair if pk in inside}
        self.report.changed += [public_id for public_id in self.report.unchanged if public_id in concerned]
        self.report.unchanged = [public_id for public_id in self.report.unchanged if public_id not in concerned]


def _free_ids(count: int) -> list[int]:
    """Primary keys for so many new revisions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('questions_revision', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [pk for (pk,) in cursor.fetchall()]
