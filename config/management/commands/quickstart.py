"""manage.py quickstart: everything that the first `make run` needs, and nothing that harms the hundredth."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config import demo
from config.upgrading import refuse_newer
from exams.services import pool
from psychometrics.assembly import Shortage
from questions.models import Exam


class Command(BaseCommand):
    help = "Set up or update the local installation: tables, packs, demo accounts, forms, static files."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="create no demo accounts")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.QUICKSTART:
            raise CommandError(
                "quickstart is for a local installation; SECRET_KEY is set, so this looks like production."
            )
        self._say("Preparing the database")
        refuse_newer()
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        call_command("createcachetable", verbosity=0)
        self._say("Loading the question packs")
        call_command("load_pack", stdout=self.stdout, stderr=self.stderr, skip_checks=True)
        self._fill_pools()
        self._collect_static()
        if not options["no_demo"]:
            passwords = demo.ensure(settings.VAR)
            if name := demo.ensure_cohort(timezone.now()):
                self._say(f"Simulating a cohort to look at: {name}")
            self._say("Demo accounts (this installation only):")
            for email, password in passwords.items():
                self.stdout.write(f"  {email:<24} {password}")

    def _say(self, text: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(text))

    def _fill_pools(self) -> None:
        for exam in Exam.objects.offered():
            if not pool.can_be_assembled(exam):
                self.stdout.write(f"{exam.code}: no questions yet")
                continue
            try:
                made = pool.fill(exam=exam)
            except Shortage as shortage:
                self.stderr.write(f"{exam.code}: no form can be made: {'; '.join(shortage.lines)}")
            else:
                self.stdout.write(f"{exam.code}: {made} new forms" if made else f"{exam.code}: forms are ready")

    def _collect_static(self) -> None:
        """Collect static files unless nothing has changed since the last time."""
        stamp = Path(settings.STATIC_ROOT) / ".stamp"
        now = static_stamp()
        if stamp.exists() and stamp.read_text() == now:
            return
        self._say("Collecting static files")
        call_command("collectstatic", verbosity=0, interactive=False, skip_checks=True)
        stamp.write_text(now)


def static_stamp() -> str:
    """Changes whenever a static file of ours or the set of installed packages does."""
    digest = hashlib.sha256()
    files = [path for folder in settings.STATICFILES_DIRS for path in Path(folder).rglob("*") if path.is_file()]
    for path in sorted([*files, Path(settings.BASE_DIR) / "requirements.txt"]):
        digest.update(f"{path}{path.stat().st_size}".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
