"""QTI 1.2 as Canvas and Common Cartridge write it."""

from __future__ import annotations

import pytest

from questions.interchange.qti import QTI3
from questions.interchange.qti.classic import WHY_NOT
from tests.questions.interchange.qti_material import archive, dropped, lost, only, read

PARTIAL = ("partial credit", "a question is right or wrong here, nothing between")


def label(ident: str, html: str) -> str:
    escaped = html.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<response_label ident="{ident}"><material><mattext texttype="text/html">{escaped}</mattext></material>'
        "</response_label>"
    )


def response(name: str, labels: str, cardinality: str = "Single", prompt: str = "") -> str:
    material = f"<material><mattext>{prompt}</mattext></material>" if prompt else ""
    return (
        f'<response_lid ident="{name}" rcardinality="{cardinality}">{material}<render_choice>{labels}</render_choice>'
        "</response_lid>"
    )


def condition(inside: str, points: str = "", feedback: str = "", action: str = "Set") -> str:
    given = f'<setvar action="{action}" varname="SCORE">{points}</setvar>' if points else ""
    shown = f'<displayfeedback feedbacktype="Response" linkrefid="{feedback}"/>' if feedback else ""
    return f'<respcondition continue="Yes"><conditionvar>{inside}</conditionvar>{given}{shown}</respcondition>'


def equal(value: str, name: str = "response1") -> str:
    return f'<varequal respident="{name}">{value}</varequal>'


def item(
    responses: str,
    processing: str = "",
    *,
    kind: str = "multiple_choice_question",
    stem: str = "<div><p>Which <strong>one</strong>?</p></div>",
    title: str = "Question",
    feedback: dict[str, str] | None = None,
) -> str:
    texts = "".join(
        f'<itemfeedback ident="{ident}"><flow_mat><material><mattext texttype="text/html">{text}</mattext></material>'
        "</flow_mat></itemfeedback>"
        for ident, text in (feedback or {}).items()
    )
    escaped = stem.replace("<", "&lt;")
    return (
        f'<item ident="g1" title="{title}"><itemmetadata><qtimetadata><qtimetadatafield><fieldlabel>question_type'
        f"</fieldlabel><fieldentry>{kind}</fieldentry></qtimetadatafield></qtimetadata></itemmetadata><presentation>"
        f'<material><mattext texttype="text/html">{escaped}</mattext></material>{responses}</presentation>'
        f'<resprocessing><outcomes><decvar maxvalue="100" varname="SCORE"/></outcomes>{processing}</resprocessing>'
        f"{texts}</item>"
    )


def quiz(*items: str, declared: str = "") -> str:
    space = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
    return (
        f'{declared}<questestinterop xmlns="{space}"><assessment ident="a" title="Quiz"><section ident="root_section">'
        f"{''.join(items)}</section></assessment></questestinterop>"
    )


FOUR = "".join(label(str(number), f"Answer {number}") for number in range(1, 5))
CHOICE = response("response1", FOUR)


def test_a_multiple_choice_question_comes_in():
    processing = condition(equal("2"), feedback="2_fb") + condition(equal("2"), "100")
    parsed = read(quiz(item(CHOICE, processing, feedback={"2_fb": "So it is."})))
    question = only(parsed)
    assert (question.identifier, question.kind, question.stem, question.title) == (
        "g1", "multiple_choice", "Which **one**?", "",
    )  # fmt: skip
    assert [(option.text, option.correct, option.rationale) for option in question.options] == [
        ("Answer 1", False, ""),
        ("Answer 2", True, "So it is."),
        ("Answer 3", False, ""),
        ("Answer 4", False, ""),
    ]
    assert parsed.losses == ()


def test_feedback_on_the_whole_question_explains_the_key():
    feedback = {"general_fb": "Think.", "correct_fb": "Yes.", "general_incorrect_fb": "No."}
    parsed = read(quiz(item(CHOICE, condition(equal("1"), "100"), feedback=feedback)))
    assert [option.rationale for option in only(parsed).options] == ["Think.\n\nYes.", "", "", ""]
    assert lost(parsed) == [
        ("feedback general_fb", "it became part of the key's rationale"),
        ("feedback correct_fb", "it became part of the key's rationale"),
        ("feedback general_incorrect_fb", "it belongs to no single answer"),
    ]


def test_a_multiple_response_question_comes_in():
    wanted = f"<and>{equal('1')}{equal('3')}<not>{equal('2')}</not><not>{equal('4')}</not></and>"
    responses = response("response1", FOUR, "Multiple")
    parsed = read(quiz(item(responses, condition(wanted, "100"), kind="multiple_answers_question")))
    assert only(parsed).kind == "multiple_response"
    assert [option.correct for option in only(parsed).options] == [True, False, True, False]
    assert parsed.losses == ()


