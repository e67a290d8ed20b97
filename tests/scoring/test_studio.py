"""The studio's list of questions: who may look, what is found by which words and filters, and at what cost."""

from __future__ import annotations

import html

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.roles import Role
from questions.models import Question, Revision, Standing
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from scoring.models import RunItem
from scoring.reports import studio_found
from tests.factories import UserFactory
from tests.scoring.runs import a_run
from tests.scoring.studio import LIST, counted, found, written
from tests.scoring.test_views_results import text_of

URLS = [
    ("get", LIST),
    ("post", f"{LIST}filters/"),
    ("post", f"{LIST}filters/1/remove/"),
    ("post", f"{LIST}retire/"),
    ("post", f"{LIST}tag/"),
    ("post", f"{LIST}submit/"),
]


def a_domain_of(exam, code: str) -> list[str]:
    placed = Question.objects.filter(placements__exam=exam, placements__task__domain__code=code)
    return sorted(placed.values_list("public_id", flat=True))


# ---- who may look -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "address"), URLS)
def test_who_is_not_signed_in_is_asked_to(client, exam, method, address):
    assert getattr(client, method)(address).url == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize(("method", "address"), URLS)
@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_candidates_and_instructors_find_nothing(client, exam, role, method, address):
    person = UserFactory()
    if role:
        services.grant_role(user=person, role=role)
    client.force_login(person)
    assert getattr(client, method)(address).status_code == 404


def test_authors_see_everything_and_addresses_take_one_method(as_author, exam):
    page = as_author.get(LIST)
    assert f"{Question.objects.count()} questions" in text_of(page)
    assert page["Cache-Control"].find("no-store") > 0
    assert as_author.post(LIST).status_code == 405
    for _, address in URLS[1:]:
        assert as_author.get(address).status_code == 405


def test_the_bank_and_an_exams_questions_lead_here(as_author, exam):
    assert f'href="{LIST}">Questions</a>' in as_author.get(reverse("bank")).content.decode()
    page = as_author.get(reverse("bank_questions", args=[exam.code])).content.decode()
    assert f'href="{LIST}?exam={exam.code}"' in page


# ---- search -----------------------------------------------------------------------------------------------------


@pytest.fixture
def animals(exam, author):
    written("zeta-7.1", "Which turtle swims?", options=["Leatherback", "A box"], exam=exam, author=author)
    written("zeta-7.2", "Which bird swims?", options=["Penguins", "Sparrow"], rationale="Turtles do not fly", exam=exam)
    written("zeta-7.3", "Which turtles, of all animals, do not swim like a penguin?", exam=exam)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("turt", ["zeta-7.1", "zeta-7.2", "zeta-7.3"]),
        ("leatherb", ["zeta-7.1"]),
        ("PENGUIN swim", ["zeta-7.2", "zeta-7.3"]),
        ("penguin turtle bird", ["zeta-7.2"]),
        ("turtle xyzzy", []),
        ("zeta", ["zeta-7.1", "zeta-7.2", "zeta-7.3"]),
        ("eta-7.2", ["zeta-7.2"]),
        ("ZETA-7.3", ["zeta-7.3"]),
        ("zeta 7.1", ["zeta-7.1"]),
        ("urtle", []),
    ],
)
def test_words_are_found_in_stems_options_rationales_and_ids(as_author, animals, text, ids):
    assert sorted(found(as_author, f"q={text}")) == ids


def test_the_best_match_stands_first(as_author, animals):
    assert found(as_author, "q=turtle")[-1] == "zeta-7.2"  # only in a rationale
    assert found(as_author, "q=zeta-7.2")[0] == "zeta-7.2"
    assert found(as_author, "q=turtle&sort=-newest") == ["zeta-7.3", "zeta-7.2", "zeta-7.1"]


@pytest.mark.parametrize(
    "text",
    ["'", '"', "\\", "½", "%", "_", "!", ":*", "a:*", "!:*&|'\"", "a & !b", "(", "<->", "a <-> b", "%(q)s", "{0}", "{}",
     "'; DROP TABLE x; --", "\0", "\ud800", "\u202e", "𝔘𝔫𝔦", "a" * 5000, "a " * 2000, "<script>alert(1)</script>"],
)  # fmt: skip
def test_hostile_input_is_only_words(as_author, animals, text):
    page = as_author.get(LIST, {"q": text.encode("utf-8", "replace")})
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


