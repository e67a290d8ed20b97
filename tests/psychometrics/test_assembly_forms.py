from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psychometrics.assembly import (
    Draft,
    Shortage,
    Target,
    assemble_forms,
    assemble_reference,
    target_of,
)
from psychometrics.assembly.synthetic import synthetic_bank

SEEDS = st.integers(0, 10**6)
FEW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def bank(mla):
    return synthetic_bank(500, mla, 11)


@pytest.fixture(scope="module")
def reference(bank, mla):
    return assemble_reference(bank, mla).drafts[0]


@pytest.fixture(scope="module")
def target(bank, reference):
    return target_of(reference, bank)


def one_form(bank, blueprint, target, **options):
    options = {"forms": 1, "disjoint": False, **options}
    made = assemble_forms(bank, blueprint, target, **options)
    assert made.relaxed == ()
    return made.drafts[0]


@FEW
@given(size=st.integers(150, 700), seed=SEEDS, calibrated=st.sampled_from([0.0, 0.75, 1.0]), real=st.booleans())
def test_forms_keep_every_rule_and_every_band(mla, mls, broken_rules, statistics, size, seed, calibrated, real):
    blueprint = mla if real else mls
    bank = synthetic_bank(size, blueprint, seed, calibrated=calibrated)
    reference = assemble_reference(bank, blueprint, seed=seed).drafts[0]
    target = target_of(reference, bank)
    draft = one_form(bank, blueprint, target, used=[reference] if size > 250 else [], seed=seed)
    assert broken_rules(reference, bank, blueprint) == broken_rules(draft, bank, blueprint) == []
    own, wanted = statistics(draft, bank), statistics(reference, bank)
    assert abs(own[0] - wanted[0]) <= 0.5
    assert abs(own[1] - wanted[1]) <= 0.25
    assert abs(own[2] - wanted[2]) <= 0.5
    assert target.minimum_passing_raw - 1 < own[1] < target.minimum_passing_raw
    if calibrated == 1.0:
        assert own[3] == pytest.approx(wanted[3], rel=0.05)


@FEW
@given(size=st.integers(40, 130), seed=SEEDS)
def test_a_small_bank_gives_a_whole_form_or_a_reason(mla, broken_rules, size, seed):
    bank = synthetic_bank(size, mla, seed)
    lines: list[str] = []
    drafts: tuple[Draft, ...] = ()
    try:
        drafts = assemble_reference(bank, mla).drafts
    except Shortage as shortage:
        lines = shortage.lines
    assert bool(lines) != bool(drafts)
    assert [broken_rules(draft, bank, mla) for draft in drafts] == [[]] * len(drafts)


@FEW
@given(seed=SEEDS)
def test_the_reference_sum_of_ratings_lies_between_whole_numbers(mla, seed):
    bank = synthetic_bank(200, mla, seed)
    rating = {one.id: one.rating for one in bank}
    total = sum(rating[number] for number in assemble_reference(bank, mla, seed=seed).drafts[0].scored)
    assert 3_500 <= total % 10_000 <= 6_500


