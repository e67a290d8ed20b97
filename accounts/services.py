"""What happens to people: accounts, roles, accommodations. Keyword-only verbs that write."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from decimal import Decimal

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps as installed
from django.apps.registry import Apps
from django.contrib.auth.hashers import make_password
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils import timezone

from accounts import privacy
from accounts.models import SIMULATED_DOMAIN, Accommodation, Background, Multiplier, User
from accounts.roles import PERMISSIONS, Role

log = logging.getLogger(__name__)
NO_EXTRA_TIME = (Decimal(Multiplier.NONE.value), 0)


class AccountError(Exception):
    """It cannot be done; the message is one sentence for the person who asked."""


class LastSuperuserError(AccountError):
    """Nobody would be left to run the place."""


class GrantedByStaffError(AccountError):
    """The person's accommodation is not theirs to change."""


class AddressTakenError(AccountError):
    """The e-mail address belongs to somebody already."""


# ---- accounts ----------------------------------------------------------------------------------------------


@transaction.atomic
def create_account(
    *,
    email: str,
    password: str | None = None,
    display_name: str = "",
    time_zone: str = "UTC",
    roles: Iterable[Role] = (),
    staff: bool = False,
    superuser: bool = False,
) -> User:
    """A person whose address counts as verified, because somebody vouches for it. Raises AddressTakenError.

    Without a password nobody can sign in until it is set through a reset link.
    """
    if User.objects.filter(email=email.strip().lower()).exists():
        raise AddressTakenError(f"{email} already has an account.")
    user = User.objects.create_user(
        email, password, display_name=display_name, time_zone=time_zone,
        is_staff=staff or superuser, is_superuser=superuser,
    )  # fmt: skip
    set_email(user=user, email=user.email)
    for role in roles:
        grant_role(user=user, role=role)
    return user


@transaction.atomic
def promote(*, user: User, superuser: bool = False) -> None:
    """Let an existing person use the admin. Raises AccountError unless they have shown that the address is theirs."""
    if not EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists():
        raise AccountError(f"{user.email} has an account whose address was never verified; nothing was changed.")
    user.is_staff = True
    user.is_superuser = user.is_superuser or superuser
    user.save(update_fields=["is_staff", "is_superuser"])
    log.warning("Person %s is now %s", user.pk, "superuser" if user.is_superuser else "staff")


def update_profile(*, user: User, display_name: str, time_zone: str) -> None:
    User.objects.filter(pk=user.pk).update(display_name=display_name, time_zone=time_zone)


@transaction.atomic
def set_email(*, user: User, email: str) -> None:
    """Make `email` the person's one address, and verified: staff vouch for it. Raises AddressTakenError."""
    email = email.strip().lower()
    if EmailAddress.objects.filter(email=email, verified=True).exclude(user=user).exists():
        raise AddressTakenError(f"{email} belongs to somebody else.")
    EmailAddress.objects.filter(user=user).exclude(email=email).delete()
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    if user.email != email:
        user.email = email
        user.save(update_fields=["email"])


def reset_two_factor(*, user: User) -> bool:
    """Remove the authenticator and its recovery codes; returns whether there was one."""
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        log.warning("The second factor of person %s was removed", user.pk)
    return removed > 0


def renew_session(*, session: SessionBase) -> None:
    """Give it another key, and tell the list of sign-ins. Django does so when somebody signs in."""
    before = session.session_key
    session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=session.session_key)


@transaction.atomic
def end_sign_ins(*, user: User) -> int:
    """Sign the person out of every browser; returns of how many.

    What an exam page holds unsent stays there and arrives once they are back.
    """
    ended = 0
    for sign_in in UserSession.objects.filter(user=user):
        sign_in.end()
        ended += 1
    if ended:
        log.warning("The %s sign-ins of person %s were ended", ended, user.pk)
    return ended


@transaction.atomic
def delete_account(*, user: User) -> int:
    """Erase a person: statistics stay with nobody's name. Raises LastSuperuserError, and AccountError for what has to
    be over first."""
    # Locked, so that the last two cannot delete themselves at the same moment.
    superusers = User.objects.filter(is_superuser=True, is_active=True).select_for_update()
    if user.is_superuser and not any(other.pk != user.pk for other in superusers):
        raise LastSuperuserError("This is the last superuser. Make somebody else one first.")
    if user.is_erased:
        raise AccountError("These are the statistics of somebody who was erased.")
    return erase(subject=privacy.about(user))


