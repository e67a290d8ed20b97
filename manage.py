#!/usr/bin/env python
"""Cutscore's command line."""

import os
import sys

# These make the local installation, if there is none, and need its key before settings can be read.
SETS_UP = {"quickstart", "run"}
# These touch no database, so they must not start one.
WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "compilemessages",
    "help",
    "makemigrations",
    "publish_static",
    "restore",
    "--help",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config import local
    from config.postgres import PostgresError
    from config.version import VERSION

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command in ("--version", "version"):
        print(f"Cutscore {VERSION}")
        return
    if command in SETS_UP and not os.environ.get("SECRET_KEY") and not os.environ.get("SECRET_KEY_FILE"):
        local.create_secret(local.var())
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        embedded = settings.EMBEDDED_POSTGRES
    except ImproperlyConfigured as error:
        sys.exit(f"Cutscore cannot start: {error}")
    needs_database = command not in WITHOUT_DATABASE and not {"--help", "-h"} & set(sys.argv)
    try:
        with local.database_server(embedded if needs_database else None, archive=settings.BACKUP_LOG):
            execute_from_command_line(sys.argv)
    except PostgresError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
