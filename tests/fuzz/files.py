"""Files as they are sent by mistake or to do harm: empty, cut short, promising too much, not what they are called."""

from __future__ import annotations

import io
import zipfile
from functools import cache

from openpyxl import Workbook

from questions.interchange.formats import FORMATS
from tests.questions.interchange.material import choice, matching, ordering, response
from tests.questions.pictures import claiming, moving, sent

EVIL = '<?xml version="1.0"?><!DOCTYPE q [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">\n'
BOMB = EVIL + '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><quiz>&c;</quiz>'
ELSEWHERE = '<?xml version="1.0"?><!DOCTYPE q [<!ENTITY a SYSTEM "file:///etc/passwd">]><quiz>&a;</quiz>'
ADDRESSES = "email\nnew@example.org\nother@example.org\n"


@cache
def files() -> dict[str, tuple[str, bytes]]:
    """Name -> content type and content; the sound ones first."""
    some = [choice(), response(), ordering(), matching()]
    found: dict[str, tuple[str, bytes]] = {}
    for name, format_ in sorted(FORMATS.items()):
        found[f"sound-{name}"] = ("application/octet-stream", format_.write(some))
    found["people.csv"] = ("text/csv", ADDRESSES.encode())
    found["lamp.png"] = ("image/png", sent())
    for name, (kind, data) in list(found.items()):
        half = len(data) // 2
        found[f"half-{name}"] = (kind, data[:half])
        found[f"holed-{name}"] = (kind, data[:half] + b"\xff\0\xfe" + data[half + 3 :])
        found[f"nul-{name}"] = (kind, data.replace(b"a", b"\0", 3))
        found[f"wide-{name}"] = (kind, data.decode("latin-1").encode("utf-16"))
        found[f"huge-numbers-{name}"] = (kind, data.replace(b"1", b"9" * 400, 5))
    for name, data in hostile().items():
        found[name] = ("application/octet-stream", data)
    return found


def hostile() -> dict[str, bytes]:
    deep = 20_000
    return {
        "empty.csv": b"",
        "one.csv": b"\0",
        "bom.csv": b"\xef\xbb\xbf",
        "wide.csv": ("a," * 60_000).encode(),
        "quote.csv": b'"' + b"x" * 300_000,
        "cell.csv": b"email\n" + b"y" * 140_000 + b"@example.org\n",
        "many.csv": "".join(f"p{number}@example.org\n" for number in range(6_000)).encode(),
        "nul.csv": b"email\na\0b@example.org\n\xff\xfe@example.org\n",
        "odd.csv": 'email\r"a\rb"\n\x1c\x1d\x85\u2028x@é.example\n"a""b"@example.org;\t,,\n'.encode(),
        "deep.xml": b"<a>" * deep + b"</a>" * deep,
        "bomb.xml": BOMB.encode(),
        "elsewhere.xml": ELSEWHERE.encode(),
        "open.xml": b"<quiz><question type='multichoice'><name>",
        "latin.xml": b'<?xml version="1.0" encoding="no-such"?><quiz/>',
        "wide.xml": '<?xml version="1.0" encoding="utf-16"?><quiz/>'.encode("utf-16-be"),
        "surrogate.xml": b"<quiz><question type='essay'><name><text>&#xD800;&#0;</text></name></question></quiz>",
        "deep.json": b"[" * 200_000,
        "nan.json": b'{"questions": [{"id": NaN, "rating": 1e999, "stem": "\\ud800\\u0000"}]}',
        "gift.txt": b"::a::{" + b"=~" * 5_000,
        "gift2.txt": b"::\\u0000::q {=a#b ~%-99999999999%c ~%nan%d}\n\n$CATEGORY: ../..\n",
        "aiken.txt": b"Q\nA. x\nA. x\nANSWER: Z\n" * 50,
        "empty.zip": zipped({}),
        "bomb.zip": zipped({"imsmanifest.xml": b"\0" * 30_000_000}),
        "climb.zip": zipped({"../../evil.xml": b"<a/>", "/etc/x": b"x", "C:\\x": b"x", "a\\..\\b": b"x"}),
        "lying.zip": lying(),
        "half.zip": zipped({"imsmanifest.xml": b"<manifest/>" * 99})[:-30],
        "manifest.zip": zipped({"imsmanifest.xml": BOMB.encode()}),
        "climb2.zip": zipped({"imsmanifest.xml": b"<manifest><resources><resource href='../x'/></resources>"}),
        "names.zip": zipped({f"\ud7ff{number}": b"" for number in range(3_000)}),
        "sound.xlsx": workbook([["email"], ["new@example.org"]]),
        "odd.xlsx": workbook([["=1+1", 1e300, True, None, "x" * 30_000], [float("inf")], [-1], ["#REF!"]]),
        "hollow.xlsx": zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}),
        "bomb.xlsx": zipped({"[Content_Types].xml": b"<Types/>",
        "xl/worksheets/sheet1.xml": b"<a>" + b" " * 20_000_000}),
        "far.xlsx": far(),
        "vast.png": claiming(60_000, 60_000),
        "vaster.png": claiming(2**31 - 1, 2**31 - 1),
        "flat.png": claiming(0, 0),
        "lying.png": claiming(4_000, 4_000, b"\0" * 100),
        "moving.gif": moving("GIF"),
        "half.jpg": sent(kind="JPEG")[:200],
        "half.webp": sent(kind="WEBP")[:60],
        "picture.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "large.bin": b"\xab" * 3_000_000,
    }  # fmt: skip


def zipped(entries: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return written.getvalue()


def lying() -> bytes:
    """An archive that promises 4 GB in its directory."""
    data = zipped({"imsmanifest.xml": b"<manifest/>"})
    place = data.rindex(b"PK\x01\x02")
    return data[: place + 24] + b"\xff\xff\xff\xfe" + data[place + 28 :]


def workbook(rows: list[list[object]]) -> bytes:
    book, written = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(written)
    return written.getvalue()


def far() -> bytes:
    """A sheet with its one cell in the last row and column."""
    book, written = Workbook(), io.BytesIO()
    book.active.cell(1_048_576, 16_384, "x")  # type: ignore[union-attr]
    book.save(written)
    return written.getvalue()
