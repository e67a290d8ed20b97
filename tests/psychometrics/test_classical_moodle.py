import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from psychometrics import classical
from psychometrics.classical import MoodleStatistics, moodle_statistics
from psychometrics.irt import FloatArray
from psychometrics.responses import BadResponses
from tests.psychometrics.lsat6 import lsat6

NAN = math.nan
COMPLETE = st.tuples(st.integers(2, 12), st.integers(2, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0]))
)
MARKS = st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0, 8.0]), min_size=6, max_size=6)


def covariance(x: FloatArray, y: FloatArray) -> float:
    return float(np.cov(x, y)[0, 1])


def as_documented(responses: FloatArray, most: FloatArray) -> list[MoodleStatistics]:
    """Moodle's formulas for complete data, one item at a time on raw marks."""
    marks = responses * most
    total = marks.sum(axis=1)
    with_total = [covariance(x, total) for x in marks.T]
    roots = sum(math.sqrt(c) for c in with_total if c > 1e-9)
    records = []
    for item, x in enumerate(marks.T):
        rest = total - x
        vary = np.ptp(x) > 0 and np.ptp(rest) > 0
        weight = None if roots == 0 or with_total[item] < -1e-9 else 100 * math.sqrt(max(with_total[item], 0)) / roots
        records.append(
            MoodleStatistics(
                item=item,
                n=len(x),
                facility_index=100 * x.mean() / most[item],
                standard_deviation=100 * math.sqrt(covariance(x, x)) / most[item],
                random_guess_score=None,
                intended_weight=100 * most[item] / most.sum(),
                effective_weight=weight,
                discrimination_index=(
                    100 * covariance(x, rest) / math.sqrt(covariance(x, x) * covariance(rest, rest)) if vary else None
                ),
                discriminative_efficiency=(
                    100 * covariance(x, rest) / covariance(np.sort(x), np.sort(rest)) if vary else None
                ),
                negative_covariance=with_total[item] < -1e-9,
            )
        )
    return records


def numbers(record: MoodleStatistics) -> list[float]:
    """A record's values with NaN for None."""
    fields = [name for name in MoodleStatistics.__dataclass_fields__ if name != "random_guess_score"]
    return [NAN if getattr(record, name) is None else float(getattr(record, name)) for name in fields]


def assert_same(found: tuple[MoodleStatistics, ...], wanted: list[MoodleStatistics]) -> None:
    got, expected = (np.array([numbers(one) for one in records]) for records in (found, wanted))
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-6, nan_ok=True)


@given(responses=COMPLETE, marks=MARKS)
def test_complete_data_give_the_documented_formulas(responses: FloatArray, marks: list[float]) -> None:
    most = np.array(marks[: responses.shape[1]])
    assert_same(moodle_statistics(responses, max_marks=most), as_documented(responses, most))


def test_lsat6_follows_the_documented_formulas() -> None:
    assert_same(moodle_statistics(lsat6()), as_documented(lsat6(), np.ones(5)))


def test_the_discrimination_index_is_the_item_rest_correlation_in_per_cent() -> None:
    found = [one.discrimination_index for one in moodle_statistics(lsat6())]
    assert found == pytest.approx(100 * classical.point_biserial(lsat6()))


def test_effective_weights_add_up_to_the_whole_quiz() -> None:
    records = moodle_statistics(lsat6(), max_marks=[1, 2, 1, 3, 1])
    assert sum(one.effective_weight or 0 for one in records) == pytest.approx(100)
    assert [one.intended_weight for one in records] == pytest.approx([12.5, 25, 12.5, 37.5, 12.5])


def test_equal_items_bear_equal_weight_and_are_fully_efficient() -> None:
    for one in moodle_statistics(np.repeat([[1], [0], [0]], 4, axis=1)):
        assert [one.effective_weight, one.discriminative_efficiency] == pytest.approx([25, 100])


def test_a_negative_covariance_has_no_weight_and_stays_out_of_the_sum() -> None:
    responses = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1], [1, 1, 1, 0]])
    records = moodle_statistics(responses)
    assert [one.negative_covariance for one in records] == [False, False, False, True]
    assert records[3].effective_weight is None
    assert sum(one.effective_weight or 0 for one in records) == pytest.approx(100)
    assert_same(records, as_documented(responses, np.ones(4)))


def test_a_covariance_of_exactly_zero_is_not_negative() -> None:
    records = moodle_statistics([[1, 0, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0]])
    assert [(one.negative_covariance, one.effective_weight) for one in records[:2]] == [(False, 0.0), (False, 0.0)]
    assert records[2].effective_weight == pytest.approx(100)


def test_scaling_all_marks_changes_nothing() -> None:
    wanted = list(moodle_statistics(lsat6(), max_marks=[1, 2, 1, 3, 1]))
    assert_same(moodle_statistics(lsat6(), max_marks=[0.1, 0.2, 0.1, 0.3, 0.1]), wanted)


