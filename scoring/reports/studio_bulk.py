"""What an action would do to each question of a selection, before it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from questions import retiring
from questions.models import Revision

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One question. `why` says why nothing can be done about it; empty if it can."""

    pk: int
    public_id: str
    number: int
    stem: str
    why: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`ready` will be retired, and is posted again; `refused` cannot be. At most SHOWN of each are spelt out."""

    ready: list[Line]
    refused: list[Line]

    @property
    def ready_shown(self) -> list[Line]:
        return self.ready[:SHOWN]

    @property
    def refused_shown(self) -> list[Line]:
        return self.refused[:SHOWN]

    @property
    def ready_more(self) -> int:
        return max(0, len(self.ready) - SHOWN)

    @property
    def refused_more(self) -> int:
        return max(0, len(self.refused) - SHOWN)


def preview(chosen: Sequence[int], refusals: Mapping[int, str]) -> Preview:
    """Every chosen question with what stands against retiring it now, or stood when it was tried. One statement."""
    rows = (
        Revision.objects.filter(pk__in=chosen)
        .order_by("question__public_id", "number")
        .values_list("pk", "question__public_id", "number", "stem", "state")
    )
    lines = [
        Line(pk, public_id, number, " ".join(stem.split()), retiring.refusal(state) or refusals.get(pk, ""))
        for pk, public_id, number, stem, state in rows
    ]
    return Preview([line for line in lines if not line.why], [line for line in lines if line.why])
