"""Regrades that are refused, each with one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from exams.models import Form, Seat
from questions.models import Standing
from scoring import regrading
from scoring.models import Regrade
from tests.factories import UserFactory, wrong_of
from tests.scoring.corrections import REASON, a_seat, act, look, old_key

KINDS = ("multiple_choice", "multiple_response", "ordering", "matching")


@pytest.fixture
def form(exam):
    return Form.objects.get(exam=exam, reference=True)


def test_reasons_are_kept_as_given(exam, form):
    by = UserFactory()
    regrade = act(a_seat(form), reason=f"  {REASON}\n", by=by)
    assert (regrade.reason, regrade.made_by, regrade.losing_reason) == (REASON, by, "")
    assert regrade.summary == {
        "forms": regrade.tables.count(), "results": 0, "up": 0, "down": 0, "gained": 0, "lost": 0, "simulated": 0
    }  # fmt: skip


@pytest.mark.parametrize("reason", ["", "too short", " " * 40, "x" * 501])
def test_a_reason_is_needed(exam, form, reason):
    with pytest.raises(regrading.CannotRegrade, match="characters why the question is regraded"):
        act(a_seat(form), reason=reason)


def test_an_unknown_act_is_refused(exam, form):
    with pytest.raises(regrading.CannotRegrade, match="either corrects the key or removes"):
        look(a_seat(form), "delete")


def test_the_present_key_is_no_correction(exam, form):
    seat = a_seat(form, kind="multiple_response")
    with pytest.raises(regrading.CannotRegrade, match="the key already"):
        look(seat, keys=[old_key(seat)[::-1]])


HOSTILE: list[tuple[Any, str]] = [
    (None, "which answer"), ([], "which answer"), ("1", "which answer"), ([[]], "has 1 part"), ([1], "option numbers"),
    ([["1"]], "option numbers"), ([[True]], "option numbers"), ([[1.0]], "option numbers"), ([[0]], "does not have"),
    ([[5]], "does not have"), ([[-1]], "does not have"), ([[10**40]], "does not have"), ([[1, 2]], "one option"),
    ([[[1]]], "option numbers"), ([["<b>"]], "option numbers"), ([[1], [1]], "named twice"),
    ([[1]] * 11, "At most 10"), ({"1": 1}, "which answer"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "why"), HOSTILE)
def test_an_impossible_key_is_refused(exam, form, keys, why):
    with pytest.raises(regrading.CannotRegrade, match=why) as refused:
        look(a_seat(form), keys=keys)
    assert str(refused.value).count(".") == 1


@pytest.mark.parametrize(
    ("kind", "spoilt", "why"),
    [
        ("multiple_response", lambda key: key[:-1], "has . parts"),
        ("multiple_response", lambda key: [*key, key[0]], "names an option twice"),
        ("ordering", lambda key: key[:-1], "has . parts"),
        ("ordering", lambda key: [key[0], *key[:-1]], "names an option twice"),
        ("matching", lambda key: key[:-1], "takes . matches"),
        ("matching", lambda key: [*key[:-1], 99], "does not have"),
    ],
)
def test_an_incomplete_key_is_refused(exam, form, kind, spoilt, why):
    seat = a_seat(form, kind=kind)
    with pytest.raises(regrading.CannotRegrade, match=why):
        look(seat, keys=[spoilt(old_key(seat))])


def test_a_removed_question_has_no_key(exam, form):
    with pytest.raises(regrading.CannotRegrade, match="no key to correct"):
        look(a_seat(form), Regrade.Act.REMOVED, keys=[[1]])


def test_one_standing_regrade_for_each_question(exam, form):
    seat = a_seat(form)
    act(seat)
    with pytest.raises(regrading.CannotRegrade, match="regraded already"):
        act(seat, Regrade.Act.REMOVED)
    assert form.tables.count() == 2


def test_a_revision_that_stands_nowhere_is_refused(exam):
    used = Seat.objects.filter(form__exam=exam).values("revision")
    free = Standing.objects.filter(exam=exam).exclude(revision__in=used)[0].revision
    with pytest.raises(regrading.CannotRegrade, match="stands on no form of MLA-C01"):
        regrading.preview(exam=exam, revision=free, act=Regrade.Act.REMOVED)


def test_an_unscored_question_need_not_be_removed(exam, form):
    seats = Seat.objects.filter(form__exam=exam)
    seat = next(s for s in seats.filter(scored=False) if not seats.filter(revision=s.revision_id, scored=True).exists())
    with pytest.raises(regrading.CannotRegrade, match="counts on no form"):
        look(seat, Regrade.Act.REMOVED)


def test_a_domain_keeps_a_question(exam, form):
    seat = a_seat(form)
    same = form.seats.filter(scored=True, task__domain=seat.task.domain_id).exclude(pk=seat.pk)
    same.update(scored=False)
    with pytest.raises(regrading.CannotRegrade, match="a domain without a question"):
        look(seat, Regrade.Act.REMOVED)


def test_wrong_answers_are_complete(form):
    """The tests rest on it: who is wrong gave something that could become the key."""
    for kind in KINDS:
        seat = a_seat(form, kind=kind)
        assert len([token for token in wrong_of(seat) if token]) == seat.slots
