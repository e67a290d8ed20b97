"""The pages of regrades: for authors, from the choice over the preview to the record, and back."""

from __future__ import annotations

import html
import re
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from accounts import services as accounts
from accounts.roles import Role
from exams.models import Form
from exams.services import bank
from scoring.models import Regrade, Result
from scoring.reports import regrades
from tests.accounts.factories import UserFactory
from tests.factories import sat
from tests.scoring.corrections import LOSING, REASON, a_seat, act, current, look, old_key, passing, wrong_key

NAMES = ("bank_regrades", "bank_regrade", "bank_regrade_detail")


@pytest.fixture
def form(exam):
    return Form.objects.get(exam=exam, reference=True)


def text_of(response) -> str:
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def address(name, seat, pk=1):
    code, question = seat.form.exam.code, seat.revision.question.public_id
    return reverse(name, args={"bank_regrades": [code], "bank_regrade": [code, question]}.get(name, [code, pk]))


def asked(seat, act="key", numbers=None, **more):
    """What the form of the choice sends."""
    name = "option" if seat.kind.startswith("multiple") else "place"
    fields = {"revision": seat.revision.number, "act": act, "reason": REASON}
    return fields | {name: wrong_key(seat) if numbers is None else numbers} | more


# ---- who may look ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_people_who_are_not_signed_in_are_asked_to(client, form, name):
    page = address(name, a_seat(form))
    assert client.get(page).url == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_authors_learn_that_it_exists(client, user, form, name, role, method):
    seat = a_seat(form)
    regrade = act(seat)
    if role:
        accounts.grant_role(user=user, role=role)
    client.force_login(user)
    answer = getattr(client, method)(address(name, seat, regrade.pk), asked(seat))
    assert answer.status_code == 404
    regrade.refresh_from_db()
    assert regrade.reverted_at is None
    assert Regrade.objects.count() == 1


@pytest.mark.parametrize("name", NAMES)
def test_authors_may_look(as_author, form, name):
    seat = a_seat(form)
    assert as_author.get(address(name, seat, act(seat).pk)).status_code == 200


@pytest.mark.parametrize("path", [
    "XX-1/regrades/", "MLA-C01/regrades/999999/", "MLA-C01/regrades/99999999999999999999/",
    "MLA-C01/questions/nothing/regrade/", "MLA-C01/questions/a%00b/regrade/", "XX-1/questions/nothing/regrade/",
])  # fmt: skip
def test_what_does_not_exist_is_not_found(as_author, exam, path):
    assert as_author.get(f"/bank/exams/{path}").status_code == 404


@pytest.mark.parametrize("number", ["99", "x", "-1", "9" * 30, "٣", "9" * 5_000])
def test_a_revision_that_does_not_exist_is_not_found(as_author, form, number):
    assert as_author.get(address("bank_regrade", a_seat(form)), {"revision": number}).status_code == 404


def test_a_regrade_of_another_exam_is_not_found(as_author, form):
    regrade = act(a_seat(form))
    assert as_author.get(f"/bank/exams/MLS-C01/regrades/{regrade.pk}/").status_code == 404


# ---- the history -------------------------------------------------------------------------------------------------


def test_without_regrades_the_page_says_so(as_author, form):
    assert "Nothing was regraded" in text_of(as_author.get(address("bank_regrades", a_seat(form))))


def test_the_history_lists_what_was_done(as_author, form):
    seat = a_seat(form)
    sat(UserFactory(), form.exam, form=form, right=50)
    regrade = act(seat)
    page = text_of(as_author.get(address("bank_regrades", seat)))
    assert f"{seat.revision.question.public_id}, r{seat.revision.number} Key corrected In force" in page
    assert regrade.made_by is not None
    assert f"{regrade.made_by.get_full_name()} 1 0 1 0 0" in page