def test_the_mark_of_a_hit_is_the_only_markup(as_author, exam):
    written(
        "zeta-1", "A <b>bold</b> \ue000turtle\ue001 & <script>alert(1)</script>", options=["<i>a.newt()</i>"], exam=exam
    )
    text = as_author.get(f"{LIST}?q=turtle+newt").content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt; <mark>turtle</mark> &amp; &lt;script&gt;" in text
    assert "&lt;i&gt;a.<mark>newt</mark>()&lt;/i&gt;" in text


def test_a_stem_is_shown_from_where_its_words_are(as_author, exam):
    written("zeta-1", f"{'It goes on and on. ' * 30}At last a turtle.", exam=exam)
    written("zeta-2", "A turtle at once.", exam=exam)
    later, once = as_author.get(f"{LIST}?q=turtle&sort=id").context["listing"].rows
    assert later.stem.startswith("… ")
    assert "<mark>turtle</mark>" in later.stem
    assert once.stem == "A <mark>turtle</mark> at once."
    plain = as_author.get(f"{LIST}?q=zeta-1&sort=id").context["listing"].rows[0].stem
    assert plain.startswith("It goes on")
    assert plain.endswith(" …")


def test_the_place_in_an_id_is_marked(as_author, animals):
    assert "z<mark>eta-7.2</mark></a>" in as_author.get(f"{LIST}?q=ETA-7.2").content.decode()


# ---- filters ----------------------------------------------------------------------------------------------------


def test_the_place_in_the_outline_narrows(as_author, exam):
    shown = as_author.get(f"{LIST}?exam={exam.code}&domain=D2").context["listing"]
    assert shown.found == len(a_domain_of(exam, "D2")) < shown.total
    assert found(as_author, f"exam={exam.code}&domain=D2") == a_domain_of(exam, "D2")[: studio_found.ON_A_PAGE]
    rows = as_author.get(f"{LIST}?exam={exam.code}&task=2.1").context["listing"].rows
    assert {(row.exam, row.task) for row in rows} == {(exam.code, "2.1")}
    outside = as_author.get(f"{LIST}?exam={exam.code}&domain=D1&task=2.1").context["listing"]
    assert outside.found == len(a_domain_of(exam, "D1"))


def test_kind_state_author_and_status_narrow(as_author, exam, author):
    written("zeta-1", "One", exam=exam, author=author)
    written("zeta-2", "Two", exam=exam, author=UserFactory(), state=RevisionState.RETIRED, kind="ordering")
    assert found(as_author, "state=draft") == ["zeta-1"]
    assert found(as_author, "state=retired") == ["zeta-2"]
    assert found(as_author, f"author={author.pk}") == ["zeta-1"]
    assert "zeta-2" in found(as_author, "kind=ordering&sort=-newest")
    assert {row.kind for row in as_author.get(f"{LIST}?kind=ordering").context["listing"].rows} == {"ordering"}
    assert all(row.case for row in as_author.get(f"{LIST}?kind=case_study").context["listing"].rows)
    assert sorted(found(as_author, "status=pretest")) == ["zeta-1", "zeta-2"]
    assert not {"zeta-1", "zeta-2"} & set(found(as_author, "author=0&sort=-newest"))


def test_ratings_narrow_and_may_be_missing(as_author, exam):
    for public_id, rating in (("zeta-1", 0.4), ("zeta-2", 0.41), ("zeta-3", None)):
        written(public_id, "A turtle", exam=exam, rating=rating)
    assert found(as_author, "q=turtle&low=0,41") == ["zeta-2"]
    assert found(as_author, "q=turtle&high=.40") == ["zeta-1"]
    assert found(as_author, "q=turtle&low=0.4&high=0.41&sort=id") == ["zeta-1", "zeta-2"]
    assert found(as_author, "q=turtle&rating=none") == ["zeta-3"]


def test_statistics_and_health_narrow_and_order(as_author, exam):
    run = a_run(exam)
    rows = list(RunItem.objects.filter(run=run).select_related("revision__question")[:3])
    names = [row.revision.question.public_id for row in rows]
    RunItem.objects.filter(pk=rows[0].pk).update(alarms=["r = 0.02"], facility=0.1)
    RunItem.objects.filter(pk=rows[1].pk).update(obstacles=["few"], facility=0.99)
    Standing.objects.filter(exam=exam, revision=rows[2].revision_id).update(
        status=Status.CALIBRATED, discrimination=1, intercept=-1.5
    )
    assert found(as_author, "health=alarms") == [names[0]]
    assert found(as_author, "health=obstacles") == [names[1]]
    assert found(as_author, "status=calibrated") == [names[2]]
    assert found(as_author, "sort=facility")[0] == names[0]
    assert found(as_author, "sort=-facility")[0] == names[1]
    assert found(as_author, "sort=-difficulty")[0] == names[2]
    assert "0.10" in text_of(as_author.get(f"{LIST}?health=alarms"))
    assert not set(found(as_author, "health=none")) & set(names)


