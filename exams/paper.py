"""A form as its candidate may see it: numbers, texts and opaque tokens, and nothing that gives a key away.

Only this module turns seats into what is sent during a sitting, so that one place decides what leaves the house.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from exams.models import Answer, Form, Seat, Sitting
from questions.kinds import CASE_STUDY, KINDS
from questions.mentions import words
from questions.models import Exam, Revision

# The clock may be stopped for a while; a device that has been away for longer than this comes too late anyhow.
KEPT_LONGER = dt.timedelta(hours=12)
FORMS_KEPT = 64  # by each process, some 200 kB each


@dataclass(frozen=True, slots=True)
class Choice:
    """An option under its token and the letter of its place."""

    token: str
    letter: str
    html: str
    text: str
    chosen: bool
    struck: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A prompt of a matching question and the token chosen for it, "" when there is none."""

    number: int
    html: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A case study's situation and the seats that share it."""

    title: str
    html: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One question on the sitting page."""

    number: int
    kind: str
    label: str
    template: str
    slots: int
    stem: str
    scenario: Scenario | None
    choices: list[Choice]
    order: list[Choice]  # an ordering's chosen steps, first to last
    matches: list[Match]
    version: int
    flagged: bool
    spent_ms: int
    state: str
    base: str  # what a form without scripts says that this page showed
    stored: list[str]
    untouched: bool = False  # nothing of the candidate's own is in it
    content: str = ""  # names what stands there and in which order

    @property
    def complete(self) -> bool:
        """Whether an ordering takes no more steps."""
        return len(self.order) >= self.slots

    @property
    def empty(self) -> list[str]:
        """What the places of an ordering that are still free say."""
        free = ["Add one more step"] * (self.slots - len(self.order))
        return free if self.order else ["Add the first step", *free[1:]]

    def said(self, response: Sequence[str]) -> str:
        """A response in words."""
        shown = {choice.token: choice for choice in self.choices}
        if not any(response):
            return "No answer"
        if self.kind == "matching":
            return "; ".join(
                f"{place}: {shown[token].text if token else '–'}" for place, token in enumerate(response, 1)
            )
        if self.kind == "ordering":
            return "; ".join(f"{place}. {shown[token].text}" for place, token in enumerate(response, 1))
        return "; ".join(f"{shown[token].letter}. {shown[token].text}" for token in response)

    @property
    def spare(self) -> str:
        """How many of an ordering's steps stay out, in words."""
        count = len(self.choices) - self.slots
        return "One is not needed" if count == 1 else f"{count} are not needed"


class Unsaved(Protocol):
    """A question as a form posted it."""

    @property
    def version(self) -> int: ...
    @property
    def response(self) -> Sequence[str]: ...
    @property
    def flagged(self) -> bool: ...
    @property
    def base(self) -> str | None: ...


def imprint(response: Sequence[str], flagged: bool) -> str:
    """An answer in one line, by which a form tells what was changed since the page came."""
    return ",".join(["f" if flagged else "-", *response])


def page(sitting: Sitting, *, now: dt.datetime, unsaved: Mapping[int, Unsaved] | None = None) -> dict[str, Any]:
    """Everything that the sitting page shows. A constant number of statements.

    `unsaved` is what a form brought and was not saved, by seat: it is shown instead of what is stored.
    """
    sheets = sheets_of(sitting, unsaved or {})
    current = sitting.last_seat if 1 <= sitting.last_seat <= len(sheets) else 1
    answered = sum(sheet.state == "answered" for sheet in sheets)
    return {
        "sitting": sitting,
        "notices": list(sitting.messages.order_by("number")) if sitting.notices else [],
        "exam": sitting.exam,
        "form": sitting.form,
        "sheets": sheets,
        "current": current,
        "case": sheets[current - 1].scenario is not None,
        "answered": answered,
        "unanswered": len(sheets) - answered,
        "flagged": sum(sheet.flagged for sheet in sheets),
        "remaining_ms": round(sitting.remaining(now).total_seconds() * 1000),
        "rendered": now.isoformat(),
        "until_ms": round(keep_until(sitting).timestamp() * 1000),
        "limit_ms": round(sitting.limit.total_seconds() * 1000),
    }


def keep_until(sitting: Sitting) -> dt.datetime:
    """When a browser may throw away what it keeps of the sitting: nothing of it can count any more."""
    return sitting.deadline + dt.timedelta(seconds=sitting.grace_seconds) + KEPT_LONGER


