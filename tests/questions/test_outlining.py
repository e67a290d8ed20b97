"""Making and changing exams: what is stored, what is refused, what goes on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from questions import outlining
from questions.models import Exam, Placement, Question, Task, Topic
from questions.models.outline import Origin
from questions.outlining import CannotSave, Use
from questions.pack import schema
from questions.specification import DomainLine, KindRange, Specification, TopicLine, as_pack, specification_of
from tests.factories import UserFactory
from tests.questions.outlines import log_of, specification, task, with_domain, with_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> User:
    person: User = UserFactory()
    return person


@pytest.fixture
def brewer(by: User) -> Exam:
    return outlining.create(spec=specification(), by=by, now=timezone.now())


def change(exam: Exam, spec: Specification, by: User, *, use: Use = Use()) -> list[str]:  # noqa: B008
    version = specification_of(Exam.objects.get(pk=exam.pk)).version
    return outlining.change(exam=exam, spec=spec, version=version, use=use, by=by, now=timezone.now())


def refused(exam: Exam, spec: Specification, by: User, *, use: Use = Use()) -> dict[str, str]:  # noqa: B008
    """The reasons by their places; nothing was written."""
    before = specification_of(Exam.objects.get(pk=exam.pk)), log_of(by)
    with pytest.raises(CannotSave) as error:
        change(exam, spec, by, use=use)
    assert (specification_of(Exam.objects.get(pk=exam.pk)), log_of(by)) == before
    return {problem.where: problem.what for problem in error.value.problems}


def place(exam: Exam, code: str, *topics: int) -> None:
    """A question in a task."""
    row = Task.objects.get(exam=exam, code=code)
    question = Question.objects.create(public_id=f"brw-{Question.objects.count():03}")
    placement = Placement.objects.create(question=question, exam=exam, task=row)
    placement.topics.set(Topic.objects.filter(task=row, number__in=topics))


def codes(exam: Exam) -> list[tuple[str, str]]:
    return list(Task.objects.filter(exam=exam).values_list("code", "title"))


# ---- a new exam ------------------------------------------------------------------------------------------------------


def test_a_new_exam_is_stored_whole(brewer, by):
    stored = specification_of(brewer)
    assert [(domain.code, domain.title, domain.weight) for domain in stored.domains] == [
        ("D1", "Leaves", 60), ("D2", "Water", 40),
    ]  # fmt: skip
    assert codes(brewer) == [("1.1", "Choose leaves"), ("1.2", "Store leaves"), ("2.1", "Heat water")]
    assert stored.tasks[0].topics == (TopicLine(1, "black"), TopicLine(2, "green"))
    assert stored.shares == specification().shares
    assert (brewer.origin, brewer.edited_at is not None, brewer.offered) == (Origin.STUDIO, True, True)
    assert log_of(by) == ["Made in the studio."]


def test_what_the_studio_saves_a_pack_can_say(brewer):
    assert schema.Exam.model_validate(as_pack(specification_of(brewer))).code == "BRW-01"


def test_a_taken_code_is_refused(brewer, by):
    with pytest.raises(CannotSave, match="There is an exam BRW-01 already"):
        outlining.create(spec=specification(), by=by, now=timezone.now())


def test_what_cannot_work_is_not_stored(by):
    with pytest.raises(CannotSave, match=r"domains\.0\.weight: The domains’ weights add up to 90"):
        outlining.create(spec=with_domain(specification(), 0, weight=50), by=by, now=timezone.now())
    assert not Exam.objects.filter(code="BRW-01").exists()


def test_a_clone_has_rows_of_its_own(brewer, by):
    spec = replace(specification_of(brewer), code="BRW-02")
    clone = outlining.create(spec=spec, by=by, now=timezone.now(), like="BRW-01")
    assert codes(clone) == codes(brewer)
    assert not set(clone.tasks.values_list("pk")) & set(brewer.tasks.values_list("pk"))
    assert log_of(by)[0] == "Made in the studio from the outline of BRW-01."


# ---- changes while nothing rests on it -------------------------------------------------------------------------------


def test_saving_what_is_there_writes_nothing(brewer, by):
    before = Exam.objects.get(pk=brewer.pk).edited_at
    assert change(brewer, specification_of(brewer), by) == []
    assert Exam.objects.get(pk=brewer.pk).edited_at == before
    assert log_of(by) == ["Made in the studio."]


def test_everything_may_change_and_is_on_record(brewer, by):
    before = specification_of(brewer)
    leaves, water = before.domains
    spec = replace(
        before,
        code="BRW-09",
        pass_mark=750,
        minutes=25,
        shares=(KindRange("multiple_choice", (10, 10), (8, 8)),),
        domains=(
            replace(water, weight=30, tasks=(*water.tasks, leaves.tasks[1])),
            replace(leaves, weight=30, tasks=(task("Taste", "smell"), leaves.tasks[0])),
            DomainLine("Cups", 40, (task("Warm cups"),)),
        ),
    )
    told = change(brewer, spec, by)
    brewer.refresh_from_db()
    assert codes(brewer) == [
        ("1.1", "Heat water"), ("1.2", "Store leaves"), ("2.1", "Taste"), ("2.2", "Choose leaves"),
        ("3.1", "Warm cups"),
    ]  # fmt: skip
    assert set(brewer.tasks.values_list("pk", flat=True)) > {one.id for one in before.tasks}
    for phrase in (
        "code: BRW-01 → BRW-09", "pass mark: 700 → 750", "minutes: 20 → 25", "ordering: 2–4, scored 1–3 → none",
        "weight of D2: 60 → 30", "domain D3 added (Cups)", "task 2.1 added (Taste)", "domain D1 is now D2",
    ):  # fmt: skip
        assert phrase in told
    assert log_of(by)[0] == "; ".join(told)


def test_domains_tasks_and_topics_can_go(brewer, by):
    before = specification_of(brewer)
    kept = replace(before.domains[0], weight=100, tasks=before.domains[0].tasks[:1])
    spec = with_task(replace(before, domains=(kept,)), 0, 0, topics=(TopicLine(2, "green tea"), TopicLine(5, "oolong")))
    told = change(brewer, spec, by)
    assert codes(brewer) == [("1.1", "Choose leaves")]
    assert list(Topic.objects.filter(task__exam=brewer).values_list("number", "title")) == [
        (2, "green tea"), (5, "oolong"),
    ]  # fmt: skip
    assert told[-3:] == [
        "task 1.2 removed (Store leaves)", "task 2.1 removed (Heat water)", "topics of task 1.1 changed",
    ]  # fmt: skip


def test_two_people_do_not_overwrite_each_other(brewer, by):
    seen = specification_of(brewer)
    change(brewer, replace(seen, name="By the first"), by)
    with pytest.raises(CannotSave, match="Somebody has changed this exam"):
        outlining.change(
            exam=brewer, spec=replace(seen, name="By the second"), version=seen.version, use=Use(), by=by,
            now=timezone.now(),
        )  # fmt: skip
    assert Exam.objects.get(pk=brewer.pk).name == "By the first"


def test_rows_of_another_exam_are_refused(brewer, by):
    other = outlining.create(spec=specification(code="BRW-02"), by=by, now=timezone.now())
    stranger = specification_of(other).domains[0]
    spec = replace(specification_of(brewer), domains=(stranger, specification_of(brewer).domains[1]))
    assert "load the page again" in refused(brewer, spec, by)["domains"]
    twice = replace(specification_of(brewer), domains=(specification_of(brewer).domains[0],) * 2)
    twice = with_domain(with_domain(twice, 0, weight=50), 1, weight=50)
    assert "load the page again" in refused(brewer, twice, by)["domains"]


def test_offering_an_exam_is_no_edit_of_its_outline(brewer, by):
    Exam.objects.filter(pk=brewer.pk).update(edited_at=None)
    assert change(brewer, replace(specification_of(brewer), offered=False), by) == ["offered: True → False"]
    assert Exam.objects.get(pk=brewer.pk).edited_at is None
    change(brewer, replace(specification_of(brewer), name="Brewer"), by)
    assert Exam.objects.get(pk=brewer.pk).edited_at is not None


# ---- changes once questions are placed -------------------------------------------------------------------------------


def test_with_questions_numbers_may_change_and_new_rows_follow(brewer, by):
    place(brewer, "1.2", 1)
    spec = specification_of(brewer)
    leaves, water = spec.domains
    spec = replace(
        spec,
        pass_mark=720,
        domains=(
            replace(leaves, title="Leaves and buds", weight=40, tasks=(leaves.tasks[1], task("Taste"))),
            replace(water, weight=20),
            DomainLine("Cups", 40, (task("Warm cups"),)),
        ),
    )
    change(brewer, spec, by)
    assert codes(brewer) == [("1.2", "Store leaves"), ("1.3", "Taste"), ("2.1", "Heat water"), ("3.1", "Warm cups")]
    assert [domain.code for domain in specification_of(brewer).domains] == ["D1", "D2", "D3"]


Edit = Callable[[Specification], Specification]


@pytest.mark.parametrize(
    ("edit", "where", "why"),
    [
        (lambda spec: replace(spec, code="BRW-02"), "code", "name BRW-01 by its code, so it stays"),
        (
            lambda spec: replace(spec, domains=spec.domains[::-1]),
            "domains",
            "Domains keep their order, and new ones follow",
        ),
        (
            lambda spec: replace(spec, domains=(DomainLine("Cups", 0, (task("x"),)), *spec.domains)),
            "domains",
            "Domains keep their order, and new ones follow",
        ),
        (
            lambda spec: with_domain(spec, 0, tasks=spec.domains[0].tasks[::-1]),
            "domains.0.tasks",
            "Tasks keep their order, and new ones follow",
        ),
        (
            lambda spec: with_domain(
                with_domain(spec, 0, tasks=spec.domains[0].tasks[:1]),
                1,
                tasks=(*spec.domains[1].tasks, spec.domains[0].tasks[1]),
            ),
            "domains.1.tasks",
            "A task stays in its domain",
        ),
        (
            lambda spec: with_domain(spec, 0, tasks=spec.domains[0].tasks[1:]),
            "domains",
            "Task 1.1 holds 2 questions; place them elsewhere first.",
        ),
        (
            lambda spec: with_task(spec, 0, 0, topics=(TopicLine(1, "black"),)),
            "domains.0.tasks.0.topics",
            "Topic 2 (green) is named by 1 question; it stays.",
        ),
    ],
)  # fmt: skip
def test_with_questions_what_they_name_stays(brewer, by, edit: Edit, where, why):
    place(brewer, "1.1", 2)
    place(brewer, "1.1")
    assert why in refused(brewer, edit(specification_of(brewer)), by)[where]


def test_an_exam_from_a_pack_keeps_its_codes_even_without_questions(brewer, by):
    Exam.objects.filter(pk=brewer.pk).update(origin=Origin.PACK)
    assert "code" in refused(brewer, replace(specification_of(brewer), code="BRW-02"), by)


# ---- changes once forms exist or people have sat ---------------------------------------------------------------------

FORMS = Use(assembled=3)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("pass_mark", 720, "The pass mark stays 700."),
        ("scale_minimum", 0, "The lowest score stays 100."),
        ("scale_maximum", 900, "The highest score stays 1,000."),
        ("questions", 11, "The number of questions stays 10."),
        ("scored", 7, "The number of scored questions stays 8."),
    ],
)
def test_with_forms_what_a_score_means_stays(brewer, by, field, value, sentence):
    why = refused(brewer, replace(specification_of(brewer), **{field: value}), by, use=FORMS)[field]
    assert why == f"{sentence} {outlining.FIXED}"


def test_with_forms_the_domains_and_their_weights_stay(brewer, by):
    spec = specification_of(brewer)
    moved = with_domain(with_domain(spec, 0, weight=50), 1, weight=50)
    reasons = refused(brewer, moved, by, use=FORMS)
    assert "The weight stays 60 %." in reasons["domains.0.weight"]
    assert "The weight stays 40 %." in reasons["domains.1.weight"]
    more = replace(with_domain(spec, 0, weight=40), domains=(
        *with_domain(spec, 0, weight=40).domains, DomainLine("Cups", 20, (task("x"),)),
    ))  # fmt: skip
    assert "The domains stay as they are." in refused(brewer, more, by, use=FORMS)["domains"]


def test_with_forms_a_task_on_them_stays(brewer, by):
    spec = specification_of(brewer)
    seated = Use(assembled=1, seated=frozenset({spec.tasks[1].id or 0}))
    fewer = with_domain(spec, 0, tasks=spec.domains[0].tasks[:1])
    assert refused(brewer, fewer, by, use=seated)["domains"] == "Task 1.2 stands on forms, so it stays in the outline."
    change(brewer, with_domain(spec, 0, tasks=(*spec.domains[0].tasks, task("Taste"))), by, use=seated)
    assert ("1.3", "Taste") in codes(brewer)


def test_with_forms_words_shares_and_minutes_may_change(brewer, by):
    spec = replace(
        specification_of(brewer),
        name="Brewer", level="Expert", status="Live", minutes=30, offered=False, retake_after_days=14,
        shares=(KindRange("multiple_choice", (10, 10), (8, 8)),),
    )  # fmt: skip
    assert len(change(brewer, with_domain(spec, 0, title="Tea leaves"), by, use=FORMS)) == 9


def test_once_people_have_sat_it_the_minutes_stay(brewer, by):
    spec = replace(specification_of(brewer), minutes=30)
    why = refused(brewer, spec, by, use=Use(assembled=3, sat=1))["minutes"]
    assert why.startswith("People have sat it with 20 minutes.")
    words = replace(specification_of(brewer), name="Brewer", language_minutes=10)
    assert len(change(brewer, words, by, use=Use(assembled=3, sat=1))) == 2


# ---- statements ------------------------------------------------------------------------------------------------------


def statements(run: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        run()
    return len(queries)


def test_the_number_of_statements_does_not_grow_with_the_outline(by):
    counts = []
    for number, size in enumerate((2, 8)):
        domains = tuple(DomainLine(f"d{n}", 100 // size, (task("a"), task("b"))) for n in range(size - 1))
        rest = 100 - sum(domain.weight for domain in domains)
        spec = specification(
            code=f"BRW-{number}", questions=60, scored=50, domains=(*domains, DomainLine("e", rest, (task("a"),))),
            shares=(KindRange("multiple_choice", (60, 60), (50, 50)),),
        )  # fmt: skip
        made = statements(partial(outlining.create, spec=spec, by=by, now=timezone.now()))
        exam = Exam.objects.get(code=spec.code)
        known = specification_of(exam)
        other = replace(
            known,
            domains=tuple(
                replace(domain, title=f"new {domain.title}", tasks=tuple(
                    replace(one, title="new", topics=(*one.topics, TopicLine(7, "new"))) for one in domain.tasks
                ))
                for domain in known.domains
            ),
        )  # fmt: skip
        counts.append((made, statements(partial(change, exam, other, by))))
    assert counts[0] == counts[1]
