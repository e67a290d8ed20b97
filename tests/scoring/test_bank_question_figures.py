"""The figures of one question for its authors: with much data, little and none; options; what to do; charts."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree

import pytest
from django.urls import reverse
from django.utils import timezone

from exams.models import Sitting
from scoring.models import Regrade, RunItem
from tests.factories import UserFactory, begin, sat
from tests.scoring.question_page import CHARTS, address, item, record, seat_of
from tests.scoring.runs import a_run
from tests.scoring.test_views_results import text_of

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
        ("facility 0.28, at least 0.30 needed (chance 0.25 + 0.05)", "Facility 0.28", "than by guessing.", True),
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
        response = as_author.get(address(seat))
        text = text_of(response)
        assert head in text
        assert shown in text
        assert advice in text
        leads_there = reverse("bank_regrade", args=[exam.code, seat.revision.question.public_id])
        assert (f'href="{leads_there}"' in response.content.decode()) is regrade


def test_without_alarms_and_obstacles_there_is_nothing_to_do(as_author, exam):
    a_run(exam)
    assert "What to do" not in text_of(as_author.get(address(seat_of(exam))))


@pytest.mark.parametrize(("n", "facility", "median_ms", "said"), [
    (100, 0.96, 100_000, ["Too easy: 96 % are right"]),
    (100, 0.5, 250_000, ["Too slow: half of the people took 4:10 or longer, the exam leaves 2:00"]),
    (100, 0.96, 250_000, ["Too easy", "Too slow"]),
    (100, 0.95, 240_000, []),
    (99, 0.96, 250_000, []),
    (100, None, None, []),
])  # fmt: skip
def test_what_is_too_easy_or_too_slow_is_worth_a_look(as_author, exam, n, facility, median_ms, said):
    run, seat = a_run(exam), seat_of(exam)
    item(run, seat, n=n, facility=facility, median_ms=median_ms, obstacles=[], alarms=[])
    text = text_of(as_author.get(address(seat)))
    for words in ("Too easy", "Too slow"):
        assert (words in text) is any(one.startswith(words) for one in said)
    assert all(one in text for one in said)
    assert ("Worth a look" in text) is bool(said)


def test_an_obstacle_is_not_told_twice(as_author, exam):
    run, seat = a_run(exam), seat_of(exam)
    item(run, seat, n=200, facility=0.97, median_ms=90_000, obstacles=["facility 0.97, at most 0.95 allowed"])
    assert "Too easy" not in text_of(as_author.get(address(seat)))


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


# ---- charts -----------------------------------------------------------------------------------------------------


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
