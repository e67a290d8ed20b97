"""Redis is dead when a request leaves work behind: the request succeeds, and the work is found again."""

from __future__ import annotations

import ast

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts import services as accounts
from accounts.roles import Role
from cohorts.models import Invitation
from config.management.commands import tick
from questions.models import ImportUpload
from questions.models.imports import ImportState
from questions.services import imports
from tests.cohorts.factories import a_cohort, an_instructor
from tests.e2e.server import free_port
from tests.environment import ROOT
from tests.factories import UserFactory
from tests.test_architecture import ROOMS, sources

QUEUES = {"delay", "apply_async", "send_task"}


@pytest.fixture
def dead(settings):
    def die() -> None:
        nowhere = f"redis://127.0.0.1:{free_port()}/0"
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": nowhere}}

    return die


def test_nothing_is_put_into_the_queue_but_by_beat():
    found = [
        f"{path}:{node.lineno}"
        for room in ROOMS
        for path, tree in sources(room)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in QUEUES
    ]
    assert found == []
    assert "apply_async" not in (ROOT / "config" / "celery.py").read_text()


@pytest.mark.django_db
def test_a_file_is_taken_shown_and_read_when_somebody_is_there_again(client, settings, dead, exam):
    author = UserFactory()
    accounts.grant_role(user=author, role=Role.AUTHOR)
    client.force_login(author)
    caches = settings.CACHES
    dead()
    data = b"not,a,table\n" * (imports.AT_ONCE_BYTES // 10)
    reply = client.post("/bank/import/", {"file": SimpleUploadedFile("new.csv", data, "text/csv"), "exam": exam.code})
    assert reply.status_code == 302
    assert client.get(reply.url).status_code == 200
    assert ImportUpload.objects.get().state == ImportState.READING
    settings.CACHES = caches
    tick.work(pools=False, night=False)
    assert ImportUpload.objects.get().state != ImportState.READING


@pytest.mark.django_db
def test_coverage_can_be_looked_at(client, dead, exam):
    author = UserFactory()
    accounts.grant_role(user=author, role=Role.AUTHOR)
    client.force_login(author)
    dead()
    assert client.get(reverse("bank_coverage", args=[exam.code])).status_code == 200


@pytest.mark.django_db
def test_people_are_invited_and_get_their_mail_later(client, settings, dead, exam):
    owner = an_instructor()
    client.force_login(owner)
    cohort = a_cohort(exam, owner)
    caches = settings.CACHES
    dead()
    reply = client.post(reverse("cohort_invite_confirm", args=[cohort.pk]), {"text": "new@example.com"})
    assert reply.status_code == 302
    assert Invitation.objects.get().sent_at is None
    settings.CACHES = caches
    tick.work(pools=False, night=False)
    assert Invitation.objects.get().sent_at is not None
    assert [message.to for message in mail.outbox] == [["new@example.com"]]
