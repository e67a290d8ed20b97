"""The public checker finds each kind of broken rule in an otherwise sound form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from psychometrics.assembly import Draft, anchors_held, assemble_reference, target_of, unmet, violations
from psychometrics.assembly.synthetic import synthetic_bank


@pytest.fixture(scope="module")
def bank(mla):
    return synthetic_bank(300, mla, 5)


@pytest.fixture(scope="module")
def form(bank, mla):
    return assemble_reference(bank, mla).drafts[0]


def changed(bank, number, **changes):
    return [replace(one, **changes) if one.id == number else one for one in bank]


def test_a_sound_form_has_no_violations(bank, form, mla):
    assert violations(form, bank, mla) == []


def test_a_missing_question_shows_in_its_domain(bank, form, mla):
    short = Draft(form.scored[1:], form.unscored)
    assert any("scored questions, not" in line for line in violations(short, bank, mla))


def test_a_repeated_question_is_named(bank, form, mla):
    twice = Draft(form.scored, (form.scored[0], *form.unscored[1:]))
    assert f"question {form.scored[0]} stands 2 times" in violations(twice, bank, mla)


def test_an_unknown_question_is_named(bank, form, mla):
    assert violations(Draft((10**6, *form.scored[1:]), form.unscored), bank, mla) == [
        "questions [1000000] are not among the candidates"
    ]


def test_pretest_may_not_be_scored(bank, form, mla):
    number = form.scored[0]
    assert violations(form, changed(bank, number, scorable=False), mla) == [f"question {number} is pretest but scored"]


def test_every_task_needs_a_scored_question(bank, form, mla):
    moved = [replace(one, task=0) if one.task == 1 else one for one in bank]
    assert violations(form, moved, mla) == ["task 1.2 has no scored question"]


def test_domains_are_counted_in_both_parts(bank, form, mla):
    number = form.unscored[0]
    task = next(one.task for one in bank if one.id == number)
    other = (task + 3) % 12
    found = violations(form, changed(bank, number, task=other), mla)
    assert sorted(line.split(" has ")[0] for line in found) == sorted(
        {f"domain D{task // 3 + 1}", f"domain D{other // 3 + 1}"}
    )
    assert all("unscored questions, not" in line for line in found)


def test_kinds_are_held_to_both_shares(bank, form, mla):
    choices = [one.id for one in bank if one.id in set(form.scored) and one.kind == "multiple_choice"][:4]
    many = [replace(one, kind="ordering") if one.id in choices else one for one in bank]
    found = violations(form, many, mla)
    assert any(line.startswith("kind ordering has") and "its scored share of 2 to 4" in line for line in found)
    assert any(line.startswith("kind ordering has") and "its form share of 3 to 5" in line for line in found)


def test_a_kind_without_a_share_is_named(bank, form, mla):
    assert "kind essay has no share" in violations(form, changed(bank, form.scored[0], kind="essay"), mla)


def test_enemies_count_in_either_direction(bank, form, mla):
    one, other = form.scored[0], form.unscored[0]
    bank = changed(bank, one, enemies=frozenset({other}))
    assert violations(form, bank, mla) == [f"questions {one} and {other} are enemies"]


def test_a_torn_scenario_is_named(bank, form, mla):
    outside = next(one.id for one in bank if one.id not in {*form.scored, *form.unscored} and one.scenario is None)
    bank = changed(changed(bank, form.scored[0], scenario=999), outside, scenario=999)
    assert violations(form, bank, mla) == ["scenario 999 has 1 of its 2 questions scored"]


def test_unmet_measures_each_band(bank, form):
    target = target_of(form, bank)
    low, cut, high = target.curve
    assert unmet(form, bank, target) == []
    assert unmet(form, bank, replace(target, curve=(low - 0.49, cut + 0.24, high + 0.49))) == []
    assert unmet(form, bank, replace(target, curve=(low - 0.51, cut, high))) == ["outer points"]
    assert unmet(form, bank, replace(target, curve=(low, cut, high + 0.51))) == ["outer points"]
    assert unmet(form, bank, replace(target, curve=(low, cut + 0.26, high))) == ["cut band"]
    assert unmet(form, bank, replace(target, minimum_passing_raw=target.minimum_passing_raw + 1)) == ["cut band"]


def test_unmet_measures_information_only_where_it_is_measured(bank, form, statistics):
    information = statistics(form, bank)[3]
    off = replace(target_of(form, bank), information=information * 1.06)
    assert unmet(form, bank, off) == []
    assert unmet(form, bank, off, measured=True) == ["information"]
    assert unmet(form, bank, replace(off, information=information * 1.04), measured=True) == []


def test_unmet_finds_overlap_with_other_forms_or_the_persons_past(bank, form):
    target = target_of(form, bank)
    assert unmet(form, bank, target, [Draft((form.scored[0],), ())]) == ["overlap"]
    assert unmet(form, bank, target, [Draft((form.unscored[0],), (form.scored[0],))]) == []
    assert unmet(form, changed(bank, form.unscored[0], seen=True), target, personal=True) == ["overlap"]


def test_information_joins_the_target_once_four_in_five_are_calibrated(bank, form, statistics):
    measured = [replace(one, calibrated=one.id in set(form.scored[:40])) for one in bank]
    assert target_of(form, bank).information is None
    assert target_of(form, measured).information == pytest.approx(statistics(form, bank)[3])
    assert target_of(form, changed(measured, form.scored[0], calibrated=False)).information is None


def test_anchors_are_counted_by_domain(bank, form, mla):
    task = {one.id: one.task for one in bank}
    other = Draft(form.unscored[:2], ())
    held = anchors_held(form, [other], bank, mla)
    assert sum(held) == 2
    assert held[task[form.unscored[0]] // 3] >= 1
