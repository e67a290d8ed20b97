"""What a migration may do while the code of the release before goes on (docs/deploying.md, "Migrations")."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.postgres import operations as postgres
from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models.fields import NOT_PROVIDED

# The last ones that were made before there was a release which anybody ran beside another. Nothing is raised after 1.0.
BEFORE_1_0 = {"accounts": 4, "cohorts": 2, "exams": 8, "operations": 1, "questions": 7, "scoring": 4}
GOES = (operations.RemoveField, operations.DeleteModel)
RENAMES = (operations.RenameField, operations.RenameModel, operations.AlterModelTable)
TOUCHES = (operations.AddField, operations.RemoveField, operations.AlterField, operations.AddConstraint)
# Without a word on the table's state, or on another state than the database's.
WRITTEN_BY_HAND = (operations.RunSQL, operations.RunPython, operations.SeparateDatabaseAndState)


def troubles(migration: Migration, loader: MigrationLoader) -> list[str]:
    """Why old code could not work beside what this migration does, in words; empty when it can.

    A migration that takes away what the release before has stopped using says so in an attribute of its class:
    `contracts = "what, and since which release no code uses it"`. One with operations written by hand says in `beside`
    why the code of the release before goes on working.
    """
    state = loader.project_state([migration_before for migration_before in migration.dependencies
                                  if migration_before in loader.graph.nodes], at_end=True)  # fmt: skip
    born: set[str] = set()
    found: list[str] = []
    touched: set[str] = set()
    for operation in migration.operations:
        if isinstance(operation, operations.CreateModel):
            born.add(operation.name_lower)
        on_new = getattr(operation, "model_name_lower", "") in born
        if not on_new:
            touched |= {operation.model_name_lower} if isinstance(operation, TOUCHES) else set()
            found += [f"{operation.describe()}: {why}" for why in why_not(operation, migration, state)]
        operation.state_forwards(migration.app_label, state)
    if len(touched) > 1 and migration.atomic:
        found.append(f"{' and '.join(sorted(touched))}: a save may lock them in the other order; split the migration")
    return found


def why_not(operation: Operation, migration: Migration, state: object) -> Iterator[str]:
    if isinstance(operation, RENAMES):
        yield "old code knows the old name; add the new one, copy, and remove the old one a release later"
    elif isinstance(operation, GOES) and not getattr(migration, "contracts", ""):
        yield "old code still reads it; stop using it first, and say in `contracts` since when nobody does"
    elif isinstance(operation, operations.AddField):
        yield from added(operation.field)
    elif isinstance(operation, operations.AlterField):
        yield from altered(operation, migration, state)
    elif isinstance(operation, operations.AddIndex) and not isinstance(operation, postgres.AddIndexConcurrently):
        yield "it stops every write meanwhile; use AddIndexConcurrently in a migration with atomic = False"
    elif isinstance(operation, operations.AddConstraint) and not isinstance(operation, postgres.AddConstraintNotValid):
        yield "it reads the whole table under a lock; use AddConstraintNotValid, and ValidateConstraint in the next one"
    elif isinstance(operation, WRITTEN_BY_HAND) and not getattr(migration, "beside", ""):
        yield "say in `beside` why the release before goes on working"


def added(field: models.Field) -> Iterator[str]:  # type: ignore[type-arg]
    if field.many_to_many:
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield "old code inserts rows without it; let it be null or give it a db_default"
    if field.unique:
        yield "its index is built under a lock; add the field first, then the index concurrently"


def altered(operation: operations.AlterField, migration: Migration, state: object) -> Iterator[str]:
    model = state.models[migration.app_label, operation.model_name_lower]  # type: ignore[attr-defined]
    before, after = model.fields[operation.name], operation.field
    kinds = [one.db_parameters(connection)["type"] if not one.is_relation else type(one) for one in (before, after)]
    if kinds[0] != kinds[1]:
        yield "it writes the table anew under a lock; add another column, copy, and change over"
    if before.null and not after.null and not getattr(migration, "contracts", ""):
        yield "old code may still write null; say in `contracts` since when none does"
    if after.unique and not before.unique:
        yield "its index is built under a lock; build it concurrently"
