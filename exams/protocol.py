"""What a browser and the server say to each other about a sitting, checked before anything is locked."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Iterable
from typing import Annotated, Any, Self, TypeVar

from django.core import signing
from django.http import HttpRequest, JsonResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from exams.models import Answer, KeptChange, Notice, Sitting
from exams.services.changes import PAD, Change, Receipt, Refused
from operations import figures

MAXIMUM_BODY = 64_000  # bytes; a packet of all 65 seats takes about 10,000
MAXIMUM_CHANGES = 200
MAXIMUM_PAD = 3_000  # bytes of UTF-8
MAXIMUM_RANGES = 40  # highlighted places in one text
LONGEST_TEXT = 50_000  # characters that a highlight can lie in

Number = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Count = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
Claim = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
Token = Annotated[str, StringConstraints(strict=True, max_length=8, pattern=r"^[a-z0-9]*$")]
Left = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31)]  # milliseconds of the exam's time
Seat = Annotated[int, Field(strict=True, ge=0, le=1000)]
Offline = Annotated[list[tuple[Left, Left]], Field(max_length=20, default_factory=list)]
Tokens = Annotated[list[Token], Field(max_length=10, default_factory=list)]


def ascending(marks: list[int]) -> list[int]:
    """Start, end, start, end, ...: each behind the one before."""
    if len(marks) % 2 or any(one >= other for one, other in itertools.pairwise(marks)):
        raise ValueError("must be pairs of start and end in ascending order")
    return marks


def short(text: str) -> str:
    if len(text.encode()) > MAXIMUM_PAD or "\0" in text:
        raise ValueError(f"must be at most {MAXIMUM_PAD:,} bytes of text")
    return text


Marks = Annotated[
    list[Annotated[int, Field(strict=True, ge=0, le=LONGEST_TEXT)]],
    Field(max_length=2 * MAXIMUM_RANGES, default_factory=list),
    AfterValidator(ascending),
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


Message = TypeVar("Message", bound=Strict)


class ChangeMessage(Strict):
    """The state of a seat, or of the note pad, which is seat 0 and has a text only."""

    sequence: Number
    seat: Seat
    base: Count
    response: Tokens
    flagged: Annotated[bool, Field(strict=True)] = False
    struck: Tokens
    marks: Marks
    scenario: Marks  # highlights in the text that a case study's questions share
    text: Annotated[str, Field(strict=True, max_length=MAXIMUM_PAD), AfterValidator(short)] = ""
    spent: Count = 0  # milliseconds on this question so far
    left: Left  # milliseconds left when it was made
    settles: Annotated[list[tuple[Claim, Number]], Field(max_length=20, default_factory=list)]
    touched: Annotated[bool, Field(strict=True)] = True  # false: the response is only what the window knew
    after: tuple[Claim, Number] | None = None  # the change of an earlier claim upon which it was made

    @model_validator(mode="after")
    def only_the_pad_has_a_text(self) -> Self:
        if self.seat == PAD and (self.response or self.flagged or self.struck or self.marks or self.scenario):
            raise ValueError("the note pad takes no answer")
        if self.seat != PAD and self.text:
            raise ValueError("only the note pad has a text")
        return self


class Packet(Strict):
    """What saves and End have in common."""

    claim: Claim
    at: Seat = 0  # the question on the screen
    offline: Offline  # spans without a connection: time left at their start and end


class SaveMessage(Packet):
    changes: Annotated[list[ChangeMessage], Field(min_length=1, max_length=MAXIMUM_CHANGES)]


class EndMessage(Packet):
    sequence: Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
    changes: Annotated[list[ChangeMessage], Field(max_length=MAXIMUM_CHANGES, default_factory=list)]
    # Refused before, so never to arrive.
    dropped: Annotated[list[Number], Field(max_length=MAXIMUM_CHANGES, default_factory=list)]
    expired: Annotated[bool, Field(strict=True)] = False  # the window's clock ended it, not the candidate
    left: Left | None = None


def read_save(request: HttpRequest) -> dict[str, Any]:
    """The arguments of `saving.save` that a request brings. Raises Refused."""
    return _arguments(_read(request, SaveMessage))


def read_end(request: HttpRequest) -> dict[str, Any]:
    """The arguments of `saving.end` that a request brings. Raises Refused."""
    message = _read(request, EndMessage)
    return _arguments(message) | {
        "sequence": message.sequence,
        "dropped": message.dropped,
        "expired": message.expired,
        "left_ms": message.left,
    }


def _arguments(message: SaveMessage | EndMessage) -> dict[str, Any]:
    return {
        "claim": message.claim,
        "changes": _changes(message.changes),
        "at_seat": message.at,
        "offline": message.offline,
    }


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
            struck=message.struck,
            marks=message.marks,
            scenario_marks=message.scenario,
            text=message.text,
            settles=message.settles,
            touched=message.touched or message.seat == PAD,
            after=message.after,
        )
        for message in messages
    ]


def acknowledge(receipt: Receipt, claim: int, sitting_id: uuid.UUID, **more: Any) -> JsonResponse:
    """The answer to a packet that was stored. Sent after COMMIT; it names the claim and every sequence number."""
    figures.saved(receipt.outcomes.values())
    body: dict[str, Any] = {
        "claim": claim,
        "acknowledged": {str(sequence): outcome for sequence, outcome in receipt.outcomes.items()},
        "versions": {str(seat): version for seat, version in receipt.versions.items()},
        "newest_claim": receipt.claim,
        "state": receipt.state,
        "remaining": _milliseconds(receipt.remaining),
        "now": receipt.now.isoformat(),
    }
    if receipt.total:
        body["total"] = receipt.total
    if receipt.standing:
        body["standing"] = {str(seat): answer for seat, answer in receipt.standing.items()}
    if receipt.conflicts:
        body["conflicts"] = receipt.conflicts
    if receipt.paused:
        body["paused"] = True
    if receipt.supervised:
        body["pulse"] = pulse_token(sitting_id)
    return JsonResponse(body | more)


def standing(sitting: Sitting, now: dt.datetime) -> dict[str, Any]:
    """Where a sitting stands, without its answers."""
    body: dict[str, Any] = {
        "state": sitting.state,
        "remaining": _milliseconds(sitting.remaining(now)),
        "newest_claim": sitting.claim,
        "conflicts": sitting.open_conflicts,
        "paused": sitting.is_paused,
    }
    if sitting.notices:
        body["notices"] = sitting.notices  # how many messages there are; the page asks for those that it lacks
    return body | ({"pulse": pulse_token(sitting.pk)} if sitting.supervised else {})


def messages(sitting: Sitting) -> dict[str, list[list[Any]]]:
    """What staff have told the candidate, oldest first: number, time, text. No statement where there is nothing."""
    if not sitting.notices:
        return {}
    rows = Notice.objects.filter(sitting=sitting).order_by("number")
    return {"messages": [[notice.number, notice.at.isoformat(), notice.text] for notice in rows]}


def others(sitting: Sitting) -> dict[str, list[Any]]:
    """Answers of older windows that the newest one does not know of."""
    return {str(answer.seat): stored(answer) for answer in Answer.objects.brought_by_others(sitting)}


def stored(answer: Answer) -> list[Any]:
    """What stands at a seat, for a window that starts from it."""
    return [
        answer.version,
        answer.response,
        answer.flagged,
        answer.spent_ms,
        answer.struck,
        answer.marks,
        answer.scenario_marks,
    ]


def kept(changes: Iterable[KeptChange]) -> list[dict[str, Any]]:
    """Changes among which the candidate has to choose."""
    return [
        {
            "claim": change.claim,
            "sequence": change.sequence,
            "seat": change.seat,
            "response": change.response,
            "text": change.text,
        }
        for change in changes
    ]


# A pulse is asked for by so many pages that it may cost one statement: the token stands for session and person.
def pulse_token(sitting_id: uuid.UUID) -> str:
    return _pulse().signature(str(sitting_id))


def is_pulse_token(sitting_id: uuid.UUID, token: str) -> bool:
    """Also one that an older key has signed: pages that are open keep theirs while the key is exchanged."""
    try:
        return _pulse().unsign(f"{sitting_id}:{token}") == str(sitting_id)
    except signing.BadSignature:
        return False


def _pulse() -> signing.Signer:
    return signing.Signer(salt="exams.pulse")


def _milliseconds(duration: dt.timedelta) -> int:
    return round(duration.total_seconds() * 1000)


def refuse(refused: Refused, **more: Any) -> JsonResponse:
    """The answer to a packet that changed nothing."""
    body: dict[str, Any] = {"error": refused.sentence, **more}
    if refused.state:
        body["state"] = refused.state
    if refused.sequences:
        body["refused"] = refused.sequences
    return JsonResponse(body, status=refused.code)
