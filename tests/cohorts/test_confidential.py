"""Whose wording and keys the pages of results hold back."""

from __future__ import annotations

import html

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Arrangement, Assignment
from cohorts.reports.confidential import withheld_of
from cohorts.services import attending
from exams.models import Sitting
from tests.cohorts.classes import DAY, a_class, an_ended_assignment
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_instructor
from tests.factories import begin

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db):
    return an_instructor()


@pytest.fixture
def cohort(exam, owner):
    return a_cohort(exam, owner)


def held(cohort, form, at=None):
    revisions = list(form.seats.values_list("revision_id", flat=True))
    withheld = withheld_of(cohort, revisions, now=at or timezone.now())
    return {revision in withheld for revision in revisions}


def forms_of(exam):
    """Two forms; what is on both is left to the rule."""
    return exam.forms.get(reference=True), exam.forms.get(reference=False)


def test_what_the_cohort_may_still_draw_from_the_pool_is_withheld_until_it_ends(exam, cohort):
    first, _ = forms_of(exam)
    assert held(cohort, first) == {False}
    assignment = an_assignment(cohort)
    assert held(cohort, first) == {True}
    assert held(cohort, first, at=assignment.end_by + HOUR) == {False}
    Arrangement.objects.create(
        assignment=assignment, user=a_member(cohort), end_by=assignment.end_by + DAY, changed_at=timezone.now()
    )
    assert held(cohort, first, at=assignment.end_by + HOUR) == {True}
    Assignment.objects.update(cancelled_at=timezone.now())
    assert held(cohort, first) == {False}


def test_a_fixed_form_is_withheld_for_every_cohort_and_the_pool_of_others_is_not(exam, cohort):
    first, second = forms_of(exam)
    other = a_cohort(exam)
    an_assignment(other)
    assert held(cohort, first) == {False}
    Assignment.objects.all().delete()
    an_assignment(other, form_rule="fixed", form=first, opens_at=timezone.now() + HOUR)
    assert held(cohort, first) == {True}
    shared = set(first.seats.values_list("revision_id")) & set(second.seats.values_list("revision_id"))
    assert held(cohort, second) == ({True, False} if shared else {False})


def test_a_form_that_somebody_sits_for_an_assignment_is_withheld_and_own_practice_tells_nothing(exam, cohort):
    first, _ = forms_of(exam)
    begin(a_member(cohort), exam, first)
    assert held(cohort, first) == {False}
    other = a_cohort(exam)
    sitting = attending.begin(assignment=an_assignment(other, form_rule="fixed", form=first), user=a_member(other))
    Assignment.objects.all().update(cancelled_at=timezone.now())
    assert held(cohort, first) == {True}
    # Ended, but what was answered in time may still arrive.
    now = timezone.now()
    Sitting.objects.filter(pk=sitting.pk).update(state="ended", ended_at=now, closes_at=now, end_reason="deadline")
    assert held(cohort, first) == {True}
    Sitting.objects.filter(pk=sitting.pk).update(state="closed", closed_at=now)
    assert held(cohort, first) == {False}


def test_the_pages_show_words_only_while_they_may(client, exam, owner):
    cohort = a_class(exam, 12, owner=owner)
    client.force_login(owner)
    listing = client.get(reverse("cohort_items", args=[cohort.pk])).context["listing"]
    one = next(one for one in listing if one.distractor and one.item.kind == "multiple_choice")
    address = reverse("cohort_item", args=[cohort.pk, one.item.revision_id])
    shown = client.get(address).content.decode()
    listed = html.unescape(client.get(reverse("cohort_items", args=[cohort.pk])).content.decode())
    assert one.distractor.words in listed
    assert "Key and rationales" in shown
    an_ended_assignment(cohort)
    assert "Key and rationales" in client.get(address).content.decode()
    an_assignment(cohort)
    for page in (address, reverse("cohort_items", args=[cohort.pk])):
        hidden = client.get(page)
        assert hidden.status_code == 200
        words = html.unescape(hidden.content.decode())
        assert "withheld" in words.lower()
        assert one.distractor.words not in words
        assert "Key and rationales" not in words
        assert one.item.public_id in words
