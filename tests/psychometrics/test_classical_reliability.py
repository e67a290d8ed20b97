import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from psychometrics import classical
from psychometrics.irt import FloatArray
from tests.psychometrics.lsat6 import lsat6

NAN = math.nan
COMPLETE = st.tuples(st.integers(2, 12), st.integers(2, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0]))
)


def textbook(parts: FloatArray) -> float:
    """Alpha of persons × parts from variances, with n in their denominators."""
    k = parts.shape[1]
    return float(k / (k - 1) * (1 - parts.var(axis=0).sum() / parts.sum(axis=1).var()))


def simulated(persons: int, items: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    theta, b = rng.normal(size=(persons, 1)), rng.normal(size=items)
    return (rng.random((persons, items)) < 1 / (1 + np.exp(b - theta))).astype(np.float64)


def pairwise(responses: FloatArray) -> FloatArray:
    """Covariances over whoever saw both, one pair at a time."""
    found = np.empty((responses.shape[1], responses.shape[1]))
    for i, x in enumerate(responses.T):
        for j, y in enumerate(responses.T):
            both = ~np.isnan(x) & ~np.isnan(y)
            found[i, j] = np.cov(x[both], y[both])[0, 1]
    return found


def with_holes(seed: int = 3) -> FloatArray:
    responses = simulated(400, 8, seed)
    responses[np.random.default_rng(seed).random(responses.shape) < 0.3] = NAN
    return responses


def test_lsat6_has_the_published_alpha() -> None:
    assert round(classical.cronbach_alpha(lsat6()), 3) == 0.295


def test_lsat6_has_the_alphas_that_ltm_prints_without_each_item() -> None:
    # descript(LSAT) of the R package ltm (Rizopoulos, D., 2006, Journal of Statistical Software, 17(5)).
    assert classical.alpha_if_deleted(lsat6()).round(4).tolist() == [0.2754, 0.2376, 0.2168, 0.2459, 0.2663]


def test_kuder_and_richardsons_own_formula_agrees() -> None:
    p = lsat6().mean(axis=0)
    wanted = 5 / 4 * (1 - (p * (1 - p)).sum() / lsat6().sum(axis=1).var())
    assert classical.kr20(lsat6()) == pytest.approx(wanted, abs=1e-13)


@given(responses=COMPLETE)
def test_complete_data_give_the_textbook_formula(responses: FloatArray) -> None:
    if np.ptp(responses.sum(axis=1)) == 0:
        with pytest.raises(classical.NotComputable):
            classical.cronbach_alpha(responses)
    else:
        assert classical.cronbach_alpha(responses) == pytest.approx(textbook(responses), rel=1e-9, abs=1e-12)


@given(responses=COMPLETE.filter(lambda given: given.shape[1] > 2 and np.ptp(given.sum(axis=1)) > 0))
def test_each_deleted_item_gives_the_alpha_of_the_others(responses: FloatArray) -> None:
    others = [np.delete(responses, item, axis=1) for item in range(responses.shape[1])]
    wanted = np.array([textbook(rest) if np.ptp(rest.sum(axis=1)) > 0 else NAN for rest in others])
    if np.isnan(wanted).all():
        with pytest.raises(classical.NotComputable):
            classical.alpha_if_deleted(responses)
    else:
        assert classical.alpha_if_deleted(responses) == pytest.approx(wanted, rel=1e-9, abs=1e-12, nan_ok=True)


def test_the_standard_error_is_sd_times_root_of_one_minus_alpha() -> None:
    sd = lsat6().sum(axis=1).std(ddof=1)
    assert classical.sem(lsat6()) == pytest.approx(sd * math.sqrt(1 - textbook(lsat6())), abs=1e-12)


def test_equal_items_measure_without_error() -> None:
    responses = np.repeat([[1.0], [0.0], [1.0], [0.0]], 5, axis=1)
    assert classical.cronbach_alpha(responses) == pytest.approx(1.0)
    assert classical.sem(responses) == pytest.approx(0.0, abs=1e-6)


def test_a_testlet_is_one_part() -> None:
    responses = simulated(200, 6, 1)
    testlet = responses[:, 1] + responses[:, 4]
    parts = np.column_stack([testlet, responses[:, [0, 2, 3, 5]]])
    assert classical.cronbach_alpha(responses, [None, "x", None, NAN, "x", None]) == pytest.approx(textbook(parts))


def test_the_standard_error_follows_the_testlets() -> None:
    responses = simulated(200, 6, 1)
    alpha = classical.cronbach_alpha(responses, [0, 0, 1, 1, 2, 2])
    sd = responses.sum(axis=1).std(ddof=1)
    assert classical.sem(responses, [0, 0, 1, 1, 2, 2]) == pytest.approx(sd * math.sqrt(1 - alpha))


def test_an_item_is_deleted_from_its_testlet_and_the_testlet_with_its_last_item() -> None:
    x = simulated(200, 4, 2)
    wanted = [
        textbook(np.column_stack([x[:, 1], x[:, 2], x[:, 3]])),
        textbook(np.column_stack([x[:, 0], x[:, 2], x[:, 3]])),
        textbook(np.column_stack([x[:, 0] + x[:, 1], x[:, 3]])),
        textbook(np.column_stack([x[:, 0] + x[:, 1], x[:, 2]])),
    ]
    assert classical.alpha_if_deleted(x, ["a", "a", None, None]) == pytest.approx(np.array(wanted))


def test_dependence_within_a_testlet_is_not_taken_for_reliability() -> None:
    once = simulated(500, 5, 4)
    twice = np.repeat(once, 2, axis=1)
    labels = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert classical.cronbach_alpha(twice, labels) == pytest.approx(textbook(once))
    assert classical.cronbach_alpha(twice) > textbook(once) + 0.1


def test_missing_data_give_the_formula_with_pairwise_covariances() -> None:
    covariances = pairwise(with_holes())
    wanted = 8 / 7 * (1 - np.trace(covariances) / covariances.sum())
    assert classical.cronbach_alpha(with_holes()) == pytest.approx(wanted, abs=1e-12)
    assert classical.sem(with_holes()) == pytest.approx(math.sqrt(covariances.sum() * (1 - wanted)), abs=1e-12)


def test_missing_data_and_testlets_go_together() -> None:
    covariances = pairwise(with_holes())
    blocks = sum(covariances[i : i + 2, i : i + 2].sum() for i in range(0, 8, 2))
    found = classical.cronbach_alpha(with_holes(), [0, 0, 1, 1, 2, 2, 3, 3])
    assert found == pytest.approx(4 / 3 * (1 - blocks / covariances.sum()), abs=1e-12)


def test_holes_at_random_leave_alpha_about_where_it_was() -> None:
    whole = simulated(20_000, 10, 6)
    holes = np.where(np.random.default_rng(7).random(whole.shape) < 0.5, NAN, whole)
    assert classical.cronbach_alpha(holes) == pytest.approx(textbook(whole), abs=0.02)


def test_a_sparse_array_says_the_same() -> None:
    dense = with_holes()
    person, item = np.nonzero(~np.isnan(dense))
    stored = sparse.csr_array((dense[person, item], (person, item)), shape=dense.shape)
    assert classical.cronbach_alpha(stored) == classical.cronbach_alpha(dense)


def test_alpha_can_be_negative() -> None:
    responses = np.array([[1, 0], [0, 1], [1, 0], [0, 1], [1, 1]])
    assert classical.cronbach_alpha(responses) == pytest.approx(textbook(responses))
    assert classical.cronbach_alpha(responses) < 0


def test_a_constant_item_does_no_harm() -> None:
    responses = np.column_stack([lsat6(), np.ones(1000)])
    assert classical.cronbach_alpha(responses) == pytest.approx(textbook(responses))


def test_fewer_persons_than_items_do_no_harm() -> None:
    responses = simulated(3, 20, 8)
    assert classical.cronbach_alpha(responses) == pytest.approx(textbook(responses))


def test_an_item_without_which_nothing_varies_is_undefined_alone() -> None:
    responses = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]])
    assert np.isnan(classical.alpha_if_deleted(responses)).tolist() == [True, False, False]


