"""Fairness between groups, and what this report cannot say."""

from __future__ import annotations

from scoring import fairness as groups
from scoring.documents.content import Block, Heading, Section, Table, Text
from scoring.documents.numbers import counted, number, signed, whole
from scoring.fairness import Comparisons
from scoring.reports.fairness import in_order
from scoring.technical.material import Material

MOST_ROWS = 60


def fairness(material: Material) -> Section:
    blocks: list[Block] = [
        Text(
            "Questions are compared between groups of people who told their group and agreed to its use, by their "
            "first sittings up to the end of the period. Among people of equal equated score, in whole points, the "
            "odds of a right answer are compared by the method of Mantel and Haenszel; delta and the categories A, B "
            f"and C are those of ETS (Zieky 1993). Each group needs {groups.MINIMUM} people."
        )
    ]
    for comparisons in groups.compare(exam=material.exam, until=material.end):
        blocks += _variable(comparisons)
    return Section("Fairness", blocks)


def _variable(found: Comparisons) -> list[Block]:
    variable = found.variable
    heading = Heading(variable.title)
    sizes = (
        f"{found.reference:,} {variable.reference.people} and {found.focal:,} {variable.focal.people} agreed and sat "
        "the exam."
    )
    if not found.enough:
        return [heading, Text(f"{sizes} That is too few, so no question is compared.")]
    rows = in_order(variable, found.questions, {})
    if not rows:
        return [heading, Text(f"{sizes} No question was met by {groups.MINIMUM} of each, so none is compared.")]
    flagged = [row for row in rows if row.flagged]
    summary = (
        f"{sizes} {counted(len(rows), 'question')} could be compared, and {len(flagged):,} differ more than "
        "negligibly. A difference is a reason to read a question again, not a proof of unfairness."
    )
    if not flagged:
        return [heading, Text(summary)]
    return [
        heading,
        Text(summary),
        Table(
            "Questions that differ, large differences first",
            ("Question", "Difference", "Delta", "SE", "Odds ratio", "n", "n, second"),
            [
                (
                    f"{row.public_id} r{row.number}",
                    f"{row.category}, {row.size.lower()}: harder for {row.harder_for}",
                    signed(row.delta),
                    number(row.se),
                    number(row.odds_ratio),
                    whole(row.reference),
                    whole(row.focal),
                )
                for row in flagged[:MOST_ROWS]
            ],
            words=2,
        ),
    ]


def limits(material: Material) -> Section:
    exam = material.exam
    measured = sum(question.standing.status == "calibrated" for question in material.questions)
    blocks: list[Block] = [
        Text(
            "Our mapping is an estimate. The publisher of the real exam makes public its scale, its pass mark and that "
            "forms are equated, but not how right answers become scaled scores. What stands here is our own method, "
            f"and a score of {exam.pass_mark} here is no promise of {exam.pass_mark} there.",
            stands_out=True,
        ),
        Text(
            "The standard is provisional until a convened panel of at least five independent judges has rated the "
            "questions of the reference form. Leniency that all judges share moves every score alike and cannot be "
            "seen in any number of this report."
        ),
        Text(
            f"{measured:,} of {counted(len(material.questions), 'published question')} of the exam "
            f"{'is' if measured == 1 else 'are'} measured by candidates' answers. Scores of forms with others rest on "
            "judged difficulty and are marked as provisional."
        ),
        Text(
            "Candidates practise. They choose when to sit, may look things up and are not the population of the real "
            "exam; pass rates and abilities are theirs alone."
        ),
        Text(
            "Times are measured by the candidate's browser. Groups are compared only by what people chose to tell, and "
            "a question that differs between groups need not be unfair, nor one that does not be fair."
        ),
    ]
    return Section("Limits", blocks)
