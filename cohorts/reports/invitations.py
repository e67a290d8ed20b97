"""The invitations of a cohort: who was invited, whether the mail left, and what became of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, CharField, Count, Q, Value, When

from cohorts.models import Cohort, Invitation
from cohorts.services.mailing import INTERRUPTED, WAITS

PAGE = 100


@dataclass(frozen=True, slots=True)
class State:
    key: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Invitations:
    page: Page[Any]  # invitations, each with `state`
    states: tuple[State, ...]
    chosen: str
    total: int

    @property
    def stuck(self) -> int:
        """How many could be sent again at once (services.inviting.is_stuck)."""
        return sum(state.count for state in self.states if state.key in ("failed", "expired"))


LABELS = {
    "queued": "To be sent",
    "sent": "Sent",
    "failed": "Not sent",
    "expired": "Expired",
    "accepted": "Accepted",
}


def invitations_of(cohort: Cohort, *, state: str, page: str, now: dt.datetime) -> Invitations:
    """Those in one state, or all when `state` is none. Three statements."""
    mine = Invitation.objects.filter(cohort=cohort).annotate(state=_state(now))
    counts = dict(mine.order_by().values_list("state").annotate(Count("pk")))
    chosen = state if state in LABELS else ""
    shown = (mine.filter(state=chosen) if chosen else mine).select_related("accepted_by").order_by("email")
    states = tuple(State(key, label, counts[key]) for key, label in LABELS.items() if counts.get(key))
    return Invitations(Paginator(shown, PAGE).get_page(page), states, chosen, sum(counts.values()))


def _state(now: dt.datetime) -> Case:
    """The key in LABELS."""
    return Case(
        When(accepted_at__isnull=False, then=Value("accepted")),
        When(expires_at__lte=now, then=Value("expired")),
        When(sent_at__isnull=False, then=Value("sent")),
        When(Q(problem=INTERRUPTED) | Q(tries__gte=len(WAITS)), then=Value("failed")),
        default=Value("queued"),
        output_field=CharField(),
    )
