"""Forms of unseen questions, made before anybody begins."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.utils import timezone

from cohorts.models import Membership
from cohorts.services import attending, preparing
from exams.models import Form, Seat
from exams.services import bank, pool
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt
from tests.factories import sat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_was_tried():
    cache.clear()


@pytest.fixture
def cohort(exam):
    return a_cohort(exam)


@pytest.fixture
def veteran(cohort, exam):
    """A member who has sat every form of the pool."""
    person = a_member(cohort)
    for form in Form.objects.pool().filter(exam=exam):
        sat(person, exam, form=form)
    return person


def test_what_was_seen_is_counted_form_by_form(exam, cohort, veteran):
    other = a_member(cohort)
    first, second = Form.objects.pool().filter(exam=exam)
    sat(other, exam, form=first)
    seen = bank.seen_on_forms(exam=exam, users=[veteran.pk, other.pk])
    shared = len({*_questions(first)} & {*_questions(second)})
    assert seen[veteran.pk, first.pk] == seen[veteran.pk, second.pk] == seen[other.pk, first.pk] == 65
    assert seen.get((other.pk, second.pk), 0) == shared
    for person in (veteran, other):
        best = pool.rank(user=person, exam=exam)[0][0]
        assert preparing.fewest_seen(exam=exam, users=[person.pk]) == {person.pk: best}


def _questions(form):
    return Seat.objects.filter(form=form).values_list("revision__question_id", flat=True)


def test_a_form_is_made_for_whom_the_pool_would_show_too_much(exam, cohort, veteran):
    """And it is what they begin on; whoever has seen nothing gets none."""
    fresh = a_member(cohort)
    assignment, now = an_assignment(cohort, form_rule="unseen"), timezone.now()
    standing = preparing.standing_of(assignment)
    assert (standing.waiting, standing.ready, standing.total) == ((veteran.pk,), frozenset({fresh.pk}), 2)
    made = preparing.prepare(now=now)
    mine = Form.objects.pending_for(veteran.pk).first()
    after = preparing.standing_of(assignment)
    if mine is None:  # the bank holds nothing better: said, and not tried at every tick
        assert (made, after.best_there_is, after.waiting) == (0, frozenset({veteran.pk}), ())
        return
    assert (made, after.ready, after.waiting) == (1, frozenset({veteran.pk, fresh.pk}), ())
    assert preparing.prepare(now=now) == 0
    assert attending.begin(assignment=assignment, user=veteran).form == mine
    assert not Form.objects.pending_for(fresh.pk).exists()


def test_when_the_bank_has_nothing_better_it_is_not_tried_again_at_once(exam, cohort, veteran):
    """Everything but what stands on the forms of the pool is withdrawn, so nothing can be assembled."""
    used = Seat.objects.filter(form__exam=exam).values("revision")
    exam.standings.exclude(revision__in=used).delete()
    assignment = an_assignment(cohort, form_rule="unseen")
    assert preparing.prepare(now=timezone.now()) == 0
    standing = preparing.standing_of(assignment)
    assert (standing.best_there_is, standing.waiting) == (frozenset({veteran.pk}), ())
    assert attending.begin(assignment=assignment, user=veteran).form.state == Form.State.POOL


def test_nothing_is_made_where_nobody_may_begin(exam, cohort, veteran):
    now = timezone.now()
    assignment = an_assignment(cohort, form_rule="unseen")
    Membership.objects.filter(user=veteran).update(left_at=now)
    assert preparing.standing_of(assignment).total == 0
    Membership.objects.filter(user=veteran).update(left_at=None)
    an_attempt(assignment, veteran)
    assert preparing.standing_of(assignment).total == 0
    an_assignment(cohort, form_rule="unseen", opens_at=now - 9 * HOUR, start_by=now - HOUR)
    an_assignment(cohort, form_rule="unseen", cancelled_at=now)
    an_assignment(cohort, form_rule="pool")
    assert preparing.prepare(now=now) == 0
    assert not Form.objects.pending_for(veteran.pk).exists()


@pytest.mark.parametrize("members", [1, 4])
def test_where_it_stands_takes_a_constant_number_of_statements(exam, cohort, members, django_assert_num_queries):
    for _ in range(members):
        a_member(cohort)
    assignment = an_assignment(cohort, form_rule="unseen")
    assert assignment.cohort.exam
    with django_assert_num_queries(9):
        assert preparing.standing_of(assignment).total == members
