"""Old sittings lose their person, and old timelines go: RETENTION_SITTINGS_DAYS and RETENTION_TIMELINE_DAYS."""

from __future__ import annotations

import datetime as dt
import time

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts import privacy
from accounts.models import ERASED_DOMAIN, User
from accounts.retention import PEOPLE, SECONDS, before
from exams.models import Claim, Event, KeptChange, Notice, Presence, Sitting

BATCH = 200  # sittings whose timelines go in one transaction
OVER = Coalesce("closed_at", "ended_at", "started_at")
COURSE = (Event, Claim, KeptChange, Notice, Presence)


def tidy(now: dt.datetime) -> dict[str, int]:
    return {"timelines": _timelines(now), "people's sittings": _sittings(now)}


def _timelines(now: dt.datetime) -> int:
    """Everything that tells the course of a sitting; its answers and result stay."""
    until = before("TIMELINE", now)
    if until is None:
        return 0
    told = Exists(Event.objects.filter(sitting=OuterRef("pk")))
    old = Sitting.objects.exclude(state__in=Sitting.UNCLOSED).annotate(over=OVER).filter(told, over__lt=until)
    done, started = 0, time.monotonic()
    while time.monotonic() < started + SECONDS:
        with transaction.atomic():
            # Locked against reopening; what somebody else holds is left to the next run.
            locked = old.order_by("pk").select_for_update(of=("self",), skip_locked=True)
            batch = list(locked.values_list("pk", flat=True)[:BATCH])
            if not batch:
                break
            privacy.evidence_may_change()
            for model in COURSE:
                model._default_manager.filter(sitting__in=batch).delete()
            done += len(batch)
    return done


def _sittings(now: dt.datetime) -> int:
    """Take all sittings off whoever has sat none since; returns off how many people.

    All together and each person's under a name of their own: a first sitting stays a first one, and a repeat a repeat.
    """
    until = before("SITTINGS", now)
    if until is None:
        return 0
    done, started = 0, time.monotonic()
    for number in _resting(until)[:PEOPLE]:
        if time.monotonic() > started + SECONDS:
            break
        with transaction.atomic():
            user = User.objects.select_for_update().filter(pk=number).first()
            if user is None or not _resting(until).filter(user=number).exists():
                continue
            parting = privacy.leave(privacy.about(user), now=now)
            Sitting.objects.filter(pk__in=list(parting.renamed)).delete()
        done += 1
    return done


def _resting(until: dt.datetime) -> QuerySet[Sitting, int]:
    """People whose last sitting was over before that."""
    real = Sitting.objects.real().exclude(user__email__endswith=f"@{ERASED_DOMAIN}").order_by()
    newest = real.values("user").annotate(
        newest=Max(OVER), unclosed=Count("pk", filter=Q(state__in=Sitting.UNCLOSED))
    )  # fmt: skip
    return newest.filter(newest__lt=until, unclosed=0).values_list("user", flat=True)
