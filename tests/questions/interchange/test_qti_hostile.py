"""Files that mean harm: each is refused with one clear sentence, quickly, or is harmless."""

from __future__ import annotations

import contextlib
import io
import random
import re
import stat
import struct
import time
import zipfile
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questions.interchange.exchange import Limits, Parsed, Unreadable
from questions.interchange.qti import QTI3, QTI22
from tests.questions.interchange.qti_material import ASK, CHOICES, LIMITS, archive, dropped, item, only, plain, read

SOUND = QTI3.write([plain("tst-001"), plain("tst-002")])
BOMB = (
    '<!DOCTYPE assessmentItem [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("bcdefghi", "cdefghij", strict=True))
    + "]>"
)


def refusal(data: bytes, limits: Limits = LIMITS) -> str:
    """The one sentence. Fails where it took long."""
    begun = time.monotonic()
    with pytest.raises(Unreadable) as caught:
        read(data, limits)
    assert time.monotonic() - begun < 5
    sentence = str(caught.value)
    assert re.fullmatch(r"[A-Z][^\n]{10,400}\.", sentence), sentence
    return sentence


# ---- archives ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../etc/passwd", "leads out of the archive"),
        ("items/../../x.xml", "leads out of the archive"),
        ("/etc/passwd", "is an absolute path"),
        ("C:/windows/x.xml", "is an absolute path"),
        ("..\\..\\x.xml", "has a backslash"),
        ("a\x1b[2Jb.xml", "cannot be printed"),
        (" ", "cannot be printed"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(name, why):
    shown = name.replace("\x1b", "?")
    assert refusal(archive({"item.xml": item(ASK, "A"), name: "x"})) == (
        f"The archive has an entry whose name {why}: {shown}."
    )


def test_names_that_are_only_strange_are_read():
    assert only(read(archive({"Bildschirmfoto 10\u202f04.png": "x", "ítem .xml": item(ASK, "A")})))


def test_two_entries_of_one_name_are_refused():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as writer:
        writer.writestr("item.xml", item(ASK, "A"))
        with pytest.warns(UserWarning, match="Duplicate name"):
            writer.writestr("item.xml", item(ASK, "B"))
    assert refusal(target.getvalue()) == "The archive has two entries of the same name: item.xml."


@pytest.mark.parametrize("name", ["more.zip", "deep/er.IMSCC", "x.tar.gz", "x.7z"])
def test_archives_in_archives_are_refused(name):
    data = archive({"item.xml": item(ASK, "A"), name: SOUND})
    assert refusal(data) == f"The archive holds another archive, which is not allowed: {name}."


def test_an_archive_under_another_name_is_refused_where_it_is_read():
    assert "another archive" in refusal(archive({"imsmanifest.xml": SOUND}))


def test_links_are_refused():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as writer:
        entry = zipfile.ZipInfo("item.xml")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        writer.writestr(entry, "/etc/passwd")
    assert refusal(target.getvalue()) == "The archive holds a symbolic link, which is not allowed: item.xml."


def test_encrypted_archives_are_refused():
    data = bytearray(archive({"item.xml": item(ASK, "A")}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(data)) == "The archive is encrypted, which cannot be read: item.xml."


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_unusual_compression_is_refused(method):
    assert refusal(archive({"item.xml": item(ASK, "A")}, method)) == (
        "The archive uses a compression that is not read: item.xml."
    )


def test_a_bomb_is_refused_before_it_unpacks():
    data = archive({"item.xml": b"\0" * 50_000_000})
    assert len(data) < 60_000
    assert refusal(data) == "The entry item.xml unpacks to more than 100 times its size."


def test_a_bomb_nobody_reads_is_refused_too():
    assert "more than 100 times its size" in refusal(archive({"item.xml": item(ASK, "A"), "a.bin": b"\0" * 50_000_000}))


def test_many_small_bombs_are_refused():
    tight = replace(LIMITS, archive_bytes=1_000_000)
    files = {f"{number}.xml": item(ASK, "A") + " " * 90_000 for number in range(20)}
    assert refusal(archive(files), tight) == "The archive unpacks to more than 1,000,000 bytes."


def claiming(size: int, packed: int | None = None) -> bytes:
    """An archive whose only item says of itself that it has this size."""
    data = bytearray(archive({"item.xml": item(ASK, "A")}))
    for start, offset in ((data.index(b"PK\x03\x04"), 18), (data.index(b"PK\x01\x02"), 20)):
        if packed is not None:
            struct.pack_into("<I", data, start + offset, packed)
        struct.pack_into("<I", data, start + offset + 4, size)
    return bytes(data)


@pytest.mark.parametrize("packed", [None, 1_000_000_000, 0xFFFFFFFF])
def test_a_claim_of_a_gigabyte_is_refused(packed):
    assert refusal(claiming(1_000_000_000, packed))


def test_a_claim_of_too_little_helps_nobody():
    bomb = archive({"item.xml": b"<a>" + b" " * 50_000_000})
    data = bytearray(bomb)
    for start, offset in ((data.index(b"PK\x03\x04"), 22), (data.index(b"PK\x01\x02"), 24)):
        struct.pack_into("<I", data, start + offset, 100)
    assert refusal(bytes(data))


def test_entries_that_share_their_bytes_are_counted_each_time():
    """One compressed block under many names, as in the densest bombs."""
    content = item(ASK, "A").encode() + b" " * 900_000
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    packed = packed + b"\0" * (len(content) // 90)  # so that the ratio of each entry is allowed
    name_length, count = 8, 300
    local = struct.pack(
        "<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 33, zlib.crc32(content), len(packed), len(content), name_length, 0
    )
    entries = []
    for number in range(count):
        name = f"{number:04}.xml".encode()
        entries.append(
            struct.pack(
                "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 33, zlib.crc32(content), len(packed), len(content),
                name_length, 0, 0, 0, 0, 0, 0,
            ) + name
        )  # fmt: skip
    body, directory = local + b"0000.xml" + packed, b"".join(entries)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), len(body), 0)
    assert refusal(body + directory + end) == "The archive unpacks to more than 200,000,000 bytes."


def test_an_entry_named_again_and_again_is_counted_each_time():
    resource = '<resource identifier="r" type="imsqti_item_xmlv2p2" href="item.xml"/>'
    files = {
        "imsmanifest.xml": f"<manifest><resources>{resource * 50}</resources></manifest>",
        "item.xml": item(ASK, "A") + " " * 50_000,
    }
    tight = replace(LIMITS, archive_bytes=1_000_000)
    assert refusal(archive(files), tight) == "The archive unpacks to more than 1,000,000 bytes."
    assert len(read(archive(files)).questions) == 50


def test_an_entry_beyond_the_limit_of_a_file_is_refused():
    small = replace(LIMITS, bytes=5_000)
    data = archive({"item.xml": item(ASK, "A") + " " * 50_000})
    assert refusal(data, small) == "The entry item.xml unpacks to more than 5,000 bytes."


def test_too_many_entries_are_refused():
    data = archive({f"{number}.txt": "" for number in range(40)})
    assert refusal(data, replace(LIMITS, archive_entries=39)) == "The archive has more than 39 entries."


def test_too_many_questions_are_refused():
    assert refusal(SOUND, replace(LIMITS, questions=1, bytes=LIMITS.bytes)).startswith("The file holds more than")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused(kept):
    assert refusal(SOUND[: int(len(SOUND) * kept)]) == "The file is not a zip archive that can be read."


def test_a_damaged_entry_is_refused():
    data = bytearray(SOUND)
    place = data.index(b"items/tst-002.xml") + 60
    data[place : place + 40] = b"\xff" * 40
    assert refusal(bytes(data)) == "The archive is damaged: items/tst-002.xml cannot be read."


def test_an_archive_of_something_else_is_refused():
    assert refusal(archive({"letter.txt": "Dear all"})) == "The archive holds no QTI items."
    assert not QTI3.can_read(archive({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<w/>"}), "sheet.xlsx")


def test_a_file_beyond_the_limit_is_not_even_opened():
    small = replace(LIMITS, bytes=1_000)
    assert refusal(SOUND, small) == f"The file has {len(SOUND):,} bytes; at most 1,000 are read."
    assert refusal(item(ASK + " " * 1_000, "A").encode(), small).endswith("bytes; at most 1,000 are read.")


# ---- documents -----------------------------------------------------------------------------------------------------

DECLARING = "The file declares a document type; that is not needed and not allowed."
EXTERNAL = '<!DOCTYPE assessmentItem [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE assessmentItem [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]>'


@pytest.mark.parametrize("declared", [BOMB, EXTERNAL, PARAMETER], ids=["bomb", "external", "parameter"])
@pytest.mark.parametrize("place", ["text", "attribute", "nowhere"])
def test_entities_are_refused(declared, place):
    name = "j" if declared == BOMB else "x"
    body = ASK.replace("Which", f"&{name};") if place == "text" else ASK
    data = declared + item(body, "A", title=f"&{name};" if place == "attribute" and declared == BOMB else "")
    refusal(data.encode())


@pytest.mark.parametrize("declared", [BOMB, EXTERNAL, PARAMETER], ids=["bomb", "external", "parameter"])
def test_entities_in_a_package_drop_their_item(declared):
    loss = dropped_in_package(declared + item(ASK.replace("Which", "&x;" if declared == EXTERNAL else "Which"), "A"))
    assert loss.endswith("that is not needed and not allowed")


def dropped_in_package(document: str) -> str:
    parsed = read(archive({"item.xml": document, "sound.xml": item(ASK, "A", identifier="sound")}))
    assert only(parsed).identifier == "sound"
    (loss,) = (found for found in parsed.losses if found.where)
    return loss.why


def test_a_document_type_that_is_only_named_does_no_harm():
    for declared in (
        "<!DOCTYPE assessmentItem>",
        '<!DOCTYPE assessmentItem SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE assessmentItem PUBLIC "-//X//Y" "http://127.0.0.1:9/x.dtd">',
    ):
        assert only(read(declared + item(ASK, "A"))).stem == "Which?"
    assert refusal((EXTERNAL.replace("[", ' SYSTEM "a" [', 1) + item(ASK, "A")).encode()) == DECLARING


def test_xinclude_reads_no_file():
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    assert only(read(item(include + ASK, "A"))).stem == "Which?"


def test_deep_trees_are_refused():
    assert "not well-formed" in refusal(item("<div>" * 5_000 + "</div>" * 5_000, "A").encode())


def test_trees_of_millions_are_refused():
    assert refusal(item("<b/>" * 3_100_000, "A").encode()) == "The file holds more than 3,000,000 tags."
    assert refusal(item("<b/>" * 30_000, "A").encode()) == "The file has more than 20,000 tags."
    hidden = f"<!-- questestinterop -->{item('<b/>' * 30_000, 'A')}"
    assert dropped(read(hidden)).why == "it has more than 20,000 tags"
    classic = f'<questestinterop><item ident="x">{"<b/>" * 30_000}</item></questestinterop>'
    assert dropped(read(classic)).why == "it has more than 20,000 tags"


@pytest.mark.parametrize(
    "body",
    [
        f'<choiceInteraction responseIdentifier="RESPONSE">{CHOICES * 2_000}</choiceInteraction>',
        CHOICES * 2_000,
        '<endAttemptInteraction responseIdentifier="X"/>' * 15_000 + ASK,
        ASK + "".join(f'<feedbackBlock identifier="f{n}">x</feedbackBlock>' for n in range(9_000)),
        "".join(f"<tag{n}>x</tag{n}>" for n in range(9_000)) + ASK,
    ],
    ids=["answers", "loose answers", "buttons", "feedbacks", "unknown tags"],
)  # fmt: skip
def test_crowds_do_not_take_long(body):
    begun = time.monotonic()
    parsed = read(item(body, "A"))
    assert time.monotonic() - begun < 10
    assert len(parsed.questions) + len([loss for loss in parsed.losses if loss.what == "the question"]) == 1


def test_a_name_that_thousands_want_does_not_take_long():
    begun = time.monotonic()
    parsed = read(f"<questestinterop>{'<item/>' * 9_999}</questestinterop>")
    assert len({loss.where for loss in parsed.losses}) == 9_999
    assert time.monotonic() - begun < 5


def test_long_identifiers_are_cut():
    assert len(only(read(item(ASK, "A", identifier="i" * 100_000))).identifier) == 200


@pytest.mark.parametrize(
    "data",
    [
        b"<assessmentItem", b"<assessmentItem/>\0", b"\xff\xfe<\0assessmentItem", b"<questestinterop/>",
        b"<manifest/>", b"<assessmentTest/>", b"<html/>", b"", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"\0" * 1_000,
    ],
)  # fmt: skip
def test_other_files_get_one_sentence(data):
    refusal(data)


def test_script_that_is_escaped_stays_text():
    loss = dropped(read(item("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", "A")))
    assert loss.why == "it asks nothing"


# ---- anything at all -----------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 30), inside=st.booleans())
def test_damage_anywhere_is_refused_or_harmless(seed, count, inside):
    """Bytes of a package, or of the documents inside it, changed by chance."""
    chance = random.Random(seed)

    def damaged(data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(count):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        return bytes(changed)

    if inside:
        with zipfile.ZipFile(io.BytesIO(SOUND)) as reader:
            data = archive({name: damaged(reader.read(name)) for name in reader.namelist()})
    else:
        data = damaged(SOUND)
    for qti in (QTI3, QTI22):
        with contextlib.suppress(Unreadable):
            assert isinstance(qti.read(data, LIMITS), Parsed)
