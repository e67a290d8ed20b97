"""What people and programs put where something else was meant."""

from __future__ import annotations

from random import Random
from typing import Any

NUMBERS = (
    "0", "-0", "-1", "1", "2", "7", "32767", "32768", "2147483647", "2147483648", "-2147483649",
    "9223372036854775807",
    "9223372036854775808", "1" + "0" * 30, "9" * 400, "9" * 5_000, "1e5", "1e400", "-1e400", "1E+999999", "0.1",
    "33.333333333",
    "0." + "3" * 60, "NaN", "-NaN", "sNaN", "Infinity", "-inf", "٣", "²", "½", "๓", "1_000", "1,000", " 1 ", "0x10",
    "--1", "+1", "1\0",
)  # fmt: skip
TIMES = (
    "0001-01-01", "9999-12-31", "9999-12-31T23:59", "0001-01-01T00:00", "2026-02-30", "2026-13-01", "10000-01-01",
    "2026-03-29T02:30", "2026-11-01 01:30", "1969-12-31 23:59:60", "24:00", "23:59:59.9999999", "now",
    "2026-11-21T10:00Z",
    "2026-11-21T10:00+99:99", "٢٠٢٦-01-01", "-2026-01-01",
)  # fmt: skip
TEXTS = (
    "", " ", "\t\n", "\0", "a\0b", "\ud800", "x\udfffy", "\x7f\x80\x9f", "\ufeff", "\u202e abc", "\u200b", "é", "é",
    "İı", "ß" * 40,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "Z" + "͑" * 500, "a" * 200, "a" * 5_000, "é" * 70_000,
    "\U00010ffff",
    "<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "{{ 7*7 }}{% debug %}",
    "{% include '/etc/passwd' %}",
    "' OR 1=1 --", "'; SELECT pg_sleep(9); --", "%s %d %(a)s %n %", "\\", "\\x00", "../../../../etc/passwd", "=1+1",
    "@SUM(A1)",
    "http://[::1", "//evil.example", "javascript:alert(1)", "https://e\0.example", "data:text/html,x", "mailto:a@b",
    "a@b",
    "a@" + "b" * 300 + ".example", "\"a b\"@example.org", "a@xn--.example", "a\r\nBcc: b@example.org",
    "é@éxample.org", "a@[127.0.0.1]",
    "# " * 400, "> " * 3_000, "*" * 3_000, "[" * 3_000, "![](" * 800, "`" * 999, "- " * 999 + "x", "|a" * 900,
    "<" * 4_000, "&" * 3_000,
    "&#0;", "&#xd800;", "&nosuch;", "\\(" * 300, "$$" * 300, "(" * 500, "a:b c:d -e \"", "AND OR NOT ((", "\"",
    "null", "None", "true",
    "on", "[]", "{}", "[object Object]", "1", "__class__", "UTC", "Mars/Phobos", "../etc/localtime",
    "Europe/Berlin\0", "en", "x" * 256,
)  # fmt: skip
NAMES = (
    "page", "q", "sort", "next", "o", "p", "all", "e", "act", "forms", "kind", "task", "domain", "show", "by",
    "from", "until",
    "exam", "form", "id", "pk", "value", "csrfmiddlewaretoken", "__proto__", "password", "is_superuser", "is_staff",
    "user",
    "reauthentication", "_popup", "_to_field", "_changelist_filters", "tab", "seat", "filter", "group", "state",
    "digest",
    "form-TOTAL_FORMS", "form-INITIAL_FORMS", "action", "_selected_action", "index", "select_across", "email",
    "code", "\0", "\ud800", "é",
    "_method", "since", "assignment", "status", "text", "version", "number", "option", "judges", "revisions",
    "question", "questions",
)  # fmt: skip


def text(rng: Random) -> str:
    chance = rng.random()
    if chance < 0.55:
        return rng.choice(TEXTS)
    if chance < 0.75:
        return rng.choice(NUMBERS)
    if chance < 0.85:
        return rng.choice(TIMES)
    return "".join(
        chr(rng.choice((rng.randrange(128), rng.randrange(0x3000), rng.randrange(0x110000))))
        for _ in range(rng.randrange(40))
    )


def field(rng: Random, kind: str, choices: tuple[str, ...] = ()) -> str:
    """Something odd for a field of this kind, most often near what it expects."""
    if choices and rng.random() < 0.5:
        return rng.choice(choices)
    near = {
        "number": NUMBERS,
        "date": TIMES,
        "datetime-local": TIMES,
        "time": TIMES,
        "hidden": NUMBERS,
        "select": NUMBERS,
    }
    if kind in near and rng.random() < 0.6:
        return rng.choice(near[kind])
    return text(rng)


def plausible(rng: Random, name: str, kind: str) -> str:
    """What an ordinary person might put into an empty field, so that the request gets past the first check."""
    if "email" in name or kind == "email":
        return rng.choice(("new@example.org", "person1@example.com"))
    if "password" in name:
        return rng.choice(("correct horse battery staple", "another fine passphrase"))
    if kind in ("number",) or any(part in name for part in ("minutes", "count", "number", "limit", "version")):
        return str(rng.choice((0, 1, 2, 5, 10, 60)))
    if kind == "date" or name.endswith("_0"):
        return rng.choice(("2026-12-01", "2027-01-31"))
    if kind == "datetime-local" or "_at" in name or "until" in name or name.endswith("_by"):
        return rng.choice(("2026-12-01T10:00", "2027-01-31T12:30"))
    return rng.choice(("A sentence that is long enough to be a reason.", "Autumn", "1", "on", "a, b"))


def raw(rng: Random) -> bytes:
    """Bytes that are no text in UTF-8."""
    return rng.choice(
        (
            b"\xff\xfe",
            b"\xc0\x80",
            b"\xed\xa0\x80",
            b"\xf8\x88\x80\x80\x80",
            b"\x80",
            b"%",
            b"%zz",
            b"%u0041",
            b"\0",
            b"\xe2\x82",
        )
    )


def json_value(rng: Random) -> Any:
    return rng.choice((
        None, True, False, 0, -1, 1, 2, 66, 1001, 2**31 - 1, 2**31, 2**53, 2**63, -(2**63), 2**64, 10**30, 0.5, -0.0,
            1e308, float("nan"),
        float("inf"), -float("inf"), "", "a", "A", "a" * 9, "1", "\0", "\ud800", "é" * 3_000, "a" * 3_000, [], {},
            [[]], [None], [1, 0],
        [0, 1, 1, 2], [10**30, 10**31], {"a": 1}, ["a"] * 11, [[1, 1]] * 21, [0.1], {"": None}, [[[[]]]],
            "x" * 70_000,
    ))  # fmt: skip
