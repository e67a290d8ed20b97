"""Review: somebody else reads the wording, says what is wrong with it, and lets it be published."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.access import has_role
from accounts.models import User
from accounts.roles import Role
from questions import checks
from questions.models import Comment, Review, Revision
from questions.models.authoring import Act, Verdict
from questions.models.bank import RevisionState
from questions.services.base import (
    MOST_SAID,
    Changed,
    Refused,
    locked_question,
    locked_revision,
    reasoned,
    record,
    require_author,
    said,
    storable,
)
from questions.services.knowing import writers_of
from questions.writing import PLACE


class Blocked(Refused):
    """The checks stand in the way: errors, or warnings that nobody has let pass. `findings` are those."""

    def __init__(self, message: str, findings: list[checks.Finding]) -> None:
        super().__init__(message)
        self.findings = findings


@transaction.atomic
def submit(*, revision: Revision, reviewer: User, expected_version: int, by: User) -> Revision:
    """Hand a draft to its reviewer. From now on its wording stands still until it is decided or taken back.

    `expected_version` is the version that was read. Raises Blocked, Changed and Refused.
    """
    require_author(by)
    now = timezone.now()
    row = _locked(revision)
    if row.state != RevisionState.DRAFT:
        raise Refused(f"This revision is {row.get_state_display().lower()}, not a draft.")
    if row.lock_version != expected_version:
        raise Changed
    own = _check_reviewer(row, reviewer)
    if wrong := checks.errors(_findings(row)):
        raise Blocked("There are errors to be mended first.", wrong)
    row.state, row.reviewer, row.own_review = RevisionState.IN_REVIEW, reviewer, own
    row.submitted_at, row.submitted_by = now, by
    row.save(update_fields=["state", "reviewer", "own_review", "submitted_at", "submitted_by"])
    record(
        Act.SUBMIT, question=row.question, revision=row, by=by, now=now,
        version=row.lock_version, reviewer=str(reviewer), own=own,
    )  # fmt: skip
    return row


@transaction.atomic
def take_back(*, revision: Revision, by: User) -> Revision:
    """Make what is in review a draft again; an approval is void then.

    Only its author or whoever submitted it may, a superuser, or anybody when both accounts are gone.
    """
    require_author(by)
    now = timezone.now()
    row = _in_review(revision)
    theirs = {row.author_id, row.submitted_by_id} - {None}
    if theirs and by.pk not in theirs and not by.is_superuser:
        raise Refused("Only its author, or whoever submitted it, can take it back; ask for changes instead.")
    _reopen(row)
    record(Act.TAKE_BACK, question=row.question, revision=row, by=by, now=now)
    return row


@transaction.atomic
def assign_reviewer(*, revision: Revision, reviewer: User, by: User) -> Revision:
    """Name another reviewer for what is in review and not yet approved."""
    require_author(by)
    now = timezone.now()
    row = _in_review(revision)
    if row.approval_id is not None:
        raise Refused("It has been approved already.")
    if row.reviewer_id == reviewer.pk:
        return row
    row.own_review, row.reviewer = _check_reviewer(row, reviewer), reviewer
    row.save(update_fields=["reviewer", "own_review"])
    record(
        Act.ASSIGN, question=row.question, revision=row, by=by, now=now, reviewer=str(reviewer), own=row.own_review
    )  # fmt: skip
    return row


@transaction.atomic
def approve(*, revision: Revision, expected_version: int, by: User, note: str = "") -> Review:
    """Let the wording be published. Only the named reviewer may, of the version that was read.

    Refused while a comment is open. Raises Changed and Refused.
    """
    row = _to_decide(revision, expected_version, by)
    if row.approval_id is not None:
        raise Refused("It has been approved already.")
    if Comment.objects.filter(revision=row, resolved_at__isnull=True).exists():
        raise Refused("There are open comments; resolve them, or ask for changes.")
    review = _decide(row, by, Verdict.APPROVE, storable(note, MOST_SAID))
    row.approval = review
    row.save(update_fields=["approval"])
    return review


@transaction.atomic
def ask_for_changes(*, revision: Revision, expected_version: int, note: str, by: User) -> Review:
    """Give it back to its author as a draft, with a note and whatever comments there are.

    Only the named reviewer may, of the version that was read; an approval of their own is void then.
    """
    row = _to_decide(revision, expected_version, by)
    review = _decide(row, by, Verdict.CHANGES, said(note, "a note on what shall change"))
    _reopen(row)
    return review


@transaction.atomic
def comment(*, revision: Revision, place: str, text: str, by: User) -> Comment:
    """Remark on a place (`questions.writing.PLACE`) of a revision, whatever its state.

    Saying the same again while it is open changes nothing.
    """
    require_author(by)
    now = timezone.now()
    if not PLACE.fullmatch(place):
        raise Refused("There is no such place in a question.")
    text = said(text, "a comment")
    row = _locked(revision)
    same = Comment.objects.filter(revision=row, author=by, place=place, text=text, resolved_at__isnull=True).first()
    if same:  # sent twice
        return same
    made = Comment.objects.create(revision=row, author=by, place=place, text=text)
    record(Act.COMMENT, question=row.question, revision=row, by=by, now=now, comment=made.pk, place=place)
    return made


@transaction.atomic
def resolve(*, comment: Comment, by: User) -> Comment:
    """Say that a comment is settled. Doing it twice changes nothing."""
    require_author(by)
    now = timezone.now()
    row = Comment.objects.select_for_update(of=("self",)).select_related("revision__question").filter(pk=comment.pk)
    found = row.first()
    if found is None:
        raise Refused("This comment has been deleted with its draft.")
    if found.resolved_at is None:
        found.resolved_at, found.resolved_by = now, by
        found.save(update_fields=["resolved_at", "resolved_by"])
        record(
            Act.RESOLVE, question=found.revision.question, revision=found.revision, by=by, now=now,
            comment=found.pk, place=found.place,
        )  # fmt: skip
    return found


@transaction.atomic
def acknowledge(*, revision: Revision, rule: str, place: str, reason: str, by: User) -> Revision:
    """Let the warnings of a rule about a place pass, with a reason. It holds until the warning says something else."""
    require_author(by)
    now = timezone.now()
    reason = reasoned(reason)
    row = _locked(revision)
    if row.state not in (RevisionState.DRAFT, RevisionState.IN_REVIEW):
        raise Refused("It is published already.")
    meant = [
        one for one in checks.unacknowledged(row, _findings(row)) if (one.rule, one.place) == (rule, place)
    ]  # fmt: skip
    if not meant:
        raise Refused("This warning is not there any more.")
    row.acknowledged = row.acknowledged + [
        {"rule": rule, "place": place, "message": one.message, "reason": reason, "by": by.pk, "at": now.isoformat()}
        for one in meant
    ]
    row.save(update_fields=["acknowledged"])
    record(
        Act.ACKNOWLEDGE, question=row.question, revision=row, by=by, now=now, rule=rule, place=place, reason=reason
    )  # fmt: skip
    return row


# ---- what they share -----------------------------------------------------------------------------------------------


def _locked(revision: Revision) -> Revision:
    locked_question(revision.question_id)
    return locked_revision(revision.pk)


def _in_review(revision: Revision) -> Revision:
    row = _locked(revision)
    if row.state != RevisionState.IN_REVIEW:
        raise Refused("This revision is not in review.")
    return row


def _to_decide(revision: Revision, expected_version: int, by: User) -> Revision:
    require_author(by)
    row = _in_review(revision)
    if row.lock_version != expected_version:
        raise Changed
    if row.reviewer_id != by.pk:
        raise Refused("Only the named reviewer decides.")
    _check_reviewer(row, by)  # again: the setting may have changed
    return row


def _decide(row: Revision, by: User, verdict: Verdict, note: str) -> Review:
    now = timezone.now()
    review = Review.objects.create(
        revision=row, author_id=row.author_id, reviewer=by, own=row.own_review, verdict=verdict, note=note,
        lock_version=row.lock_version, reviewed_at=now,
    )  # fmt: skip
    act = Act.APPROVE if verdict == Verdict.APPROVE else Act.CHANGES
    record(act, question=row.question, revision=row, by=by, now=now, version=row.lock_version, own=row.own_review)
    return review


def _reopen(row: Revision) -> None:
    """Make it a draft; who reviewed it stays named, for the next time."""
    row.state, row.approval = RevisionState.DRAFT, None
    row.submitted_at = row.submitted_by = None
    row.save(update_fields=["state", "approval", "submitted_at", "submitted_by"])


def _check_reviewer(row: Revision, reviewer: User) -> bool:
    """Whether the reviewer wrote in it, which only SELF_REVIEW allows. Raises Refused."""
    if not has_role(reviewer, Role.AUTHOR):
        raise Refused(f"{reviewer} is not an author and cannot review.")
    own = reviewer.pk in writers_of(row)
    if own and not settings.SELF_REVIEW:
        raise Refused(f"{reviewer} wrote in this draft and cannot review it.")
    return own


def _findings(row: Revision) -> list[checks.Finding]:
    return checks.check_revision(Revision.objects.with_content().get(pk=row.pk))
