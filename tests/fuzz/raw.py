"""What arrives at a port that is open to everybody: requests that are none, in pieces, too long, or never finished."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

PATIENCE = 10.0  # seconds in which an answer to what is whole must have come
BRIEFLY = 0.1  # seconds to listen to what says no more, or is never answered
HEAD = b"Host: 127.0.0.1\r\n"
LOGIN = b"POST /account/login/ HTTP/1.1\r\n" + HEAD + b"Cookie: csrftoken=" + b"a" * 32 + b"\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
PARTS = b"Content-Type: multipart/form-data; boundary=x\r\n"
ANSWER = b"HTTP/1.1 "


@dataclass(frozen=True)
class Case:
    """Pieces that are sent one after the other. `answers` is how many have to come where the request is sound."""

    name: str
    pieces: Sequence[bytes]
    answers: int = 0
    reset: bool = False  # leave without a goodbye


def get(path: bytes = b"/healthz", more: bytes = b"", version: bytes = b"HTTP/1.1", method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" " + version + b"\r\n" + HEAD + more + b"\r\n"


def chunked(body: bytes) -> bytes:
    return LOGIN + FORM + b"Transfer-Encoding: chunked\r\n\r\n" + body


def sized(length: bytes, body: bytes, kind: bytes = FORM) -> bytes:
    return LOGIN + kind + b"Content-Length: " + length + b"\r\n\r\n" + body


CASES: tuple[Case, ...] = (
    Case("an ordinary request", [get()], 1),
    Case("twenty at once", [get() * 20], 20),
    Case("byte by byte", [bytes([one]) for one in get()], 1),
    Case("a sound chunked body", [chunked(b"3\r\na=1\r\n0\r\n\r\n")], 1),
    Case("an empty body", [sized(b"0", b"")], 1),
    Case("half a multipart body", [sized(b"49", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n",
        PARTS)], 1),
    Case("no such version", [get(version=b"HTTP/9.9")]),
    Case("an old version", [get(version=b"HTTP/1.0")], 1),
    Case("another protocol", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]),
    Case("TLS", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xab" * 500]),
    Case("websocket", [get(b"/", b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: a\r\n")]),
    Case("no host", [b"GET / HTTP/1.1\r\n\r\n"]),
    Case("two hosts", [get(b"/", b"Host: evil.example\r\n")]),
    Case("a NUL in a header", [get(b"/", b"A: a\0b\r\n")]),
    Case("a NUL in a charset", [sized(b"0", b"", b"Content-Type: text/plain; charset=\0\r\n")]),
    Case("a header without a colon", [get(b"/", b"no colon here\r\n")]),
    Case("a folded header", [get(b"/", b"A: b\r\n  c\r\n")]),
    Case("a header with a space", [get(b"/", b"A : b\r\n")]),
    Case("a header in Latin-1", [get(b"/", b"Cookie: sessionid=\xff\xfe\r\nReferer: \xe9\r\n")], 1),
    Case("bare line feeds", [b"GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n"]),
    Case("a header of 1 MB", [get(b"/", b"A: " + b"x" * 1_000_000 + b"\r\n")]),
    Case("10,000 headers", [get(b"/", b"A: b\r\n" * 10_000)]),
    Case("an address of 1 MB", [get(b"/" + b"a" * 1_000_000)]),
    Case("a query of 60 kB", [get(b"/?" + b"a=1&" * 15_000)]),
    Case("a method of 10 kB", [get(method=b"G" * 10_000)]),
    Case("a method in lower case", [get(method=b"get")], 1),
    Case("a whole address", [get(b"http://evil.example/healthz")]),
    Case("no address", [get(b"*", method=b"OPTIONS")]),
    Case("a tunnel", [get(b"example.org:443", method=b"CONNECT")]),
    Case("bytes in an address", [get(b"/\xff\xfe\0 /x")]),
    Case("no UTF-8 in an address", [get(b"/exams/%ff%fe%c0%80/")], 1),
    Case("a NUL in an address", [get(b"/exams/%00/")], 1),
    Case("climbing", [get(b"/static/../../../../etc/passwd"), get(b"/static/%2e%2e/%2e%2e/manage.py")]),
    Case("a chunk of no number", [chunked(b"ZZ\r\na=1\r\n0\r\n\r\n")]),
    Case("a chunk of less than none", [chunked(b"-1\r\na=1\r\n0\r\n\r\n")]),
    Case("a chunk beyond all sizes", [chunked(b"FFFFFFFFFFFFFFFFF\r\na=1\r\n")]),
    Case("a chunk that is longer than it says", [chunked(b"1\r\na=1\r\n0\r\n\r\n")]),
    Case("a chunk that is shorter than it says", [chunked(b"FF\r\na=1\r\n0\r\n\r\n")], reset=True),
    Case("chunks without an end", [chunked(b"3\r\na=1\r\n")], reset=True),
    Case("a chunk's extension of 1 MB", [chunked(b"3;" + b"x" * 1_000_000 + b"\r\na=1\r\n0\r\n\r\n")]),
    Case("two lengths", [LOGIN + FORM + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\na=1"]),
    Case("a length and chunks", [sized(b"30\r\nTransfer-Encoding: chunked", b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n")]),
    Case("another transfer", [LOGIN + FORM + b"Transfer-Encoding: gzip, xchunked\r\n\r\n0\r\n\r\n"]),
    Case("a length below none", [sized(b"-1", b"a=1")]),
    Case("a length of no number", [sized(b"x", b"a=1")]),
    Case("a length beyond all sizes", [sized(b"9" * 30, b"a=1")]),
    Case("a length that never comes", [sized(b"500000", b"a=1")], reset=True),
    Case("10 MB", [sized(b"10000000", b"a=" + b"x" * 9_999_998)]),
    Case("a body in drops", [sized(b"5", b""), b"a", b"=", b"1", b"2", b"3"], 1),
    Case("hardly begun", [b"GE"], reset=True),
    Case("nothing", [b""], reset=True),
    Case("asks first", [sized(b"3\r\nExpect: 100-continue", b"a=1")]),
    Case("expects too much", [get(b"/", b"Expect: a miracle\r\n")]),
)  # fmt: skip


def broken(rng: Random) -> Case:
    """A request with some of its bytes changed, left out or repeated, or no request at all."""
    text = bytearray(b"".join(rng.choice(CASES).pieces)[:20_000])
    for _ in range(rng.choice((1, 1, 3, 20))):
        place = rng.randrange(len(text) + 1)
        act = rng.randrange(4)
        if act == 0:
            text[place : place + rng.choice((1, 4, 100))] = b""
        elif act == 1:
            text[place:place] = text[: rng.randrange(200)]
        else:
            text[place:place] = bytes(rng.randrange(256) for _ in range(rng.choice((1, 2, 40))))
    cut = rng.randrange(len(text) + 1)
    return Case("broken", [bytes(text[:cut]), bytes(text[cut:])], reset=rng.random() < 0.3)


def send(port: int, case: Case) -> bytes:
    """What came back. Raises AssertionError when a sound request was not answered in time."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in case.pieces:
                line.sendall(piece)
            heard = listen(line, case.answers)
        except (ConnectionError, TimeoutError):  # it was shut while we still spoke
            return b""
        if case.reset:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert heard.count(ANSWER) + heard.count(b"HTTP/1.0 ") >= case.answers, (case.name, heard[:500])
    return heard


def listen(line: socket.socket, answers: int) -> bytes:
    heard, until = b"", time.monotonic() + (PATIENCE if answers else BRIEFLY)
    while (left := until - time.monotonic()) > 0 and (not answers or heard.count(ANSWER) < answers):
        line.settimeout(left)
        try:
            piece = line.recv(65_536)
        except TimeoutError:
            break
        if not piece:
            break
        heard += piece
    return heard


def statuses(heard: bytes) -> list[int]:
    """Of every answer in it."""
    return [int(one[:3]) for one in heard.split(ANSWER)[1:] if one[:3].isdigit()]
