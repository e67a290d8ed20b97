"""Bringing a file in: first a plan that says what would happen to each question, then, confirmed, the drafts.

Nothing here publishes, and nobody's draft is written over. What a plan says is checked again before it is carried out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from django.db.models import QuerySet

from questions.checks import check_wording, errors
from questions.interchange.collecting import shortened
from questions.interchange.exchange import ForeignQuestion, Format, Limits, Loss, Unreadable
from questions.interchange.exporting import compared_with, foreign, pictured
from questions.interchange.fidelity import GENEROUS, changed_wording, shown
from questions.interchange.formats import format_named, sniff
from questions.interchange.names import public_id, tag
from questions.interchange.notes import Dropped, Notes
from questions.interchange.plans import Done, Fate, Outdated, Plan, Progress, Row, silent
from questions.interchange.storing import apply
from questions.kinds import KINDS, OptionContent, PromptContent
from questions.models import Exam, Placement, Task
from questions.models.bank import OPEN
from questions.writing import ReferenceContent, Writing

MOST_PARTS = 20  # options, prompts or references of a draft
LONGEST_TITLE, LONGEST_ADDRESS, MOST_TAGS = 300, 500, 20
WHOLE = "the question"


def plan(
    data: bytes,
    *,
    name: str,
    exam: Exam | None = None,
    format_name: str = "",
    task: Task | None = None,
    limits: Limits | None = None,
    progress: Progress = silent,
) -> Plan:
    """What importing the file would do. Changes nothing. Raises Unreadable.

    `name` is the file's name; it helps to find the format where `format_name` gives none. Questions go to `exam`, or
    without one to the exams that the file names; `task` is for those that name no task of the exam.
    """
    limits = limits or Limits.from_settings()
    if len(data) > limits.bytes:
        raise Unreadable(f"The file has {len(data):,} bytes; at most {limits.bytes:,} are read.")
    format_ = format_named(format_name) if format_name else sniff(data, name)
    parsed = format_.read(data, limits)
    known = {question.identifier for question in parsed.questions}
    by_question: dict[str, list[Loss]] = {}
    for loss in parsed.losses:
        by_question.setdefault(loss.where if loss.where in known and loss.what != WHOLE else "", []).append(loss)
    bank = _Bank(parsed.questions, format_, exam, task)
    rows = []
    for done, question in enumerate(parsed.questions, 1):
        rows.append(bank.row(question, by_question.get(question.identifier, [])))
        progress(done, len(parsed.questions))
    others = by_question.get("", [])
    return Plan(
        file=name,
        format=format_.name,
        label=format_.label,
        rows=(*rows, *_dropped(loss for loss in others if loss.where)),
        losses=tuple(loss for loss in others if not loss.where),
    )


def _dropped(losses: Iterable[Loss]) -> Iterable[Row]:
    """The rows of questions that the format itself dropped; names may occur several times."""
    for loss in losses:
        yield Row(Fate.DROPPED, loss.where, stem=shortened(loss.where), why=loss.why, losses=(loss,))


class _Bank:
    """What the bank knows about the questions of a file, read once."""

    def __init__(
        self, questions: Iterable[ForeignQuestion], format_: Format, exam: Exam | None, task: Task | None
    ) -> None:
        questions = list(questions)
        self.format, self.exam, self.task = format_, exam, task
        ids = {public_id(question.identifier) for question in questions}
        self.current = compared_with(ids)
        codes = {exam.code} if exam else {question.exam for question in questions}
        tasks: QuerySet[Task] = Task.objects.filter(exam__code__in=codes).select_related("exam")
        self.tasks = {(row.exam.code, row.code): row for row in tasks}
        self.exams = {exam.code for exam in Exam.objects.filter(code__in=codes)}
        self.places: dict[str, dict[str, str]] = {}  # task by exam, by question
        placements = Placement.objects.filter(question__public_id__in=ids)
        for identifier, code, standing in placements.values_list("question__public_id", "exam__code", "task__code"):
            self.places.setdefault(identifier, {})[code] = standing
        self.taken: set[str] = set()

    def row(self, question: ForeignQuestion, losses: list[Loss]) -> Row:
        """The question's row. `losses` are those of its format."""
        notes = Notes(question.identifier)
        notes.add(*losses)
        row = Row(
            Fate.DROPPED,
            identifier=question.identifier,
            public_id=public_id(question.identifier),
            kind=question.kind,
            stem=shortened(question.stem),
        )
        try:
            question = _storable(question, notes)
            code, standing = self._place(question, row.public_id, notes)
            row = replace(row, exam=code, task=standing)
            row = self._compared(row, question, notes)
        except Dropped as reason:
            notes.dropped(WHOLE, str(reason))
            return replace(row, why=str(reason), losses=tuple(notes.losses))
        return replace(row, losses=tuple(notes.losses))

    def _place(self, question: ForeignQuestion, identifier: str, notes: Notes) -> tuple[str, str]:
        """Codes of the exam and the task that the question goes to, or stands in already. Raises Dropped."""
        exam = self.exam.code if self.exam else question.exam
        if not exam:
            raise Dropped("it names no exam, and none was given")
        if not self.exam and exam not in self.exams:
            raise Dropped(f"there is no exam {shortened(exam)} here")
        if identifier not in self.current:
            return exam, self._task(question, exam, notes).code
        standing = self.places.get(identifier, {}).get(exam)
        if standing is None:
            raise Dropped(f"another question, outside {exam}, has its id")
        kept = f"a question that is in the bank already keeps its place, task {standing} of {exam}"
        if question.exam not in ("", exam):
            notes.dropped(f"its place in {shortened(question.exam)}", kept)
        elif question.task not in ("", standing):
            notes.dropped(f"its task {shortened(question.task)}", kept)
        return exam, standing

    def _task(self, question: ForeignQuestion, exam: str, notes: Notes) -> Task:
        """The task that a new question goes to. Raises Dropped."""
        named = question.exam in ("", exam)
        if named and (found := self.tasks.get((exam, question.task))):
            return found
        if self.task is None or self.task.exam.code != exam:
            if not named:
                raise Dropped(f"it belongs to {shortened(question.exam)}, and no task of {exam} was given for such")
            if question.task:
                raise Dropped(f"{exam} has no task {shortened(question.task)}, and none was given for such")
            raise Dropped(f"it names no task of {exam}, and none was given for such")
        if not named:
            notes.converted(f"its place in {shortened(question.exam)}", f"it comes to task {self.task.code} of {exam}")
        elif question.task:
            notes.converted(f"its task {shortened(question.task)}", f"{exam} has none, so it comes to {self.task.code}")
        return self.task

    def _compared(self, row: Row, question: ForeignQuestion, notes: Notes) -> Row:
        """The row against what the bank has under its id. Raises Dropped."""
        if row.public_id in self.taken:
            raise Dropped("a question before it in the file has the same id")
        self.taken.add(row.public_id)
        current = self.current.get(row.public_id)
        if current is None:
            if row.public_id in self.places:
                raise Dropped("the bank has a question of this id that has no wording")
            return replace(row, fate=Fate.ADDED, question=question, problems=_problems(question))
        known = foreign(current, exam=self.exam)
        row = replace(row, base=current.pk)
        if question.scenario and _other_situation(known, question):
            notes.dropped("scenario", "a question that is in the bank already keeps the one it has")
        if _same(known, question):
            return replace(row, fate=Fate.UNCHANGED)
        carried = self._carried(known)
        if carried and _same(carried, question):
            return replace(row, fate=Fate.UNCHANGED)
        if current.kind != question.kind:
            raise Dropped(f"in the bank it is {KINDS[current.kind].label.lower()}, and a kind cannot change")
        if current.state in OPEN:
            raise Dropped("it is being written or reviewed at the moment; finish that first")
        if carried:
            question = _completed(question, known, carried, notes)
        if pictured(known) and not pictured(question):
            notes.dropped("images", "the bank's question shows some, and the file holds their words at most")
        changes = ", ".join(changed_wording(known, question))
        return replace(row, fate=Fate.CHANGED, question=question, why=changes, problems=_problems(question))

    def _carried(self, known: ForeignQuestion) -> ForeignQuestion | None:
        """The bank's question as the format would bring it back: what it cannot carry has not changed."""
        try:
            back = self.format.read(self.format.write([known]), GENEROUS).questions
        except Unreadable:
            return None
        return back[0] if len(back) == 1 else None