def test_the_reference_is_typical_of_its_bank(mla, bank, reference, statistics):
    hard_first = [replace(one, exposure=one.rating) for one in bank]
    draft = assemble_reference(hard_first, mla).drafts[0]
    mean = 0.0
    for domain, seats in enumerate(mla.scored_by_domain):
        inside = [one.rating / 10_000 for one in bank if one.scorable and one.task // 3 == domain]
        mean += seats * sum(inside) / len(inside)
    assert abs(statistics(draft, bank)[1] - mean) < 1.0


def test_the_same_seed_gives_the_same_form_and_another_seed_another(mla, bank, target):
    first, again, other = (one_form(bank, mla, target, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert len(set(first.scored) & set(other.scored)) < 50


def test_ids_come_in_the_order_of_the_candidates(mla, bank, target):
    draft = one_form(bank, mla, target)
    assert list(draft.scored) == sorted(draft.scored)
    assert list(draft.unscored) == sorted(draft.unscored)


def test_the_least_exposed_questions_are_taken(mla, bank, target):
    worn = {one.id for one in bank if one.id % 2 and one.scenario is None}
    bank = [replace(one, exposure=500 * (one.id in worn), first_exposures=300 * (one.id in worn)) for one in bank]
    draft = one_form(bank, mla, target)
    assert not worn & {*draft.scored, *draft.unscored}


def test_a_big_bank_is_cut_to_its_least_exposed_questions(mla, broken_rules):
    bank = [replace(one, exposure=0 if one.id % 16 == 0 else 500) for one in synthetic_bank(6_000, mla, 2)]
    fresh = {one.id for one in bank if one.exposure == 0}
    target = target_of(assemble_reference(bank, mla).drafts[0], bank)
    made = assemble_forms(bank, mla, target, forms=1, disjoint=False)
    assert broken_rules(made.drafts[0], bank, mla) == []
    # A scenario is only fresh when both its questions are; one of the other kind may be the better fit.
    assert len(set(made.drafts[0].scored) - fresh) <= 2
    assert made.seconds < 2


def test_a_personal_form_avoids_what_the_person_has_seen(mla, bank, target, broken_rules):
    seen = {one.id for one in bank if (one.task % 2 == 0 and one.id % 3 == 0) or one.scenario in (1, 2)}
    bank = [replace(one, seen=one.id in seen, exposure=0 if one.id in seen else 900) for one in bank]
    draft = one_form(bank, mla, target, personal=True)
    assert not seen & {*draft.scored, *draft.unscored}
    assert broken_rules(draft, bank, mla) == []
    pool_form = one_form(bank, mla, target)
    assert seen & {*pool_form.scored, *pool_form.unscored}


def test_a_personal_form_repeats_as_few_questions_as_possible(mla):
    bank = synthetic_bank(300, mla, 8)
    target = target_of(assemble_reference(bank, mla).drafts[0], bank)
    choices = [one.id for one in bank if one.kind == "multiple_choice"]
    # 36 fresh multiple-choice questions are left and 44 are needed: at least 8 must be repeated.
    fresh = set(choices[::5][:36])
    bank = [replace(one, seen=one.id in choices and one.id not in fresh) for one in bank]
    made = assemble_forms(bank, mla, target, forms=1, disjoint=False, personal=True)
    repeated = [one for one in bank if one.seen and one.id in {*made.drafts[0].scored, *made.drafts[0].unscored}]
    assert made.relaxed == ("overlap",)
    assert len(repeated) <= 9


def test_unscored_seats_prefer_pretest_with_the_fewest_first_exposures(mla):
    bank = synthetic_bank(2_000, mla, 4)
    many = {one.id for one in bank if one.id % 2}
    bank = [replace(one, scenario=None, enemies=frozenset()) for one in bank if one.kind != "case_study"] + [
        one for one in bank if one.kind == "case_study"
    ]
    bank = [replace(one, first_exposures=150 if one.id in many else 0) for one in bank]
    target = target_of(assemble_reference(bank, mla).drafts[0], bank)
    draft = one_form(bank, mla, target)
    by_id = {one.id: one for one in bank}
    plain = [by_id[number] for number in draft.unscored if by_id[number].scenario is None]
    assert not any(one.scorable for one in plain)
    assert sum(one.first_exposures > 0 for one in plain) <= 1


def test_without_pretest_the_scorable_with_the_fewest_first_exposures_fill_up(mla, bank, target):
    bank = [
        replace(one, scorable=True, exposure=50, first_exposures=90 if one.id % 2 and not one.scenario else 0)
        for one in bank
    ]
    by_id = {one.id: one for one in bank}
    draft = one_form(bank, mla, target)
    assert sum(by_id[number].first_exposures for number in draft.unscored) == 0


@FEW
@given(seed=SEEDS)
def test_six_unscored_seats_anchor_the_form_to_the_others(mla, seed):
    bank = synthetic_bank(400, mla, seed)
    reference = assemble_reference(bank, mla).drafts[0]
    made = assemble_forms(bank, mla, target_of(reference, bank), forms=2, disjoint=False, used=[reference], seed=seed)
    domain = {one.id: one.task // 3 for one in bank}
    scored = set(reference.scored)
    for draft in made.drafts:
        anchors = [number for number in draft.unscored if number in scored]
        assert len(anchors) >= 6
        assert {domain[number] for number in anchors} == {0, 1, 2, 3}
        scored |= set(draft.scored)


def test_the_first_form_needs_no_anchors_and_few_sources_give_few(mla, bank, target):
    assert one_form(bank, mla, target, used=[])
    sources = [one.id for one in bank if one.scorable and one.kind == "multiple_choice" and one.task == 0][:2]
    draft = one_form(bank, mla, target, used=[Draft(tuple(sources), ())])
    assert set(sources) <= set(draft.unscored)


def test_a_form_shares_no_scored_question_with_the_pool(mla, bank, reference, target):
    draft = one_form(bank, mla, target, used=[reference])
    assert not set(draft.scored) & set(reference.scored)


def test_disjoint_forms_share_nothing_with_each_other_or_with_used(mla, bank, reference, target, broken_rules):
    made = assemble_forms(bank, mla, target, forms=4, disjoint=True, used=[reference])
    times = Counter(number for draft in (reference, *made.drafts) for number in (*draft.scored, *draft.unscored))
    assert max(times.values()) == 1
    assert made.relaxed == ()
    assert [broken_rules(draft, bank, mla) for draft in made.drafts] == [[]] * 4


def test_enemies_named_by_one_side_only_are_kept_apart(mla, bank, target):
    odd = {one.id for one in bank if one.kind == "ordering" and one.id % 2}
    even = frozenset(one.id for one in bank if one.kind == "ordering" and one.id % 2 == 0)
    bank = [replace(one, enemies=even if one.id in odd else frozenset()) for one in bank]
    for seed in range(4):
        draft = one_form(bank, mla, target, seed=seed)
        on_form = {*draft.scored, *draft.unscored}
        assert len(on_form & (odd | even)) >= 3
        assert not (on_form & odd and on_form & even)


def test_a_mixed_scenario_stands_whole_in_the_unscored_seats(mla, bank, target):
    cases = sorted({one.scenario for one in bank if one.scenario})
    keep = cases[0]
    first = next(one.id for one in bank if one.scenario == keep)
    bank = [one for one in bank if one.scenario in (None, keep)]
    bank = [replace(one, scorable=one.id != first) if one.scenario == keep else one for one in bank]
    draft = one_form(bank, mla, target)
    assert {one.id for one in bank if one.scenario == keep} <= set(draft.unscored)


def test_a_scenario_larger_than_its_share_is_never_used(mla, bank, target):
    cases = sorted({one.scenario for one in bank if one.scenario})
    bank = [replace(one, scenario=cases[0], exposure=0) if one.scenario in cases[:2] else one for one in bank]
    draft = one_form(bank, mla, target)
    large = {one.id for one in bank if one.scenario == cases[0]}
    assert len(large) == 4
    assert not large & {*draft.scored, *draft.unscored}


def test_a_kind_without_a_share_is_never_used(mls, mla):
    bank = synthetic_bank(400, mls, 3)
    strange = {one.id for one in bank[:40]}
    bank = [replace(one, kind="essay", exposure=0) if one.id in strange else replace(one, exposure=90) for one in bank]
    draft = assemble_reference(bank, mls).drafts[0]
    assert not strange & {*draft.scored, *draft.unscored}


def test_information_binds_when_four_in_five_seats_are_calibrated_in_a_mixed_bank(mla, statistics):
    bank = synthetic_bank(500, mla, 21, calibrated=0.75)
    target = replace(target_of(assemble_reference(bank, mla).drafts[0], bank), information=12.5)
    # The calibrated questions are the fresh ones, so the form has every reason to take them.
    bank = [replace(one, exposure=0 if one.calibrated else 900) for one in bank]
    made = assemble_forms(bank, mla, target, forms=1, disjoint=False)
    measured = sum(one.calibrated for one in bank if one.id in set(made.drafts[0].scored))
    assert made.relaxed == ()
    assert measured >= 40
    assert statistics(made.drafts[0], bank)[3] == pytest.approx(12.5, rel=0.05)


@pytest.mark.parametrize(("forms", "cut", "passing"), [(0, 34.5, 35), (1, 34.5, 37), (1, 34.5, 33), (-1, 34.5, 35)])
def test_impossible_orders_are_refused(mla, bank, forms, cut, passing):
    with pytest.raises(ValueError, match="forms for the target"):
        assemble_forms(bank, mla, Target((24.0, cut, 42.0), passing), forms=forms, disjoint=False)


@pytest.mark.parametrize("change", [{"id": 2}, {"task": 12}, {"task": -1}, {"d": float("nan")}, {"a": float("inf")}])
def test_broken_candidates_are_refused(mla, bank, target, change):
    with pytest.raises(ValueError, match="candidate"):
        assemble_forms([replace(bank[0], **change), *bank[1:]], mla, target, forms=1, disjoint=False)
