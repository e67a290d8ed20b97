"""The pages of an exam's outline: making, cloning and editing exams without scripts."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.roles import Role
from questions import outlining
from questions.models import Exam, Task
from questions.specification import Specification, specification_of
from tests.factories import UserFactory, begin
from tests.questions.outlines import specification
from tests.scoring.outlines import EDIT, NEW, Page, send, share, typed
from tests.scoring.test_views_results import text_of


@pytest.fixture
def brewer(db) -> Exam:
    return outlining.create(spec=specification(), by=UserFactory(), now=timezone.now())


BREWER = "/bank/exams/BRW-01/edit/"


# ---- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [NEW, EDIT])
def test_people_who_are_not_signed_in_are_asked_to(client, exam, page):
    assert client.get(page).url == f"{reverse('account_login')}?next={page}"
    assert client.post(page).status_code == 302


@pytest.mark.parametrize("page", [NEW, EDIT])
@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_others_are_told_that_it_does_not_exist(signed_in, user, exam, page, role):
    if role:
        services.grant_role(user=user, role=role)
    before = specification_of(exam)
    assert signed_in.get(page).status_code == 404
    assert signed_in.post(page, typed() | {"do": "save"}).status_code == 404
    assert not Exam.objects.filter(code="BRW-01").exists()
    assert specification_of(Exam.objects.get(pk=exam.pk)) == before


@pytest.mark.parametrize("page", ["/bank/exams/XYZ/edit/", f"{NEW}?from=XYZ"])
def test_an_unknown_exam_is_not_found(as_author, exam, page):
    assert as_author.get(page).status_code == 404


def test_the_bank_leads_to_both(as_author, exam):
    assert f'href="{NEW}"' in as_author.get("/bank/").content.decode()
    assert f'href="{EDIT}"' in as_author.get("/bank/exams/MLA-C01/").content.decode()


# ---- a new exam ------------------------------------------------------------------------------------------------------


def test_an_exam_is_made_from_an_empty_page(as_author, author):
    empty = Page(as_author.get(NEW))
    assert empty.data["scale_maximum"] == "1000"
    assert empty.data["as_of"] == timezone.localdate().isoformat()
    assert empty.wrong == empty.fixed == []
    done = as_author.post(NEW, empty.data | typed() | {"do": "save"}, follow=True)
    assert done.redirect_chain == [(BREWER, 302)]
    made = specification_of(Exam.objects.get(code="BRW-01"))
    assert [(task.code, [topic.title for topic in task.topics]) for task in made.tasks] == [("1.1", ["black", "green"])]
    assert (made.as_of, made.offered) == (date(2026, 11, 20), False)
    page = text_of(done)
    assert "BRW-01 is made. Now it needs questions." in page
    assert "No question is published in it yet. A form needs 10." in page
    assert f"{author} Made in the studio." in page


def test_without_scripts_lines_are_added_moved_and_dropped(as_author):
    page = Page(as_author.get(NEW))
    page.data |= typed()
    for do, titles, focus in (
        ("add-0", ["Leaves", "Choose leaves", ""], "id_domain-0-task-1-title"),
        ("add", ["Leaves", "Choose leaves", "", "", ""], "id_domain-1-title"),
        ("up-1", ["", "", "Leaves", "Choose leaves", ""], "down-0"),
        ("down-1-0", ["", "", "Leaves", "", "Choose leaves"], "up-1-1"),
        ("drop-1-0", ["", "", "Leaves", "Choose leaves"], "add-1"),
        ("drop-0", ["Leaves", "Choose leaves"], "add"),
    ):
        assert do in page.buttons or do == "add-0"
        response = send(as_author, NEW, do, page)
        page = Page(response)
        assert (response.status_code, page.titles(), page.focus) == (200, titles, [focus])
        assert page.wrong == []
    assert page.data["domain-0-task-0-topics"] == "black\ngreen"
    assert page.data["pass_mark"] == "700"
    assert not Exam.objects.filter(code="BRW-01").exists()


@pytest.mark.parametrize("do", ["", "up-7", "drop-0-9", "up", "add-99", "down-0-0-0", "nonsense", "up--1", "add-0-0"])
def test_an_unknown_button_changes_nothing(as_author, do):
    page = Page(as_author.get(NEW))
    assert Page(send(as_author, NEW, do, page, {"code": "x"})).titles() == page.titles()


def test_only_what_can_be_moved_has_a_button(as_author):
    page = Page(as_author.get(NEW))
    assert not [button for button in page.buttons if button.startswith(("up", "down"))]
    page = Page(send(as_author, NEW, "add"))
    assert {"down-0", "up-1", "drop-0", "drop-1"} <= set(page.buttons)
    assert not {"up-0", "down-1"} & set(page.buttons)


def test_enter_checks(as_author):
    assert Page(as_author.get(NEW)).buttons[0] == "check"


def test_checking_shows_the_blueprint_and_saves_nothing(as_author):
    response = as_author.post(NEW, Page(as_author.get(NEW)).data | typed() | {"do": "check"})
    page = text_of(response)
    assert response.status_code == 200
    assert "10 seats, 8 scored and 2 unscored. Nothing is saved yet." in page
    assert "D1 Leaves, 100 % 8 2 10" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "1.1 Choose leaves 8 2" in page
    assert "Multiple choice 6 to 8 5 to 7 0 to 2" in page
    assert "Ordering 2 to 4 1 to 3 0 to 2" in page
    assert Page(response).focus == ["h-preview"]
    assert not Exam.objects.filter(code="BRW-01").exists()


@pytest.mark.parametrize("do", ["save", "check"])
@pytest.mark.parametrize(
    ("changes", "wrong", "sentence"),
    [
        ({"code": "brw"}, "code", "Code : A code has 2 to 21 capital letters"),
        ({"code": "MLA-C01"}, "code", "There is an exam MLA-C01 already."),
        ({"minutes": "many"}, "minutes", "Minutes : Enter a whole number."),
        ({"scored": "11"}, "scored", "11 scored questions do not fit into 10."),
        ({"domain-0-weight": "90"}, "domain-0-weight", "Domain 1, weight, per cent : The domains’ weights add up to"),
        ({"domain-0-title": ""}, "domain-0-title", "Domain 1, title : This field is required."),
        ({"domain-0-task-0-topics": ""}, "domain-0-task-0-topics", "Domain 1, task 1, topics : A task covers at least"),
        ({"domain-0-task-0-topics": "2. a\n2) b"}, "domain-0-task-0-topics", "Two topics have the number 2."),
        (share("ordering", 4, 2, 1, 3), "kind-ordering-form_minimum", "Ordering, fewest on a form : A share runs from"),
        (share("ordering", 2, 4, 1, ""), "kind-ordering-scored_maximum", "Fill in all four numbers, or none."),
        (share("ordering", 2, 4, 5, 6), "kind-ordering-scored_minimum", "5 scored ones do not fit"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_above_and_beside_its_field(as_author, exam, do, changes, wrong, sentence):
    response = as_author.post(NEW, Page(as_author.get(NEW)).data | typed() | changes | {"do": do})
    page = Page(response)
    assert (response.status_code, page.wrong, page.focus) == (422, [wrong], ["errors"])
    assert sentence in text_of(response)
    assert f'href="#id_{wrong}"' in response.content.decode()
    assert page.data["name"] == "Certified Brewer of Tea"
    assert not Exam.objects.filter(code="BRW-01").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (share("ordering", 0, 1, 0, 0), "Kinds : The kinds come to 6 to 9 questions, and a form has 10."),
        ({"domain-TOTAL_FORMS": "0"}, "Domains : An exam has 1 to 9 domains."),
        ({"domain-0-task-TOTAL_FORMS": "0"}, "Domain 1, tasks : A domain has 1 to 99 tasks."),
        ({"domain-TOTAL_FORMS": "500"}, "Domains : Please submit at most 9 forms."),
        ({"domain-TOTAL_FORMS": "x"}, "ManagementForm data is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_whole_part_is_said_there(as_author, changes, sentence):
    response = as_author.post(NEW, Page(as_author.get(NEW)).data | typed() | changes | {"do": "save"})
    assert response.status_code == 422
    assert sentence in text_of(response)


@pytest.mark.parametrize("key", ["9" * 30, "9" * 5_000, "x", "٣"])
def test_a_line_that_cannot_be_is_refused(as_author, exam, key):
    page = Page(as_author.get(EDIT))
    response = as_author.post(EDIT, page.data | {"domain-0-id": key, "domain-0-task-0-id": key, "do": "save"})
    assert response.status_code in (200, 422)


def test_a_clone_starts_from_another_outline(as_author, exam):
    page = Page(as_author.get(f"{NEW}?from=MLA-C01"))
    assert page.data["code"] == ""
    assert page.data["domain-0-id"] == page.data["domain-0-task-0-id"] == ""
    assert "offered" not in page.data
    done = send(as_author, f"{NEW}?from=MLA-C01", "save", page, {"code": "MLA-C09"})
    assert done.url == "/bank/exams/MLA-C09/edit/"
    clone = specification_of(Exam.objects.get(code="MLA-C09"))
    assert [task.code for task in clone.tasks] == list(Task.objects.filter(exam=exam).values_list("code", flat=True))
    assert "Made in the studio from the outline of MLA-C01." in text_of(as_author.get(done.url))


# ---- an exam that exists ---------------------------------------------------------------------------------------------


def stored(code: str = "BRW-01") -> Specification:
    return specification_of(Exam.objects.get(code=code))


def test_saving_what_the_page_shows_changes_nothing(as_author, exam):
    before = specification_of(exam)
    assert "Nothing was different." in text_of(as_author.get(send(as_author, EDIT, "save").url))
    assert stored("MLA-C01") == before
    assert Exam.objects.get(pk=exam.pk).edited_at is None


def test_a_draft_changes_in_everything(as_author, author, brewer):
    page = Page(send(as_author, BREWER, "up-1"))
    assert page.titles() == ["Water", "Heat water", "Leaves", "Choose leaves", "Store leaves"]
    page = Page(send(as_author, BREWER, "drop-1-1", page))
    changes = {"code": "BRW-02", "pass_mark": "750", "domain-0-weight": "50", "domain-1-weight": "50"}
    done = send(as_author, BREWER, "save", page, changes)
    assert done.url == "/bank/exams/BRW-02/edit/"
    after = stored("BRW-02")
    assert [(domain.title, domain.weight) for domain in after.domains] == [("Water", 50), ("Leaves", 50)]
    assert [task.title for task in after.tasks] == ["Heat water", "Choose leaves"]
    said = text_of(as_author.get(done.url))
    assert "Saved: code: BRW-01 → BRW-02; pass mark: 700 → 750" in said
    assert f"{author} code: BRW-01 → BRW-02" in said


def test_topics_keep_their_numbers_and_new_ones_take_none_that_was_in_use(as_author, brewer):
    page = Page(as_author.get(BREWER))
    assert page.data["domain-0-task-0-topics"] == "1. black\n2. green"
    topics = {"domain-0-task-0-topics": "oolong\n1. black tea\n"}
    send(as_author, BREWER, "save", page, topics)
    first = stored().tasks[0]
    assert [(topic.number, topic.title) for topic in first.topics] == [(1, "black tea"), (3, "oolong")]


def test_with_forms_and_sittings_the_page_shows_what_stays(as_author, exam, user):
    response = as_author.get(EDIT)
    fixed = {"code", "questions", "scored", "scale_minimum", "pass_mark", "scale_maximum"}
    assert set(Page(response).fixed) == fixed | {f"domain-{place}-weight" for place in range(4)}
    assert "2 forms have been made." in text_of(response)
    assert "This exam comes from a pack and follows it." in text_of(response)
    begin(user, exam)
    page = Page(response := as_author.get(EDIT))
    assert "minutes" in page.fixed
    assert "2 forms have been made and 1 sitting begun." in text_of(response)
    assert not [button for button in page.buttons if button.startswith(("up", "down", "drop")) or button == "add"]
    added = Page(send(as_author, EDIT, "add-0"))
    assert "drop-0-3" in added.buttons
    assert not [button for button in added.buttons if button.startswith(("up", "down"))]


def test_what_stays_is_refused_even_when_it_is_sent(as_author, exam, user):
    before = specification_of(exam)
    begin(user, exam)
    changes = {"pass_mark": "750", "minutes": "100", "domain-0-weight": "27", "domain-1-weight": "27"}
    response = send(as_author, EDIT, "save", changes=changes)
    page = text_of(response)
    assert response.status_code == 422
    assert "Pass mark : The pass mark stays 720. Forms exist, and another one would change what scores mean" in page
    assert "Minutes : People have sat it with 130 minutes." in page
    assert "Domain 1, weight, per cent : The weight stays 28 %." in page
    assert stored("MLA-C01") == before


def test_words_of_an_exam_with_forms_are_changed_and_it_leaves_its_pack(as_author, exam):
    response = as_author.get(send(as_author, EDIT, "save", changes={"domain-0-title": "Data work"}).url)
    assert "Saved: domain D1: Data Preparation for Machine Learning (ML) → Data work." in text_of(response)
    assert "This exam came from a pack and was changed here on" in text_of(response)


def test_a_bank_that_suffices_is_told_and_one_that_does_not_is_a_warning(as_author, exam):
    assert "published questions suffice for a form" in text_of(as_author.get(EDIT))
    page = Page(send(as_author, EDIT, "add-0"))
    changes = {"domain-0-task-3-title": "Something new", "domain-0-task-3-topics": "it"}
    response = send(as_author, EDIT, "check", page, changes)
    assert response.status_code == 200
    assert "do not make a form of it yet." in text_of(response)
    assert "domain D1, task 1.4, any kind: 1 scored needed, 0 available" in text_of(response)
    assert send(as_author, EDIT, "save", page, changes).status_code == 302


def test_two_people_do_not_overwrite_each_other(as_author, brewer):
    page = Page(as_author.get(BREWER))
    send(as_author, BREWER, "save", page, {"name": "By the first"})
    moved = Page(send(as_author, BREWER, "add-0", page))  # a page that comes back is no newer than it was
    moved.data |= {"domain-0-task-2-title": "x", "domain-0-task-2-topics": "x"}
    response = send(as_author, BREWER, "save", moved, {"name": "By the second"})
    assert response.status_code == 422
    assert "Somebody has changed this exam while you looked at it" in text_of(response)
    assert "Load the page with what is saved now" in text_of(response)
    assert stored().name == "By the first"


# ---- statements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copies", [1, 4])
def test_the_pages_take_a_constant_number_of_statements(as_author, brewer, copies, django_assert_num_queries):
    page = Page(as_author.get(BREWER))
    for number in range(copies):
        page = Page(send(as_author, BREWER, "add-0", page))
        task = f"domain-0-task-{number + 2}"
        page.data |= {f"{task}-title": f"Task {number}", f"{task}-topics": "a\nb"}
    page.data |= share("multiple_choice", 56, 58, 45, 47) | {"questions": "60", "scored": "48"}
    with django_assert_num_queries(17):
        assert send(as_author, BREWER, "check", page).status_code == 200
    with django_assert_num_queries(49):
        assert send(as_author, BREWER, "save", page).status_code == 302
    as_author.get(BREWER)
    with django_assert_num_queries(16):
        as_author.get(BREWER)
