"""The production stack without containers: the same processes with the same settings, directly on this machine.

    python deploy/stack.py                   start everything, print the address, stop at Ctrl-C
    python deploy/stack.py --keep            start everything and leave it running
    python deploy/stack.py --down            stop what --keep has left running; --purge also deletes its data

It is a script and no `manage.py` command because that would read the settings of one process before there are any, and
because it is not part of the image. deploy/README.md says what differs from containers.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config import backups
from config.postgres import EmbeddedPostgres
from deploy.asking import HOST, answers, free_ports, quiet
from deploy.composition import ROOT, Part, collect_command, order, part, services
from deploy.processes import Database, NotWell, Program, alive, started

NEEDED = {"redis-server": "redis-server", "caddy": "caddy"}  # program -> Debian's package
START_SECONDS = 120
PREPARE_SECONDS = 900
ONLY_IN_IMAGES = {"PYTHONDONTWRITEBYTECODE"}  # the image brings its modules compiled
STATE = "stack.json"

Say = Callable[[str], object]


class CannotStart(RuntimeError):
    """The stack cannot be started here; the message is one sentence."""


class Stack:
    """Everything in one folder, on free ports of this machine alone. `programs` holds what runs, by name.

    `web` is how many web instances stand behind the proxy. `variables` stand above .env.example, `environment` above
    what docker-compose.yml hands to our own processes. `static` is a folder of collected files to use. `prepare` may
    name other management commands than those of the service `migrate`, or be False when the database is ready.
    """

    def __init__(
        self,
        folder: Path,
        *,
        web: int = 2,
        variables: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        static: Path | None = None,
        prepare: bool | Sequence[Sequence[str]] = True,
        durable: bool = True,
        outlives: bool = False,
        say: Say = lambda _: None,
    ) -> None:
        self.folder, self.static, self.prepare, self.say = folder.resolve(), static, prepare, say
        self.outlives = outlives
        self.postgres = EmbeddedPostgres(self.folder)
        self.code, self.var = ROOT, self.folder / "var"  # of the release that is started next (deploy/rollout.py)
        self.web = [f"web-{number}" for number in range(1, web + 1)]
        ports = free_ports(3 + web)
        self.port, self.admin_port, self.redis_port = ports[:3]
        self.web_ports = dict(zip(self.web, ports[3:], strict=True))
        cores = os.cpu_count() or 1
        self.variables = {
            "SITE_DOMAIN": HOST,
            "EMAIL_HOST": "",  # mail is written to the logs
            "REQUIRE_STAFF_TWO_FACTOR": "false",  # scripts sign in
            "WEB_WORKERS": str(max(1, cores // web)),  # .env.example: about one for each core, of all instances
            **(variables or {}),
        }
        # The proxy speaks plain HTTP on loopback, and that is what browsers name as origin; there they take no cookie
        # whose name promises TLS.
        self.environment = {"CSRF_TRUSTED_ORIGINS": self.url, "COOKIE_PREFIX": "false", **(environment or {})}
        self.programs: dict[str, Program | Database] = {}
        self.durable = durable

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def published(self) -> tuple[str, str]:
        """The folder of static files that the proxy serves, in containers and here."""
        return "/srv/published", str(self.folder / "published")

    @property
    def redis_url(self) -> str:
        return f"redis://:{(self.folder / 'secrets' / 'redis_password').read_text()}@{HOST}:{self.redis_port}/0"

    @property
    def database_url(self) -> str:
        return self.postgres.url()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ---- life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything in the order of docker-compose.yml, each when what it waits for is well.

        Raises CannotStart, NotWell and PostgresError.
        """
        for program, package in NEEDED.items():
            if shutil.which(program) is None:
                raise CannotStart(f"There is no {program} on this machine; install Debian's package {package}.")
        self._write_files()
        for service in order(set(services())):
            if service == "migrate":
                self._prepare()
                continue
            names = self.web if service == "web" else [service]
            for name in names:
                self.programs[name] = self.program(name, part(service, variables=self.variables))
                self.programs[name].start()
            for name in names:
                self.programs[name].wait(START_SECONDS)
                self.say(f"{name}: well, process {self.programs[name].pid}")
        self.note()

    def stop(self) -> None:
        """End everything that this object started, the last first."""
        for program in reversed(self.programs.values()):
            with suppress(NotWell):
                program.stop()
        (self.folder / STATE).unlink(missing_ok=True)

    def manage(self, *arguments: str, timeout: float = PREPARE_SECONDS) -> str:
        """Run a management command as a web process would; returns what it says. Raises CalledProcessError."""
        done = subprocess.run(
            [sys.executable, "manage.py", *(word.replace(*self.published) for word in arguments)],
            cwd=self.code, env=self.environment_of("web", part("web")),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=timeout,
        )  # fmt: skip
        return done.stdout

    # ---- how docker-compose.yml is carried out here ---------------------------------------------------------------

    def environment_of(self, name: str, service: Part) -> dict[str, str]:
        """The variables of one process: what compose would hand over, and nothing of whoever starts the stack."""
        given = {key: value for key, value in service.environment.items() if key not in ONLY_IN_IMAGES}
        ours = "build" in services()[service.name]
        return {
            # The programs of this environment first, as in the image.
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(self._temporary(name)),
            "HOSTNAME": socket.gethostname(),
            "TMPDIR": str(self._temporary(name)),
            "LANG": "C.UTF-8",
            "CUTSCORE_VAR": str(self.var),
            **{key: self.here(name, value) for key, value in given.items()},
            **(self.environment if ours else {}),
        }

    def here(self, name: str, text: str) -> str:
        """Addresses and folders of containers, as they are on this machine."""
        port = str(self.web_ports.get(name, 0))
        replaced = {
            "/run/secrets": str(self.folder / "secrets"),
            self.published[0]: self.published[1],
            "/tmp": str(self._temporary(name)),
            f"http://{HOST}:8000": f"http://{HOST}:{port}",
        }
        return re.sub("|".join(map(re.escape, replaced)), lambda found: replaced[found[0]], text)

    def command_of(self, name: str, service: Part) -> list[str]:
        """The command of docker-compose.yml or the Dockerfile, listening on loopback at a free port."""
        if service.name == "proxy":
            return ["caddy", "run", "--adapter", "caddyfile", "--config", str(self.folder / "Caddyfile")]
        command = [self.here(name, word) for word in service.command]
        if service.name == "web":
            own = {"0.0.0.0": HOST, "8000": str(self.web_ports[name])}
            command = [own.get(word, word) for word in command]
        if service.name == "redis":
            command += ["--bind", HOST, "--port", str(self.redis_port), "--dir", str(self._temporary(name))]
        return command

    def program(self, name: str, service: Part) -> Program | Database:
        if service.name == "postgres":
            options = [word for word in service.command[1:] if not word.startswith("archive_command=")]
            kept = backups.archiving(self.postgres.home)[-2:]  # archive_command, for the folders here
            return Database(name, self.postgres, [*options[:-1], *kept], durable=self.durable)
        environment = self.environment_of(name, service)
        if service.name == "proxy":
            environment |= {"SITE_DOMAIN": self.url, "XDG_DATA_HOME": environment["HOME"],
                            "XDG_CONFIG_HOME": environment["HOME"]}  # fmt: skip
        return Program(
            name=name,
            command=self.command_of(name, service),
            environment=environment,
            folder=self.code,
            log=self.folder / "logs" / f"{name}.log",
            well=self._check_of(name, service, environment),
            stop_seconds=service.stop_seconds,
            outlives=self.outlives,
        )

    def _check_of(self, name: str, service: Part, environment: Mapping[str, str]) -> Callable[[], bool]:
        """The health check of docker-compose.yml; of the proxy, that it leads to a web instance."""
        if service.name == "proxy":
            return lambda: answers(f"{self.url}/healthz")
        command = [self.here(name, word) for word in service.check]
        if service.name == "redis":
            command += ["-h", HOST, "-p", str(self.redis_port)]
        return lambda: quiet(command, environment)

    def _temporary(self, name: str) -> Path:
        return self.folder / "tmp" / name

    def _prepare(self) -> None:
        if self.prepare is True:
            self.say("migrate: tables, packs, forms")
            self._run_once(part("migrate", variables=self.variables))
        elif self.prepare:
            for arguments in self.prepare:
                self.manage(*arguments)

    def _run_once(self, service: Part) -> None:
        log = self.folder / "logs" / f"{service.name}.log"
        with log.open("ab") as handle:
            done = subprocess.run(
                self.command_of(service.name, service), cwd=self.code, env=self.environment_of(service.name, service),
                stdin=subprocess.DEVNULL, stdout=handle, stderr=handle, check=False, timeout=PREPARE_SECONDS,
            )  # fmt: skip
        if done.returncode:
            raise NotWell(f"{service.name} failed.\n{log.read_text(errors='replace')[-2_000:]}")

    # ---- files -------------------------------------------------------------------------------------------------

    def _write_files(self) -> None:
        for folder in ("", "logs", "secrets", "var", "published/static"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        (self.folder / "secrets").chmod(0o700)
        for name in [*services(), *self.web]:
            self._temporary(name).mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self._temporary(name) / "metrics", ignore_errors=True)  # a container starts from nothing
        keys = {"secret_key": 50, "secret_key_fallbacks": 0, "redis_password": 32, "metrics_token": 32,
                "email_password": 8, "sentry_dsn": 0}  # fmt: skip
        for name, length in keys.items():
            path = self.folder / "secrets" / name
            if not path.exists():
                path.write_text(secrets.token_urlsafe(length))
        (self.folder / "secrets" / "database_url").write_text(self.database_url)
        (self.folder / "secrets" / "redis_url").write_text(self.redis_url)
        (self.folder / "Caddyfile").write_text(self.caddyfile())
        self.collect()

    def caddyfile(self) -> str:
        """deploy/Caddyfile for these ports. TLS is left out, so the application must be told that it was there."""
        upstreams = " ".join(f"{HOST}:{self.web_ports[name]}" for name in self.web)
        told = f"reverse_proxy {{\n\t\tto {upstreams}\n\t\theader_up X-Forwarded-Proto https"
        said = (ROOT / "deploy" / "Caddyfile").read_text().replace(*self.published)
        text, found = re.subn(r"reverse_proxy \{\n(?:\t+#.*\n)*\t+dynamic a \{[^}]*\}", told, said)
        if found != 1:
            raise CannotStart("deploy/Caddyfile no longer leads to the instances of web in one place.")
        ours = f"{{\n\tadmin {HOST}:{self.admin_port}\n\tauto_https off\n"
        whole, found = re.subn(r"^\{\n(?=(?:\t+#.*\n)*\tservers)", ours, text, count=1, flags=re.MULTILINE)
        if found != 1:
            raise CannotStart("deploy/Caddyfile no longer begins with its options.")
        return whole

    def collect(self) -> None:
        """Static files of the release, as the Dockerfile collects them."""
        target = self.var / "static"
        if self.static is not None:
            if not target.exists():
                target.symlink_to(self.static)
            return
        self.say("collecting static files")
        variables, command = collect_command()
        environment = self.environment_of("migrate", part("migrate")) | variables
        subprocess.run(command, cwd=self.code, env=environment, check=True, stdout=subprocess.DEVNULL)

    def note(self) -> None:
        """Write down what runs, for --down: numbers with the time of their start, so that no stranger is hit."""
        programs = {name: [program.pid, started(program.pid)] for name, program in self.programs.items()}
        (self.folder / STATE).write_text(json.dumps({"url": self.url, "programs": programs}, indent=1))


