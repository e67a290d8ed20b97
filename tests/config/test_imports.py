"""What processes do not load: charts and paper are slow to import, and most processes never make any."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.e2e.server import database_url
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


def loaded(program: str, environment: dict[str, str]) -> list[str]:
    """Which of the slow libraries another process has loaded after running this."""
    told = f"""
import json, logging, sys
logging.disable()
{program}
print(json.dumps([name for name in {SLOW!r} if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("what", LOAD)
def test_charts_and_paper_are_loaded_by_whoever_makes_them(what, tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "k" * 60,
        "CUTSCORE_QUICKSTART": "true",
        "CUTSCORE_VAR": str(tmp_path),
        "DATABASE_URL": "postgresql://127.0.0.1:1/none",
    }
    assert loaded(LOAD[what], environment) == []


SERVE = """
import django
from django.conf import settings
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
import config.wsgi
from django.db import transaction
from django.test import Client
from accounts import services
from accounts.roles import Role
from questions.models import Exam
with transaction.atomic():
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(services.create_account(email="imports@example.com", roles=[Role.AUTHOR]))
    codes = [code for (code,) in Exam.objects.values_list("code")]
    pages = [f"/exams/{code}/" for code in codes] + [f"/bank/exams/{code}/fairness/" for code in codes]
    for page in ("/exams/", "/progress/", "/account/", *pages):
        assert browser.get(page).status_code == 200, page
    transaction.set_rollback(True)
"""


@pytest.mark.django_db
def test_a_page_without_a_chart_is_served_without_them():
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database_url()}
    assert loaded(SERVE, environment) == []


def test_what_would_be_loaded_is_noticed():
    """The names above are those under which the libraries are loaded."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    assert loaded("import scoring.documents.typeset", environment) == list(SLOW)
