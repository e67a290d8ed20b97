"""Files that mean harm: each is refused in one sentence, or read without what was harmful in it."""

from __future__ import annotations

import io
import zipfile

import pytest

from questions import markdown
from questions.interchange.exchange import Limits, Unreadable
from questions.interchange.formats import ALL, FORMATS, format_named, sniff
from questions.interchange.html import LONGEST, to_markdown
from tests.questions.interchange.material import LIMITS, choice

BOMB = b"""<?xml version="1.0"?><!DOCTYPE quiz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<quiz><question type="multichoice"><name><text>&c;</text></name></question></quiz>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<quiz><question type="multichoice"><questiontext><text>&x;</text></questiontext></question></quiz>"""


def refused(name: str, data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(Unreadable) as error:
        FORMATS[name].read(data, limits)
    said = str(error.value)
    assert said.endswith(".")
    assert "\n" not in said
    assert len(said) < 200
    return said


def workbook(**parts: bytes) -> bytes:
    """A sound workbook in which some parts are others."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(FORMATS["xlsx"].write([choice()]))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            part = member.rpartition("/")[2].partition(".")[0]
            new.writestr(member, parts.get(part, old.read(member)))
    return out.getvalue()


@pytest.mark.parametrize("data", [BOMB, EXTERNAL, BOMB.decode().encode("utf-16")])
def test_entities_are_refused(data):
    if data.startswith(b"\xff\xfe"):
        data = data.replace('version="1.0"'.encode("utf-16-le"), 'version="1.0" encoding="utf-16"'.encode("utf-16-le"))
    assert refused("moodle", data) == "The file declares a document type; that is not needed and not allowed."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_in_a_workbook_are_refused(encoding):
    part = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(encoding)
    said = "The workbook declares entities or a document type; that is not allowed."
    assert refused("xlsx", workbook(styles=part)) == said
    assert refused("xlsx", workbook(sheet1=b" " * 65_530 + part)) == said  # across two pieces of reading


def test_a_workbook_that_unpacks_to_too_much_is_refused():
    bomb = workbook(sheet1=b"<a>" + b" " * 5_000_000)
    assert refused("xlsx", bomb) == "A part of the archive unpacks to more than 100 times its size."
    generous = Limits(archive_ratio=10_000, archive_bytes=1_000_000)
    assert refused("xlsx", bomb, generous) == "The archive unpacks to more than 1,000,000 bytes."
    assert refused("xlsx", workbook(), Limits(archive_entries=3)) == "The archive has more than 3 entries."


def test_broken_workbooks_are_refused():
    whole = workbook()
    for data in (
        b"PK\x03\x04",
        whole[:-200],
        whole[: len(whole) // 2],
        workbook(workbook=b"<a/>"),
        workbook(sheet1=b"<"),
    ):
        assert refused("xlsx", data)


def test_a_sheet_that_claims_a_million_rows_is_read_in_no_time():
    sheet = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
    <dimension ref="A1:XFD1048576"/>
    <sheetData><row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>"""
    assert "does not name the columns" in refused("xlsx", workbook(sheet1=sheet))


@pytest.mark.parametrize("name", FORMATS)
def test_files_beyond_the_limits_are_refused(name):
    question = choice(stem="What should it do first?")
    data = FORMATS[name].write([question])
    said = refused(name, data, Limits(bytes=len(data) - 1))
    assert said == f"The file has {len(data):,} bytes; at most {len(data) - 1:,} are read."
    second = FORMATS[name].write([question, choice(identifier="tst-002", stem="And then?")])
    assert refused(name, second, Limits(questions=1)) == "The file holds more than 1 questions."


@pytest.mark.parametrize("name", FORMATS)
def test_a_text_that_is_too_long_drops_its_question(name):
    data = FORMATS[name].write([choice(stem="word " * 30 + "end"), choice(identifier="tst-002", stem="Short?")])
    parsed = FORMATS[name].read(data, Limits(text=100))
    assert [question.stem for question in parsed.questions] == ["Short?"]
    assert [loss.why for loss in parsed.losses] == ["one of its texts is longer than 100 characters"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   \n",
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"%PDF-1.7",
        b"{\\rtf1}",
        b"<html><p>Hello</p></html>",
        b"Hello.",
    ],
)
def test_files_of_no_format_are_refused(data):
    with pytest.raises(Unreadable) as error:
        sniff(data, "file")
    assert str(error.value).endswith(".")


def test_formats_are_found_by_content_and_by_name():
    for format_ in ALL:
        data = format_.write([choice(stem="What should it do first?")])
        family = format_.name.removesuffix("22")  # one reader for all versions of QTI
        assert sniff(data, "upload").name == sniff(data, "questions.txt").name == family
    assert format_named("gift").label == "GIFT"
    with pytest.raises(Unreadable, match="There is no format word; there are "):
        format_named("word")


@pytest.mark.parametrize(
    "data",
    [
        b"questions: [{id: &a tst-001, kind: *a}]",
        b"questions: " + b"[" * 5_000,
        b"questions: !!python/object/apply:os.system [id]",
        b"questions: 3",
        b"exam: {}\nquestions: []",
        b"a: b: c",
    ],
)
def test_yaml_that_means_harm_is_refused(data):
    assert refused("pack", data).startswith("The file is no pack")


# ---- HTML ----------------------------------------------------------------------------------------------------------

ATTACKS = [
    "<script>alert(1)</script>Hello", '<img src=x onerror="alert(1)">', '<a href="javascript:alert(1)">go</a>',
    '<svg><script>alert(1)</script></svg>', '<iframe src="https://evil.example"></iframe>', "<b onclick=alert(1)>b</b>",
    '<a href="https://a.example/)&lt;script&gt;">x</a>', "&lt;script&gt;alert(1)&lt;/script&gt;", "<style>*{}</style>",
    '<p style="background:url(javascript:1)">x</p>', "<<script>script>alert(1)<</script>/script>",
    "<a href='data:x'>y</a>",
    "![x](javascript:alert(1))", "[x](javascript:alert(1))", "`<script>`<script>alert(1)</script>",
    "<math><mi>x</mi></math>",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_active_survives(attack):
    for where in (f"<p>{attack}</p>", f"<table><tr><td>{attack}</td></tr></table>", f"<ul><li>{attack}</ul>"):
        text, _ = to_markdown(where, "q", "stem")
        shown = markdown.block(text).lower()
        for sign in (
            "<script",
            "<img",
            "<svg",
            "<iframe",
            "<style",
            "onclick=",
            'javascript:alert(1)"',
            'href="data',
            "onerror=",
        ):
            assert sign not in shown.replace("&lt;", "")


def test_a_monstrous_text_is_read_as_text():
    text, losses = to_markdown("<b>x</b> " * (LONGEST // 8), "q", "stem")
    assert "<" not in text
    assert [loss.what for loss in losses] == ["formatting in stem"]
