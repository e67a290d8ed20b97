"""Steps that many tests of the exam screen take."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from exams.models import Answer, Seat, Sitting
from tests.e2e.paper import Paper

OFFLINE = r"net::ERR_|error occurred when fetching the script"  # what Chromium says when the network is gone
BACKOFF = 40_000  # milliseconds; the page waits longer after each failure, up to some twenty seconds

# How a window looks from outside: what is open, what it says, and whether it may answer.
STATE = """
() => {
  if (!document.body || !document.querySelector("#sitting")) return {page: location.protocol};
  const open = [...document.querySelectorAll("dialog[open]")].map((one) => one.id.replace("-dialog", ""));
  return {page: "sitting", ready: "ready" in document.body.dataset,
          view: document.body.dataset.view ?? "", open, status: document.querySelector("#save-status").dataset.state,
          text: document.querySelector("#ended-text").textContent,
          conflict: !document.querySelector("#conflict-notice").hidden,
          readOnly: document.querySelector(".questions").inert};
}
"""


def choices(sitting: Sitting, count: int) -> list[Seat]:
    """The first so many multiple choice questions."""
    return list(sitting.form.seats.filter(kind="multiple_choice").order_by("number")[:count])


def scored_choice(sitting: Sitting) -> Seat:
    return sitting.form.seats.filter(kind="multiple_choice", scored=True).order_by("number")[0]


def stored(sitting: Sitting) -> dict[int, list[str]]:
    return dict(Answer.objects.filter(sitting=sitting).exclude(response=[]).values_list("seat", "response"))


def give(paper: Paper, seat: Seat, place: int = 0) -> None:
    paper.go(seat.number)
    paper.answer(seat, [seat.tokens[place]])


def leave(sitting: Sitting, *, grace: int = 120, **left: float) -> Sitting:
    """Set the clock of a sitting: it began so long ago that only `left` (minutes, seconds) remains."""
    sitting.refresh_from_db()
    sitting.started_at = timezone.now() + dt.timedelta(**left) - sitting.limit
    sitting.deadline = sitting.computed_deadline()
    sitting.grace_seconds = grace
    sitting.save(update_fields=["started_at", "deadline", "grace_seconds"])
    return sitting
