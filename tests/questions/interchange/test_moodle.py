"""What Moodle XML of other people's making becomes here."""

from __future__ import annotations

import pytest

from questions.interchange.exchange import Limits, Parsed, Unreadable
from questions.interchange.moodle import Moodle
from tests.questions.interchange.material import LIMITS

ANSWERS = """
<answer fraction="100" format="html"><text>Yes</text><feedback format="html"><text>Right so.</text></feedback></answer>
<answer fraction="0" format="html"><text>No</text><feedback format="html"><text></text></feedback></answer>
"""


def quiz(*questions: str) -> bytes:
    return f"<?xml version='1.0' encoding='UTF-8'?><quiz>{''.join(questions)}</quiz>".encode()


def asked(
    kind: str, inside: str = ANSWERS, text: str = "<p>Is it so?</p>", name: str = "Q1", more: str = "html"
) -> str:
    return (
        f'<question type="{kind}"><name><text>{name}</text></name>'
        f'<questiontext format="{more}"><text><![CDATA[{text}]]></text></questiontext>{inside}</question>'
    )


def category(path: str) -> str:
    return f'<question type="category"><category><text>{path}</text></category></question>'


def read(*questions: str, limits: Limits = LIMITS) -> Parsed:
    return Moodle().read(quiz(*questions), limits)


def lost(parsed: Parsed) -> list[tuple[str, str]]:
    return [(loss.what, loss.severity.value) for loss in parsed.losses]


def test_a_single_choice():
    parsed = read(asked("multichoice", f"<single>true</single><idnumber>so-1</idnumber>{ANSWERS}"))
    (question,) = parsed.questions
    assert (question.identifier, question.title, question.kind) == ("so-1", "Q1", "multiple_choice")
    assert [(one.text, one.rationale, one.correct) for one in question.options] == [
        ("Yes", "Right so.", True), ("No", "", False),
    ]  # fmt: skip
    assert parsed.losses == ()


def test_part_credit_is_lost_and_said_to_be():
    parts = '<single>true</single><answer fraction="50"><text>Half</text></answer>' + ANSWERS
    parsed = read(asked("multichoice", parts))
    assert [one.correct for one in parsed.questions[0].options] == [False, True, False]
    assert lost(parsed) == [("partial credit", "dropped")]


def test_without_a_whole_right_answer_the_best_one_is_the_key():
    parts = "".join(f'<answer fraction="{f}"><text>{f}</text></answer>' for f in ("50", "80", "-20"))
    parsed = read(asked("multichoice", parts))
    assert [one.text for one in parsed.questions[0].options if one.correct] == ["80"]
    assert [what for what, _ in lost(parsed)] == ["key", "partial credit", "points off"]


def test_several_answers():
    parts = "".join(f'<answer fraction="{f}"><text>a{f}</text></answer>' for f in ("50", "50.0", "-50", "0"))
    parsed = read(asked("multichoice", f"<single>false</single>{parts}"))
    assert parsed.questions[0].kind == "multiple_response"
    assert [one.correct for one in parsed.questions[0].options] == [True, True, False, False]
    assert lost(parsed) == [("scoring answer by answer", "converted")]


def test_true_or_false_becomes_multiple_choice_with_two_answers():
    parts = '<answer fraction="0"><text>true</text></answer><answer fraction="100"><text>false</text></answer>'
    parsed = read(asked("truefalse", parts))
    assert [(one.text, one.correct) for one in parsed.questions[0].options] == [("True", False), ("False", True)]
    assert lost(parsed) == [("true or false", "converted")]


def test_matching_with_answers_that_serve_twice_or_never():
    pairs = [("Sky", "Blue"), ("Grass", "Green"), ("Sea", "Blue"), ("", "Red")]
    parts = "".join(
        f'<subquestion format="html"><text>{one}</text><answer><text>{other}</text></answer></subquestion>'
        for one, other in pairs
    )
    (question,) = read(asked("matching", parts)).questions
    assert [option.text for option in question.options] == ["Blue", "Green", "Red"]
    assert [(prompt.text, prompt.option_index) for prompt in question.prompts] == [("Sky", 0), ("Grass", 1), ("Sea", 0)]


def test_ordering_in_the_order_of_the_file():
    parts = "<gradingtype>ALL_OR_NOTHING</gradingtype><selecttype>ALL</selecttype>" + "".join(
        f'<answer fraction="{number}.0" format="plain_text"><text>{text}</text></answer>'
        for number, text in enumerate(("one*", "two", "three"), 1)
    )
    parsed = read(asked("ordering", parts))
    assert [(one.text, one.position) for one in parsed.questions[0].options] == [
        ("one\\*", 1),
        ("two", 2),
        ("three", 3),
    ]
    assert parsed.losses == ()


