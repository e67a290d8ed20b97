"""What is wrong with a draft, while it is written and before it is published.

Errors keep a question from being published. Warnings advise: whoever publishes nevertheless says why.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from questions.flaws import flaws_of
from questions.kinds import Problem
from questions.likeness import nearest
from questions.mentions import hashes, problems
from questions.models import Image, Placement, Question, Revision
from questions.models.bank import OPEN, RevisionState
from questions.pack.schema import ABOVE_CHANCE, MAXIMUM_RATING, Address
from questions.writing import Writing, of_revision, place_of

Severity = Literal["error", "warning"]

# As in a pack, so that what is published here can be exported.
MOST_TEXT, MOST_LINE, MOST_RATIONALE = 6_000, 300, 2_000
LEAST_RATIONALE = 20
HIGHEST_POSITION = 9
RATING_BAND = (0.35, 0.90)  # in which nearly all mean ratings lie
SPREAD = 30  # hundredths between two judges of one question, above which they should talk
ALIKE_SHOWN = 5
LIKENESS = "alike"  # the rule about questions that are nearly this one

_ADDRESS: TypeAdapter[Any] = TypeAdapter(Address)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: the rule, the place (`questions.writing.PLACE`), how grave it is, and a sentence.

    `others` holds public ids of the questions that it speaks of.
    """

    rule: str
    place: str
    severity: Severity
    message: str
    others: tuple[str, ...] = ()


def errors(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity == "error"]


def warnings(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity == "warning"]


def check(*, writing: Writing, question: Question | None = None, likeness: bool = True) -> list[Finding]:
    """Everything beside the editor, errors first. `question` is the one that is written. At most four statements.

    Without `likeness` the bank is not read for questions that are nearly this one, which takes long where it is large.
    """
    found = check_wording(writing) + check_images(writing)
    if likeness:
        found += check_likeness(stem=writing.stem, question=question)
    if question is not None:
        found += _check_placement(question)
    return sorted(found, key=lambda one: one.severity != "error")


def check_revision(revision: Revision, *, likeness: bool = True) -> list[Finding]:
    """Everything about what is stored; reads options, prompts and references, so prefetch them (`with_content`)."""
    return check(writing=of_revision(revision), question=revision.question, likeness=likeness)


def unacknowledged(revision: Revision, findings: Iterable[Finding]) -> list[Finding]:
    """Warnings that nobody has let pass. A reason holds for the same words about the same place."""
    let_pass = {(entry["rule"], entry["place"], entry["message"]) for entry in revision.acknowledged}
    return [one for one in warnings(findings) if (one.rule, one.place, one.message) not in let_pass]


# ---- the wording alone ---------------------------------------------------------------------------------------------


def check_wording(writing: Writing) -> list[Finding]:
    """What can be said of the words alone; no statement."""
    found = [Finding(rule, place, "error", message) for rule, place, message in _wording_errors(writing)]
    grave = {one.place for one in found}
    # A missing rationale is not also too short.
    flaws = [one for one in flaws_of(writing) if one.rule not in ("rationale", "reference") or one.place not in grave]
    return found + [Finding(one.rule, one.place, "warning", _sentence(one.message)) for one in flaws]


Errors = Iterator[tuple[str, str, str]]


def _wording_errors(writing: Writing) -> Errors:
    yield from _text("stem", "The stem", writing.stem)
    for number, option in enumerate(writing.options, 1):
        yield from _text(f"option {number}", f"Option {number}", option.text)
        yield from _rationale(f"rationale {number}", f"option {number}", option.rationale)
        if option.position is not None and option.position > HIGHEST_POSITION:
            yield "kind", f"key {number}", f"Option {number} stands in a position above {HIGHEST_POSITION}."
    for number, prompt in enumerate(writing.prompts, 1):
        yield from _text(f"prompt {number}", f"Prompt {number}", prompt.text)
        yield from _rationale(f"prompt rationale {number}", f"prompt {number}", prompt.rationale)
    yield from _repeats("option", [option.text for option in writing.options])
    yield from _repeats("prompt", [prompt.text for prompt in writing.prompts])
    for place, text in writing.texts():
        for wrong in problems(text):
            yield "image", place, wrong
    for problem in writing.strategy.problems(writing.content):
        yield "kind", place_of(problem.where), _of_kind(problem)
    yield from _references(writing)


def _text(place: str, name: str, text: str) -> Errors:
    if not text.strip():
        yield "missing", place, f"{name} is empty."
    elif len(text) > MOST_TEXT:
        yield "length", place, f"{name} has {len(text):,} characters, at most {MOST_TEXT:,} fit."


def _rationale(place: str, whose: str, text: str) -> Errors:
    if not text.strip():
        yield "missing", place, f"The rationale of {whose} is missing."
    elif len(text.strip()) < LEAST_RATIONALE:
        yield "length", place, f"The rationale of {whose} says too little to teach anything."
    elif len(text) > MOST_RATIONALE:
        yield "length", place, f"The rationale of {whose} has more than {MOST_RATIONALE:,} characters."


