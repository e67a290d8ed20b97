"""One question for its authors: what is shown of it for each kind, with much data, little and none."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.roles import Role
from exams.models import Form, Seat, Sitting
from exams.services.bank import current_table
from questions.models import Exam, Placement, Rating, Revision, Standing, Task
from questions.models.bank import RevisionState
from scoring.models import CalibrationRun, Regrade, RunItem
from tests.factories import UserFactory, begin, close, sat
from tests.scoring.runs import a_run, an_item
from tests.scoring.test_views_results import text_of

CHARTS = ("curve", "options", "history")
PAGES = ("bank_question", *(f"bank_question_{chart}" for chart in CHARTS))


def seat_of(exam: Exam, kind: str = "multiple_choice") -> Seat:
    return Seat.objects.filter(form__exam=exam, form__reference=True, kind=kind, scored=True)[0]


def address(seat: Seat, name: str = "bank_question", **asked: object) -> str:
    page = reverse(name, args=["MLA-C01", seat.revision.question.public_id])
    return page + ("?" if asked else "") + "&".join(f"{key}={value}" for key, value in asked.items())


def item(run: CalibrationRun, seat: Seat, **fields: object) -> RunItem:
    """The run's item of the revision that stands at the seat, changed."""
    found = RunItem.objects.get(run=run, revision=seat.revision_id)
    for name, value in fields.items():
        setattr(found, name, value)
    found.save()
    return found


def record(*label: int, key: bool = False, n: int = 100, share: float | None = 0.2, r: float | None = -0.1,
           thirds: tuple[float | None, ...] = (0.3, 0.2, 0.1), flagged: bool = False) -> dict[str, object]:  # fmt: skip
    return {"label": label, "key": key, "n": n, "share": share, "thirds": thirds, "correlation": r, "flagged": flagged}


def revised(seat: Seat) -> Revision:
    """A new published revision of the question at the seat; the one on the seat is superseded."""
    old = seat.revision
    Revision.objects.filter(pk=old.pk).update(state=RevisionState.SUPERSEDED)
    new = Revision.objects.create(
        question=old.question, number=old.number + 1, state=RevisionState.PUBLISHED, kind=old.kind, stem="New words",
        stem_html="<p>New words</p>", digest="1" * 64, published_at=timezone.now(),
    )  # fmt: skip
    for option in old.options.all():
        option.pk, option.revision = None, new
        option.save()
    standing = Standing.objects.get(exam__code="MLA-C01", revision=old)
    Standing.objects.create(revision=new, exam=standing.exam, status=standing.status, rating=standing.rating)
    return new


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


# ---- figures ----------------------------------------------------------------------------------------------------


def test_every_figure_of_a_measured_question_is_told(as_author, exam):
    run, seat = a_run(exam), seat_of(exam)
    item(
        run, seat, n=900, facility=0.613, item_rest=0.314, discrimination=0.8, intercept=0.4, se_discrimination=0.093,
        se_difficulty=0.12, infit=1.043, outfit=0.927, omitted=0.031, median_ms=101_400,
    )  # fmt: skip
    text = text_of(as_author.get(address(seat)))
    for told in (
        "First exposures 900 took part", "Facility 0.61", "Item-rest r 0.31", "Slope a 0.80 ± 0.09",
        "Difficulty b −0.50 ± 0.12", "Infit, outfit 1.04, 0.93", "Omitted 3 %", "Median time 1:41",
    ):  # fmt: skip
        assert told in text
    assert "Run 1," in text
    assert "not promoted" in text


