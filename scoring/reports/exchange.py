"""What authors see of files on their way in and out: the plan of an import in pages, and what an export loses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet

from accounts.models import User
from questions.interchange.exchange import Loss
from questions.interchange.exporting import WHOLE, Export
from questions.interchange.plans import Fate
from questions.kinds import KINDS
from questions.models import ImportRow, ImportUpload, Task
from questions.models.imports import WAITING, ImportState
from questions.services import imports
from scoring.reports.filters import Filter

PER_PAGE = 50
LOST, UNREADY = "losses", "unready"  # filters beside the fates
LABELS = {
    Fate.ADDED.value: "Added",
    Fate.CHANGED.value: "Changed",
    Fate.UNCHANGED.value: "Left alone",
    Fate.DROPPED.value: "Dropped",
    LOST: "With losses",
    UNREADY: "Not ready to publish",
}
ICONS = {Fate.ADDED: "plus", Fate.CHANGED: "notes", Fate.UNCHANGED: "minus", Fate.DROPPED: "x"}
TONES = {Fate.ADDED: "ok", Fate.CHANGED: "info", Fate.UNCHANGED: "", Fate.DROPPED: "warn"}


@dataclass(frozen=True, slots=True)
class LossLine:
    what: str
    why: str
    severity: str


@dataclass(frozen=True, slots=True)
class RowLine:
    """A question of the file as the table shows it."""

    row: ImportRow
    kind: str
    losses: tuple[LossLine, ...]

    @property
    def name(self) -> str:
        return self.row.public_id or self.row.identifier

    @property
    def more(self) -> int:
        """Losses that were not kept to be shown."""
        return self.row.lost - len(self.losses)

    @property
    def label(self) -> str:
        return LABELS[self.row.fate]

    @property
    def icon(self) -> str:
        return ICONS[Fate(self.row.fate)]

    @property
    def tone(self) -> str:
        return TONES[Fate(self.row.fate)]


@dataclass(frozen=True, slots=True)
class Incoming:
    """The page of one file."""

    upload: ImportUpload
    waiting: bool
    progress: tuple[int, int] | None
    filters: tuple[Filter, ...]
    show: str
    page: Page[ImportRow] | None
    lines: tuple[RowLine, ...]
    losses: tuple[LossLine, ...]

    @property
    def planned(self) -> bool:
        return self.upload.state == ImportState.PLANNED

    @property
    def done(self) -> bool:
        return self.upload.state == ImportState.DONE

    @property
    def refused(self) -> bool:
        return self.upload.state == ImportState.REFUSED

    @property
    def writing(self) -> bool:
        return self.upload.state == ImportState.WRITING

    @property
    def added(self) -> int:
        return int(self.upload.counts.get("added", 0))

    @property
    def changed(self) -> int:
        return int(self.upload.counts.get("changed", 0))

    @property
    def drafts(self) -> int:
        return self.added + self.changed

    @property
    def total(self) -> int:
        return sum(self.upload.counts.values())

    @property
    def percent(self) -> int:
        done, total = self.progress or (0, 0)
        return 100 * done // total if total else 0


def incoming_of(upload: ImportUpload, *, show: str, page: str) -> Incoming:
    """A constant number of statements, however large the file is."""
    waiting = upload.state in WAITING
    rows = ImportRow.objects.filter(upload=upload).order_by("number")
    if waiting or not upload.counts:
        progress = imports.progress_of(upload) if waiting else None
        return Incoming(upload, waiting, progress, (), "", None, (), ())
    filters = _filters(upload, rows)
    show = show if show in {one.name for one in filters} else ""
    found = Paginator(_shown(rows, show), PER_PAGE).get_page(page)
    lines = tuple(_line(row) for row in found)
    return Incoming(upload, False, None, filters, show, found, lines, _losses(upload.losses))


def _filters(upload: ImportUpload, rows: QuerySet[ImportRow]) -> tuple[Filter, ...]:
    counts = {fate.value: int(upload.counts.get(fate.value, 0)) for fate in Fate}
    counts |= {LOST: rows.filter(_lost()).count(), UNREADY: rows.exclude(problems=[]).count()}
    every = Filter("", "All", sum(upload.counts.values()))
    return (every, *(Filter(name, LABELS[name], count) for name, count in counts.items() if count))


def _shown(rows: QuerySet[ImportRow], show: str) -> QuerySet[ImportRow]:
    if show == LOST:
        return rows.filter(_lost())
    if show == UNREADY:
        return rows.exclude(problems=[])
    return rows.filter(fate=show) if show else rows


def _lost() -> Q:
    return Q(lost__gt=0)


def _line(row: ImportRow) -> RowLine:
    kind = str(KINDS[row.kind].label) if row.kind in KINDS else ""
    losses = _losses(row.losses)
    if row.fate == Fate.DROPPED:  # that it was dropped, and why, stands in the row already
        rest = tuple(one for one in losses if one.what != WHOLE)
        row.lost -= len(losses) - len(rest)
        losses = rest
    return RowLine(row, kind, losses)


def _losses(kept: Sequence[Sequence[str]]) -> tuple[LossLine, ...]:
    return tuple(LossLine(*one) for one in kept)


def open_uploads(by: User) -> list[ImportUpload]:
    """This person's files that are still here, the newest first."""
    return list(ImportUpload.objects.defer("data", "losses").filter(owner=by).order_by("-created_at", "-pk")[:20])


def tasks_by_exam() -> list[tuple[str, list[Task]]]:
    """Every task under the code of its exam, for a choice."""
    found: dict[str, list[Task]] = {}
    for task in Task.objects.select_related("exam").order_by(F("exam__code"), "pk"):
        found.setdefault(task.exam.code, []).append(task)
    return list(found.items())


# ---- on the way out --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Carried:
    """A question and what the format loses of it; `whole` when it cannot be in the file at all."""

    public_id: str
    lost: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return WHOLE in self.lost


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is in the file, and what is lost of which question."""

    count: int
    kinds: tuple[tuple[str, int], ...]  # what is lost, of how many questions; the most frequent first
    lost: int
    page: Page[Carried]

    @property
    def left_out(self) -> int:
        return dict(self.kinds).get(WHOLE, 0)


def outgoing_of(made: Export, *, page: str) -> Outgoing:
    """`page` is the page of the questions of which something is lost."""
    found = _by_question(made.losses)
    kinds = Counter(what for lost in found.values() for what in dict.fromkeys(lost))
    lines = [Carried(public_id, tuple(dict.fromkeys(lost))) for public_id, lost in found.items()]
    return Outgoing(made.count, tuple(kinds.most_common()), len(lines), Paginator(lines, PER_PAGE).get_page(page))


def _by_question(losses: Sequence[Loss]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for loss in losses:
        found.setdefault(loss.where, []).append(loss.what)
    return found
