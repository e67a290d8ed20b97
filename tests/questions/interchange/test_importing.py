"""From a file to drafts: what a plan says, what is written, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from accounts.services import grant_role
from questions.ids import PUBLIC_ID
from questions.interchange.exchange import ForeignQuestion, ForeignScenario, Unreadable
from questions.interchange.exporting import export, foreign, ready, wordings
from questions.interchange.fidelity import differences
from questions.interchange.formats import FORMATS
from questions.interchange.importing import Fate, Outdated, Plan, apply, plan
from questions.interchange.names import fingerprint
from questions.models import Audit, Exam, Question, Revision, Scenario, ScenarioRevision, Task
from questions.models.bank import RevisionState
from questions.services.base import NotAnAuthor
from questions.services.drafts import save_draft
from questions.services.scenarios import create_scenario, reword_scenario
from questions.writing import of_revision
from tests.accounts.factories import UserFactory
from tests.questions import material as packs
from tests.questions.interchange.material import choice, everything, matching, ordering, response

pytestmark = pytest.mark.django_db

TABLES = [*apps.get_app_config("questions").get_models(include_auto_created=True)]
NEW = [
    replace(question, identifier=f"new-{number:03}")
    for number, question in enumerate((choice(), response(), ordering(), matching()), 1)
]


@pytest.fixture
def tst(tmp_path):
    """The small exam with two published questions, tst-001 and tst-002."""
    packs.loaded(tmp_path / "tst", packs.question(1), packs.matching(2))
    return Exam.objects.get(code="TST-01")


@pytest.fixture
def author(db):
    person = UserFactory()
    grant_role(user=person, role=Role.AUTHOR)
    return person


def bank() -> set[tuple[Any, ...]]:
    return {(table, *map(repr, row)) for table in TABLES for row in table._default_manager.values_list()}


def planned(questions: list[ForeignQuestion], name: str = "csv", **more: Any) -> Plan:
    ending = FORMATS[name].extensions[0]
    return plan(FORMATS[name].write(questions), name=f"file{ending}", format_name=name, **more)


def in_bank(public_id: str) -> ForeignQuestion:
    return foreign(ready(Revision.objects.filter(question__public_id=public_id)).latest("number"))


def fates(found: Plan) -> list[tuple[str, str]]:
    return [(row.public_id, row.fate.value) for row in found.rows]


@pytest.mark.parametrize("name", ["moodle", "csv", "xlsx", "pack", "qti"])
def test_new_questions_become_drafts_with_everything_in_them(tst, author, name):
    found = planned(NEW, name, exam=tst)
    assert found.counts == {Fate.ADDED: 4, Fate.CHANGED: 0, Fate.UNCHANGED: 0, Fate.DROPPED: 0}
    before = bank()
    assert planned(NEW, name, exam=tst).digest == found.digest
    assert bank() == before  # a plan writes nothing
    assert apply(found, by=author).added == ("new-001", "new-002", "new-003", "new-004")
    for question in NEW:
        assert differences(in_bank(question.identifier), question) == []
    drafts = Revision.objects.filter(question__public_id__startswith="new-")
    assert set(drafts.values_list("state", "number", "lock_version", "author")) == {("draft", 1, 1, author.pk)}


def test_every_new_question_has_an_entry_in_the_trail(tst, author):
    apply(planned(NEW[:2], exam=tst), by=author)
    rows = Audit.objects.filter(public_id__startswith="new-").order_by("public_id")
    assert [(row.public_id, row.act, row.who, row.detail["file"]) for row in rows] == [
        ("new-001", "create", author, "file.csv"), ("new-002", "create", author, "file.csv"),
    ]  # fmt: skip


def test_an_imported_draft_can_be_written_on(tst, author):
    apply(planned([NEW[0]], exam=tst), by=author)
    draft = Revision.objects.with_content().get(question__public_id="new-001")
    content = replace(of_revision(draft), stem="Other words.\n\nWhich?")
    assert save_draft(revision=draft, content=content, expected_version=1, by=author).lock_version == 2


def test_tags_are_written_as_tags_are_here(tst, author):
    found = planned([replace(NEW[0], tags=("Größe & Zahl", "sql", "SQL", "!!"))], exam=tst)
    assert [loss.what for loss in found.all_losses] == ["tags"]
    apply(found, by=author)
    assert Question.objects.get(public_id="new-001").tags == ["groe-zahl", "sql"]


def test_what_is_imported_is_the_studios(tst, author, tmp_path):
    """A pack that holds the same id later leaves it alone."""
    apply(planned([replace(NEW[0], identifier="tst-007")], exam=tst), by=author)
    packs.loaded(tmp_path / "later", packs.question(7), exam=None)
    assert [row.state for row in Revision.objects.filter(question__public_id="tst-007")] == ["draft"]


def test_what_has_no_field_is_noted(tst, author):
    question = replace(everything(), identifier="new-009")
    found = planned([question], exam=tst)
    assert [loss.what for loss in found.all_losses] == ["rating and statistics", "title"]
    apply(found, by=author)
    row = Question.objects.get(public_id="new-009")
    assert row.tags == ["plans", "sql"]
    assert row.notes == (
        "From file.csv (CSV), there new-009.\nTitle there: Slow queries\nRating there: 0.6067\n"
        "Measured there: facility 0.61, point biserial 0.34, discrimination 1.25, intercept -0.5, first exposures 812"
    )
    assert not row.revisions.get().standings.exists()


# ---- what the bank has already -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["moodle", "gift", "csv", "xlsx", "pack", "qti", "qti22"])
def test_what_was_exported_comes_back_unchanged(tst, author, name):
    made = export(revisions=wordings(exam=tst), to=FORMATS[name], exam=tst)
    before = bank()
    found = plan(made.data, name=f"bank{FORMATS[name].extensions[0]}", exam=tst, format_name=name)
    assert fates(found) == [("tst-001", "unchanged"), ("tst-002", "unchanged")]
    apply(found, by=author)
    assert bank() == before


def test_another_wording_becomes_a_draft_and_the_published_one_stays(tst, author):
    question = replace(in_bank("tst-001"), stem="New words.\n\nWhich option is right?")
    found = planned([question], exam=tst)
    assert [(row.fate, row.why) for row in found.rows] == [(Fate.CHANGED, "wording of the stem")]
    apply(found, by=author)
    old, new = Revision.objects.filter(question__public_id="tst-001").order_by("number")
    assert (old.state, new.state, new.number, new.based_on) == ("published", "draft", 2, old)
    assert new.stem == "New words.\n\nWhich option is right?"
    assert Audit.objects.get(revision=new).act == "revise"


def test_a_format_without_rationales_takes_none_away(tst, author, tmp_path):
    steps = [packs.option(text, position=number) for number, text in enumerate(("One", "Two", "Three"), 1)]
    packs.loaded(tmp_path / "more", packs.question(5, kind="ordering", options=steps), exam=None)
    known = in_bank("tst-005")
    apply(planned([replace(known, stem="New words.")], "gift", exam=tst), by=author)
    draft = in_bank("tst-005")
    assert draft.stem == "New words."
    assert (draft.options, draft.references) == (known.options, known.references)


@pytest.mark.parametrize("state", [RevisionState.DRAFT, RevisionState.IN_REVIEW])
def test_nobodys_draft_is_written_over(tst, author, state):
    changed = replace(in_bank("tst-001"), stem="First.")
    apply(planned([changed], exam=tst), by=author)
    Revision.objects.filter(question__public_id="tst-001", number=2).update(
        state=state, submitted_at="2026-11-21T00:00Z"
    )
    found = planned([replace(changed, stem="Second.")], exam=tst)
    assert [(row.fate, row.why) for row in found.rows] == [
        (Fate.DROPPED, "it is being written or reviewed at the moment; finish that first")
    ]
    assert fates(planned([changed], exam=tst)) == [("tst-001", "unchanged")]


def test_a_question_of_another_kind_is_no_new_wording(tst):
    found = planned([replace(response(), identifier="tst-001")], exam=tst)
    assert found.rows[0].why == "in the bank it is multiple choice, and a kind cannot change"


def test_a_retired_question_can_come_back_as_a_draft(tst, author):
    Revision.objects.filter(question__public_id="tst-001").update(state=RevisionState.RETIRED)
    apply(planned([replace(in_bank("tst-001"), stem="New words.")], exam=tst), by=author)
    states = Revision.objects.filter(question__public_id="tst-001").order_by("number").values_list("state", flat=True)
    assert list(states) == ["retired", "draft"]


def test_the_same_id_in_another_exam_is_another_question(tst, exam):
    question = replace(choice(), identifier=Question.objects.filter(placements__exam=exam)[0].public_id)
    found = planned([question], exam=tst)
    assert found.rows[0].why == "another question, outside TST-01, has its id"


# ---- places --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"task": "9.9"}, "TST-01 has no task 9.9, and none was given for such"),
        ({"task": "", "exam": ""}, "it names no task of TST-01, and none was given for such"),
        ({"exam": "OTH-01"}, "it belongs to OTH-01, and no task of TST-01 was given for such"),
    ],
)
def test_a_question_needs_a_task(tst, author, given, why):
    question = replace(NEW[0], **given)
    assert [row.why for row in planned([question], exam=tst).rows] == [why]
    task = Task.objects.select_related("exam").get(exam=tst, code="2.1")
    apply(planned([question], exam=tst, task=task), by=author)
    assert Question.objects.get(public_id="new-001").placements.get().task == task


@pytest.mark.parametrize(
    ("given", "lost"),
    [
        ({}, []),
        ({"task": "2.1"}, ["its task 2.1"]),
        ({"task": "9.9"}, ["its task 9.9"]),
        ({"task": ""}, []),
        ({"exam": "OTH-01"}, ["its place in OTH-01"]),
    ],
)
@pytest.mark.parametrize("stem", ["New words.", None], ids=["changed", "unchanged"])
def test_a_question_of_the_bank_needs_no_task_and_is_not_moved(tst, author, given, lost, stem):
    known = in_bank("tst-001")
    question = replace(known, **given, stem=stem or known.stem)
    found = planned([question], exam=tst, task=Task.objects.get(exam=tst, code="2.1"))
    assert planned([question], exam=tst).digest == found.digest
    [row] = found.rows
    assert (row.fate, row.exam, row.task) == (Fate.CHANGED if stem else Fate.UNCHANGED, "TST-01", "1.1")
    assert [loss.what for loss in row.losses if loss.what.startswith("its")] == lost
    assert all("task 1.1 of TST-01" in loss.why for loss in row.losses if loss.what.startswith("its"))
    apply(found, by=author)
    assert Question.objects.get(public_id="tst-001").placements.get().task.code == "1.1"


def test_without_an_exam_the_file_has_to_name_one(tst):
    found = planned([NEW[0], replace(NEW[1], exam=""), replace(NEW[2], exam="NO-01")])
    assert [(row.fate.value, row.exam, row.why) for row in found.rows] == [
        ("added", "TST-01", ""),
        ("dropped", "", "it names no exam, and none was given"),
        ("dropped", "", "there is no exam NO-01 here"),
    ]


# ---- case studies --------------------------------------------------------------------------------------------------


def test_a_case_study_comes_as_one(tst, author):
    case = everything().scenario
    apply(planned([replace(question, scenario=case) for question in NEW[:2]], "moodle", exam=tst), by=author)
    row = ScenarioRevision.objects.get(scenario__public_id="tst-case")
    assert [question.public_id for question in row.scenario.questions.all()] == ["new-001", "new-002"]
    assert set(row.revisions.values_list("question__public_id", flat=True)) == {"new-001", "new-002"}
    assert in_bank("new-001").scenario == case


def test_another_situation_of_the_same_name_is_another_scenario(tst, author):
    case = everything().scenario
    assert case is not None
    apply(planned([replace(NEW[0], scenario=case)], exam=tst), by=author)
    apply(planned([replace(NEW[1], scenario=case)], exam=tst), by=author)
    apply(planned([replace(NEW[2], scenario=replace(case, text="Something else."))], exam=tst), by=author)
    texts = ScenarioRevision.objects.filter(scenario__public_id__startswith="tst-case").order_by("pk")
    assert [row.text for row in texts] == [case.text, "Something else."]
    assert in_bank("new-003").scenario != in_bank("new-001").scenario == in_bank("new-002").scenario


def test_a_case_study_that_was_reworded_here_does_not_block_its_file(tst, author):
    """The file's situation has a name of its own by then, which shows other words, too."""
    case = everything().scenario
    assert case is not None
    other = replace(case, text="Something else.")
    for question, scenario in zip(NEW[:2], (case, other), strict=True):
        apply(planned([replace(question, scenario=scenario)], exam=tst), by=author)
    for row in Scenario.objects.filter(public_id__startswith="tst-case"):
        title = f"Reworded {row.pk}"
        reword_scenario(scenario=row, title=title, text="By hand.", expected_number=1, by=author)
    third = [replace(NEW[2], scenario=other), replace(NEW[3], scenario=other)]
    assert apply(planned(third, exam=tst), by=author).added == ("new-003", "new-004")
    assert in_bank("new-003").scenario == in_bank("new-004").scenario
    assert ScenarioRevision.objects.get(revisions__question__public_id="new-003").text == "Something else."
    assert Scenario.objects.filter(public_id__startswith="tst-case").count() == 3


