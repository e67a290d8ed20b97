"""Packages as others make them: manifests, metadata, stimuli, and files that are missing or broken."""

from __future__ import annotations

import time

import pytest

from questions.interchange.qti import QTI3
from tests.questions.interchange.qti_material import ASK, LIMITS, archive, dropped, item, lost, only, plain, read

MANIFEST = (
    '<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"><resources>'
    '<resource identifier="r1" type="imsqti_item_xmlv2p2" href="items/1.xml">{metadata}'
    '<file href="items/1.xml"/></resource>'
    "{more}</resources></manifest>"
)


def package(metadata: str = "", more: str = "", **files: str) -> bytes:
    manifest = MANIFEST.format(metadata=metadata, more=more)
    return archive({"imsmanifest.xml": manifest, "items/1.xml": item(ASK, "A"), **files})


def test_a_test_is_named_and_its_items_come_in():
    parsed = read(package(more='<resource identifier="t" type="imsqti_test_xmlv2p2" href="t.xml"/>'))
    assert only(parsed).identifier == "item-1"
    assert lost(parsed) == [("tests with their sections, order and times", "forms are assembled from the bank")]


def test_the_metadata_of_others_become_tags():
    lom = (
        '<metadata><lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general><keyword><string language="en">sums</string>'
        "</keyword></general><educational><difficulty><source>LOMv1.0</source><value>easy</value></difficulty>"
        "</educational><classification><taxonPath><source><string>Ours</string></source><taxon><id>7</id><entry>"
        "<string>Arithmetic</string></entry></taxon></taxonPath></classification></lom></metadata>"
    )
    parsed = read(package(lom))
    assert only(parsed).tags == ("sums", "Arithmetic", "difficulty easy")
    assert (only(parsed).exam, only(parsed).rating) == ("", None)
    assert [what for what, _ in lost(parsed)] == ["classification", "difficulty 'easy'"]


def test_a_shared_stimulus_becomes_the_scenario():
    with_stimulus = item(ASK, "A", before='<assessmentStimulusRef identifier="s1" href="../s/1.xml"/>')
    stimulus = (
        '<assessmentStimulus identifier="s1" title="A shop"><stimulusBody><p>It sells.</p></stimulusBody>'
        "</assessmentStimulus>"
    )
    question = only(read(package(**{"items/1.xml": with_stimulus, "s/1.xml": stimulus})))
    assert question.scenario is not None
    assert (question.scenario.identifier, question.scenario.title, question.scenario.text) == (
        "s1",
        "A shop",
        "It sells.",
    )
    assert lost(read(package(**{"items/1.xml": with_stimulus}))) == [
        ("its stimulus", "the file with it is missing or cannot be read")
    ]


@pytest.mark.parametrize(
    "href", ["../../../etc/passwd", "https://example.com/s.xml", "/etc/passwd", "file:///etc/passwd"]
)
def test_a_stimulus_outside_the_package_is_not_sought(href):
    asking = item(ASK, "A", before=f'<assessmentStimulusRef identifier="s1" href="{href}"/>')
    parsed = read(package(**{"items/1.xml": asking}))
    assert only(parsed).scenario is None
    assert lost(parsed) == [("its stimulus", "the file with it is missing or cannot be read")]


def test_one_bad_item_does_not_spoil_the_others():
    more = "".join(f'<resource identifier="r{n}" type="imsqti_item_xmlv2p2" href="items/{n}.xml"/>' for n in (2, 3, 4))
    parsed = read(package(more=more, **{"items/2.xml": "<assessmentItem", "items/3.xml": "<html/>"}))
    assert only(parsed).identifier == "item-1"
    assert [(loss.where, loss.why.partition(":")[0]) for loss in parsed.losses] == [
        ("items/2.xml", "the file is not well-formed XML"),
        ("items/3.xml", "its file holds no item"),
        ("items/4.xml", "its file is not in the package"),
    ]


def test_a_package_without_a_manifest_is_searched():
    parsed = read(
        archive({"b.xml": item(ASK, "A", identifier="b"), "a.xml": item(ASK, "A", identifier="a"), "c.xml": "<c/>"})
    )
    assert [question.identifier for question in parsed.questions] == ["a", "b"]
    assert lost(parsed) == [
        ("imsmanifest.xml", "the package has none, so its items were read in the order of their names")
    ]


def test_items_of_one_identifier_stay_apart():
    more = '<resource identifier="r2" type="imsqti_item_xmlv2p2" href="items/2.xml"/>'
    parsed = read(package(more=more, **{"items/2.xml": item(ASK, "B")}))
    assert [question.identifier for question in parsed.questions] == ["item-1", "item-1-2"]


def test_a_text_beyond_the_limit_drops_its_question():
    loss = dropped(read(item(ASK.replace("Which?", "x" * (LIMITS.text + 1)), "A")))
    assert loss.why == "one of its texts is longer than 20,000 characters"


def test_two_thousand_items_take_a_few_seconds():
    written = QTI3.write([plain(f"tst-{number}") for number in range(2_000)])
    begun = time.process_time()  # of this process alone, for machines are shared
    assert len(read(written).questions) == 2_000
    assert time.process_time() - begun < 6
