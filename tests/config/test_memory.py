"""A web process keeps the garbage collector away from what never becomes garbage."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.environment import ROOT

PROGRAM = """
import gc, json, sys
import config.wsgi
gc.collect()
print(json.dumps([gc.get_freeze_count(), len(gc.get_objects()), "cohorts.views.board" in sys.modules]))
"""


def test_what_is_loaded_at_the_start_is_not_collected():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    frozen, watched, loaded = json.loads(done.stdout)
    assert loaded
    assert frozen > 100_000 > 10 * watched
