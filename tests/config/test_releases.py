"""What releases leave to each other: static files, versions, and what doctor says about the state they are in."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from config import doctor, upgrading
from config.doctor import State
from config.management.commands.publish_static import publish
from config.management.commands.restore import moment
from config.version import VERSION
from tests.environment import ROOT


def collected(folder, **files):
    """Static files as collectstatic leaves them: a manifest, plain names, hashed names, compressed ones."""
    folder.mkdir()
    paths = {}
    for name, mark in files.items():
        paths[f"js/{name}.js"] = hashed = f"js/{name}.{mark}.js"
        for path in (f"js/{name}.js", hashed, f"{hashed}.gz"):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(mark)
    (folder / "staticfiles.json").write_text(json.dumps({"paths": paths}))
    return folder


def names(folder):
    return {path.name for path in folder.rglob("*.js*") if ".releases" not in path.parts}


def test_files_of_the_last_releases_stay_beside_each_other(tmp_path):
    public = tmp_path / "public"
    public.mkdir()
    releases = [collected(tmp_path / mark, main=mark, same="s") for mark in ("a", "b", "c")]
    assert publish(releases[0], public, keep=2) == 4
    assert publish(releases[1], public, keep=2) == 2  # the other two are there
    assert names(public) == {f"{name}.js{form}" for name in ("main.a", "main.b", "same.s") for form in ("", ".gz")}
    assert publish(releases[0], public, keep=2) == 0  # back again
    publish(releases[2], public, keep=2)
    assert names(public) == {f"{name}.js{form}" for name in ("main.a", "main.c", "same.s") for form in ("", ".gz")}


def test_plain_names_are_not_published_for_they_would_be_kept_for_ever(tmp_path):
    public = tmp_path / "public"
    public.mkdir()
    publish(collected(tmp_path / "a", main="a"), public)
    assert "main.js" not in names(public)
    assert {path.stat().st_mode & 0o777 for path in public.rglob("main.*")} == {0o644}


def test_what_cannot_be_published_is_said(tmp_path, settings):
    settings.STATIC_ROOT = tmp_path / "nothing"
    with pytest.raises(CommandError, match=r"Run manage\.py collectstatic first"):
        call_command("publish_static", tmp_path)
    settings.STATIC_ROOT = collected(tmp_path / "a", main="a")
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("publish_static", tmp_path / "away")
    with pytest.raises(CommandError, match="at least 2"):
        call_command("publish_static", tmp_path, keep=1)


# ---- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["--version", "version"])
def test_the_command_line_says_which_cutscore_it_is(word):
    done = subprocess.run([sys.executable, "manage.py", word], cwd=ROOT, env={}, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Cutscore {VERSION}\n", "")


@pytest.mark.django_db
def test_a_database_of_a_newer_release_is_told_apart_from_an_older_one():
    assert upgrading.unknown_migrations() == []
    MigrationRecorder(connection).migration_qs.filter(app="scoring", name="0003_problem_reports").delete()
    upgrading.refuse_newer()  # older: migrate does it
    MigrationRecorder(connection).record_applied("gone", "0001_initial")  # of a package that is no longer used
    assert upgrading.unknown_migrations() == []
    MigrationRecorder(connection).record_applied("exams", "9999_later")
    with pytest.raises(CommandError, match=rf"newer Cutscore than {VERSION} \(it has exams\.9999_later\)"):
        upgrading.refuse_newer()


# ---- doctor ----------------------------------------------------------------------------------------------------------


def said(what):
    return next((finding for finding in doctor.examine() if finding.what == what), None)


@pytest.mark.django_db
def test_doctor_says_the_version_and_that_a_newer_release_was_here():
    assert f"Cutscore {VERSION} on Python 3." in said("version").says
    MigrationRecorder(connection).record_applied("exams", "9999_later")
    assert said("tables").state is State.WARNING
    assert "exams.9999_later" in said("tables").says


@pytest.mark.django_db
def test_doctor_asks_for_backups_in_production_only(settings):
    assert said("backup") is None
    settings.SECURE = True
    assert said("backup").state is State.WARNING
    assert said("backup log").says.startswith("The database does not keep it")
    settings.BACKUP_ELSEWHERE = True
    assert said("backup") is None


@pytest.mark.django_db
@pytest.mark.parametrize(("hours", "state"), [(1, State.FINE), (49, State.FINE), (51, State.WARNING)])
def test_doctor_finds_a_backup_that_is_too_old(settings, hours, state):
    settings.SECURE = True
    made = timezone.now() - dt.timedelta(hours=hours)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('cutscore.last_backup', %s, true)", [f"{made:%Y%m%dT%H%M%SZ}"])
    assert said("backup").state is state
    assert f"{made:%Y-%m-%d %H:%M} UTC" in said("backup").says


# ---- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_only_the_embedded_server_is_backed_up_by_manage_py(settings, name, tmp_path):
    settings.EMBEDDED_POSTGRES = None
    with pytest.raises(CommandError, match=r"docs/backup\.md"):
        call_command(name, **({"to": tmp_path / "x"} if name == "restore" else {}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["yesterday", "2026-11-21T10:42:07", ""])
def test_a_time_to_restore_has_a_zone(text):
    with pytest.raises(Exception, match="no time with a zone"):
        moment(text)
    assert moment("2026-11-21T10:42:07+01:00").utcoffset() == dt.timedelta(hours=1)


@pytest.mark.django_db
def test_a_database_is_not_moved_to_what_is_no_database(tmp_path):
    with pytest.raises(CommandError, match="other databases are not supported"):
        call_command("move_database", to="mysql://somewhere/x")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("move_database", to_file=tmp_path / "away")


def test_a_lock_that_may_be_waited_for_takes_some_time():
    with pytest.raises(CommandError, match="above 0"):
        call_command("migrate", lock_seconds=0)