def test_a_long_name_that_is_taken_twice_stays_a_name(tst, author):
    case = ForeignScenario("c" * 61, "A shop", "A shop has one server.")
    names = ["c" * 61, f"{'c' * 52}-{fingerprint(case.title, case.text)}"]
    for name in names:
        create_scenario(public_id=name, title="Taken", text="By hand.", by=author)
    apply(planned([replace(NEW[0], scenario=case)], exam=tst), by=author)
    assert ScenarioRevision.objects.get(revisions__question__public_id="new-001").text == case.text
    assert all(PUBLIC_ID.fullmatch(one) for one in Scenario.objects.values_list("public_id", flat=True))


# ---- all or nothing ------------------------------------------------------------------------------------------------


def test_only_authors_import(tst):
    found, before = planned(NEW, exam=tst), bank()
    with pytest.raises(NotAnAuthor):
        apply(found, by=UserFactory())
    assert bank() == before


def test_a_plan_that_the_bank_has_overtaken_is_not_carried_out(tst, author):
    changed = replace(in_bank("tst-001"), stem="Other words.")
    found = planned([*NEW, changed], exam=tst)
    apply(planned([changed], exam=tst), by=author)
    before = bank()
    with pytest.raises(Outdated):
        apply(found, by=author)
    assert bank() == before


