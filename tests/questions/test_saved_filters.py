"""Saved filters belong to one author, have names, and are not endless."""

from __future__ import annotations

import pytest

from questions.models import SavedFilter
from questions.services import saved_filters
from questions.services.saved_filters import NotSaved, remove_filter, save_filter
from tests.factories import UserFactory


def test_a_filter_is_kept_under_its_name_and_replaced(user):
    save_filter(owner=user, name="  My \t drafts ", query="state=draft")
    save_filter(owner=user, name="My drafts", query="state=draft&kind=ordering")
    assert list(SavedFilter.objects.values_list("owner", "name", "query")) == [
        (user.pk, "My drafts", "state=draft&kind=ordering")
    ]


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [(" ", "q=a", "name"), ("x" * 61, "q=a", "60"), ("a\u202eb", "q=a", "printable"), ("A", "", "Nothing is filtered"),
     ("A", "q=" + "a" * 2000, "too long")],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(user, name, query, said):
    with pytest.raises(NotSaved, match=said):
        save_filter(owner=user, name=name, query=query)
    assert not SavedFilter.objects.exists()


def test_there_is_a_most(user, monkeypatch):
    monkeypatch.setattr(saved_filters, "MOST", 2)
    for name in ("A", "B"):
        save_filter(owner=user, name=name, query="q=a")
    save_filter(owner=user, name="B", query="q=b")
    with pytest.raises(NotSaved, match="2 saved filters"):
        save_filter(owner=user, name="C", query="q=c")


def test_only_its_owner_removes_a_filter(user):
    saved = save_filter(owner=user, name="A", query="q=a")
    with pytest.raises(SavedFilter.DoesNotExist):
        remove_filter(owner=UserFactory(), filter_id=saved.pk)
    assert remove_filter(owner=user, filter_id=saved.pk) == "A"
    assert not SavedFilter.objects.exists()
