"""Redis and workers of a test's own, and waiting for what they are to bring about."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseServer
from typing import Any, TypeVar

import redis

from config.management.commands.run import die_with_parent
from tests.e2e.server import database_url, free_port
from tests.environment import REDIS, ROOT

Condition = Callable[[], Any]
S = TypeVar("S", bound=BaseServer)


def wait_for(condition: Condition, seconds: float = 60.0) -> Any:
    """What the condition returns as soon as it holds; a Redis that does not answer yet counts as not yet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := condition():
                return found
        except redis.ConnectionError:
            pass
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@contextmanager
def serving(server: S) -> Iterator[S]:
    """A server that answers from a thread of this process."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The address of a Redis server without persistence, gone afterwards."""
    port = free_port()
    command = [str(REDIS), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)
    url = f"redis://127.0.0.1:{port}/0"
    wait_for(lambda: redis.from_url(url).ping())
    yield url
    server.terminate()
    server.wait(10)


class Worker:
    """`celery worker` as docker-compose.yml starts it, with its children in a group that can be killed as one."""

    def __init__(self, redis_url: str, log: Path, app: str = "tests.operations.probe", children: int = 1) -> None:
        self.log = log
        environment = {**os.environ, "REDIS_URL": redis_url, "DATABASE_URL": database_url()}
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", app, "worker", "--concurrency", str(children), "-l", "warning",
                 "--without-gossip", "--without-mingle", "--hostname", f"{free_port()}@%h"],
                cwd=ROOT, env=environment, stdout=file, stderr=file, start_new_session=True,
                preexec_fn=die_with_parent,
            )  # fmt: skip

    def kill(self) -> None:
        """Nobody gets to say goodbye."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
        self.process.wait(10)
