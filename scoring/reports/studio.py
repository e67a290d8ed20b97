"""The studio's list of questions: a page of rows with marked words, the choices with their counts, and the ways on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from django.db import connection
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from questions import search
from questions.kinds import KINDS
from questions.models import Exam, SavedFilter
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from scoring.reports.questions import FEW
from scoring.reports.studio_found import ON_A_PAGE, Found, find, find_all
from scoring.reports.studio_wanted import (
    HEALTH,
    KIND_CHOICES,
    NOBODY,
    STATES,
    STATUSES,
    Wanted,
    built_in,
    wanted_of,
)

# Signs that no wording holds, because they are taken out of it first. What stands between them becomes <mark>.
OPEN, CLOSE = "\ue000", "\ue001"
# PostgreSQL would drop what looks like a tag and take "model.fit" for a host, so these signs are others meanwhile.
SIGNS = "<>./-_@:"
HIDDEN = "".join(chr(1 + place) for place in range(len(SIGNS)))  # control characters are between words
SHOW = str.maketrans(HIDDEN, SIGNS)
SHOWN = 260  # characters of a stem in the list
HEADLINE = f"StartSel={OPEN}, StopSel={CLOSE}, MaxWords=34, MinWords=18, ShortWord=0"
LONGEST_QUERY = 8_000
READ = 8_000  # characters in which words are marked; finding them is the index's matter and has no such end

DETAILS = f"""
    SELECT r.id, q.public_id, q.tags, r.number, r.state, r.kind, q.scenario_id IS NOT NULL, r.created_at,
           r.author_id, coalesce(nullif(u.display_name, ''), split_part(u.email, '@', 1)),
           x.code, t.code, t.title, s.status, s.rating,
           CASE WHEN s.status = 'calibrated' THEN -s.intercept / s.discrimination END,
           i.n, i.facility, coalesce(cardinality(i.alarms), 0), coalesce(cardinality(i.obstacles), 0),
           (SELECT array_agg(other.code ORDER BY other.code) FROM questions_placement op
            JOIN questions_exam other ON other.id = op.exam_id
            WHERE op.question_id = q.id AND op.exam_id <> asked.exam),
           told.stem, {{stem}}, {{elsewhere}}
    FROM unnest(%(revisions)s::bigint[], %(exams)s::bigint[]) WITH ORDINALITY AS asked (revision, exam, place)
    JOIN questions_revision r ON r.id = asked.revision
    JOIN questions_question q ON q.id = r.question_id
    LEFT JOIN accounts_user u ON u.id = r.author_id
    LEFT JOIN questions_exam x ON x.id = asked.exam
    LEFT JOIN questions_placement p ON p.question_id = q.id AND p.exam_id = asked.exam
    LEFT JOIN questions_task t ON t.id = p.task_id
    LEFT JOIN questions_standing s ON s.revision_id = r.id AND s.exam_id = asked.exam
    LEFT JOIN scoring_runitem i ON i.revision_id = r.id AND i.run_id = (
        SELECT id FROM scoring_calibrationrun
        WHERE exam_id = asked.exam AND NOT includes_simulated ORDER BY number DESC LIMIT 1)
    CROSS JOIN (SELECT {{some}} AS words, {{every}} AS every) AS query
    CROSS JOIN LATERAL (SELECT translate(left(r.stem, {READ}), '{SIGNS}{OPEN}{CLOSE}', '{HIDDEN}') AS stem) AS told
    ORDER BY asked.place
"""
MARKED_STEM = f"ts_headline('simple', told.stem, query.words, '{HEADLINE}')"
# Rationales tell the key, which judges do not see before they have rated.
UNRATED = """
    SELECT FROM questions_ratingrequest turn JOIN questions_revision judged ON judged.id = turn.revision_id
    WHERE judged.question_id = q.id AND turn.judge_id = %(me)s AND turn.value IS NULL AND turn.closed_at IS NULL
