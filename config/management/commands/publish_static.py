"""manage.py publish_static: this release's static files beside those of the releases before it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

KEPT = 5  # releases
LISTS = ".releases"  # hidden, so that the proxy does not serve it


class Command(BaseCommand):
    help = (
        "Copy the collected static files to FOLDER, which the proxy serves, and leave there what earlier releases "
        "named differently: pages that were opened under them go on asking for it. Repeating it changes nothing."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--keep", type=int, default=KEPT, help=f"of how many releases (default {KEPT})")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keep"] < 2:
            raise CommandError("--keep must be at least 2: this release and the one before.")
        root, folder = Path(settings.STATIC_ROOT), options["folder"]
        if not (root / "staticfiles.json").is_file():
            raise CommandError(f"There are no static files in {root}. Run manage.py collectstatic first.")
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        new = publish(root, folder, keep=options["keep"])
        self.stdout.write(f"{new} new files in {folder}.")


def publish(root: Path, folder: Path, *, keep: int = KEPT) -> int:
    """Copy files whose names carry their content's hash, note them as a release's, and delete what none of the last
    `keep` releases has; returns how many files were new."""
    names = sorted(hashed(root))
    new = [name for name in names if not (folder / name).exists()]
    for name in new:
        put(root / name, folder / name)
    lists = folder / LISTS
    lists.mkdir(exist_ok=True)
    said = json.dumps(names)
    path = lists / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.json"
    path.write_text(said)
    now = time.time_ns()
    os.utime(path, ns=(now, now))
    releases = sorted(lists.glob("*.json"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
    wanted = {name for one in releases[:keep] for name in json.loads(one.read_text())}
    for one in releases[keep:]:
        for name in set(json.loads(one.read_text())) - wanted:
            (folder / name).unlink(missing_ok=True)
        one.unlink()
    return len(new)


def hashed(root: Path) -> set[str]:
    """What the manifest names, with the compressed forms beside it."""
    manifest = json.loads((root / "staticfiles.json").read_text())["paths"].values()
    return {name + form for name in manifest for form in ("", ".gz", ".br") if (root / (name + form)).is_file()}


def put(source: Path, target: Path) -> None:
    """Copy so that whoever finds the file finds the whole file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=target.parent, prefix=".")
    os.close(descriptor)
    shutil.copyfile(source, unfinished)
    Path(unfinished).chmod(0o644)
    Path(unfinished).replace(target)
