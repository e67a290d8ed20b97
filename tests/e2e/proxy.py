"""The network between browser and server, as a thing that can be cut, and that loses, delays, repeats and reorders."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

HOST = "127.0.0.1"
HEAD_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Faults:
    """How likely each fault is for one request that says something about a sitting; the rest goes through."""

    lose_request: float = 0.0  # it never arrives
    lose_reply: float = 0.0  # it is carried out, and the browser does not hear of it
    arrive_late: float = 0.0  # the browser gives it up, and it arrives after others
    repeat: float = 0.0  # it arrives twice
    delay: float = 0.0  # it takes its time
    longest: float = 2.0  # seconds of a delay


class Network:
    """A proxy in a thread of its own. `cut` closes every connection and refuses new ones until `mend`."""

    def __init__(self, server_port: int, *, faults: Faults | None = None, seed: int = 0) -> None:
        self.server_port, self.faults, self.random = server_port, faults or Faults(), random.Random(seed)
        self.down = False
        self.done: Counter[str] = Counter()  # faults, by kind
        self.asked: list[str] = []  # the first line of every request that came this far
        self.delay = 0.0  # seconds that every request takes longer
        self.rate = 0.0  # bytes a second that all replies share; 0 is as fast as it goes
        self.halts: list[bytes] = []  # what a reply rests before, in this order
        self.halt = 0.3  # seconds of such a rest
        self.line = asyncio.Lock()
        self.loop = asyncio.new_event_loop()
        self.writers: set[asyncio.StreamWriter] = set()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.port = self._do(self._listen())

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def cut(self) -> None:
        self.down = True
        self.done["cut"] += 1
        self._do(self._hang_up())

    def mend(self) -> None:
        self.down = False

    def stop(self) -> None:
        self._do(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _listen(self) -> int:
        self.server = await asyncio.start_server(self._serve, HOST, 0, limit=HEAD_LIMIT)
        return int(self.server.sockets[0].getsockname()[1])

    async def _hang_up(self) -> None:
        for writer in list(self.writers):
            writer.transport.abort()

    async def _stop(self) -> None:
        self.server.close()
        await _turns()  # a connection that has just been accepted gets its task
        await self._hang_up()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self._hang_up()
        await _turns()  # transports close

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        self.writers.add(writer)
        try:
            if self.down:
                writer.transport.abort()
                return
            request = await _read_request(reader)
            if request:
                self.asked.append(request.split(b"\r\n", 1)[0].decode("latin-1"))
                reply = await self._carry(request)
                if self.rate:
                    async with self.line:
                        await asyncio.sleep(len(reply) / self.rate)
                for place in self.halts:
                    before, at, reply = reply.partition(place)
                    writer.write(before)
                    await writer.drain()
                    reply = at + reply
                    await asyncio.sleep(self.halt if at else 0)
                writer.write(reply)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            await self._close(writer)

    async def _close(self, writer: asyncio.StreamWriter) -> None:
        writer.close()
        with suppress(OSError):  # cut off by the other side
            await writer.wait_closed()
        self.writers.discard(writer)  # not before: a browser that reads no more would keep it open when all is stopped

    async def _carry(self, request: bytes) -> bytes:
        """Bring a request to the server and its reply back, or fail at that. Raises OSError when it is lost."""
        await asyncio.sleep(self.delay)
        if not request.startswith(b"POST /sittings/"):
            return await self._ask(request)
        faults, chance = self.faults, self.random.random()
        for name in ("lose_request", "lose_reply", "arrive_late", "repeat", "delay"):
            chance -= getattr(faults, name)
            if chance < 0:
                self.done[name] += 1
                return await getattr(self, f"_{name}")(request)  # type: ignore[no-any-return]
        return await self._ask(request)

    async def _lose_request(self, request: bytes) -> bytes:
        raise ConnectionResetError

    async def _lose_reply(self, request: bytes) -> bytes:
        await self._ask(request)
        raise ConnectionResetError

    async def _arrive_late(self, request: bytes) -> bytes:
        self._later(request)
        raise ConnectionResetError

    async def _repeat(self, request: bytes) -> bytes:
        self._later(request)
        return await self._ask(request)

    async def _delay(self, request: bytes) -> bytes:
        await asyncio.sleep(self.random.random() * self.faults.longest)
        return await self._ask(request)

    def _later(self, request: bytes) -> None:
        async def deliver() -> None:
            await asyncio.sleep(self.random.random() * self.faults.longest)
            try:
                await self._ask(request)
            except OSError:
                return  # the server is down: it is lost after all

        task = self.loop.create_task(deliver())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _ask(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(HOST, self.server_port)
        self.writers.add(writer)
        try:
            writer.write(request)
            await writer.drain()
            reply = await reader.read()
        finally:
            await self._close(writer)
        if not reply:
            raise ConnectionResetError
        return reply


async def _turns() -> None:
    """Let the loop go round a few times. Time alone would not do: on a busy machine it passes without a turn."""
    await asyncio.sleep(0.02)
    for _ in range(20):
        await asyncio.sleep(0)


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """One request, whole, that asks both sides to close the connection afterwards; empty when there is none."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    lines = head.decode("latin-1").split("\r\n")[:-2]
    length = 0
    kept = [lines[0]]
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
        if name.lower() not in ("connection", "keep-alive"):
            kept.append(line)
    body = await reader.readexactly(length)
    return "\r\n".join([*kept, "Connection: close", "", ""]).encode("latin-1") + body