def test_what_could_not_be_computed_says_why(as_author, exam):
    run, seat = a_run(exam), seat_of(exam)
    item(
        run, seat, item_rest=None, discrimination=None, intercept=None, infit=None, outfit=None, omitted=None,
        median_ms=None, se_difficulty=None, se_discrimination=None, options=[], curve=[],
    )  # fmt: skip
    page = as_author.get(address(seat))
    text = text_of(page)
    for told in (
        "Item-rest r – all were right, or all wrong", "Slope a – neither a rating nor data",
        "Infit, outfit – no parameters to compare with", "Omitted – nobody is known to have seen it",
        "Median time – browsers told nothing of it", "There is nothing to draw", "This run kept no record",
    ):  # fmt: skip
        assert told in text
    assert "None" not in text
    assert "nan" not in text.lower().split()
    assert as_author.get(address(seat, "bank_question_curve")).status_code == 404
    assert as_author.get(address(seat, "bank_question_options")).status_code == 404


def test_few_people_tell_only_facility_greyed_with_the_reason(as_author, exam):
    run, seat = a_run(exam), seat_of(exam)
    item(run, seat, n=29, facility=0.552, item_rest=0.31, obstacles=["29 first exposures, 200 needed"])
    page = as_author.get(address(seat))
    text = text_of(page)
    assert "Facility 0.55 under 30 people: too few to rely on" in text
    assert "From 30 on the other figures and the charts are shown." in text
    assert "<div data-faint><dt>Facility" in page.content.decode()
    assert "0.31" not in text
    assert "Slope a 0" not in text
    assert "<img" not in page.content.decode()
    for chart in CHARTS:
        assert as_author.get(address(seat, f"bank_question_{chart}")).status_code == 404


def test_from_thirty_on_the_charts_are_shown(as_author, exam):
    run, seat = a_run(exam), seat_of(exam)
    item(run, seat, n=30)
    page = as_author.get(address(seat)).content.decode()
    assert "curve.svg?revision=1&amp;run=1" in page
    assert "options.svg?revision=1&amp;run=1" in page
    assert "history.svg" not in page  # there is one run


def test_a_question_on_its_rating_only_says_that_its_curve_is_expected(as_author, exam):
    seat = seat_of(exam)
    a_run(exam, unmeasured=[seat.revision_id])
    text = text_of(as_author.get(address(seat)))
    assert "from the rating, not measured yet" in text
    assert "First exposures 120 of 200 needed" in text
    assert "Not measured yet: the line is what its rating leads one to expect" in text
    drawn = as_author.get(address(seat, "bank_question_curve")).content.decode()
    assert "Expected from its rating" in drawn
    assert "68 % band" not in drawn


def test_without_a_run_it_says_when_the_first_calibration_can_come(as_author, exam):
    seat = seat_of(exam)
    twice = UserFactory()
    sat(twice, exam, form=seat.form)
    sat(twice, exam, form=seat.form)  # not a first sitting
    Sitting.objects.filter(pk=sat(UserFactory(), exam, form=seat.form).sitting_id).update(simulated=True)
    begin(UserFactory(), exam, seat.form)  # not closed
    text = text_of(as_author.get(address(seat)))
    assert "No calibration has measured revision 1 yet." in text
    assert "The first calibration can come at 200 first exposures. So far 1 of 200 first sittings" in text
    for chart in CHARTS:
        assert as_author.get(address(seat, f"bank_question_{chart}")).status_code == 404


def test_a_simulated_run_is_shown_only_on_demand_and_under_a_banner(as_author, exam):
    seat = seat_of(exam)
    a_run(exam)
    a_run(exam, includes_simulated=True)
    assert "Simulated. Run 2" not in text_of(as_author.get(address(seat)))
    text = text_of(as_author.get(address(seat, run=2)))
    assert "Simulated. Run 2 includes simulated sittings." in text
    assert "it is never promoted" in text


def test_simulated_runs_alone_leave_a_question_without_figures(as_author, exam):
    a_run(exam, includes_simulated=True)
    assert "No figures yet" in text_of(as_author.get(address(seat_of(exam))))


def test_a_run_that_lacks_the_revision_says_so(as_author, exam):
    seat = seat_of(exam)
    first = a_run(exam)
    second = a_run(exam)
    RunItem.objects.filter(run=second, revision=seat.revision).delete()
    assert as_author.get(address(seat)).context["page"].shown.run == first
    assert "Run 2 says nothing of revision 1." in text_of(as_author.get(address(seat, run=2)))


