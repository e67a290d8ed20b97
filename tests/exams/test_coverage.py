"""Coverage is worked out when it is asked for, kept in the cache, and worked out anew when the bank has changed."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from exams.services import coverage
from exams.tasks import compute_coverage
from psychometrics.assembly.cells import Cell
from questions.models import Enmity, Exam, Revision
from questions.models.bank import RevisionState
from tests.smallbank import MATCHING, add, form_of, small_exam

pytestmark = pytest.mark.django_db


@pytest.fixture
def small():
    cache.clear()
    exam = small_exam()
    form_of(exam, 2)
    return exam


def worked_out(exam: Exam) -> coverage.Known:
    return coverage.compute(exam=exam, state=coverage.state_of(exam), now=timezone.now())


def command(*args: str) -> str:
    out = StringIO()
    call_command("coverage", *args, stdout=out)
    return out.getvalue()


# ---- working it out ---------------------------------------------------------------------------------------------


def test_a_small_bank_is_told_exactly(small):
    found = worked_out(small)
    assert (found.coverage.capacity.made, found.coverage.capacity.bound) == (2, 2)
    assert found.coverage.next
    assert found.coverage.next.gap.forms == 3
    assert (found.coverage.next.gap.missing, found.coverage.next.gap.exact) == (4, True)
    assert sum(line.questions for line in found.coverage.next.lines) == 4
    assert sum(found.coverage.needed[5].values()) == 20


def test_what_is_kept_is_what_was_worked_out(small):
    found = worked_out(small)
    assert coverage.known(small) == found


def test_only_published_questions_count(small):
    Revision.objects.filter(question__placements__task__code="2.1").update(state=RevisionState.RETIRED)
    found = worked_out(small)
    assert found.coverage.capacity.made == 0
    assert found.coverage.next
    assert found.coverage.next.gap.missing == 1
    assert {line.cell.task for line in found.coverage.next.lines} == {2}


def test_published_questions_are_counted_by_cell(small):
    add(small, "1.2", 3, kind=MATCHING, rating="0.5000")
    add(small, "2.1", 1, rating=None)
    state = coverage.state_of(small)
    assert state.published[Cell(1, MATCHING, 0)] == 3
    assert state.published[Cell(2, "multiple_choice", 1)] == 1
    assert (state.pretest, state.off_the_map) == (1, 0)


# ---- the digest -------------------------------------------------------------------------------------------------


def test_the_same_bank_has_the_same_digest_whoever_has_seen_it(small, exam, sitting):
    assert coverage.state_of(small).digest == coverage.state_of(small).digest
    before = coverage.state_of(exam).digest
    sitting.form.sittings.update(started_at=timezone.now())
    assert coverage.state_of(exam).digest == before


def test_every_change_that_matters_changes_the_digest(small):
    digests = {coverage.state_of(small).digest}
    questions = add(small, "1.1", 2)
    digests.add(coverage.state_of(small).digest)
    Enmity.objects.create(first=questions[0], second=questions[1])
    digests.add(coverage.state_of(small).digest)
    small.standings.filter(revision__question=questions[0]).update(rating="0.5000")
    digests.add(coverage.state_of(small).digest)
    small.kind_shares.filter(kind=MATCHING).update(form_maximum=3)
    digests.add(coverage.state_of(small).digest)
    assert len(digests) == 5


# ---- in the background ------------------------------------------------------------------------------------------


def test_what_nobody_asked_for_is_not_worked_out(small):
    assert compute_coverage() == 0
    assert coverage.known(small) is None


def test_what_was_asked_for_is_worked_out_once(small):
    coverage.ask(small)
    assert compute_coverage() == 1
    found = coverage.known(small)
    assert found
    assert found.digest == coverage.state_of(small).digest
    assert compute_coverage() == 0


def test_an_unchanged_bank_is_not_worked_out_again(small):
    before = worked_out(small)
    coverage.ask(small)
    assert compute_coverage() == 0
    assert coverage.known(small) == before


def test_a_changed_bank_is_worked_out_anew(small):
    worked_out(small)
    form_of(small)
    coverage.ask(small)
    assert compute_coverage() == 1
    found = coverage.known(small)
    assert found
    assert found.coverage.capacity.made == 3


def test_an_exam_that_cannot_be_is_passed_over_with_a_word(small, caplog):
    small.kind_shares.all().delete()
    coverage.ask(small)
    assert compute_coverage() == 0
    assert "The coverage of SMALL cannot be worked out: blueprint: the kind shares allow 0 to 0" in caplog.text


def test_a_flushed_cache_loses_nothing_that_matters(small):
    before = worked_out(small)
    cache.clear()
    assert coverage.known(small) is None
    assert worked_out(small).coverage == before.coverage


def test_asking_costs_two_statements_when_nobody_did(small, django_assert_num_queries):
    with django_assert_num_queries(2):
        compute_coverage()


# ---- the command ------------------------------------------------------------------------------------------------


def test_the_command_tells_the_same_in_words(small):
    text = command("SMALL", "--forms", "3")
    assert "SMALL: 8 published questions, 0 of them pretest" in text
    assert "Disjoint forms: 2 (by the counts no more)" in text
    assert text.count("For 3 forms: 4 questions missing") == 2
    assert "  1. " in text
    assert "1.1    multiple_choice" in text


def test_the_command_tells_scripts(small):
    told = json.loads(command("SMALL", "--json", "--forms", "2"))
    assert (told["disjoint_forms"], told["at_most"], told["forms"]) == (2, 2, 2)
    assert told["missing"] == {"questions": 0, "at_least": 0}
    assert told["next"]["forms"] == 3
    assert sum(one["questions"] for one in told["next"]["write"]) == told["next"]["questions"] == 4
    assert sum(one["published"] for one in told["cells"]) == 8
    assert sum(one["needed"] for one in told["cells"]) == 8


def test_the_command_uses_what_is_known(small):
    found = worked_out(small)
    assert json.loads(command("SMALL", "--json"))["computed_at"] == found.computed_at.isoformat()


@pytest.mark.parametrize("forms", ["0", "21", "x", "-1", "²"])
def test_the_command_refuses_impossible_numbers(small, forms):
    with pytest.raises(CommandError, match="must be a whole number from 1 to 20"):
        command("SMALL", f"--forms={forms}")


def test_the_command_names_the_exams_there_are(small):
    with pytest.raises(CommandError, match=r"^There is no exam NONE\. Known: .*SMALL"):
        command("NONE")
