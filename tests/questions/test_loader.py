"""Loading a pack: all of it or nothing, nothing twice, and a wording once published stays."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from questions.models import Enmity, Exam, Option, Placement, Question, Rating, Revision, ScenarioRevision, Standing
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from questions.pack.loader import load
from questions.pack.reader import PackErrors
from tests.questions.material import EXAM, loaded, matching, option, pack, question, scenario

pytestmark = pytest.mark.django_db

TABLES = [*apps.get_app_config("questions").get_models(include_auto_created=True)]


def bank() -> set[tuple[Any, str]]:
    """Every row of the bank, ids included."""
    return {(table, repr(row)) for table in TABLES for row in table._default_manager.values_list()}


def published(public_id: str) -> Revision:
    return Revision.objects.published().get(question__public_id=public_id)


def numbers(public_id: str) -> list[tuple[int, str]]:
    return list(Revision.objects.filter(question__public_id=public_id).values_list("number", "state"))


def refused(folder: Path, *questions: Any, **more: Any) -> list[str]:
    """What the bank alone can find wrong; checks that it found it before anything changed."""
    content, before = pack(folder, *questions, **more), bank()
    with pytest.raises(PackErrors) as found:
        load(pack=content, now=timezone.now())
    assert bank() == before
    return str(found.value).split("\n")


def test_a_new_question_is_published_rated_and_placed(tmp_path):
    report = loaded(tmp_path, question(1))
    revision = published("tst-001")
    assert report.as_dict() == {"exam": "TST-01", "added": ["tst-001"], "changed": [], "unchanged": 0, "kept": []}
    assert revision.stem_html.endswith('<p class="ask">Which option is right?</p>')
    assert [item.html for item in revision.options.all()] == ["Right", "Wrong", "Amiss", "Astray"]
    assert [(item.status, item.rating) for item in revision.standings.all()] == [(Status.SCORABLE, Decimal("0.7000"))]
    assert revision.question.placements.get().task.code == "1.1"


def test_the_content_in_the_bank_is_the_content_of_the_pack(tmp_path):
    content = pack(tmp_path, matching())
    load(pack=content, now=timezone.now())
    revision = Revision.objects.with_content().get(question__public_id="tst-001")
    assert revision.content == content.questions["tst-001"][0].content
    assert revision.strategy.key(revision.content) == (3, 2, 3)


def test_the_rating_is_the_mean_of_the_judges_and_their_rows_stay(tmp_path):
    loaded(tmp_path, question(1, ratings={"TST-01": [60, 61, 61]}))
    assert Standing.objects.get(exam__code="TST-01").rating == Decimal("0.6067")
    assert list(Rating.objects.filter(exam__code="TST-01").values_list("judge", "value", "method")) == [
        ("desk 1", 60, "desk estimate"), ("desk 2", 61, "desk estimate"), ("desk 3", 61, "desk estimate"),
    ]  # fmt: skip


def test_without_a_rating_for_the_exam_a_question_cannot_count(tmp_path):
    loaded(tmp_path, question(1, ratings={}))
    assert Standing.objects.get(exam__code="TST-01").status == Status.PRETEST


def test_loading_again_changes_no_row(tmp_path):
    loaded(tmp_path, question(1), matching(2))
    before = bank()
    report = loaded(tmp_path, question(1), matching(2))
    assert (report.added, report.changed, report.unchanged) == ([], [], ["tst-001", "tst-002"])
    assert bank() == before


@pytest.mark.parametrize(
    "change",
    [
        {"stem": "Another stem."},
        {"options": [option("Right", correct=True), option("Wrong"), option("Amiss"), option("Elsewhere")]},
        {"options": [option("Right"), option("Wrong", correct=True), option("Amiss"), option("Astray")]},
        {"references": [{"title": "Another manual", "url": "https://docs.example.com/manual"}]},
    ],
)
def test_a_new_wording_is_a_new_revision_and_the_old_one_is_kept(tmp_path, change):
    loaded(tmp_path, question(1), question(2))
    old = published("tst-001")
    words = (old.stem, old.stem_html, list(old.options.values_list("text", "correct")))
    report = loaded(tmp_path, question(1, **change), question(2))
    assert (report.changed, report.unchanged) == (["tst-001"], ["tst-002"])
    assert numbers("tst-001") == [(1, RevisionState.SUPERSEDED), (2, RevisionState.PUBLISHED)]
    old.refresh_from_db()
    assert (old.stem, old.stem_html, list(old.options.values_list("text", "correct"))) == words
    assert old.published_at is not None


@pytest.mark.parametrize(
    "change",
    [
        {"ratings": {"TST-01": [71]}},
        {"ratings": {"TST-01": [70, 70]}},
        {"placements": [{"exam": "TST-01", "task": "2.1", "topics": [1]}]},
        {"placements": [{"exam": "TST-01", "task": "1.1", "topics": [2]}]},
        {"enemies": ["tst-003"]},
    ],
)
def test_facts_beside_the_wording_change_without_a_new_revision(tmp_path, change):
    loaded(tmp_path, question(1), question(2), question(3))
    revision = published("tst-001")
    report = loaded(tmp_path, question(1, **change), question(2), question(3))
    assert report.changed[0] == "tst-001"
    assert "tst-002" in report.unchanged
    assert published("tst-001") == revision
    assert loaded(tmp_path, question(1, **change), question(2), question(3)).changed == []


def test_changed_facts_are_the_ones_in_the_bank(tmp_path):
    loaded(tmp_path, question(1))
    loaded(tmp_path, question(1, ratings={"TST-01": [81]}, placements=[{"exam": "TST-01", "task": "1.2"}]))
    assert Placement.objects.get(question__public_id="tst-001").task.code == "1.2"
    assert list(Rating.objects.filter(revision=published("tst-001")).values_list("value", flat=True)) == [81]
    assert Standing.objects.get(revision=published("tst-001")).rating == Decimal("0.8100")


def test_what_was_measured_survives_a_new_rating(tmp_path):
    loaded(tmp_path, question(1))
    measured = {"status": Status.CALIBRATED, "discrimination": 1.2, "intercept": 0.4, "first_exposures": 700}
    Standing.objects.filter(revision=published("tst-001")).update(**measured)
    loaded(tmp_path, question(1, ratings={"TST-01": [80]}))
    assert Standing.objects.filter(revision=published("tst-001"), **measured).exists()


def test_a_question_that_left_the_pack_stays_in_the_bank(tmp_path):
    loaded(tmp_path, question(1), question(2))
    loaded(tmp_path, question(2))
    assert published("tst-001")


def test_a_retired_question_stays_retired(tmp_path):
    loaded(tmp_path, question(1))
    Revision.objects.filter(question__public_id="tst-001").update(state=RevisionState.RETIRED)
    assert loaded(tmp_path, question(1, stem="Another stem.")).unchanged == ["tst-001"]
    assert numbers("tst-001") == [(1, RevisionState.RETIRED)]


def test_a_draft_keeps_its_number(tmp_path):
    loaded(tmp_path, question(1))
    row = Question.objects.get(public_id="tst-001")
    Revision.objects.create(question=row, number=2, kind="multiple_choice", stem="Being written", digest="x")
    loaded(tmp_path, question(1, stem="Another stem."))
    assert [number for number, _ in numbers("tst-001")] == [1, 2, 3]
    assert published("tst-001").number == 3


# ---- enemies and case studies ----------------------------------------------------------------------------------


def enmities() -> list[tuple[str, str]]:
    return list(
        Enmity.objects.filter(first__public_id__startswith="tst").values_list("first__public_id", "second__public_id")
    )


def test_enemies_are_one_pair_whoever_names_whom(tmp_path):
    loaded(tmp_path, question(1, enemies=["tst-002"]), question(2, enemies=["tst-001"]))
    assert enmities() == [("tst-001", "tst-002")]


def test_an_enmity_that_the_pack_drops_is_over(tmp_path):
    loaded(tmp_path, question(1, enemies=["tst-002"]), question(2), question(3))
    report = loaded(tmp_path, question(1), question(2), question(3))
    assert (report.changed, report.unchanged) == (["tst-001", "tst-002"], ["tst-003"])
    assert enmities() == []


def test_an_enemy_may_be_in_the_bank_already(tmp_path):
    loaded(tmp_path / "one", question(1))
    loaded(tmp_path / "two", question(2, enemies=["tst-001"]), exam=None)
    assert enmities() == [("tst-001", "tst-002")]


def case(number: int) -> dict[str, Any]:
    return question(number, scenario="tst-case")


def test_a_new_wording_of_a_scenario_revises_its_questions(tmp_path):
    loaded(tmp_path, case(1), case(2), question(3), scenarios=[scenario()])
    report = loaded(tmp_path, case(1), case(2), question(3), scenarios=[scenario(text="It has **two** problems.")])
    assert (report.changed, report.unchanged) == (["tst-001", "tst-002"], ["tst-003"])
    assert ScenarioRevision.objects.filter(scenario__public_id="tst-case").count() == 2
    shown = published("tst-001").scenario_revision
    assert shown is not None
    assert (shown.number, shown.html) == (2, "<p>It has <strong>two</strong> problems.</p>")


def test_a_question_may_join_a_case_study(tmp_path):
    loaded(tmp_path, case(1), case(2), question(3), scenarios=[scenario()])
    assert loaded(tmp_path, case(1), case(2), case(3), scenarios=[scenario()]).changed == ["tst-003"]
    joined = Question.objects.filter(scenario__public_id="tst-case")
    assert [row.public_id for row in joined] == ["tst-001", "tst-002", "tst-003"]


# ---- the outline -----------------------------------------------------------------------------------------------


def test_the_outline_is_the_packs(tmp_path):
    loaded(tmp_path, question(1))
    exam = Exam.objects.get(code="TST-01")
    assert list(exam.tasks.values_list("code", "domain__code", "number")) == [
        ("1.1", "D1", 1), ("1.2", "D1", 2), ("2.1", "D2", 3),
    ]  # fmt: skip
    assert list(exam.kind_shares.values_list("kind", "form_minimum", "form_maximum", "scored_maximum")) == [
        ("multiple_choice", 2, 4, 3), ("matching", 0, 2, 2),
    ]  # fmt: skip


def test_facts_of_the_exam_can_change(tmp_path):
    loaded(tmp_path, question(1))
    shares = {"multiple_choice": {"form": [4, 4], "scored": [3, 3]}}
    loaded(tmp_path, question(1), exam={**EXAM, "minutes": 12, "kinds": shares})
    exam = Exam.objects.get(code="TST-01")
    assert (exam.minutes, [share.kind for share in exam.kind_shares.all()]) == (12, ["multiple_choice"])


def test_what_the_admin_decides_about_an_exam_is_left_alone(tmp_path):
    loaded(tmp_path, question(1))
    Exam.objects.filter(code="TST-01").update(offered=False, retake_after_days=14)
    loaded(tmp_path, question(1), exam={**EXAM, "minutes": 12})
    assert Exam.objects.filter(code="TST-01", offered=False, retake_after_days=14, minutes=12).exists()


def test_the_scale_of_an_exam_in_use_cannot_be_moved(tmp_path):
    loaded(tmp_path, question(1))
    higher = {**EXAM, "scale": {**EXAM["scale"], "pass_mark": 800}}
    assert refused(tmp_path, question(1), exam=higher) == [
        f"{tmp_path.name}/exam.yaml:1: scale: counts, scale and pass mark of an exam in use cannot be changed"
    ]
    assert Exam.objects.get(code="TST-01").pass_mark == 720


def test_a_task_cannot_be_taken_away(tmp_path):
    loaded(tmp_path, question(1))
    first, second = EXAM["domains"]
    shorter = {**EXAM, "domains": [{**first, "tasks": first["tasks"][:1]}, second]}
    assert refused(tmp_path, question(1), exam=shorter) == [
        f"{tmp_path.name}/exam.yaml:1: domains: task 1.2 of the bank is missing here"
    ]


def test_domains_cannot_change_places(tmp_path):
    loaded(tmp_path, question(1))
    assert refused(tmp_path, question(1), exam={**EXAM, "domains": EXAM["domains"][::-1]}) == [
        f"{tmp_path.name}/exam.yaml:1: domains: the domains and tasks stand in another order than in the bank"
    ]


# ---- all or nothing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"placements": [{"exam": "TST-99", "task": "1.1"}], "ratings": {}}, "placements: there is no exam TST-99"),
        ({"enemies": ["tst-999"]}, "enemies: there is no question tst-999"),
    ],
)
def test_what_the_bank_does_not_have_is_an_error_and_changes_nothing(tmp_path, change, error):
    loaded(tmp_path, question(1))
    assert refused(tmp_path, question(1, stem="New words."), question(2, **change), exam={**EXAM, "minutes": 99}) == [
        f"{tmp_path.name}/questions/all.yaml:27: {error}"
    ]


@pytest.mark.parametrize(
    ("placement", "error"),
    [
        ({"exam": "TST-01", "task": "9.9"}, "placements: TST-01 has no task 9.9"),
        ({"exam": "TST-01", "task": "1.2", "topics": [8]}, "placements: task 1.2 has no topic 8"),
    ],
)
def test_a_pack_without_the_exam_is_checked_against_the_bank(tmp_path, placement, error):
    loaded(tmp_path / "one", question(1))
    found = refused(tmp_path / "two", question(2, placements=[placement]), exam=None)
    assert found == [f"two/questions/all.yaml:3: {error}"]


def interrupt(done: int, total: int) -> None:
    if done == total:
        raise KeyboardInterrupt


def test_an_interrupted_load_changes_nothing(tmp_path):
    loaded(tmp_path, question(1))
    content, before = pack(tmp_path, question(1, stem="New words."), question(2)), bank()
    with pytest.raises(KeyboardInterrupt):
        load(pack=content, now=timezone.now(), progress=interrupt)
    assert bank() == before


# ---- cost ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 40])
def test_the_number_of_statements_does_not_grow_with_the_questions(tmp_path, count):
    loaded(tmp_path / "outline", question(999))
    content = pack(tmp_path / "more", *(question(number) for number in range(1, count + 1)), exam=None)
    with CaptureQueriesContext(connection) as first:
        load(pack=content, now=timezone.now())
    with CaptureQueriesContext(connection) as second:
        load(pack=content, now=timezone.now())
    assert Option.objects.filter(revision__question__public_id__startswith="tst").count() == 4 * (count + 1)
    assert (len(first), len(second)) == (25, 15)
