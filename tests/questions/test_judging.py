"""What an exam cannot be like: each reason with its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from questions.judging import problems
from questions.pack import schema
from questions.specification import KindRange, Specification, TopicLine, as_pack, blueprint_of
from tests.questions.outlines import specification, task, with_domain, with_share, with_task

SOUND = specification()


def said(spec: Specification) -> dict[str, str]:
    return {problem.where: problem.what for problem in problems(spec)}


def test_a_sound_exam_has_no_problem_and_is_a_blueprint():
    assert problems(SOUND) == []
    assert blueprint_of(SOUND).scored_by_domain == (5, 3)


def test_a_sound_exam_with_codes_is_a_pack():
    coded = with_domain(SOUND, 0, code="D1", tasks=(task("a", code="1.1"), task("b", code="1.2")))
    coded = with_domain(coded, 1, code="D2", tasks=(task("c", code="2.1"),))
    assert schema.Exam.model_validate(as_pack(coded)).code == "BRW-01"


@pytest.mark.parametrize(
    ("spec", "where", "why"),
    [
        (specification(code="brw-01"), "code", "capital letters"),
        (specification(code="B"), "code", "2 to 21"),
        (specification(code="-BRW"), "code", "does not begin with a hyphen"),
        (specification(code="BRW-01\n"), "code", "capital letters"),
        (specification(name="  "), "name", "must not be empty"),
        (specification(level="x" * 301), "level", "at most 300"),
        (specification(status="one\ntwo"), "status", "one line"),
        (specification(minutes=0), "minutes", "from 1 to 600"),
        (specification(language_minutes=121), "language_minutes", "from 0 to 120"),
        (specification(questions=301), "questions", "from 1 to 300"),
        (specification(scored=11), "scored", "11 scored questions do not fit into 10."),
        (specification(pass_mark=1000), "pass_mark", "between the ends"),
        (specification(scale_minimum=700), "pass_mark", "between the ends"),
        (specification(scale_maximum=40_000), "scale_maximum", "from 0 to 30,000"),
        (specification(domains=()), "domains", "1 to 9 domains"),
        (specification(domains=SOUND.domains * 5), "domains", "1 to 9 domains"),
        (with_domain(SOUND, 0, weight=55), "domains.0.weight", "add up to 95 %, not to 100 %"),
        (with_domain(SOUND, 1, weight=0), "domains.1.weight", "from 1 to 100"),
        (with_domain(SOUND, 0, title=""), "domains.0.title", "must not be empty"),
        (with_domain(SOUND, 1, tasks=()), "domains.1.tasks", "1 to 99 tasks"),
        (with_task(SOUND, 0, 1, title=""), "domains.0.tasks.1.title", "must not be empty"),
        (with_task(SOUND, 0, 1, topics=()), "domains.0.tasks.1.topics", "at least one topic"),
        (
            with_task(SOUND, 0, 0, topics=(TopicLine(2, "a"), TopicLine(2, "b"))),
            "domains.0.tasks.0.topics",
            "Two topics have the number 2.",
        ),
        (with_task(SOUND, 0, 0, topics=(TopicLine(100, "a"),)), "domains.0.tasks.0.topics", "from 1 to 99"),
        (specification(shares=()), "shares", "At least one kind"),
        (specification(shares=(KindRange("essay", (10, 10), (8, 8)),)), "shares", "no kind essay"),
        (with_share(SOUND, 0, form=(8, 6)), "shares.multiple_choice.form_minimum", "not from 8 to 6"),
        (with_share(SOUND, 1, scored=(3, 1)), "shares.ordering.scored_minimum", "not from 3 to 1"),
        (
            with_domain(SOUND, 1, tasks=tuple(task(str(n)) for n in range(4))),
            "domains.1.weight",
            "With 40 % this domain has 3 of the 8 scored seats, and its 4 tasks need one each.",
        ),
        (
            with_share(with_share(SOUND, 0, form=(2, 3)), 1, form=(2, 4)),
            "shares",
            "The kinds come to 4 to 7 questions, and a form has 10.",
        ),
        (
            with_share(with_share(SOUND, 0, scored=(5, 5)), 1, scored=(1, 1)),
            "shares",
            "The kinds come to exactly 6 scored questions, and a form has 8.",
        ),
        (
            with_share(SOUND, 1, form=(2, 4), scored=(5, 6)),
            "shares.ordering.scored_minimum",
            "5 scored ones do not fit where a form holds at most 4.",
        ),
        (  # every number fits by itself; only assembly sees that scored questions are questions, too
            specification(shares=(KindRange("multiple_choice", (0, 2), (0, 5)), KindRange("ordering", (3, 8), (0, 3)))),
            "shares.multiple_choice.form_maximum",
            "No form can keep all these shares at once; it could if this number were 3 larger.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_work_is_named_with_its_place(spec, where, why):
    assert why in said(spec)[where]


def test_every_problem_is_told_at_once():
    spec = with_task(specification(code="x", scored=11, pass_mark=2000), 0, 0, title="")
    assert set(said(spec)) == {"code", "scored", "pass_mark", "domains.0.tasks.0.title"}


def test_a_case_study_may_have_any_size():
    share = KindRange("case_study", (3, 3), (3, 3))
    spec = replace(with_share(SOUND, 0, form=(3, 5), scored=(2, 4)), shares=(*SOUND.shares[1:], share))
    spec = replace(spec, shares=(KindRange("multiple_choice", (3, 5), (2, 4)), *spec.shares))
    assert problems(spec) == []
