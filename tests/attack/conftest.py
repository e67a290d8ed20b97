"""One world for all who ask for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from tests.attack import world as worlds
from tests.attack.world import World

# As in production: what a local installation shows everybody would hide whom it is for.
PRODUCTION = {"SECURITY_CONTACT": "mailto:security@example.com", "METRICS_TOKEN": "a token of the monitor"}


@pytest.fixture(scope="package")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    log = logging.getLogger("django.request")
    before = log.level
    log.setLevel(logging.ERROR)  # thousands of refusals, each with its traceback, take longer than the requests
    with override_settings(**PRODUCTION), worlds.shared(django_db_blocker):
        made = worlds.build()
        connection.check_constraints()  # once: tests are undone, and with them their checks of what came before
        yield made
    log.setLevel(before)
