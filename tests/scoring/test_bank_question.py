"""One question for its authors: who may look, its wording for each kind, its history and its forms."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.roles import Role
from exams.models import Form, Seat, Sitting
from exams.services.bank import current_table
from questions.models import Exam, Placement, Rating, Revision, Standing, Task
from questions.models.bank import RevisionState
from scoring.models import RunItem
from tests.factories import UserFactory, begin, close
from tests.scoring.question_page import PAGES, address, item, revised, seat_of
from tests.scoring.runs import a_run, an_item
from tests.scoring.test_views_results import text_of

# ---- who may look ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_who_is_not_signed_in_is_asked_to(client, exam, name):
    page = address(seat_of(exam), name)
    assert client.get(page).url == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
@pytest.mark.parametrize("name", PAGES)
def test_candidates_and_instructors_find_nothing(client, exam, name, role):
    a_run(exam)
    a_run(exam)
    person = UserFactory()
    if role:
        services.grant_role(user=person, role=role)
    client.force_login(person)
    assert client.get(address(seat_of(exam), name)).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_authors_read_only(as_author, exam, name):
    a_run(exam)
    a_run(exam)
    assert as_author.get(address(seat_of(exam), name)).status_code == 200
    assert as_author.post(address(seat_of(exam), name)).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_what_does_not_exist_is_not_found(as_author, exam, name):
    seat = seat_of(exam)
    a_run(exam)
    a_run(exam)
    for asked in ({"run": 9}, {"run": "x"}, {"revision": 9}, {"revision": "-1"}, {"revision": "9" * 30}):
        assert as_author.get(address(seat, name, **asked)).status_code == 404
    assert as_author.get(reverse(name, args=["MLA-C01", "mla-9.9-999"])).status_code == 404
    assert as_author.get(reverse(name, args=["XYZ", seat.revision.question.public_id])).status_code == 404


def test_a_question_of_another_exam_is_not_found(as_author, exam):
    seat = seat_of(exam)
    Placement.objects.filter(question=seat.revision.question).delete()
    assert as_author.get(address(seat)).status_code == 404


def test_a_draft_is_not_shown(as_author, exam):
    seat = seat_of(exam)
    Revision.objects.create(question=seat.revision.question, number=9, kind="multiple_choice", stem="x", digest="2")
    assert as_author.get(address(seat, revision=9)).status_code == 404
    assert f"Revision {seat.revision.number}, published" in text_of(as_author.get(address(seat)))


# ---- wording ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "key", "words"),
    [
        ("multiple_choice", r"{}", ["Key", "Distractor"]),
        ("multiple_response", r"{} and {}", ["Choose", "Part of the key", "Distractor"]),
        ("ordering", r"{}, then {}", ["in order.", "Step 1", "Step 2", "Step 3"]),
        ("matching", r"1 with {}, 2 with {}", ["To match", "Belongs to"]),
    ],
)
def test_each_kind_shows_its_wording_and_folds_its_key(as_author, exam, kind, key, words):
    seat = seat_of(exam, kind)
    page = as_author.get(address(seat))
    before, folded = page.content.decode().split("<summary>Key and rationales</summary>")
    assert seat.revision.stem_html in before
    assert not any(word in before for word in ("Distractor", "Part of the key", "Step 1", "Belongs to"))
    for option in seat.revision.options.all():
        assert option.html in before
        assert option.rationale_html in folded
    for prompt in seat.revision.prompts.all():
        assert prompt.html in before
        assert prompt.rationale_html in folded
    text = text_of(page)
    right = [chr(ord("A") + number - 1) for number in seat.revision.strategy.key(seat.revision.content)]
    assert f"Key: {key.format(*right)}" in text
    assert all(word in text for word in words)
    assert seat.revision.references.all()[0].url in folded


def test_a_case_study_brings_its_scenario(as_author, exam):
    seat = Seat.objects.filter(form__exam=exam, revision__scenario_revision__isnull=False)[0]
    scenario = seat.revision.scenario_revision
    page = as_author.get(address(seat)).content.decode()
    assert scenario is not None
    assert scenario.html in page
    assert scenario.title in page


def test_the_head_names_task_status_and_rating_with_its_judges(as_author, exam):
    seat = seat_of(exam)
    standing = Standing.objects.get(exam=exam, revision=seat.revision)
    assert standing.rating is not None
    text = text_of(as_author.get(address(seat)))
    assert f"{seat.revision.question.public_id} Multiple choice Scorable Revision 1, published" in text
    assert str(seat.task) in text
    assert str(seat.task.domain) in text
    assert f"{standing.rating:.2f} , the share of borderline candidates" in text
    for rating in Rating.objects.filter(exam=exam, revision=seat.revision):
        assert f"{rating.judge} {rating.value} %" in text


def test_a_question_without_a_rating_says_so(as_author, exam):
    seat = seat_of(exam)
    Standing.objects.filter(exam=exam, revision=seat.revision).update(rating=None, status="pretest")
    text = text_of(as_author.get(address(seat)))
    assert "Not rated for MLA-C01." in text
    assert "Pretest" in text


def test_other_exams_that_hold_it_are_linked(as_author, exam):
    seat = seat_of(exam)
    other = Exam.objects.create(
        code="OTHER-1", name="Other", level="x", status="x", as_of=exam.as_of, minutes=90, questions=65, scored=50,
        pass_mark=700,
    )  # fmt: skip
    domain = other.domains.create(number=1, code="D1", title="One", weight=100)
    task = Task.objects.create(exam=other, domain=domain, number=1, code="1.1", title="First")
    Placement.objects.create(question=seat.revision.question, exam=other, task=task)
    link = reverse("bank_question", args=["OTHER-1", seat.revision.question.public_id])
    assert f'<a href="{link}">OTHER-1</a>' in as_author.get(address(seat)).content.decode()
    there = as_author.get(link)
    assert "1.1 First" in text_of(there)
    assert "Not rated for OTHER-1." in text_of(there)


# ---- history ----------------------------------------------------------------------------------------------------


def test_the_history_shows_whether_a_revision_helped(as_author, exam):
    seat = seat_of(exam)
    first = a_run(exam, promoted_at=timezone.now())
    item(first, seat, facility=0.48, item_rest=0.04)
    new = revised(seat)
    standing = Standing.objects.get(exam=exam, revision=new)
    second = a_run(exam)
    RunItem.objects.filter(run=second, revision=seat.revision).delete()
    fresh = an_item(second, Seat(revision=new, options=seat.options), standing, n=400)
    fresh.facility, fresh.item_rest, fresh.drift, fresh.drift_z = 0.61, 0.31, -0.2, -1.4
    fresh.save()
    a_run(exam, includes_simulated=True)

    page = as_author.get(address(seat))
    text = text_of(page)
    assert "Revision 2, published" in text
    assert "New words" in text
    assert "Since revision 1, facility went from 0.48 to 0.61 and item-rest r went from 0.04 to 0.31." in text
    history = page.context["page"].history
    assert [chapter.revision.number for chapter in history] == [2, 1]
    assert [[one.run.number for one in chapter.measurements] for chapter in history] == [[2], [3, 1]]
    assert "−0.20 (z −1.40)" in text
    assert text.count("Simulated") == 1
    assert [(point.run.number, point.revision) for point in page.context["page"].points] == [(1, 1), (2, 2)]

    old = text_of(as_author.get(address(seat, revision=1)))
    assert "This revision is no longer given to new forms." in old
    assert "New words" not in old
    assert "Item-rest r 0.04" in old
    drawn = as_author.get(address(seat, "bank_question_history")).content.decode()
    assert "Revision 1" in drawn
    assert "Run 2" in drawn
    assert "Run 3" not in drawn


def test_a_retired_question_shows_its_last_revision(as_author, exam):
    seat = seat_of(exam)
    Revision.objects.filter(pk=seat.revision_id).update(state=RevisionState.RETIRED)
    text = text_of(as_author.get(address(seat)))
    assert "Revision 1, retired, published" in text


# ---- forms and exposure -----------------------------------------------------------------------------------------


def test_forms_and_exposure_count_real_sittings(as_author, exam):
    seat = seat_of(exam)
    for _ in range(2):
        close(begin(UserFactory(), exam, seat.form))
    simulated = begin(UserFactory(), exam, seat.form)
    Sitting.objects.filter(pk=simulated.pk).update(simulated=True)
    text = text_of(as_author.get(address(seat)))
    assert f"{seat.form.code} Reference {seat.number} Scored 2" in text
    assert "2 sittings of MLA-C01 have shown this revision." in text


def test_the_exposure_of_earlier_revisions_is_told_apart(as_author, exam):
    seat = seat_of(exam)
    begin(UserFactory(), exam, seat.form)
    revised(seat)
    text = text_of(as_author.get(address(seat)))
    assert "This revision stands on no form. 0 sittings of MLA-C01 have shown this revision, and 1 the question" in text


def test_personal_forms_are_counted_without_a_name(as_author, exam, user):
    seat = seat_of(exam)
    mine = Form.objects.create(exam=exam, number=999, owner=user, state=Form.State.PERSONAL)
    Seat.objects.create(
        form=mine, number=1, revision=seat.revision, task=seat.task, scored=True, kind=seat.kind,
        options=seat.options, tokens=seat.tokens, slots=seat.slots,
    )  # fmt: skip
    text = text_of(as_author.get(address(seat)))
    assert "It also stands on 1 form made for one person each." in text
    assert "Form 999" not in text
    assert user.display_name not in text


def test_a_seat_removed_by_a_regrade_says_so(as_author, exam):
    seat = seat_of(exam)
    table = current_table(seat.form)
    table.pk, table.version, table.removed = None, 2, [seat.number]
    table.save()
    assert f"{seat.number} Removed by a regrade" in text_of(as_author.get(address(seat)))


@pytest.mark.parametrize(("runs", "revisions", "forms"), [(1, 0, 0), (4, 1, 3)])
def test_the_page_takes_a_constant_number_of_statements(
    as_author, exam, runs, revisions, forms, django_assert_num_queries
):
    seat = seat_of(exam)
    for _ in range(runs):
        a_run(exam)
    for number in range(forms):
        form = Form.objects.create(exam=exam, number=900 + number)
        Seat.objects.create(
            form=form, number=1, revision=seat.revision, task=seat.task, scored=True, kind=seat.kind,
            options=seat.options, tokens=seat.tokens, slots=seat.slots,
        )  # fmt: skip
    for number in range(revisions):
        Revision.objects.create(
            question=seat.revision.question, number=5 + number, state=RevisionState.SUPERSEDED, kind=seat.kind,
            stem="x", digest="3", published_at=timezone.now(),
        )  # fmt: skip
    where = address(seat)
    with django_assert_num_queries(21):
        page = as_author.get(where).context["page"]
    assert len(page.history) == 1 + revisions
    assert len(page.history[-1].measurements) == runs
    assert len(page.exposure.places) == 1 + forms
