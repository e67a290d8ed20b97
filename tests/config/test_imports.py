"""What processes do not load: charts and paper are slow to import, and most processes never make any."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.environment import ROOT

SLOW = ("matplotlib", "reportlab", "PIL")
# Everything that a web process, a worker and a command line load before they are asked for a chart.
LOAD = {
    "settings": "import config.settings",
    "pages": """
import config.wsgi
from django.urls import get_resolver
from django.test import Client
def walk(patterns):
    for each in patterns:
        walk(each.url_patterns) if hasattr(each, "url_patterns") else each.callback
walk(get_resolver().url_patterns)
answer = Client(SERVER_NAME="127.0.0.1").get("/healthz")
assert answer.status_code == 200, answer
""",
    "worker": """
import django, config.celery
django.setup()
config.celery.app.loader.import_default_modules()
""",
    "commands": """
import django
django.setup()
from django.core.management import get_commands, load_command_class
for name, app in get_commands().items():
    if app in ("config", "scoring", "exams", "questions", "accounts"):
        load_command_class(app, name)
""",
}


@pytest.mark.parametrize("what", LOAD)
def test_charts_and_paper_are_loaded_by_whoever_makes_them(what, tmp_path):
    program = f"""
import json, logging, sys
logging.disable()
{LOAD[what]}
print(json.dumps([name for name in {SLOW!r} if name in sys.modules]))
"""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "k" * 60,
        "CUTSCORE_QUICKSTART": "true",
        "CUTSCORE_VAR": str(tmp_path),
        "DATABASE_URL": "postgresql://127.0.0.1:1/none",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_what_would_be_loaded_is_noticed():
    """The names above are those under which the libraries are loaded."""
    program = f"import sys, scoring.technical.typeset; print(all(name in sys.modules for name in {SLOW!r}))"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "True\n", done.stderr
