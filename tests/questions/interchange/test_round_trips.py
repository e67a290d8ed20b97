"""What is written and read again is the same question, in every format that can carry it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from questions.interchange.exchange import ForeignQuestion
from questions.interchange.fidelity import differences
from questions.interchange.formats import FORMATS, sniff
from questions.kinds import KINDS
from tests.questions.interchange.material import (
    LIMITS,
    banks,
    choice,
    everything,
    lines,
    matching,
    ordering,
    plain_words,
    response,
)

ALL = tuple(KINDS)
HAND = [choice(), response(), ordering(), matching()]


def trip(name: str, questions: list[ForeignQuestion]) -> list[tuple[str, list[str]]]:
    """What differs after the trip, by question."""
    data = FORMATS[name].write(questions)
    assert FORMATS[name].write(questions) == data
    assert sniff(data, f"questions{FORMATS[name].extensions[0]}").name == name
    back = FORMATS[name].read(data, LIMITS)
    assert [question.identifier for question in back.questions] == [question.identifier for question in questions]
    return [
        (one.identifier, found)
        for one, other in zip(questions, back.questions, strict=True)
        if (found := differences(one, other))
    ]


def without(question: ForeignQuestion, *, rationales: bool = False) -> ForeignQuestion:
    """The question without what GIFT cannot say of an ordering."""
    if question.kind != "ordering" or rationales:
        return question
    options = tuple(replace(option, rationale="") for option in question.options)
    return replace(question, options=options, references=())


@given(banks(kinds=("multiple_choice", "multiple_response")))
def test_moodle_choices(bank):
    assert trip("moodle", bank) == []


@given(banks(kinds=("ordering",)))
def test_moodle_orderings(bank):
    assert trip("moodle", bank) == []


@given(banks(kinds=("matching",), text=plain_words))
def test_moodle_matchings(bank):
    assert trip("moodle", bank) == []


@given(banks(kinds=("multiple_choice", "multiple_response")))
def test_gift_choices(bank):
    assert trip("gift", bank) == []


@given(banks(kinds=("ordering",), text=lines))
def test_gift_orderings(bank):
    assert trip("gift", [without(question) for question in bank]) == []


@given(banks(kinds=("matching",), text=plain_words))
def test_gift_matchings(bank):
    assert trip("gift", bank) == []


@given(banks(kinds=ALL))
def test_csv(bank):
    assert trip("csv", bank) == []


@given(banks(kinds=ALL))
def test_xlsx(bank):
    assert trip("xlsx", bank) == []


@pytest.mark.parametrize("name", ["moodle", "csv", "xlsx", "pack"])
def test_all_kinds_in_one_file(name):
    assert trip(name, HAND) == []


def test_aiken_brings_back_the_wording_of_multiple_choice():
    plain = choice(stem="What should it do first?")
    assert set(FORMATS["aiken"].carries(plain)) == {
        "identifier", "rationales of answers", "references", "exam and task",
    }  # fmt: skip
    assert FORMATS["aiken"].carries(response()) == ["the question"]


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("moodle", ["rating", "statistics"]),
        ("gift", ["rating", "statistics"]),
        ("csv", []),
        ("xlsx", []),
        ("pack", ["title", "tags", "statistics"]),
    ],
)
def test_what_is_lost_is_said(name, lost):
    assert FORMATS[name].carries(everything()) == lost


@pytest.mark.parametrize("name", ["moodle", "gift"])
def test_steps_that_stay_out_are_said_to_be_lost(name):
    question = ordering()
    outside = replace(question, options=(*question.options, replace(question.options[0], text="No", position=None)))
    assert "answers" in FORMATS[name].carries(outside)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_without_questions_can_be_written(name):
    FORMATS[name].write([])
