from __future__ import annotations

from collections import Counter

import pytest

from psychometrics.assembly.synthetic import synthetic_bank


def test_the_same_seed_gives_the_same_bank(mla):
    assert synthetic_bank(300, mla, 1) == synthetic_bank(300, mla, 1)
    assert synthetic_bank(300, mla, 1) != synthetic_bank(300, mla, 2)


@pytest.mark.parametrize("size", [160, 215, 2_000])
def test_kinds_and_domains_follow_the_blueprint(mla, size):
    bank = synthetic_bank(size, mla, 3)
    kinds = Counter(one.kind for one in bank)
    domains = Counter(one.task // 3 for one in bank)
    assert 0 <= len(bank) - size <= 1
    assert kinds["multiple_choice"] / size == pytest.approx(45 / 65, abs=0.01)
    assert [domains[d] / size for d in range(4)] == pytest.approx([0.28, 0.26, 0.22, 0.24], abs=0.04)


def test_scenarios_are_pairs_of_one_task_and_status(mla):
    bank = synthetic_bank(1_000, mla, 3)
    for scenario in {one.scenario for one in bank if one.kind == "case_study"}:
        one, other = (member for member in bank if member.scenario == scenario)
        assert (one.task, one.scorable) == (other.task, other.scorable)
    assert all((one.scenario is None) == (one.kind != "case_study") for one in bank)


def test_ratings_and_parameters_agree_until_a_question_is_calibrated(mla):
    bank = synthetic_bank(2_000, mla, 3, calibrated=0.5)
    assert all(3_500 <= one.rating <= 9_500 for one in bank)
    assert all(one.a == 1.0 for one in bank if not one.calibrated)
    assert 0.4 < sum(one.calibrated for one in bank) / sum(one.scorable for one in bank) < 0.6
    assert not any(one.calibrated and not one.scorable for one in bank)


def test_enemies_are_mutual_and_share_a_task(mla):
    bank = {one.id: one for one in synthetic_bank(1_000, mla, 3)}
    pairs = [(one, bank[enemy]) for one in bank.values() for enemy in one.enemies]
    assert pairs
    assert all(one.id in other.enemies and one.task == other.task for one, other in pairs)