"""
# Options and rationales, where the stem alone does not hold all that was searched for.
MARKED_ELSEWHERE = f"""
    CASE WHEN NOT to_tsvector('simple', told.stem) @@ query.every AND NOT EXISTS ({UNRATED})
    THEN ts_headline('simple', (
        SELECT translate(left(string_agg(concat_ws(' ', one.text, one.rationale), ' … '), {READ}),
                         '{SIGNS}{OPEN}{CLOSE}', '{HIDDEN}')
        FROM (SELECT text, rationale FROM questions_prompt WHERE revision_id = r.id
              UNION ALL SELECT text, rationale FROM questions_option WHERE revision_id = r.id) one
    ), query.words, '{HEADLINE}') END
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One wording in the list. `difficulty` is b once calibrated; `rating` is the judges' mean."""

    pk: int
    public_id: str
    tags: list[str]
    number: int
    state: str
    kind: str
    case: bool
    created_at: dt.datetime
    author: str
    exam: str
    others: list[str]
    task: str
    task_title: str
    status: str
    rating: Decimal | None
    difficulty: float | None
    n: int | None
    facility: float | None
    alarms: int
    obstacles: int
    marked_id: SafeString
    stem: SafeString
    elsewhere: SafeString

    @property
    def state_label(self) -> str:
        return RevisionState(self.state).label

    @property
    def kind_label(self) -> str:
        return KINDS[self.kind].label

    @property
    def status_label(self) -> str:
        return Status(self.status).label if self.status else ""

    @property
    def few(self) -> bool:
        return self.n is not None and self.n < FEW

    @property
    def address(self) -> str:
        """The page of the question's whole life."""
        return reverse("studio_life", args=[self.public_id])


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    count: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One filter as a list to choose from."""

    name: str
    label: str
    choices: list[Choice]

    @property
    def chosen(self) -> bool:
        return any(choice.chosen and choice.value for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Link:
    """A filter that one can go to."""

    name: str
    query: str
    current: bool
    pk: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    wanted: Wanted
    query: str
    rows: list[Row]
    found: int
    total: int
    page: int
    pages: int
    fields: list[Field]
    sorts: list[Choice]
    built_in: list[Link]
    saved: list[Link]

    @property
    def first(self) -> int:
        return (self.page - 1) * ON_A_PAGE + 1

    @property
    def last(self) -> int:
        return min(self.page * ON_A_PAGE, self.found)

    @property
    def previous(self) -> str:
        return self._at(self.page - 1) if self.page > 1 else ""

    @property
    def next(self) -> str:
        return self._at(self.page + 1) if self.page < self.pages else ""

    def _at(self, page: int) -> str:
        return "&".join(filter(None, (self.query, f"page={page}" if page > 1 else ""))) or "page=1"


def listing_of(person: User, given: Mapping[str, str]) -> Listing:
    """What the address asks for. Six statements, one of them only with an exam and one only with rows."""
    exams = list(Exam.objects.all())
    wanted = wanted_of(given, exams)
    found = find(wanted, person)
    query = wanted.query()
    page = min(wanted.page, found.pages)
    same = replace(wanted, sort=wanted.usual).query()
    mine = SavedFilter.objects.filter(owner=person).order_by("name")
    return Listing(
        wanted=wanted, query=query, rows=_rows(found, wanted, person), found=found.found, total=found.total, page=page,
        pages=found.pages, fields=_fields(wanted, found, exams, person),
        sorts=[Choice(value, label, None, value == wanted.order) for value, label in wanted.orders()],
        built_in=[Link(name, link, link == same) for name, link in built_in(person)],
        saved=[Link(one.name, one.query, one.query == query, one.pk) for one in mine],
    )  # fmt: skip


def chosen(person: User, posted: QueryDict) -> list[int]:
    """The revisions that a posted list names: those that are ticked (`row`, or `rows` with commas between), or with
    `all` everything that `query` finds.

    For every action on a selection, those of other pages included. At most two statements.
    """
    if posted.get("all"):
        return find_all(wanted_of(query_of(posted), list(Exam.objects.all())), person)
    values = [*posted.getlist("row"), *posted.get("rows", "").split(",")]
    numbers = (value for value in values if value.isascii() and value.isdigit() and len(value) < 19)
    return list(dict.fromkeys(map(int, numbers)))


def query_of(posted: QueryDict) -> dict[str, str]:
    """The filter that a form was posted from, as it was sent; what is too long or has too many parts is none."""
    try:
        return dict(parse_qsl(posted.get("query", "")[:LONGEST_QUERY], max_num_fields=50))
    except ValueError:
        return {}


# ---- rows -------------------------------------------------------------------------------------------------------


def _rows(found: Found, wanted: Wanted, person: User) -> list[Row]:
    """The rows of a page with what the table shows of them, in one statement."""
    if not found.rows:
        return []
    words = wanted.search.words
    given: dict[str, Any] = {
        "revisions": [pk for pk, _ in found.rows],
        "exams": [exam for _, exam in found.rows],
        "me": person.pk,
    }
    parts = {"stem": "told.stem", "elsewhere": "NULL", "some": "NULL", "every": "NULL"}
    if words:
        every, values = search.query_of(words)
        given |= values
        # Each word is marked, wherever the others are.
        parts = {
            "stem": MARKED_STEM, "elsewhere": MARKED_ELSEWHERE, "some": every.replace(" && ", " || "), "every": every
        }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(DETAILS.format(**parts), given)
        answer = cursor.fetchall()
    return [
        Row(
            pk=pk, public_id=public_id, tags=tags, number=number, state=state, kind=kind, case=case, created_at=created,
            author=(name or "") if author else "", exam=exam or "", others=others or [], task=task or "",
            task_title=title or "", status=status or "", rating=rating, difficulty=difficulty, n=n, facility=facility,
            alarms=alarms, obstacles=obstacles, marked_id=marked(public_id, wanted.search.parts),
            stem=snippet(text or "", whole), elsewhere=snippet(other) if other and OPEN in other else SafeString(),
        )
        for pk, public_id, tags, number, state, kind, case, created, author, name, exam, task, title, status, rating,
            difficulty, n, facility, alarms, obstacles, others, whole, text, other in answer
    ]  # fmt: skip


def snippet(text: str, whole: str = "") -> SafeString:
    """A headline as safe HTML: everything in it is escaped, and only our own signs become marks.

    `whole`: what it was taken from. An ellipsis stands where that goes on; without a hit it is told from its start.
    """
    before = after = ""
    if OPEN not in text:
        text = whole or text
    elif whole:
        bare = text.translate({ord(OPEN): None, ord(CLOSE): None}).strip()
        before = "" if whole.lstrip().startswith(bare) else "… "
        after = "" if whole.rstrip().endswith(bare) else " …"
    text = " ".join(text.translate(SHOW).split())
    if OPEN not in text and len(text) > SHOWN:
        text, after = text[:SHOWN].rpartition(" ")[0], " …"
    marks = escape(text).replace(OPEN, "<mark>").replace(CLOSE, "</mark>")
    return mark_safe(f"{before}{marks}{after}")  # noqa: S308


def marked(public_id: str, parts: Iterable[str]) -> SafeString:
    """A public id with the first place of each part marked, where it holds them all."""
    parts = [part for part in parts if part]
    if not parts or not all(part in public_id for part in parts):
        return SafeString(escape(public_id))
    inside = {place for part in parts for place in range(public_id.find(part), public_id.find(part) + len(part))}
    signed = "".join(
        f"{OPEN if place in inside and place - 1 not in inside else ''}{sign}"
        f"{CLOSE if place in inside and place + 1 not in inside else ''}"
        for place, sign in enumerate(public_id)
    )
    return snippet(signed)


# ---- filters ----------------------------------------------------------------------------------------------------


def _fields(wanted: Wanted, found: Found, exams: list[Exam], person: User) -> list[Field]:
    """Every filter with its choices. One statement, for the names of authors."""
    counts = found.facets

    def field(name: str, label: str, offered: Sequence[tuple[str, str, str]], chosen: str) -> Field:
        """`offered`: (value, label, key of its count). What nothing is found for is left out unless it is chosen."""
        facet = counts.get(name, {})
        return Field(name, label, [
            Choice("", "All", None, not chosen),
            *(
                Choice(value, text, facet.get(key, 0), value == chosen)
                for value, text, key in offered if key in facet or value == chosen
            ),
        ])  # fmt: skip

    def plain(choices: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
        return [(value, label, value) for value, label in choices]

    authors = {int(key) for key in counts.get("author", {})} | ({wanted.author} if wanted.author is not None else set())
    names = {row.pk: row.get_full_name() for row in User.objects.filter(pk__in=authors)}
    people = sorted((pk for pk in authors if pk in names), key=lambda pk: (pk != person.pk, names[pk]))
    author = [(str(pk), f"{names[pk]} (you)" if pk == person.pk else names[pk], str(pk)) for pk in people]
    domains = {task.domain_id: task.domain for task in wanted.tasks}
    tasks = [task for task in wanted.tasks if wanted.domain in ("", task.domain.code)]
    fields = [
        field(
            "exam", "Exam", [(exam.code, exam.code, str(exam.pk)) for exam in exams],
            wanted.exam.code if wanted.exam else "",
        ),
    ]  # fmt: skip
    if wanted.exam:
        fields += [
            field("domain", "Domain", [(one.code, str(one), str(pk)) for pk, one in domains.items()], wanted.domain),
            field("task", "Task", [(task.code, str(task), str(task.pk)) for task in tasks], wanted.task),
        ]
    tags = sorted({*counts.get("tag", {}), wanted.tag} - {""})
    return [
        *fields,
        field("kind", "Kind", plain(KIND_CHOICES), wanted.kind),
        field("state", "State", plain(STATES), wanted.state),
        field(
            "author", "Author", [*author, (str(NOBODY), "From a pack", str(NOBODY))],
            "" if wanted.author is None else str(wanted.author),
        ),
        field("status", "Status", plain(STATUSES), wanted.status),
        field("health", "Health", plain(HEALTH), wanted.health),
        *([field("tag", "Tag", plain((tag, tag) for tag in tags), wanted.tag)] if tags else []),
        field("rating", "Rating", [("none", "Without rating", "none")], "none" if wanted.unrated else ""),
    ]  # fmt: skip
