"""The line that fails on purpose does what its faults are called."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.relay import Relay, read_request
from tests.load.wire import Connection, Failed

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
APART = ThreadPoolExecutor(max_workers=1)


class Site:
    """A server that notes what it is asked, a relay in front of it, and a connection through that."""

    async def __aenter__(self) -> Site:
        self.asked: list[bytes] = []
        self.server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        self.relay = Relay(self.port)
        await self.relay.start()
        self.connection = Connection(self.relay.url, timeout=0.6)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.shut()
        await self.relay.stop()
        self.server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await read_request(reader):
            self.asked.append(request)
            writer.write(REPLY)
        writer.close()

    async def ask(self) -> str:
        """What comes of a request: a status, or that it failed."""
        try:
            reply = await self.connection.ask("POST", "/sittings/1/changes/", {}, b"{}")
        except Failed:
            return "failed"
        return str(reply.status)


def played(act):
    """Run a test's own coroutine where no browser's loop runs."""

    async def within():
        async with Site() as site:
            return await act(site)

    return APART.submit(lambda: asyncio.run(within())).result()


def test_without_faults_requests_go_through_one_connection():
    async def act(site):
        assert [await site.ask(), await site.ask()] == ["200", "200"]
        assert len(site.asked) == 2
        assert len(site.relay.lines) == 1
        assert f"Host: 127.0.0.1:{site.port}".encode() in site.asked[0]
        assert f"Origin: http://127.0.0.1:{site.port}".encode() in site.asked[0]
        assert not site.relay.done

    played(act)


@pytest.mark.parametrize(("fault", "heard", "asked"), [
    ("lose_request", "failed", 0), ("lose_reply", "failed", 1), ("arrive_late", "failed", 1), ("repeat", "200", 2),
])  # fmt: skip
def test_what_happens_to_one_request(fault, heard, asked):
    async def act(site):
        # A browser sends again once what breaks on a connection that was open already, so this is its first one.
        site.relay.once.append(fault)
        assert await site.ask() == heard
        for _ in range(500):
            if len(site.asked) >= asked:
                break
            await asyncio.sleep(0.01)
        assert len(site.asked) == asked
        assert site.relay.done == {fault.replace("_", " "): 1}
        assert await site.ask() == "200"

    played(act)


@pytest.mark.parametrize(("direction", "asked"), [("up", 1), ("down", 2)])
def test_half_open_says_nothing_and_a_new_connection_works(direction, asked):
    async def act(site):
        assert await site.ask() == "200"
        site.relay.half_open(direction)
        assert await site.ask() == "failed"
        assert len(site.asked) == asked
        assert await site.ask() == "200"

    played(act)


def test_cut_and_mended():
    async def act(site):
        assert await site.ask() == "200"
        site.relay.cut()
        assert await site.ask() == "failed"
        site.relay.mend()
        assert await site.ask() == "200"
        assert len(site.asked) == 2

    played(act)


def test_slow_and_lossy():
    async def act(site):
        loop = asyncio.get_running_loop()
        site.relay.slow(0.3)
        before = loop.time()
        assert await site.ask() == "200"
        assert loop.time() - before >= 0.3
        site.relay.mend()
        site.relay.lossy(1.0)
        assert await site.ask() == "failed"

    played(act)
