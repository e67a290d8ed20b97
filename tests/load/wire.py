"""One HTTP/1.1 connection that stays open, as a browser keeps one. It goes to loopback and nowhere else."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 10.0  # seconds; the page waits as long
LARGEST_LINE = 1 << 16


class NotLoopback(ValueError):
    """Load may be put on this machine only."""


class Failed(OSError):
    """No usable answer came: the connection broke, or it took too long."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


def loopback(url: str) -> tuple[str, int]:
    """Host and port of an address on this machine. Raises NotLoopback for every other one, names included."""
    parts = urlsplit(url)
    try:
        here = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        here = False
    if parts.scheme != "http" or not here or not parts.port:
        raise NotLoopback(f"Load goes to http://127.0.0.1:PORT only, not to {url}.")
    return str(parts.hostname), parts.port


class Connection:
    """Requests one after the other. A connection that the other side has closed while idle is opened again."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self.host, self.port = loopback(url)
        self.origin, self.timeout = f"http://{self.host}:{self.port}", timeout
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None
        self.turn = asyncio.Lock()

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Raises Failed."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if method != "GET":
            lines += [f"Origin: {self.origin}", f"Content-Length: {len(body)}"]
        request = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        async with self.turn:
            start = time.perf_counter()
            fresh = self.writer is None
            try:
                try:
                    status, answered, content = await self._carry(request)
                except (ConnectionError, asyncio.IncompleteReadError):
                    if fresh:
                        raise
                    self.close()  # it was closed while nobody used it, as browsers find out, too
                    status, answered, content = await self._carry(request)
            except (OSError, EOFError, ValueError, TimeoutError) as problem:
                self.close()
                raise Failed(f"{method} {path}: {type(problem).__name__}") from problem
            if answered.get("connection") == "close":
                self.close()
            return Reply(status, answered, content, time.perf_counter() - start)

    async def _carry(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(self.timeout):  # `wait_for` may lose the cancellation of a page that is to stop
            return await self._exchange(request)

    async def _exchange(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=LARGEST_LINE)
        reader, writer = self.reader, self.writer
        assert reader is not None
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in rest:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            headers[name] = f"{headers[name]}\n{value.strip()}" if name in headers else value.strip()
        status = int(first.split(" ", 2)[1])
        if headers.get("transfer-encoding") == "chunked":
            content = b""
            while size := int((await reader.readline()).split(b";")[0], 16):
                content += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        else:
            content = await reader.readexactly(int(headers.get("content-length", "0")))
        return status, headers, content

    async def shut(self) -> None:
        """Close it and wait until it is."""
        writer = self.writer
        self.close()
        if writer is not None:
            with suppress(OSError):  # cut off by the other side
                await writer.wait_closed()

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None
