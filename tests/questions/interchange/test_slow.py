"""Files that would take minutes, or hours, where a pattern tries every way to read them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from questions.interchange.formats import FORMATS
from tests.questions.interchange.material import LIMITS

SECONDS = 5  # each of these takes a fraction of one


@pytest.fixture(autouse=True)
def _soon() -> Iterator[None]:
    start = time.perf_counter()
    yield
    assert time.perf_counter() - start < SECONDS


# ---- Aiken ---------------------------------------------------------------------------------------------------------


def test_answers_without_a_key_are_no_aiken():
    assert not FORMATS["aiken"].can_read(b"A. x\n" * 1_300 + b"\n" * 13_000 + b"z", "q.txt")


def test_a_key_stands_after_the_answers():
    assert FORMATS["aiken"].can_read(b"Which?\nA. x\nB. y\nANSWER: A\n", "q.txt")
    assert not FORMATS["aiken"].can_read(b"ANSWER: A\nWhich?\nA. x\nB. y\n", "q.txt")


def test_an_answer_of_endless_lines_is_too_long():
    parsed = FORMATS["aiken"].read(b"Which?\nA. x\n" + b"word\n" * 400_000 + b"B. y\nANSWER: A\n", LIMITS)
    assert [loss.why for loss in parsed.losses] == ["one of its texts is longer than 20,000 characters"]
