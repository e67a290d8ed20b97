import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics.speededness import BadSeats, Seat, speededness

NAN = math.nan
PERSONS = st.lists(st.integers(0, 6), min_size=1, max_size=30)


def all_answered(persons: int, seats: int) -> np.ndarray:
    return np.zeros((persons, seats))


def test_reaching_and_omitting_are_counted_seat_by_seat() -> None:
    omitted = [[0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    found = speededness([4, 4, 3, 2], omitted)
    assert found.seats == (Seat(1, 1.0, 4, 0.25), Seat(2, 1.0, 4, 0.5), Seat(3, 0.75, 3, 0.0), Seat(4, 0.5, 2, 0.0))
    assert found.completing == 0.5
    assert found.reaching_most == 0.75
    assert found.reached_by_most == 2
    assert list(found.not_reached) == [0.5, 0.25, 0.25, 0, 0]
    assert found.mean_not_reached == 0.75


def test_nothing_after_the_last_seat_reached_is_an_omission() -> None:
    found = speededness([2, 2], np.array([[0, 0, 1], [0, 1, NAN]]))
    assert found.seats == (Seat(1, 1.0, 2, 0.0), Seat(2, 1.0, 2, 0.5), Seat(3, 0.0, 0, None))


def test_whoever_is_unknown_counts_nowhere() -> None:
    omitted = np.array([[0, 0, 1], [1, 1, 1], [0, 1, 0]])
    found = speededness([3, NAN, 3], omitted)
    assert (found.persons, found.unknown) == (2, 1)
    assert found.seats == speededness([3, 3], omitted[[0, 2]]).seats


def test_a_seat_that_does_not_count_for_somebody_leaves_its_omit_rate_only() -> None:
    found = speededness([3, 3], np.array([[0, NAN, 0], [0, 1, 0]]))
    assert found.seats[1] == Seat(2, 1.0, 1, 1.0)
    assert found.completing == 1


@pytest.mark.parametrize(
    ("finished", "three_quarters", "early", "unspeeded"),
    [(80, 20, 0, True), (79, 21, 0, False), (80, 19, 1, True), (90, 8, 2, False), (100, 0, 0, True)],
)
def test_the_rule_of_thumb_needs_four_in_five_at_the_end_and_virtually_all_at_three_quarters(
    finished: int, three_quarters: int, early: int, unspeeded: bool
) -> None:
    last = [65] * finished + [49] * three_quarters + [48] * early  # three quarters of 65 seats are 48.75
    found = speededness(last, all_answered(100, 65))
    assert found.unspeeded is unspeeded
    assert found.completing == finished / 100
    assert found.reaching_most == 1 - early / 100


@pytest.mark.parametrize("persons", [5, 15, 35, 45, 70])
def test_exactly_four_in_five_are_enough_whatever_the_rounding(persons: int) -> None:
    last = [4] * (persons * 4 // 5) + [3] * (persons // 5)
    found = speededness(last, all_answered(persons, 4))
    assert (found.unspeeded, found.reached_by_most) == (True, 4)


@given(last=PERSONS, data=st.data())
def test_shares_of_any_persons_add_up(last: list[int], data: st.DataObject) -> None:
    cells = st.sampled_from([0.0, 1.0, NAN])
    omitted = data.draw(st.lists(st.lists(cells, min_size=6, max_size=6), min_size=len(last), max_size=len(last)))
    found = speededness(last, omitted)
    assert sum(found.not_reached) == pytest.approx(1)
    assert found.mean_not_reached == pytest.approx(sum(x * share for x, share in enumerate(found.not_reached)))
    reached = [seat.reached for seat in found.seats]
    assert reached == sorted(reached, reverse=True)
    assert reached[-1] == found.completing == found.not_reached[0]
    assert all((seat.omitted is None) == (seat.judged == 0) for seat in found.seats)


@pytest.mark.parametrize(
    ("last", "omitted", "message"),
    [
        ([3], [0, 0, 0], "persons × seats"),
        ([3, 3], [[0, 0, 0]], "persons × seats"),
        ([[3]], [[0, 0, 0]], "persons × seats"),
        ([], np.zeros((0, 3)), "nobody's last seat"),
        ([3], np.zeros((1, 0)), "persons × seats"),
        ([NAN], [[0, 0, 0]], "nobody's last seat"),
        ([4], [[0, 0, 0]], "from 0 to 3"),
        ([-1], [[0, 0, 0]], "from 0 to 3"),
        ([2.5], [[0, 0, 0]], "whole number"),
        ([math.inf], [[0, 0, 0]], "whole number"),
        ([3], [[0, 2, 0]], "0, 1 or missing"),
    ],
)
def test_seats_that_cannot_be_are_refused(last, omitted, message: str) -> None:
    with pytest.raises(BadSeats, match=message):
        speededness(last, omitted)
