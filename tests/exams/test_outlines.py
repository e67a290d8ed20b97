"""Changing an exam with real forms and sittings on it; what its bank lacks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from exams.models import ScoreRow, Sitting
from exams.services import outlines
from questions.models import Exam, Standing
from questions.models.bank import RevisionState
from questions.outlining import CannotSave
from questions.specification import KindRange, Specification, specification_of
from tests.factories import begin
from tests.questions.outlines import task

pytestmark = pytest.mark.django_db


def change(exam: Exam, spec: Specification, user) -> list[str]:
    version = specification_of(Exam.objects.get(pk=exam.pk)).version
    return outlines.change(exam=exam, spec=spec, version=version, by=user, now=timezone.now())


def reasons(exam: Exam, spec: Specification, user) -> set[str]:
    with pytest.raises(CannotSave) as error:
        change(exam, spec, user)
    return {problem.where for problem in error.value.problems}


def test_forms_and_sittings_are_what_rests_on_an_exam(exam, user):
    assert outlines.use_of(exam).assembled == 2
    assert outlines.use_of(exam).seated == set(exam.tasks.values_list("pk", flat=True))
    assert outlines.use_of(exam).sat == 0
    Sitting.objects.filter(pk=begin(user, exam).pk).update(simulated=True)
    assert outlines.use_of(exam).sat == 0
    Sitting.objects.update(simulated=False)
    assert outlines.use_of(exam).sat == 1


def test_the_pass_mark_is_refused_and_every_table_stays(exam, user):
    rows = list(ScoreRow.objects.order_by("pk").values())
    assert reasons(exam, replace(specification_of(exam), pass_mark=750), user) == {"pass_mark"}
    assert list(ScoreRow.objects.order_by("pk").values()) == rows


def test_minutes_change_until_somebody_sits(exam, user):
    before = specification_of(exam)
    assert change(exam, replace(before, minutes=140), user) == [f"minutes: {before.minutes} → 140"]
    exam.refresh_from_db()
    assert begin(user, exam).limit_minutes == 140
    assert reasons(exam, replace(before, minutes=150), user) == {"minutes"}


def test_a_shipped_exam_is_sound_by_the_studios_own_rules(exam, user):
    assert change(exam, replace(specification_of(exam), name="Another name"), user) != []


def test_the_bank_that_makes_forms_lacks_nothing(exam):
    assert outlines.shortage_of(exam, specification_of(exam)) == []


def test_a_task_without_questions_is_lacking(exam):
    spec = specification_of(exam)
    first = spec.domains[0]
    longer = replace(first, tasks=(*first.tasks, task("Something new", code="1.4")))
    lines = outlines.shortage_of(exam, replace(spec, domains=(longer, *spec.domains[1:])))
    assert lines == ["domain D1, task 1.4, any kind: 1 scored needed, 0 available"]


def test_questions_follow_their_task_when_others_move(exam):
    spec = specification_of(exam)
    shifted = replace(spec.domains[0], tasks=(task("Something new", code="1.9"), *spec.domains[0].tasks))
    lines = outlines.shortage_of(exam, replace(spec, domains=(shifted, *spec.domains[1:])))
    assert lines == ["domain D1, task 1.9, any kind: 1 scored needed, 0 available"]


def test_a_kind_without_questions_is_lacking(exam):
    spec = specification_of(exam)
    wanted = replace(
        spec, shares=(KindRange("multiple_choice", (30, 40), (20, 30)), KindRange("case_study", (30, 30), (26, 30)))
    )
    assert any("kind case_study: 26 scored needed" in line for line in outlines.shortage_of(exam, wanted))


@pytest.mark.parametrize("share", [1, 3])
def test_looking_for_a_shortage_takes_a_constant_number_of_statements(exam, share, django_assert_num_queries):
    spec = specification_of(exam)
    Standing.objects.filter(exam=exam, pk__in=list(exam.standings.values_list("pk", flat=True)[: 40 * share])).delete()
    assert Standing.objects.filter(exam=exam, revision__state=RevisionState.PUBLISHED).exists()
    with django_assert_num_queries(6):
        outlines.shortage_of(exam, spec)
