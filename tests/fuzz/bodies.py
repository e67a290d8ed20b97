"""Bodies of forms that are broken as such, whatever their fields are called."""

from __future__ import annotations

from random import Random

from tests.fuzz import messages

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
CHARSETS = ("utf-16", "no", "utf-7", "idna")


def part(head: bytes, content: bytes = b"1", end: bytes = b"\r\n--x--\r\n") -> bytes:
    return b"--x\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + content + end


def broken(rng: Random) -> tuple[bytes, str]:
    """A body and the type that it is said to be of."""
    return rng.choice((
        lambda: (b"&".join(b"a%d=1" % number for number in range(rng.choice((1_999, 2_001, 5_000)))), FORM),
        lambda: (b"a=" + b"x" * rng.choice((999_990, 1_000_001, 10_000_000)), FORM),
        lambda: (b"\xff\xfe=\xff&%ff=%fe&=&&==%00", f"{FORM}; charset={rng.choice(CHARSETS)}"),
        lambda: (part(b'name="a"', end=b""), PARTS),
        lambda: (b"--x\r\n" + b"A: b\r\n" * 5_000 + b"\r\n1\r\n--x--", PARTS),
        lambda: (part(b"name=a; filename*=utf-99''%ff"), PARTS),
        lambda: (part(b'name="a"\r\nContent-Transfer-Encoding: base64', b"!!!"), PARTS),
        lambda: (part(b'name="file"; filename="../../a\0b\xff"'), PARTS),
        lambda: (b"".join(part(b'name="f%d"; filename="a"' % n, end=b"\r\n") for n in range(150)) + b"--x--", PARTS),
        lambda: (b"x" * 200_000, "multipart/form-data; boundary=\xe9"),
        lambda: (bytes(rng.randrange(256) for _ in range(300)), rng.choice(messages.TYPES)),
        lambda: (b"[" * 100_000, "application/json"),
    ))()  # fmt: skip
