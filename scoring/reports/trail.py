"""Who did what to a question, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from questions.models import Audit
from questions.models.authoring import Act

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One act and what is known of it besides."""

    row: Audit
    more: str

    @property
    def number(self) -> int | None:
        """The revision's number on that day; a draft may have got another since."""
        number: int | None = self.row.detail.get("number")
        return number


def rows_of(public_id: str) -> QuerySet[Audit]:
    """The trail of the question, newest first; of a case study with the same id there is none in it."""
    rows = Audit.objects.filter(public_id=public_id).exclude(question__isnull=True, act=Act.SCENARIO)
    return rows.select_related("who", "revision")


def latest(public_id: str, count: int) -> list[Entry]:
    """One statement."""
    return [entry_of(row) for row in rows_of(public_id)[:count]]


def page_of(public_id: str, page: str) -> Page[Entry]:
    """Two statements."""
    found: Page[Any] = Paginator(rows_of(public_id), PER_PAGE).get_page(page)
    found.object_list = [entry_of(row) for row in found.object_list]
    return found


def entry_of(row: Audit) -> Entry:
    words = MORE.get(Act(row.act))
    return Entry(row, words(row.detail) if words else "")


# ---- what the detail of each act says ------------------------------------------------------------------------------

Detail = dict[str, Any]


def _reviewer(detail: Detail) -> str:
    return f"to {detail.get('reviewer', '')}{', who wrote in it' if detail.get('own') else ''}"


def _rated(detail: Detail) -> str:
    said = [f"{detail.get('exam', '')}, round {detail.get('round', '')}"]
    if "judges" in detail:
        judges = detail["judges"]
        said.append(f"{judges if isinstance(judges, int) else len(judges)} judges")
    if "rating" in detail:
        said.append(f"mean {detail['rating']}")
    return ", ".join(said)


def _labels(detail: Detail) -> str:
    if "tags" not in detail:
        return "notes"
    before, after = (", ".join(tags) or "none" for tags in detail["tags"])
    return f"tags: {before} → {after}"


def _place(detail: Detail) -> str:
    before, after = (where[0] if where else "nowhere" for where in detail.get("place", [None, None]))
    return f"{detail.get('exam', '')}: {before} → {after}"


def _enemies(detail: Detail) -> str:
    return f"{'with' if detail.get('enemies') else 'no longer with'} {detail.get('other', '')}"


def _scenario(detail: Detail) -> str:
    before, after = (name or "none" for name in detail.get("scenario", [None, None]))
    return f"{before} → {after}"


def _published(detail: Detail) -> str:
    passed = detail.get("acknowledged", 0)
    return f"{passed} warning{'s' * (passed != 1)} let pass" if passed else ""


MORE: dict[Act, Callable[[Detail], str]] = {
    Act.CREATE: lambda detail: f"{detail.get('exam', '')} {detail.get('task', '')}",
    Act.REVISE: lambda detail: f"from revision {detail.get('based_on', '')}",
    Act.REBASE: lambda detail: f"revision {detail.get('based_on', '')}",
    Act.DELETE: lambda detail: f"“{detail.get('stem', '')[:80]}”",
    Act.LABEL: _labels,
    Act.PLACE: _place,
    Act.ENEMIES: _enemies,
    Act.SCENARIO: _scenario,
    Act.SUBMIT: _reviewer,
    Act.ASSIGN: _reviewer,
    Act.COMMENT: lambda detail: detail.get("place", ""),
    Act.RESOLVE: lambda detail: detail.get("place", ""),
    Act.ACKNOWLEDGE: lambda detail: f"{detail.get('place', '')}: {detail.get('reason', '')}",
    Act.APPROVE: lambda detail: "own review" if detail.get("own") else "",
    Act.PUBLISH: _published,
    Act.RETIRE: lambda detail: detail.get("reason", ""),
    Act.WITHDRAW: lambda detail: detail.get("reason", ""),
    Act.ASK_JUDGES: _rated,
    Act.RATE: _rated,
    Act.CLOSE_ROUND: _rated,
    Act.APPROVE_ROUND: _rated,
}