def test_the_curve_is_told_as_a_table_too(as_author, exam):
    run, seat = a_run(exam), seat_of(exam)
    item(run, seat, discrimination=1.0, intercept=0.0, curve=[[-1.25, 300, 0.21], [0, 600, None], [1.5, 1300, 0.9]])
    text = text_of(as_author.get(address(seat)))
    assert "−1.25 300 21 % 22 %" in text
    assert "1.50 1,300 90 % 82 %" in text
    assert "the cut, at 0.00 logits" in text


# ---- options ----------------------------------------------------------------------------------------------------


def test_odd_options_are_said_in_words(as_author, exam):
    run, seat = a_run(exam), seat_of(exam)
    item(
        run, seat, n=900,
        options=[
            record(1, key=True, n=330, share=0.37, thirds=(0.3, 0.33, 0.36), r=0.2),
            record(2, n=0, share=0.0, thirds=(0.0, 0.0, 0.0), r=None),
            record(3, n=300, share=0.33, thirds=(0.2, 0.3, 0.41), r=0.08, flagged=True),
            record(4, n=12, share=0.013, thirds=(0.03, None, 0.0), r=-0.2),
        ],
    )  # fmt: skip
    text = text_of(as_author.get(address(seat)))
    assert "More of the top third chose C than the key (41 % against 36 %)." in text
    assert "C attracts the able: r = 0.08." in text
    assert "Nobody chose B, so it does no work." in text
    assert "Hardly anybody chose D, so it does no work." in text
    assert "A Key 330 37 % 30 % 33 % 36 % 0.20" in text
    assert "C Above the key 300" in text
    assert "D 12 1 % 3 % – 0 % −0.20" in text


def test_of_a_multiple_response_the_weakest_part_of_the_key_is_named(as_author, exam):
    run, seat = a_run(exam), seat_of(exam, "multiple_response")
    item(
        run, seat,
        options=[
            record(1, key=True, thirds=(0.5, 0.6, 0.7), r=0.2),
            record(2, key=True, thirds=(0.4, 0.35, 0.3), r=-0.12),
            record(3, thirds=(0.3, 0.4, 0.5), r=0.1, flagged=True),
        ],
    )  # fmt: skip
    text = text_of(as_author.get(address(seat)))
    assert "More of the top third chose C than B, which belongs to the key" in text
    assert "The able avoid B, which belongs to the key: r = −0.12." in text


@pytest.mark.parametrize(
    ("kind", "name", "short"),
    [("ordering", "C, then A, then B", "C A B"), ("matching", "1 with C, 2 with A, 3 with B", "1C 2A 3B")],
)
def test_orders_and_matchings_are_told_as_whole_responses(as_author, exam, kind, name, short):
    run, seat = a_run(exam), seat_of(exam, kind)
    item(
        run, seat, options=[record(1, 2, 3, key=True), record(3, 1, 2, flagged=True, thirds=(0.1, 0.2, 0.3)), record()]
    )
    text = text_of(as_author.get(address(seat)))
    assert "Responses by ability third" in text
    assert f"More of the top third gave {name} than the key" in text
    assert f"{name} Above the key 100" in text
    assert "Any other 100" in text
    drawn = as_author.get(address(seat, "bank_question_options")).content.decode()
    assert f"{short} (!)" in drawn
    assert "Other" in drawn


