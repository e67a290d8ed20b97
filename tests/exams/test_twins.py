"""Two exams that differ in nothing but what must stay secret look the same, byte for byte and statement for statement.

Keys, rationales, tasks, public ids, ratings and the choice of scored seats are changed under a sitting, and everything
that a browser may ask for is asked for again at the same moment. What differs would be a leak.
"""

from __future__ import annotations

import json
import random
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exams import protocol
from exams.models import Form, Seat, Sitting
from exams.services import saving
from questions.models import Option, Prompt, Question, Revision
from tests.factories import begin, change, key_of, wrong_of

pytestmark = pytest.mark.django_db
# What is made by chance anew for each answer: masked tokens against forged requests.
TOKEN = re.compile(rb"[A-Za-z0-9]{64}")
# Of each kind so many: one answered rightly, one wrongly, one left half done.
EACH = 3

Asked = dict[str, tuple[int, dict[str, str], bytes, list[str]]]


class Undo(Exception):
    pass


@contextmanager
def undone() -> Iterator[None]:
    """The block, and nothing of it stays."""
    try:
        with transaction.atomic():
            yield
            raise Undo
    except Undo:
        caches["sheets"].clear()


def change_secrets(form: Form, chance: random.Random) -> None:
    """Other keys, rationales, tasks, public ids, ratings and scored seats; the same wording in the same order."""
    seats = list(form.seats.order_by("number"))
    for name in ("scored", "task_id"):
        values = [getattr(seat, name) for seat in seats]
        chance.shuffle(values)
        for seat, value in zip(seats, values, strict=True):
            setattr(seat, name, value)
    while [seat.scored for seat in seats] == list(form.seats.order_by("number").values_list("scored", flat=True)):
        seats[0].scored, seats[-1].scored = not seats[0].scored, not seats[-1].scored
    Seat.objects.bulk_update(seats, ["scored", "task"])
    numbers = [seat.revision_id for seat in seats]
    options = list(Option.objects.filter(revision__in=numbers))
    by_revision: dict[int, list[Option]] = {}
    for option in options:
        by_revision.setdefault(option.revision_id, []).append(option)
        option.rationale = option.rationale_html = f"changed {chance.random()}"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # published wordings are guarded by triggers
    Option.objects.filter(revision__in=numbers).update(position=None)
    for mine in by_revision.values():
        turn = chance.randrange(1, len(mine))
        correct, position = [one.correct for one in mine], [one.position for one in mine]
        for place, one in enumerate(mine):
            one.correct, one.position = correct[place - turn], position[place - turn]
    Option.objects.bulk_update(options, ["correct", "position", "rationale", "rationale_html"])
    prompts = list(Prompt.objects.filter(revision__in=numbers).order_by("revision", "number"))
    for prompt in prompts:
        prompt.option = chance.choice(by_revision[prompt.revision_id])
        prompt.rationale = prompt.rationale_html = f"changed {chance.random()}"
    Prompt.objects.bulk_update(prompts, ["option", "rationale", "rationale_html"])
    for question in Question.objects.filter(revisions__in=numbers):
        Question.objects.filter(pk=question.pk).update(public_id=f"changed-{chance.getrandbits(40):x}")
    for pk in numbers:
        Revision.objects.filter(pk=pk).update(digest=f"{chance.getrandbits(256):064x}")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin")


def packets(sitting: Sitting) -> dict[str, Any]:
    """Bodies of saves: answers of which some are right by the key as it was, and some that are refused."""
    sequence, claim = 0, sitting.claim + 1
    found: dict[str, Any] = {}
    for kind in ("multiple_choice", "multiple_response", "ordering", "matching"):
        for place, seat in enumerate(sitting.form.seats.filter(kind=kind).order_by("number")[:EACH]):
            sequence += 1
            key = key_of(seat)
            part = (*key[:1], *[""] * (len(key) - 1)) if kind == "matching" else key[:1]
            response = [key, wrong_of(seat), part][place]
            sent = {"sequence": sequence, "seat": seat.number, "base": 0, "response": list(response), "flagged": False,
                    "spent": 5, "left": 1000}  # fmt: skip
            found[f"{kind} {place}"] = {"claim": claim, "changes": [sent]}
    first = found["multiple_choice 0"]["changes"][0]
    slips: dict[str, dict[str, Any]] = {
        "token": {"response": ["zzzz"]},
        "many": {"response": ["a"] * 11},
        "seat": {"seat": 66},
        "again": {},
        "base": {"sequence": 90, "base": 7},
        "odd": {"key": True},
    }
    for name, slip in slips.items():
        found[f"refused: {name}"] = {"claim": claim, "changes": [{"sequence": 80, **first, **slip}]}
    found["refused: claim"] = {"claim": claim + 5, "changes": [first]}
    return found


