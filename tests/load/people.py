"""Candidates, their sessions and their sittings, made in bulk: a load run must not spend its time on getting ready.

Everybody made here has an address under `@load.invalid`, so that it can be told apart.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from dataclasses import dataclass

import psycopg
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core import signing
from django.utils.crypto import salted_hmac

from tests.load.page import Person, Seat

BACKEND = "accounts.backends.Backend"
SESSION_SALT = "django.contrib.sessions.SessionStore"
HASH_SALT = "accounts.session"  # accounts.models.User.get_session_auth_hash

BARE_TABLE = """
CREATE TABLE IF NOT EXISTS load_bare (
    user_id bigint, seat smallint, response varchar[] NOT NULL, saved_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, seat)
)
"""
PEOPLE = """
INSERT INTO accounts_user (password, is_superuser, email, display_name, time_zone, is_staff, is_active, date_joined)
SELECT %(password)s, false, %(run)s || '-' || n || '@load.invalid', '', 'UTC', false, true, now()
FROM generate_series(1, %(count)s) AS n RETURNING id
"""
SITTINGS = """
WITH forms AS (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS forms
    FROM exams_form WHERE exam_id = %(exam)s AND state = 'pool'
), made AS (
    INSERT INTO exams_sitting (
        id, user_id, exam_id, form_id, state, started_at, limit_minutes, multiplier, extra_minutes, granted_minutes,
        paused_seconds, deadline, grace_seconds, end_reason, claim, last_seat, open_conflicts, events, supervised,
        simulated
    )
    SELECT gen_random_uuid(), person.id, %(exam)s, forms.id, 'in_progress', %(started)s, %(minutes)s, 1, 0, 0, 0,
           %(deadline)s, %(grace)s, '', 1, 1, 0, 1, %(supervised)s, false
    FROM unnest(%(users)s::bigint[]) WITH ORDINALITY AS person (id, place)
    JOIN forms ON forms.place = person.place %% forms.forms
    RETURNING id, user_id, form_id
), claims AS (
    INSERT INTO exams_claim (sitting_id, number, issued_at, arrived) SELECT id, 1, %(started)s, '{}' FROM made
), begun AS (
    INSERT INTO exams_event (sitting_id, number, at, kind, by, staff, seats)
    SELECT id, 1, %(started)s, 'begun', 'candidate', '', '{}' FROM made
)
SELECT user_id, id, form_id FROM made
"""
# Everybody has answered: at each seat the options rotated by a number that differs from sitting to sitting.
ANSWERS = """
INSERT INTO exams_answer (
    sitting_id, seat, response, flagged, struck, marks, scenario_marks, spent_ms, version, answered_version, claim,
    sequence, late, saved_at
)
SELECT g.id, s.number,
       CASE WHEN s.kind IN ('multiple_choice', 'multiple_response') THEN
           ARRAY(SELECT token FROM unnest(s.tokens) WITH ORDINALITY AS o (token, place)
                 ORDER BY (place + hashtext(g.id::text || s.number)) %% cardinality(s.tokens), place LIMIT s.slots)
       ELSE s.tokens[1:s.slots] END,
       false, '{}', '{}', '{}', 60000, 1, 1, 1, s.number, false, now()
FROM exams_sitting g JOIN exams_seat s ON s.form_id = g.form_id WHERE g.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Bank:
    """The exam that load is put on: its number, its code, and the seats of its forms."""

    id: int
    code: str
    minutes: int
    seats: dict[int, tuple[Seat, ...]]


def bank(database: str, code: str) -> Bank:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT id, minutes FROM questions_exam WHERE code = %s", [code]).fetchone()
        if row is None:
            raise LookupError(f"There is no exam {code}.")
        seats: dict[int, list[Seat]] = {}
        for form, *seat, tokens, slots in connection.execute(
            "SELECT s.form_id, s.number, s.kind, s.tokens, s.slots FROM exams_seat s"
            " JOIN exams_form f ON f.id = s.form_id WHERE f.exam_id = %s ORDER BY s.form_id, s.number",
            [row[0]],
        ):
            seats.setdefault(form, []).append(Seat(seat[0], seat[1], tuple(tokens), slots))
        return Bank(row[0], code, row[1], {form: tuple(found) for form, found in seats.items()})


def make_people(database: str, key: str, count: int) -> list[Person]:
    """So many candidates who are signed in; `key` is the installation's SECRET_KEY."""
    password = f"{UNUSABLE_PASSWORD_PREFIX}load"
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(days=14)
    mark = salted_hmac(HASH_SALT, password, secret="", algorithm="sha256").hexdigest()
    people = []
    with psycopg.connect(database) as connection:
        made = connection.execute(PEOPLE, {"password": password, "run": secrets.token_hex(4), "count": count})
        for (user,) in made.fetchall():
            people.append(Person(user, secrets.token_hex(16)))
        with connection.cursor().copy(
            "COPY django_session (session_key, session_data, expire_date) FROM STDIN"
        ) as rows:
            for person in people:
                data = {"_auth_user_id": str(person.user), "_auth_user_backend": BACKEND, "_auth_user_hash": mark}
                rows.write_row((person.cookie, signing.dumps(data, key=key, salt=SESSION_SALT, compress=True), expires))
    return people


def give_sittings(
    database: str,
    exam: Bank,
    people: list[Person],
    *,
    deadline: dt.datetime | None = None,
    grace: int = 120,
    supervised: bool = False,
    answered: bool = False,
) -> None:
    """A sitting in progress for each, on the pool's forms in turn; with `answered`, every seat of it."""
    started = dt.datetime.now(dt.UTC)
    if deadline is not None:
        started = deadline - dt.timedelta(minutes=exam.minutes)
    by_user = {person.user: person for person in people}
    with psycopg.connect(database) as connection:
        made = connection.execute(
            SITTINGS,
            {
                "exam": exam.id, "users": list(by_user), "started": started, "minutes": exam.minutes, "grace": grace,
                "deadline": deadline or started + dt.timedelta(minutes=exam.minutes), "supervised": supervised,
            },
        ).fetchall()  # fmt: skip
        for user, sitting, form in made:
            by_user[user].sitting, by_user[user].seats = sitting, exam.seats[form]
        if answered:
            connection.execute(ANSWERS, [[sitting for _, sitting, _ in made]])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ANALYZE")


def sittings_of(people: list[Person]) -> list[uuid.UUID]:
    return [person.sitting for person in people if person.sitting is not None]