@pytest.mark.parametrize(
    "kind", ["numerical", "essay", "shortanswer", "cloze", "calculated", "ddwtos", "ddmarker", "unheard_of", ""]
)
def test_other_kinds_are_dropped_with_a_reason(kind):
    parsed = read(asked(kind), asked("multichoice", name="Q2"))
    (loss,) = (loss for loss in parsed.losses if loss.what == "the question")
    assert (loss.where, loss.severity.value) == ("Q1", "dropped")
    assert loss.why
    assert [question.title for question in parsed.questions] == ["Q2"]


@pytest.mark.parametrize(
    ("format_", "text", "expected"),
    [
        ("html", "<p>Use <b>this</b></p><ul><li>a</li></ul>", "Use **this**\n\n- a"),
        ("moodle_auto_format", "One\ntwo <i>x</i>", "One\\\ntwo *x*"),
        ("plain_text", "One < two & *three*", "One < two & \\*three\\*"),
        ("markdown", "**One**", "**One**"),
    ],
)
def test_texts_come_in_four_formats(format_, text, expected):
    (question,) = read(asked("multichoice", text=text, more=format_)).questions
    assert question.stem == expected


def test_images_scripts_and_hints_are_lost_and_said_to_be():
    parts = f"<hint format='html'><text>Think</text></hint>{ANSWERS}"
    html = '<p>Look<img src="@@PLUGINFILE@@/a.png" alt="A plan"></p><script>steal()</script>'
    parsed = read(asked("multichoice", parts, html))
    assert parsed.questions[0].stem == "Look\\[image: A plan\\]"
    assert lost(parsed) == [("an image in stem", "dropped"), ("a script in stem", "dropped"), ("hint 1", "dropped")]


def test_categories_are_places_or_tags():
    parsed = read(
        category("$course$/top/TST-01/1.2"), asked("multichoice"),
        category("$course$/top/Default for Tests/Deserts"), asked("multichoice", name="Q2"),
        category("$course$/top/Chapter 2/1.3 Sorting"), asked("multichoice", name="Q3"),
    )  # fmt: skip
    assert [(one.exam, one.task, one.tags) for one in parsed.questions] == [
        ("TST-01", "1.2", ()), ("", "", ("Deserts",)), ("", "1.3", ("1.3 Sorting",)),
    ]  # fmt: skip


def test_general_feedback_explains_the_key_where_nothing_else_does():
    bare = '<answer fraction="100"><text>Yes</text></answer><answer fraction="0"><text>No</text></answer>'
    feedback = '<generalfeedback format="html"><text>&lt;p&gt;So it is.&lt;/p&gt;</text></generalfeedback>'
    parsed = read(asked("multichoice", bare + feedback), asked("multichoice", ANSWERS + feedback, name="Q2"))
    assert parsed.questions[0].options[0].rationale == "So it is."
    assert lost(parsed) == [("general feedback", "converted"), ("general feedback", "dropped")]


def test_a_description_is_the_scenario_of_questions_that_name_it():
    case = asked("description", "<idnumber>case-1</idnumber>", "<p>A shop.</p>", "The shop")
    stray = asked("description", "", "<p>Welcome.</p>", "Hello")
    tags = "<tags><tag><text>scenario:case-1</text></tag></tags>"
    parsed = read(case, stray, asked("multichoice", ANSWERS + tags))
    scenario = parsed.questions[0].scenario
    assert scenario is not None
    assert (scenario.identifier, scenario.title, scenario.text) == ("case-1", "The shop", "A shop.")
    assert parsed.questions[0].tags == ()
    assert lost(parsed) == [("description Hello", "dropped")]


def test_names_that_repeat_become_identifiers_of_their_own():
    parsed = read(asked("multichoice"), asked("multichoice"), asked("multichoice", text="Other"))
    identifiers = [question.identifier for question in parsed.questions]
    assert len(set(identifiers)) == 3
    again = read(asked("multichoice"), asked("multichoice"), asked("multichoice", text="Other"))
    assert [question.identifier for question in again.questions] == identifiers


def test_other_xml_and_empty_banks_are_refused():
    with pytest.raises(Unreadable, match="does not begin with quiz"):
        Moodle().read(b"<a/>", LIMITS)
    with pytest.raises(Unreadable, match="holds no questions"):
        read()
    with pytest.raises(Unreadable, match="not well-formed XML"):
        Moodle().read(b"<quiz><question>", LIMITS)


def test_too_much_is_dropped_or_refused():
    assert lost(read(asked("multichoice", text="x" * 60), limits=Limits(text=50))) == [("the question", "dropped")]
    assert lost(read(asked("multichoice", ANSWERS * 60))) == [("the question", "dropped")]
    with pytest.raises(Unreadable, match="more than 1 questions"):
        read(asked("multichoice"), asked("essay"), limits=Limits(questions=1))
