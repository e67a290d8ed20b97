"""The stack without containers runs what docker-compose.yml and the Dockerfile say, and ends only what is its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy import composition
from deploy.asking import answers, free_ports
from deploy.processes import NotWell, Program, alive, children, memory, processor_seconds, started
from deploy.stack import STATE, CannotStart, Stack, down
from tests.environment import ROOT

OURS = ["migrate", "web", "worker", "beat"]


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Not started."""
    return Stack(tmp_path / "stack", variables={"SITTING_GRACE_SECONDS": "7"})


def composed(name: str) -> composition.Part:
    return composition.part(name)


# ---- the same as in containers -----------------------------------------------------------------------------------


def test_every_service_is_started_after_what_it_waits_for():
    order = composition.order(set(composition.services()))
    assert sorted(order) == sorted(composition.services())
    for place, name in enumerate(order):
        assert composed(name).after <= set(order[:place]), name


def test_the_web_server_runs_the_command_of_the_dockerfile(stack):
    said = composition.image_command()
    run = stack.command_of("web-2", composed("web"))
    port = str(stack.web_ports["web-2"])
    assert said[0] == "granian"
    assert [one for one, other in zip(said, run, strict=True) if one != other] == ["0.0.0.0", "8000"]
    assert [other for one, other in zip(said, run, strict=True) if one != other] == ["127.0.0.1", port]


@pytest.mark.parametrize("name", ["migrate", "worker", "beat"])
def test_other_processes_run_the_command_of_compose_in_a_folder_of_their_own(stack, name):
    command = composition.services()[name]["command"]
    here = {"$$": "$", "/tmp": f"{stack.folder}/tmp/{name}", "/srv/published": f"{stack.folder}/published"}
    expected = [re.sub(r"\$\$|/tmp|/srv/published", lambda found: here[found[0]], word) for word in command]
    assert stack.command_of(name, composed(name)) == expected


def test_redis_keeps_its_flags_and_listens_on_loopback(stack):
    command = stack.command_of("redis", composed("redis"))
    said = composition.services()["redis"]["command"]
    here = {"$$": "$", "/run/secrets": f"{stack.folder}/secrets"}
    said = [re.sub(r"\$\$|/run/secrets", lambda found: here[found[0]], word) for word in said]
    assert command[: len(said)] == said
    assert command[len(said) : len(said) + 2] == ["--bind", "127.0.0.1"]


def test_the_database_gets_the_settings_of_compose(stack):
    said = composition.services()["postgres"]["command"]
    options = stack.program("postgres", composed("postgres")).options
    assert options[:-1] == said[1:-1]
    assert options[:2] == ["-c", "max_connections=200"]
    own = f"BACKUPS={stack.postgres.home}/backups sh {stack.postgres.home}/backup.sh "
    assert options[-1].replace(own, "sh /opt/cutscore/backup.sh ") == said[-1]  # the same script in folders here


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_compose_is_handed_over(stack, name):
    service = composition.part(name, variables=stack.variables)
    given = stack.environment_of(name, service)
    named = composition.services()[name]["environment"]
    assert set(named) <= set(given)
    assert given["SITTING_GRACE_SECONDS"] == "7"
    assert given["BEHIND_PROXY"] == "true"
    assert not [value for value in given.values() if value.startswith("/run/")]
    assert not {"SECRET_KEY", "CUTSCORE_QUICKSTART", "DATABASE_URL"} & set(given)  # nothing of who starts it


def test_two_instances_share_nothing_but_database_and_redis(stack):
    first, second = (stack.environment_of(name, composed("web")) for name in stack.web)
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {"HOME", "TMPDIR", "MPLCONFIGDIR", "PROMETHEUS_MULTIPROC_DIR"}


def test_the_proxy_runs_the_caddyfile_of_production(stack):
    said = (ROOT / "deploy" / "Caddyfile").read_text()
    made = stack.caddyfile()
    own, _, rest = said.partition("\t\t\t# Every web instance")
    for line in [*own.splitlines(), *rest.partition("}\n")[2].splitlines()]:
        assert line.replace("/srv/published", f"{stack.folder}/published") in made.splitlines()
    (upstreams,) = re.findall(r"\t\tto (.*)", made)
    assert upstreams.split() == [f"127.0.0.1:{port}" for port in stack.web_ports.values()]


def test_a_caddyfile_that_leads_elsewhere_is_refused(stack, monkeypatch, tmp_path):
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "Caddyfile").write_text("{$SITE_DOMAIN} {\n\treverse_proxy app:80\n}\n")
    monkeypatch.setattr("deploy.stack.ROOT", tmp_path)
    with pytest.raises(CannotStart, match="instances of web"):
        stack.caddyfile()


def test_health_checks_ask_the_instance_itself(stack):
    check = [stack.here("web-1", word) for word in composed("web").check]
    assert f"http://127.0.0.1:{stack.web_ports['web-1']}/readyz" in check[-1]


def test_without_a_program_it_says_which_package_to_install(stack, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(CannotStart, match="Debian's package redis-server"):
        stack.start()
    assert not stack.folder.exists()


def test_ports_are_free_and_differ():
    assert len(set(free_ports(8))) == 8


# ---- processes -----------------------------------------------------------------------------------------------------


@pytest.fixture
def sleeper(tmp_path: Path):
    """A program with a child."""
    script = (
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        " print('up', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    made = Program("sleeper", [sys.executable, "-c", script], dict(os.environ), tmp_path, log,
                   lambda: log.exists() and "up" in log.read_text(), 2.0)  # fmt: skip
    yield made
    made.kill()


def test_a_killed_program_takes_its_children_along(sleeper):
    sleeper.start()
    sleeper.wait(20)
    (child,) = children(sleeper.pid)
    assert memory(sleeper.pid) > 1_000_000
    assert processor_seconds(sleeper.pid) > 0
    sleeper.kill()
    patience = time.monotonic() + 10
    while alive(child) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not alive(child)
    assert not sleeper.running


def test_a_program_can_be_stopped_and_started_again(sleeper):
    sleeper.start()
    sleeper.wait(20)
    first = sleeper.pid
    sleeper.restart(20)
    assert sleeper.running
    assert sleeper.pid != first


def test_a_program_that_ends_at_once_is_named_with_its_last_words(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('no such table')"]
    program = Program("worker", command, dict(os.environ), tmp_path, tmp_path / "log", lambda: False)
    program.start()
    with pytest.raises(NotWell, match=r"worker ended\.\nno such table"):
        program.wait(20)


def test_down_ends_what_was_noted_and_no_stranger_with_the_same_number(tmp_path):
    ours, stranger = (
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) for _ in "12"
    )
    try:
        noted = {"web-1": [ours.pid, started(ours.pid)], "beat": [stranger.pid, "1"]}
        (tmp_path / STATE).write_text(json.dumps({"url": "", "programs": noted}))
        down(tmp_path)
        ours.wait(10)
        assert stranger.poll() is None
        assert not (tmp_path / STATE).exists()
        assert down(tmp_path) == 0
    finally:
        for process in (ours, stranger):
            process.kill()
            process.wait(10)


def test_nobody_answers_where_nobody_listens():
    (port,) = free_ports(1)
    assert not answers(f"http://127.0.0.1:{port}/healthz")
