"""How many disjoint forms a bank makes: proved from both sides, with what to write for one more."""

from __future__ import annotations

import pytest

from psychometrics.assembly import assemble_reference, target_of
from psychometrics.assembly.coverage import coverage_of, written
from psychometrics.assembly.gaps import gap_of, open_bank
from psychometrics.assembly.synthetic import synthetic_bank


@pytest.fixture(scope="module")
def told(mla):
    bank = synthetic_bank(150, mla, 3)
    target = target_of(assemble_reference(bank, mla).drafts[0], bank)
    return bank, target, coverage_of(bank, mla, target, most=4)


def test_the_forms_are_made_and_the_counts_allow_no_more(told):
    _, _, found = told
    assert found.capacity.exact
    assert 1 <= found.capacity.made < 4
    assert (found.capacity.most, found.capacity.causes) == (4, ())


def test_one_form_more_is_what_is_planned_and_the_plan_is_proved(mla, told):
    bank, target, found = told
    assert found.next.gap.forms == found.capacity.made + 1
    assert found.next.proven
    assert sum(line.questions for line in found.next.lines) == found.next.gap.missing
    more = [*bank, *written(bank, mla, found.next.lines)]
    assert gap_of(open_bank(more, mla, target), found.next.gap.forms).missing == 0
    assert {line.cell for line in found.next.lines} <= found.next.helps


def test_gaps_and_needs_are_told_for_every_number_of_forms(told):
    _, _, found = told
    assert [gap.forms for gap in found.gaps] == [1, 2, 3, 4]
    assert [sum(found.needed[forms].values()) for forms in (1, 2, 3, 4)] == [65, 130, 195, 260]


def test_an_empty_bank_makes_nothing_and_lacks_a_form(mla):
    found = coverage_of([], mla, None, most=2)
    assert (found.capacity.made, found.capacity.bound) == (0, 0)
    assert found.next
    assert found.next.gap.missing == 65


def test_a_bank_that_makes_all_that_is_asked_needs_nothing(mla):
    found = coverage_of(synthetic_bank(300, mla, 0), mla, None, most=2)
    assert (found.capacity.made, found.next) == (2, None)


def test_without_time_nothing_is_claimed(mla):
    found = coverage_of(synthetic_bank(150, mla, 3), mla, None, most=1, time_limit=0.0)
    assert (found.capacity.made, found.capacity.bound, found.capacity.exact) == (0, 1, False)
