"""Every migration leaves the code of the release before working, and the check for it can fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader

from tests.config.migrating import BEFORE_1_0, troubles
from tests.environment import ROOT

LOADER = MigrationLoader(None)
OURS = sorted(key for key in LOADER.disk_migrations or {} if key[0] in BEFORE_1_0)
LAST = LOADER.graph.leaf_nodes("exams")


def made(*steps: operations.base.Operation, **more: str) -> Migration:
    """A migration that follows the last one of exams."""
    attributes = {"dependencies": LAST, "operations": list(steps), **more}
    migration: Migration = type("Migration", (Migration,), attributes)("9000_test", "exams")
    return migration


def test_every_room_with_tables_is_looked_at():
    ours = {app.label for app in apps.get_app_configs() if Path(app.path).parent == ROOT and list(app.get_models())}
    assert ours == set(BEFORE_1_0)


@pytest.mark.parametrize("key", [(app, name) for app, name in OURS if int(name[:4]) > BEFORE_1_0[app]] or [None])
def test_old_code_can_go_on_beside_every_migration(key):
    assert key is None or troubles(LOADER.get_migration(*key), LOADER) == []


@pytest.mark.parametrize(
    "step",
    [
        operations.AddField("answer", "note", models.CharField(max_length=9, null=True)),
        operations.AddField("answer", "seen", models.BooleanField(default=False, db_default=False)),
        operations.CreateModel("Extra", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField())]),
        operations.AlterField("answer", "flagged", models.BooleanField(default=False, help_text="Another text.")),
        operations.RemoveIndex("answer", "some_index"),
        AddIndexConcurrently("answer", models.Index(fields=["late"], name="late_answers")),
        AddConstraintNotValid("answer", models.CheckConstraint(condition=models.Q(seat__gt=0), name="seats")),
    ],
    ids=lambda step: type(step).__name__,
)
def test_what_expands_is_allowed(step, monkeypatch):
    monkeypatch.setattr(operations.RemoveIndex, "state_forwards", lambda *_: None)
    assert troubles(made(step), LOADER) == []


@pytest.mark.parametrize(
    ("step", "word"),
    [
        (operations.RenameField("answer", "late", "tardy"), "old name"),
        (operations.RenameModel("Answer", "Reply"), "old name"),
        (operations.RemoveField("answer", "late"), "contracts"),
        (operations.DeleteModel("Pad"), "contracts"),
        (operations.AddField("answer", "note", models.CharField(max_length=9, default="")), "db_default"),
        (operations.AddField("answer", "mark", models.CharField(max_length=9, null=True, unique=True)), "index"),
        (operations.AlterField("answer", "version", models.CharField(max_length=9)), "anew"),
        (operations.AddIndex("answer", models.Index(fields=["late"], name="late_answers")), "Concurrently"),
        (operations.RunSQL("UPDATE exams_answer SET late = false"), "beside"),
        (
            operations.AddConstraint(
                "answer", models.CheckConstraint(condition=models.Q(seat__gt=0), name="seats")
            ),
            "NotValid",
        ),
    ],
    ids=lambda one: type(one).__name__ if not isinstance(one, str) else one,
)  # fmt: skip
def test_what_old_code_could_not_bear_is_found(step, word):
    (trouble,) = troubles(made(step), LOADER)
    assert word in trouble


def test_two_tables_are_not_locked_in_one_transaction():
    """A save locks the sitting and then the answer; a migration in the other order would meet it in a deadlock."""
    new = models.CharField(max_length=9, null=True)
    steps = [operations.AddField(model, "note", new) for model in ("answer", "sitting")]
    assert troubles(made(steps[0]), LOADER) == []
    (trouble,) = troubles(made(*steps), LOADER)
    assert "split" in trouble


def test_what_is_no_longer_used_may_go_and_what_is_new_may_be_anything():
    assert troubles(made(operations.RemoveField("answer", "late"), contracts="unused since 1.1"), LOADER) == []
    new = operations.CreateModel("Extra", [("id", models.BigAutoField(primary_key=True))])
    assert troubles(made(new, operations.AddField("extra", "n", models.IntegerField(default=0))), LOADER) == []
