"""GIFT's grammar: a file into blocks, a block into its parts. What the parts mean is not known here.

An escaped sign becomes a code point that no text holds (`text.tidy` takes them out of every file) until a part is read,
so that splitting at signs never meets an escaped one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

ESCAPED = ":#={}~n\\"
HIDDEN = {sign: chr(0xFDD0 + number) for number, sign in enumerate(ESCAPED)}
SHOWN = {hidden: "\n" if sign == "n" else sign for sign, hidden in HIDDEN.items()}
ESCAPE = re.compile(r"\\([:#={}~n\\])")
RESERVED = re.compile(r"[\\#=~{}:\n]")
IDENTIFIER = re.compile(r"\[id:((?:\\\]|[^\]])+)\]")
TAG = re.compile(r"\[tag:((?:\\\]|[^\]])+)\]")
FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]")
WEIGHT = re.compile(r"%(-?[0-9]{1,3}(?:\.[0-9]*)?)%")
MISSING = "_____"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text and its format, one of html, moodle, plain and markdown."""

    text: str
    format: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`right` where it stands after an equals sign, `weight` in per cent where one is given."""

    text: Text
    feedback: Text
    right: bool = False
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Everything between two empty lines. `answers` is what stands in braces, None for a description."""

    category: str = ""
    identifier: str = ""
    tags: tuple[str, ...] = ()
    title: str = ""
    stem: Text = field(default=Text("", "moodle"))
    answers: str | None = None
    general: Text = field(default=Text("", "moodle"))
    missing_word: bool = False
    broken: str = ""


def hide(text: str) -> str:
    return ESCAPE.sub(lambda found: HIDDEN[found[1]], text)


def show(text: str) -> str:
    return "".join(SHOWN.get(sign, sign) for sign in text).strip()


def escaped(text: str) -> str:
    """The text as GIFT writes it, on one line."""
    return RESERVED.sub(lambda found: "\\n" if found[0] == "\n" else f"\\{found[0]}", text)


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a file; `text` has been through `text.tidy`."""
    for lines in _parted(text):
        comments = [line for line in lines if line.lstrip().startswith("//")]
        said = [line for line in lines if not line.lstrip().startswith("//")]
        start = 0
        while start < len(said) and said[start].lstrip().startswith(
            "$CATEGORY:"
        ):  # some files have no empty line after it
            yield Block(category=show(hide(said[start].strip()).removeprefix("$CATEGORY:")))
            start += 1
        if body := hide("\n".join(said[start:]).strip()):
            yield _block(body, "\n".join(comments))


def _parted(text: str) -> Iterator[list[str]]:
    """Lines between empty lines."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            lines.append(line)
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def _block(body: str, comments: str) -> Block:
    comments = comments[: comments.rfind("]") + 1]  # else all that begins like a tag would look for its end
    identifier = IDENTIFIER.search(comments)
    tags = tuple(found[1].replace("\\]", "]").strip() for found in TAG.finditer(comments))
    title = ""
    if body.startswith("::") and "::" in body[2:]:
        title, _, body = body[2:].partition("::")
    about = {
        "identifier": identifier[1].replace("\\]", "]").strip() if identifier else "",
        "tags": tags,
        "title": " ".join(show(title).split()),
    }
    start, end = body.find("{"), body.find("}")
    if start < 0 and end < 0:
        return Block(**about, stem=formatted(body, "moodle"))  # type: ignore[arg-type]
    if start < 0 or end < start:
        return Block(**about, stem=formatted(body, "moodle"), broken="its braces do not match")  # type: ignore[arg-type]
    inside, after = body[start + 1 : end].strip(), body[end + 1 :]
    # A full stop or question mark behind the braces still belongs to the sentence, so something is missing in it.
    gap = bool(after.strip())
    stem = formatted(body[:start] + (MISSING + after if gap else ""), "moodle")
    general = ""
    if "####" in inside:
        inside, _, general = inside.rpartition("####")
    return Block(
        **about,  # type: ignore[arg-type]
        stem=stem,
        answers=inside.strip(),
        general=formatted(general, stem.format),
        missing_word=gap,
        broken="it has braces twice" if "{" in after or "}" in after else "",
    )


def formatted(text: str, default: str) -> Text:
    text = text.strip()
    found = FORMAT.match(text)
    return Text(show(text[found.end() :]), found[1]) if found else Text(show(text), default)


def choices(inside: str, format_: str) -> list[Answer]:
    """Answers that begin with a tilde or an equals sign."""
    found = []
    for part in re.split(r"(?=[~=])", inside):
        if part[:1] not in ("~", "="):
            continue
        right, text = part[0] == "=", part[1:].strip()
        weight = None if right else WEIGHT.match(text)
        text = text[weight.end() :] if weight else text
        said, _, feedback = text.partition("#")
        if not said.strip() and not feedback.strip():
            continue
        found.append(
            Answer(formatted(said, format_), formatted(feedback, format_), right, float(weight[1]) if weight else None)
        )
    return found


def pairs(inside: str, format_: str) -> list[tuple[Text, str]]:
    """Prompts with their answers, which are plain text."""
    found = []
    for part in inside.split("="):
        prompt, arrow, answer = part.partition("->")
        if arrow:
            found.append((formatted(prompt, format_), show(answer)))
    return found


def truth(inside: str, format_: str) -> tuple[bool, Text, Text] | None:
    """The right answer, feedback for the wrong one and for the right one; None where it is no true or false."""
    said, _, rest = inside.partition("#")
    if (word := said.strip().upper()) not in ("T", "TRUE", "F", "FALSE"):
        return None
    wrong, _, right = rest.partition("#")
    return word.startswith("T"), formatted(wrong, format_), formatted(right, format_)


# White space goes with what it leads to: runs of it side by side would share a long one in every possible way.
STEPS = re.compile(
    r">(?:\s*([0-9]+))?(?:\s*(ALL|EXACT|RANDOM|REL|CONTIGUOUS|CONTIG))?(?:\s*(HORIZONTAL|HORI|H|1|VERTICAL|VERT|V|0))?"
    r"(?:[ \t]*([A-Z_]+))?[ \t]*\n",
)
HEAD = 100  # characters in which steps say how they are to be shown


def steps(inside: str) -> tuple[str, str, list[str]] | None:
    """How steps are selected and graded, and the steps, one on each line; None where nothing is put in order."""
    head = STEPS.match(inside, 0, HEAD)
    if not head:
        return None
    lines = [show(line) for line in inside[head.end() :].split("\n")]
    return head[2] or "", head[4] or "", [line for line in lines if line]
