"""What a worker answers when it is asked over Celery's remote control. Workers load it; whoever asks needs the name."""

from __future__ import annotations

import time
from typing import Any

from celery.worker.control import inspect_command

WALL_TIME = "wall_time"


@inspect_command(name=WALL_TIME)
def wall_time(state: Any, **_: Any) -> float:
    """Seconds since 1970 by this worker's host; Celery's own "clock" counts messages."""
    return time.time()
