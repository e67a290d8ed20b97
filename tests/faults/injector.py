"""Faults of the machines: programs that are killed, stopped, filled up or shut off, one after the other, by a seed.

Whatever ends is started again, as `restart: unless-stopped` does; a fault that lasts is over when its function returns.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from typing import TypeVar

import psycopg
import redis

from config.postgres import PostgresError
from deploy.processes import Database, NotWell, Program, children
from deploy.stack import Stack
from tests.faults.disk import Disk

WELL_SECONDS = 90.0
CHECK_SECONDS = 0.3
TOO_MANY = 220  # connections; more than docker-compose.yml lets the server take
RESTORED = {"maxmemory": "200mb", "maxmemory-policy": "volatile-lru"}

# Whoever starts a program must live as long as it: a program ends with the thread that has started it.
STARTERS = ThreadPoolExecutor(max_workers=16)

T = TypeVar("T")
Fault = Callable[[], Awaitable[None]]


async def apart(act: Callable[..., T], *arguments: object) -> T:
    """Do what takes its time in one of the threads that stay."""
    return await asyncio.get_running_loop().run_in_executor(STARTERS, partial(act, *arguments))


def runs(program: Program | Database) -> bool:
    return program.running


class Injector:
    """Faults of one stack. `done` counts them by kind, `said` notes when each began."""

    def __init__(self, stack: Stack, disk: Disk, *, seed: object) -> None:
        self.stack, self.disk, self.random = stack, disk, random.Random(f"injector {seed}")
        self.done: Counter[str] = Counter()
        self.said: list[str] = []
        self.held: set[str] = set()  # programs that are down on purpose
        self.turn = asyncio.Lock()
        self.began = time.monotonic()

    @property
    def kinds(self) -> dict[str, tuple[int, Fault]]:
        """Every kind by its name, with how often it comes beside the others."""
        return {
            "web process killed": (6, self.web_process),
            "web instance killed": (6, lambda: self.killed(self.random.choice(self.stack.web))),
            "all web instances killed": (2, lambda: self.killed(*self.stack.web)),
            "worker killed": (4, lambda: self.killed("worker")),
            "beat killed": (4, lambda: self.killed("beat")),
            "database restarted": (3, lambda: self.restarted("postgres")),
            "database away for long": (1, lambda: self.away("postgres", 15, 20)),
            "database killed": (4, lambda: self.killed("postgres")),
            "database's backend killed": (3, self.backend),
            "database's connections ended": (3, self.terminated),
            "Redis stopped": (3, lambda: self.away("redis")),
            "Redis killed": (3, lambda: self.killed("redis")),
            "Redis flushed": (4, self.flushed),
            "Redis full, noeviction": (3, lambda: self.full_memory("noeviction")),
            "Redis full, volatile-lru": (2, lambda: self.full_memory("volatile-lru")),
            "proxy restarted": (3, lambda: self.restarted("proxy")),
            "proxy killed": (3, lambda: self.killed("proxy")),
            "deploy, instance after instance": (2, self.deploy),
            "whole stack stopped and started": (1, self.whole_stack),
            "database without connections": (2, self.no_connections),
            "connection pools exhausted": (3, self.locked),
            "disk full": (2, self.disk_full),
        }

    async def run(self, until: Callable[[], bool], pause: tuple[float, float]) -> None:
        """One after the other, by chance, until told to stop."""
        names = list(self.kinds)
        weights = [weight for weight, _ in self.kinds.values()]
        while not until():
            (name,) = self.random.choices(names, weights)
            await self.inject(name)
            await asyncio.sleep(self.random.uniform(*pause))

    async def inject(self, name: str) -> None:
        self.said.append(f"{time.monotonic() - self.began:6.1f} {name}")
        await self.kinds[name][1]()
        self.done[name] += 1

    # ---- keeping things up ---------------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Start again whatever has ended, as the container engine does."""
        while True:
            async with self.turn:
                for name, program in self.stack.programs.items():
                    if name not in self.held and not await apart(runs, program):
                        await self.up(name)
            await asyncio.sleep(CHECK_SECONDS)

    async def up(self, name: str) -> None:
        with suppress(PostgresError, NotWell, psycopg.OperationalError):  # it is tried again
            await apart(self.stack.programs[name].start)

    async def heal(self) -> None:
        """Everything runs and is well. Raises NotWell."""
        self.held.clear()
        await apart(self.disk.free, self.database)
        for name, program in self.stack.programs.items():
            until = time.monotonic() + WELL_SECONDS
            while True:
                async with self.turn:
                    await self.up(name)
                try:
                    await apart(program.wait, WELL_SECONDS)
                    break
                except (NotWell, psycopg.OperationalError):
                    if time.monotonic() > until:
                        raise
        with self.redis() as client:
            await apart(lambda: [client.config_set(*pair) for pair in RESTORED.items()])

    @property
    def database(self) -> Database:
        found = self.stack.programs["postgres"]
        assert isinstance(found, Database)
        return found

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.stack.redis_url, socket_timeout=5)

    # ---- faults ----------------------------------------------------------------------------------------------------

    async def killed(self, *names: str) -> None:
        """SIGKILL to everything that belongs to these programs; a while later they are there again."""
        async with self.turn:
            for name in names:
                with suppress(NotWell):
                    await apart(self.stack.programs[name].kill)
            await asyncio.sleep(self.random.uniform(0, 0.5))

    async def web_process(self) -> None:
        """One of an instance's own processes, not the one that looks after them."""
        async with self.turn:
            found = children(self.stack.programs[self.random.choice(self.stack.web)].pid)
            if found:
                with suppress(ProcessLookupError):
                    os.kill(self.random.choice(found), signal.SIGKILL)

    async def restarted(self, name: str) -> None:
        async with self.turn:
            await apart(self.stack.programs[name].stop)
            await self.up(name)

    async def away(self, name: str, shortest: float = 0.5, longest: float = 4.0) -> None:
        """Stopped, and for some seconds not there."""
        self.held.add(name)
        async with self.turn:
            await apart(self.stack.programs[name].stop)
        await asyncio.sleep(self.random.uniform(shortest, longest))
        async with self.turn:
            await self.up(name)
        self.held.discard(name)

    async def backend(self) -> None:
        """One process of the database, after which the server ends all others and recovers."""
        async with self.turn:
            with suppress(NotWell, ProcessLookupError):
                os.kill(self.random.choice(children(self.database.pid)), signal.SIGKILL)
            await asyncio.sleep(0.5)

    async def terminated(self) -> None:
        await self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    async def ask(self, statement: str) -> None:
        def run() -> None:
            # Any error of the database: a file over its limit is an internal one.
            with suppress(psycopg.Error), psycopg.connect(self.stack.database_url) as connection:
                connection.execute(statement)

        await apart(run)

    async def flushed(self) -> None:
        with suppress(redis.RedisError), self.redis() as client:
            await apart(client.flushall)

    async def full_memory(self, policy: str) -> None:
        """There is no room for anything more; the policy says whether something goes for it."""
        with suppress(redis.RedisError), self.redis() as client:
            await apart(client.config_set, "maxmemory-policy", policy)
            await apart(client.config_set, "maxmemory", "1")
        await asyncio.sleep(self.random.uniform(2, 7))
        with suppress(redis.RedisError), self.redis() as client:
            for pair in RESTORED.items():
                await apart(client.config_set, *pair)

    async def deploy(self) -> None:
        """A new version comes: one web instance after the other, then what works in the background."""
        for name in [*self.stack.web, "worker", "beat"]:
            async with self.turn:
                await apart(self.stack.programs[name].stop)
                await self.up(name)
            with suppress(NotWell):
                if name in self.stack.web:
                    await apart(self.stack.programs[name].wait, 30.0)

    async def whole_stack(self) -> None:
        async with self.turn:
            for program in reversed(self.stack.programs.values()):
                with suppress(NotWell):
                    await apart(program.stop)
            await asyncio.sleep(self.random.uniform(0, 2))
            for name in self.stack.programs:
                await self.up(name)

    async def no_connections(self) -> None:
        """Somebody takes every connection that the database has to give."""

        def take() -> None:
            with ExitStack() as held:
                with suppress(psycopg.Error):
                    for _ in range(TOO_MANY):
                        held.enter_context(psycopg.connect(self.stack.database_url, connect_timeout=2))
                with suppress(psycopg.Error):
                    time.sleep(self.random.uniform(1, 3))

        with suppress(psycopg.Error):
            await apart(take)

    async def locked(self) -> None:
        """Somebody holds every running sitting, so that each request waits with a connection until there is none."""
        seconds = self.random.uniform(2, 6)
        await self.ask(
            f"SELECT id FROM exams_sitting WHERE state <> 'closed' FOR UPDATE; SELECT pg_sleep({seconds:.2f})"
        )

    async def disk_full(self) -> None:
        """No room for the database: what goes on being written is refused, or the server falls over."""
        await apart(self.disk.fill, self.database)
        # Work for the disk, as every file still has some room at its end.
        await self.ask(
            "CREATE TABLE IF NOT EXISTS ballast AS SELECT n, repeat('x', 400) FROM generate_series(1, 200000) AS n"
        )
        await self.ask("SELECT pg_switch_wal()")
        await asyncio.sleep(self.random.uniform(1, 3))
        await apart(self.disk.free, self.database)
        await self.ask("DROP TABLE IF EXISTS ballast")
