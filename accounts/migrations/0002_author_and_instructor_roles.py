"""Permissions of the roles, and the groups that hold them."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from accounts.services import ensure_roles


def create_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    ensure_roles(apps=apps)


class Migration(migrations.Migration):
    dependencies = (
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    )

    operations = (
        migrations.AlterModelOptions(
            name="user",
            options={
                "permissions": (
                    ("write_questions", "May write, review and publish questions"),
                    ("run_cohorts", "May run cohorts and read their results"),
                )
            },
        ),
        migrations.RunPython(create_roles, migrations.RunPython.noop, elidable=False),
    )
