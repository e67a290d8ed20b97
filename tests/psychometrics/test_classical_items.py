import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.stats import norm

from psychometrics import classical
from psychometrics.irt import FloatArray
from psychometrics.responses import BadResponses
from tests.psychometrics.lsat6 import lsat6

NAN = math.nan
COMPLETE = st.tuples(st.integers(3, 12), st.integers(2, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0]))
)
PARTIAL = st.tuples(st.integers(3, 12), st.integers(2, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, NAN]))
)


def correlation(x: FloatArray, y: FloatArray) -> float:
    """The textbook's product-moment correlation, NaN where it does not exist."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return NAN
    return float(np.corrcoef(x, y)[0, 1])


def one_by_one(responses: FloatArray, corrected: bool) -> list[float]:
    """Correlations of right/wrong with the share of the (other) items seen, written down the long way."""
    found = []
    for item in range(responses.shape[1]):
        pairs = []
        for person in responses:
            others = [x for number, x in enumerate(person) if not (corrected and number == item) and not math.isnan(x)]
            if not math.isnan(person[item]) and others:
                pairs.append((person[item], sum(others) / len(others)))
        found.append(correlation(*np.array(pairs).T) if pairs else NAN)
    return found


def raw_totals(responses: FloatArray, corrected: bool) -> list[float]:
    """The same for complete data with raw scores."""
    total = responses.sum(axis=1)
    return [correlation(item, total - item if corrected else total) for item in responses.T]


def test_lsat6_has_the_published_facilities() -> None:
    assert classical.facility(lsat6()).round(3).tolist() == [0.924, 0.709, 0.553, 0.763, 0.870]


def test_lsat6_has_a_thousand_persons() -> None:
    assert lsat6().shape == (1000, 5)
    assert np.count_nonzero(lsat6().sum(axis=1) == 5) == 298


@pytest.mark.parametrize("corrected", [True, False])
def test_lsat6_correlates_as_raw_scores_do(corrected: bool) -> None:
    wanted = np.array(raw_totals(lsat6(), corrected))
    assert classical.point_biserial(lsat6(), corrected=corrected) == pytest.approx(wanted, abs=1e-13)


@given(responses=COMPLETE, corrected=st.booleans())
def test_complete_data_give_the_textbook_formula(responses: FloatArray, corrected: bool) -> None:
    wanted = np.array(raw_totals(responses, corrected))
    if np.isnan(wanted).all():
        with pytest.raises(classical.NotComputable):
            classical.point_biserial(responses, corrected)
    else:
        assert classical.point_biserial(responses, corrected) == pytest.approx(wanted, abs=1e-12, nan_ok=True)


@given(responses=PARTIAL, corrected=st.booleans())
def test_missing_data_give_the_share_of_what_was_seen(responses: FloatArray, corrected: bool) -> None:
    wanted = np.array(one_by_one(responses, corrected))
    if np.isnan(wanted).all():
        with pytest.raises(classical.NotComputable):
            classical.point_biserial(responses, corrected)
    else:
        assert classical.point_biserial(responses, corrected) == pytest.approx(wanted, abs=1e-12, nan_ok=True)


@given(responses=PARTIAL, random=st.randoms(use_true_random=False))
def test_the_order_of_persons_and_items_never_matters(responses: FloatArray, random: Random) -> None:
    persons, items = list(range(responses.shape[0])), list(range(responses.shape[1]))
    random.shuffle(persons)
    random.shuffle(items)
    assume(not np.isnan(one_by_one(responses, True)).all())
    wanted = classical.point_biserial(responses)[items]
    assert classical.point_biserial(responses[persons][:, items]) == pytest.approx(wanted, abs=1e-12, nan_ok=True)


def test_a_sparse_array_says_the_same() -> None:
    dense = np.array([[1.0, 0.0, NAN, 1.0], [0.0, NAN, 1.0, 0.0], [1.0, 1.0, 0.0, NAN], [0.0, 0.0, 1.0, 1.0]])
    person, item = np.nonzero(~np.isnan(dense))
    stored = sparse.coo_array((dense[person, item], (person, item)), shape=dense.shape)
    assert classical.facility(stored).tolist() == classical.facility(dense).tolist()
    assert classical.item_statistics(stored) == classical.item_statistics(dense)


def test_facility_counts_only_who_saw_the_item() -> None:
    found = classical.facility([[1, NAN, NAN], [0, 1, NAN], [1, NAN, NAN]])
    assert found[:2].tolist() == [2 / 3, 1.0]
    assert np.isnan(found[2])


def test_the_two_groups_formula_gives_the_point_biserial() -> None:
    # Lord & Novick (1968), chapter 15: (M1 - M0) / s · sqrt(p(1 - p)), s with n in its denominator.
    responses, total = lsat6(), lsat6().sum(axis=1)
    for item, found in zip(responses.T, classical.point_biserial(responses, corrected=False), strict=True):
        p = item.mean()
        wanted = (total[item == 1].mean() - total[item == 0].mean()) / total.std() * math.sqrt(p * (1 - p))
        assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("corrected", [True, False])
def test_the_biserial_is_the_point_biserial_over_the_ordinate(corrected: bool) -> None:
    p = lsat6().mean(axis=0)
    wanted = classical.point_biserial(lsat6(), corrected) * np.sqrt(p * (1 - p)) / norm.pdf(norm.ppf(p))
    assert classical.biserial(lsat6(), corrected) == pytest.approx(wanted, abs=1e-12)


def test_the_biserial_finds_the_correlation_behind_a_cut_normal_trait() -> None:
    rng = np.random.default_rng(5)
    trait = rng.normal(size=20_000)
    score = 0.6 * trait + 0.8 * rng.normal(size=20_000)
    # Sixty items that are right for all above their own height count the score off in steps.
    steps = score[:, np.newaxis] > np.linspace(-3, 3, 60)
    found = classical.biserial(np.column_stack([trait > norm.ppf(0.7), steps]))[0]
    assert found == pytest.approx(0.6, abs=0.02)


def test_a_constant_item_has_no_correlation_but_others_do() -> None:
    responses = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 0, 1]])
    for found in (classical.point_biserial(responses, corrected=False), classical.biserial(responses, corrected=False)):
        assert np.isnan(found).tolist() == [True, False, False]


def test_who_saw_one_item_only_has_no_rest_score() -> None:
    complete = np.array([[1.0, 1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1], [1, 1, 1]])
    more = np.vstack([complete, [[0, NAN, NAN], [1, NAN, NAN]]])
    assert classical.point_biserial(more) == pytest.approx(classical.point_biserial(complete), abs=1e-14)
    assert classical.item_statistics(more)[0].n == 7


def test_a_constant_share_stays_constant_whatever_the_number_seen() -> None:
    # Both rests are two thirds, of three items and of six: no spread, whatever rounding makes of it.
    first = [1, 1, 1, 0, NAN, NAN, NAN]
    second = [0, 1, 1, 1, 1, 0, 0]
    assert classical.item_statistics([first, second])[0].item_rest is None


def test_records_say_none_where_nothing_exists() -> None:
    records = classical.item_statistics([[1, 1, NAN], [0, 1, NAN], [1, 1, NAN]])
    assert [(one.item, one.n, one.facility) for one in records] == [(0, 3, 2 / 3), (1, 3, 1.0), (2, 0, None)]
    assert (records[0].item_rest, records[0].biserial_rest) == (None, None)
    assert records[0].item_total == pytest.approx(1.0)
    assert (records[1].item_total, records[1].biserial_total, records[2].item_total) == (None, None, None)


def test_records_agree_with_the_arrays() -> None:
    records = classical.item_statistics(lsat6())
    assert [one.item_rest for one in records] == classical.point_biserial(lsat6()).tolist()
    assert [one.item_total for one in records] == classical.point_biserial(lsat6(), corrected=False).tolist()
    assert [one.biserial_rest for one in records] == classical.biserial(lsat6()).tolist()
    assert [one.biserial_total for one in records] == classical.biserial(lsat6(), corrected=False).tolist()


@pytest.mark.parametrize(
    "responses",
    [np.ones((5, 3)), np.zeros((5, 3)), [[1, 0, 1]], [[1], [0]], [[1, NAN], [NAN, 0]], np.full((3, 3), NAN)],
    ids=["all right", "all wrong", "one person", "one item", "nothing in common", "all missing"],
)
def test_correlations_that_nowhere_exist_are_a_named_error(responses: FloatArray) -> None:
    for statistic in (classical.point_biserial, classical.biserial):
        with pytest.raises(classical.NotComputable):
            statistic(responses)


@pytest.mark.parametrize("statistic", [classical.facility, classical.item_statistics])
def test_no_response_at_all_is_a_named_error(statistic: Callable[[Any], object]) -> None:
    with pytest.raises(classical.NotComputable, match="nobody has answered"):
        statistic(np.full((3, 2), NAN))


def test_bad_data_are_refused() -> None:
    with pytest.raises(BadResponses, match="0, 1 or not seen"):
        classical.facility([[0.5, 1]])
