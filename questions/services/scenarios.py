"""Case studies: a scenario that several questions share, and its wordings."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from questions import markdown, mentions
from questions.ids import PUBLIC_ID, SHAPE
from questions.models import Question, Revision, Scenario, ScenarioRevision
from questions.models.authoring import Act
from questions.models.bank import OPEN, RevisionState
from questions.pack.wording import digest
from questions.services.base import (
    Changed,
    Refused,
    adopt,
    keep_loader_out,
    locked_questions,
    locked_scenario,
    record,
    record_scenario,
    require_author,
    said,
)
from questions.services.drafts import newest_scenario, published_of, start_revision

MOST_TITLE, MOST_TEXT = 300, 6_000


@transaction.atomic
def create_scenario(*, public_id: str, title: str, text: str, by: User) -> ScenarioRevision:
    """A new case study with its first wording. Raises Refused."""
    require_author(by)
    now = timezone.now()
    keep_loader_out()
    title, text = _worded(title, text)
    public_id = public_id.strip()
    if not PUBLIC_ID.fullmatch(public_id):
        raise Refused(SHAPE)
    try:
        with transaction.atomic():
            scenario = Scenario.objects.create(public_id=public_id, from_studio=True)
    except IntegrityError:
        raise Refused(f"There is a case study {public_id} already.") from None
    made = _write(scenario, 1, title, text)
    record_scenario(scenario=scenario, by=by, now=now, number=1)
    return made


@transaction.atomic
def reword_scenario(*, scenario: Scenario, title: str, text: str, expected_number: int, by: User) -> ScenarioRevision:
    """A new wording. Drafts of its questions show it at once; published questions get a draft with it.

    Those are published together, once all are approved, because a form shows one wording. `expected_number` is that
    of the wording that was read. Raises Changed and Refused.
    """
    require_author(by)
    now = timezone.now()
    keep_loader_out()
    title, text = _worded(title, text)
    row = locked_scenario(scenario.pk)
    newest = row.revisions.order_by("-number").first()
    assert newest is not None  # made with the scenario
    if newest.number != expected_number:
        raise Changed
    if (newest.title, newest.text) == (title, text):
        return newest
    questions = locked_questions(Question.objects.filter(scenario=row).values_list("pk", flat=True))
    drafts = Revision.objects.filter(question__in=questions, state__in=OPEN).select_related("question")
    reviewed = [one.question.public_id for one in drafts if one.state == RevisionState.IN_REVIEW]
    if reviewed:
        raise Refused(f"{reviewed[0]} of this case study is in review; take it back or publish it first.")
    made = _write(row, newest.number + 1, title, text)
    Scenario.objects.filter(pk=row.pk).update(from_studio=True)
    adopt(*questions)
    written = {one.question_id for one in drafts}
    drafts.update(scenario_revision=made, lock_version=F("lock_version") + 1)
    for question in questions:
        if question.pk not in written and published_of(question) is not None:
            start_revision(question=question, by=by)
    record_scenario(scenario=row, by=by, now=now, number=made.number)
    return made


@transaction.atomic
def set_scenario(*, question: Question, scenario: Scenario | None, by: User) -> Question:
    """Put a question that has never been published into a case study, or take it out. Raises Refused."""
    require_author(by)
    now = timezone.now()
    if scenario is not None:
        locked_scenario(scenario.pk)
    (row,) = locked_questions([question.pk])
    revisions = list(Revision.objects.select_for_update().filter(question=row))
    if any(one.state not in OPEN for one in revisions):
        raise Refused("This question has been published; write a new one for the case study.")
    if any(one.state == RevisionState.IN_REVIEW for one in revisions):
        raise Refused("This question is in review; take it back first.")
    before = row.scenario.public_id if row.scenario else None
    if row.scenario_id == (scenario.pk if scenario else None):
        return row
    row.scenario = scenario
    row.save(update_fields=["scenario"])
    for one in revisions:
        one.scenario_revision_id = newest_scenario(row)
        one.lock_version += 1
        one.save(update_fields=["scenario_revision", "lock_version"])
    record(
        Act.SCENARIO, question=row, by=by, now=now, scenario=[before, scenario.public_id if scenario else None]
    )  # fmt: skip
    return row


def _worded(title: str, text: str) -> tuple[str, str]:
    """What may be stored; drafts show a scenario as it stands, so its images are in order from the first."""
    title, text = said(title, "a title", MOST_TITLE), said(text, "the situation", MOST_TEXT)
    if wrong := mentions.problems(text):
        raise Refused(wrong[0])
    if gone := mentions.hashes([text]) - set(markdown.pictures_of([text])):
        raise Refused(f"There is no image {min(gone)[:12]}… in the bank.")
    return title, text


def _write(scenario: Scenario, number: int, title: str, text: str) -> ScenarioRevision:
    return ScenarioRevision.objects.create(
        scenario=scenario, number=number, title=title, text=text, html=markdown.block(text),
        digest=digest({"title": title, "text": text}),
    )  # fmt: skip
