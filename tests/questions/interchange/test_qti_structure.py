"""What exports look like, checked against what the specifications demand (docs/interchange.md: with their schemas too).

The tables below are the part of QTI 2.2 that exports use; 3.0 is the same with its own spelling.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from questions.interchange.exchange import ForeignScenario
from questions.interchange.qti import QTI_FORMATS, Qti
from tests.questions.interchange.qti_material import members, plain, questions

BOTH = pytest.mark.parametrize("qti", QTI_FORMATS, ids=lambda qti: qti.name)
NAMESPACES = {
    "qti": ("http://www.imsglobal.org/xsd/imsqtiasi_v3p0", "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"),
    "qti22": ("http://www.imsglobal.org/xsd/imsqti_v2p2", "http://www.imsglobal.org/xsd/imscp_v1p1"),
}
TYPES = {
    "qti": ("imsqti_item_xmlv3p0", "imsqti_stimulus_xmlv3p0"),
    "qti22": ("imsqti_item_xmlv2p2", "imsqti_stimulus_xmlv2p2"),
}
XSI = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")  # an NCName of ASCII
INLINE = {"a", "br", "code", "em", "strong", "sub", "sup", "span"}
BLOCKS = {"blockquote", "h4", "h5", "hr", "ol", "p", "pre", "table", "ul"}
FLOW = INLINE | BLOCKS
FEEDBACK = {"feedbackInline", "feedbackBlock"}
SHOWN = {"outcomeIdentifier", "identifier", "showHide"}
# element: required attributes, allowed attributes, children in their order as a pattern of names
RULES: dict[str, tuple[set[str], set[str], str]] = {
    "assessmentItem": (
        {"identifier", "title", "adaptive", "timeDependent"},
        {"toolName", XSI},
        "responseDeclaration (outcomeDeclaration )+(assessmentStimulusRef )?itemBody responseProcessing ",
    ),
    "responseDeclaration": ({"identifier", "cardinality", "baseType"}, set(), "(correctResponse )?"),
    "correctResponse": (set(), set(), "(value )+"),
    "value": (set(), set(), ""),
    "outcomeDeclaration": ({"identifier", "cardinality", "baseType"}, set(), "(defaultValue )?"),
    "defaultValue": (set(), set(), "(value )+"),
    "assessmentStimulusRef": ({"identifier", "href"}, set(), ""),
    "itemBody": (set(), set(), f"({'|'.join(f'{name} ' for name in BLOCKS)})*(choice|order|match)Interaction "),
    "choiceInteraction": ({"responseIdentifier", "maxChoices"}, {"shuffle", "minChoices"}, "(simpleChoice )+"),
    "orderInteraction": ({"responseIdentifier"}, {"shuffle", "minChoices", "maxChoices"}, "(simpleChoice )+"),
    "matchInteraction": ({"responseIdentifier"}, {"shuffle", "maxAssociations"}, "simpleMatchSet simpleMatchSet "),
    "simpleMatchSet": (set(), set(), "(simpleAssociableChoice )+"),
    "responseProcessing": (set(), set(), "responseCondition (setOutcomeValue )?"),
    "responseCondition": (set(), set(), "responseIf responseElse "),
    "responseIf": (set(), set(), "match setOutcomeValue "),
    "responseElse": (set(), set(), "setOutcomeValue "),
    "match": (set(), set(), "variable correct "),
    "setOutcomeValue": ({"identifier"}, set(), "(baseValue |variable |multiple )"),
    "multiple": (set(), set(), "(baseValue )+"),
    "variable": ({"identifier"}, set(), ""),
    "correct": ({"identifier"}, set(), ""),
    "baseValue": ({"baseType"}, set(), ""),
    "assessmentStimulus": ({"identifier", "title"}, {"label", "toolName", XSI}, "stimulusBody "),
    "stimulusBody": (set(), set(), f"({'|'.join(f'{name} ' for name in BLOCKS)})+"),
    "table": (set(), set(), "(thead )?(tbody )+"),
    "thead": (set(), set(), "(tr )+"),
    "tbody": (set(), set(), "(tr )+"),
    "tr": (set(), set(), "(td |th )+"),
    "ul": (set(), set(), "(li )*"),
    "ol": (set(), {"class"}, "(li )*"),
    "br": (set(), set(), ""),
    "hr": (set(), set(), ""),
}
MIXED: dict[str, tuple[set[str], set[str], set[str]]] = {
    "simpleChoice": ({"identifier"}, set(), FLOW | FEEDBACK),
    "simpleAssociableChoice": ({"identifier", "matchMax"}, set(), FLOW | FEEDBACK),
    "feedbackInline": (SHOWN, set(), INLINE),
    "feedbackBlock": (SHOWN, set(), FLOW | {"contentBody"}),
    "contentBody": (set(), set(), FLOW),
    "p": (set(), set(), INLINE),
    "pre": (set(), set(), INLINE),
    "h4": (set(), set(), INLINE),
    "h5": (set(), set(), INLINE),
    "li": (set(), set(), FLOW),
    "blockquote": (set(), set(), BLOCKS),
    "td": (set(), {"class"}, FLOW),
    "th": (set(), {"class", "scope"}, FLOW),
    "a": ({"href"}, set(), INLINE - {"a"}),
    **{name: (set(), set(), INLINE) for name in ("code", "em", "strong", "sub", "sup", "span")},
}


def old_name(name: str, version: str) -> str:
    """A name of 3.0 as 2.2 spells it. Anything spelt as it should not be stays wrong."""
    if version != "qti":
        return name
    assert not re.search("[A-Z]", name), f"{name} is not a name of 3.0"
    return re.sub(r"-([a-z])", lambda found: found[1].upper(), name.removeprefix("qti-"))


def check(element: etree._Element, qti: Qti) -> None:
    """Names, attributes and children of an element and of all inside it."""
    found = etree.QName(element)
    assert found.namespace == NAMESPACES[qti.name][0], found
    name = old_name(found.localname, qti.name)
    if qti.name == "qti":
        assert found.localname.startswith("qti-") == (name not in FLOW | {"li", "td", "th", "tr", "thead", "tbody"}), (
            found
        )
    attributes = {str(key) if str(key) == XSI else old_name(str(key), qti.name) for key in element.attrib}
    required, allowed = (RULES.get(name) or MIXED[name])[:2]
    assert required <= attributes <= required | allowed, (name, attributes)
    children = [old_name(etree.QName(child).localname, qti.name) for child in element]
    if name in RULES:
        assert re.fullmatch(RULES[name][2], "".join(f"{child} " for child in children)), (name, children)
        if children:  # nothing stands bare between elements
            assert not "".join([element.text or "", *(child.tail or "" for child in element)]).strip(), name
    else:
        assert set(children) <= MIXED[name][2], (name, children)
    for child in element:
        check(child, qti)


def named(root: etree._Element, *names: str) -> list[etree._Element]:
    """Elements by their 2.2 names, in either spelling."""
    found = [root, *root.iterdescendants()]
    return [
        element
        for element in found
        if re.sub(r"-([a-z])", lambda at: at[1].upper(), etree.QName(element).localname.removeprefix("qti-")) in names
    ]


def value(element: etree._Element, name: str) -> str:
    hyphened = re.sub("[A-Z]", lambda at: f"-{at[0].lower()}", name)
    return str(element.get(name) or element.get(hyphened) or "")


def check_references(item: etree._Element) -> None:
    """Everything that an item names is there."""
    responses = {value(found, "identifier") for found in named(item, "responseDeclaration")}
    outcomes = {value(found, "identifier") for found in named(item, "outcomeDeclaration")}
    choices = [value(found, "identifier") for found in named(item, "simpleChoice", "simpleAssociableChoice")]
    assert len(set(choices)) == len(choices)
    assert all(IDENTIFIER.fullmatch(name) for name in [*responses, *outcomes, *choices, value(item, "identifier")])
    (interaction,) = named(item, "choiceInteraction", "orderInteraction", "matchInteraction")
    assert value(interaction, "responseIdentifier") in responses
    for key in [text for found in named(item, "correctResponse") for text in found.itertext()]:
        assert set(key.split()) <= set(choices)
    for found in named(item, "feedbackInline", "feedbackBlock"):
        assert value(found, "outcomeIdentifier") in outcomes
        assert value(found, "identifier") in choices
    for found in named(item, "setOutcomeValue"):
        assert value(found, "identifier") in outcomes
    for found in named(item, "variable", "correct"):
        assert value(found, "identifier") in responses


def check_package(written: bytes, qti: Qti) -> None:
    """The manifest names every file, every file is there, and every identifier leads somewhere."""
    files = members(written)
    assert next(iter(files)) == "imsmanifest.xml"
    root = etree.fromstring(files.pop("imsmanifest.xml"))
    space = NAMESPACES[qti.name][1]
    assert root.tag == f"{{{space}}}manifest"
    assert [etree.QName(child).localname for child in root] == ["metadata", "organizations", "resources"]
    assert root.findtext(f"{{{space}}}metadata/{{{space}}}schemaversion")
    resources = {str(found.get("identifier")): found for found in root.iterfind(f".//{{{space}}}resource")}
    assert all(IDENTIFIER.fullmatch(name) for name in resources)
    assert sorted(str(found.get("href")) for found in resources.values()) == sorted(files)
    for identifier, resource in resources.items():
        document = etree.fromstring(files[str(resource.get("href"))])
        assert document.get("identifier") == identifier
        assert [str(found.get("href")) for found in resource.iterfind(f"{{{space}}}file")] == [resource.get("href")]
        is_item = "item" in etree.QName(document).localname.lower()
        assert resource.get("type") == TYPES[qti.name][0 if is_item else 1]
        wanted = {str(found.get("identifierref")) for found in resource.iterfind(f"{{{space}}}dependency")}
        assert wanted <= set(resources)
        check(document, qti)
        if is_item:
            check_references(document)
            assert wanted == {value(found, "identifier") for found in named(document, "assessmentStimulusRef")}


@BOTH
@settings(max_examples=30)
@given(data=st.data())
def test_exports_are_what_the_specification_demands(qti, data):
    given_out = data.draw(st.lists(questions(), min_size=1, max_size=3, unique_by=lambda found: found.identifier))
    check_package(qti.write(given_out), qti)


@BOTH
@pytest.mark.parametrize(
    "stem",
    [
        "See [there](/inside) or [here](javascript:alert(1)).\n\nWhich?",  # the cleaner takes the addresses away
        "# A heading that candidates see as text\n\nWhich?",
        "Bare *and* bent\n===\n\nWhich?",
        "| only | heads |\n| --- | --- |\n\nWhich?",
        "![a chart](https://example.com/x.png)",
        "-\n-\n\n>\n\nWhich?",
        "a\x00b\x0bc\ufffe",
        "",
    ],
)
def test_strange_texts_make_sound_exports(qti, stem):
    scenario = ForeignScenario("case\x08 1", "A\x00 title", stem)
    check_package(qti.write([plain(stem=stem, title=stem, tags=(stem,), scenario=scenario)]), qti)


@BOTH
def test_a_package_without_questions_is_sound(qti):
    check_package(qti.write([]), qti)