def down(folder: Path) -> int:
    """End what a stack in the folder has left running, by number; returns how many programs that were."""
    try:
        noted = json.loads((folder / STATE).read_text())["programs"]
    except FileNotFoundError:
        return 0
    ended = 0
    for name, (pid, start) in reversed(noted.items()):
        if name == "postgres" or not start or started(pid) != start:
            continue
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        patience = time.monotonic() + part(name.partition("-")[0]).stop_seconds
        while alive(pid) and time.monotonic() < patience:
            time.sleep(0.1)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        ended += 1
    EmbeddedPostgres(folder.resolve()).stop()
    (folder / STATE).unlink()
    return ended + 1


def purge(folder: Path) -> None:
    """Delete a stack's folder and its database, wherever that lies."""
    home = EmbeddedPostgres(folder.resolve()).home
    for path in (home, folder):
        shutil.rmtree(path, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the production stack directly on this machine.")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "stack", help="where everything is kept")
    parser.add_argument("--web", type=int, default=2, help="web instances behind the proxy")
    parser.add_argument("--keep", action="store_true", help="leave it running")
    parser.add_argument("--down", action="store_true", help="stop what --keep has left running")
    parser.add_argument("--purge", action="store_true", help="with --down: delete its data, too")
    options = parser.parse_args()
    if options.down:
        print(f"Ended {down(options.folder)} programs.")
        if options.purge:
            purge(options.folder)
        return 0
    if (options.folder / STATE).exists():
        print(f"A stack runs in {options.folder}, or was cut off there; end it with --down.", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    stack = Stack(options.folder, web=options.web, outlives=options.keep, say=print)
    try:
        stack.start()
        print(f"Ready at {stack.url}; logs in {stack.folder / 'logs'}")
        while not options.keep:
            time.sleep(1)
    except (CannotStart, NotWell) as problem:
        stack.stop()
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    finally:
        if not options.keep:
            stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
