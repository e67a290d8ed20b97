"""Fixtures for the exam in progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from exams.models import Sitting
from tests.plainform import Desk


@pytest.fixture
def desk(signed_in: Client, sitting: Sitting) -> Desk:
    """A browser without scripts."""
    return Desk(signed_in, sitting)


@pytest.fixture
def load(desk: Desk) -> Callable[..., Any]:
    return desk.load


@pytest.fixture
def send(desk: Desk) -> Callable[..., Any]:
    return desk.send