def erase(*, subject: privacy.Subject) -> int:
    """Erase whom `delete_account` or a letter names, also where there is only an address that others wrote down.

    Returns how many sittings stay as anonymous statistics. Raises AccountError. The log says that it was done, and not
    to whom.
    """
    try:
        parting = privacy.erase(subject, now=timezone.now())
    except privacy.NotNow as error:
        raise AccountError(str(error)) from error
    kept = len(parting.renamed)
    log.info("A person was erased; %d sittings of theirs stay as statistics", kept)
    return kept


# ---- simulated people --------------------------------------------------------------------------------------


def create_simulated(*, joined: Mapping[str, dt.datetime]) -> list[User]:
    """Inactive people without a password, as candidates of simulated sittings: name -> day of joining. One statement.

    Their addresses lie in a domain that never exists, so neither signing in nor a reset link leads anywhere.
    """
    return User.objects.bulk_create(
        User(
            email=f"{name}@{SIMULATED_DOMAIN}",
            display_name=f"Simulated {name}",
            password=make_password(None),
            is_active=False,
            date_joined=day,
        )
        for name, day in joined.items()
    )


# ---- roles -------------------------------------------------------------------------------------------------


def ensure_roles(*, apps: Apps = installed) -> None:
    """Create the groups of authors and instructors with their permissions; safe to repeat.

    `apps` lets the migration pass its historical models. Django makes permissions only after all migrations, so
    they are made here.
    """
    create_permissions(installed.get_app_config("accounts"), verbosity=0, apps=apps)
    group_model, permission_model = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for role, codename in PERMISSIONS.items():
        group, _ = group_model.objects.get_or_create(name=role.value)
        group.permissions.add(permission_model.objects.get(content_type__app_label="accounts", codename=codename))


@transaction.atomic
def grant_role(*, user: User, role: Role) -> bool:
    """Returns whether the person did not hold the role before."""
    if user.groups.filter(name=role.value).exists():
        return False
    ensure_roles()
    user.groups.add(Group.objects.get(name=role.value))
    log.warning("Person %s is now %s", user.pk, role.value)
    return True


def revoke_role(*, user: User, role: Role) -> bool:
    """Returns whether the person held the role."""
    removed, _ = User.groups.through.objects.filter(user=user, group__name=role.value).delete()
    if removed:
        log.warning("Person %s is no longer %s", user.pk, role.value)
    return removed > 0


# ---- accommodations ----------------------------------------------------------------------------------------


@transaction.atomic
def set_accommodation(
    *, user: User, multiplier: Decimal, extra_minutes: int, granted_by: User | None = None
) -> Accommodation | None:
    """Give a person more time from the next sitting on; returns None when it says "no extra time" and was removed.

    Without `granted_by` it is the person's own word. Raises GrantedByStaffError when staff decided otherwise before.
    """
    present = Accommodation.objects.select_for_update().filter(user=user).first()
    if granted_by is None:
        if present and present.granted_at:
            raise GrantedByStaffError("Your extra time was granted by staff. Ask them to change it.")
        if (multiplier, extra_minutes) == NO_EXTRA_TIME:
            if present:
                present.delete()
            return None
    accommodation = present or Accommodation(user=user)
    accommodation.multiplier, accommodation.extra_minutes = multiplier, extra_minutes
    accommodation.granted_by = granted_by
    accommodation.granted_at = timezone.now() if granted_by else None
    accommodation.full_clean()
    accommodation.save()
    return accommodation


def accommodation_for(user: User) -> tuple[Decimal, int]:
    """The factor and the extra minutes that a sitting begun now gets; one query."""
    found = Accommodation.objects.filter(user=user).values_list("multiplier", "extra_minutes").first()
    return found or NO_EXTRA_TIME


# ---- backgrounds -------------------------------------------------------------------------------------------


@transaction.atomic
def give_background(*, user: User, first_language: str, practice_years: str) -> Background:
    """Keep what a person says of themselves, and that they agreed to its use just now."""
    background, _ = Background.objects.update_or_create(
        user=user,
        defaults={
            "first_language": first_language,
            "practice_years": practice_years,
            "consented_at": timezone.now(),
        },
    )
    return background


def withdraw_background(*, user: User) -> bool:
    """Take the consent back, which deletes what was said; returns whether there was anything."""
    removed, _ = Background.objects.filter(user=user).delete()
    return removed > 0
