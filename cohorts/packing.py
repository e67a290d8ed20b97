"""How an Outcome's domains, tasks and seats are packed: records of fixed length, written by SQL, read by NumPy.

Numbers are big-endian, as PostgreSQL's int2send, int4send, int8send and float8send write them. The response at a seat
is one number: its option numbers in the author's order as hexadecimal digits, the first place lowest, those of
multiple response ascending; 0 where there is no complete response. So 2, then 1, then 3 is 0x312.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from psychometrics.arrays import IntArray

DOMAIN = np.dtype([("id", ">i4"), ("correct", ">i2"), ("scored", ">i2"), ("expected", ">f8")])
TASK = np.dtype([("id", ">i4"), ("correct", ">i2"), ("scored", ">i2")])
SEAT = np.dtype([("flags", ">i2"), ("spent_ms", ">i4"), ("given", ">i8")])
CORRECT, ANSWERED, FLAGGED, SCORED, SEEN_BEFORE = 1, 2, 4, 8, 16  # bits of `flags`

Records = NDArray[np.void]
Packed = bytes | memoryview


def unpack(packed: Sequence[Packed], kind: np.dtype[np.void]) -> tuple[Records, IntArray]:
    """All records of all rows, (records,), and the number of the row that each belongs to, (records,)."""
    parts = [bytes(one) for one in packed]
    lengths = [len(part) // kind.itemsize for part in parts]
    return np.frombuffer(b"".join(parts), dtype=kind), np.repeat(np.arange(len(parts)), lengths)


def seats(packed: Sequence[Packed]) -> Records:
    """The seats of rows of one form, (rows, seats). ValueError if the rows differ in length."""
    if not packed:
        return np.zeros((0, 0), dtype=SEAT)
    lengths = {len(one) for one in packed}
    if len(lengths) > 1:
        raise ValueError("rows of one form must have as many seats")
    return unpack(packed, SEAT)[0].reshape(len(packed), -1)


def has(records: Records, flag: int) -> NDArray[np.bool_]:
    """Whether the flag is set, in the shape of the records."""
    found: NDArray[np.bool_] = (records["flags"] & flag) > 0
    return found


def response(given: int) -> tuple[int, ...]:
    """0x312 -> (2, 1, 3); 0 -> ()."""
    numbers = []
    while given:
        numbers.append(given & 15)
        given >>= 4
    return tuple(numbers)