def _repeats(what: str, texts: Sequence[str]) -> Errors:
    seen: dict[str, int] = {}
    for number, text in enumerate(texts, 1):
        folded = text.casefold()
        if folded and folded in seen:
            yield "repeats", f"{what} {number}", f"{what.capitalize()} {number} repeats {what} {seen[folded]}."
        seen.setdefault(folded, number)


def _references(writing: Writing) -> Errors:
    if not writing.references:
        yield "missing", "references", "A reference that settles the question is missing."
    for number, reference in enumerate(writing.references, 1):
        place = f"reference {number}"
        if not reference.title.strip():
            yield "missing", place, f"Reference {number} has no title."
        elif len(reference.title) > MOST_LINE:
            yield "length", place, f"The title of reference {number} has more than {MOST_LINE} characters."
        if not reference.url.strip():
            yield "missing", place, f"Reference {number} has no address."
        elif not is_address(reference.url):
            yield "reference", place, f"The address of reference {number} is not one that a browser can open."


def is_address(url: str) -> bool:
    """Whether this is a complete web address, as packs want them."""
    try:
        _ADDRESS.validate_python(url)
    except ValidationError:
        return False
    return True


def _of_kind(problem: Problem) -> str:
    """The kind's words as a sentence; they begin with a verb where they speak of the question as a whole."""
    if problem.where.endswith(".option"):
        return f"Prompt {int(problem.where.split('.')[1]) + 1} is not matched with an option."
    if problem.what.startswith(("has ", "marks ", "gives ")):
        return f"The question {problem.what}."
    return _sentence(problem.what)


def _sentence(words: str) -> str:
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?", "!")) else ".")


# ---- the bank ------------------------------------------------------------------------------------------------------


def check_images(writing: Writing) -> list[Finding]:
    """Images that the bank does not have. One statement, none for a question without images."""
    named = {place: hashes([text]) for place, text in writing.texts()}
    wanted = set().union(*named.values())
    if not wanted:
        return []
    known = set(Image.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    return [
        Finding("image", place, "error", f"There is no image {min(gone)[:12]}… in the bank.")
        for place, shown in named.items()
        if (gone := shown - known)
    ]


def check_likeness(*, stem: str, question: Question | None = None) -> list[Finding]:
    """Questions of the bank, published or being written, whose stem is nearly this one. One statement."""
    if not stem.strip():
        return []
    rows = Revision.objects.filter(state__in=(RevisionState.PUBLISHED, *OPEN)).order_by("question__public_id")
    if question is not None:
        rows = rows.exclude(question=question)
    known = list(rows.values_list("question__public_id", "stem"))
    alike = nearest(stem, [text for _, text in known])
    names = tuple(dict.fromkeys(known[place][0] for place, _ in alike))[:ALIKE_SHOWN]
    if not names:
        return []
    return [Finding(LIKENESS, "stem", "warning", f"The stem is much like that of {_listed(names)}.", names)]


def _check_placement(question: Question) -> list[Finding]:
    if Placement.objects.filter(question=question).exists():
        return []
    return [Finding("placement", "question", "error", "The question belongs to no exam.")]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# ---- ratings -------------------------------------------------------------------------------------------------------


def rating_bounds(writing: Writing) -> tuple[int, int]:
    """Lowest and highest rating in hundredths: chance plus 0.05, and 0.97. The wording must be sound."""
    chance = writing.strategy.chance(writing.content)
    return math.ceil(round(chance * 100, 6)) + ABOVE_CHANCE, MAXIMUM_RATING


def check_ratings(*, writing: Writing, ratings: Mapping[str, Collection[int]]) -> list[Finding]:
    """The scale of ratings in hundredths, by exam code. No statement."""
    lowest, highest = rating_bounds(writing)
    found = []
    for exam, values in ratings.items():
        outside = sorted(value for value in values if not lowest <= value <= highest)
        if outside:
            said = ", ".join(f"{value / 100:.2f}" for value in outside)
            between = f"a rating of this question lies between {lowest / 100:.2f} and {highest / 100:.2f}"
            found.append(Finding("rating", "question", "error", f"{exam} is rated {said}, but {between}."))
        elif values:
            found += _unusual(exam, values)
    return found


def _unusual(exam: str, values: Collection[int]) -> Iterator[Finding]:
    mean = sum(values) / len(values) / 100
    low, high = RATING_BAND
    if not low <= mean <= high:
        words = f"The mean rating for {exam} is {mean:.2f}; most questions lie between {low:.2f} and {high:.2f}."
        yield Finding("rating", "question", "warning", words)
    if max(values) - min(values) > SPREAD:
        between = f"{min(values) / 100:.2f} and {max(values) / 100:.2f}"
        yield Finding("rating-spread", "question", "warning", f"The judges for {exam} differ much: between {between}.")
