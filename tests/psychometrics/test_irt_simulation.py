import numpy as np
import pytest
from scipy import sparse

from psychometrics import irt

A, B = np.array([0.8, 1.0, 1.5]), np.array([-1.0, 0.0, 0.5])


def test_the_same_seed_gives_the_same_answers() -> None:
    theta = np.linspace(-2, 2, 50)
    one, other = irt.simulate(theta, A, B, None, 7), irt.simulate(theta, A, B, None, np.random.default_rng(7))
    assert one.toarray().tolist() == other.toarray().tolist()
    assert one.toarray().tolist() != irt.simulate(theta, A, B, None, 8).toarray().tolist()


def test_what_was_seen_is_stored_zeros_included() -> None:
    seen = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1]], dtype=np.bool_)
    answers = irt.simulate([-50.0, 0.0, 50.0], A, B, seen, 1)
    assert answers.nnz == 5
    assert answers.toarray().tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]
    stored = sparse.csr_array(seen.astype(np.float64))
    assert irt.simulate([-50.0, 0.0, 50.0], A, B, stored, 1).indices.tolist() == answers.indices.tolist()


def test_shares_of_right_answers_are_the_models() -> None:
    answers = irt.simulate(np.full(40_000, 0.3), A, B, None, 2).toarray()
    assert answers.mean(axis=0) == pytest.approx(irt.probability(0.3, A, B), abs=0.01)


def test_everybody_is_assigned_the_same_number_of_items() -> None:
    seen = irt.assign(200, 30, 12, 3)
    assert seen.sum(axis=1).tolist() == [12] * 200
    assert seen.sum(axis=0) == pytest.approx(np.full(30, 80), abs=30)
    assert irt.assign(5, 4, 4, 3).all()
    assert not irt.assign(5, 4, 0, 3).any()


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="persons × items"):
        irt.simulate([0.0], A, B, np.ones((2, 3), dtype=np.bool_), 1)
    with pytest.raises(ValueError, match="theta"):
        irt.simulate([[0.0]], A, B, None, 1)
    with pytest.raises(ValueError, match="cannot be drawn"):
        irt.assign(2, 3, 4, 1)