def test_points_for_parts_are_named():
    parts = condition(equal("1"), "50", action="Add") + condition(equal("3"), "50", action="Add")
    several = read(quiz(item(response("response1", FOUR, "Multiple"), parts, kind="multiple_answers_question")))
    assert [option.correct for option in only(several).options] == [True, False, True, False]
    assert lost(several) == [PARTIAL]
    shaded = read(quiz(item(CHOICE, condition(equal("1"), "100") + condition(equal("2"), "50"))))
    assert [option.correct for option in only(shaded).options] == [True, False, False, False]
    assert lost(shaded) == [PARTIAL]


def test_a_matching_question_comes_in():
    labels = label("a", "Paris") + label("b", "Rome") + label("c", "Bern")
    responses = "".join(response(f"r{n}", labels, prompt=land) for n, land in enumerate(("France", "Italy", "Vatican")))
    processing = "".join(condition(equal(value, f"r{n}"), "33.33", action="Add") for n, value in enumerate("abb"))
    parsed = read(quiz(item(responses, processing, kind="matching_question")))
    question = only(parsed)
    assert [option.text for option in question.options] == ["Paris", "Rome", "Bern"]
    assert [(prompt.text, prompt.option_index) for prompt in question.prompts] == [
        ("France", 0), ("Italy", 1), ("Vatican", 1),
    ]  # fmt: skip
    assert lost(parsed) == [PARTIAL]


@pytest.mark.parametrize("kind", sorted(WHY_NOT))
def test_a_kind_that_we_do_not_have_is_dropped(kind):
    assert dropped(read(quiz(item(CHOICE, condition(equal("1"), "100"), kind=kind)))).why == WHY_NOT[kind]


@pytest.mark.parametrize(
    ("responses", "why"),
    [
        ("", "it asks nothing"),
        ('<response_str ident="r"><render_fib/></response_str>', "it asks for something other than a choice"),
        (response("r", FOUR, "Ordered"), "orderings of QTI 1.2 are written in too many ways"),
        (response("r", FOUR, "Multiple") + response("s", FOUR, "Multiple"), "it asks 2 things at once"),
        (response("r", FOUR) + response("s", FOUR), "its pairs are not one for each prompt"),
        (response("r", FOUR * 51), "it has more than 200 answers"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_question_here_is_dropped(responses, why):
    assert dropped(read(quiz(item(responses, kind="")))).why == why


def test_a_question_without_a_key_comes_in_as_a_draft():
    parsed = read(quiz(item(CHOICE)))
    assert not any(option.correct for option in only(parsed).options)
    assert lost(parsed) == [("key", "the item names no correct response")]


def test_empty_answers_are_named():
    parsed = read(quiz(item(response("response1", FOUR + label("5", "")), condition(equal("1"), "100"))))
    assert len(only(parsed).options) == 4
    assert lost(parsed) == [("answer 5", "it is empty")]


def test_media_and_scripts_are_left_out():
    stem = "<p>Which?<script>alert(1)</script><img src='$IMS-CC-FILEBASE$/a.png' alt='a chart'></p>"
    parsed = read(quiz(item(CHOICE, condition(equal("1"), "100"), stem=stem)))
    assert only(parsed).stem == "Which?\\[image: a chart\\]"
    assert [what for what, _ in lost(parsed)] == ["a script in stem", "an image in stem"]


def test_the_document_type_of_1_2_is_no_hindrance():
    declared = '<?xml version="1.0"?><!DOCTYPE questestinterop SYSTEM "ims_qtiasiv1p2p1.dtd">'
    data = quiz(item(CHOICE, condition(equal("1"), "100"), title="Capitals"), declared=declared).encode()
    assert QTI3.can_read(data, "quiz.xml")
    assert only(read(data)).title == "Capitals"


def test_a_course_holds_each_quiz_once():
    """Canvas writes a quiz for Common Cartridge, without kinds it lacks there, and again for itself."""
    poor = quiz(item(CHOICE, condition(equal("1"), "100")))
    whole = quiz(item(CHOICE, condition(equal("2"), "100")), item("", kind="essay_question"))
    manifest = (
        '<manifest xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"><resources>'
        '<resource identifier="g" type="imsqti_xmlv1p2/imscc_xmlv1p1/assessment"><file href="g/assessment_qti.xml"/>'
        '<dependency identifierref="h"/></resource>'
        '<resource identifier="h" type="associatedcontent/imscc_xmlv1p1/learning-application-resource"'
        ' href="g/assessment_meta.xml"><file href="g/assessment_meta.xml"/><file href="non_cc/g.xml.qti"/></resource>'
        '<resource identifier="i" type="associatedcontent/imscc_xmlv1p1/learning-application-resource"'
        ' href="non_cc/g.xml.qti"><file href="non_cc/g.xml.qti"/></resource>'
        "</resources></manifest>"
    )
    files = {"imsmanifest.xml": manifest, "g/assessment_qti.xml": poor, "g/assessment_meta.xml": "<quiz/>"}
    parsed = read(archive({**files, "non_cc/g.xml.qti": whole}))
    assert [option.correct for option in only(parsed).options] == [False, True, False, False]
    assert [(loss.what, loss.why) for loss in parsed.losses] == [("the question", "it asks for an essay")]
