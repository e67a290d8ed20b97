"""The exam and its blueprint, and the bank as it stands."""

from __future__ import annotations

from collections import Counter

from psychometrics.assembly.blueprint import apportion
from questions.models import Rating
from questions.models.measurement import Status
from scoring.documents.content import Block, Chart, Section, Table, Text, facts
from scoring.documents.numbers import counted, day, whole
from scoring.technical import charts
from scoring.technical.material import Material, kind_name


def the_exam(material: Material) -> Section:
    exam = material.exam
    weights = [domain.weight for domain in material.domains]
    blocks: list[Block] = [
        Text(
            f"This report describes the practice exam {exam.code} as it is given here. The real exam belongs to its "
            "publisher, who has no part in it."
        ),
        facts(
            "The exam",
            [
                ("Name", exam.name),
                ("Level", exam.level),
                ("The real exam", f"{exam.status} (as of {day(exam.as_of)})"),
                ("Time", f"{exam.minutes} minutes"),
                ("Questions", f"{exam.questions}, of which {exam.scored} count and {exam.unscored} are tried out"),
                ("Scale", f"{exam.scale_minimum} to {whole(exam.scale_maximum)}, pass mark {exam.pass_mark}"),
            ],
        ),
    ]
    if not weights:
        return Section("The exam and its blueprint", [*blocks, Text("The exam has no domains yet.")])
    tasks = Counter(exam.tasks.values_list("domain_id", flat=True))
    seats = zip(
        material.domains,
        apportion(exam.questions, weights),
        apportion(exam.scored, weights),
        apportion(exam.unscored, weights),
        strict=True,
    )
    rows = [
        (str(domain), str(tasks[domain.pk]), f"{domain.weight} %", str(form), str(scored), str(unscored))
        for domain, form, scored, unscored in seats
    ]
    shares = [
        (
            kind_name(share.kind),
            f"{share.form_minimum}–{share.form_maximum}",
            f"{share.scored_minimum}–{share.scored_maximum}",
        )
        for share in exam.kind_shares.all()
    ]
    blocks += [
        Text(
            "Every form has exactly these counts: the domains' weights by largest remainders, for the whole form and "
            "for its scored seats. Every task has at least one scored seat, and no two questions on a form give each "
            "other away."
        ),
        Table("Seats by domain", ("Domain", "Tasks", "Weight", "Seats", "Scored", "Unscored"), rows),
        Table(
            "Questions of each kind on a form, smallest and largest number", ("Kind", "On the form", "Scored"), shares
        )
        if shares
        else Text("The exam does not limit the kinds of questions."),
    ]
    return Section("The exam and its blueprint", blocks)


def the_bank(material: Material) -> Section:
    if not material.questions:
        return Section("The question bank", [Text("No question of this exam is published yet.")])
    statuses = list(Status)
    judges = Rating.objects.filter(exam=material.exam).values("judge").distinct().count()
    rated = sum(question.standing.rating is not None for question in material.questions)
    by_domain = Counter((question.domain.pk, question.standing.status) for question in material.questions)
    by_kind = Counter((question.kind, question.standing.status) for question in material.questions)
    rows = [
        (
            str(domain),
            *(whole(by_domain[domain.pk, status]) for status in statuses),
            whole(sum(by_domain[domain.pk, status] for status in statuses)),
        )
        for domain in material.domains
    ]
    total = Counter(question.standing.status for question in material.questions)
    rows.append(("All", *(whole(total[status]) for status in statuses), whole(len(material.questions))))
    kinds = [
        (
            kind_name(kind),
            *(whole(by_kind[kind, status]) for status in statuses),
            whole(sum(by_kind[kind, status] for status in statuses)),
        )
        for kind in sorted({question.kind for question in material.questions})
    ]
    names = tuple(status.label for status in statuses)
    blocks: list[Block] = [
        Text(
            f"On {day(material.now)} the bank holds {counted(len(material.questions), 'published question')} of this "
            f"exam, {rated:,} of them with ratings by {counted(judges, 'judge')}. A pretest question stands on "
            "unscored seats only; a scorable one is reviewed and rated; a calibrated one is measured by candidates' "
            "answers."
        ),
        Chart(
            "Questions by domain and status.",
            lambda: charts.stacked(
                [f"Domain {domain.number}" for domain in material.domains],
                [(status.label, [by_domain[domain.pk, status] for domain in material.domains]) for status in statuses],
                "Questions",
            ),
        ),
        Table("Questions by domain and status", ("Domain", *names, "All"), rows),
        Table("Questions by kind and status", ("Kind", *names, "All"), kinds),
    ]
    return Section("The question bank", blocks)
