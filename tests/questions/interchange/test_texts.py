"""GIFT and Aiken of other people's making, and the encodings they come in."""

from __future__ import annotations

from contextlib import suppress

import pytest

from questions.interchange.aiken import Aiken
from questions.interchange.exchange import ForeignQuestion, Limits, Parsed, Unreadable
from questions.interchange.formats import sniff
from questions.interchange.gift import Gift
from tests.questions.interchange.material import LIMITS


def gift(text: str) -> Parsed:
    return Gift().read(text.encode(), LIMITS)


def aiken(text: str) -> Parsed:
    return Aiken().read(text.encode(), LIMITS)


def answers(question: ForeignQuestion) -> list[tuple[str, bool]]:
    return [(option.text, option.correct) for option in question.options]


def lost(parsed: Parsed) -> list[tuple[str, str]]:
    return [(loss.what, loss.severity.value) for loss in parsed.losses]


# ---- GIFT ----------------------------------------------------------------------------------------------------------


def test_multiple_choice_with_feedback_and_a_title():
    parsed = gift("// a remark\n::Tea::How is tea made?{\n =hot#It is.\n ~cold # [html]Not <b>so</b>\n ~never\n}\n")
    (question,) = parsed.questions
    assert (question.title, question.stem) == ("Tea", "How is tea made?")
    assert answers(question) == [("hot", True), ("cold", False), ("never", False)]
    assert [option.rationale for option in question.options] == ["It is.", "Not **so**", ""]
    assert parsed.losses == ()


def test_weights_make_several_answers_right():
    (question,) = gift("Which two?{~%50%a ~%50%b ~%-100%c ~d}").questions
    assert question.kind == "multiple_response"
    assert answers(question) == [("a", True), ("b", True), ("c", False), ("d", False)]


def test_part_credit_beside_a_right_answer_is_lost():
    parsed = gift("Which?{=a ~%50%b ~%-10%c}")
    assert answers(parsed.questions[0]) == [("a", True), ("b", False), ("c", False)]
    assert lost(parsed) == [("partial credit", "dropped"), ("points off", "dropped")]


def test_escaped_signs_are_the_signs():
    (question,) = gift("Which is \\{\\}\\:\\#?{=\\=1 \\~ 2\\n3 ~C\\:\\\\n ~a # no \\# is it}").questions
    assert question.stem == "Which is {}:#?"
    assert answers(question) == [("=1 ~ 2\\\n3", True), ("C:\\\\n", False), ("a", False)]
    assert question.options[2].rationale == "no # is it"


@pytest.mark.parametrize("word", ["T", "TRUE", "F", "FALSE"])
def test_true_and_false_with_feedback_for_wrong_and_right(word):
    (question,) = gift(f"It rains.{{{word}#You are wrong.#You are right.####Always.}}").questions
    right = "True" if word.startswith("T") else "False"
    assert {(one.text == right, one.correct, one.rationale) for one in question.options} == {
        (True, True, "You are right."), (False, False, "You are wrong."),
    }  # fmt: skip


def test_matching_with_an_answer_too_many():
    (question,) = gift("Match.{=Sky -> Blue =Grass->Green =[markdown]The *sea* -> Blue = -> Red}").questions
    assert [option.text for option in question.options] == ["Blue", "Green", "Red"]
    assert [(one.text, one.option_index) for one in question.prompts] == [("Sky", 0), ("Grass", 1), ("The *sea*", 0)]


def test_ordering():
    parsed = gift("::Day::Put in order.{>3 ALL VERTICAL ALL_OR_NOTHING\nRise\nWash\nGo\n}")
    (question,) = parsed.questions
    assert [(one.text, one.position) for one in question.options] == [("Rise", 1), ("Wash", 2), ("Go", 3)]
    assert parsed.losses == ()


