"""manage.py run: the local installation in one command. Owns what it starts: database, web server, due work."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

STOP_SECONDS = 10
START_SECONDS = 30


class Command(BaseCommand):
    help = "Set up the local installation and serve it until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if not 1 <= port <= 65535:
            raise CommandError(f"There is no port {port}.")
        if not free(host, port):
            other = port + 10 if port < 65_000 else 8010
            raise CommandError(f"Port {port} is in use; try another one, such as `make run PORT={other}`.")
        # A signal ends the loop below in the ordinary way, so that everything is stopped in order.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        call_command("quickstart", stdout=self.stdout, stderr=self.stderr)
        connections.close_all()
        share_figures(settings.VAR / "metrics")
        os.environ.setdefault("SITE_URL", f"http://{host}:{port}")  # for links in mails, which tick sends
        children = [
            start(*server_command(host=host, port=port, workers=options["workers"])),
            start(sys.executable, "manage.py", "tick"),
        ]
        try:
            wait_until_up(f"http://{host}:{port}/readyz", children)
            self.stdout.write(self.style.SUCCESS(f"\nCutscore is ready at http://{host}:{port}  (Ctrl-C stops it)"))
            self.stdout.flush()
            while all(child.poll() is None for child in children):
                time.sleep(0.5)
            raise CommandError("A server process ended; stopping everything.")
        except KeyboardInterrupt:
            self.stdout.write("\nStopping …")
        finally:
            stop(children)


def share_figures(folder: Path) -> None:
    """Let the web processes count together, from nothing: files of processes that are gone would be added up."""
    shutil.rmtree(folder, ignore_errors=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def server_command(*, host: str, port: int, workers: int) -> list[str]:
    """The web server as the local installation and the browser tests run it."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(workers), "--blocking-threads", "4", "--no-ws", "--http", "1",
        "--workers-kill-timeout", "5", "--respawn-failed-workers", "--log-level", "warning",
        "config.wsgi:application",
    ]  # fmt: skip


def start(*command: str) -> subprocess.Popen[bytes]:
    """Start a child that ends with us, even when we are killed."""
    return subprocess.Popen(command, preexec_fn=die_with_parent, start_new_session=True)


def die_with_parent() -> None:
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGTERM)


def stop(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask every child to end, wait, and end what does not."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)


def wait_until_up(url: str, children: list[subprocess.Popen[bytes]]) -> None:
    """Return when the server answers. Raises CommandError when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if any(child.poll() is not None for child in children):
            raise CommandError("The server did not start; its message is above.")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise CommandError(f"The server did not answer within {START_SECONDS} seconds.")


def free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
