"""Items of QTI 2.x and 3.0 as others write them: what comes in, and what the report says of the rest."""

from __future__ import annotations

import pytest

from questions.interchange.exchange import Severity
from questions.interchange.qti import QTI3
from questions.interchange.qti.interactions import UNSUPPORTED
from questions.interchange.qti.versions import V3
from tests.questions.interchange.qti_material import ASK, CHOICE, CHOICES, dropped, item, lost, only, read

FIXED = ("fixed order of answers", "answers stand in an order of their own on every form")
PARTIAL = ("partial credit", "a question is right or wrong here, nothing between")


def several(choices: str, most: str = "0") -> str:
    return (
        f'<p>Which?</p><choiceInteraction responseIdentifier="RESPONSE" maxChoices="{most}" shuffle="true">{choices}'
        "</choiceInteraction>"
    )


def test_an_item_of_2_x_comes_in():
    question = only(read(item(ASK, "A", title="A title")))
    assert (question.identifier, question.kind, question.title) == ("item-1", "multiple_choice", "A title")
    assert question.stem == "Which?"
    assert [(option.text, option.correct) for option in question.options] == [
        ("Answer A", True), ("Answer B", False), ("Answer C", False), ("Answer D", False),
    ]  # fmt: skip


def test_an_item_of_3_0_comes_in():
    data = (
        '<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="three" title="Three">'
        '<qti-response-declaration identifier="R" cardinality="multiple" base-type="identifier"><qti-correct-response>'
        "<qti-value>A</qti-value><qti-value>B</qti-value></qti-correct-response></qti-response-declaration>"
        '<qti-item-body><p>Say <strong>two</strong>.</p><qti-choice-interaction response-identifier="R" max-choices="2"'
        ' shuffle="true" class="qti-labels-lower-alpha"><qti-prompt>Which?</qti-prompt>'
        '<qti-simple-choice identifier="A">One</qti-simple-choice><qti-simple-choice identifier="B">Two'
        '</qti-simple-choice><qti-simple-choice identifier="C">Three</qti-simple-choice></qti-choice-interaction>'
        "</qti-item-body></qti-assessment-item>"
    )
    parsed = read(data)
    question = only(parsed)
    assert (question.kind, question.stem) == ("multiple_response", "Say **two**.\n\nWhich?")
    assert [option.correct for option in question.options] == [True, True, False]
    assert parsed.losses == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_every_usual_encoding_is_read(encoding):
    text = item(ASK.replace("Which", "Größe"), "A")
    declared = text if encoding == "utf-8-sig" else f'<?xml version="1.0" encoding="{encoding}"?>{text}'
    data = declared.encode(encoding)
    assert QTI3.can_read(data, "item.xml")
    assert only(read(data)).stem == "Größe?"


@pytest.mark.parametrize(
    "space", ["", "http://www.imsglobal.org/xsd/imsqti_v2p0", "http://www.imsglobal.org/xsd/imsqti_v2p1"]
)
def test_the_namespace_of_any_2_x_will_do(space):
    assert only(read(item(ASK, "A", space=space))).kind == "multiple_choice"


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
@pytest.mark.parametrize("version", ["2.2", "3.0"])
def test_an_interaction_that_we_do_not_have_drops_the_question(name, version):
    tag = V3.tag(name).partition("}")[2] if version == "3.0" else name
    loss = dropped(read(item(f'<p>Do it.</p><div><{tag} responseIdentifier="RESPONSE"/></div>', "A")))
    assert (loss.where, loss.why, loss.severity) == ("item-1", UNSUPPORTED[name], Severity.DROPPED)


