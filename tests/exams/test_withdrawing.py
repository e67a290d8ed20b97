"""A withdrawn question leaves every form that nobody has begun at once; running sittings keep it."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from exams.models import Form, Seat, Sitting
from exams.services import bank, freezing, pool, sittings, withdrawing
from psychometrics.assembly import Draft
from questions.models import Exam, Revision
from questions.services import publishing
from questions.services.base import NotAnAuthor, Refused
from tests.factories import UserFactory, begin, close
from tests.questions.studio import REASON, an_author, trail
from tests.together import together

pytestmark = pytest.mark.django_db


def shown_by(form: Form) -> Revision:
    """A question of this form and no other."""
    elsewhere = Seat.objects.exclude(form=form).values("revision")
    seat = form.seats.exclude(revision__in=elsewhere).select_related("revision__question").order_by("number")[0]
    return seat.revision


def withdraw(revision: Revision, by=None) -> withdrawing.Withdrawal:
    return withdrawing.withdraw(question=revision.question, reason=REASON, by=by or an_author())


def test_forms_with_it_leave_the_pool_and_others_stay(exam):
    gone, stays = Form.objects.pool().filter(exam=exam).order_by("number")
    done = withdraw(shown_by(gone))
    assert (done.forms, done.exams, done.revision.state) == ((gone,), (exam,), "retired")
    assert list(Form.objects.pool().filter(exam=exam)) == [stays]
    assert bank.reference_form(exam) == gone  # it goes on carrying the cut
    assert begin(UserFactory(), exam).form == stays


def test_a_personal_form_that_waits_is_taken_off_and_one_that_was_begun_is_not(exam):
    form = Form.objects.pool().filter(exam=exam).order_by("number")[0]
    revision = shown_by(form)
    people = [UserFactory(), UserFactory()]
    draft = Draft(
        scored=tuple(form.seats.filter(scored=True).values_list("revision", flat=True)),
        unscored=tuple(form.seats.filter(scored=False).values_list("revision", flat=True)),
    )
    waiting, begun = (freezing.freeze(exam=exam, draft=draft, seed=1, owner=person) for person in people)
    Form.objects.filter(pk=begun.pk).update(state=Form.State.PERSONAL)
    assert set(withdraw(revision).forms) == {form, waiting}
    begun.refresh_from_db()
    assert begun.state == "personal"


def test_running_sittings_keep_it_to_their_end_and_the_reach_says_how_many(exam):
    form = Form.objects.pool().filter(exam=exam).order_by("number")[0]
    running, closed = begin(UserFactory(), exam, form), close(begin(UserFactory(), exam, form))
    given_up = begin(UserFactory(), exam, form)
    sittings.abandon(sitting_id=given_up.pk, user_id=given_up.user_id)
    assert closed.state in ("ended", "closed")
    Sitting.objects.filter(pk=closed.pk).update(state="closed", closed_at=closed.ended_at)
    revision = shown_by(form)
    done = withdraw(revision)
    assert done.reach == withdrawing.Reach(running=1, closed=1)
    assert running.form.seats.filter(revision=revision).exists()
    assert close(running).state in ("ended", "closed")


def test_older_wordings_of_it_go_too(exam):
    form = Form.objects.pool().filter(exam=exam).order_by("number")[0]
    revision = shown_by(form)
    Revision.objects.filter(pk=revision.pk).update(state="superseded")
    Revision.objects.create(
        question=revision.question, number=2, state="published", kind=revision.kind, published_at=revision.published_at
    )
    assert withdraw(revision).forms == (form,)


def test_a_question_that_was_retired_a_moment_ago_leaves_the_pool_too(exam):
    form = Form.objects.pool().filter(exam=exam).order_by("number")[0]
    revision = shown_by(form)
    publishing.retire(question=revision.question, reason=REASON, by=an_author())
    assert form in Form.objects.pool()
    done = withdraw(revision)
    assert (done.forms, done.revision, done.revision.state) == ((form,), revision, "retired")
    assert trail(revision.question) == ["retire", "withdraw"]
    with pytest.raises(Refused, match="not published"):
        withdraw(revision)


def test_the_pool_is_filled_again_without_it(exam, settings):
    settings.FORM_POOL_SIZE = 2
    revision = shown_by(Form.objects.pool().filter(exam=exam).order_by("number")[1])
    done = withdraw(revision)
    assert withdrawing.replace(exams=done.exams) == {}
    pooled = Form.objects.pool().filter(exam=exam)
    assert pooled.count() == 2
    assert not pooled.filter(seats__revision__question=revision.question).exists()


def test_what_is_missing_is_named_when_the_bank_is_too_small(exam, settings):
    settings.FORM_POOL_SIZE = 3
    Revision.objects.filter(kind="ordering").update(state="retired")
    Form.objects.filter(exam=exam, state="pool").update(state="retired")
    assert "ordering" in withdrawing.replace(exams=[exam])[exam.code]


def test_a_form_is_not_made_of_what_is_out_of_use(exam):
    """Assembly solves for seconds; what was withdrawn meanwhile is found when the form is written."""
    plan = pool.plan(exam=exam, forms=1, seed=3, disjoint=False)
    revision = Revision.objects.select_related("question").get(pk=plan.drafts[0].scored[0])
    publishing.withdraw(question=revision.question, reason=REASON, by=an_author())
    with pytest.raises(freezing.Gone), transaction.atomic():
        freezing.freeze(exam=exam, draft=plan.drafts[0], seed=3)


def test_only_authors_withdraw(exam):
    revision = shown_by(Form.objects.pool().filter(exam=exam)[0])
    with pytest.raises(NotAnAuthor):
        withdraw(revision, by=UserFactory())
    assert Form.objects.pool().filter(exam=exam).count() == 2


@pytest.mark.django_db(transaction=True)
def test_whoever_begins_while_a_question_is_withdrawn_gets_another_form(exam: Exam):
    gone, stays = Form.objects.pool().filter(exam=exam).order_by("number")
    author, results = an_author(), []
    # This person has met the other form, so that this one would be theirs.
    user = UserFactory()
    sittings.abandon(sitting_id=begin(user, exam, stays).pk, user_id=user.pk)

    def start() -> None:
        try:
            results.append(sittings.begin(user=user, exam=exam).form)
        finally:
            connection.close()

    with transaction.atomic():
        withdraw(shown_by(gone), by=author)
        waiting = threading.Thread(target=start)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(30)
    assert results == [stays]


@pytest.mark.django_db(transaction=True)
def test_beginning_and_withdrawing_at_once_is_one_or_the_other(exam: Exam):
    form, _ = Form.objects.pool().filter(exam=exam).order_by("number")
    author, people, revision = an_author(), [UserFactory() for _ in range(4)], shown_by(form)
    done, *begun = together(
        lambda: withdraw(revision, by=author),
        *(lambda user=user: sittings.begin(user=user, exam=exam) for user in people),
    )
    assert isinstance(done, withdrawing.Withdrawal)
    with_it = [one for one in begun if isinstance(one, Sitting) and one.form_id == form.pk]
    assert all(isinstance(one, Sitting) for one in begun)
    assert len(with_it) == done.reach.running
