"""manage.py lint_pack: everything that a program can judge about questions."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from questions.pack.lint import Figures, lint
from questions.pack.reader import PackErrors, read_pack

SHOWN = 50


class Command(BaseCommand):
    help = (
        "Judge packs beyond their form: flaws of single questions, cues that give keys away, near-duplicates, coverage "
        "of the outline, spread of the ratings. Packs that share questions are judged together. Changes nothing."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folders", nargs="*", type=Path, help="default: every pack that comes with Cutscore")
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        folders = options["folders"] or sorted(
            path.parent for path in Path(settings.PACKS_DIRECTORY).glob("*/exam.yaml")
        )
        try:
            figures, findings = lint([read_pack(folder) for folder in folders])
        except PackErrors as problems:
            for error in problems.errors[:SHOWN]:
                self.stderr.write(str(error))
            raise CommandError(f"{len(problems.errors)} errors in the packs' form; see load_pack.") from None
        if options["json"]:
            report = {"exams": [asdict(one) for one in figures], "findings": [asdict(one) for one in findings]}
            self.stdout.write(json.dumps(report))
        else:
            for one in figures:
                self.stdout.write(told(one))
            for finding in findings[:SHOWN]:
                self.stdout.write(str(finding))
        if findings:
            counts = ", ".join(f"{count} × {rule}" for rule, count in Counter(one.rule for one in findings).items())
            raise CommandError(f"{len(findings)} findings: {counts}.")


def told(one: Figures) -> str:
    """An exam's figures on one line."""
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(one.kinds.items()))
    places = "/".join(f"{share:.0%}" for share in one.key_places.values())
    domains = "/".join(f"{share:.0%}" for share in one.domains.values())
    return (
        f"{one.exam}: {one.questions} questions ({kinds}); domains {domains}; key longest in {one.longest_key:.0%}, "
        f"places {places}; recall {one.recall:.0%}; rating {one.rating_mean:.2f} ± {one.rating_spread:.2f}, "
        f"at least {one.fewest_judges} each"
    )
