from __future__ import annotations

from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import Accommodation, User
from tests.accounts.factories import PASSWORD, SuperuserFactory, UserFactory

LIST = "/admin/accounts/user/"
NO_ACCOMMODATION = {"accommodation-TOTAL_FORMS": "0", "accommodation-INITIAL_FORMS": "0"}


@pytest.fixture
def root(client, db):
    user = SuperuserFactory()
    client.force_login(user)
    return user


def act(client, action, people):
    return client.post(LIST, {"action": action, "_selected_action": [person.pk for person in people]}, follow=True)


def test_signing_in_goes_through_allauth(client, db):
    assert client.get("/admin/").url == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/").url == "/account/login/?next=%2Fadmin%2F"
    root = SuperuserFactory()
    client.post("/admin/login/", {"username": root.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_a_second_factor_is_asked_for(client, db):
    root = SuperuserFactory()
    TOTP.activate(root, "SECRET")
    answer = client.post("/account/login/", {"login": root.email, "password": PASSWORD, "next": "/admin/"})
    assert answer.url == "/account/2fa/authenticate/"


def test_others_stay_out(client, db):
    client.force_login(UserFactory())
    assert client.get("/admin/login/").status_code == 403


def test_changing_ones_password_goes_through_allauth(client, root):
    assert client.get("/admin/password_change/").url == "/account/password/change/"


@pytest.mark.parametrize("people", [2, 8])
def test_list_queries(client, root, people, django_assert_num_queries):
    UserFactory.create_batch(people)
    with django_assert_num_queries(7):
        response = client.get(LIST)
    assert response.content.decode().count("field-display_name") == people + 1


def test_search(client, root):
    UserFactory(display_name="Zora")
    response = client.get(LIST, {"q": "zora"})
    assert response.content.decode().count("field-display_name") == 1


def test_a_new_person_can_sign_in(client, root):
    new = {"email": "New@example.com", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    client.post(f"{LIST}add/", new)
    user = User.objects.get(email="new@example.com")
    assert EmailAddress.objects.get(user=user).verified
    client.logout()
    assert client.post("/account/login/", {"login": user.email, "password": PASSWORD}).url == "/exams/"


def change(client, user, **fields):
    present = {"email": user.email, "display_name": user.display_name, "time_zone": "UTC", "is_active": "on"}
    return client.post(f"{LIST}{user.pk}/change/", present | NO_ACCOMMODATION | fields)


def test_a_changed_address_is_the_one_to_sign_in_with(client, root):
    user = UserFactory()
    assert change(client, user, email="Other@example.com").status_code == 302
    assert EmailAddress.objects.get(user=user).email == "other@example.com"
    assert User.objects.get(pk=user.pk).email == "other@example.com"


def test_a_taken_address_is_refused(client, root):
    user, other = UserFactory(), UserFactory()
    EmailAddress.objects.create(user=other, email="second@example.com", verified=True)
    response = change(client, user, email="second@example.com")
    assert "belongs to somebody else" in response.content.decode()


def test_an_accommodation_remembers_who_granted_it(client, root):
    user = UserFactory()
    granted = {"accommodation-TOTAL_FORMS": "1", "accommodation-0-user": user.pk}
    granted |= {"accommodation-0-multiplier": "1.50", "accommodation-0-extra_minutes": "30"}
    change(client, user, **granted)
    accommodation = Accommodation.objects.get(user=user)
    assert (accommodation.multiplier, accommodation.granted_by) == (Decimal("1.50"), root)


def test_verify_address(client, root):
    user = UserFactory(verified=False)
    act(client, "verify_address", [user])
    assert EmailAddress.objects.get(user=user).verified


def test_remove_two_factor(client, root):
    user = UserFactory()
    TOTP.activate(user, "SECRET")
    assert "Removed for 1 of 2." in act(client, "remove_two_factor", [user, root]).content.decode()
    assert not Authenticator.objects.exists()


def test_sign_out_everywhere(client, root):
    user, other = UserFactory(), UserFactory()
    desk, phone, elsewhere = Client(), Client(), Client()
    for browser, person in ((desk, user), (phone, user), (elsewhere, other)):
        browser.post("/account/login/", {"login": person.email, "password": PASSWORD})
    assert "2 sign-ins were ended." in act(client, "end_sign_ins", [user]).content.decode()
    assert [browser.get("/account/").status_code for browser in (desk, phone, elsewhere)] == [302, 302, 200]
    assert client.get(LIST).status_code == 200


def test_secrets_of_authenticators_are_nobodys_to_read(client, root):
    assert client.get("/admin/mfa/authenticator/").status_code == 404
    assert client.get("/admin/account/emailaddress/").status_code == 404


@pytest.fixture
def helper(client, db):
    """Staff who may change people, but are no superuser."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(user)
    return user


def test_staff_make_nobody_staff(client, helper):
    user = UserFactory()
    assert change(client, user, is_staff="on", is_superuser="on", display_name="Renamed").status_code == 302
    user.refresh_from_db()
    assert (user.display_name, user.is_staff, user.is_superuser) == ("Renamed", False, False)


def test_staff_give_nobody_a_role_themselves_neither(client, helper):
    author = Group.objects.get(name="author")
    for user in (UserFactory(), helper):
        assert change(client, user, groups=[str(author.pk)], display_name="Renamed").status_code == 302
        user.refresh_from_db()
        assert (user.display_name, user.groups.count()) == ("Renamed", 0)


def test_staff_do_not_touch_superusers(client, helper):
    root = SuperuserFactory()
    TOTP.activate(root, "SECRET")
    assert change(client, root, email="mine@example.com").status_code == 403
    assert client.post(f"{LIST}{root.pk}/password/").status_code == 403
    assert client.post(f"{LIST}{root.pk}/delete/", {"post": "yes"}).status_code == 403
    act(client, "remove_two_factor", [root])
    assert Authenticator.objects.exists()
    signed_in = Client()
    signed_in.force_login(root)
    act(client, "end_sign_ins", [root])
    assert signed_in.get("/account/").status_code == 200


def test_deleting_a_person(client, root):
    user = UserFactory()
    client.post(f"{LIST}{user.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=user.pk).exists()


def test_the_last_superuser_stays(client, root):
    act_on = {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"}
    response = client.post(LIST, act_on, follow=True)
    assert "This is the last superuser." in response.content.decode()
    assert User.objects.filter(pk=root.pk).exists()
