"""What authors see of regrades: their history, a question to be regraded, the preview and the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from exams.models import Seat
from questions.models import Exam, Option, Prompt, Revision
from scoring import regrading
from scoring.models import Regrade
from scoring.regrading import Preview
from scoring.reports.filters import Filter
from scoring.variants import Move

PER_PAGE = 25
MOVES_PER_PAGE = 50
CHOICE, RESPONSE, ORDERING, MATCHING = "multiple_choice", "multiple_response", "ordering", "matching"


# ---- the history -------------------------------------------------------------------------------------------------


def history_of(exam: Exam, *, page: str) -> Page[Regrade]:
    """The exam's regrades, the newest first. Two statements."""
    found = Regrade.objects.filter(exam=exam).select_related("revision__question", "made_by")
    return Paginator(found.order_by("-made_at", "-pk"), PER_PAGE).get_page(page)


# ---- a question and its answers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a response: what it belongs to, and the option."""

    label: str
    prompt: Prompt | None
    option: Option


@dataclass(frozen=True, slots=True)
class Choice:
    """An option to be ticked, whether it is in the present key, and whether it was ticked."""

    option: Option
    key: bool
    ticked: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A place to be filled from the options: the present one and the one that was chosen, by number."""

    number: int
    prompt: Prompt | None
    present: int
    chosen: int


@dataclass(frozen=True, slots=True)
class Subject:
    """The question that is to be regraded, and what was asked for so far."""

    exam: Exam
    revision: Revision
    others: list[int]  # numbers of other revisions that stand on forms
    seats: int
    scored: int
    standing: Regrade | None
    choices: list[Choice]
    places: list[Place]

    @property
    def single(self) -> bool:
        """Whether each tick is an answer of its own."""
        return self.revision.kind == CHOICE


def revision_of(exam: Exam, public_id: str, number: str = "") -> Revision | None:
    """The question's revision with this number, or the newest one that stands on a form of the exam; with its content.

    None where the exam has no such question.
    """
    if "\0" in public_id:
        return None
    found = Revision.objects.with_content().filter(question__public_id=public_id, question__placements__exam=exam)
    if number:
        sound = number.isascii() and number.isdecimal() and len(number) < 10
        return found.filter(number=int(number)).first() if sound else None
    on_forms = found.filter(seats__form__exam=exam).order_by("-number").first()
    return on_forms or found.order_by("-number").first()


def standing_of(exam: Exam, revision: Revision) -> Regrade | None:
    """The regrade of the revision that is in force."""
    return Regrade.objects.filter(exam=exam, revision=revision, reverted_at__isnull=True).first()


def subject_of(exam: Exam, revision: Revision, *, numbers: Sequence[object] = ()) -> Subject:
    """The question with inputs for a key; `numbers` are those that were chosen before. Two statements."""
    seats = Seat.objects.filter(form__exam=exam, revision__question=revision.question_id).order_by()
    standing = list(seats.values_list("revision__number", "scored"))
    here = [scored for number, scored in standing if number == revision.number]
    key, options = revision.strategy.key(revision.content), list(revision.options.all())
    prompts: list[Prompt | None] = [*revision.prompts.all()] or [None] * len(key)
    picked = [number for number in numbers if isinstance(number, int)]
    ticks = revision.kind in (CHOICE, RESPONSE)
    chosen = picked if len(picked) == len(key) else list(key)
    return Subject(
        exam=exam,
        revision=revision,
        others=sorted({number for number, _ in standing} - {revision.number}),
        seats=len(here),
        scored=sum(here),
        standing=standing_of(exam, revision),
        choices=[Choice(each, each.number in key, each.number in (picked or key)) for each in options] if ticks else [],
        places=[]
        if ticks
        else [
            Place(place, prompt, present, given)
            for place, (prompt, present, given) in enumerate(zip(prompts, key, chosen, strict=True), 1)
        ],
    )


def parts_of(revision: Revision, key: Sequence[int]) -> list[Part]:
    """A response, given in option numbers, in the words of the question."""
    options = {option.number: option for option in revision.options.all()}
    prompts: list[Prompt | None] = [*revision.prompts.all()] or [None] * len(key)
    label = {ORDERING: "Place", MATCHING: "Prompt"}.get(revision.kind, "Option")
    return [
        Part(f"{label} {number if label == 'Option' else place}", prompt, options[number])
        for place, (number, prompt) in enumerate(zip(key, prompts, strict=True), 1)
    ]


# ---- what moves --------------------------------------------------------------------------------------------------

FILTERS: dict[str, tuple[str, Callable[[Move], bool]]] = {
    "all": ("All that move", lambda move: True),
    "lost": ("Lose a pass", lambda move: move.lost and not move.simulated),
    "gained": ("Gain a pass", lambda move: move.gained and not move.simulated),
}


@dataclass(frozen=True, slots=True)
class Outlook:
    """A preview as a page shows it: sums, forms, and one page of the results that move."""

    preview: Preview
    show: str
    filters: list[Filter]
    page: Page[Move]
    right: list[list[Part]]

    @property
    def changes_a_score(self) -> bool:
        return bool(self.preview.moves)


def outlook_of(preview: Preview, *, show: str, page: str) -> Outlook:
    """The preview under a filter; an unknown one shows everything. No statement."""
    show = show if show in FILTERS else "all"
    shown = [move for move in preview.moves if FILTERS[show][1](move)]
    return Outlook(
        preview=preview,
        show=show,
        filters=[Filter(name, label, sum(map(fits, preview.moves))) for name, (label, fits) in FILTERS.items()],
        page=Paginator(shown, MOVES_PER_PAGE).get_page(page),
        right=[parts_of(preview.revision, key) for key in preview.keys],
    )


# ---- the record --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """A regrade as it was made, and what taking it back would do while it stands."""

    regrade: Regrade
    former: list[Part]
    right: list[list[Part]]
    tables: list[str]
    outlook: Outlook | None


def record_of(regrade: Regrade, *, show: str, page: str) -> Record:
    """The record of a regrade. A constant number of statements while it stands, and another after."""
    revision = Revision.objects.with_content().get(pk=regrade.revision_id)
    made = regrade.tables.order_by("form__number", "version").values_list("form__number", "version")
    outlook = None
    if regrade.reverted_at is None:
        outlook = outlook_of(regrading.preview_revert(regrade=regrade), show=show, page=page)
    return Record(
        regrade=regrade,
        former=parts_of(revision, revision.strategy.key(revision.content)),
        right=[parts_of(revision, key) for key in regrade.keys],
        tables=[f"Form {form}, version {version}" for form, version in made],
        outlook=outlook,
    )