def everything(client: Client, sitting: Sitting, bodies: dict[str, Any]) -> Asked:
    """What a curious candidate gets to see of a running sitting, in an order that a browser might have."""
    asked: Asked = {}

    def ask(name: str, method: str, address: str, body: Any = None, kind: str = "application/json") -> None:
        with CaptureQueriesContext(connection) as statements:
            answer = client.generic(method, address, json.dumps(body) if body is not None else "", kind,
                                    headers={"X-Request-ID": "the-same-one"})  # fmt: skip
        headers = {key: value for key, value in answer.headers.items() if key != "Set-Cookie"}
        # Rows that come without an order are asked about in that order; PostgreSQL numbers its transactions.
        varying = r"SAVEPOINT \S+|IN \([^)]*\)|xmin = '\d+'"
        texts = [re.sub(varying, "-", query["sql"]) for query in statements.captured_queries]
        asked[name] = (answer.status_code, headers, TOKEN.sub(b"-", answer.content), texts)

    at = {name: reverse(name, args=[sitting.pk]) for name in
          ("sitting", "sitting_claim", "sitting_changes", "sitting_status", "sitting_finish", "result",
           "result_questions", "result_timeline")}  # fmt: skip
    ask("page", "GET", at["sitting"])
    ask("claim", "POST", at["sitting_claim"], {})
    for name, body in bodies.items():
        ask(name, "POST", at["sitting_changes"], body)
    ask("status", "POST", at["sitting_status"], {})
    ask("pulse", "GET", reverse("sitting_pulse", args=[sitting.pk, protocol.pulse_token(sitting.pk)]))
    ask("page with answers", "GET", at["sitting"])
    ask("review", "GET", at["sitting_finish"])
    ask("plain save", "POST", at["sitting"], "seat=1", "application/x-www-form-urlencoded")
    for name in ("result", "result_questions", "result_timeline"):
        ask(name, "GET", at[name])
    ask("one result", "GET", reverse("result_question", args=[sitting.pk, 1]))
    ask("instructions", "GET", reverse("exam_begin", args=[sitting.exam.code]))
    ask("exam", "GET", reverse("exam_detail", args=[sitting.exam.code]))
    ask("progress", "GET", reverse("progress"))
    return asked


@pytest.mark.parametrize("seed", [1, 2])
def test_twins_cannot_be_told_apart(signed_in, user, exam, seed):
    with time_machine.travel(timezone.now(), tick=False):
        sitting = begin(user, exam)
        bodies = packets(sitting)
        caches["sheets"].clear()
        with undone():
            first = everything(signed_in, sitting, bodies)
        with undone():
            change_secrets(sitting.form, random.Random(seed))
            second = everything(signed_in, sitting, bodies)
    assert {code for code, *_ in first.values()} >= {200, 302, 404, 422}
    assert all(first[name][0] == 200 for name in bodies if not name.startswith("refused"))
    for name, (code, headers, body, statements) in first.items():
        assert (code, headers) == second[name][:2], name
        assert body == second[name][2], name
        assert statements == second[name][3], name


def test_twins_differ_where_they_should(exam, user):
    """Otherwise the test above would prove nothing: by the new keys the old answers are wrong."""
    form = exam.forms.all()[0]
    before = [(seat.scored, key_of(seat)) for seat in form.seats.order_by("number")]
    change_secrets(form, random.Random(7))
    after = [(seat.scored, key_of(seat)) for seat in form.seats.order_by("number")]
    assert sum(one[1] != other[1] for one, other in zip(before, after, strict=True)) >= len(before) // 2
    assert [scored for scored, _ in before] != [scored for scored, _ in after]
    assert sum(scored for scored, _ in before) == sum(scored for scored, _ in after)


# ---- how long it takes ---------------------------------------------------------------------------------------------


def seconds(sitting: Sitting, seat: Seat, response: tuple[str, ...], sequence: int) -> float:
    """Of the processor, in one save."""
    made = change(seat.number, response, sequence=sequence, base=sequence - 1)
    start = time.thread_time()
    saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=sitting.claim, changes=[made])
    return time.thread_time() - start


def test_a_right_answer_takes_as_long_as_a_wrong_one(sitting):
    """The median difference of neighbours is within what the same answer differs by from itself."""
    seat = sitting.form.seats.filter(kind="multiple_choice")[0]
    right = key_of(seat)
    wrong = [(token,) for token in seat.tokens if token not in right]
    sequence, told, noise = 0, [], []
    for _ in range(80):
        times = []
        for response in (right, wrong[0], wrong[1], wrong[2]):
            sequence += 1
            times.append(seconds(sitting, seat, response, sequence))
        told.append(times[0] - statistics.mean(times[1:]))
        noise.append(abs(times[1] - times[2]))
    assert abs(statistics.median(told)) < max(statistics.median(noise), 0.0002)


@pytest.mark.parametrize("kind", ["multiple_choice", "multiple_response", "ordering", "matching"])
def test_right_and_wrong_answers_are_saved_by_the_same_statements(sitting, kind):
    seat = sitting.form.seats.filter(kind=kind)[0]
    said = []
    for response in (key_of(seat), wrong_of(seat)):
        with undone(), CaptureQueriesContext(connection) as statements:
            seconds(sitting, seat, response, 1)
        said.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in statements.captured_queries])
    assert said[0] == said[1]
