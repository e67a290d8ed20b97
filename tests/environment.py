"""Loaded by pytest before the settings: a database of the tests' own, and an honest answer to what can be run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The build without windows does the same work in two thirds of the processor time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
REDIS = shutil.which("redis-server")
CADDY = shutil.which("caddy")
NEEDS = {"browser": (CHROMIUM, "chromium-headless-shell"), "redis": (REDIS, "redis-server"), "proxy": (CADDY, "caddy")}

os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 50
os.environ["CUTSCORE_QUICKSTART"] = "true"
os.environ.setdefault("CUTSCORE_VAR", str(ROOT / "var" / "test"))
# Playwright's synchronous interface runs inside an event loop, where Django would refuse database access.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    # In this process plain names do, and no file is served: a client's first request would look at every one of them.
    # The server processes of tests/e2e use collected, hashed files.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STATIC_ROOT = Path(settings.VAR) / "no-static"
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    if settings.EMBEDDED_POSTGRES and not is_worker():
        settings.EMBEDDED_POSTGRES.start(durable=False)
        settings.EMBEDDED_POSTGRES.create_database()


def pytest_unconfigure(config: pytest.Config) -> None:
    from django.conf import settings

    if settings.EMBEDDED_POSTGRES and not is_worker():
        settings.EMBEDDED_POSTGRES.stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what this machine cannot run, by name and aloud; in CI everything must run."""
    for marker, (found, package) in NEEDS.items():
        concerned = [item for item in items if item.get_closest_marker(marker)]
        if found or not concerned:
            continue
        if os.environ.get("CI") == "true":
            raise pytest.UsageError(f"{len(concerned)} tests need {package}, which CI must install.")
        config.hook.pytest_deselected(items=concerned)
        items[:] = [item for item in items if item not in concerned]
        if not is_worker():
            print(f"\nNot run: {len(concerned)} tests that need the package {package}.")  # noqa: T201