def test_a_pair_never_seen_together_is_named() -> None:
    responses = np.array([[1, 0, NAN], [0, NAN, 1], [1, 1, NAN], [0, NAN, 0]])
    with pytest.raises(classical.NeverTogether, match="items 1 and 2 "):
        classical.cronbach_alpha(responses)


def test_a_pair_seen_together_once_is_not_enough() -> None:
    with pytest.raises(classical.NeverTogether, match=r"items 0 and 1 .* at least two"):
        classical.sem([[1, 0], [0, NAN], [1, NAN], [NAN, 1], [NAN, 0]])


def test_an_item_nobody_saw_is_named() -> None:
    with pytest.raises(classical.NeverTogether):
        classical.alpha_if_deleted([[1, 0, NAN], [0, 0, NAN], [1, 1, NAN]])


@pytest.mark.parametrize(
    ("responses", "sentence"),
    [
        ([[1, 0, 1]], "two persons"),
        (np.full((4, 3), NAN), "two persons"),
        ([[1], [0]], "two parts"),
        (np.ones((4, 3)), "do not vary"),
        ([[1, 0], [0, 1]], "do not vary"),
    ],
)
def test_what_has_no_alpha_is_a_named_error(responses: FloatArray, sentence: str) -> None:
    for statistic in (classical.cronbach_alpha, classical.kr20, classical.sem):
        with pytest.raises(classical.NotComputable, match=sentence):
            statistic(responses)


def test_covariances_that_no_test_can_have_are_refused() -> None:
    # Whoever saw two items was right on both half of the time; who saw one was nearly always wrong.
    together = [[1, 1, NAN], [0, 0, NAN], [NAN, 1, 1], [NAN, 0, 0], [1, NAN, 1], [0, NAN, 0]] * 2
    alone = [[0, NAN, NAN], [NAN, 0, NAN], [NAN, NAN, 0]] * 100
    responses = np.array(together + alone)
    covariances = pairwise(responses)
    assert 3 / 2 * (1 - np.trace(covariances) / covariances.sum()) > 1
    with pytest.raises(classical.NotComputable, match="fit no one test"):
        classical.cronbach_alpha(responses)


def test_groups_need_a_label_for_each_item() -> None:
    with pytest.raises(ValueError, match="one label for each of 5 items, got 2"):
        classical.cronbach_alpha(lsat6(), [1, 2])


def test_one_group_is_no_test_of_parts() -> None:
    with pytest.raises(classical.NotComputable, match="two parts"):
        classical.cronbach_alpha(lsat6(), ["same"] * 5)


def test_a_label_is_never_mistaken_for_an_items_own_number() -> None:
    responses = simulated(100, 3, 9)
    assert classical.cronbach_alpha(responses, [None, 0, None]) == pytest.approx(textbook(responses))


def test_two_items_leave_no_alpha_behind() -> None:
    with pytest.raises(classical.NotComputable, match="leaves behind"):
        classical.alpha_if_deleted([[1, 0], [0, 0], [1, 1]])
