from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    """These tests check hundreds of passwords; the hasher as shipped takes its time on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