def sheets_of(sitting: Sitting, unsaved: Mapping[int, Unsaved] | None = None) -> list[Sheet]:
    """The form's questions in order with what has been answered."""
    answers = {answer.seat: answer for answer in Answer.objects.filter(sitting=sitting)}
    posted = unsaved or {}
    return [_sheet(sheet, answers.get(sheet.number), posted.get(sheet.number)) for sheet in blank(sitting.form)]


def blank(form: Form) -> Sequence[Sheet]:
    """The form's questions as somebody sees them who has answered nothing. No statement, or else a constant number."""
    return _frozen(form.pk, form.created_at)


@lru_cache(maxsize=FORMS_KEPT)
def _frozen(form_id: int, created_at: dt.datetime) -> tuple[Sheet, ...]:
    """Of a form nothing changes that a candidate sees, nor of a published wording: each process reads it once.

    `created_at` is there for a database that was put back and gives a number to another form.
    """
    seats = list(Seat.objects.filter(form=form_id).order_by("number"))
    revisions = (
        Revision.objects.select_related("scenario_revision")
        .prefetch_related("options", "prompts")
        .in_bulk([seat.revision_id for seat in seats])
    )
    sharing: dict[int, list[int]] = {}
    for seat in seats:
        scenario = revisions[seat.revision_id].scenario_revision
        if scenario:
            sharing.setdefault(scenario.scenario_id, []).append(seat.number)
    return tuple(_blank(seat, revisions[seat.revision_id], sharing) for seat in seats)


def forget_forms() -> None:
    """Read every form anew; for measuring."""
    _frozen.cache_clear()


def _blank(seat: Seat, revision: Revision, sharing: dict[int, list[int]]) -> Sheet:
    kind = KINDS[seat.kind]
    options = {option.number: option for option in revision.options.all()}
    scenario = revision.scenario_revision
    shared = sharing[scenario.scenario_id] if scenario else []
    return Sheet(
        number=seat.number,
        kind=seat.kind,
        label=kind.label,
        template=kind.template,
        slots=seat.slots,
        stem=revision.stem_html,
        scenario=Scenario(scenario.title, scenario.html, shared[0], shared[-1]) if scenario else None,
        choices=[
            Choice(token, chr(ord("A") + place), options[number].html, words(options[number].text), False, False)
            for place, (number, token) in enumerate(zip(seat.options, seat.tokens, strict=True))
        ],
        order=[],
        matches=[Match(prompt.number, prompt.html, "") for prompt in revision.prompts.all()],
        version=0,
        flagged=False,
        spent_ms=0,
        state="unanswered",
        untouched=True,
        content=f"{revision.pk}.{'.'.join(seat.tokens)}",
        base=imprint([], False),
        stored=[],
    )


def _sheet(sheet: Sheet, answer: Answer | None, unsaved: Unsaved | None) -> Sheet:
    """The blank sheet with what was answered, or with what a form brought instead."""
    if answer is None and unsaved is None:
        return sheet
    stored = list(answer.response) if answer else []
    base = imprint(stored, bool(answer and answer.flagged))
    answer = copy(answer) if answer else Answer(version=0)
    if unsaved:
        answer.response, answer.flagged = list(unsaved.response), unsaved.flagged
        answer.version, base = unsaved.version, unsaved.base or base
    response = list(answer.response)
    choices = [
        replace(choice, chosen=choice.token in response, struck=choice.token in answer.struck)
        for choice in sheet.choices
    ]
    by_token = {choice.token: choice for choice in choices}
    return replace(
        sheet,
        choices=choices,
        order=[by_token[token] for token in response] if sheet.kind == "ordering" else [],
        matches=[
            replace(match, chosen=response[place] if place < len(response) else "")
            for place, match in enumerate(sheet.matches)
        ],
        version=answer.version,
        flagged=answer.flagged,
        spent_ms=answer.spent_ms,
        state=_state(sheet, response),
        untouched=False,
        base=base,
        stored=stored,
    )


def _state(sheet: Sheet, response: list[str]) -> str:
    if KINDS[sheet.kind].is_complete(response, slots=sheet.slots):
        return "answered"
    return "incomplete" if any(response) else "unanswered"


def kinds_of(exam: Exam) -> list[str]:
    """The kinds that the exam's forms hold, as the instructions name them."""
    labels = {kind.name: kind.label for kind in KINDS.values()} | {CASE_STUDY: "Case study"}
    return [labels[share.kind] for share in exam.kind_shares.filter(form_maximum__gt=0)]
