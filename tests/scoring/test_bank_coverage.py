"""The coverage page: for authors, with counts at once and the rest when it has been worked out."""

from __future__ import annotations

import html
import re

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.roles import Role
from exams.services import coverage
from questions.models import Task
from tests.factories import UserFactory
from tests.scoring.test_views_results import text_of
from tests.smallbank import CHOICE, MATCHING, add, form_of, small_exam

HERE = "/bank/exams/SMALL/coverage/"


@pytest.fixture
def small(db):
    cache.clear()
    exam = small_exam()
    form_of(exam, 2)
    return exam


@pytest.fixture
def known(small):
    return coverage.compute(exam=small, state=coverage.state_of(small), now=timezone.now())


def row(page, task: str) -> str:
    """What a reader sees in a task's row of the map."""
    table = page.content.decode().partition('<table class="table coverage-map pinned heat">')[2]
    cells = re.search(rf"<tr>(?:(?!</tr>).)*?<b>{re.escape(task)}</b>.*?</tr>", table, re.DOTALL)
    assert cells, f"task {task} has no row"
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", cells[0])).split())


# ---- who may look -----------------------------------------------------------------------------------------------


def test_who_is_not_signed_in_is_asked_to(client, small):
    assert client.get(HERE).url == f"{reverse('account_login')}?next={HERE}"


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_candidates_and_instructors_find_nothing(client, small, role):
    person = UserFactory()
    if role:
        services.grant_role(user=person, role=role)
    client.force_login(person)
    assert client.get(HERE).status_code == 404
    assert cache.get_many([f"coverage:1:{small.pk}:asked"]) == {}


def test_authors_read_only(as_author, small):
    assert as_author.get(HERE).status_code == 200
    assert as_author.post(HERE).status_code == 405
    assert as_author.get("/bank/exams/XYZ/coverage/").status_code == 404


# ---- before and after it has been worked out ----------------------------------------------------------------------


def test_counts_are_there_at_once_and_the_rest_is_asked_for(as_author, small):
    page = as_author.get(HERE)
    assert "Being computed." in text_of(page)
    assert "8 published" not in row(page, "1.1")
    assert row(page, "1.1").startswith("1.1 Task 1.1 0 0 4")
    assert "needed for" not in text_of(page)
    assert coverage.compute_asked(now=timezone.now()) == 1
    assert "Being computed." not in text_of(as_author.get(HERE))


@pytest.mark.usefixtures("known")
def test_what_is_known_is_told_with_its_time(as_author, small):
    text = text_of(as_author.get(f"{HERE}?forms=3"))
    assert "Disjoint forms 2 made to prove it; the counts allow no more" in text
    assert "Missing for 3 forms 4 questions at the fewest" in text
    assert "4 questions at the fewest make it 3 disjoint forms" in text
    assert "It was proved by making the forms with it." in text
    assert "The bank has not changed since." in text


@pytest.mark.usefixtures("known")
def test_a_changed_bank_shows_new_counts_and_says_that_the_rest_is_old(as_author, small):
    add(small, "1.1", 1, kind=MATCHING, rating="0.5000")
    page = as_author.get(HERE)
    assert "The bank has changed and is being computed anew." in text_of(page)
    assert re.search(r"1\.1 Task 1\.1 .* 1 of \d", row(page, "1.1"))
    assert coverage.compute_asked(now=timezone.now()) == 1