def test_fractions_of_marks_make_no_spread_of_their_own() -> None:
    # The rest is 0.3 in both rows, once as 0.1 + 0.2.
    record = moodle_statistics([[1, 1, 1, 0], [0, 0, 0, 1]], max_marks=[1, 0.1, 0.2, 0.3])[0]
    assert (record.discrimination_index, record.discriminative_efficiency) == (None, None)


def test_papers_of_one_length_count_as_one_quiz() -> None:
    # Two papers of three items share item 0; over its takers the rests are plain raw scores.
    responses = np.array(
        [[1, 1, 0, NAN, NAN], [0, 1, 1, NAN, NAN], [1, NAN, NAN, 1, 1], [0, NAN, NAN, 0, 0], [1, NAN, NAN, 0, 1]]
    )
    x, rest = responses[:, 0], np.nansum(responses[:, 1:], axis=1)
    record = moodle_statistics(responses)[0]
    assert record.discrimination_index == pytest.approx(100 * np.corrcoef(x, rest)[0, 1])
    assert record.discriminative_efficiency == pytest.approx(
        100 * covariance(x, rest) / covariance(np.sort(x), np.sort(rest))
    )


@given(responses=arrays(np.float64, (8, 4), elements=st.sampled_from([0.0, 1.0, NAN])))
def test_the_order_of_persons_never_matters(responses: FloatArray) -> None:
    assume(not np.isnan(responses).all())
    assert_same(moodle_statistics(responses[::-1]), list(moodle_statistics(responses)))


@given(responses=arrays(np.float64, (8, 4), elements=st.sampled_from([0.0, 1.0, NAN])))
def test_no_value_is_ever_nan_and_efficiency_stays_below_the_possible(responses: FloatArray) -> None:
    assume(not np.isnan(responses).all())
    for one in moodle_statistics(responses):
        values = [getattr(one, name) for name in MoodleStatistics.__dataclass_fields__]
        assert all(value is None or math.isfinite(value) for value in values)
        assert one.discriminative_efficiency is None or one.discriminative_efficiency <= 100


def test_a_sparse_array_says_the_same() -> None:
    assert moodle_statistics(sparse_of(lsat6())) == moodle_statistics(lsat6())


def sparse_of(dense: FloatArray) -> sparse.csr_array:
    person, item = np.nonzero(~np.isnan(dense))
    return sparse.csr_array((dense[person, item], (person, item)), shape=dense.shape)


def test_what_does_not_exist_is_none() -> None:
    unseen, once, constant = moodle_statistics([[NAN, 1, 1, 0], [NAN, NAN, 1, 1], [NAN, NAN, 1, 1]])[:3]
    assert (unseen.n, unseen.facility_index, unseen.standard_deviation, unseen.effective_weight) == (
        0,
        None,
        None,
        None,
    )
    assert (once.n, once.facility_index, once.standard_deviation, once.effective_weight) == (1, 100.0, None, None)
    assert (constant.standard_deviation, constant.effective_weight) == (0.0, 0.0)
    assert (constant.discrimination_index, constant.discriminative_efficiency) == (None, None)


def test_everybody_right_leaves_facility_alone() -> None:
    for one in moodle_statistics(np.ones((4, 3))):
        assert (one.facility_index, one.standard_deviation) == (100.0, 0.0)
        assert (one.effective_weight, one.discrimination_index, one.discriminative_efficiency) == (None, None, None)


def test_guess_scores_are_shown_in_per_cent() -> None:
    records = moodle_statistics(lsat6(), random_guess_scores=[0.25, None, 0.5, 0, 1])
    assert [one.random_guess_score for one in records] == [25.0, None, 50.0, 0.0, 100.0]


@pytest.mark.parametrize("marks", [[1, 1], [1, 1, 1, 1, 0], [1, 1, 1, 1, -1], [1, 1, 1, 1, NAN], [[1, 1, 1, 1, 1]]])
def test_marks_that_cannot_be_are_refused(marks: list[float]) -> None:
    with pytest.raises(ValueError, match="5 positive numbers"):
        moodle_statistics(lsat6(), max_marks=marks)


@pytest.mark.parametrize("guesses", [[0.2], [0.2, 0.2, 0.2, 0.2, 1.1], [0.2, 0.2, 0.2, 0.2, NAN]])
def test_guess_scores_that_cannot_be_are_refused(guesses: list[float]) -> None:
    with pytest.raises(ValueError, match="5 shares between 0 and 1"):
        moodle_statistics(lsat6(), random_guess_scores=guesses)


def test_no_response_and_bad_responses_are_named_errors() -> None:
    with pytest.raises(classical.NotComputable):
        moodle_statistics(np.full((2, 2), NAN))
    with pytest.raises(BadResponses):
        moodle_statistics([[1, 2], [0, 1]])
