"""DATABASE_URL becomes Django's settings, or one clear sentence."""

from __future__ import annotations

import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from psycopg_pool import ConnectionPool, PoolTimeout
from psycopg_pool.base import AttemptWithBackoff

from config.database import from_url
from tests.e2e.server import database_url


def test_an_address_is_taken_apart():
    settings = from_url("postgresql://ann:s3cret@db.example.org:6432/exams?sslmode=require")
    wanted = {"HOST": "db.example.org", "PORT": "6432", "USER": "ann", "PASSWORD": "s3cret", "NAME": "exams"}
    assert wanted.items() <= settings.items()
    assert settings["OPTIONS"]["sslmode"] == "require"


def test_signs_in_a_password_and_a_socket_directory_are_decoded():
    settings = from_url("postgres://ann:p%40ss%2Fword@/exams?host=%2Fvar%2Frun%2Fpg")
    assert (settings["PASSWORD"], settings["HOST"], settings["PORT"]) == ("p@ss/word", "/var/run/pg", "")


def test_without_a_pool_connections_are_kept_for_a_minute():
    settings = from_url("postgresql://db/exams")
    assert (settings["CONN_MAX_AGE"], settings["CONN_HEALTH_CHECKS"]) == (60, True)
    assert "pool" not in settings["OPTIONS"]


def test_with_a_pool_it_is_the_pool_that_keeps_them():
    settings = from_url("postgresql://db/exams", pool=8)
    assert settings["CONN_MAX_AGE"] == 0  # Django refuses both together
    assert settings["OPTIONS"]["pool"] == {"min_size": 1, "max_size": 8, "timeout": 10, "reconnect_timeout": 10}


def test_a_pool_serves_as_soon_as_the_database_is_back(db, monkeypatch):
    """After sixteen seconds without one, here a tenth of that: a request must not wait for twice as long."""
    monkeypatch.setattr(AttemptWithBackoff, "INITIAL_DELAY", 0.1)
    options = from_url("postgresql://db/exams", pool=2)["OPTIONS"]["pool"]
    back: list[bool] = []
    there = database_url()
    shortened = {**options, "timeout": options["timeout"] / 10, "reconnect_timeout": options["reconnect_timeout"] / 10}
    with ConnectionPool(lambda: there if back else "host=/nowhere", **shortened) as pool:
        with pytest.raises(PoolTimeout):
            pool.getconn(timeout=0.05)
        time.sleep(1.65)
        back.append(True)
        with pool.connection() as got:
            assert got.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://db/exams", "DATABASE_URL must start with postgresql://; other databases are not supported."),
        ("sqlite:///exams.db", "DATABASE_URL must start with postgresql://; other databases are not supported."),
        ("db/exams", "DATABASE_URL must start with postgresql://; other databases are not supported."),
        ("postgresql://ann@db", "DATABASE_URL names no database."),
        ("postgresql://db:http/exams", "DATABASE_URL has no number for its port, but 'http'."),
        (
            "postgresql://db/exams?colour=red",
            'DATABASE_URL is not a PostgreSQL address: invalid URI query parameter: "colour"',
        ),
        (
            "postgresql://db/exams?host=%zz",
            'DATABASE_URL is not a PostgreSQL address: invalid percent-encoded token: "%zz"',
        ),
    ],
)
def test_what_is_no_postgresql_address_is_refused(url, sentence):
    with pytest.raises(ImproperlyConfigured) as error:
        from_url(url)
    assert str(error.value) == sentence


def test_a_password_is_never_part_of_the_sentence():
    with pytest.raises(ImproperlyConfigured) as error:
        from_url("postgresql://ann:s3cret@[::1/exams")
    assert "IPv6" in str(error.value)
    assert "s3cret" not in str(error.value)
    assert error.value.__cause__ is None
