from __future__ import annotations

from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from accounts import services
from accounts.models import Accommodation, User
from accounts.roles import Role
from tests.accounts.factories import SuperuserFactory, UserFactory


def test_new_account_can_sign_in_at_once(db):
    user = services.create_account(email="Anna@Example.com", password="x" * 12, roles=[Role.AUTHOR])
    assert (user.email, user.is_staff) == ("anna@example.com", False)
    assert EmailAddress.objects.get(user=user, email="anna@example.com", primary=True).verified
    assert user.groups.get().name == "author"


def test_new_account_needs_a_free_address(db):
    taken = UserFactory()
    with pytest.raises(services.AddressTakenError, match="already has an account"):
        services.create_account(email=taken.email.upper())


def test_roles_come_with_the_migrations(db):
    groups = {group.name: [p.codename for p in group.permissions.all()] for group in Group.objects.all()}
    assert groups == {"author": ["write_questions"], "instructor": ["run_cohorts"]}


def test_ensure_roles_mends_what_is_missing(db):
    Group.objects.all().delete()
    services.ensure_roles()
    services.ensure_roles()
    assert Group.objects.filter(permissions__codename="run_cohorts").get().name == "instructor"


def test_grant_and_revoke_say_what_changed(db):
    user = UserFactory()
    grants = [services.grant_role(user=user, role=Role.INSTRUCTOR) for _ in range(2)]
    revokes = [services.revoke_role(user=user, role=Role.INSTRUCTOR) for _ in range(2)]
    assert grants == revokes == [True, False]


def test_set_email_replaces_the_address(db):
    user = UserFactory()
    EmailAddress.objects.create(user=user, email="pending@example.com")
    services.set_email(user=user, email="New@example.com")
    assert User.objects.get(pk=user.pk).email == "new@example.com"
    assert EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary").get() == (
        "new@example.com", True, True,
    )  # fmt: skip


def test_set_email_refuses_what_is_somebody_elses(db):
    user, other = UserFactory(), UserFactory()
    with pytest.raises(services.AddressTakenError):
        services.set_email(user=user, email=other.email)
    assert EmailAddress.objects.get(user=user).email == user.email


def test_promotion_needs_a_verified_address(db):
    user = UserFactory(verified=False)
    with pytest.raises(services.AccountError, match="never verified"):
        services.promote(user=user, superuser=True)
    assert not User.objects.get(pk=user.pk).is_staff


def test_accommodation_is_none_by_default(db, django_assert_num_queries):
    user = UserFactory()
    with django_assert_num_queries(1):
        assert services.accommodation_for(user) == (Decimal("1.00"), 0)


def test_own_accommodation(db, django_assert_num_queries):
    user = UserFactory()
    services.set_accommodation(user=user, multiplier=Decimal("1.25"), extra_minutes=30)
    with django_assert_num_queries(1):
        assert services.accommodation_for(user) == (Decimal("1.25"), 30)


def test_no_extra_time_removes_ones_own_word(db):
    user = UserFactory()
    services.set_accommodation(user=user, multiplier=Decimal("2.00"), extra_minutes=0)
    assert services.set_accommodation(user=user, multiplier=Decimal("1.00"), extra_minutes=0) is None
    assert not Accommodation.objects.exists()


def test_what_staff_granted_stays(db):
    user, staff = UserFactory(), UserFactory()
    services.set_accommodation(user=user, multiplier=Decimal("1.50"), extra_minutes=0, granted_by=staff)
    with pytest.raises(services.GrantedByStaffError):
        services.set_accommodation(user=user, multiplier=Decimal("2.00"), extra_minutes=60)
    assert services.accommodation_for(user) == (Decimal("1.50"), 0)


def test_a_grant_outlives_the_account_that_made_it(db):
    user, staff = UserFactory(), UserFactory()
    services.set_accommodation(user=user, multiplier=Decimal("1.50"), extra_minutes=0, granted_by=staff)
    services.delete_account(user=staff)
    with pytest.raises(services.GrantedByStaffError):
        services.set_accommodation(user=user, multiplier=Decimal("2.00"), extra_minutes=60)


def test_staff_overrule_ones_own_word(db):
    user, staff = UserFactory(), UserFactory()
    services.set_accommodation(user=user, multiplier=Decimal("2.00"), extra_minutes=0)
    services.set_accommodation(user=user, multiplier=Decimal("1.00"), extra_minutes=0, granted_by=staff)
    assert services.accommodation_for(user) == (Decimal("1.00"), 0)
    assert Accommodation.objects.get().granted_by == staff


@pytest.mark.parametrize(("multiplier", "minutes"), [("1.10", 0), ("1.00", 241)])
def test_unknown_accommodations_are_refused(db, multiplier, minutes):
    with pytest.raises(ValidationError):
        services.set_accommodation(user=UserFactory(), multiplier=Decimal(multiplier), extra_minutes=minutes)


def test_deletion(db):
    user = UserFactory()
    services.set_accommodation(user=user, multiplier=Decimal("2.00"), extra_minutes=0)
    services.delete_account(user=user)
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Accommodation.objects.exists()


def test_the_last_superuser_stays(db):
    last = SuperuserFactory()
    SuperuserFactory(is_active=False)
    with pytest.raises(services.LastSuperuserError):
        services.delete_account(user=last)
    SuperuserFactory()
    services.delete_account(user=last)
    assert not User.objects.filter(pk=last.pk).exists()