def test_the_history_finds_a_question(as_author, form):
    seat = a_seat(form)
    page = address("bank_regrades", seat)
    found = as_author.get(page, {"question": f" {seat.revision.question.public_id} "})
    assert found.url == address("bank_regrade", seat)
    for unknown in ("mla-c01-9.9-9999", "a\0b", "<b>"):
        assert "has no question with this id" in text_of(as_author.get(page, {"question": unknown}))


@pytest.mark.parametrize("count", [1, 4])
def test_the_history_takes_a_constant_number_of_statements(as_author, form, count, django_assert_num_queries):
    for place in range(1, count + 1):
        act(a_seat(form, place))
    with django_assert_num_queries(10):
        page = as_author.get(address("bank_regrades", a_seat(form)))
    assert page.content.decode().count('<th scope="row">') == count


# ---- the choice --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["multiple_choice", "multiple_response", "ordering", "matching"])
def test_the_choice_offers_the_answers_of_its_kind(as_author, form, kind):
    seat = a_seat(form, kind=kind)
    body = as_author.get(address("bank_regrade", seat)).content.decode()
    if kind.startswith("multiple"):
        assert body.count('<input type="checkbox" name="option"') == len(seat.options)
        assert body.count("Present key") == len(old_key(seat))
    else:
        assert body.count('<select class="input"') == seat.slots
        assert re.findall(r'<option value="(\d+)" selected>', body) == [str(number) for number in old_key(seat)]
    assert 'name="keep"' in body or kind == "multiple_choice"


def test_a_question_that_was_regraded_leads_to_its_record(as_author, form):
    seat = a_seat(form)
    regrade = act(seat)
    body = as_author.get(address("bank_regrade", seat)).content.decode()
    assert address("bank_regrade_detail", seat, regrade.pk) in body
    assert 'name="act"' not in body


def test_a_question_on_no_form_has_nothing_to_choose(as_author, exam):
    question = exam.placements.exclude(question__revisions__seats__form__exam=exam)[0].question
    page = as_author.get(reverse("bank_regrade", args=[exam.code, question.public_id]))
    assert "stands on no form of MLA-C01" in text_of(page)


# ---- the preview -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["multiple_choice", "multiple_response", "ordering", "matching"])
def test_the_preview_shows_every_result_that_moves(as_author, form, kind):
    seat = a_seat(form, kind=kind)
    results = [sat(UserFactory(), form.exam, form=form, right=right) for right in (50, 45)]
    seen = look(seat)
    page = text_of(as_author.get(address("bank_regrade", seat), asked(seat)))
    assert "Correct the key?" in page
    for place, move in enumerate(seen.moves, 1):
        day = date_format(timezone.localdate(results[0].sitting.started_at), "j M Y")
        assert f"Candidate {place} {day} {move.form} {move.before.raw} of 50 → " in page
        assert f"{move.before.raw} of 50 → {move.after.raw} of 50" in page
    assert "Results 2 get a new version Higher score 0 Lower score 2 Gain a pass 0 Lose a pass 0" in page
    assert Result.objects.count() == 2


def test_authors_see_results_and_not_people(as_author, form):
    seat = a_seat(form)
    people = [UserFactory(display_name="Wilhelmina Quist"), UserFactory(email="zebedee@example.com", display_name="")]
    results = [sat(person, form.exam, form=form, right=right) for person, right in zip(people, (50, 45), strict=True)]
    shown = [as_author.get(address("bank_regrade", seat), asked(seat)).content.decode()]
    shown.append(as_author.get(address("bank_regrade_detail", seat, act(seat).pk)).content.decode())
    for page in shown:
        assert "Candidate 1" in page
        assert "Candidate 2" in page
        for result in results:
            person, begun = result.sitting.user, timezone.localtime(result.sitting.started_at)
            told = ("Wilhelmina", "Quist", "zebedee", person.email, str(result.sitting_id), f", {begun:%H:%M}<")
            assert [word for word in told if word in page] == []


def test_a_preview_that_moves_nothing_says_so(as_author, form):
    seat = a_seat(form)
    page = text_of(as_author.get(address("bank_regrade", seat), asked(seat, "removed")))
    assert "No score moves: nobody has a result on these forms yet." in page


