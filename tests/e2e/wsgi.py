"""The product, which tells the tests whether it is at work: each request holds a shared lock on a file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from typing import Any

from config.wsgi import application as product

BUSY = "CUTSCORE_TEST_BUSY"  # where that file is


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    with open(os.environ[BUSY]) as busy:  # noqa: PTH123
        fcntl.flock(busy, fcntl.LOCK_SH)
        return product(environ, start_response)
