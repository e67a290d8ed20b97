"""Publishing freezes a wording; retiring and withdrawing take it out of use.

What forms do about a withdrawn question is `exams.services.withdrawing`, which calls `withdraw` here.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from questions import checks, markdown
from questions.models import Audit, Comment, Option, Placement, Prompt, Question, Revision, Scenario, Standing
from questions.models.authoring import Act
from questions.models.bank import FROZEN, OPEN, RevisionState
from questions.pack.wording import digest, wording
from questions.services.base import (
    Changed,
    Refused,
    adopt,
    keep_loader_out,
    locked_question,
    locked_questions,
    locked_revision,
    reasoned,
    record,
    require_author,
)
from questions.services.drafts import newest_scenario, published_of
from questions.services.retiring import take_out
from questions.services.review import Blocked
from questions.writing import of_revision


class Superseded(Refused):
    """Another wording has been published since this draft was begun; `current` is that one. `drafts.rebase` helps."""

    def __init__(self, current: Revision) -> None:
        super().__init__("Another wording has been published since this draft was begun; compare the two first.")
        self.current = current


@transaction.atomic
def publish(*, revision: Revision, expected_version: int, by: User) -> Revision:
    """Freeze what was approved and let new forms draw it, as pretest in every exam that it is placed in.

    The wording that was published is superseded; sittings keep it. Questions of a case study whose scenario has been
    reworded are published together, once all of them are approved. Refused while a comment on any of them is open.
    Raises Blocked, Changed, Superseded and Refused.
    """
    require_author(by)
    now = timezone.now()
    keep_loader_out()
    question = _locked_with_case(revision)
    row = locked_revision(revision.pk)
    if row.lock_version != expected_version:
        raise Changed
    _check_approved(row)
    rows = [row, *_siblings(row, question)]
    for one in rows:
        _check(one)
    for one in rows:
        _freeze(one, by, now)
    return rows[0]


@transaction.atomic
def retire(*, question: Question, reason: str, by: User) -> Revision:
    """Take a published question out of use. Forms that stand ready with it are replaced when the pools are next filled.

    It stays in the bank, sittings keep it, and a draft of it may be published later. Raises Refused.
    """
    return _take_out(question, reason, by, Act.RETIRE)


@transaction.atomic
def withdraw(*, question: Question, reason: str, by: User) -> Revision:
    """Take a leaked or wrong question out of use at once; one that was retired may still stand on forms, and is, too.

    Call `exams.services.withdrawing.withdraw`, which also takes it off the forms that stand ready. Raises Refused.
    """
    return _take_out(question, reason, by, Act.WITHDRAW)


def withdrawable(question: Question) -> Revision | None:
    """What withdrawing takes out of use: the published wording, or the last one if that was retired.

    None where there is no such wording, or it has been withdrawn already.
    """
    last = _last_frozen(question)
    if last is None or last.state == RevisionState.SUPERSEDED:
        return None
    gone = last.state == RevisionState.RETIRED and Audit.objects.filter(revision=last, act=Act.WITHDRAW).exists()
    return None if gone else last


def _last_frozen(question: Question) -> Revision | None:
    frozen = Revision.objects.filter(question=question, state__in=FROZEN)
    return frozen.published().first() or frozen.order_by("-published_at", "-number").first()


def _take_out(question: Question, reason: str, by: User, act: Act) -> Revision:
    require_author(by)
    now = timezone.now()
    reason = reasoned(reason)
    keep_loader_out()
    row = locked_question(question.pk)
    current = withdrawable(row) if act == Act.WITHDRAW else published_of(row)
    if current is None:
        raise Refused("This question is not published, so there is nothing to take out of use.")
    current = locked_revision(current.pk)
    take_out([current], act=act, reason=reason, by=by, now=now)
    return current


# ---- publishing ----------------------------------------------------------------------------------------------------


def _locked_with_case(revision: Revision) -> Question:
    """The question, locked, with all that belong to its case study, because those may be published with it."""
    scenario = Question.objects.filter(pk=revision.question_id).values_list("scenario_id", flat=True).first()
    if scenario is None:
        return locked_question(revision.question_id)
    Scenario.objects.select_for_update(no_key=True).get(pk=scenario)
    related = Question.objects.filter(scenario=scenario).values_list("pk", flat=True)
    rows = {row.pk: row for row in locked_questions([*related, revision.question_id])}
    return rows[revision.question_id]


def _siblings(row: Revision, question: Question) -> list[Revision]:
    """The other questions' drafts that must be published with this one, so that a case study shows one wording."""
    if question.scenario_id is None:
        return []
    others = Revision.objects.filter(question__scenario=question.scenario_id).exclude(question=question)
    behind = others.published().exclude(scenario_revision=row.scenario_revision_id).order_by("question__public_id")
    found = []
    for published in behind.select_related("question"):
        draft = Revision.objects.filter(question=published.question, state__in=OPEN).first()
        if draft is None or draft.state != RevisionState.IN_REVIEW or draft.approval_id is None:
            raise Refused(
                f"The case study has been reworded, so that its questions are published together; "
                f"{published.question.public_id} has not been approved yet."
            )
        found.append(locked_revision(draft.pk))
    return found


