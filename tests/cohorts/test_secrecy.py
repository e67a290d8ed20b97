"""Which questions instructors may read: not while somebody may still answer them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from cohorts.models import Arrangement, Assignment, Membership
from cohorts.reports.secrecy import may_show_keys
from cohorts.services import attending
from exams.models import Sitting
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt
from tests.factories import begin, close

pytestmark = pytest.mark.django_db


@pytest.fixture
def cohort(exam):
    return a_cohort(exam)


def questions_of(form) -> set[int]:
    return set(form.seats.values_list("revision__question_id", flat=True))


def shown(attempt) -> int:
    """How many of the attempt's questions may be read."""
    questions = questions_of(attempt.sitting.form)
    return len(may_show_keys(cohort=attempt.assignment.cohort, questions=questions, now=timezone.now()))


@pytest.mark.parametrize(
    ("rule", "open_now"),
    [
        ({"review": "at_once"}, True),
        ({"review": "at_end"}, False),
        ({"review": "held"}, False),
        ({"review": "at_once", "results": "held"}, False),
    ],
)
def test_they_open_with_the_review_or_when_the_window_is_over(cohort, rule, open_now):
    attempt = an_attempt(an_assignment(cohort, **rule), a_member(cohort))
    whole = len(questions_of(attempt.sitting.form))
    assert shown(attempt) == (whole if open_now else 0)
    Assignment.objects.update(start_by=timezone.now(), end_by=timezone.now())
    assert shown(attempt) == whole


def test_a_longer_window_of_one_person_keeps_them_shut(cohort):
    attempt = an_attempt(an_assignment(cohort, review="held"), a_member(cohort))
    now = timezone.now()
    Assignment.objects.update(start_by=now, end_by=now)
    Arrangement.objects.create(
        assignment=attempt.assignment, user=a_member(cohort), end_by=now + HOUR, start_by=now, changed_at=now
    )
    assert shown(attempt) == 0


def test_what_a_member_sits_is_shut_even_in_private(cohort, exam):
    attempt = an_attempt(an_assignment(cohort, review="at_once"), a_member(cohort))
    other = a_member(cohort)
    practice = begin(other, exam, form=attempt.sitting.form)
    assert shown(attempt) == 0
    Membership.objects.filter(user=other).update(left_at=timezone.now())
    assert shown(attempt) > 0  # no member any more, and nothing of this cohort
    Membership.objects.filter(user=other).update(left_at=None)
    close(practice)
    Sitting.objects.filter(pk=practice.pk).update(state="closed", closed_at=timezone.now())
    assert shown(attempt) > 0


def test_an_open_attempt_of_somebody_who_left_keeps_them_shut(cohort):
    assignment, gone = an_assignment(cohort, review="at_once"), a_member(cohort)
    attempt = an_attempt(assignment, a_member(cohort))
    running = attending.begin(assignment=assignment, user=gone)
    Sitting.objects.filter(pk=running.pk).update(form=attempt.sitting.form)
    Membership.objects.filter(user=gone).update(left_at=timezone.now())
    assert shown(attempt) == 0


def test_questions_that_another_form_repeats_are_shut_alone(cohort, exam):
    one, two = exam.forms.order_by("pk")[:2]
    attempt = an_attempt(an_assignment(cohort, review="at_once", form_rule="fixed", form=one), a_member(cohort))
    Assignment.objects.update(start_by=timezone.now())
    assert shown(attempt) == len(questions_of(one))
    an_assignment(cohort, form_rule="fixed", form=two, opens_at=timezone.now() + HOUR)
    assert shown(attempt) == len(questions_of(one) - questions_of(two))


def test_a_form_that_all_are_still_to_sit_is_shut_until_nobody_may_begin(cohort, exam):
    form = exam.forms.order_by("pk").first()
    attempt = an_attempt(an_assignment(cohort, review="at_once", form_rule="fixed", form=form), a_member(cohort))
    assert shown(attempt) == 0
    Assignment.objects.update(cancelled_at=timezone.now())
    assert shown(attempt) > 0


def test_it_takes_one_statement(cohort, django_assert_num_queries):
    attempt = an_attempt(an_assignment(cohort), a_member(cohort))
    questions = questions_of(attempt.sitting.form)
    with django_assert_num_queries(1):
        may_show_keys(cohort=cohort, questions=questions, now=timezone.now())
