"""The editor: a question of each kind from nothing to a complete draft, its ends, and who may."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import services as accounts
from accounts.roles import Role
from questions import checks
from questions.models import Question, Revision, Scenario, ScenarioRevision, Task
from questions.services import drafts, review
from questions.writing import of_revision
from tests.questions import studio
from tests.scoring.studio_forms import posted

NEW = "/bank/questions/new/"
ENDS = ("studio_edit", "studio_save", "studio_preview", "studio_checks", "studio_people")


@pytest.fixture
def small(db):
    return studio.an_exam()


@pytest.fixture
def other(db):
    return studio.an_author(display_name="Rita")


@pytest.fixture(autouse=True)
def nobody_is_here(db):
    cache.clear()


@pytest.fixture
def draft(author, small):
    return studio.a_draft(author, small, public_id="tst-one")


def edit(public_id="tst-one", end="studio_edit"):
    return reverse(end, args=[public_id])


def begun(client, small, kind):
    """A new question through the page; its empty draft."""
    task = Task.objects.get(exam=small, code="1.1")
    reply = client.post(NEW, {"task": task.pk, "kind": kind})
    assert reply.status_code == 302
    public_id = reply.url.removeprefix("/bank/questions/").removesuffix("/edit/")
    return Revision.objects.get(question__public_id=public_id)


# ---- from nothing to a draft that only a review can stop -------------------------------------------------------------


@pytest.mark.parametrize("writing", studio.EVERY_KIND, ids=lambda writing: writing.kind)
def test_a_question_of_each_kind_is_written_from_an_empty_form(as_author, small, writing):
    draft = begun(as_author, small, writing.kind)
    page = as_author.get(edit(draft.question.public_id)).content.decode()
    assert f'name="option" value="{len(writing.options) if writing.kind != "matching" else 3}"' in page
    reply = as_author.post(edit(draft.question.public_id), posted(writing, draft, act="save"))
    assert reply.status_code == 302
    saved = studio.fresh(draft)
    assert of_revision(saved) == writing
    assert checks.errors(checks.check_revision(saved)) == []
    again = as_author.get(edit(draft.question.public_id)).content.decode()
    for text in (writing.options[-1].text, writing.references[0].url, studio.BECAUSE):
        assert text in again


def test_the_task_must_be_chosen_and_the_id_be_free(as_author, small, draft):
    task = Task.objects.get(exam=small, code="1.1")
    assert as_author.post(NEW, {"kind": "ordering"}).status_code == 422
    assert as_author.post(NEW, {"task": 10**9, "kind": "ordering"}).status_code == 422
    assert as_author.post(NEW, {"task": task.pk, "kind": "essay"}).status_code == 422
    refused = as_author.post(NEW, {"task": task.pk, "kind": "ordering", "public_id": "tst-one"})
    assert refused.status_code == 422
    assert "There is a question tst-one already." in refused.content.decode()
    assert Question.objects.filter(from_studio=True).count() == 1


def test_a_link_may_choose_exam_task_and_kind(as_author, small):
    task = Task.objects.get(exam=small, code="1.2")
    page = as_author.get(f"{NEW}?exam=TST-01&task=1.2&kind=ordering").content.decode()
    assert f'<option value="{task.pk}" selected>' in page
    assert re.search(r'value="ordering"[^>]* checked', page)


# ---- rows without scripts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "texts"),
    [
        ("option:up:3", ["Waxed cotton", "Thin denim", "Loose linen", "Knitted wool"]),
        ("option:down:1", ["Loose linen", "Waxed cotton", "Thin denim", "Knitted wool"]),
        ("option:up:1", ["Waxed cotton", "Loose linen", "Thin denim", "Knitted wool"]),
        ("option:remove:2", ["Waxed cotton", "Thin denim", "Knitted wool"]),
        ("option:add", ["Waxed cotton", "Loose linen", "Thin denim", "Knitted wool", ""]),
        ("option:remove:77", ["Waxed cotton", "Loose linen", "Thin denim", "Knitted wool"]),
    ],
)
def test_options_are_moved_removed_and_added_by_plain_buttons(as_author, draft, act, texts):
    reply = as_author.post(edit(), posted(studio.choice(), draft, act=act))
    assert reply.status_code == 302
    options = studio.fresh(draft).options.all()
    assert [one.text for one in options] == texts
    assert [one.text for one in options if one.correct] == ["Waxed cotton"]  # the key goes with its option
    anchor = reply.url.partition("#")[2]
    assert f'id="{anchor}"' in as_author.get(edit()).content.decode()


def test_matches_follow_their_options(as_author, author, small):
    draft = studio.a_draft(author, small, studio.matching(), public_id="tst-one")
    as_author.post(edit(), posted(studio.matching(), draft, act="option:down:2"))  # green and blue change places
    draft = studio.fresh(draft)
    assert [one.option for one in draft.content.prompts] == [2, 3, 2]
    as_author.post(edit(), posted(of_revision(draft), draft, act="option:remove:2"))
    assert [one.option for one in studio.fresh(draft).content.prompts] == [0, 2, 0]


# ---- saving by itself ------------------------------------------------------------------------------------------------


def test_autosave_names_the_version_it_read(as_author, draft):
    reply = as_author.post(edit(end="studio_save"), posted(studio.choice(studio.STEMS[2]), draft))
    assert reply.status_code == 200
    assert reply.json()["version"] == draft.lock_version + 1
    assert re.fullmatch(r"\d\d:\d\d:\d\d", reply.json()["saved"])
    assert studio.fresh(draft).stem == studio.STEMS[2]
    same = as_author.post(edit(end="studio_save"), posted(studio.choice(studio.STEMS[2]), draft))
    assert same.json()["version"] == draft.lock_version + 1  # the reply had been lost


def test_an_incomplete_draft_is_saved(as_author, small):
    draft = begun(as_author, small, "matching")
    empty = posted(of_revision(studio.fresh(draft)), draft, option=["1"], prompt=["4"], stem="Half a sen")
    assert as_author.post(edit(draft.question.public_id, "studio_save"), empty).status_code == 200
    assert studio.fresh(draft).content.prompts[0].option == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"stem": "x" * 20_001},
        {"stem": "a\0b"},
        {"option": [str(number) for number in range(1, 23)]},
        {"reference-1-url": "https://example.com/" + "x" * 500},
    ],
)
def test_what_no_draft_can_hold_is_refused_with_the_reason(as_author, draft, fields):
    reply = as_author.post(edit(end="studio_save"), posted(studio.choice(), draft) | fields)
    assert reply.status_code == 422
    assert reply.json()["message"].endswith(".")
    assert as_author.post(edit(), posted(studio.choice(), draft) | fields).status_code in (409, 422)
    assert of_revision(studio.fresh(draft)) == studio.choice()


def test_two_steps_in_one_position_are_refused(as_author, author, small):
    draft = studio.a_draft(author, small, studio.ordering(), public_id="tst-one")
    fields = posted(studio.ordering(), draft) | {"option-1-position": "2"}
    assert "position 2" in as_author.post(edit(end="studio_save"), fields).json()["message"]


@pytest.mark.parametrize("row", ["0", "-1", "x", "1e3", "²", "99999"])
def test_rows_with_impossible_names_do_not_exist(as_author, draft, row):
    fields = posted(studio.choice(), draft, option=["1", "2", "3", "4", row])
    assert as_author.post(edit(end="studio_save"), fields).status_code == 200
    assert studio.fresh(draft).options.count() == 4


def test_a_draft_in_review_is_not_written_and_the_text_is_kept(as_author, author, other, draft):
    review.submit(revision=draft, reviewer=other, expected_version=draft.lock_version, by=author)
    fields = posted(studio.choice(studio.STEMS[3]), draft)
    assert as_author.post(edit(end="studio_save"), fields).status_code == 422
    reply = as_author.post(edit(), fields | {"act": "save"})
    assert reply.status_code == 409
    assert "The lighthouse keeper counts ships" in reply.content.decode()
    assert studio.fresh(draft).stem == studio.STEMS[1]
    assert "In review by Rita" in as_author.get(edit()).content.decode()


def test_a_page_that_was_signed_out_gives_the_text_back(client, draft):
    reply = client.post(edit(), posted(studio.choice("Kept <b>words</b>"), draft, act="save"))
    assert reply.status_code == 401
    assert "Kept &lt;b&gt;words&lt;/b&gt;" in reply.content.decode()
    assert studio.fresh(draft).stem == studio.STEMS[1]


# ---- two people ------------------------------------------------------------------------------------------------------


def test_a_second_save_shows_both_wordings_and_overwrites_nothing(as_author, other, draft):
    mine = posted(studio.choice("A courier delivers parcels on a dry day.\n\nWhich coat?"), draft, act="save")
    studio.reworded(draft, other, studio.STEMS[2])
    autosaved = as_author.post(edit(end="studio_save"), mine)
    assert autosaved.status_code == 409
    assert autosaved.json() == {"stale": True, "message": "Rita changed this draft in the meantime."}
    reply = as_author.post(edit(), mine)
    page = reply.content.decode()
    assert reply.status_code == 409
    assert "<del>" in page
    assert "<ins>courier</ins>" in page
    assert "on a dry day" in page.partition("<textarea")[2]  # mine stands in the form
    assert studio.fresh(draft).stem == studio.STEMS[2]


def test_mine_is_saved_over_theirs_only_when_theirs_was_seen(as_author, other, draft):
    mine = posted(studio.choice(studio.STEMS[3]), draft, act="over")
    seen = studio.reworded(draft, other, studio.STEMS[2])
    studio.reworded(seen, other, "Changed once more.\n\nWhich one?")
    late = as_author.post(edit(), mine | {"over": seen.lock_version})
    assert late.status_code == 409
    assert studio.fresh(draft).stem.startswith("Changed once more.")
    assert as_author.post(edit(), mine | {"over": seen.lock_version + 1}).status_code == 302
    assert studio.fresh(draft).stem == studio.STEMS[3]


def test_parts_of_theirs_are_taken(as_author, other, draft):
    theirs = studio.choice(studio.STEMS[2], references=(replace(studio.choice().references[0], title="A better page"),))
    saved = drafts.save_draft(revision=draft, content=theirs, expected_version=draft.lock_version, by=other)
    mine = posted(studio.choice(studio.STEMS[3]), draft, act="over", over=saved.lock_version, theirs=["references"])
    as_author.post(edit(), mine)
    assert studio.fresh(draft).stem == studio.STEMS[3]
    assert studio.fresh(draft).references.get().title == "A better page"


def test_people_learn_of_each_other(as_author, client, author, other, draft):
    assert "editing this, too" not in as_author.get(edit()).content.decode()
    client.force_login(other)
    assert f"{author} is editing this, too" in client.get(edit()).content.decode()
    client.force_login(author)
    told = client.get(edit(end="studio_people"), {"version": draft.lock_version}).content.decode()
    assert "Rita is editing this, too" in told
    assert "saved this draft" not in told
    studio.reworded(draft, other, studio.STEMS[2])
    assert (
        "Rita has saved this draft"
        in client.get(edit(end="studio_people"), {"version": draft.lock_version}).content.decode()
    )


# ---- preview and checks ----------------------------------------------------------------------------------------------


def test_the_preview_shows_what_is_typed_and_saves_nothing(as_author, draft):
    typed = studio.choice("Some **bold** words.\n\nWhich?", references=())
    page = as_author.post(edit(end="studio_preview"), posted(typed, draft)).content.decode()
    assert "<strong>bold</strong>" in page
    assert 'class="option"' in page
    assert "A reference that settles the question is missing." in page
    assert 'href="#h-reference"' in page
    assert studio.BECAUSE not in page
    assert studio.fresh(draft).stem == studio.STEMS[1]


def test_a_check_leads_to_its_row_whatever_it_is_called(as_author, draft):
    fields = posted(studio.choice(), draft, option=["4", "3", "2", "1"]) | {"option-3-rationale": ""}
    page = as_author.post(edit(end="studio_preview"), fields).content.decode()
    assert re.search(r'href="#option-3-rationale">.*?The rationale of option 2 is missing', page)


def test_questions_that_are_alike_are_found_with_links(as_author, author, small, draft):
    studio.a_draft(author, small, public_id="tst-two")
    page = as_author.post(edit(end="studio_checks"), posted(studio.choice(), draft)).content.decode()
    assert edit("tst-two") in page
    assert "tst-two" in as_author.get(f"{edit()}?likeness").content.decode()
    nothing = as_author.post(edit(end="studio_checks"), posted(studio.choice(studio.STEMS[3]), draft))
    assert "No other question" in nothing.content.decode()


HOSTILE = '<script>alert(1)</script> <img src=x onerror=alert(1)> "quoted" </textarea> [x](javascript:alert(1))'


def test_hostile_text_is_harmless(as_author, draft):
    writing = studio.choice(HOSTILE, options=tuple(replace(one, text=HOSTILE) for one in studio.choice().options))
    assert as_author.post(edit(), posted(writing, draft, act="save")).status_code == 302
    for page in (as_author.get(edit()), as_author.post(edit(end="studio_preview"), posted(writing, draft))):
        text = page.content.decode()
        assert not re.search('<script>alert|<img|href="javascript', text)
        assert "alert(1)" in html.unescape(text)


def test_a_case_study_is_shown_and_not_written(as_author, draft):
    case = Scenario.objects.create(public_id="tst-case")
    ScenarioRevision.objects.create(scenario=case, number=1, title="Old", text="Old", html="<p>Old</p>", digest="1")
    ScenarioRevision.objects.create(
        scenario=case, number=2, title="Depot", text="A", html="<p>A depot.</p>", digest="2"
    )
    Question.objects.filter(pk=draft.question_id).update(scenario=case)
    for page in (as_author.get(edit()), as_author.post(edit(end="studio_preview"), posted(studio.choice(), draft))):
        assert "<p>A depot.</p>" in page.content.decode()
        assert "<p>Old</p>" not in page.content.decode()


# ---- corrections -----------------------------------------------------------------------------------------------------


def test_a_published_question_is_corrected_in_a_new_revision(as_author, author, other, small):
    published = studio.a_published(author, other, small, public_id="tst-one")
    page = as_author.get(edit()).content.decode()
    assert "Begin a correction" in page
    assert 'id="editor"' not in page
    assert as_author.post(edit(), {"act": "begin"}).url == edit()
    draft = Revision.objects.get(question=published.question, state="draft")
    assert of_revision(draft) == of_revision(published)
    again = as_author.post(edit(), {"act": "begin"}, follow=True).content.decode()
    assert "There is a draft of this question already" in again
    fields = posted(studio.choice(studio.STEMS[2]), published, act="save")  # the frozen one, by a forged form
    assert as_author.post(edit(), fields).status_code == 409
    assert studio.fresh(published).stem == studio.STEMS[1]


# ---- who may, and what it costs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_only_authors_learn_that_it_exists(client, user, small, draft, role):
    if role:
        accounts.grant_role(user=user, role=role)
    client.force_login(user)
    for address in (NEW, *(edit(end=end) for end in ENDS)):
        assert client.get(address).status_code == 404
        assert client.post(address, posted(studio.choice(studio.STEMS[2]), draft, act="save")).status_code == 404
    assert studio.fresh(draft).stem == studio.STEMS[1]


def test_people_who_are_not_signed_in_are_asked_to(client, draft):
    for address in (NEW, *(edit(end=end) for end in ENDS)):
        assert client.get(address).url == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize("revision", ["", "0", "x", "²", "9" * 30])
def test_what_does_not_exist_is_not_found(as_author, draft, revision):
    for end in ENDS[:4]:
        assert as_author.post(edit(end=end), {"revision": revision}).status_code == 404
    assert as_author.get(edit("no-such")).status_code == 404
    assert as_author.post(edit("no-such"), {"act": "begin"}).status_code == 404


def test_another_questions_revision_is_not_found(as_author, author, small, draft):
    foreign = studio.a_draft(author, small, public_id="tst-two")
    assert as_author.post(edit(end="studio_save"), posted(studio.choice(), foreign)).status_code == 404


def test_the_statements_do_not_grow_with_the_question(as_author, author, small, draft):
    long = replace(studio.matching(), options=studio.matching().options * 2, prompts=studio.matching().prompts * 2)
    big = studio.a_draft(author, small, long, public_id="tst-big")
    for number in range(6):
        studio.a_draft(author, small, public_id=f"tst-more-{number}")
    costs: dict[str, set[int]] = {}
    for revision, writing in ((draft, studio.choice()), (big, long)):
        name = revision.question.public_id
        for end in ENDS:
            as_author.get(edit(name))  # both are known to be here
            with CaptureQueriesContext(connection) as caught:
                if end in ("studio_edit", "studio_people"):
                    as_author.get(edit(name, end))
                else:
                    as_author.post(edit(name, end), posted(writing, revision))
            costs.setdefault(end, set()).add(len(caught))
    assert {end: len(found) for end, found in costs.items()} == dict.fromkeys(ENDS, 1), costs
    assert max(max(found) for found in costs.values()) <= 24, costs
