"""The line between one browser and the proxy, as TCP: it can be cut, die silently, be slow or lose packets, and single
requests can be lost, carried out unheard, repeated or overtaken by later ones.

Unlike tests/e2e/proxy.py it keeps connections open, as browsers and proxies do, so that one can be half dead.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field

HOST = "127.0.0.1"
HEAD_LIMIT = 1 << 20
RETRANSMIT = 0.2  # seconds until TCP sends again what was lost, doubled each time
GIVES_UP = 6  # times
ONCE = ("lose_request", "lose_reply", "arrive_late", "repeat")


@dataclass(eq=False)
class Line:
    """One connection through the relay. `dead` names the directions in which nothing is forwarded any more."""

    down: asyncio.StreamWriter
    up: asyncio.StreamWriter
    dead: set[str] = field(default_factory=set)
    used: int = 0  # the place of its last save among all requests
    unheard: bool = False  # the connection breaks when the reply comes


class Relay:
    """Listens on a port of its own and forwards to `port`. Everything runs in the loop that called `start`."""

    def __init__(self, port: int, *, seed: object = 0) -> None:
        self.target, self.random = port, random.Random(str(seed))
        self.port = 0
        self.down = False
        self.latency = 0.0  # seconds for a request and its reply together
        self.loss = 0.0  # share of packets that have to be sent again
        self.once: deque[str] = deque()  # what happens to the next requests about a sitting
        self.asked = 0
        self.done: Counter[str] = Counter()  # faults that took place
        self.lines: set[Line] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def start(self, port: int = 0) -> None:
        self.server = await asyncio.start_server(self._serve, HOST, port, limit=HEAD_LIMIT)
        self.port = int(self.server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self.server.close()
        self.hang_up()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.hang_up()
        await asyncio.sleep(0)

    # ---- faults ------------------------------------------------------------------------------------------------

    def cut(self) -> None:
        """No network: what is open breaks, and nothing new opens."""
        self.down = True
        self.done["network cut"] += 1
        self.hang_up()

    def half_open(self, direction: str, *, alone: bool = False) -> None:
        """The connection that saved last forwards nothing more `up` or `down`, and nobody is told. Others work.

        With `alone` those are closed, so that this is the one used next: browsers keep several, each for its purposes.
        """
        if not self.lines:
            return
        self.done[f"half-open connection, {direction}"] += 1
        last = max(self.lines, key=lambda line: line.used)
        last.dead.add(direction)
        if alone:
            for line in self.lines - {last}:
                line.down.close()

    def slow(self, seconds: float = 2.0) -> None:
        self.latency = seconds
        self.done["latency of 2 s"] += 1

    def lossy(self, share: float = 0.3) -> None:
        self.loss = share
        self.done["30 % loss"] += 1

    def reset(self) -> None:
        """Open connections break; new ones work."""
        if self.lines:
            self.done["connection reset"] += 1
        self.hang_up()

    def mend(self) -> None:
        """Everything works again. What is half dead stays so: nobody has been told."""
        self.down, self.latency, self.loss = False, 0.0, 0.0
        self.once.clear()

    def hang_up(self) -> None:
        for writer in list(self.writers):
            writer.transport.abort()

    # ---- carrying ----------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        self.writers.add(writer)
        back: asyncio.Task[None] | None = None
        up: asyncio.StreamWriter | None = None
        try:
            if self.down or not await self._got_through():
                return
            answers, up = await asyncio.open_connection(HOST, self.target, limit=HEAD_LIMIT)
            self.writers.add(up)
            line = Line(writer, up)
            self.lines.add(line)
            back = asyncio.create_task(self._bring_back(answers, line))
            await self._bring(reader, line)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            if back:
                back.cancel()
            for one in (writer, up):
                if one:
                    self.writers.discard(one)
                    one.close()
            self.lines = {line for line in self.lines if line.down is not writer}

    async def _bring(self, reader: asyncio.StreamReader, line: Line) -> None:
        """Requests, whole, one after the other."""
        while request := await read_request(reader):
            self.asked += 1
            saves = request.startswith(b"POST /sittings/")
            if saves:
                line.used = self.asked
            if not await self._got_through():
                return
            if "up" in line.dead:
                continue
            fault = self.once.popleft() if self.once and saves else ""
            if fault:
                self.done[fault.replace("_", " ")] += 1
            if fault in ("arrive_late", "repeat"):
                self._later(request)
            if fault in ("lose_request", "arrive_late"):
                return
            line.unheard = fault == "lose_reply"
            line.up.write(self._readdressed(request))
            await line.up.drain()

    async def _bring_back(self, answers: asyncio.StreamReader, line: Line) -> None:
        with suppress(OSError):
            while chunk := await answers.read(1 << 16):
                if line.unheard or not await self._got_through():
                    line.down.transport.abort()
                    return
                if "down" not in line.dead:
                    line.down.write(chunk)
                    await line.down.drain()
        if not line.dead:
            line.down.close()

    def _readdressed(self, request: bytes) -> bytes:
        """The request with the proxy's own port where the browser names ours, as on a line without a relay."""
        head, end, body = request.partition(b"\r\n\r\n")
        ours, its = (f"//{HOST}:{port}".encode() for port in (self.port, self.target))
        return head.replace(ours, its).replace(b"Host: " + ours[2:], b"Host: " + its[2:]) + end + body

    async def _got_through(self) -> bool:
        """Wait as long as a packet takes on this line; whether it arrived in the end."""
        await asyncio.sleep(self.latency / 2)
        for attempt in range(GIVES_UP):
            if self.random.random() >= self.loss:
                return True
            await asyncio.sleep(RETRANSMIT * 2**attempt)
        return False

    def _later(self, request: bytes) -> None:
        """Deliver a request again, or after others; nobody hears the reply."""

        async def deliver() -> None:
            await asyncio.sleep(self.random.uniform(0.2, 3.0))
            with suppress(OSError):
                answers, up = await asyncio.open_connection(HOST, self.target)
                up.write(self._readdressed(request))
                with suppress(TimeoutError):
                    await asyncio.wait_for(answers.read(1 << 16), 10)
                up.transport.abort()

        task = asyncio.create_task(deliver())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request with its body; empty when there is none any more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)
