"""Files that would take minutes, or hours, where a pattern tries every way to read them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from questions.interchange.formats import FORMATS
from questions.interchange.html import from_markdown, to_markdown
from tests.questions.interchange.material import LIMITS, choice

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


# ---- HTML and Markdown ---------------------------------------------------------------------------------------------


def test_tags_without_an_end():
    text, _ = to_markdown("<" * 400_000, "q", "stem")
    assert "<" in text
    question = choice(stem="What should it do first?")
    broken = b"<correctfeedback><text>" + b"&lt;" * 400_000 + b"</text></correctfeedback></question>"
    parsed = FORMATS["moodle"].read(FORMATS["moodle"].write([question]).replace(b"</question>", broken), LIMITS)
    assert [loss.what for loss in parsed.losses] == ["feedback for a right answer"]


@pytest.mark.parametrize("piece", ["![", "![a](", "![a]", "![a](b"])
def test_images_without_an_end(piece):
    text, _ = from_markdown(piece * 200_000, "q", "stem")
    assert text == piece * 200_000


def test_images_become_their_words():
    text, losses = from_markdown("One ![a wet coat](coat.png) and ![a hat](x\n![a bag](bag.png).", "q", "stem")
    assert text == "One [image: a wet coat] and ![a hat](x\n[image: a bag]."
    assert [loss.what for loss in losses] == ["an image in stem"]


def test_a_heading_full_of_hashes():
    text, _ = to_markdown(f"<h4>{'#' * 150_000} a</h4>", "q", "stem")
    assert text.endswith("# a")
    assert to_markdown("<h4>C##</h4>", "q", "stem")[0] == "#### C\\##"


def moodle_of(*texts: str, title: str = "t", ids: str = "") -> bytes:
    return "".join([
        "<quiz>",
        *(
            f'<question type="multichoice"><name><text>{title}</text></name>{ids}<questiontext format="html">'
            f"<text><![CDATA[{text}]]></text></questiontext><single>true</single>"
            '<answer fraction="100"><text>a</text></answer><answer fraction="0"><text>b</text></answer></question>'
            for text in texts
        ),
        "</quiz>",
    ]).encode()  # fmt: skip


TOO_LONG = "one of its texts is longer than 20,000 characters"


def test_texts_that_are_too_long_are_not_rendered():
    """Each is one line of the report, without what else could be said of it."""
    parsed = FORMATS["moodle"].read(moodle_of(*["<b style='x'>*w*</b> " * 7_000] * 10), LIMITS)
    assert not parsed.questions
    assert [(loss.what, loss.why) for loss in parsed.losses] == [("the question", TOO_LONG)] * 10


@pytest.mark.parametrize(
    "given",
    [{"title": "long " * 100_000}, {"ids": f"<idnumber>{'9' * 500_000}</idnumber>"}],
    ids=["title", "id"],
)
def test_names_without_measure_are_texts_too(given):
    parsed = FORMATS["moodle"].read(moodle_of("Which?", **given), LIMITS)
    [loss] = parsed.losses
    assert loss.why == TOO_LONG
    assert len(loss.where) <= 60


# ---- CSV -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("long", ["stem", "key", "tags"])
def test_an_endless_cell_costs_its_own_question_only(long):
    cells = {"stem": "Which?", "key": "1", "tags": "sql"} | {long: '"' + "1; " * 200_000 + '"'}
    rows = ["stem,key,tags,option 1,option 2", f"{cells['stem']},{cells['key']},{cells['tags']},a,b", "Who?,1,sql,a,b"]
    parsed = FORMATS["csv"].read("\n".join(rows).encode(), LIMITS)
    assert [question.stem for question in parsed.questions] == ["Who?"]
    assert [loss.why for loss in parsed.losses] == [TOO_LONG]
    assert len(parsed.losses[0].where) <= 60


# ---- GIFT ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{" + "~" * 19_000, "\n" * 19_000 + "z", "{~" * 9_000])
def test_signs_that_end_nothing_are_no_gift(text):
    assert not FORMATS["gift"].can_read(f"x{text}".encode(), "q.txt")


@pytest.mark.parametrize("text", ["Wet?{T}", "Wet?{=yes ~no}", "x\n\n  ::A wet day::Which?{}", " $CATEGORY: x"])
def test_gift_is_known_by_its_signs(text):
    assert FORMATS["gift"].can_read(text.encode(), "q.txt")


@pytest.mark.parametrize("space", [" ", "\t", " \t"])
def test_steps_after_endless_white_space_are_not_read(space):
    parsed = FORMATS["gift"].read(f"::t::Order?{{>{space * 1_000}!}}".encode(), LIMITS)
    assert [loss.why for loss in parsed.losses] == ["its answer is typed in"]


def test_names_without_an_end():
    parsed = FORMATS["gift"].read(f"// {'[id:[tag:' * 40_000}\nWhich?{{=one ~two}}".encode(), LIMITS)
    (question,) = parsed.questions
    assert question.tags == ()


def test_endless_categories():
    parsed = FORMATS["gift"].read(b"$CATEGORY: a\n" * 200_000 + b"Which?{=one ~two}", LIMITS)
    assert [question.tags for question in parsed.questions] == [("a",)]