def test_who_loses_a_pass_can_be_filtered(as_author, form):
    seat = a_seat(form)
    loses, stays = passing(form.exam, form), sat(UserFactory(), form.exam, form=form, right=50)
    page = text_of(as_author.get(address("bank_regrade", seat), asked(seat, show="lost")))
    assert "All that move 2 Lose a pass 1 Gain a pass 0" in page
    assert [move.sitting_id for move in look(seat).moves] == [loses.sitting_id, stays.sitting_id]
    assert "Candidate 1 " in page
    assert "Candidate 2 " not in page
    assert "1 person loses a pass. That needs a reason of its own." in page
    page = text_of(as_author.get(address("bank_regrade", seat), asked(seat, show="gained")))
    assert "Nobody gains a pass." in page


def test_a_long_preview_has_pages(as_author, form, monkeypatch):
    monkeypatch.setattr(regrades, "MOVES_PER_PAGE", 2)
    seat = a_seat(form)
    for right in (48, 49, 50):
        sat(UserFactory(), form.exam, form=form, right=right)
    page = as_author.get(address("bank_regrade", seat), asked(seat, page="2"))
    assert "Page 2 of 2" in text_of(page)
    link = re.search(r'rel="prev" href="\?([^"]+)"', page.content.decode())
    assert link
    first = as_author.get(f"{address('bank_regrade', seat)}?{html.unescape(link[1])}")
    assert first.content.decode().count("of 50 →") == 2
    for odd in ("0", "x", "-3", "99"):
        assert as_author.get(address("bank_regrade", seat), asked(seat, page=odd)).status_code == 200


@pytest.mark.parametrize("people", [1, 4])
def test_the_preview_takes_a_constant_number_of_statements(as_author, form, people, django_assert_num_queries):
    seat = a_seat(form)
    for right in range(people):
        sat(UserFactory(), form.exam, form=form, right=50 - right)
    with django_assert_num_queries(26):
        page = as_author.get(address("bank_regrade", seat), asked(seat))
    assert page.content.decode().count("of 50 →") == people


HOSTILE = [
    ({"act": "delete"}, "either corrects the key or removes the question"),
    ({"option": []}, "Say which answer is right."),
    ({"option": ["x"]}, "An answer is a list of option numbers."),
    ({"option": ["99"]}, "names an option that this question does not have"),
    ({"option": ["9" * 99]}, "An answer is a list of option numbers."),
    ({"option": ["2", "2"]}, "The same answer is named twice."),
    ({"option": ["\0"]}, "An answer is a list of option numbers."),
    ({"reason": "too short"}, "Say in at least 20 characters why the question is regraded."),
    ({"reason": "x" * 600}, "Say in at most 500 characters why the question is regraded."),
    ({"reason": "\0" * 50}, "Say in at least 20 characters"),
    ({"option": [], "place": ["", "1"]}, "Choose an option for every place."),
]


