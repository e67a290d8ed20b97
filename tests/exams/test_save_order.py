"""Whatever the order of saves, losses, duplicates and takeovers: the stored answers equal the model's winners."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from exams.models import Answer, KeptChange, Sitting
from exams.services import saving, sittings
from exams.services.changes import Change, Outcome
from questions.models import Exam
from tests.factories import begin, change

SEATS = (1, 2, 3)


@dataclass
class Window:
    """A browser window: numbers its changes and knows the versions that it has been told."""

    claim: int
    made: list[Change] = field(default_factory=list)
    versions: dict[int, int] = field(default_factory=dict)


@dataclass
class Stored:
    """The model of a seat: what the rules say must stand there."""

    claim: int = 0
    sequence: int = 0
    version: int = 0
    flagged: bool = False


steps = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(0, 3), st.sampled_from(SEATS), st.booleans()),
        st.tuples(st.just("deliver"), st.integers(0, 3), st.integers(0, 30), st.integers(1, 3)),
        st.tuples(st.just("take over"), st.just(0), st.just(0), st.just(0)),
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.django_db
@settings(max_examples=60)
@given(script=steps)
def test_stored_answers_equal_the_models_winners(script, exam_and_user):
    sitting = fresh(*exam_and_user)
    windows = [Window(1)]
    model = {seat: Stored() for seat in SEATS}
    arrived: set[tuple[int, int]] = set()
    conflicts: set[tuple[int, int]] = set()
    for action, who, what, extra in script:
        window = windows[who % len(windows)]
        if action == "take over":
            windows.append(Window(sittings.claim(sitting_id=sitting.pk, user_id=sitting.user_id).claim))
        elif action == "answer":
            base = window.versions.get(what, 0)
            window.made.append(change(what, [], sequence=len(window.made) + 1, base=base, flagged=bool(extra)))
        elif window.made:
            start = what % len(window.made)
            packet = window.made[start : start + int(extra)]
            receipt = saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=window.claim, changes=packet)
            assert set(receipt.outcomes) == {made.sequence for made in packet}
            expect(packet, window.claim, len(windows), model, arrived, conflicts, receipt.outcomes)
            window.versions |= receipt.versions
    rows = {answer.seat: answer for answer in Answer.objects.filter(sitting=sitting)}
    assert {seat: (row.claim, row.sequence, row.version, row.flagged) for seat, row in rows.items()} == {
        seat: (row.claim, row.sequence, row.version, row.flagged) for seat, row in model.items() if row.version
    }
    assert set(KeptChange.objects.filter(sitting=sitting).values_list("claim", "sequence")) == conflicts


def expect(packet, claim, newest, model, arrived, conflicts, outcomes):
    """Apply a packet to the model and compare what became of each change."""
    fresh_ones = [made for made in packet if (claim, made.sequence) not in arrived]
    last = {made.seat: made for made in fresh_ones}
    for made in packet:
        if made not in fresh_ones:
            assert outcomes[made.sequence] is Outcome.DUPLICATE
    for made in fresh_ones:
        arrived.add((claim, made.sequence))
        row = model[made.seat]
        if last[made.seat] is not made or (row.claim == claim and row.sequence > made.sequence):
            wanted = Outcome.SUPERSEDED
        else:
            wanted = Outcome.APPLIED  # nobody has answered anything, so that at most flags meet
            newer_flag = not (claim == newest or row.claim == claim or made.base >= row.version)
            flagged = row.flagged if newer_flag else made.flagged
            row.claim, row.sequence, row.version, row.flagged = claim, made.sequence, row.version + 1, flagged
        assert outcomes[made.sequence] is wanted


@pytest.fixture
def exam_and_user(exam: Exam, user: User) -> tuple[Exam, User]:
    return exam, user


def fresh(exam: Exam, user: User) -> Sitting:
    """Examples share one transaction, so each begins on an empty desk."""
    Sitting.objects.filter(user=user).delete()
    return begin(user, exam)
