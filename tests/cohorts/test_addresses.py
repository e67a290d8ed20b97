"""Reading lists of e-mail addresses: files and pasted text, honest, careless and hostile."""

from __future__ import annotations

import io
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from cohorts import addresses
from cohorts.addresses import Row, read, read_text, written
from questions.interchange.exchange import Unreadable

TABLE = "Name,E-Mail\nAnn Lee,Ann@Example.org\nBjörn Å,bjorn@example.org\n"
PEOPLE = [Row(2, "ann@example.org", "Ann Lee"), Row(3, "bjorn@example.org", "Björn Å")]


def workbook(rows, sheets=1):
    book = Workbook()
    page = book.create_sheet()
    book.remove(book.worksheets[0])
    for row in rows:
        page.append(row)
    for _ in range(sheets - 1):
        book.create_sheet()
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_found(encoding, delimiter):
    assert read(TABLE.replace(",", delimiter).encode(encoding)) == PEOPLE


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_of_any_system_do(ends):
    assert read(TABLE.replace("\n", ends).encode()) == PEOPLE


@pytest.mark.parametrize("head", ["email", "E-mail", "E_MAIL address", "EMAIL", "Mail", "e-mail-adresse", "User email"])
def test_the_column_is_found_by_its_name(head):
    file = f"Teacher;{head};First name;Surname\nx@example.org;ann@example.org;Ann;Lee\n"
    assert read(file.encode()) == [Row(2, "ann@example.org", "Ann Lee")]


def test_without_names_the_first_column_with_addresses_is_taken():
    assert read(b"1;Ann;ann@example.org;z@example.org\n2;Bo;bo@example.org;\n") == [
        Row(1, "ann@example.org"), Row(2, "bo@example.org"),
    ]  # fmt: skip
    assert read(b"Who\nann@example.org\n") == [Row(2, "ann@example.org")]


def test_rows_that_are_no_use_are_named_with_their_number_and_the_reason():
    file = f"email,name\n\nann@example.org,Ann\nfoo@,Foo\n,Nobody\n{'a' * 250}@example.org,Long\nx y@example.org,\n"
    found = read(file.encode())
    assert [(row.number, row.problem) for row in found] == [
        (3, ""),
        (4, "this is not an e-mail address"),
        (5, "it holds no address"),
        (6, "the address has more than 254 characters"),
        (7, "this is not an e-mail address"),
    ]
    assert len(found[3].email) == addresses.SHOWN


@pytest.mark.parametrize(
    ("cell", "email", "name"),
    [
        ("Ann Lee <ANN@example.org>", "ann@example.org", "Ann Lee"),
        ('"Ann Lee" <ann@example.org>', "ann@example.org", "Ann Lee"),
        ("<ann@example.org>", "ann@example.org", ""),
        ("mailto:ann@example.org", "ann@example.org", ""),
        ("\u200b ann@example.org", "", None),
        ("ann@example.org\r\nBcc: x@example.org", "", None),
        ("=HYPERLINK(1)@example.org", "", None),
        ("a@b", "", None),
    ],
)
def test_one_cell(cell, email, name):
    row = addresses.parsed(1, cell)
    assert bool(row.problem) is (name is None)
    if not row.problem:
        assert (row.email, row.name) == (email, name)


def test_a_workbook_is_read_like_a_file():
    data = workbook([["Name", "E-Mail"], ["Ann Lee", "Ann@Example.org"], [None, None], ["Bo", 17]], sheets=2)
    assert read(data) == [Row(2, "ann@example.org", "Ann Lee"), Row(4, "17", "Bo", "this is not an e-mail address")]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "nothing in it"),
        (b"\n \n;;\n", "nothing in it"),
        (b"name\nAnn\n", "No column holds e-mail addresses"),
        (b"email\n", None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "neither CSV nor"),
        (b"PK\x03\x04 broken xl/workbook.xml", "no workbook that can be read"),
        (b'email\n"ann@example.org', "not valid CSV"),
        (b"a@example.org\n" * 50_000, "more than 5,000 rows"),
        (b"x" * 1_000_001, "1,000,001 bytes"),
        (b"email\n" + b"\n".join(b"p%d@example.org" % number for number in range(5_001)), "more than 5,000 rows"),
    ],
)
def test_a_file_that_is_no_use_is_one_sentence(data, sentence):
    if sentence is None:
        assert read(data) == []
        return
    with pytest.raises(Unreadable, match=sentence):
        read(data)


def test_a_workbook_of_50_000_rows_is_one_sentence():
    data = workbook([[f"p{number}@example.org"] for number in range(50_000)])
    began = time.monotonic()
    with pytest.raises(Unreadable, match=r"more than 5,000 rows|bytes"):
        read(data)
    assert time.monotonic() - began < 10


def test_a_workbook_that_unpacks_to_too_much_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a/>" + b" " * 80_000_000)
    with pytest.raises(Unreadable, match="unpacks to more than"):
        read(out.getvalue())


def test_a_workbook_that_declares_entities_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(Unreadable, match="declares entities"):
        read(out.getvalue())


def test_5_000_rows_are_read_within_seconds():
    began = time.monotonic()
    rows = read(b"email\n" + b"\n".join(b"p%d@example.org" % number for number in range(5_000)))
    assert len(rows) == 5_000
    assert time.monotonic() - began < 3


# ---- pasted text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ann@example.org\nbo@example.org", [("ann@example.org", ""), ("bo@example.org", "")]),
        ("ann@example.org, bo@example.org; cy@example.org",
         [("ann@example.org", ""), ("bo@example.org", ""), ("cy@example.org", "")]),
        ("Ann Lee <ann@example.org>; Bo <bo@example.org>", [("ann@example.org", "Ann Lee"), ("bo@example.org", "Bo")]),
        ('"Lee, Ann" <ann@example.org>', [("ann@example.org", "Lee Ann")]),
        ("Ann Lee\tann@example.org", [("ann@example.org", "Ann Lee")]),
        ("Ann Lee ann@example.org", [("ann@example.org", "Ann Lee")]),
        ("ann@example.org bo@example.org, cy@example.org",
         [("ann@example.org", ""), ("bo@example.org", ""), ("cy@example.org", "")]),
        ("Name;Email\nAnn;ann@example.org", [("ann@example.org", "Ann")]),
    ],
)  # fmt: skip
def test_pasted_text_is_taken_as_people_write_it(text, found):
    assert [(row.email, row.name) for row in read_text(text) if not row.problem] == found


def test_a_line_without_an_address_is_named():
    assert [(row.number, row.problem) for row in read_text("ann@example.org\n\nhello there\n")] == [
        (1, ""), (3, "this is not an e-mail address"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["a@example.org\n" * 50_000, "a@example.org," * 6_000])
def test_too_much_text_is_one_sentence(text):
    with pytest.raises(Unreadable, match=r"more than 5,000 rows"):
        read_text(text)


def test_what_the_preview_carries_back_is_read_as_it_was():
    rows = [Row(2, "ann@example.org", 'Ann "A." Lee, PhD'), Row(3, "bo@example.org", "-Bo"), Row(4, "c@example.org")]
    assert [(row.email, row.name) for row in read_text(written(rows))] == [(row.email, row.name) for row in rows]


@given(st.binary(max_size=400) | st.text(max_size=400))
def test_nothing_that_is_brought_breaks_it(brought):
    try:
        rows = read(brought) if isinstance(brought, bytes) else read_text(brought)
    except Unreadable:
        return
    assert all(row.problem or "@" in row.email for row in rows)