@pytest.mark.parametrize(
    ("body", "attributes", "before", "why"),
    [
        ("<p>Read this.</p>", "", "", "it asks nothing"),
        (ASK + CHOICE.replace("RESPONSE", "OTHER"), "", "", "it asks 2 things at once"),
        (ASK, 'adaptive="true"', "", "it is adaptive: what it asks depends on earlier attempts"),
        (ASK, "", "<templateProcessing/>", "it is a template: its numbers are drawn anew for everybody"),
        ('<sortOfInteraction responseIdentifier="R"/>', "", "", "its sortOfInteraction is not known"),
        (
            f'<choiceInteraction responseIdentifier="RESPONSE">{CHOICES * 51}</choiceInteraction>',
            "", "", "it has more than 200 answers",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_a_question_here_is_dropped_with_its_reason(body, attributes, before, why):
    assert dropped(read(item(body, "A", attributes=attributes, before=before))).why == why


@pytest.mark.parametrize(
    ("html", "text", "loss"),
    [
        ('<p>Look: <img src="a.png" alt="a chart"/></p>', "Look: \\[image: a chart\\]", "an image in stem"),
        ('<p>Look.</p><object data="a.pdf" type="application/pdf"/>', "Look.", "an embedded object in stem"),
        ("<p>Hear.</p><audio src='a.mp3'/>", "Hear.", "a sound in stem"),
        ("<p>See.</p><video src='a.mp4'/>", "See.", "a video in stem"),
        ("<p>Run.</p><script>alert(1)</script>", "Run.", "a script in stem"),
        ("<p>Frame.</p><iframe src='https://example.com'/>", "Frame.", "an embedded page in stem"),
        (
            '<p>Solve <math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi><mo>=</mo><mn>1</mn></math>.</p>',
            "Solve x=1.", "a formula in MathML in stem",
        ),
    ],
)  # fmt: skip
def test_media_are_named_and_left_out(html, text, loss):
    parsed = read(item(html + CHOICE, "A"))
    assert only(parsed).stem == text
    assert [what for what, _ in lost(parsed)] == [loss]


def test_nothing_active_survives():
    body = (
        '<p onclick="x()">Which <a href="javascript:alert(1)">one</a>? &lt;script&gt;alert(1)&lt;/script&gt;</p>'
        + CHOICE.replace("Answer A", '<b onmouseover="x()">A</b><script>alert(1)</script>')
    )
    question = only(read(item(body, "A")))
    assert question.stem == "Which one? \\<script>alert(1)\\</script>"
    assert question.options[0].text == "**A**"


def test_feedback_becomes_rationales():
    choices = CHOICES.replace(
        "Answer A",
        'Answer A<feedbackInline outcomeIdentifier="F" identifier="A" showHide="show">So it is.</feedbackInline>',
    )
    modal = (
        '<modalFeedback outcomeIdentifier="F" identifier="B" showHide="show"><p>Not B.</p></modalFeedback>'
        '<modalFeedback outcomeIdentifier="F" identifier="other" showHide="show">Read chapter 3.</modalFeedback>'
        '<modalFeedback outcomeIdentifier="F" identifier="C" showHide="hide">Hidden.</modalFeedback>'
    )
    parsed = read(item(ASK.replace(CHOICES, choices), "A", after=modal))
    assert only(parsed).options[0].text == "Answer A"
    assert [option.rationale for option in only(parsed).options] == ["So it is.", "Not B.", "", ""]
    assert lost(parsed) == [
        ("feedback that is hidden after a response", "rationales are shown to everybody"),
        ("feedback other", "it belongs to no single answer"),
    ]


def test_feedback_for_whoever_is_right_explains_the_key():
    modal = '<modalFeedback outcomeIdentifier="F" identifier="CORRECT" showHide="show">Yes.</modalFeedback>'
    parsed = read(item(ASK, "B", after=modal))
    assert [option.rationale for option in only(parsed).options] == ["", "Yes.", "", ""]
    assert lost(parsed) == [("feedback CORRECT", "it became the rationale of the key")]


@pytest.mark.parametrize(
    ("points", "losses"),
    [
        ({"A": 1, "B": 1}, [PARTIAL]),
        ({"A": 1, "B": 1, "C": -1}, [PARTIAL]),
        ({"A": 0.5}, [PARTIAL]),
    ],
)
def test_partial_credit_is_named(points, losses):
    mapping = "".join(f'<mapEntry mapKey="{key}" mappedValue="{value}"/>' for key, value in points.items())
    processing = '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response"/>'
    parsed = read(item(several(CHOICES, "2"), "A B", mapping=mapping, cardinality="multiple", after=processing))
    assert [option.correct for option in only(parsed).options] == [True, True, False, False]
    assert lost(parsed) == losses


def test_points_that_no_scoring_uses_are_no_partial_credit():
    mapping = '<mapEntry mapKey="A" mappedValue="1"/><mapEntry mapKey="B" mappedValue="1"/>'
    processing = '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>'
    assert (
        lost(read(item(several(CHOICES, "2"), "A B", mapping=mapping, cardinality="multiple", after=processing))) == []
    )


def test_the_key_is_taken_from_the_points_where_none_is_named():
    mapping = "".join(f'<mapEntry mapKey="{key}" mappedValue="{value}"/>' for key, value in {"A": 0.5, "B": 2}.items())
    parsed = read(item(ASK, "", mapping=mapping))
    assert [option.correct for option in only(parsed).options] == [False, True, False, False]
    assert lost(parsed) == [
        PARTIAL, ("key", "the item names no correct response, so it was taken from the points it gives"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["", "Z"])
def test_a_question_without_a_key_comes_in_as_a_draft(value):
    parsed = read(item(ASK, value))
    assert not any(option.correct for option in only(parsed).options)
    assert lost(parsed) == [("key", "the item names no correct response")]


@pytest.mark.parametrize(
    ("body", "key", "loss"),
    [
        (ASK.replace('shuffle="true"', 'shuffle="false"'), "A", FIXED),
        (ASK.replace('identifier="D"', 'identifier="D" fixed="true"'), "A", FIXED),
        (ASK + "<p>Good luck.</p>", "A", ("text after the answers", "it stands before the question now")),
        (
            ASK + '<rubricBlock view="scorer"><p>Mark.</p></rubricBlock>',
            "A", ("rubric for the scorer", "questions hold what candidates see"),
        ),
        (
            ASK + '<endAttemptInteraction responseIdentifier="HINT" title="?"/>',
            "A", ("a button that ends the attempt", "sittings have buttons of their own"),
        ),
    ],
)  # fmt: skip
def test_what_changes_is_named(body, key, loss):
    assert lost(read(item(body, key))) == [loss]


def test_more_answers_than_the_key_may_be_chosen_elsewhere():
    parsed = read(item(several(CHOICES), "A C", cardinality="multiple"))
    assert only(parsed).kind == "multiple_response"
    assert lost(parsed) == [("number of answers to choose", "candidates are told to choose 2")]


def test_an_ordering_knows_what_stays_out():
    start = '<orderInteraction responseIdentifier="RESPONSE" shuffle="true"><prompt>Order!</prompt>'
    body = f"{start}{CHOICES}</orderInteraction>"
    question = only(read(item(body, "C A B", cardinality="ordered")))
    assert (question.kind, question.stem) == ("ordering", "Order!")
    assert [option.position for option in question.options] == [2, 3, 1, None]


def associable(names: str, most: str = "0") -> str:
    choices = (
        f'<simpleAssociableChoice identifier="{name}" matchMax="{most}">Text {name}</simpleAssociableChoice>'
        for name in names
    )
    return f"<simpleMatchSet>{''.join(choices)}</simpleMatchSet>"


def match(first: str, second: str) -> str:
    sets = associable(first) + associable(second)
    return f'<matchInteraction responseIdentifier="RESPONSE" shuffle="true">{sets}</matchInteraction>'


def test_a_matching_gives_each_prompt_its_option():
    question = only(read(item(match("PQR", "XYZ"), "P Y,Q Y,R X", cardinality="multiple", base="directedPair")))
    assert question.kind == "matching"
    assert [(prompt.text, prompt.option_index) for prompt in question.prompts] == [
        ("Text P", 1),
        ("Text Q", 1),
        ("Text R", 0),
    ]
    assert [option.text for option in question.options] == ["Text X", "Text Y", "Text Z"]


def test_a_matching_that_stands_the_other_way_round_is_turned():
    parsed = read(item(match("XY", "PQR"), "X P,X Q,Y R", cardinality="multiple", base="directedPair"))
    assert [prompt.option_index for prompt in only(parsed).prompts] == [0, 0, 1]
    assert lost(parsed) == [("the two sets", "they changed places, so that each prompt has one answer")]


@pytest.mark.parametrize(
    ("key", "why"),
    [("", "the item names no correct pairs"), ("P X,P Y,Q X,Q Y", "its pairs are not one for each prompt")],
)
def test_a_matching_without_one_answer_for_each_prompt_is_dropped(key, why):
    assert dropped(read(item(match("PQ", "XY"), key, cardinality="multiple", base="directedPair"))).why == why


def test_gaps_become_prompts():
    body = (
        '<gapMatchInteraction responseIdentifier="RESPONSE" shuffle="true"><gapText identifier="W" matchMax="1">winter'
        '</gapText><gapText identifier="S" matchMax="1">summer</gapText><p>Now is the <gap identifier="G1"/> of our '
        'discontent, made glorious <gap identifier="G2"/>.</p></gapMatchInteraction>'
    )
    parsed = read(item(body, "W G1,S G2", cardinality="multiple", base="directedPair"))
    question = only(parsed)
    assert question.stem == "Now is the (1) \\_\\_\\_\\_ of our discontent, made glorious (2) \\_\\_\\_\\_ ."
    assert [(prompt.text, question.options[prompt.option_index].text) for prompt in question.prompts] == [
        ("Gap 1", "winter"), ("Gap 2", "summer"),
    ]  # fmt: skip
    assert lost(parsed) == [("gaps in a text", "each became a prompt of a matching question")]
