"""Who may enter the rooms for judging, case studies and labels: authors, and judges only their own turns."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts import services as accounts
from accounts.roles import Role
from questions.models import Audit, RatingRequest
from questions.services import scenarios
from tests.questions.studio import a_published, an_author, an_exam
from tests.scoring.judged import ask, page

pytestmark = pytest.mark.django_db

POSTS = {
    "studio_judge": {"act": "answer", "answer": "1"},
    "studio_rounds": {"act": "close"},
    "studio_scenarios": {"act": "save", "public_id": "new-case", "title": "New", "text": "New."},
    "studio_scenario": {"act": "save", "title": "New", "text": "New.", "number": "1"},
    "studio_labels": {"act": "tags", "was": "", "tags": "new"},
}


@pytest.fixture
def urls(author):
    """Every address with the name of its page."""
    exam, judge = an_exam(), an_author()
    published = a_published(author, an_author(), exam)
    turn, *_ = ask(published, exam, [judge], author)
    scenarios.create_scenario(public_id="tst-case", title="A case", text="A text.", by=author)
    return judge, {
        "studio_judging": reverse("studio_judging"),
        "studio_judge": page(turn),
        "studio_rounds": reverse("studio_rounds", args=[exam.code]),
        "studio_scenarios": reverse("studio_scenarios"),
        "studio_scenario": reverse("studio_scenario", args=["tst-case"]),
        "studio_labels": reverse("studio_labels", args=[published.question.public_id]),
    }


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_for_everybody_but_authors_nothing_is_there(client, user, urls, role):
    _, pages = urls
    if role:
        accounts.grant_role(user=user, role=role)
    client.force_login(user)
    before = Audit.objects.count()
    for name, address in pages.items():
        assert client.get(address).status_code == 404, name
        assert client.post(address, POSTS.get(name, {})).status_code == 404, name
    assert Audit.objects.count() == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_not_signed_in_is_asked_to(client, urls, method):
    for address in urls[1].values():
        assert getattr(client, method)(address).url == f"{reverse('account_login')}?next={address}"


def test_authors_may_enter_but_nobody_elses_turn(as_author, client, urls):
    judge, pages = urls
    for name, address in pages.items():
        assert as_author.get(address).status_code == (404 if name == "studio_judge" else 200), name
    for posted in (POSTS["studio_judge"], {"act": "rate", "value": "70"}):
        assert as_author.post(pages["studio_judge"], posted).status_code == 404
    assert RatingRequest.objects.get().answer is None
    client.force_login(judge)
    assert client.get(pages["studio_judge"]).status_code == 200


def test_what_does_not_exist_is_not_found(as_author, urls):
    for address in (
        "/bank/judging/0/", f"/bank/judging/{10**30}/", "/bank/exams/XX-9/rounds/", "/bank/scenarios/nothing/",
        "/bank/questions/nothing/labels/",
    ):  # fmt: skip
        assert as_author.get(address).status_code == 404, address


def test_only_what_is_meant_is_allowed(as_author, urls):
    assert as_author.post(urls[1]["studio_judging"]).status_code == 405
    for name, address in urls[1].items():
        if name != "studio_judge":
            assert as_author.delete(address).status_code == 405, name
            assert "no-store" in as_author.get(address)["Cache-Control"], name
