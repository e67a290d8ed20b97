"""What tests of a question's statistics page share: a question, its address, and what a run says of it."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from exams.models import Seat
from questions.models import Exam, Revision, Standing
from questions.models.bank import RevisionState
from scoring.models import CalibrationRun, RunItem

CHARTS = ("curve", "options", "history")
PAGES = ("bank_question", *(f"bank_question_{chart}" for chart in CHARTS))


def seat_of(exam: Exam, kind: str = "multiple_choice") -> Seat:
    return Seat.objects.filter(form__exam=exam, form__reference=True, kind=kind, scored=True)[0]


def address(seat: Seat, name: str = "bank_question", **asked: object) -> str:
    page = reverse(name, args=["MLA-C01", seat.revision.question.public_id])
    return page + ("?" if asked else "") + "&".join(f"{key}={value}" for key, value in asked.items())


def item(run: CalibrationRun, seat: Seat, **fields: object) -> RunItem:
    """The run's item of the revision that stands at the seat, changed."""
    found = RunItem.objects.get(run=run, revision=seat.revision_id)
    for name, value in fields.items():
        setattr(found, name, value)
    found.save()
    return found


def record(*label: int, key: bool = False, n: int = 100, share: float | None = 0.2, r: float | None = -0.1,
           thirds: tuple[float | None, ...] = (0.3, 0.2, 0.1), flagged: bool = False) -> dict[str, object]:  # fmt: skip
    return {"label": label, "key": key, "n": n, "share": share, "thirds": thirds, "correlation": r, "flagged": flagged}


def revised(seat: Seat) -> Revision:
    """A new published revision of the question at the seat; the one on the seat is superseded."""
    old = seat.revision
    Revision.objects.filter(pk=old.pk).update(state=RevisionState.SUPERSEDED)
    new = Revision.objects.create(
        question=old.question, number=old.number + 1, kind=old.kind, stem="New words",
        stem_html="<p>New words</p>", digest="1" * 64,
    )  # fmt: skip
    for option in old.options.all():
        option.pk, option.revision = None, new
        option.save()
    new.state, new.published_at = RevisionState.PUBLISHED, timezone.now()
    new.save()
    standing = Standing.objects.get(exam__code="MLA-C01", revision=old)
    Standing.objects.create(revision=new, exam=standing.exam, status=standing.status, rating=standing.rating)
    return new