# ---- what to do -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "shown", "advice", "regrade"),
    [
        ("item-rest correlation 0.02, below 0.05", "Item-rest correlation", "Check the key. If it is wrong", True),
        ("option 3 is chosen by 41% of the ablest third, the key by 36%", "Option C is", "Check the key.", True),
        ("the wrong response 3, 1 is chosen by 41% of the ablest third", "response C and A is", "Check the key.", True),
        ("0.41 logits harder than when it was measured (robust z 3.1)", "0.41 logits", "whether it has leaked", False),
        ("120 first exposures, 200 needed", "120 first exposures", "Nothing to do.", False),
        ("standard error of the difficulty 0.31, at most 0.25 allowed", "Standard", "The error falls", False),
        ("facility 0.97, at most 0.95 allowed", "Facility 0.97", "tells little about who passes", False),
        ("slope a 0.31, at least 0.40 needed", "Slope a", "A flat curve", False),
        ("infit 1.31, at most 1.20 allowed", "Infit", "Look at the curve", False),
        ("item-rest correlation cannot be computed", "Item-rest", "Everybody gave the same answer", False),
        ("not connected to the rest: nobody", "Not connected", "share too few questions", False),
        ("no judge has rated it, which a scored question needs", "No judge", "Have judges rate it.", False),
        ("something new", "Something new", "Compare the figures and options below", False),
    ],
)
def test_alarms_and_obstacles_say_what_to_do(as_author, exam, what, shown, advice, regrade):
    run, seat = a_run(exam), seat_of(exam)
    for field, head in (("alarms", "Alarm"), ("obstacles", "What keeps it from being calibrated")):
        item(run, seat, **({"alarms": [], "obstacles": []} | {field: [what]}))
        text = text_of(as_author.get(address(seat)))
        assert head in text
        assert shown in text
        assert advice in text
        assert ("Regrade this question" in text) is regrade


def test_without_alarms_and_obstacles_there_is_nothing_to_do(as_author, exam):
    a_run(exam)
    assert "What to do" not in text_of(as_author.get(address(seat_of(exam))))


def test_a_regrade_that_holds_is_told(as_author, exam, author):
    seat = seat_of(exam)
    regrade = Regrade.objects.create(
        exam=exam, revision=seat.revision, act=Regrade.Act.KEY, keys=[[2], [3]], reason="Two are right.",
        made_by=author, made_at=timezone.now(),
    )  # fmt: skip
    text = text_of(as_author.get(address(seat)))
    assert "Key corrected on" in text
    assert "Right now: B; or C. Two are right." in text
    Regrade.objects.filter(pk=regrade.pk).update(reverted_at=timezone.now())
    assert "Key corrected" not in text_of(as_author.get(address(seat)))


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


# ---- charts and cost --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["multiple_choice", "multiple_response", "ordering", "matching"])
@pytest.mark.parametrize("chart", CHARTS)
def test_charts_are_svg_without_scripts(as_author, exam, kind, chart):
    a_run(exam, promoted_at=timezone.now())
    a_run(exam, created_at=timezone.now() + dt.timedelta(days=1))
    reply = as_author.get(address(seat_of(exam, kind), f"bank_question_{chart}", revision=1, run=2))
    assert reply.headers["Content-Type"] == "image/svg+xml"
    assert reply.headers["Cache-Control"].startswith("private")
    root = ElementTree.fromstring(reply.content)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "path" in tags
    assert not tags & {"script", "foreignObject", "image"}
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]


def test_only_pictures_that_never_change_may_be_kept(as_author, exam):
    a_run(exam)
    a_run(exam)
    seat = seat_of(exam)
    kept = as_author.get(address(seat, "bank_question_curve", revision=1, run=1)).headers["Cache-Control"]
    assert "max-age=3600" in kept
    for page in (address(seat, "bank_question_curve"), address(seat, "bank_question_history", revision=1, run=1)):
        assert as_author.get(page).headers["Cache-Control"] == "private, no-cache"


def test_the_curve_marks_the_cut_at_the_runs_ability(as_author, exam):
    seat = seat_of(exam)
    a_run(exam, ability=-0.42)
    assert "the cut, at −0.42 logits" in text_of(as_author.get(address(seat)))
    drawn = as_author.get(address(seat, "bank_question_curve")).content.decode()
    assert "cut" in drawn
    assert "68 % band" in drawn


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
    with django_assert_num_queries(19):
        page = as_author.get(where).context["page"]
    assert len(page.history) == 1 + revisions
    assert len(page.history[-1].measurements) == runs
    assert len(page.exposure.places) == 1 + forms
