"""Scores expected of a population: against enumeration of all response patterns, and against drawn answers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from psychometrics import irt

A = [0.6, 1.0, 1.4, 0.9]
B = [-1.2, -0.1, 0.4, 1.5]
PRIOR = irt.Prior(0.3, 1.2)


def test_shares_are_those_of_all_patterns_added_up():
    right = irt.probability(PRIOR.nodes, A, B)
    shares = np.zeros(5)
    for pattern in itertools.product((0, 1), repeat=4):
        chance = np.prod(np.where(pattern, right, 1 - right), axis=1)
        shares[sum(pattern)] += PRIOR.weights @ chance
    expected = irt.expected_scores(A, B, PRIOR)
    np.testing.assert_allclose(expected.shares, shares, atol=1e-14)
    assert expected.shares.sum() == pytest.approx(1)


def test_variance_is_that_of_true_scores_and_of_errors():
    expected = irt.expected_scores(A, B, PRIOR)
    true = irt.characteristic_curve(PRIOR.nodes, A, B)
    mean = PRIOR.weights @ true
    spread = PRIOR.weights @ (true - mean) ** 2
    assert expected.mean == pytest.approx(mean)
    assert expected.sd**2 == pytest.approx(spread + expected.sem**2)
    assert expected.reliability == pytest.approx(spread / expected.sd**2)


def test_drawn_answers_come_out_as_expected():
    rng = np.random.default_rng(4)
    a, b = rng.uniform(0.7, 1.5, 40), rng.normal(0, 1, 40)
    expected = irt.expected_scores(a, b, irt.Prior(0, 1))
    ability = rng.normal(size=20_000)
    scores = (rng.random((2, 20_000, 40)) < irt.probability(ability, a, b)).sum(axis=2)
    assert scores.mean() == pytest.approx(expected.mean, abs=0.1)
    assert scores.std() == pytest.approx(expected.sd, abs=0.1)
    # Two independent forms of the same items correlate as highly as the reliability says.
    assert np.corrcoef(scores)[0, 1] == pytest.approx(expected.reliability, abs=0.005)


def test_bad_items_are_named():
    with pytest.raises(ValueError, match="equally long"):
        irt.expected_scores([], [], PRIOR)
