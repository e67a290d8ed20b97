"""One question as a cohort met it, in its own words where these may be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cohorts.reports.confidential import Withheld
from cohorts.reports.items import Item, Response, wrong_choices
from questions.models import Revision
from scoring.reports import question_words
from scoring.reports.question_page import Wording, wording_of

RESPONSES = 6  # wrong responses that are told as a whole
EXCERPT, WHOLE = 110, 600  # characters in the list, and on the question's own page


@dataclass(frozen=True, slots=True)
class Distractor:
    """The most chosen wrong answer: its letters in the author's order, its words, and how many chose it."""

    name: str
    words: str
    n: int


@dataclass(frozen=True, slots=True)
class Listed:
    """An item in the list. Wording and distractor are empty where they are withheld."""

    item: Item
    withheld: bool
    stem: str
    distractor: Distractor | None


@dataclass(frozen=True, slots=True)
class Choice:
    """An option or a whole response with how many gave it, and of which share of those who answered."""

    name: str
    words: str
    right: bool
    n: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Page:
    item: Item
    wording: Wording
    choices: list[Choice]
    whole: bool
    corrected: bool


def listed(items: Sequence[Item], withheld: Withheld) -> list[Listed]:
    """With wordings, where these may be read. Three statements."""
    open_ = [item.revision_id for item in items if item.revision_id not in withheld]
    revisions = Revision.objects.prefetch_related("options", "prompts").in_bulk(open_)
    return [_listed(item, revisions.get(item.revision_id)) for item in items]


def _listed(item: Item, revision: Revision | None) -> Listed:
    if revision is None:
        return Listed(item, True, "", None)
    found = item.distractor
    distractor = found and Distractor(
        question_words.response(item.kind, found[0]), words_of(revision, found[0]), found[1]
    )
    return Listed(item, False, shortened(revision.stem), distractor)


def words_of(revision: Revision, response: Response, most: int = EXCERPT) -> str:
    """What was chosen in the question's own words; steps in order, pairs with their prompts."""
    texts = {option.number: option.text for option in revision.options.all()}
    chosen = [shortened(texts.get(number, ""), most) for number in response]
    if revision.kind == "matching":
        prompts = [shortened(prompt.text, 40) for prompt in revision.prompts.all()]
        return "; ".join(f"{prompt}: {text}" for prompt, text in zip(prompts, chosen, strict=False))
    return " → ".join(chosen) if revision.kind == "ordering" else ", ".join(chosen)


def shortened(text: str, most: int = EXCERPT) -> str:
    """One line of plain words."""
    line = " ".join(text.replace("`", "").replace("*", "").split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def page_of(item: Item) -> Page:
    """Only for an item whose wording may be read. Four statements."""
    revision = Revision.objects.with_content().get(pk=item.revision_id)
    whole = item.kind in question_words.WHOLE
    answered = sum(item.choices.values())
    right = set(item.keys) if whole else {(number,) for key in item.keys for number in key}
    counts: dict[Response, int]
    if whole:
        wrong = wrong_choices(item.kind, item.choices, item.keys).most_common(RESPONSES)
        counts = {key: item.choices[key] for key in item.keys} | dict(wrong)
    else:
        counts = {
            (option.number,): sum(n for response, n in item.choices.items() if option.number in response)
            for option in revision.options.all()
        }
    choices = [
        Choice(
            question_words.response(item.kind, response), words_of(revision, response, WHOLE), response in right, n,
            n / answered if answered else None,
        )
        for response, n in counts.items()
    ]  # fmt: skip
    wording = wording_of(revision)
    key = revision.strategy.key(revision.content)
    return Page(item, wording, choices, whole, corrected=key not in item.keys)
