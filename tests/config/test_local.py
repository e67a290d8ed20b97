"""The local installation: its secret key, and a database server for as long as somebody uses it."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import local


def test_without_a_key_there_is_no_installation_and_looking_makes_none(tmp_path):
    assert local.read_secret(tmp_path / "var") == ""
    assert list(tmp_path.iterdir()) == []


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path):
    local.create_secret(tmp_path / "var")
    key = local.read_secret(tmp_path / "var")
    local.create_secret(tmp_path / "var")
    assert local.read_secret(tmp_path / "var") == key
    assert len(key) > 50
    assert stat.S_IMODE(local.secret_path(tmp_path / "var").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_of_many_who_make_it_at_once_all_read_the_same(tmp_path):
    def create_and_read(_: int) -> str:
        local.create_secret(tmp_path)
        return local.read_secret(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(create_and_read, range(32)))
    assert len(keys) == 1
    assert "" not in keys


def test_the_folder_is_the_environments_choice(monkeypatch):
    monkeypatch.setenv("CUTSCORE_VAR", "/somewhere/else")
    assert local.var() == Path("/somewhere/else")
    monkeypatch.delenv("CUTSCORE_VAR")
    assert local.var() == Path(local.__file__).parent.parent / "var"


# ---- the server is shared --------------------------------------------------------------------------------------


def test_the_last_user_stops_the_server(postgres):
    first, second = local.database_server(postgres), local.database_server(postgres)
    with first:
        with second:
            assert postgres.running()
        assert postgres.running()  # somebody still uses it
    assert not postgres.running()


def test_a_user_who_fails_stops_it_too(postgres):
    with pytest.raises(ZeroDivisionError), local.database_server(postgres):
        raise ZeroDivisionError
    assert not postgres.running()


def test_a_server_that_was_left_running_is_used_and_stopped(postgres):
    postgres.start(durable=False)
    with local.database_server(postgres):
        assert postgres.running()
    assert not postgres.running()


def test_where_there_is_another_database_nothing_is_started():
    with local.database_server(None):
        pass