def test_a_waiting_page_is_refreshed_when_the_answer_has_come(as_author, small):
    waiting = as_author.get(HERE, headers={"HX-Request": "true"})
    assert "HX-Refresh" not in waiting.headers
    assert 'hx-trigger="every 5s"' in waiting.content.decode()
    coverage.compute_asked(now=timezone.now())
    assert as_author.get(HERE, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


@pytest.mark.usefixtures("known")
def test_a_changed_outline_is_not_read_by_the_old_one(as_author, small):
    Task.objects.filter(exam=small, code="2.1").update(code="2.9")
    text = text_of(as_author.get(HERE))
    assert "Being computed." in text
    assert "What to write next" not in text


def test_an_exam_that_cannot_be_says_why(as_author, small):
    small.kind_shares.all().delete()
    text = text_of(as_author.get(HERE))
    assert "No form of any bank could satisfy this exam." in text
    assert "the kind shares allow 0 to 0 questions, not 4" in text


# ---- the map ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("known")
def test_the_map_names_kinds_difficulties_domains_and_tasks_for_readers(as_author, small):
    page = as_author.get(HERE).content.decode()
    assert page.count('scope="colgroup"') == 2
    assert page.count('scope="rowgroup"') == 2
    assert re.findall(r'<th scope="col"(?: class="edge")?>(\w+)</th>', page.partition("h-map")[2])[:3] == [
        "Hard", "Middle", "Easy",
    ]  # fmt: skip


@pytest.mark.usefixtures("known")
def test_one_kind_can_be_chosen_and_nonsense_is_ignored(as_author, small):
    assert as_author.get(f"{HERE}?kind={MATCHING}").content.decode().count('scope="colgroup"') == 1
    page = as_author.get(f"{HERE}?kind=sorcery&forms=0").context["page"]
    assert (page.kind, page.forms) == ("", coverage.wanted_forms())


@pytest.mark.parametrize("forms", ["", "21", "x", "-3", "99999999999", "²"])
def test_numbers_of_forms_that_are_none_become_the_pools(as_author, small, forms, settings):
    settings.FORM_POOL_SIZE = 5
    assert as_author.get(f"{HERE}?forms={forms}").context["page"].forms == 5


def test_a_cell_leads_to_just_its_questions(as_author, small):
    hard = add(small, "1.2", 3, rating="0.5000")
    add(small, "1.2", 1, kind=MATCHING, rating="0.5000")
    page = as_author.get(HERE).context["page"]
    task = next(row for group in page.map.groups for row in group.rows if row.code == "1.2")
    cell = task.cells[0]
    assert cell.published == 3
    listing = as_author.get(cell.href).context["listing"]
    assert [row.public_id for row in listing.page] == [question.public_id for question in hard]
    assert (listing.wanted.task, listing.wanted.kind, listing.wanted.difficulty) == ("1.2", CHOICE, "hard")


def test_marked_is_only_where_one_more_helps(as_author, small):
    add(small, "1.1", 3)
    add(small, "1.2", 3)
    coverage.compute(exam=small, state=coverage.state_of(small), now=timezone.now())
    page = as_author.get(HERE)
    assert "1 question at the fewest makes it 3 disjoint forms" in text_of(page)
    assert "one more helps" in row(page, "2.1")
    assert "one more helps" not in row(page, "1.1")
    assert "one more helps" not in row(page, "1.2")


def test_where_everything_helps_nothing_is_marked(as_author, small, known):
    page = as_author.get(HERE)
    assert "Any other question serves as well" in text_of(page)
    assert "one more helps" not in text_of(page)


@pytest.mark.parametrize(
    ("published", "needed", "shade"),
    [(0, None, None), (0, 0, None), (2, 0, 4), (0, 3, 1), (2, 5, 2), (3, 4, 3), (4, 4, 5), (6, 4, 6)],
)
def test_shades_tell_how_much_of_the_need_is_there(published, needed, shade):
    from scoring.reports.coverage import Shown

    assert Shown(published, needed).shade == shade


# ---- cost -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [0, 8])
@pytest.mark.parametrize("ready", [False, True])
def test_the_page_takes_a_constant_number_of_statements(as_author, small, more, ready, django_assert_num_queries):
    for task in ("1.1", "1.2", "2.1"):
        add(small, task, more)
    if ready:
        coverage.compute(exam=small, state=coverage.state_of(small), now=timezone.now())
    as_author.get(HERE)
    with django_assert_num_queries(16 if ready else 22):
        as_author.get(HERE)
