"""QTI out and in again: nothing is lost, and the manifest says in others' words what it can."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from questions.interchange.exchange import (
    ForeignOption,
    ForeignPrompt,
    ForeignReference,
    ForeignScenario,
    ForeignStatistics,
    Limits,
)
from questions.interchange.qti import QTI3, QTI22, QTI_FORMATS
from questions.interchange.qti.formats import FIELDS
from questions.kinds import KINDS
from tests.questions.interchange.qti_material import LIMITS, archive, lost, members, only, plain, questions

GENEROUS = Limits(text=1_000_000)
BOTH = pytest.mark.parametrize("qti", QTI_FORMATS, ids=lambda qti: qti.name)
LOM = "{http://ltsc.ieee.org/xsd/LOM}"


@BOTH
@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=10)
@given(data=st.data())
def test_questions_come_back_as_they_were(qti, kind, data):
    given_out = data.draw(st.lists(questions(kind), min_size=1, max_size=3, unique_by=lambda found: found.identifier))
    parsed = qti.read(qti.write(given_out), GENEROUS)
    assert parsed.losses == ()
    assert len(parsed.questions) == len(given_out)
    for out, back in zip(given_out, parsed.questions, strict=True):
        for name, of in FIELDS.items():
            assert of(back) == of(out), name
        assert qti.carries(out) == []


@settings(max_examples=15)
@given(data=st.data())
def test_each_version_is_read_by_either_format(data):
    question = data.draw(questions())
    assert QTI22.read(QTI3.write([question]), GENEROUS) == QTI3.read(QTI3.write([question]), GENEROUS)
    assert QTI3.read(QTI22.write([question]), GENEROUS) == QTI22.read(QTI22.write([question]), GENEROUS)


@BOTH
def test_what_was_read_is_read_the_same_again(qti):
    question = only(qti.read(qti.write([plain()]), LIMITS))
    assert only(qti.read(qti.write([question]), LIMITS)) == question


@BOTH
def test_equal_questions_give_equal_bytes(qti):
    assert qti.write([plain("tst-001"), plain("tst-002")]) == qti.write([plain("tst-001"), plain("tst-002")])


@BOTH
def test_outline_rating_and_statistics_travel_as_metadata(qti):
    statistics = ForeignStatistics(0.71, -0.05, 1.25, -0.4, 612)
    question = plain(
        rating=Decimal("0.6543"),
        statistics=statistics,
        task="2.1",
        tags=("one", "two & three"),
        references=(ForeignReference("The manual", "https://docs.example.com/manual?a=1&b=2"),),
    )
    written = qti.write([question])
    back = only(qti.read(written, LIMITS))
    assert (back.exam, back.task, back.rating, back.statistics) == ("TST-01", "2.1", Decimal("0.6543"), statistics)
    assert (back.tags, back.references) == (question.tags, question.references)

    # In LOM's own words, for those who do not know ours.
    root = etree.fromstring(members(written)["imsmanifest.xml"])
    assert [taxon.text for taxon in root.iterfind(f".//{LOM}taxon/{LOM}id")] == ["TST-01", "2.1"]
    assert root.findtext(f".//{LOM}difficulty/{LOM}value") == "medium"
    assert [keyword.findtext(f"{LOM}string") for keyword in root.iterfind(f".//{LOM}keyword")] == ["one", "two & three"]
    assert root.findtext(f".//{LOM}relation//{LOM}entry") == "https://docs.example.com/manual?a=1&b=2"


@BOTH
@pytest.mark.parametrize("statistics", [ForeignStatistics(), ForeignStatistics(first_exposures=0)])
def test_what_was_not_measured_stays_unmeasured(qti, statistics):
    assert only(qti.read(qti.write([plain(statistics=statistics)]), LIMITS)).statistics == statistics


@pytest.mark.parametrize(
    ("written", "wanted", "what", "why"),
    [
        ('rating="0.7000"', 'rating="seven"', "rating", "it is no share between 0 and 1"),
        ('rating="0.7000"', 'rating="1.5"', "rating", "it is no share between 0 and 1"),
        ('rating="0.7000"', 'rating="NaN"', "rating", "it is no share between 0 and 1"),
        ('facility="0.5"', 'facility="2"', "statistic facility", "it is no number from 0 to 1"),
        ('facility="0.5"', 'facility="inf"', "statistic facility", "it is no number from 0 to 1"),
        (
            'first-exposures="600"',
            'first-exposures="1e300"',
            "statistic first-exposures",
            "it is no number from 0 to 1,000,000,000",
        ),
    ],
)
def test_impossible_numbers_are_named_and_left_out(written, wanted, what, why):
    given_out = members(QTI3.write([plain(statistics=ForeignStatistics(facility=0.5, first_exposures=600))]))
    manifest = given_out["imsmanifest.xml"].decode()
    assert written in manifest
    parsed = QTI3.read(archive({**given_out, "imsmanifest.xml": manifest.replace(written, wanted)}), LIMITS)
    assert only(parsed).identifier == "tst-001"
    assert (what, why) in lost(parsed)


@BOTH
def test_questions_of_a_case_study_share_its_scenario(qti):
    scenario = ForeignScenario("case 1/ü", "A shop", "It sells *hats*.\n\n- felt\n- straw")
    other = ForeignScenario("case-2", "Another", "It sells boots.")
    given_out = [
        plain("tst-001", scenario=scenario),
        plain("tst-002", scenario=scenario),
        plain("tst-003", scenario=other),
        plain("tst-004"),
    ]
    written = qti.write(given_out)
    assert sum(name.startswith("stimuli/") for name in members(written)) == 2
    assert [question.scenario for question in qti.read(written, LIMITS).questions] == [scenario, scenario, other, None]


@BOTH
def test_identifiers_that_qti_does_not_take_come_back_too(qti):
    names = ["tst-001", "TST-001", "9 lives", "ä/../b", "x" * 100]
    written = qti.write([plain(name) for name in names])
    assert [question.identifier for question in qti.read(written, LIMITS).questions] == names
    stems = [name.lower() for name in members(written)]
    assert len(set(stems)) == len(stems)


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"options": ()},
        {"options": (ForeignOption("One"), ForeignOption("Two"))},
        {"kind": "multiple_response", "options": (ForeignOption("One", correct=True), ForeignOption("Two"))},
        {"kind": "multiple_response", "options": (ForeignOption("One"), ForeignOption("Two"))},
        {"kind": "ordering", "options": (ForeignOption("One"), ForeignOption("Two"))},
        {"stem": ""},
        {"rating": None, "exam": "", "task": ""},
        {"kind": "matching", "options": (ForeignOption("One"),), "prompts": (ForeignPrompt("A", "", 0),)},
    ],
)
def test_unfinished_questions_come_back_unfinished(qti, changes):
    question = plain(**changes)
    back = only(qti.read(qti.write([question]), LIMITS))
    assert back == replace(question, stem=back.stem)
    assert qti.carries(question) == []


@BOTH
@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"title": "tst-001"}, ["title"]),
        ({"tags": ("two  spaces",)}, ["tags"]),
        ({"references": (ForeignReference("A book", "isbn:123"),)}, ["references"]),
        ({"stem": "Look: ![a chart](https://example.com/x.png)\n\nWhich?"}, ["wording of the stem"]),
        ({"stem": "A\x0bB\n\nWhich?"}, ["wording of the stem"]),
        ({"options": (ForeignOption("# Big", correct=True), ForeignOption(" ")) * 2}, []),
        ({"options": (ForeignOption("A\x0bB", correct=True), ForeignOption("C"))}, ["answers"]),
    ],
)
def test_what_an_export_loses_is_known_beforehand(qti, changes, names):
    assert qti.carries(plain(**changes)) == names
