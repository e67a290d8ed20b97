"""One candidate on paper: the score, where it comes from, and every attempt, on two pages."""

from __future__ import annotations

import datetime as dt

from cohorts.models import Cohort
from cohorts.reports import paper
from cohorts.reports.candidate import Candidate, Try
from exams.models import Sitting
from scoring.documents.content import Block, Chart, Section, Table, Text, facts
from scoring.reports.charts import clock
from scoring.reports.progress import CHARTED
from scoring.reports.score import Report

ESTIMATE = (
    "The publisher does not make its scoring public, so the way from correct answers to the scale is ours and an"
    " estimate. The total alone decides; no domain has to be passed by itself."
)


def candidate_report(candidate: Candidate, *, cohort: Cohort, now: dt.datetime) -> bytes:
    """The report as a PDF. No statement."""
    person = candidate.membership.user
    sections = []
    if candidate.report and candidate.history:
        sections = [
            _score(candidate, candidate.report, cohort),
            _domains(candidate.report),
            _study(candidate.report),
        ]
    sections.append(_attempts(candidate))
    if candidate.report:
        sections.append(_tasks(candidate.report))
    name = paper.named(person.get_full_name(), person.email)
    lines = [paper.head_of(cohort)]
    if name != person.email and not person.is_erased:
        lines.append(person.email)
    if candidate.membership.left_at:
        lines.append(f"Left the cohort on {paper.moment(candidate.membership.left_at)}.")
    if candidate.simulated:
        lines.append("A simulated candidate, who counts in no norm.")
    return paper.pdf(name, "Candidate report", lines, sections, now=now)


def _score(candidate: Candidate, report: Report, cohort: Cohort) -> Section:
    result, sitting = report.result, report.sitting
    used, allowed = (-(-int(span.total_seconds()) // 60) for span in (report.used, sitting.limit))  # as on the page
    charted = candidate.history.results[:CHARTED] if candidate.history else []
    blocks: list[Block] = [
        facts(
            "The newest attempt that counts",
            [
                ("Begun", f"{paper.moment(sitting.started_at)}, {sitting.form.code}"),
                ("Scaled score", f"{result.scaled:,}; the pass mark is {cohort.exam.pass_mark}"),
                ("Outcome", paper.outcome(result.passed)),
                ("Likely range", f"{paper.likely(result)}; the true score lies there in two cases of three"),
                ("Chance of passing", f"{paper.chance(result.chance_of_passing)}, on another of our forms today"),
                ("Correct", f"{result.raw} of {result.maximum_raw} scored questions"),
                ("Time used", f"{used} of {allowed} min, {report.answered} of {len(report.seats)} questions answered"),
            ],
        ),
        Chart("Scores with their likely ranges", lambda: paper.scale(charted, cohort.exam)),
        Text(ESTIMATE),
    ]  # fmt: skip
    if result.provisional:
        blocks.append(Text("Provisional: judges estimated how hard the questions are.", stands_out=True))
    if result.seen_before:
        blocks.append(
            Text(
                f"{result.seen_before} of the scored questions had been met before, in an earlier sitting; the score"
                " shows what is remembered as well.",
                stands_out=True,
            )
        )
    return Section("Score", blocks)


def _domains(report: Report) -> Section:
    rows = [
        (
            str(line.domain),
            ("Meets competencies" if line.result.meets else "Needs improvement")
            + (", too close to tell" if line.result.too_close else ""),
            f"{line.result.correct} of {line.result.scored}",
            f"{line.result.expected:.1f}",
        )
        for line in report.domains
    ]
    header = ("Domain", "Level", "Correct", "Borderline candidate")
    return Section("Domains", [Table("Against a borderline candidate, who just passes", header, rows, words=2)])


def _study(report: Report) -> Section:
    if not report.study:
        return Section("Tasks to study", [Text("Nothing was missed: every scored question was right.")])
    rows = [
        (
            str(place),
            str(one.line.task),
            f"{one.line.correct} of {one.line.scored}",
            str(one.line.unanswered),
            f"{one.line.task.domain.weight} %",
        )
        for place, one in enumerate(report.study, 1)
    ]
    header = ("", "Task", "Correct", "Not answered", "Weight of its domain")
    return Section("Tasks to study", [Table("Largest gain first", header, rows, words=2)])


def _tasks(report: Report) -> Section:
    rows = [
        (str(line.task), f"{line.correct} of {line.scored}", clock(line.median_ms) if line.median_ms else "–")
        for group in report.groups
        for line in group.tasks
    ]
    caption = "Newest attempt that counts; few questions a task, so read these as hints"
    return Section("Tasks", [Table(caption, ("Task", "Correct", "Median time"), rows)])


def _attempts(candidate: Candidate) -> Section:
    if not candidate.tries:
        return Section("Attempts", [Text("Nothing of what was assigned here has been begun yet.")])
    header = ("Begun", "Assignment", "Outcome", "Score", "Likely range", "Chance of passing", "Seen before")
    caption = "Assigned sittings of this cohort, newest first"
    return Section("Attempts", [Table(caption, header, [_attempt(one) for one in candidate.tries], words=3)])


def _attempt(one: Try) -> tuple[str, ...]:
    result = one.result
    known = (
        (f"{result.scaled:,}", paper.likely(result), paper.chance(result.chance_of_passing), str(result.seen_before))
        if result
        else ("–", "–", "–", "–")
    )
    title = f"{one.attempt.assignment.title}, attempt {one.attempt.number}"
    return (paper.moment(one.sitting.started_at), title, _state(one), *known)


def _state(one: Try) -> str:
    if one.attempt.void_at or one.sitting.void:
        return "Void"
    if one.result:
        return paper.outcome(one.result.passed)
    return "In progress" if one.sitting.state == Sitting.State.IN_PROGRESS else "Closing"
