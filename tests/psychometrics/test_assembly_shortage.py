"""A bank that cannot do it is told exactly what it lacks."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from psychometrics.assembly import Draft, Shortage, assemble_forms, assemble_pool, assemble_reference, target_of
from psychometrics.assembly.synthetic import synthetic_bank


@pytest.fixture(scope="module")
def bank(mla):
    return synthetic_bank(400, mla, 0)


def lines(bank, blueprint, **options):
    with pytest.raises(Shortage) as caught:
        assemble_pool(bank, blueprint, **{"forms": 1, "disjoint": True, **options})
    assert str(caught.value) == "; ".join(caught.value.lines)
    return caught.value.lines


def keep(bank, wanted, count):
    """The bank with only the first `count` of the wanted questions."""
    some = [one.id for one in bank if wanted(one)][:count]
    return [one for one in bank if not wanted(one) or one.id in some]


def test_a_missing_kind_is_named(mla, bank):
    assert lines(keep(bank, lambda one: one.kind == "ordering", 0), mla) == [
        "all domains, kind ordering: 2 scored needed, 0 available",
        "all domains, kind ordering: 3 needed, 0 available",
    ]


def test_a_kind_too_rare_for_the_forms_asked_is_named_with_their_number(mla, bank):
    scorable = [replace(one, scorable=True) for one in bank]
    assert lines(keep(scorable, lambda one: one.kind == "ordering", 5), mla, forms=2) == [
        "all domains, kind ordering: 6 needed for 2 forms, 5 available"
    ]


def test_forms_that_may_overlap_need_no_more_than_one(mla, bank):
    few = keep(bank, lambda one: one.kind == "ordering", 5)
    assert assemble_pool(few, mla, forms=2, disjoint=False).drafts


def test_a_missing_task_is_named_with_its_domain(mla, bank):
    assert lines(keep(bank, lambda one: one.task == 1, 0), mla) == [
        "domain D1, task 1.2, any kind: 1 scored needed, 0 available"
    ]


def test_a_task_with_pretest_only_has_nothing_to_score(mla, bank):
    unrated = [replace(one, scorable=one.scorable and one.task != 4) for one in bank]
    assert lines(unrated, mla) == ["domain D2, task 2.2, any kind: 1 scored needed, 0 available"]


def test_a_domain_too_small_is_named_for_scored_and_all_seats(mla, bank):
    assert lines(keep([replace(one, scorable=True) for one in bank], lambda one: one.task >= 9, 11), mla)[:2] == [
        "domain D4, any task, any kind: 12 scored needed, 11 available",
        "domain D4, any task, any kind: 16 needed, 11 available",
    ]


def test_the_exams_own_names_are_used(mla, bank):
    named = replace(mla, domain_names=("Data", "Models", "Delivery", "Care"), task_names=tuple("abcdefghijkl"))
    assert lines(keep(bank, lambda one: one.task == 1, 0), named) == [
        "domain Data, task b, any kind: 1 scored needed, 0 available"
    ]


def test_an_empty_bank_lacks_everything(mla):
    found = lines([], mla)
    assert "domain D1, any task, any kind: 14 scored needed, 0 available" in found
    assert "domain D4, task 4.3, any kind: 1 scored needed, 0 available" in found
    assert "all domains, kind case_study: 2 needed, 0 available" in found


def test_counts_that_only_fail_together_become_questions_to_write(mla, bank):
    # D1 and D2 have 27 scored and 8 unscored seats; multiple choice needs 34 scored and 44 on the form.
    found = lines(keep(bank, lambda one: one.task >= 6 and one.kind == "multiple_choice", 0), mla)
    pattern = r"domain D[34], task [34]\.\d, kind multiple_choice: (\d+) (scored|unscored) needed, 0 available"
    needed = {"scored": 0, "unscored": 0}
    for line in found:
        match = re.fullmatch(pattern, line)
        assert match, line
        needed[match[2]] += int(match[1])
    assert needed == {"scored": 7, "unscored": 2}


def test_a_scenario_that_fits_no_domain_share_is_a_question_to_write(mla, bank):
    alone = [one for one in bank if one.kind != "case_study" or one.scenario == 1]
    large = [replace(one, scenario=1) if one.kind == "case_study" else one for one in bank]
    assert assemble_reference(alone, mla).drafts
    assert lines(large, mla) == ["all domains, kind case_study: 2 needed, 0 available"]


def test_used_questions_do_not_count_for_disjoint_forms(mla, bank):
    reference = assemble_reference(bank, mla).drafts[0]
    others = tuple(one.id for one in bank if one.kind == "matching" and one.id not in {*reference.scored})
    target, used = target_of(reference, bank), [reference, Draft(others, ())]
    with pytest.raises(Shortage, match="all domains, kind matching: 2 needed, 0 available"):
        assemble_forms(bank, mla, target, forms=1, disjoint=True, used=used)


def test_enemies_that_rule_out_a_form_are_named(mla, bank):
    rivals = frozenset(one.id for one in bank if one.kind == "ordering")
    hostile = [replace(one, enemies=rivals - {one.id}) if one.id in rivals else one for one in bank]
    found = lines(hostile, mla)
    assert found
    for line in found:
        family, _, pair = line.partition(": ")
        assert family == "the constraints conflict jointly in enemies"
        names = re.fullmatch(r"question (\d+) and question (\d+) would have to stand together", pair)
        assert names, pair
        assert {int(number) for number in names.groups()} <= rivals


def test_a_cut_that_no_form_can_have_is_named(mla, bank):
    equal = [replace(one, rating=7_000, d=math.log(7 / 3)) for one in bank]
    assert lines(equal, mla)[0] == (
        "the constraints conflict jointly in cut score: "
        "the fraction of the reference's rating sum would miss its range by 0.35 raw points"
    )
