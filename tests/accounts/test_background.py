"""What people tell of themselves to keep the questions fair: only with consent, and only until they take it back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import Background, User
from tests.accounts.factories import PASSWORD, SuperuserFactory, UserFactory

ANSWERS = {"first_language": "other", "practice_years": "under_two"}


@pytest.fixture
def person(client, db):
    user = UserFactory(display_name="Anna")
    client.force_login(user)
    return user


def save(client, **data):
    return client.post("/account/background/", data, follow=True).content.decode()


def kept(user):
    return Background.objects.filter(user=user).values_list("first_language", "practice_years").first()


def shown(client):
    return client.get("/account/").content.decode()


# ---- consent ---------------------------------------------------------------------------------------------------


def test_nothing_is_chosen_beforehand(client, person):
    page = shown(client)
    assert "Help us keep the questions fair" in page
    assert "groups of at least 200 people" in page
    consent = page.partition('name="consent"')[2].partition(">")[0]
    assert "checked" not in consent
    assert "I would rather not say" in page
    assert "Take back and delete" not in page
    assert not Background.objects.exists()


def test_answers_are_kept_with_consent(client, person):
    before = timezone.now()
    page = save(client, consent="on", **ANSWERS)
    assert "Your answers are kept until you take them back." in page
    assert '<option value="other" selected>Another language</option>' in page
    assert '<option value="under_two" selected>Under two years</option>' in page
    assert "checked" in page.partition('name="consent"')[2].partition(">")[0]
    assert kept(person) == ("other", "under_two")
    assert before <= Background.objects.get().consented_at <= timezone.now()


def test_one_answer_is_enough(client, person):
    save(client, consent="on", first_language="english")
    assert kept(person) == ("english", "")


def test_without_consent_nothing_is_kept(client, person):
    page = save(client, **ANSWERS)
    assert "Tick this box if you agree. Without it nothing is kept." in page
    assert "Nothing was saved yet." in page
    assert '<option value="other" selected>' in page  # what was typed is not lost
    assert not Background.objects.exists()


def test_consent_to_nothing_is_not_kept(client, person):
    assert "Answer at least one of the two questions" in save(client, consent="on")
    assert not Background.objects.exists()


@pytest.mark.parametrize("wrong", [{"first_language": "klingon"}, {"practice_years": "9"}])
def test_unknown_answers_are_refused(client, person, wrong):
    assert "Nothing was saved yet." in save(client, consent="on", **(ANSWERS | wrong))
    assert not Background.objects.exists()


def test_answers_can_be_changed_and_consent_is_then_given_anew(client, person):
    services.give_background(user=person, **ANSWERS)
    Background.objects.update(consented_at=timezone.now() - dt.timedelta(days=40))
    save(client, consent="on", first_language="", practice_years="two_or_more")
    assert kept(person) == ("", "two_or_more")
    assert timezone.now() - Background.objects.get().consented_at < dt.timedelta(days=1)


# ---- taking it back --------------------------------------------------------------------------------------------


def test_the_button_deletes(client, person):
    other = UserFactory()
    for user in (person, other):
        services.give_background(user=user, **ANSWERS)
    assert "Take back and delete" in shown(client)
    page = client.post("/account/background/withdraw/", ANSWERS | {"consent": "on"}, follow=True).content.decode()
    assert "Your answers about yourself are deleted." in page
    assert kept(person) is None
    assert kept(other) == ("other", "under_two")


@pytest.mark.parametrize("answers", [ANSWERS, {}])
def test_so_does_saving_without_the_box(client, person, answers):
    services.give_background(user=person, **ANSWERS)
    assert "Your answers about yourself are deleted." in save(client, **answers)
    assert not Background.objects.exists()


def test_there_may_be_nothing_to_take_back(client, person):
    assert "No answers about yourself are kept." in save(client)
    page = client.post("/account/background/withdraw/", follow=True).content.decode()
    assert "No answers about yourself are kept." in page


def test_it_goes_with_the_person(client, person):
    services.give_background(user=person, **ANSWERS)
    assert "keep the questions fair" in client.get("/account/delete/").content.decode()
    client.post("/account/delete/", {"password": PASSWORD})
    assert not User.objects.filter(pk=person.pk).exists()
    assert not Background.objects.exists()


# ---- nobody else's business ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/account/background/", "/account/background/withdraw/"])
def test_only_the_person_and_only_by_post(client, db, path):
    assert client.post(path, ANSWERS | {"consent": "on"}).url == f"/account/login/?next={path}"
    client.force_login(UserFactory())
    assert client.get(path).status_code == 405
    assert not Background.objects.exists()


@pytest.mark.parametrize("page", ["change", "delete"])
def test_staff_read_nobodys_answers(client, person, page):
    services.give_background(user=person, **ANSWERS)
    client.force_login(SuperuserFactory())
    html = client.get(reverse(f"admin:accounts_user_{page}", args=[person.pk])).content.decode()
    assert person.email in html
    for word in ("under_two", "Under two years", "Another language", "first_language"):
        assert word not in html


@pytest.mark.parametrize("told", [False, True])
def test_the_profile_costs_the_same(client, person, told, django_assert_num_queries):
    if told:
        services.give_background(user=person, **ANSWERS)
    with django_assert_num_queries(6):  # session, person, accommodation, background, two-factor, roles
        shown(client)


@pytest.mark.parametrize("wrong", [{"first_language": "x"}, {"practice_years": "x"}, {"first_language": ""}])
def test_the_database_keeps_nothing_else(db, wrong):
    row = {"first_language": "english", "practice_years": ""} | wrong
    with pytest.raises(IntegrityError), transaction.atomic():
        Background.objects.create(user=UserFactory(), consented_at=timezone.now(), **row)
