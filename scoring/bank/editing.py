"""The editor's form: a draft as rows whose names stay when they move, read from the bank or from what was posted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from django.http import QueryDict

from questions.kinds import OptionContent, PromptContent
from questions.models import Revision
from questions.services.base import MOST_TEXT, Refused
from questions.services.drafts import ADDRESS, MOST_PARTS, POSITION, TITLE
from questions.writing import ReferenceContent, Writing, of_revision

ROW = re.compile(r"[1-9][0-9]{0,3}")
CHOICES = ("multiple_choice", "multiple_response")
# What an empty question begins with: options and prompts. An ordering's steps begin in their right order.
BEGIN_WITH = {"multiple_choice": (4, 0), "multiple_response": (5, 0), "ordering": (4, 0), "matching": (3, 3)}
# What each row posts, as <part>-<row>-<field>.
FIELDS = {"option": ("text", "rationale"), "prompt": ("text", "rationale"), "reference": ("title", "url")}
LIMITS = {"title": TITLE, "url": ADDRESS}
PARTS = tuple(FIELDS)
ACT = re.compile(rf"(?P<what>{'|'.join(PARTS)}):(?P<how>add|remove|up|down)(?::(?P<row>{ROW.pattern}))?")


@dataclass(frozen=True, slots=True)
class Row:
    """An option, prompt or reference in the form. `match` names the row of a prompt's option, "" when there is none.

    A reference has its title as `text` and its address as `more`; the others have their rationale there.
    """

    name: str
    text: str = ""
    more: str = ""
    correct: bool = False
    position: int | None = None
    match: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A draft in the form: which revision and version it is of, and its rows in order."""

    kind: str
    revision: int
    version: int
    stem: str = ""
    option: tuple[Row, ...] = field(default=())
    prompt: tuple[Row, ...] = field(default=())
    reference: tuple[Row, ...] = field(default=())

    @property
    def writing(self) -> Writing:
        """The same as plain content."""
        numbers = {row.name: number for number, row in enumerate(self.option, 1)}
        return Writing(
            kind=self.kind,
            stem=self.stem,
            options=tuple(OptionContent(row.text, row.more, row.correct, row.position) for row in self.option),
            prompts=tuple(PromptContent(row.text, row.more, numbers.get(row.match, 0)) for row in self.prompt),
            references=tuple(ReferenceContent(row.text, row.more) for row in self.reference),
        )

    @property
    def positions(self) -> range:
        """The places that steps of an ordering may be given; those that are given already included."""
        given = [row.position for row in self.option if row.position is not None]
        return range(1, max(len(self.option), *given, 1) + 1)

    def rows(self, what: str) -> tuple[Row, ...]:
        rows: tuple[Row, ...] = getattr(self, what)
        return rows


def of_draft(revision: Revision) -> Sheet:
    """What stands in the bank; an empty draft gets empty rows of its kind to begin with."""
    writing = of_revision(revision)
    sheet = of_writing(writing, revision=revision.pk, version=revision.lock_version)
    if writing.stem or writing.options or writing.prompts or writing.references:
        return sheet
    options, prompts = BEGIN_WITH[writing.kind]
    steps = writing.kind == "ordering"
    return replace(
        sheet,
        option=tuple(Row(str(name), position=name if steps else None) for name in range(1, options + 1)),
        prompt=tuple(Row(str(name)) for name in range(1, prompts + 1)),
        reference=(Row("1"),),
    )


def of_writing(writing: Writing, *, revision: int, version: int) -> Sheet:
    """Content as rows that are named by their numbers."""
    return Sheet(
        kind=writing.kind,
        revision=revision,
        version=version,
        stem=writing.stem,
        option=tuple(
            Row(str(place), one.text, one.rationale, one.correct, one.position)
            for place, one in enumerate(writing.options, 1)
        ),
        prompt=tuple(
            Row(str(place), one.text, one.rationale, match=str(one.option) if one.option else "")
            for place, one in enumerate(writing.prompts, 1)
        ),
        reference=tuple(Row(str(place), one.title, one.url) for place, one in enumerate(writing.references, 1)),
    )


