"""What this room holds about a person, with what allauth and Django's admin keep beside it."""

from __future__ import annotations

import datetime as dt
import re
from importlib import import_module

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet

from accounts.models import ERASED_NAME, Accommodation, Background, User
from accounts.privacy import Holding, Parting, Sections, Subject, rows
from accounts.retention import accounts as tidy
from operations.models import DeadLetter, Heartbeat


def collect(subject: Subject, now: dt.datetime) -> Sections:
    """Everything but secrets: the password's hash, the authenticator's seed, codes and session keys stay here."""
    user = subject.user
    if user is None:
        return {}
    return {
        "Account": [
            {
                "name": user.display_name, "e-mail address": user.email, "time zone": user.time_zone,
                "since": user.date_joined, "last sign-in": user.last_login, "may use the admin": user.is_staff,
                "superuser": user.is_superuser, "active": user.is_active, "password": "kept as a hash only",
                "told that the account is unused": user.warned_at,
            }
        ],
        "E-mail addresses": rows(
            EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified", "primary")
        ),
        "Roles": [
            *rows(user.groups.order_by("name").values("name")),
            *rows(user.user_permissions.order_by("pk").values("name")),
        ],
        "Extra time": rows(
            Accommodation.objects.filter(user=user).values("multiplier", "extra_minutes", "granted_at", "updated_at")
        ),
        "Extra time you granted": rows(
            Accommodation.objects.filter(granted_by=user).order_by("pk").values("granted_at")
        ),
        "What you told about yourself": rows(
            Background.objects.filter(user=user).values("first_language", "practice_years", "consented_at")
        ),
        "Two-factor authentication": rows(
            Authenticator.objects.filter(user=user).order_by("pk").values("type", "created_at", "last_used_at")
        ),
        "Signed in at": rows(
            UserSession.objects.filter(user=user).order_by("pk").values("created_at", "ip", "user_agent")
        ),
        "What you did in the admin": rows(
            LogEntry.objects.filter(user=user).order_by("pk").values("action_time", "content_type__model")
        ),
        "What was done to you in the admin": rows(
            _naming(subject).order_by("pk").values("action_time", "content_type__model", "change_message")
        ),
    }  # fmt: skip


def _naming(subject: Subject) -> QuerySet[LogEntry]:
    """Entries of the admin's log about this person, or that hold an address of theirs."""
    found = Q(pk=None)
    for address in subject.addresses:
        whole = rf"(^|[^\w.+-]){re.escape(address)}($|[^\w-])"  # and not the end of a longer one
        found |= Q(object_repr__iregex=whole) | Q(change_message__iregex=whole)
    if subject.user is not None:
        found |= Q(content_type=ContentType.objects.get_for_model(User), object_id=str(subject.user.pk))
    return LogEntry.objects.filter(found)


def erase(parting: Parting) -> None:
    user = parting.subject.user
    _naming(parting.subject).update(object_repr=ERASED_NAME, object_id=None, change_message="")
    if user is None:
        return
    keys = list(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    for key in keys:
        store.delete(key)


HOLDING = Holding(
    room="accounts",
    covers={
        User: "Account", User.groups.through: "Roles", User.user_permissions.through: "Roles",
        EmailAddress: "E-mail addresses", Accommodation: "Extra time", Background: "What you told about yourself",
        Authenticator: "Two-factor authentication", UserSession: "Signed in at",
        LogEntry: "What you did in the admin",
    },
    impersonal={
        EmailConfirmation: "not used: the links in mails are signed and kept nowhere",
        Session: "told as where somebody is signed in; it holds the person’s number, signed, and goes with that",
        **dict.fromkeys((Group, Group.permissions.through, Permission), "what roles may do"),
        ContentType: "names of tables",
        DeadLetter: "what work failed, of which kind and where; never a value. What its ids name has its own rows",
        Heartbeat: "when work was last begun",
    },
    collect=collect,
    erase=erase,
    tidy=tidy,
)  # fmt: skip
