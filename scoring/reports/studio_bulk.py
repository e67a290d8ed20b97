"""What an action would do to each question of a selection, before it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from questions.models import Revision
from questions.models.bank import RevisionState
from questions.services import retiring

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Action:
    """Something that is done to a selection. `refusal` says of a state why it stands in the way; `most` is how many
    can be done at once. The button says `verb`, the address is named `url`."""

    url: str
    verb: str
    ready: str
    refused: str
    note: str
    refusal: Callable[[str], str]
    most: int = 1_000_000
    danger: bool = False


def _not_a_draft(state: str) -> str:
    return "" if state == RevisionState.DRAFT else f"It is {RevisionState(state).label.lower()}, not a draft."


RETIRE = Action(
    url="studio_retire",
    verb="Retire",
    ready="To be retired",
    refused="Not retired",
    note="New forms no longer draw them. Forms and sittings that hold them keep what they have.",
    refusal=retiring.refusal,
    danger=True,
)
TAG = Action(
    url="studio_tag",
    verb="Tag",
    ready="To be tagged",
    refused="Not tagged",
    note="Tags belong to a question, whatever its wording; what is there already stays as it is.",
    refusal=lambda state: "",
    most=1_000,
)
SUBMIT = Action(
    url="studio_submit",
    verb="Submit",
    ready="To be submitted for review",
    refused="Not submitted",
    note="Each is checked first. What has errors stays a draft; the others are submitted.",
    refusal=_not_a_draft,
    most=50,
)


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
    """`ready` will be done, and is posted again; `refused` cannot be. At most SHOWN of each are spelt out."""

    action: Action
    ready: list[Line]
    refused: list[Line]

    @property
    def too_many(self) -> bool:
        return len(self.ready) > self.action.most

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


def preview(action: Action, chosen: Sequence[int], refusals: Mapping[int, str]) -> Preview:
    """Every chosen question with what stands against it now, or stood when it was tried. One statement."""
    rows = (
        Revision.objects.filter(pk__in=chosen)
        .order_by("question__public_id", "number")
        .values_list("pk", "question__public_id", "number", "stem", "state")
    )
    lines = [
        Line(pk, public_id, number, " ".join(stem.split()), action.refusal(state) or refusals.get(pk, ""))
        for pk, public_id, number, stem, state in rows
    ]
    return Preview(action, [line for line in lines if not line.why], [line for line in lines if line.why])
