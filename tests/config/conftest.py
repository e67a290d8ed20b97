"""Settings of another environment, a database that is away, and embedded servers that are gone after the test."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from config.postgres import EmbeddedPostgres
from tests.config.sql import ask
from tests.config.variables import variables_read
from tests.environment import ROOT

Make = Callable[[Path], EmbeddedPostgres]


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs the settings file with these variables and none of the tests' own."""

    def run(**variables: str) -> dict[str, Any]:
        for name in variables_read():
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("CUTSCORE_VAR", str(tmp_path))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "config" / "settings.py"))

    return run


@pytest.fixture
def no_database(django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if the database server were away."""
    with django_db_blocker.unblock():
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
        yield
        connection.close()


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes embedded servers that are gone, with all they wrote, after the test."""
    made: list[EmbeddedPostgres] = []

    def in_directory(var: Path) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(var))
        return made[-1]

    yield in_directory
    for postgres in made:
        postgres.stop()
        for directory in (postgres.socket_directory, postgres.home):
            shutil.rmtree(directory, ignore_errors=True)


@dataclass(frozen=True)
class FirstStart:
    """What a first start in a directory that nobody else may enter has made and found."""

    data: Path
    modes_before: dict[Path, tuple[int, int]]
    modes_after: dict[Path, tuple[int, int]]
    socket_mode: int
    version: str
    encoding: str
    collation: str


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstStart]:
    """A first start takes its time, so the tests share one; its data are copied for those that need a server."""
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    before = modes(closed)
    postgres = EmbeddedPostgres(closed / "var")
    postgres.start(durable=False)
    socket = postgres.socket_directory / ".s.PGSQL.5432"
    (version,) = ask(postgres, "SHOW server_version_num")
    (collation, encoding) = ask(
        postgres, "SELECT datlocale, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'postgres'"
    )
    found = FirstStart(
        postgres.data, before, modes(closed), socket.stat().st_mode & 0o777, version, encoding, collation
    )
    postgres.stop()
    yield found
    shutil.rmtree(postgres.home)


def modes(directory: Path) -> dict[Path, tuple[int, int]]:
    """Permissions and owner of a directory and of everything above it."""
    return {path: (path.stat().st_mode, path.stat().st_uid) for path in (directory, *directory.parents)}


@pytest.fixture
def prepare(make: Make, first_start: FirstStart) -> Make:
    """Makes servers that have had their first start."""

    def in_directory(var: Path) -> EmbeddedPostgres:
        postgres = make(var)
        home = postgres.home
        home.mkdir(parents=True)
        subprocess.run(["cp", "-a", first_start.data, home / "data"], check=True)
        if home != postgres.link:
            var.mkdir()
            postgres.link.symlink_to(home)
        return postgres

    return in_directory


@pytest.fixture
def postgres(prepare: Make, tmp_path: Path) -> EmbeddedPostgres:
    return prepare(tmp_path / "var")