def test_simulated_runs_count_nowhere(as_author, exam):
    run = a_run(exam, includes_simulated=True)
    RunItem.objects.filter(run=run).update(alarms=["r = 0.02"])
    assert found(as_author, "health=alarms") == []


def test_every_choice_says_how_many_it_would_find(as_author, exam, author):
    second = a_second_exam(exam)
    written("zeta-1", "A turtle", exam=exam, author=author, rating=0.5)
    both = written("zeta-2", "A turtle", exam=exam, kind="ordering")
    both.question.placements.create(exam=second, task=second.tasks.get())
    Standing.objects.create(revision=both, exam=second)
    written("zeta-3", "A turtle", state=RevisionState.RETIRED)
    assert counted(as_author, "q=turtle", "exam") == {exam.code: 2, second.code: 1}
    assert counted(as_author, "q=turtle", "status") == {"pretest": 2}
    for query in ("q=turtle", "q=turtle&kind=ordering"):
        assert counted(as_author, query, "kind") == {"multiple_choice": 2, "ordering": 1}
    assert counted(as_author, "q=turtle&kind=ordering", "state") == {"draft": 1}
    assert counted(as_author, "q=turtle&state=draft", "kind") == {"multiple_choice": 1, "ordering": 1}
    assert counted(as_author, f"q=turtle&exam={second.code}&kind=ordering", "kind") == {"ordering": 1}
    assert counted(as_author, f"q=turtle&exam={second.code}", "exam") == {exam.code: 2, second.code: 1}
    assert counted(as_author, "q=turtle", "author") == {str(author.pk): 1, "0": 2}
    assert counted(as_author, "q=turtle", "rating") == {"none": 2}


def a_second_exam(exam):
    domain = exam.domains.first()
    task = domain.tasks.first()
    exam, domain, task = (type(row).objects.get(pk=row.pk) for row in (exam, domain, task))
    exam.pk, exam.code = None, "ZZZ-C01"
    exam.save(force_insert=True)
    domain.pk, domain.exam = None, exam
    domain.save(force_insert=True)
    task.pk, task.exam, task.domain = None, exam, domain
    task.save(force_insert=True)
    return exam


def test_a_question_under_revision_stands_here_twice_and_history_does_not(as_author, exam):
    written("zeta-1", "An old turtle", exam=exam, state=RevisionState.SUPERSEDED)
    written("zeta-1", "A turtle", exam=exam, state=RevisionState.PUBLISHED, number=2)
    written("zeta-1", "A new turtle", exam=exam, number=3)
    written("zeta-2", "A turtle", exam=exam, state=RevisionState.RETIRED)
    rows = as_author.get(f"{LIST}?q=turtle&sort=id").context["listing"].rows
    assert [(row.public_id, row.number) for row in rows] == [("zeta-1", 2), ("zeta-1", 3), ("zeta-2", 1)]
    assert {row.address for row in rows} == {reverse("studio_life", args=[one]) for one in ("zeta-1", "zeta-2")}


def test_what_waits_for_a_review_is_what_one_was_named_for(as_author, exam, author):
    written("zeta-1", "Mine", exam=exam, author=author, reviewer=UserFactory(), state=RevisionState.IN_REVIEW)
    theirs = written("zeta-2", "Theirs", exam=exam, reviewer=author, state=RevisionState.IN_REVIEW)
    written("zeta-3", "A draft that came back", exam=exam, reviewer=author)
    assert found(as_author, "review=mine") == ["zeta-2"]
    Revision.objects.filter(pk=theirs.pk).update(state=RevisionState.DRAFT)
    assert "Nothing waits for your review." in text_of(as_author.get(f"{LIST}?review=mine"))


