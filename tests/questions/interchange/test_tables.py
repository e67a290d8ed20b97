"""Tables of other people's making, and formulas that stay text."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from questions.interchange.csv import Csv
from questions.interchange.exchange import Parsed, Unreadable
from questions.interchange.xlsx import Xlsx
from tests.questions.interchange.material import LIMITS, choice, option

HEAD = "id;kind;stem;option 1;option 2;option 3;key"


def read(*lines: str, encoding: str = "utf-8") -> Parsed:
    return Csv().read("\r\n".join(lines).encode(encoding), LIMITS)


def book(*rows: list[object], more_sheets: int = 0) -> bytes:
    made = Workbook()
    page = made.active
    assert page is not None
    for row in rows:
        page.append(row)
    for _ in range(more_sheets):
        made.create_sheet()
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_separator_and_encoding(separator, encoding):
    rows = [["Question ID", "Question", "A", "B", "Correct Answer"], ["q-1", "Größer?", "Ja, ja", "Nein", "B"]]
    text = "\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    (question,) = Csv().read(text.encode(encoding), LIMITS).questions
    assert (question.identifier, question.stem, question.kind) == ("q-1", "Größer?", "multiple_choice")
    assert [(one.text, one.correct) for one in question.options] == [("Ja, ja", False), ("Nein", True)]


@pytest.mark.parametrize(
    ("kind", "key", "found"),
    [
        ("", "2", "multiple_choice"), ("", "A C", "multiple_response"), ("", "1,3", "multiple_response"),
        ("Ordering", "3 1 2", "ordering"), ("multiple-response", "ac", "multiple_response"),
        ("single choice", "2.0", "multiple_choice"),
    ],
)  # fmt: skip
def test_kinds_and_keys(kind, key, found):
    (question,) = read(HEAD, f'x-1;{kind};Which?;a;b;c;"{key}"').questions
    assert question.kind == found
    if found == "ordering":
        assert [one.position for one in question.options] == [2, 3, 1]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("x-1;;;a;b;c;1", "it has no stem"),
        ("x-1;;Which?;a;b;c;4", "its key names an option that it does not have: 4"),
        ("x-1;;Which?;a;b;c;first", "its key is neither a number nor a letter: first"),
        ("x-1;;Which?;a;b;c;1 1", "its key names an option twice"),
        ("x-1;essay;Which?;a;b;c;1", "its kind is not known: essay"),
        ("x-1;;Which?;a;;c;1", "its columns option 1, option 2 and so on have a gap"),
        ("x-1;matching;Which?;a;b;c;1", "its key names 1 options for 0 prompts"),
    ],
)
def test_rows_that_make_no_question_are_dropped_with_a_reason(row, why):
    parsed = read(HEAD, row, "x-2;;Which?;a;b;c;1")
    assert [(loss.where, loss.what, loss.why) for loss in parsed.losses] == [("x-1", "the question", why)]
    assert [question.identifier for question in parsed.questions] == ["x-2"]


def test_other_columns_are_named_and_an_explanation_explains_the_key():
    parsed = read(f"{HEAD};Explanation;Colour;rating;facility", "x-1;;Which?;a;b;c;2;Because.;red;0,7;much")
    (question,) = parsed.questions
    assert [one.rationale for one in question.options] == ["", "Because.", ""]
    assert question.rating == Decimal("0.7")
    assert [(loss.what, loss.severity.value) for loss in parsed.losses] == [
        ("column Colour", "dropped"), ("explanation", "converted"), ("facility", "dropped"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a,b", "1,2"], 'The first row does not name the columns: it needs at least "stem" and "key".'),
        (["stem,key,question", "a,1,b"], 'Two columns mean the same: "stem".'),
        (["stem,key"], "The table has no rows below its heading."),
        (['stem,key\n"a'], "The file is not valid CSV: unexpected end of data."),
    ],
)
def test_tables_that_are_of_no_use_are_refused(lines, said):
    with pytest.raises(Unreadable) as refused:
        read(*lines)
    assert str(refused.value) == said


# ---- formulas ------------------------------------------------------------------------------------------------------

STARTS = st.sampled_from(["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "'=x", "''=x", "＝1", "-", "'quoted'"])


@given(st.lists(STARTS, min_size=4, max_size=4, unique=True))
def test_no_cell_of_an_export_begins_like_a_formula(texts):
    question = choice(stem=texts[0], options=tuple(option(text, correct=text == texts[0]) for text in texts))
    data = Csv().write([question])
    for line in data.decode("utf-8-sig").splitlines()[1:]:
        assert not any(cell.startswith(("=", "+", "-", "@", "＝")) for cell in line.split(","))
    (back,) = Csv().read(data, LIMITS).questions
    assert (back.stem, [one.text for one in back.options]) == (texts[0], texts)


def test_a_workbook_holds_texts_and_no_formulas():
    question = choice(stem="=1+1", options=(option("=A1", correct=True), option("+b"), option("@c"), option("-d")))
    data = Xlsx().write([question])
    page = load_workbook(io.BytesIO(data)).worksheets[0]
    assert {cell.data_type for row in page.iter_rows() for cell in row if cell.value is not None} == {"s"}
    assert Xlsx().read(data, LIMITS).questions[0].stem == "=1+1"


def test_a_workbook_of_another_hand():
    parsed = Xlsx().read(
        book(["Stem", "Option 1", "Option 2", "Key"], [], ["Which?", 10, 2.5, 2], ["=1+1", "a", "b", 1], more_sheets=1),
        LIMITS,
    )
    assert [one.text for one in parsed.questions[0].options] == ["10", "2.5"]
    # The formula has never been computed, so it has no value, and the row no stem.
    assert [(loss.where, loss.what) for loss in parsed.losses] == [
        ("", "all sheets but the first"), ("", "formulas"), ("a question without text", "the question"),
    ]  # fmt: skip