def test_a_missing_word_becomes_a_gap():
    parsed = gift("Tea is made from {=leaves ~stones} and water.")
    assert parsed.questions[0].stem == "Tea is made from \\_\\_\\_\\_\\_ and water."
    assert lost(parsed) == [("missing word in the sentence", "converted")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Why?{}", "its answer is an essay"),
        ("How many?{#3:0.5}", "its answer is a number that is typed in"),
        ("Who?{=me =I}", "its answer is typed in"),
        ("Who?{=me", "its braces do not match"),
        ("Who {=a ~b} is {=c ~d}?", "it has braces twice"),
        ("Who?{~a}", "it has fewer than two answers"),
        ("Who?{" + "~a" * 101 + "}", "it has more than 100 answers"),
    ],
)
def test_what_cannot_be_asked_here_is_dropped_with_a_reason(text, why):
    parsed = gift(f"{text}\n\nWhat?{{=a ~b}}")
    assert [(loss.what, loss.why) for loss in parsed.losses] == [("the question", why)]
    assert [question.stem for question in parsed.questions] == ["What?"]


def test_categories_tags_and_identifiers():
    parsed = gift(
        "$CATEGORY: $course$/top/TST-01/1.2\n\n// [id:tea-1] [tag:hot] [tag:c\\]d]\nWhat?{=a ~b}\n\nDescribed."
    )
    (question,) = parsed.questions
    assert (question.identifier, question.exam, question.task, question.tags) == (
        "tea-1",
        "TST-01",
        "1.2",
        ("hot", "c]d"),
    )
    assert lost(parsed) == [("description Described.", "dropped")]


def test_a_file_without_questions_is_refused():
    with pytest.raises(Unreadable, match="holds no GIFT questions"):
        gift("// nothing\n\n$CATEGORY: a\n")


# ---- Aiken ---------------------------------------------------------------------------------------------------------


def test_aiken_in_its_variants():
    parsed = aiken(
        "What is 2 * 2?\r\nA) 4\r\nB) 5\r\nANSWER: A\r\n\r\nWhich\nis <b>?\nA. yes\nB. no\nC. both\nAnswer: b, C\n"
    )
    first, second = parsed.questions
    assert (first.stem, answers(first)) == ("What is 2 \\* 2?", [("4", True), ("5", False)])
    assert (second.kind, second.stem) == ("multiple_response", "Which\\\nis \\<b>?")
    assert answers(second) == [("yes", False), ("no", True), ("both", True)]
    assert parsed.losses == ()


def test_what_is_unfinished_in_aiken_is_dropped_with_a_reason():
    parsed = aiken(
        "No key\nA. a\nB. b\n\nOne answer\nA. a\nANSWER: A\n\nBeyond\nA. a\nB. b\nANSWER: C\n\n"
        "Words\nA. a\nB. b\nANSWER: the first one\n\nNo space\nA)a\nB)b\nANSWER: B\n"
    )
    assert [(loss.where, loss.why) for loss in parsed.losses] == [
        ("No key", "it has no line with ANSWER"),
        ("One answer", "it has fewer than two answers"),
        ("Beyond", "its ANSWER names an answer that it does not have: C"),
        ("Words", "its ANSWER is no letter: the first one"),
    ]
    assert [answers(question) for question in parsed.questions] == [[("a", False), ("b", True)]]


# ---- encodings -----------------------------------------------------------------------------------------------------

TEXT = "::Größe::Wie groß – 10 €?{=Müller ~Ærø}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_texts_in_any_encoding(encoding):
    data = TEXT.encode(encoding)
    assert sniff(data, "questions.txt").name == "gift"
    parsed = Gift().read(data, LIMITS)
    assert parsed.questions[0].title == "Größe"
    assert answers(parsed.questions[0]) == [("Müller", True), ("Ærø", False)]
    assert lost(parsed) == ([("character encoding", "converted")] if encoding == "cp1252" else [])


def test_bytes_that_are_no_text_do_no_harm():
    for data in (b"\xff\xfe\x00", b"\xef\xbb\xbf", b"\xff\xfe" + b"\x00\xd8" * 40):
        for format_ in (Gift(), Aiken()):
            with suppress(Unreadable):  # whatever stands there, nothing else is raised
                format_.read(data, LIMITS)
            assert not format_.can_read(data, "file")


def test_control_characters_are_taken_out():
    (question,) = gift("What\x00 is\x07 it?{=a\x0b ~b}").questions
    assert question.stem == "What is it?"
    assert Limits() == LIMITS