def _other_situation(known: ForeignQuestion, question: ForeignQuestion) -> bool:
    texts = [shown(one.scenario.text) if one.scenario else "" for one in (known, question)]
    return texts[0] != texts[1]


def _same(one: ForeignQuestion, other: ForeignQuestion) -> bool:
    return not changed_wording(one, other)


def _completed(
    question: ForeignQuestion, known: ForeignQuestion, carried: ForeignQuestion, notes: Notes
) -> ForeignQuestion:
    """The question with the bank's rationales and references where its format has no place for them."""
    lost = changed_wording(known, carried)
    if "references" in lost and not question.references:
        question = replace(question, references=known.references)
        notes.converted("references", "the format has no place for them, so the bank's stay")
    if "rationales of answers" not in lost and "rationales of prompts" not in lost:
        return question
    options = {option.text: option.rationale for option in known.options}
    prompts = {prompt.text: prompt.rationale for prompt in known.prompts}
    notes.converted("rationales", "the format has no place for them, so the bank's stay with answers that are the same")
    return replace(
        question,
        options=tuple(replace(one, rationale=one.rationale or options.get(one.text, "")) for one in question.options),
        prompts=tuple(replace(one, rationale=one.rationale or prompts.get(one.text, "")) for one in question.prompts),
    )


