"""One question for its authors: wording, figures of one run, history over revisions and runs, forms, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, Subquery, prefetch_related_objects

from exams.models import Form, ScoreTable, Seat, Sitting
from questions.models import Exam, Option, Placement, Prompt, Question, Rating, Revision, Standing
from questions.models.bank import RevisionState
from scoring.models import Regrade
from scoring.reports import question_words as words
from scoring.reports.question_history import Chapter, Measurement, history_of
from scoring.reports.question_shown import Group, Shown, groups_of
from scoring.reports.questions import FEW, NEEDED, Figures


@dataclass(frozen=True, slots=True)
class Choice:
    """An option under the letter of the author's order; `right` are the places, from 1, that it has in the key."""

    letter: str
    option: Option
    right: list[int]
    verdict: str


@dataclass(frozen=True, slots=True)
class Wording:
    """A revision as candidates see it, its key apart."""

    revision: Revision
    choices: list[Choice]
    pairs: list[tuple[Prompt, Choice]]
    key: str

    @property
    def slots(self) -> int:
        return sum(len(choice.right) for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with what it counts, or why there is none."""

    label: str
    value: str
    hint: str
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """An option, or a whole response, with who chose it: shares of the thirds by ability, low to high."""

    name: str
    key: bool
    n: int
    share: float | None
    thirds: list[float | None]
    correlation: float | None
    flagged: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A seat of a form that stands in the pool, or did."""

    form: Form
    number: int
    scored: bool
    removed: bool
    sittings: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """Where the revision stands and how often the question, in any revision, was shown. Real sittings only."""

    places: list[Place]
    personal: int
    sittings: int
    of_question: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A regrade that holds."""

    regrade: Regrade
    keys: list[str]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the page of a question shows."""

    shown: Shown
    placement: Placement
    standing: Standing | None
    ratings: list[Rating]
    wording: Wording
    tiles: list[Tile]
    groups: list[Group]
    options: list[Chosen]
    remarks: list[str]
    alarms: list[words.Trouble]
    obstacles: list[words.Trouble]
    health: list[words.Trouble]
    history: list[Chapter]
    older: int
    points: list[Measurement]
    exposure: Exposure
    corrections: list[Correction]
    elsewhere: list[str]
    waiting: int | None

    @property
    def question(self) -> Question:
        return self.shown.revision.question

    @property
    def needed(self) -> int:
        return NEEDED

    @property
    def share_of_needed(self) -> int:
        return min(100 * (self.waiting or 0) // NEEDED, 100)

    @property
    def asked(self) -> str:
        """What names this revision and run in an address, so that a chart's picture may be kept."""
        run = self.shown.run
        return f"revision={self.shown.revision.number}" + (f"&run={run.number}" if run else "")

    @property
    def whole(self) -> bool:
        """Whether a response is told as a whole, an order or a matching."""
        return self.shown.revision.kind in words.WHOLE

    @property
    def regradable(self) -> bool:
        return any(trouble.regrade for trouble in (*self.alarms, *self.obstacles))

    @property
    def published(self) -> bool:
        return self.shown.revision.state == RevisionState.PUBLISHED


def page_of(shown: Shown) -> Page:
    """The whole page. A constant number of statements."""
    exam, revision, item = shown.exam, shown.revision, shown.item
    history, older, points = history_of(shown)
    return Page(
        shown=shown,
        placement=Placement.objects.select_related("task__domain").get(exam=exam, question=revision.question_id),
        standing=Standing.objects.filter(exam=exam, revision=revision).first(),
        ratings=list(Rating.objects.filter(exam=exam, revision=revision)),
        wording=wording_of(revision),
        tiles=_tiles(shown.figures) if shown.figures else [],
        groups=groups_of(shown),
        options=_options(shown),
        remarks=words.remarks(item, revision.kind) if item and shown.has_options else [],
        alarms=[words.trouble(what, revision.kind) for what in item.alarms] if item else [],
        obstacles=[words.trouble(what, revision.kind) for what in item.obstacles] if item else [],
        health=words.health(item, 60_000 * exam.minutes / exam.questions) if item else [],
        history=history,
        older=older,
        points=points,
        exposure=_exposure(exam, revision),
        corrections=_corrections(exam, revision),
        elsewhere=list(
            Placement.objects.filter(question=revision.question_id)
            .exclude(exam=exam).order_by("exam__code").values_list("exam__code", flat=True)
        ),
        waiting=_first_sittings(exam, revision) if item is None else None,
    )  # fmt: skip


# ---- wording ----------------------------------------------------------------------------------------------------


def wording_of(revision: Revision) -> Wording:
    """Options in the author's order, with the key. Three statements."""
    prefetch_related_objects([revision], "options", "prompts", "references")
    key = revision.strategy.key(revision.content)
    choices = [_choice(revision.kind, option, key) for option in revision.options.all()]
    by_option = {choice.option.pk: choice for choice in choices}
    return Wording(
        revision=revision,
        choices=choices,
        pairs=[(row, by_option[row.option_id]) for row in revision.prompts.all() if row.option_id is not None],
        key=words.response(revision.kind, key),
    )


def _choice(kind: str, option: Option, key: Sequence[int]) -> Choice:
    right = [place for place, number in enumerate(key, 1) if number == option.number]
    places = ", ".join(map(str, right))
    verdict = {
        "ordering": f"Step {places}" if right else "Stays out",
        "matching": f"Belongs to {places}" if right else "Belongs to none",
        "multiple_response": "Part of the key" if right else "Distractor",
    }.get(kind, "Key" if right else "Distractor")
    return Choice(words.letter(option.number), option, right, verdict)


# ---- the figures of one run -------------------------------------------------------------------------------------


def _tiles(figures: Figures) -> list[Tile]:
    n = Tile("First exposures", str(figures.n), _towards(figures.n))
    facility = _tile("Facility", figures.facility, "were right", "nobody has answered it")
    if figures.few:
        return [n, Tile(facility.label, facility.value, f"under {FEW} people: too few to rely on", faint=True)]
    rated = "from the rating, not measured yet"
    return [
        n,
        facility,
        _tile("Item-rest r", figures.item_rest, "with the rest of the score", "all were right, or all wrong"),
        _tile(
            "Slope a", figures.a, _error(figures.se_a, "common to all questions") if figures.measured else rated,
            "neither a rating nor data",
        ),
        _tile(
            "Difficulty b", figures.b, _error(figures.se_b, "no standard error") if figures.measured else rated,
            "neither a rating nor data",
        ),
        _fit(figures),
        _share("Omitted", figures.omitted, "saw it and gave no answer", "nobody is known to have seen it"),
        Tile(
            "Median time", words.minutes(figures.median_ms) if figures.median_ms is not None else "–",
            "minutes and seconds" if figures.median_ms is not None else "browsers told nothing of it",
        ),
    ]  # fmt: skip


def _towards(n: int) -> str:
    return "took part in this run" if n >= NEEDED else f"of {NEEDED} needed to measure it"


def _error(error: float | None, otherwise: str) -> str:
    return otherwise if error is None else f"± {words.fixed(error)} (standard error)"


def _tile(label: str, value: float | None, hint: str, missing: str) -> Tile:
    return Tile(label, "–", missing) if value is None else Tile(label, words.fixed(value), hint)


def _share(label: str, value: float | None, hint: str, missing: str) -> Tile:
    return Tile(label, "–", missing) if value is None else Tile(label, words.percent(value), hint)


def _fit(figures: Figures) -> Tile:
    if figures.infit is None and figures.outfit is None:
        return Tile("Infit, outfit", "–", "no parameters to compare with")
    both = ["–" if value is None else words.fixed(value) for value in (figures.infit, figures.outfit)]
    return Tile("Infit, outfit", ", ".join(both), "1 is what the model expects")


def _options(shown: Shown) -> list[Chosen]:
    if shown.item is None or not shown.has_options:
        return []
    return [_chosen(record, shown.revision.kind) for record in shown.item.options]


def _chosen(record: dict[str, Any], kind: str) -> Chosen:
    return Chosen(
        name=words.response(kind, record["label"]), key=record["key"], n=record["n"], share=record["share"],
        thirds=record["thirds"], correlation=record["correlation"], flagged=record["flagged"],
    )  # fmt: skip


# ---- forms, exposure, regrades, what is still missing -----------------------------------------------------------


def _exposure(exam: Exam, revision: Revision) -> Exposure:
    """Two statements. Forms made for one person are only counted: there is one for many a sitting."""
    real = Q(form__sittings__simulated=False)
    removed = ScoreTable.objects.filter(form=OuterRef("form")).order_by("-version").values("removed")[:1]
    seats = (
        Seat.objects.filter(revision=revision, form__exam=exam)
        .select_related("form")
        .annotate(sat=Count("form__sittings", filter=real))
        .annotate(gone=Subquery(removed, output_field=ArrayField(IntegerField())))
        .order_by("form__number")
    )
    places = [Place(seat.form, seat.number, seat.scored, seat.number in (seat.gone or ()), seat.sat) for seat in seats]
    return Exposure(
        places=[place for place in places if place.form.owner_id is None],
        personal=sum(place.form.owner_id is not None for place in places),
        sittings=sum(place.sittings for place in places),
        of_question=Sitting.objects.real().filter(
            exam=exam, form__seats__revision__question=revision.question_id
        ).count(),
    )  # fmt: skip


def _corrections(exam: Exam, revision: Revision) -> list[Correction]:
    standing = Regrade.objects.filter(exam=exam, revision=revision, reverted_at__isnull=True)
    return [
        Correction(regrade, [words.response(revision.kind, numbers) for numbers in regrade.keys])
        for regrade in standing
    ]


def _first_sittings(exam: Exam, revision: Revision) -> int:
    """How many people's first closed sitting of the exam showed the revision: at most so many first exposures."""
    closed = Sitting.objects.real().closed().filter(exam=exam)
    earlier = closed.filter(user=OuterRef("user"), started_at__lt=OuterRef("started_at"))
    return closed.counting().filter(~Exists(earlier), form__seats__revision=revision).count()