def of_post(posted: QueryDict, kind: str) -> Sheet:
    """What a form brought, whoever wrote it. Raises Refused for what no draft could hold."""
    correct = set(posted.getlist("correct")) if kind in CHOICES else set()
    if kind == "multiple_choice":
        correct = set(posted.getlist("correct")[:1])
    found: dict[str, tuple[Row, ...]] = {}
    for what in PARTS:
        if what == "prompt" and kind != "matching":
            found[what] = ()
            continue
        found[what] = tuple(_row(posted, what, name, kind, correct) for name in _names(posted, what))
    return Sheet(
        kind=kind,
        revision=number(posted.get("revision", "")) or 0,
        version=number(posted.get("version", "")) or 0,
        stem=_text(posted.get("stem", "")),
        option=found["option"],
        prompt=found["prompt"],
        reference=found["reference"],
    )


def _names(posted: QueryDict, what: str) -> Iterator[str]:
    names = [name for name in dict.fromkeys(posted.getlist(what)) if ROW.fullmatch(name)]
    if len(names) > MOST_PARTS:
        raise Refused(f"A question cannot have {len(names)} {what}s.")
    yield from names


def _row(posted: QueryDict, what: str, name: str, kind: str, correct: set[str]) -> Row:
    text, more = (_text(posted.get(f"{what}-{name}-{part}", ""), LIMITS.get(part, MOST_TEXT)) for part in FIELDS[what])
    if what == "option":
        position = number(posted.get(f"option-{name}-position", "")) if kind == "ordering" else None
        if position is not None and not 1 <= position <= POSITION:
            raise Refused(f"A step cannot stand in position {position}.")
        return Row(name, text, more, name in correct, position)
    match = posted.get(f"prompt-{name}-match", "") if what == "prompt" else ""
    return Row(name, text, more, match=match if ROW.fullmatch(match) else "")


def _text(value: str, most: int = MOST_TEXT) -> str:
    """Line ends as they are stored, so that what comes back unchanged is equal."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if len(value) > most:
        raise Refused(f"A text has {len(value):,} characters, at most {most:,} fit.")
    return value


def number(value: str) -> int | None:
    """A number as a form posts it; None for anything else."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def changed(sheet: Sheet, act: str) -> Sheet | None:
    """The rows after an act such as "option:up:3" or "reference:add"; None when there is no such act.

    What cannot be done, such as moving the first row up, changes nothing.
    """
    asked = ACT.fullmatch(act)
    if asked is None or (asked["what"] == "prompt" and sheet.kind != "matching"):
        return None
    what, how = asked["what"], asked["how"]
    rows = list(sheet.rows(what))
    if how == "add":
        if len(rows) < MOST_PARTS:
            rows.append(Row(str(max((int(row.name) for row in rows), default=0) + 1)))
        return _with(sheet, what, rows)
    place = next((place for place, row in enumerate(rows) if row.name == asked["row"]), None)
    if place is None:
        return sheet
    if how == "remove":
        del rows[place]
    else:
        other = place + (1 if how == "down" else -1)
        if 0 <= other < len(rows):
            rows[place], rows[other] = rows[other], rows[place]
    return _with(sheet, what, rows)


def _with(sheet: Sheet, what: str, rows: list[Row]) -> Sheet:
    if what == "option":
        return replace(sheet, option=tuple(rows))
    return replace(sheet, prompt=tuple(rows)) if what == "prompt" else replace(sheet, reference=tuple(rows))


def anchor(sheet: Sheet, place: str) -> str:
    """The id of the control that a place (`questions.writing.PLACE`) names."""
    what, _, number = place.rpartition(" ")
    if not number.isdigit():
        return {"stem": "stem", "options": "h-option", "prompts": "h-prompt", "references": "h-reference"}.get(
            place, "title"
        )
    part, control = {
        "option": ("option", "text"),
        "key": ("option", "position" if sheet.kind == "ordering" else "correct"),
        "rationale": ("option", "rationale"),
        "prompt": ("prompt", "text"),
        "match": ("prompt", "match"),
        "prompt rationale": ("prompt", "rationale"),
        "reference": ("reference", "title"),
    }.get(what, ("", ""))
    rows = sheet.rows(part) if part else ()
    if not 1 <= int(number) <= len(rows):
        return "title"
    return f"{part}-{rows[int(number) - 1].name}-{control}"


def after(sheet: Sheet, act: str) -> str:
    """The id of the control to go on at once the rows have been saved, which names them by their numbers."""
    asked = ACT.fullmatch(act)
    if asked is None or asked["how"] == "remove":
        return f"h-{asked['what']}" if asked else "title"
    what, how, rows = asked["what"], asked["how"], sheet.rows(asked["what"])
    if how == "add":
        return f"{what}-{len(rows)}-{FIELDS[what][0]}"
    place = next((place for place, row in enumerate(rows, 1) if row.name == asked["row"]), 1)
    return f"{what}-{place}-{how}"
