"""The bank and the forms as assembly sees them: plain candidates, a blueprint, a target."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from functools import reduce
from operator import or_

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, FilteredRelation, Q

from exams.models import Form, ScoreTable, Seat, Sitting, Standard
from psychometrics import irt, scaling
from psychometrics.assembly import Blueprint, Candidate, Draft, Share, Target
from questions.kinds import CASE_STUDY
from questions.models import Enmity, Exam, Standing
from questions.models.bank import RevisionState
from questions.models.measurement import Status

UNRATED = 7_000  # ten-thousandths; only pretest questions, which never count, are without a rating
UNRATED_SHARE = Decimal(UNRATED) / 10_000
ABILITIES = (-1.0, 0.0, 1.0)


def blueprint_of(exam: Exam) -> Blueprint:
    """The exam's counts, weights, tasks and shares. Four statements."""
    domains = list(exam.domains.all())
    places = {domain.pk: place for place, domain in enumerate(domains)}
    tasks = list(exam.tasks.all())
    return Blueprint(
        questions=exam.questions,
        scored=exam.scored,
        weights=tuple(domain.weight for domain in domains),
        tasks=tuple(places[task.domain_id] for task in tasks),
        shares={
            share.kind: Share(
                form=(share.form_minimum, share.form_maximum), scored=(share.scored_minimum, share.scored_maximum)
            )
            for share in exam.kind_shares.all()
        },
        domain_names=tuple(domain.code for domain in domains),
        task_names=tuple(task.code for task in tasks),
    )


def candidates_of(exam: Exam, *, seen: Collection[int] = (), exposed: bool = True) -> list[Candidate]:
    """Every published question of the exam; `Candidate.id` is the id of its revision.

    `seen` holds ids of questions that the person of a personal form has met; without `exposed` nobody counts who
    was shown what, which takes long where many have sat. A constant number of statements.
    """
    place_of_task = {task.pk: place for place, task in enumerate(exam.tasks.all())}
    rows = list(
        Standing.objects.filter(
            exam=exam, revision__state=RevisionState.PUBLISHED, revision__question__placements__exam=exam
        )
        .order_by("revision__question__public_id")
        .values_list(
            "revision_id",
            "revision__question_id",
            "revision__question__placements__task_id",
            "revision__question__scenario_id",
            "revision__kind",
            "status",
            "rating",
            "discrimination",
            "intercept",
            "first_exposures",
        )
    )
    revision_of = {row[1]: row[0] for row in rows}
    enemies: dict[int, set[int]] = defaultdict(set)
    for first, second in Enmity.objects.filter(first__placements__exam=exam).values_list("first_id", "second_id"):
        if first in revision_of and second in revision_of:
            enemies[first].add(revision_of[second])
            enemies[second].add(revision_of[first])
    exposure, standard = exposures(exam) if exposed else Counter[int](), standard_of(exam)
    return [
        Candidate(
            id=revision,
            task=place_of_task[task],
            kind=CASE_STUDY if scenario else kind,
            scorable=status != Status.PRETEST,
            rating=UNRATED if rating is None else int(rating * 10_000),
            a=(at_cut := parameters_at_cut(standard, rating or UNRATED_SHARE, slope, intercept))[0],
            d=at_cut[1],
            calibrated=status == Status.CALIBRATED,
            exposure=exposure[question],
            first_exposures=first_exposures,
            seen=question in seen,
            scenario=scenario,
            enemies=frozenset(enemies[question]),
        )
        for (
            revision, question, task, scenario, kind, status, rating, slope, intercept, first_exposures
        ) in rows
    ]  # fmt: skip


def exposures(exam: Exam) -> Counter[int]:
    """Question id -> real sittings that have shown it. A form that stands ready counts as one more, so that new
    forms reach for other questions. One statement."""
    ready = Q(form__state__in=(Form.State.POOL, Form.State.PENDING))
    sat = FilteredRelation("form__sittings", condition=Q(form__sittings__simulated=False))
    rows = Seat.objects.filter(form__exam=exam).order_by().values("revision__question_id")
    counted = rows.annotate(
        sat=sat, shown=Count("sat"), waiting=Count("form", filter=ready, distinct=True)
    ).values_list("revision__question_id", "shown", "waiting")
    return Counter({question: shown + waiting for question, shown, waiting in counted})


def seen_by(user_id: int) -> set[int]:
    """Questions that the person has met in any real sitting, whatever the exam."""
    forms = set(Sitting.objects.real().filter(user=user_id).order_by().values_list("form_id", flat=True))
    rows = Seat.objects.filter(form__in=forms).order_by()
    return set(rows.values_list("revision__question_id", flat=True)) if forms else set()