def _check_approved(row: Revision) -> None:
    if row.state != RevisionState.IN_REVIEW:
        raise Refused(f"This revision is {row.get_state_display().lower()}; only what is in review can be published.")
    if row.approval_id is None:
        raise Refused("This revision has not been approved.")


def _check(row: Revision) -> None:
    """Raise unless the checks, the scenario and what is published now let it out."""
    question, name = row.question, row.question.public_id
    current = published_of(question)
    if current is not None and current.pk != row.based_on_id:
        raise Superseded(current)
    if Comment.objects.filter(revision=row, resolved_at__isnull=True).exists():
        raise Refused(f"There are open comments on {name}; resolve them, or ask for changes.")
    if row.scenario_revision_id != newest_scenario(question):
        raise Refused(f"The case study of {name} has been reworded since; take it back and save it again.")
    written = Revision.objects.with_content().get(pk=row.pk)
    if current is not None and digest_of(written) == digest_of(Revision.objects.with_content().get(pk=current.pk)):
        raise Refused(f"The wording of {name} is the one that is published already.")
    findings = checks.check_revision(written)
    if wrong := checks.errors(findings):
        raise Blocked(f"There are errors to be mended in {name}.", wrong)
    if left := checks.unacknowledged(row, findings):
        raise Blocked(f"There are warnings about {name} that nobody has let pass with a reason.", left)


def digest_of(revision: Revision) -> str:
    """Digest of the wording, the one that a pack with these words has; reads the content (`with_content`)."""
    scenario = revision.scenario_revision.digest if revision.scenario_revision else ""
    return digest(wording(of_revision(revision)), scenario)


def _freeze(row: Revision, by: User, now: dt.datetime) -> None:
    written = Revision.objects.with_content().get(pk=row.pk)
    options, prompts = list(written.options.all()), list(written.prompts.all())
    shown = markdown.pictures_of(text for _, text in of_revision(written).texts())
    parts: list[Option | Prompt] = [*options, *prompts]
    for part in parts:
        part.html, part.rationale_html = markdown.inline(part.text, shown), markdown.inline(part.rationale, shown)
    Option.objects.bulk_update(options, ["html", "rationale_html"])
    Prompt.objects.bulk_update(prompts, ["html", "rationale_html"])
    question = row.question
    Revision.objects.published().filter(question=question).update(state=RevisionState.SUPERSEDED)
    row.state, row.published_at = RevisionState.PUBLISHED, now
    row.stem_html, row.digest = markdown.stem(row.stem, shown), digest_of(written)
    row.save(update_fields=["state", "published_at", "stem_html", "digest"])
    Standing.objects.bulk_create(
        Standing(revision=row, exam_id=exam)
        for exam in Placement.objects.filter(question=question).values_list("exam_id", flat=True)
    )
    adopt(question)
    record(
        Act.PUBLISH, question=question, revision=row, by=by, now=now,
        version=row.lock_version, acknowledged=len(row.acknowledged),
    )  # fmt: skip
