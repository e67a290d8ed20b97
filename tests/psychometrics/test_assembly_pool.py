from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from psychometrics.assembly import Shortage, assemble_pool, minimum_passing_raw
from psychometrics.assembly.synthetic import synthetic_bank


def seated(draft):
    return (*draft.scored, *draft.unscored)


@pytest.fixture
def parallel(statistics):
    """Whether every form has the first one's passing score and lies within the bands around it."""

    def check(drafts, bank):
        first = statistics(drafts[0], bank)
        for draft in drafts:
            own = statistics(draft, bank)
            assert minimum_passing_raw(own[1]) == minimum_passing_raw(first[1])
            assert [abs(a - b) <= band for a, b, band in zip(own, first, (0.5, 0.25, 0.5), strict=False)] == [True] * 3

    return check


@pytest.mark.parametrize(("size", "forms"), [(215, 3), (160, 2)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_disjoint_forms_from_a_bank_hardly_larger_than_they_are(mla, broken_rules, parallel, size, forms, seed):
    bank = synthetic_bank(size, mla, seed)
    made = assemble_pool(bank, mla, forms=forms, disjoint=True, seed=seed)
    assert made.relaxed == ()
    assert [broken_rules(draft, bank, mla) for draft in made.drafts] == [[]] * forms
    assert max(Counter(number for draft in made.drafts for number in seated(draft)).values()) == 1
    parallel(made.drafts, bank)
    assert made.seconds < 20


@pytest.mark.parametrize("seed", [2, 4, 9])
def test_a_tight_calibrated_bank_keeps_information_alike(mla, parallel, statistics, seed):
    bank = synthetic_bank(204, mla, seed, calibrated=1.0)
    made = assemble_pool(bank, mla, forms=3, disjoint=True)
    first = statistics(made.drafts[0], bank)[3]
    assert made.relaxed == ()
    assert [statistics(draft, bank)[3] for draft in made.drafts] == pytest.approx([first] * 3, rel=0.05)
    parallel(made.drafts, bank)


def test_a_tight_pool_scores_no_question_twice_and_is_anchored(mla, broken_rules, parallel):
    bank = synthetic_bank(215, mla, 6)
    made = assemble_pool(bank, mla, forms=3, disjoint=False)
    assert made.relaxed == ()
    assert [broken_rules(draft, bank, mla) for draft in made.drafts] == [[]] * 3
    assert max(Counter(number for draft in made.drafts for number in draft.scored).values()) == 1
    domain = {one.id: one.task // 3 for one in bank}
    for draft in made.drafts:
        scored_elsewhere = {number for other in made.drafts if other is not draft for number in other.scored}
        anchors = scored_elsewhere.intersection(draft.unscored)
        assert len(anchors) >= 6
        assert {domain[number] for number in anchors} == {0, 1, 2, 3}
    parallel(made.drafts, bank)


@pytest.mark.parametrize("disjoint", [True, False])
def test_ten_forms_from_two_thousand_questions(mla, broken_rules, parallel, disjoint):
    bank = synthetic_bank(2_000, mla, 9)
    made = assemble_pool(bank, mla, forms=10, disjoint=disjoint)
    assert made.relaxed == ()
    assert made.seconds < 10
    assert [broken_rules(draft, bank, mla) for draft in made.drafts] == [[]] * 10
    parallel(made.drafts, bank)
    times = Counter(number for draft in made.drafts for number in (seated(draft) if disjoint else draft.scored))
    assert max(times.values()) == 1


def test_earlier_forms_leave_the_scarce_kind_to_later_ones(mla):
    bank = synthetic_bank(1_700, mla, 1)
    scarce = [one.id for one in bank if one.kind == "ordering"][:15]
    bank = [one for one in bank if one.kind != "ordering" or one.id in scarce]
    # Fresh ones tempt every form to take the five its share allows.
    bank = [replace(one, scorable=True, exposure=0 if one.kind == "ordering" else 90) for one in bank]
    made = assemble_pool(bank, mla, forms=5, disjoint=True)
    assert [len(set(scarce) & set(seated(draft))) for draft in made.drafts] == [3] * 5


def test_the_first_draft_is_the_reference(mla):
    bank = synthetic_bank(600, mla, 3)
    rating = {one.id: one.rating for one in bank}
    for disjoint in (True, False):
        made = assemble_pool(bank, mla, forms=3, disjoint=disjoint)
        assert 3_500 <= sum(rating[number] for number in made.drafts[0].scored) % 10_000 <= 6_500


def test_the_same_seed_gives_the_same_pool(mla):
    bank = synthetic_bank(215, mla, 7)
    first, again, other = (assemble_pool(bank, mla, forms=3, disjoint=True, seed=seed).drafts for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_pool_larger_than_its_bank_overlaps_and_says_so(mla, broken_rules):
    bank = synthetic_bank(130, mla, 1)
    made = assemble_pool(bank, mla, forms=3, disjoint=False)
    assert made.relaxed == ("overlap",)
    assert [broken_rules(draft, bank, mla) for draft in made.drafts] == [[]] * 3
    assert len({draft.scored for draft in made.drafts}) == 3


def test_overlap_is_never_the_way_out_of_a_disjoint_pool(mla):
    with pytest.raises(Shortage):
        assemble_pool(synthetic_bank(130, mla, 1), mla, forms=3, disjoint=True)


def test_a_pool_has_at_least_one_form(mla):
    with pytest.raises(ValueError, match="0 forms"):
        assemble_pool(synthetic_bank(130, mla, 1), mla, forms=0, disjoint=True)
