"""The next release: a copy of the code with an expanding migration, other code and another script."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.db.migrations.loader import MigrationLoader

from tests.environment import ROOT

ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
OURS = (*ROOMS, "static", "templates", "deploy", "tests/load")
FILES = ("manage.py", "pyproject.toml", "docker-compose.yml", "Dockerfile", ".env.example", "requirements.txt")
MARK = "A note that came with the next release"

MIGRATION = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exams", "{before}")]
    operations = [migrations.AddField({field})]
"""
FIELDS = (
    '"answer", "weighed", models.CharField(max_length=20, null=True)',
    '"sitting", "release", models.CharField(max_length=20, db_default="old")',
)
WEIGHED = """    saved_at = models.DateTimeField()
    weighed = models.CharField(max_length=20, null=True)

    objects"""
RELEASE = """    release = models.CharField(max_length=20, db_default="old")
    assigned = models"""
WRITES = """saved_at = EXCLUDED.saved_at, weighed = 'next'
            """


def next_release(folder: Path, *, expand: bool = True) -> Path:
    """Write it down and return where; without `expand` it is the code as it is."""
    for name in OURS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copyfile(ROOT / name, folder / name)
    if not expand:
        return folder
    (before,) = (name for app, name in MigrationLoader(None).graph.leaf_nodes("exams"))
    for number, added in enumerate(FIELDS):
        name = f"900{number}_next_release"
        (folder / "exams" / "migrations" / f"{name}.py").write_text(MIGRATION.format(before=before, field=added))
        before = name
    _replace(folder / "exams/models/answers.py", "    saved_at = models.DateTimeField()\n\n    objects", WEIGHED)
    _replace(folder / "exams/models/sittings.py", "    assigned = models", RELEASE)
    _replace(folder / "exams/services/storing.py", "saved_at = EXCLUDED.saved_at\n            ", WRITES)
    _replace(folder / "config/views.py", '{"status": "ok"}', '{"status": "ok", "release": "next"}')
    with (folder / "static" / "js" / "sitting" / "main.js").open("a") as script:
        script.write(f"\n// {MARK}\n")
    return folder


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, path
    path.write_text(text.replace(old, new, 1) if "views" not in path.name else text.replace(old, new))
