"""One form for authors: how hard it is, how well it measures and decides, whether its time was enough."""

from __future__ import annotations

from dataclasses import dataclass

from exams.models import ScoreRow, Sitting
from scoring.reports import form_paper, form_scores
from scoring.reports.form_paper import AbilityRow, DomainCount, SeatRow, Shared, Version
from scoring.reports.form_scores import Decision, Figures, Pair, Speed
from scoring.reports.forms import Subject


@dataclass(frozen=True, slots=True)
class FormReport:
    """Everything on a form's page."""

    subject: Subject
    sittings: int
    figures: Figures
    blueprint: tuple[DomainCount, ...]
    abilities: tuple[AbilityRow, ...]
    columns: tuple[tuple[ScoreRow, ...], ...]
    versions: tuple[Version, ...]
    decisions: tuple[Decision, ...]
    pairs: tuple[Pair, ...]
    speed: Speed | None
    seats: tuple[SeatRow, ...]
    shared: tuple[Shared, ...]
    apart: int
    anchors: int
    unscored: int

    @property
    def as_asked(self) -> bool:
        return all(line.as_asked for line in self.blueprint)

    @property
    def measured(self) -> int:
        """Seats that count and whose parameters were measured."""
        return sum(row.counts and row.measured for row in self.seats)

    @property
    def at_cut(self) -> AbilityRow:
        return next(row for row in self.abilities if row.theta == 0)

    @property
    def passing(self) -> ScoreRow | None:
        """The lowest score that passes."""
        passed = (row for column in self.columns for row in column if row.passed)
        return min(passed, key=lambda row: row.raw, default=None)

    @property
    def harder(self) -> float | None:
        """Raw points by which the borderline candidate expects less here than on the reference form; None where the
        forms count other numbers of points."""
        expected, table = self.at_cut.reference_expected, self.subject.table
        if expected is None or self.subject.reference is None or len(self.subject.reference[1][0]) != table.maximum_raw:
            return None
        return expected - table.expected_at_cut

    @property
    def easier(self) -> float | None:
        return None if self.harder is None else -self.harder

    @property
    def distribution(self) -> list[tuple[int, int, float | None]]:
        """Raw score, sittings, share that the parameters let expect (None where the run counted other points)."""
        counts, shares = self.subject.frequencies, self.subject.expected.shares
        if not counts:
            return [(raw, 0, float(share)) for raw, share in enumerate(shares)]
        same = self.subject.same_points
        return [(raw, count, float(shares[raw]) if same else None) for raw, count in enumerate(counts)]

    @property
    def query(self) -> str:
        """Names run and version in the charts' addresses, so that what an address shows never changes."""
        run = f"&run={self.subject.run.number}" if self.subject.run else ""
        return f"version={self.subject.table.version}{run}"


def report_of(subject: Subject) -> FormReport:
    """A constant number of statements."""
    form, table = subject.form, subject.table
    seats = form_paper.seat_rows(subject)
    shared, apart, anchors = form_paper.shared_of(subject)
    return FormReport(
        subject=subject,
        sittings=Sitting.objects.real().closed().filter(form=form).count(),
        figures=form_scores.figures_of(subject),
        blueprint=form_paper.blueprint_of(subject.exam, seats),
        abilities=form_paper.abilities_of(subject),
        columns=form_paper.columns_of(list(table.rows.order_by("raw"))),
        versions=form_paper.versions_of(subject),
        decisions=form_scores.decisions_of(subject),
        pairs=form_scores.pairs_of(subject),
        speed=form_scores.speed_of(subject),
        seats=tuple(seats),
        shared=shared,
        apart=apart,
        anchors=anchors,
        unscored=sum(not row.seat.scored for row in seats),
    )
