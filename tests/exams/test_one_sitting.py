"""The paths that thousands use at once stay inside one sitting, so that it may live on one node of many (ADR 0005).

Every statement that touches a table below `exams_sitting` must name the sitting, for each such table and by equality;
what else it reads is small and can be copied to every node.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exams.models import Sitting
from exams.protocol import pulse_token
from tests.factories import UserFactory, begin

# Distributed by the sitting's id; the others are the same on every node, or belong to a person and their session.
OF_A_SITTING = {
    "exams_answer", "exams_claim", "exams_event", "exams_keptchange", "exams_notice", "exams_pad", "exams_presence",
    "exams_sitting",
}  # fmt: skip
EVERYWHERE = {
    "exams_form", "exams_seat", "questions_exam", "questions_revision", "questions_option", "questions_prompt",
    "questions_question", "questions_scenariorevision",
}  # fmt: skip
OF_A_PERSON = {"accounts_user", "accounts_user_groups", "accounts_user_user_permissions", "auth_group_permissions",
               "auth_group", "auth_permission", "django_content_type", "django_session"}  # fmt: skip
NO_TABLE = {"unnest"}


def tables(sql: str) -> set[str]:
    """Tables that a statement reads or writes."""
    named = set(re.findall(r'(?:FROM|JOIN|INTO|UPDATE)\s+"?([a-z_]+_[a-z_]+)"?', sql))
    parts = set(re.findall(r"(?:WITH|,)\s+([a-z_]+) AS \(", sql))
    return named - parts - NO_TABLE


def pinned(sql: str, table: str, sitting: uuid.UUID) -> bool:
    """Whether the rows of `table` are those of this sitting: it is named where rows are chosen or made."""
    column = "id" if table == "exams_sitting" else "sitting_id"
    mine = rf"'(?:{sitting}|{sitting.hex})'(?:::uuid)?"
    same_as_a_pinned_one = r"[a-z]\.sitting_id"
    aliases = re.findall(rf'"?{table}"?(?: AS)? "?([a-z]|U\d+)"?(?=[\s,)])', sql)
    owners = "|".join([table, *aliases])
    chosen = rf'(?:"?(?:{owners})"?\.)?"?{column}"? = \(?(?:{mine}|{same_as_a_pinned_one})'
    made = rf'INTO "?{table}"?(?: AS [a-z])? \([^)]*{column}[^)]*\)\s+(?:VALUES|SELECT)\s+\(?{mine}'
    return bool(re.search(chosen, sql) or re.search(made, sql))


def said(captured: CaptureQueriesContext) -> list[str]:
    """The statements, each on one line."""
    return [re.sub(r"\s+", " ", query["sql"]) for query in captured.captured_queries]


def strays(statements: Iterable[str], sitting: uuid.UUID) -> list[str]:
    """Statements that leave the sitting, with the table by which they do."""
    found = []
    for sql in statements:
        for table in tables(sql):
            if table in OF_A_SITTING and not pinned(sql, table, sitting):
                found.append(f"{table}: {sql}")
            elif table not in OF_A_SITTING | EVERYWHERE | OF_A_PERSON:
                found.append(f"{table} is not known here: {sql}")
    return found


@pytest.fixture
def other(exam):
    """Somebody else's sitting: rows that no statement may look at."""
    return begin(UserFactory(), exam)


def body(sitting: Sitting, sequence: int = 1) -> dict[str, object]:
    seat = sitting.form.seats.filter(kind="multiple_choice")[0]
    change = {"sequence": sequence, "seat": seat.number, "base": 0, "response": [seat.tokens[0]], "left": 1_000}
    return {"claim": 1, "at": seat.number, "changes": [change]}


def post(client, name: str, sitting: Sitting, message: dict[str, object]):
    return client.post(reverse(name, args=[sitting.pk]), message, content_type="application/json")


def pulse_of(sitting: Sitting) -> str:
    return reverse("sitting_pulse", args=[sitting.pk, pulse_token(sitting.pk)])


HOT = {
    "save": lambda client, sitting: post(client, "sitting_changes", sitting, body(sitting)),
    "note pad": lambda client, sitting: post(
        client, "sitting_changes", sitting,
        {"claim": 1, "changes": [{"sequence": 1, "seat": 0, "base": 0, "text": "Note", "left": 1_000}]},
    ),
    "claim": lambda client, sitting: post(client, "sitting_claim", sitting, {}),
    "status": lambda client, sitting: post(client, "sitting_status", sitting, {}),
    "pulse": lambda client, sitting: client.get(pulse_of(sitting)),
    "page": lambda client, sitting: client.get(reverse("sitting", args=[sitting.pk])),
}  # fmt: skip


@pytest.mark.parametrize("path", HOT)
def test_every_statement_stays_inside_the_sitting(path, signed_in, sitting, other):
    Sitting.objects.filter(pk=sitting.pk).update(supervised=True)
    with CaptureQueriesContext(connection) as captured:
        assert HOT[path](signed_in, sitting).status_code == 200
    assert strays(said(captured), sitting.pk) == []
    assert set().union(*map(tables, said(captured))) & OF_A_SITTING, "nothing was looked at"


def test_a_conflict_and_its_settlement_stay_inside_the_sitting(signed_in, sitting, other):
    first = body(sitting)
    second = {**body(sitting), "claim": 2}
    late = {"claim": 1, "changes": [{**body(sitting, 2)["changes"][0], "response": []}]}  # type: ignore[index]
    with CaptureQueriesContext(connection) as captured:
        assert post(signed_in, "sitting_changes", sitting, first).status_code == 200
        assert post(signed_in, "sitting_claim", sitting, {}).status_code == 200
        assert post(signed_in, "sitting_changes", sitting, second).status_code == 200
        assert post(signed_in, "sitting_changes", sitting, late).status_code == 200
        assert post(signed_in, "sitting_status", sitting, {}).status_code == 200
    assert strays(said(captured), sitting.pk) == []


STRAYING = [
    "SELECT count(*) FROM exams_answer WHERE seat = 3",
    "UPDATE exams_sitting SET saved_at = now() WHERE user_id = 7",
    "SELECT * FROM exams_event WHERE at > '2026-01-01'",
    "SELECT * FROM scoring_result WHERE sitting_id = '{mine}'",
    "SELECT * FROM exams_answer a WHERE a.sitting_id = '{other}'",
    "INSERT INTO exams_claim (sitting_id, number) VALUES ('{other}', 2)",
]


@pytest.mark.parametrize("sql", STRAYING)
def test_a_statement_that_strays_is_noticed(sql):
    mine, foreign = uuid.uuid4(), uuid.uuid4()
    assert len(strays([sql.format(mine=mine, other=foreign)], mine)) == 1