def seen_on_forms(*, exam: Exam, users: Iterable[int]) -> dict[tuple[int, int], int]:
    """(person, form) -> how many of the form's questions the person has met in any real sitting, whatever the exam.

    Of the forms of the pool and of the person's own pending one; a pair that is missing shows nothing again. Three
    statements. People share the forms that they have sat, so questions are read once for each form, and a set of
    questions is a number with one bit for each.
    """
    sat: dict[int, set[int]] = defaultdict(set)
    pairs = Sitting.objects.real().filter(user__in=list(users)).order_by().values_list("user_id", "form_id")
    for user, form in pairs.distinct():
        sat[user].add(form)
    ready = Q(state=Form.State.POOL) | Q(state=Form.State.PENDING, owner__in=list(sat))
    offered = list(Form.objects.filter(ready, exam=exam).order_by().values_list("pk", "state", "owner_id"))
    wanted = {form for forms in sat.values() for form in forms} | {form for form, _, _ in offered}
    rows = Seat.objects.filter(form__in=wanted).order_by().values("form_id")
    bits: dict[int, int] = {}
    questions = {
        form: sum(1 << bits.setdefault(question, len(bits)) for question in set(standing))
        for form, standing in rows.annotate(standing=ArrayAgg("revision__question_id")).values_list(
            "form_id", "standing"
        )
    }
    found = {}
    for user, forms in sat.items():
        seen = reduce(or_, (questions.get(form, 0) for form in forms))
        for form, state, owner in offered:
            if state == Form.State.POOL or owner == user:
                again = (questions.get(form, 0) & seen).bit_count()
                if again:
                    found[user, form] = again
    return found


def standard_of(exam: Exam) -> Standard:
    """The exam's newest standard; before there is a reference form one that says what is believed without data."""
    return Standard.objects.filter(exam=exam).order_by("-version").first() or Standard(exam=exam, version=0, cut=0)


def parameters_at_cut(
    standard: Standard, rating: Decimal, slope: float | None, intercept: float | None
) -> tuple[float, float]:
    """Slope a and intercept d of a question, θ being 0 for the borderline candidate.

    A question that is not measured has no parameters of its own and follows the line through the ratings.
    """
    if slope is None or intercept is None:
        slope, intercept = standard.slope, standard.alpha + standard.beta * logit(float(rating))
    return slope, intercept + slope * standard.ability


def reference_form(exam: Exam) -> Form | None:
    return Form.objects.filter(exam=exam, reference=True).first()


def target_of(reference: Form) -> Target:
    """What other forms must resemble: the reference form's characteristic curve and minimum passing raw score."""
    table = current_table(reference)
    scored = list(reference.seats.filter(scored=True).values_list("number", flat=True))
    a, b = parameters(table, scored)
    minus, middle, plus = irt.characteristic_curve(list(ABILITIES), a, b)
    information = None if table.provisional else float(irt.information(0.0, a, b))
    return Target((float(minus), float(middle), float(plus)), minimum_on_reference(table.reference_cut), information)


def minimum_on_reference(cut: Decimal) -> int:
    """The minimum passing raw score of the whole reference form, whatever has been removed from it since."""
    return scaling.minimum_passing_raw(float(cut))


def current_table(form: Form) -> ScoreTable:
    """The newest version of the form's table."""
    return form.tables.order_by("-version")[0]


def parameters(table: ScoreTable, numbers: Iterable[int]) -> tuple[list[float], list[float]]:
    """Slopes a and difficulties b, frozen with the table, of the seats with these numbers."""
    a, b = [], []
    for number in numbers:
        slope, intercept = table.discriminations[number - 1], table.intercepts[number - 1]
        if slope is None or intercept is None:
            raise ValueError(f"seat {number} has no parameters")
        a.append(slope)
        b.append(-intercept / slope)
    return a, b


def drafts_of(forms: Iterable[Form]) -> list[Draft]:
    """Frozen forms as drafts, so that new forms can avoid or anchor to their questions."""
    drafts = []
    for form in forms:
        seats = list(form.seats.values_list("revision_id", "scored"))
        drafts.append(
            Draft(
                scored=tuple(revision for revision, scored in seats if scored),
                unscored=tuple(revision for revision, scored in seats if not scored),
            )
        )
    return drafts


def logit(share: float) -> float:
    """Intercept of an unmeasured question with a = 1 whose rating is `share`: P(0) is then the rating."""
    return math.log(share / (1 - share))
