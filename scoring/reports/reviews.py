"""What waits for a person: revisions to review, own drafts that were sent back, own approved ones to publish."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from questions.models import Audit, Review, Revision
from questions.models.authoring import Act, Verdict
from questions.models.bank import RevisionState

SHOWN = 50  # of each list


@dataclass(frozen=True, slots=True)
class Queue:
    """Revisions that wait for one thing, the longest waiting first."""

    rows: list[Revision]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class Waiting:
    review: Queue
    sent_back: Queue
    publish: Queue

    @property
    def total(self) -> int:
        return self.review.total + self.sent_back.total + self.publish.total


def waiting_for(person: User) -> Waiting:
    """A constant number of statements."""
    to_review, sent_back, to_publish = _conditions(person)
    return Waiting(_queue(to_review, "submitted_at"), _queue(sent_back, "decided_at"), _queue(to_publish, "decided_at"))


def waiting_count(person: User) -> int:
    """How many revisions wait for this person. One statement."""
    to_review, sent_back, to_publish = _conditions(person)
    return _revisions().filter(to_review | sent_back | to_publish).count()


def _revisions() -> QuerySet[Revision]:
    """With the last verdict on each and when it was given."""
    last = Review.objects.filter(revision=OuterRef("pk")).order_by("-id")
    return Revision.objects.annotate(
        verdict=Subquery(last.values("verdict")[:1]), decided_at=Subquery(last.values("reviewed_at")[:1])
    )


def _conditions(person: User) -> tuple[Q, Q, Q]:
    submitted = Audit.objects.filter(revision=OuterRef("pk"), act=Act.SUBMIT, who=person)
    mine = Q(author=person) | Q(Exists(submitted))
    in_review = Q(state=RevisionState.IN_REVIEW)
    return (
        in_review & Q(approval__isnull=True, reviewer=person),
        Q(state=RevisionState.DRAFT, verdict=Verdict.CHANGES) & mine,
        in_review & Q(approval__isnull=False) & mine,
    )


def _queue(condition: Q, since: str) -> Queue:
    rows = _revisions().filter(condition)
    shown = (
        rows.select_related("question", "author", "reviewer", "submitted_by")
        .annotate(open_comments=Count("comments", filter=Q(comments__resolved_at__isnull=True)))
        .order_by(since, "pk")
    )
    return Queue(list(shown[:SHOWN]), rows.count())
