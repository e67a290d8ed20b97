"""The demo accounts of the local installation. They exist nowhere else."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from pathlib import Path

from accounts.models import User
from accounts.roles import Role
from accounts.services import create_account, grant_role
from cohorts import demo as demo_cohort
from exams.models import Form
from questions.models import Exam

PEOPLE = {
    "candidate@example.com": ("Dana Demo", None),
    "author@example.com": ("Alex Author", Role.AUTHOR),
    "instructor@example.com": ("Ira Instructor", Role.INSTRUCTOR),
}


def ensure(var: Path) -> dict[str, str]:
    """Create what is missing of the demo accounts; returns e-mail address -> password as they were made.

    Passwords are made by chance and kept beside the database, so that every start can print them.
    """
    path = var / "demo-passwords.json"
    passwords: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    for email, (name, role) in PEOPLE.items():
        user = User.objects.filter(email=email).first()
        if user is not None and email in passwords:
            continue
        passwords[email] = "-".join(secrets.token_hex(2) for _ in range(3))
        if user is None:
            user = create_account(email=email, password=passwords[email], display_name=name)
        else:
            user.set_password(passwords[email])
            user.save(update_fields=["password"])
        if role is not None:
            grant_role(user=user, role=role)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump({email: passwords[email] for email in PEOPLE}, handle)
    return passwords


def ensure_cohort(now: dt.datetime) -> str:
    """Give the demo instructor a cohort to look at, if they have none; returns its name when it was made just now."""
    candidate, _, instructor = (User.objects.get(email=email) for email in PEOPLE)
    ready = Form.objects.pool().values("exam")
    exam = Exam.objects.offered().filter(pk__in=ready).order_by("code").first()
    made = exam and demo_cohort.ensure(exam=exam, instructor=instructor, candidate=candidate, now=now)
    return made.name if made else ""