@pytest.mark.parametrize(("fields", "why"), HOSTILE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_cannot_be_is_refused_and_the_choice_shown_again(as_author, form, fields, why, method):
    seat = a_seat(form)
    page = getattr(as_author, method)(address("bank_regrade", seat), asked(seat) | fields)
    assert page.status_code == 200
    assert why in text_of(page)
    assert "Nothing was changed." in text_of(page)
    assert not Regrade.objects.exists()


def test_what_was_chosen_is_still_there_when_it_is_changed(as_author, form):
    seat = a_seat(form, kind="ordering")
    query = urlencode(asked(seat, edit="yes", keep="yes"), doseq=True)
    body = as_author.get(f"{address('bank_regrade', seat)}?{query}").content.decode()
    assert re.findall(r'<option value="(\d+)" selected>', body) == [str(number) for number in wrong_key(seat)]
    assert REASON in body
    assert body.count(" checked") == 2


# ---- doing it ----------------------------------------------------------------------------------------------------


def test_it_is_done_and_leads_to_the_record(as_author, author, form):
    seat = a_seat(form)
    result = sat(UserFactory(), form.exam, form=form, right=50)
    done = as_author.post(address("bank_regrade", seat), asked(seat), follow=True)
    regrade = Regrade.objects.get()
    assert done.redirect_chain == [(address("bank_regrade_detail", seat, regrade.pk), 302)]
    assert "Regraded. New result versions: 1, with another score: 1." in text_of(done)
    assert (regrade.made_by, regrade.reason, regrade.keys) == (author, REASON, [wrong_key(seat)])
    assert current(result).raw == 49


def test_the_present_key_may_stay_right(as_author, form):
    seat = a_seat(form, kind="matching")
    as_author.post(address("bank_regrade", seat), asked(seat, keep="yes"))
    assert Regrade.objects.get().keys == [wrong_key(seat), old_key(seat)]


def test_several_ticks_on_multiple_choice_are_several_right_answers(as_author, form):
    seat = a_seat(form)
    both = sorted([*old_key(seat), *wrong_key(seat)])
    as_author.post(address("bank_regrade", seat), asked(seat, numbers=both))
    assert Regrade.objects.get().keys == [[number] for number in both]


def test_a_lost_pass_needs_its_reason_on_the_page_too(as_author, form):
    seat = a_seat(form)
    loses = passing(form.exam, form)
    page = as_author.post(address("bank_regrade", seat), asked(seat))
    assert "why it is right that one person loses a pass" in text_of(page)
    assert page.context["outlook"].preview.lost == 1
    assert current(loses).version == 1
    as_author.post(address("bank_regrade", seat), asked(seat, losing_reason=LOSING))
    assert not current(loses).passed
    assert Regrade.objects.get().losing_reason == LOSING


def test_sent_twice_it_is_done_once(as_author, form):
    seat = a_seat(form)
    sat(UserFactory(), form.exam, form=form, right=50)
    as_author.post(address("bank_regrade", seat), asked(seat))
    again = as_author.post(address("bank_regrade", seat), asked(seat), follow=True)
    assert "regraded already" in text_of(again)
    assert again.redirect_chain == [(address("bank_regrade_detail", seat, Regrade.objects.get().pk), 302)]
    assert bank.current_table(form).version == 2


# ---- the record, and back ----------------------------------------------------------------------------------------


def test_the_record_tells_everything(as_author, form):
    seat = a_seat(form)
    passing(form.exam, form)
    regrade = act(seat)
    page = text_of(as_author.get(address("bank_regrade_detail", seat, regrade.pk)))
    assert f"Reason {REASON} Why passes were lost {LOSING}" in page
    assert "Tables Form 1, version 2" in page
    assert "Passes lost 1" in page
    assert "Take it back" in page


def test_it_is_taken_back_once(as_author, author, form):
    seat = a_seat(form)
    result = sat(UserFactory(), form.exam, form=form, right=50)
    page = address("bank_regrade_detail", seat, act(seat).pk)
    refused = as_author.post(page, {"reason": "no"})
    assert "Say in at least 20 characters why the regrade is taken back." in text_of(refused)
    for _ in range(2):
        done = as_author.post(page, {"reason": "The first key was right after all."}, follow=True)
        assert done.redirect_chain == [(page, 302)]
    assert "taken back already" in text_of(done)
    regrade = Regrade.objects.get()
    assert (regrade.reverted_by, current(result).raw, current(result).version) == (author, 50, 3)
    told = text_of(as_author.get(page))
    assert "The first key was right after all." in told
    assert "Take it back" not in told


@pytest.mark.parametrize("people", [1, 4])
def test_the_record_takes_a_constant_number_of_statements(as_author, form, people, django_assert_num_queries):
    seat = a_seat(form)
    for right in range(people):
        sat(UserFactory(), form.exam, form=form, right=50 - right)
    page = address("bank_regrade_detail", seat, act(seat).pk)
    with django_assert_num_queries(20):
        shown = as_author.get(page)
    assert shown.content.decode().count("of 50 →") == people
