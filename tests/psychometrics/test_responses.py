import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from psychometrics.irt import FloatArray
from psychometrics.responses import BadResponses, Responses, read

NAN = math.nan
TABLES = st.tuples(st.integers(1, 6), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, NAN]))
)
FORMATS = ("csr", "csc", "coo")


def stored(dense: FloatArray) -> sparse.coo_array:
    """The seen entries, zeros included, in no order that helps."""
    person, item = np.nonzero(~np.isnan(dense))
    return sparse.coo_array((dense[person, item][::-1], (person[::-1], item[::-1])), shape=dense.shape)


def test_a_dense_array_keeps_what_is_not_nan() -> None:
    found = read([[1, NAN, 0], [NAN, NAN, NAN], [0, 1, NAN]])
    assert (found.persons, found.items) == (3, 3)
    assert found.person.tolist() == [0, 0, 2, 2]
    assert found.item.tolist() == [0, 2, 0, 1]
    assert found.right.tolist() == [1.0, 0.0, 0.0, 1.0]


def test_totals_count_what_was_seen() -> None:
    found = read([[1, NAN, 0], [NAN, NAN, NAN], [1, 1, NAN]])
    assert found.seen_by_person.tolist() == [2, 0, 2]
    assert found.seen_of_item.tolist() == [2, 1, 1]
    assert found.right_by_person.tolist() == [1.0, 0.0, 2.0]
    assert found.right_of_item.tolist() == [2.0, 1.0, 0.0]


def test_totals_are_floats_even_where_nothing_was_seen() -> None:
    found = read(np.full((2, 3), NAN))
    assert (found.seen_by_person.tolist(), found.seen_of_item.tolist()) == ([0, 0], [0, 0, 0])
    assert found.right_by_person.dtype == found.right_of_item.dtype == np.float64


@given(table=TABLES)
def test_dense_gives_back_what_was_read(table: FloatArray) -> None:
    assert np.array_equal(read(table).dense(), table, equal_nan=True)


@given(table=TABLES)
def test_a_sparse_array_reads_as_the_dense_one(table: FloatArray) -> None:
    found, wanted = read(stored(table)), read(table)
    assert np.array_equal(found.dense(), table, equal_nan=True)
    assert (found.person.tolist(), found.item.tolist()) == (wanted.person.tolist(), wanted.item.tolist())


def test_a_stored_zero_was_seen_and_wrong() -> None:
    found = read(sparse.csr_array(([0.0, 1.0], ([0, 1], [1, 0])), shape=(2, 2)))
    assert np.array_equal(found.dense(), [[NAN, 0.0], [1.0, NAN]], equal_nan=True)


@pytest.mark.parametrize("kind", FORMATS)
def test_formats_that_store_zeros_keep_them(kind: Any) -> None:
    table = np.array([[0.0, NAN, 1.0], [NAN, 0.0, 0.0]])
    assert np.array_equal(read(stored(table).asformat(kind)).dense(), table, equal_nan=True)


@pytest.mark.parametrize("kind", [np.bool_, np.int8, np.int64, np.float32])
def test_any_kind_of_number_will_do(kind: Any) -> None:
    table = np.array([[1, 0], [0, 1]], dtype=kind)
    for given_table in (table, sparse.csr_matrix(table)):
        assert read(given_table).right.dtype == np.float64
    assert read(table).right.tolist() == [1.0, 0.0, 0.0, 1.0]


def test_none_in_a_list_is_not_seen() -> None:
    assert read([[1, None], [None, 0]]).seen_by_person.tolist() == [1, 1]


def test_what_was_read_is_taken_as_it_is() -> None:
    once = read([[1, 0]])
    assert read(once) is once
    assert isinstance(once, Responses)


@pytest.mark.parametrize("value", [2.0, -1.0, 0.5, math.inf, -math.inf])
def test_anything_but_right_and_wrong_is_refused(value: float) -> None:
    with pytest.raises(BadResponses, match="0, 1 or not seen"):
        read([[1.0, value]])
    with pytest.raises(BadResponses, match="0, 1 or not seen"):
        read(sparse.csr_array([[1.0, value]]))


def test_nan_stored_in_a_sparse_array_is_refused() -> None:
    with pytest.raises(BadResponses, match="0, 1 or not seen"):
        read(sparse.csr_array(([NAN], ([0], [0])), shape=(1, 1)))


def test_two_right_answers_in_one_place_are_refused() -> None:
    with pytest.raises(BadResponses, match="0, 1 or not seen"):
        read(sparse.coo_array(([1.0, 1.0], ([0, 0], [0, 0])), shape=(1, 1)))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_no_person_or_no_item_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(BadResponses, match=f"got {shape[0]} × {shape[1]}"):
        read(np.empty(shape))


def test_an_empty_sparse_array_is_refused() -> None:
    with pytest.raises(BadResponses, match="at least one person and one item"):
        read(sparse.csr_array((0, 4)))


@pytest.mark.parametrize("table", [1.0, [], [1.0, 0.0], np.zeros((2, 2, 2))])
def test_anything_but_two_dimensions_is_refused(table: Any) -> None:
    with pytest.raises(BadResponses, match="persons × items"):
        read(table)


def test_bad_responses_are_value_errors() -> None:
    assert issubclass(BadResponses, ValueError)


def test_reading_leaves_a_sparse_array_as_it_was() -> None:
    given = sparse.csr_array((np.array([1.0, 0.0]), np.array([2, 0]), np.array([0, 2])), shape=(1, 3))
    read(given)
    assert given.indices.tolist() == [2, 0]


def test_what_is_masked_was_not_seen() -> None:
    assert read(np.ma.masked_values([[1.0, 9.0]], 9.0)).item.tolist() == [0]


@pytest.mark.parametrize("given", [[["right", "wrong"]], [[1, 0], [1]], sparse.coo_array(np.ones(3))])
def test_what_is_no_table_of_numbers_is_refused(given: Any) -> None:
    with pytest.raises(BadResponses, match="responses must be"):
        read(given)