def _storable(question: ForeignQuestion, notes: Notes) -> ForeignQuestion:
    """The question as rows can hold it. Raises Dropped."""
    for what, parts in (("answers", question.options), ("prompts", question.prompts)):
        if len(parts) > MOST_PARTS:
            raise Dropped(f"it has {len(parts)} {what}, at most {MOST_PARTS} fit")
    if question.kind not in KINDS:
        raise Dropped(f"its kind is not known: {shortened(question.kind)}")
    positions = [option.position for option in question.options if option.position is not None]
    if len(set(positions)) != len(positions) or any(not 1 <= position <= 99 for position in positions):
        raise Dropped("two of its steps stand in one place")
    references = []
    for number, reference in enumerate(question.references, 1):
        if number > MOST_PARTS or len(reference.url) > LONGEST_ADDRESS or not re.match("https?://", reference.url):
            notes.dropped(f"reference {number}", "it is no web address, too long, or one too many")
        else:
            references.append(replace(reference, title=reference.title[:LONGEST_TITLE] or reference.url))
    tags = tuple(dict.fromkeys(found for one in question.tags if (found := tag(one))))[:MOST_TAGS]
    if tags != question.tags:
        notes.converted(
            "tags", f"they have up to 40 small letters, digits and hyphens here, and are at most {MOST_TAGS}"
        )
    if question.rating is not None or question.statistics is not None:
        notes.converted("rating and statistics", "they are noted; what counts here is judged and measured here")
    if question.title:
        notes.converted("title", "it is noted; questions have none here")
    return replace(
        question,
        references=tuple(references),
        tags=tags,
    )


def _problems(question: ForeignQuestion) -> tuple[str, ...]:
    """What keeps the draft from being published."""
    writing = Writing(
        question.kind,
        question.stem,
        tuple(OptionContent(one.text, one.rationale, one.correct, one.position) for one in question.options),
        tuple(PromptContent(one.text, one.rationale, one.option_index + 1) for one in question.prompts),
        tuple(ReferenceContent(one.title, one.url) for one in question.references),
    )
    return tuple(finding.message for finding in errors(check_wording(writing)))


__all__ = ["Done", "Fate", "Outdated", "Plan", "Row", "apply", "plan"]