def test_an_import_that_breaks_off_changes_nothing(tst, author):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    found, before = planned(NEW, exam=tst), bank()
    with pytest.raises(KeyboardInterrupt):
        apply(found, by=author, progress=interrupt)
    assert bank() == before


def test_a_plan_of_too_large_a_file_is_refused(tst, settings):
    settings.INTERCHANGE_LIMITS = {"bytes": 100}
    with pytest.raises(Unreadable, match=r"^The file has [0-9,]+ bytes; at most 100 are read\.$"):
        planned(NEW, exam=tst)


def test_a_draft_without_everything_is_added_with_its_problems(tst, author):
    question = replace(NEW[0], options=NEW[0].options[:3], references=())
    found = planned([replace(question, options=(*question.options[:2], replace(question.options[2], rationale="")))],
                    exam=tst)  # fmt: skip
    assert found.rows[0].problems == (
        "The rationale of option 3 is missing.", "The question has 3 options, must have 4.",
        "A reference that settles the question is missing.",
    )  # fmt: skip
    apply(found, by=author)
    assert Question.objects.filter(public_id="new-001").exists()


# ---- cost ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [5, 60])
def test_the_number_of_statements_does_not_grow_with_the_questions(tst, author, count):
    many = [replace(matching(), identifier=f"new-{number:03}", rating=Decimal("0.5")) for number in range(count)]
    with CaptureQueriesContext(connection) as planning:
        found = planned(many, exam=tst)
    with CaptureQueriesContext(connection) as writing:
        apply(found, by=author)
    with CaptureQueriesContext(connection) as again:
        assert planned(many, exam=tst).counts[Fate.UNCHANGED] == count
    with CaptureQueriesContext(connection) as exporting:
        export(revisions=wordings(exam=tst, drafts=True), to=FORMATS["csv"], exam=tst)
    assert [len(queries) for queries in (planning, writing, again, exporting)] == [4, 15, 11, 10]


@pytest.mark.parametrize("name", ["moodle", "gift", "csv", "xlsx", "pack", "qti"])
def test_the_shipped_bank_comes_back_as_it_is(exam, name):
    made = export(revisions=wordings(exam=exam), to=FORMATS[name], exam=exam)
    found = plan(made.data, name="bank", exam=exam, format_name=name)
    assert found.counts[Fate.UNCHANGED] == len(found.rows) == made.count == wordings(exam=exam).count()
    told = {loss.what for loss in found.all_losses}
    assert told <= {"scoring answer by answer", "rating and statistics", "judges' ratings"}