def test_tags_are_shown_counted_and_narrow(as_author, exam):
    for public_id, tags in (("zeta-1", ["rain"]), ("zeta-2", ["rain", "snow"]), ("zeta-3", [])):
        Question.objects.filter(pk=written(public_id, "A turtle", exam=exam).question_id).update(tags=tags)
    assert counted(as_author, "q=turtle", "tag") == {"rain": 2, "snow": 1}
    assert found(as_author, "tag=snow") == ["zeta-2"]
    assert counted(as_author, "tag=snow", "tag") == {"rain": 2, "snow": 1}
    assert found(as_author, "tag=hail") == []
    assert '<span class="tag">snow</span>' in as_author.get(f"{LIST}?q=zeta-2").content.decode()


@pytest.mark.parametrize(
    "query",
    ["exam=X&domain=D1&task=1.1", "kind=X&state=superseded&status=X&health=X", "author=x&low=x&high=7&rating=x",
     "sort=rank", "page=-1", "low=NaN&high=Infinity", "author=99999999999999999999", "review=yours&sort=%00&tag=A%20B"],
)  # fmt: skip
def test_what_nobody_offered_is_ignored(as_author, exam, query):
    listing = as_author.get(f"{LIST}?{query}").context["listing"]
    assert listing.found == listing.total
    assert not listing.wanted.any


def test_nothing_found_is_said_with_a_way_out(as_author, exam):
    page = as_author.get(f"{LIST}?q=xyzzy&state=draft")
    assert "No question holds all of these words and fits the filters." in text_of(page)
    assert f'href="{LIST}">Show all' in page.content.decode()
    assert "No question fits all filters." in text_of(as_author.get(f"{LIST}?state=draft"))


def test_an_empty_bank_says_how_it_is_filled(as_author):
    Revision.objects.all().update(state=RevisionState.SUPERSEDED)
    assert "The bank is empty." in text_of(as_author.get(LIST))


# ---- pages and parts --------------------------------------------------------------------------------------------


def test_long_lists_are_paged_and_keep_the_filter(as_author, exam):
    first, second = (found(as_author, f"kind=multiple_choice&page={number}") for number in (1, 2))
    assert len(first) == studio_found.ON_A_PAGE
    assert not set(first) & set(second)
    assert first + second == sorted(first + second)
    text = html.unescape(as_author.get(f"{LIST}?kind=multiple_choice&page=2").content.decode())
    assert 'href="?kind=multiple_choice" rel="prev"' in text
    last = as_author.get(f"{LIST}?kind=multiple_choice&page=99999").context["listing"]
    assert last.page == last.pages
    assert last.rows


def test_htmx_gets_the_changing_parts_and_the_address(as_author, exam):
    part = as_author.get(f"{LIST}?q=model&kind=&sort=rank&state=published", headers={"HX-Request": "true"})
    text = part.content.decode()
    assert part["HX-Push-Url"] == f"{LIST}?q=model&state=published"
    assert part["Vary"].startswith("HX-Request")
    assert '<div id="results"' in text
    assert all(f'<{tag} id="{name}" hx-swap-oob="innerHTML">' in text
               for tag, name in (("div", "facets"), ("div", "links"), ("p", "said")))  # fmt: skip
    assert "<html" not in text
    assert 'id="q"' not in text
    again = as_author.get(LIST, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in again.content.decode()


def test_what_was_asked_stays_in_the_form(as_author, exam, author):
    query = f"q=model&exam={exam.code}&domain=D1&kind=multiple_choice&state=published&low=0.20&sort=-newest"
    page = as_author.get(f"{LIST}?{query}")
    text = page.content.decode()
    for chosen in (exam.code, "D1", "multiple_choice", "published", "-newest"):
        assert f'<option value="{chosen}" selected>' in text
    assert 'value="model"' in text
    assert 'name="low" inputmode="decimal" autocomplete="off" placeholder="0.00" value="0.20"' in text
    assert page.context["listing"].query == query


# ---- cost -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "most"), [("", 11), ("q=model&kind=multiple_choice", 11), ("exam=MLA-C01&q=drift", 12)]
)
def test_a_page_takes_a_constant_number_of_statements(as_author, exam, author, django_assert_num_queries, query, most):
    with django_assert_num_queries(most):
        as_author.get(f"{LIST}?{query}")
    a_run(exam, created_at=timezone.now())
    for number in range(40):
        written(f"zeta-{number}", "A model may drift", exam=exam, author=UserFactory(), options=["A", "B"])
    with django_assert_num_queries(most):
        page = as_author.get(f"{LIST}?{query}")
    assert page.context["listing"].found >= 40
