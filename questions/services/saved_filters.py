"""Keeping and dropping an author's filters."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from questions.models import SavedFilter
from questions.services.base import Refused

MOST = 50
LONGEST_NAME = 60
LONGEST_QUERY = 2000


class NotSaved(Refused):
    """Why a filter was not kept, in one sentence."""


def save_filter(*, owner: User, name: str, query: str) -> SavedFilter:
    """Keep `query` under the name; a filter of that name is replaced. Raises NotSaved."""
    name = " ".join(name.split())
    if not name:
        raise NotSaved("Give the filter a name.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise NotSaved(f"A name has at most {LONGEST_NAME} characters, all of them printable.")
    if not query:
        raise NotSaved("Nothing is filtered yet, so there is nothing to save.")
    if len(query) > LONGEST_QUERY:
        raise NotSaved("This filter is too long to be saved. Shorten the search.")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # two windows must not pass the limit together
        others = SavedFilter.objects.filter(owner=owner).exclude(name=name)
        if others.count() >= MOST:
            raise NotSaved(f"You have {MOST} saved filters, which is the most. Remove one first.")
        saved, _ = SavedFilter.objects.update_or_create(owner=owner, name=name, defaults={"query": query})
    return saved


def remove_filter(*, owner: User, filter_id: int) -> str:
    """Drop one of the owner's filters and return its name. Raises SavedFilter.DoesNotExist for anybody else's."""
    found = SavedFilter.objects.get(pk=filter_id, owner=owner)
    found.delete()
    return found.name
