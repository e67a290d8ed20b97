"""A cohort's results on paper: figures, scores, readiness, what to teach next, and every candidate."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from cohorts.models import Cohort, Membership
from cohorts.reports import charts, figures, heat, paper, results, teach
from cohorts.reports.chosen import Counting, Row
from cohorts.reports.export_scope import BadScope, words_of
from cohorts.reports.paper_candidate import ESTIMATE
from cohorts.reports.results import Looked
from questions.models import Domain
from scoring.documents.content import Block, Chart, Section, Table, Text, facts

TAUGHT = 10  # tasks
COUNTED = {
    Counting.LAST: "Of each candidate the last sitting counts.",
    Counting.FIRST: "Of each candidate the first sitting counts.",
    Counting.BEST: "Of each candidate the best sitting counts.",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that the report says."""

    looked: Looked
    tiles: figures.Figures | None
    reliability: figures.Reliability | None
    readiness: figures.Readiness
    bins: list[figures.Bin]
    domains: list[Domain]
    grid: heat.Grid
    teaching: teach.Teaching | None


def findings_of(cohort: Cohort, asked: Mapping[str, str]) -> Findings:
    """A constant number of statements. Raises BadScope."""
    looked = results.look(cohort, asked)
    if looked.wanted.error:
        raise BadScope(looked.wanted.error)
    members = set(Membership.objects.present().filter(cohort=cohort).values_list("user_id", flat=True))
    domains = list(Domain.objects.filter(exam=cohort.exam))
    return Findings(
        looked=looked,
        tiles=figures.figures_of(looked.rows, len(members.union(looked.people))),
        reliability=figures.reliability_of(cohort, looked.rows),
        readiness=figures.readiness_of(looked.rows, cohort.exam.pass_mark),
        bins=results.bins_of(cohort, looked),
        domains=domains,
        grid=heat.domains_grid(looked.rows, domains),
        teaching=teach.teaching_of(cohort.exam, looked.rows, ()),
    )


def cohort_report(found: Findings, *, cohort: Cohort, now: dt.datetime) -> bytes:
    """The report as a PDF. No statement."""
    lines = [
        f"{cohort.exam.name} ({cohort.exam.code})",
        f"{words_of(found.looked.wanted).capitalize()}. {COUNTED[found.looked.wanted.counting]}",
    ]
    if found.looked.simulated:
        lines.append(f"{found.looked.simulated} of the candidates are simulated; they count in no norm.")
    if found.tiles is None:
        sections = [Section("Results", [Text("Nobody has sat what was chosen here.")])]
    else:
        sections = [
            Section("Figures", _figures(found, found.tiles)),
            Section("Scores", _scores(found, cohort)),
            Section("Readiness", _readiness(found.readiness)),
            Section("Domains", [_domains(found)]),
            *([Section("Teach next", _teach(found.teaching))] if found.teaching else []),
            Section("Candidates", [candidates_of(found)]),
        ]
    return paper.pdf(cohort.name, "Cohort report", lines, sections, now=now)


def _figures(found: Findings, tiles: figures.Figures) -> list[Block]:
    rows = [
        ("Candidates with a result", f"{tiles.n} of {tiles.people}"),
        ("Passed", f"{tiles.passed} of {tiles.n}, {100 * tiles.pass_rate:.0f} %"),
        ("Median score", f"{tiles.median:,.0f}, from {tiles.least:,} to {tiles.most:,}"),
        ("Middle half of the scores", f"{tiles.low:,.0f}–{tiles.high:,.0f}"),
        ("Median time", f"{tiles.median_minutes} minutes"),
    ]
    if one := found.reliability:
        too_few = f"not told below {figures.RELIABILITY_FROM} candidates on one form; {one.form} has {one.n}"
        known = one.kr20 is not None and one.sem is not None
        rows.append(("Reliability (KR-20)", f"{one.kr20:.2f}, of {one.n} on {one.form}" if known else too_few))
        rows.append(("Standard error of measurement", f"{one.sem:.1f} raw points" if known else "not told either"))
    blocks: list[Block] = [facts("Those who count", rows), Text(ESTIMATE)]
    if found.looked.provisional:
        blocks.append(Text("Provisional: judges estimated how hard the questions are.", stands_out=True))
    return blocks


