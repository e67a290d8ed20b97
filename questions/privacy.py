"""What this room holds about a person: what they wrote, reviewed, rated and looked for."""

from __future__ import annotations

import datetime as dt
import secrets

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from accounts.models import ERASED_NAME, User
from accounts.privacy import Holding, Parting, Sections, Subject, rows
from questions.models import (
    Audit,
    Comment,
    Domain,
    Enmity,
    Exam,
    Image,
    ImportRow,
    ImportUpload,
    KindShare,
    Option,
    Placement,
    Prompt,
    Question,
    Rating,
    RatingRequest,
    Reference,
    Review,
    Revision,
    SavedFilter,
    Scenario,
    ScenarioRevision,
    SearchEntry,
    Standing,
    Task,
    Topic,
)
from questions.services.ratings import label

ID, NUMBER = "revision__question__public_id", "revision__number"


def collect(subject: Subject, now: dt.datetime) -> Sections:
    """By reference: the questions are the bank's, and their keys stay in it."""
    user = subject.user
    if user is None:
        return {}
    wrote = Revision.objects.filter(Q(author=user) | Q(submitted_by=user) | Q(reviewer=user)).order_by("pk")
    return {
        "Questions you wrote, submitted or were to review": [
            {
                "question": one.question.public_id, "revision": one.number, "state": one.get_state_display(),
                "made": one.created_at, "published": one.published_at, "author": one.author_id == user.pk,
                "submitted": one.submitted_by_id == user.pk, "reviewer": one.reviewer_id == user.pk,
            }
            for one in wrote.select_related("question")
        ],
        "Comments on questions": rows(
            Comment.objects.filter(author=user).order_by("pk").values(ID, NUMBER, "place", "text", "created_at")
        ),
        "Comments you resolved": rows(
            Comment.objects.filter(resolved_by=user).order_by("pk").values(ID, NUMBER, "place", "resolved_at")
        ),
        "Reviews of questions": rows(
            Review.objects.filter(reviewer=user).order_by("pk").values(ID, NUMBER, "verdict", "note", "reviewed_at")
        ),
        "Questions you were asked to rate": rows(
            RatingRequest.objects.filter(judge=user).order_by("pk").values(
                ID, NUMBER, "exam__code", "round", "due", "answered_at", "value", "done_at"
            )
        ),
        "Ratings that count": rows(
            Rating.objects.filter(judge=label(user.pk)).order_by("pk").values(
                ID, NUMBER, "exam__code", "round", "value", "rated_on", "method"
            )
        ),
        "What you did to questions": rows(
            Audit.objects.filter(who=user).order_by("pk").values("public_id", "when", "act")
        ),
        "Images you brought": rows(Image.objects.filter(uploaded_by=user).order_by("pk").values("sha256", "alt")),
        "Files you brought": rows(
            ImportUpload.objects.filter(owner=user).order_by("pk").values("name", "size", "state", "created_at")
        ),
        "Saved filters": rows(SavedFilter.objects.filter(owner=user).order_by("pk").values("name", "query")),
    }  # fmt: skip


def erase(parting: Parting) -> None:
    """What was published stays, with nobody's name; keys to the person are emptied with the account itself."""
    user = parting.subject.user
    if user is None:
        return
    judge, nobody = label(user.pk), f"former judge {secrets.token_hex(4)}"
    Rating.objects.filter(judge=judge).update(judge=nobody)
    for entry in _naming(user, judge):
        detail = dict(entry.detail)
        if detail.get("reviewer") == user.get_full_name():
            detail["reviewer"] = ERASED_NAME
        if judge in (detail.get("judges") or ()):
            detail["judges"] = [nobody if one == judge else one for one in detail["judges"]]
        Audit.objects.filter(pk=entry.pk).update(detail=detail)


def _naming(user: User, judge: str) -> list[Audit]:
    text = Audit.objects.annotate(said=Cast("detail", TextField()))
    return list(text.filter(Q(detail__reviewer=user.get_full_name()) | Q(said__contains=f'"{judge}"')))


HOLDING = Holding(
    room="questions",
    covers={
        Revision: "Questions you wrote, submitted or were to review", Comment: "Comments on questions",
        Review: "Reviews of questions", RatingRequest: "Questions you were asked to rate",
        Rating: "Ratings that count", Audit: "What you did to questions", Image: "Images you brought",
        ImportUpload: "Files you brought", ImportRow: "Files you brought", SavedFilter: "Saved filters",
    },
    impersonal={
        **dict.fromkeys((Exam, KindShare, Domain, Task, Topic), "the outline of an exam"),
        **dict.fromkeys((Scenario, ScenarioRevision, Question, Option, Prompt, Reference), "wording of the bank"),
        **dict.fromkeys((Placement, Placement.topics.through, Enmity), "where a question belongs"),
        Standing: "what is known of a question’s difficulty",
        SearchEntry: "words of the bank to search by",
    },
    collect=collect,
    erase=erase,
)  # fmt: skip
