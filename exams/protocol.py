"""What a browser and the server say to each other about a sitting, checked before anything is locked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from django.http import HttpRequest, JsonResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from exams.services.saving import Change, Receipt, Refused

MAXIMUM_BODY = 64_000  # bytes; a packet of all 65 seats takes about 10,000
MAXIMUM_CHANGES = 200

Number = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Count = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
Token = Annotated[str, StringConstraints(strict=True, max_length=8, pattern=r"^[a-z0-9]*$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


Message = TypeVar("Message", bound=Strict)


class ChangeMessage(Strict):
    sequence: Number
    seat: Annotated[int, Field(strict=True, ge=1, le=1000)]
    base: Count
    response: Annotated[list[Token], Field(max_length=10)]
    flagged: Annotated[bool, Field(strict=True)]
    spent: Count  # milliseconds on this question so far
    left: Annotated[int, Field(strict=True, ge=-(2**31), le=2**31)]  # milliseconds left when it was made


class SaveMessage(Strict):
    claim: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    changes: Annotated[list[ChangeMessage], Field(min_length=1, max_length=MAXIMUM_CHANGES)]


class EndMessage(Strict):
    claim: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    sequence: Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
    changes: Annotated[list[ChangeMessage], Field(max_length=MAXIMUM_CHANGES)] = []
    dropped: Annotated[list[Number], Field(max_length=MAXIMUM_CHANGES)] = []  # refused before, so never to arrive


def read_save(request: HttpRequest) -> tuple[int, list[Change]]:
    """Claim and changes of a save. Raises Refused."""
    message = _read(request, SaveMessage)
    return message.claim, _changes(message.changes)


@dataclass(frozen=True, slots=True)
class Ending:
    """What End exam says: who ends, which change was the last, which come along and which were given up."""

    claim: int
    sequence: int
    changes: list[Change]
    dropped: list[int]


def read_end(request: HttpRequest) -> Ending:
    """Raises Refused."""
    message = _read(request, EndMessage)
    return Ending(message.claim, message.sequence, _changes(message.changes), message.dropped)


def _read(request: HttpRequest, model: type[Message]) -> Message:
    if request.content_type != "application/json":
        raise Refused(415, "The body must be JSON.")
    # The header first: Django itself refuses to read a body far over the limit, and not in JSON.
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAXIMUM_BODY or len(request.body) > MAXIMUM_BODY:
        raise Refused(413, f"The body is larger than {MAXIMUM_BODY:,} bytes.")
    try:
        return model.model_validate_json(request.body)
    except ValidationError as invalid:
        problem = invalid.errors()[0]
        place = ".".join(str(step) for step in problem["loc"])
        raise Refused(400, f"The body is not a valid message: {place or 'JSON'}: {problem['msg']}.") from invalid


def _changes(messages: list[ChangeMessage]) -> list[Change]:
    sequences = {message.sequence for message in messages}
    if len(sequences) != len(messages):
        raise Refused(400, "The body is not a valid message: two changes have the same sequence number.")
    return [
        Change(
            sequence=message.sequence,
            seat=message.seat,
            base=message.base,
            response=message.response,
            flagged=message.flagged,
            spent_ms=message.spent,
            left_ms=message.left,
        )
        for message in messages
    ]


def acknowledge(receipt: Receipt, claim: int, **more: Any) -> JsonResponse:
    """The answer to a packet that was stored. Sent after COMMIT; it names the claim and every sequence number."""
    return JsonResponse(
        {
            "claim": claim,
            "acknowledged": {str(sequence): outcome for sequence, outcome in receipt.outcomes.items()},
            "versions": {str(seat): version for seat, version in receipt.versions.items()},
            "standing": {str(seat): answer for seat, answer in receipt.standing.items()},
            "newest_claim": receipt.claim,
            "state": receipt.state,
            "remaining": round(receipt.remaining.total_seconds() * 1000),
            "now": receipt.now.isoformat(),
            **more,
        }
    )


def refuse(refused: Refused, **more: Any) -> JsonResponse:
    """The answer to a packet that changed nothing."""
    body: dict[str, Any] = {"error": refused.sentence, **more}
    if refused.state:
        body["state"] = refused.state
    if refused.sequences:
        body["refused"] = refused.sequences
    return JsonResponse(body, status=refused.code)