def _scores(found: Findings, cohort: Cohort) -> list[Block]:
    shown = [one for one in found.bins if one.n]
    rows = [(_span(one), "pass" if one.passes else "not passed", str(one.n)) for one in shown]
    blocks: list[Block] = [Table("Counts of scaled scores", ("Scores", "Outcome", "Candidates"), rows, words=2)]
    figure = charts.scores(found.bins, cohort.exam.pass_mark)
    if figure is not None:
        blocks.insert(0, Chart("Scaled scores: filled at or above the pass mark, hollow below", lambda: figure))
    return blocks


def _span(one: figures.Bin) -> str:
    return f"{one.low:,}" if one.low == one.high else f"{one.low:,}–{one.high:,}"


def _readiness(readiness: figures.Readiness) -> list[Block]:
    rows = [(band.label, band.hint, str(band.n), str(band.either)) for band in readiness.bands]
    if readiness.without:
        rows.append(("Not given", "too many questions seen before", str(readiness.without), "–"))
    header = ("Band", "Chance of passing another form today", "Candidates", "Likely range holds the pass mark")
    said = (
        f"If those with a chance sat another of our forms today, {readiness.low} to {readiness.high} of"
        f" {readiness.n} would probably pass."
    )
    return [Table("Candidates by their chance of passing", header, rows, words=2), Text(said)]


def _domains(found: Findings) -> Table:
    scored, expected = found.grid.scored.sum(axis=0), found.grid.expected.sum(axis=0)
    meets = (found.grid.correct >= found.grid.expected - 1e-6).sum(axis=0)
    rows = [
        (
            f"{domain.number}. {domain.title}",
            "–" if share is None else f"{100 * share:.0f} %",
            f"{100 * expected[place] / scored[place]:.0f} %" if scored[place] else "–",
            f"{meets[place]} of {len(found.looked.rows)}" if scored[place] else "–",
        )
        for place, (domain, share) in enumerate(zip(found.domains, found.grid.shares, strict=True))
    ]
    header = ("Domain", "Correct", "Borderline candidate", "Meet competencies")
    return Table("Correct answers of scored questions, over all who count", header, rows)


def _teach(teaching: teach.Teaching) -> list[Block]:
    if not teaching.failed:
        return [Text("Everybody passed, so no task would make more pass.")]
    if not teaching.ranked:
        return [Text(f"No task has {figures.RANKED_FROM} scored questions per candidate, so none is ranked.")]
    rows = [
        (str(place), str(one.task), "–" if one.share is None else f"{100 * one.share:.0f} %", f"{one.gained:.1f}",
         f"{one.low:.1f}–{one.high:.1f}")
        for place, one in enumerate(teaching.ranked[:TAUGHT], 1)
    ]  # fmt: skip
    caption = f"How many of the {teaching.failed} who did not pass would, if one task were mastered"
    return [
        Table(caption, ("", "Task", "Correct", "More would pass", "Likely range"), rows, words=2),
        Text(
            f"Mastered means that nine in ten of the questions missed would be right. Tasks with fewer than"
            f" {figures.RANKED_FROM} scored questions per candidate are not ranked."
        ),
    ]


def candidates_of(found: Findings) -> Table:
    """By name, with the address where two have the same. A domain's column says how many of how many were right."""
    correct, scored = found.grid.correct.astype(int).tolist(), found.grid.scored.astype(int).tolist()
    lines = sorted(
        zip(found.looked.rows, correct, scored, strict=True), key=lambda line: (line[0].name.casefold(), line[0].email)
    )
    names = [paper.named(row.name, row.email) for row, *_ in lines]
    twice = {name for name, count in Counter(names).items() if count > 1}
    rows = [
        (
            f"{name} ({row.email})" if name in twice else name,
            str(len(found.looked.people[row.user_id])),
            f"{row.scaled:,}",
            paper.outcome(row.passed),
            f"{row.likely_low:,}–{row.likely_high:,}",
            _chance(row),
            *(f"{right}/{of}" if of else "–" for right, of in zip(rights, ofs, strict=True)),
        )
        for name, (row, rights, ofs) in zip(names, lines, strict=True)
    ]
    numbers = [f"D{domain.number}" for domain in found.domains]
    header = ("Candidate", "Sittings", "Score", "Outcome", "Likely range", "Chance", *numbers)
    caption = f"By name; {numbers[0]} to {numbers[-1]} are the domains" if numbers else "By name"
    return Table(caption, header, rows)


def _chance(row: Row) -> str:
    return {0: "< 5 %", 100: "> 95 %", None: "–"}.get(row.chance_of_passing, f"{row.chance_of_passing} %")
