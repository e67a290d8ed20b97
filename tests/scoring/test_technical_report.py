"""manage.py technical_report: a year of measurement on paper, with and without data."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exams.models import Form, Seat, Sitting
from questions.models import Exam, Rating
from scoring.documents.content import Chart, Heading, Section, Table, Text
from scoring.documents.numbers import number, percent, quantiles, signed
from scoring.models import Regrade, RunItem
from scoring.technical import report
from scoring.technical.material import Material
from tests.scoring.consenting import consenting
from tests.scoring.runs import a_run

TITLES = [
    "The exam and its blueprint", "The question bank", "Forms", "Standard setting", "Data", "Calibration", "Questions",
    "Reliability and decisions", "Speededness", "Equating", "Exposure", "Fairness", "Regrades of the year", "Limits",
]  # fmt: skip
YEAR = timezone.now().year


def words(section: Section) -> str:
    """Everything that a section says, in order."""
    parts: list[str] = [section.title]
    for block in section.blocks:
        match block:
            case Text():
                parts.append(block.text)
            case Heading():
                parts.append(block.title)
            case Chart():
                parts.append(block.caption)
            case Table():
                parts += [block.caption, *block.header, *(cell for row in block.rows for cell in row)]
    return "\n".join(parts)


def said(exam: Exam, year: int = YEAR) -> dict[str, str]:
    return {section.title: words(section) for section in report.sections(Material(exam, year, timezone.now()))}


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def run(*arguments: str, out: StringIO | None = None) -> str:
    out = out or StringIO()
    call_command("technical_report", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def full(exam):
    """People of two groups, a run over every question with alarms and obstacles, and a regrade."""
    consenting(exam, 420, hard_for_others=5)
    last = a_run(exam, warnings=["Two forms rest on few anchors."], disconnected=[["q-1", "q-2"]])
    seats = Seat.objects.filter(form__exam=exam, scored=True).values_list("revision_id", flat=True)
    RunItem.objects.filter(run=last, revision_id=seats[0]).update(alarms=["The key correlates with nothing."])
    a_run(
        exam,
        based_on=last,
        link={"anchors": 42, "dropped": ["q-3", "q-4"], "stocking_lord": {"slope": 1.01, "shift": -0.0}},
    )
    RunItem.objects.filter(run__number=2, revision_id=seats[0]).update(alarms=["The key correlates with nothing."])
    Regrade.objects.create(
        exam=exam, revision_id=seats[1], act=Regrade.Act.REMOVED, reason="Two right answers.", made_at=timezone.now(),
        summary={"forms": 2, "results": 420, "up": 17, "down": 0, "gained": 3, "lost": 0},
    )  # fmt: skip
    return exam


# ---- what it says ----------------------------------------------------------------------------------------------


def test_every_section_has_words_without_data(exam):
    found = said(exam)
    assert list(found) == TITLES
    for title, text in {
        "Data": f"Nobody sat this exam in {YEAR}.",
        "Calibration": "No run rests on real sittings yet",
        "Questions": "nothing is measured of any question",
        "Reliability and decisions": "No form has statistics yet",
        "Speededness": "No form has statistics yet",
        "Exposure": "so no question was shown",
        "Fairness": "That is too few, so no question is compared.",
        "Regrades of the year": f"No result of this exam was scored anew in {YEAR}.",
        "Limits": "Our mapping is an estimate.",
    }.items():
        assert text in found[title]
    assert "Sum of the ratings of the reference form." in found["Standard setting"]


def test_an_exam_that_is_only_an_outline(db):
    bare = Exam.objects.create(
        code="BARE-1", name="Bare", level="None", status="planned", as_of=dt.date(2026, 1, 1), minutes=60,
        questions=10, scored=8, pass_mark=700,
    )  # fmt: skip
    found = said(bare)
    assert list(found) == TITLES
    assert "The exam has no domains yet." in found["The exam and its blueprint"]
    assert "No form of this exam is assembled yet." in found["Forms"]
    assert "no standard is set" in found["Standard setting"]
    assert "nothing is equated" in found["Equating"]


def test_with_data_it_says_what_is_stored(full):
    found = said(full)
    assert "420" in found["Data"]
    assert "Scores of the year's first sittings" in found["Data"]
    assert "Run 2" in found["Calibration"]
    assert "α = 0.120, β = 0.840, τ = 0.410" in found["Calibration"]
    assert "Not the first sitting" in found["Calibration"]
    assert "shift 0.000, slope 1.010" in found["Calibration"]
    assert "The key correlates with nothing." in found["Questions"]
    assert "91.0 %" in found["Reliability and decisions"]
    assert "94.0 %" in found["Speededness"]
    assert "+0.20" in found["Equating"]
    assert "420 real sittings" in found["Exposure"]
    assert "C, large: harder for people with another first language" in found["Fairness"]
    assert "Two right answers." in found["Regrades of the year"]
    assert "17" in found["Regrades of the year"]


def test_cautions_of_the_run_are_told(exam):
    a_run(exam, warnings=["Two forms rest on few anchors."], disconnected=[["q-1", "q-2"]], includes_simulated=False)
    assert "Two forms rest on few anchors." in said(exam)["Calibration"]
    assert "q-1, q-2" in said(exam)["Calibration"]


def test_a_run_with_simulated_sittings_is_listed_and_no_more(exam):
    a_run(exam, includes_simulated=True)
    found = said(exam)
    assert "with simulated sittings" in found["Calibration"]
    assert "No run rests on real sittings yet" in found["Calibration"]
    assert "No form has statistics yet" in found["Speededness"]


def test_nobody_is_named(full):
    everything = "\n".join(said(full).values())
    assert "Candidate Name" not in everything
    assert "@" not in everything


def test_only_the_year_counts(full):
    before = said(full, YEAR - 1)
    assert f"Nobody sat this exam in {YEAR - 1}." in before["Data"]
    assert f"No calibration was run in {YEAR - 1}." in before["Calibration"]
    assert "No run rests on real sittings yet" in before["Calibration"]
    assert "0 people whose first language is English" in before["Fairness"]
    Sitting.objects.update(
        started_at=dt.datetime(YEAR - 1, 12, 31, 22, tzinfo=dt.UTC),
        closed_at=dt.datetime(YEAR - 1, 12, 31, 23, 59, tzinfo=dt.UTC),
    )
    assert "420" in said(full, YEAR - 1)["Data"]
    assert f"Nobody sat this exam in {YEAR}." in said(full)["Data"]


def test_sittings_are_set_aside_by_reason(exam):
    consenting(exam, 6)
    sittings = list(Sitting.objects.all())
    Sitting.objects.filter(pk=sittings[5].pk).update(void=True)
    Sitting.objects.filter(pk=sittings[0].pk).update(extra_minutes=30)
    Sitting.objects.filter(pk=sittings[1].pk).update(limit_minutes=90)
    Sitting.objects.filter(pk=sittings[2].pk).update(simulated=True)
    again = sittings[3]
    again.pk, again.started_at = None, again.started_at + dt.timedelta(minutes=30)
    again.save(force_insert=True)
    data = next(each for each in report.sections(Material(exam, YEAR, timezone.now())) if each.title == "Data")
    table = next(block for block in data.blocks if isinstance(block, Table) and "set aside" in block.caption)
    assert [row[1] for row in table.rows] == ["1", "1", "1", "1", "2"]
    assert "1 simulated sitting of the year took part in nothing" in words(data)


def test_the_judges_of_the_reference_form(exam):
    scored = Form.objects.get(exam=exam, reference=True).seats.filter(scored=True)
    for place, value in enumerate((60, 70)):
        Rating.objects.bulk_create(
            Rating(revision_id=seat.revision_id, exam=exam, judge=f"Panel {place}", value=value, round=9,
                   rated_on=dt.date(YEAR, 1, 1), method="Angoff")
            for seat in scored
        )  # fmt: skip
    found = said(exam)["Standard setting"]
    assert "desk 1" not in found  # as on the page, desk estimates no longer count
    assert "Provisional standard: 2 judges of the panel rated the least rated" in found
    assert "Panel 0\n50\n0.600\n0.000\n30.00" in found
    assert "Panel 1\n50\n0.700\n0.000\n35.00" in found
    assert "SE(S)" in found


def test_desk_estimates_are_no_panel(exam):
    assert "Provisional standard: no convened panel" in said(exam)["Standard setting"]
    Rating.objects.exclude(judge="desk 1").delete()
    assert "not known: it takes two judges" in said(exam)["Standard setting"]
    Rating.objects.all().delete()
    assert "The ratings cannot be summarised" in said(exam)["Standard setting"]


def test_pass_rates_are_told_from_thirty_first_sittings_on(exam):
    consenting(exam, 29)
    assert "Pass rates are told from 30 on." in said(exam)["Standard setting"]
    consenting(exam, 1)
    assert "Share of 30 first sittings whose equated score reaches the cut" in said(exam)["Standard setting"]


def test_it_costs_the_same_however_much_there_is(exam):
    costs = []
    for people, runs in ((410, 1), (60, 2)):
        consenting(exam, people, seed=people)
        for _ in range(runs):
            a_run(exam)
        with CaptureQueriesContext(connection) as queries:
            said(exam)
        costs.append(len(queries))
    assert costs[0] == costs[1]


# ---- numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234.50"), (-0.5, "−0.50"), (-0.0001, "0.00"), (None, "–"), (float("nan"), "–"), (float("inf"), "–"),
     (True, "–"), ("x", "–"), (3, "3.00")],
)  # fmt: skip
def test_numbers(value, text):
    assert number(value) == text


def test_numbers_with_sign_and_shares():
    assert [signed(value) for value in (0.3, -0.3, 0.0, None)] == ["+0.30", "−0.30", "0.00", "–"]
    assert [percent(value) for value in (0.873, None, 0)] == ["87 %", "–", "0 %"]
    assert quantiles([]) == ["–"] * 5
    assert quantiles([1.0, 2.0, 3.0])[2] == "2.00"


# ---- the file --------------------------------------------------------------------------------------------------


def test_the_file_with_data(full, tmp_path):
    path = tmp_path / "report.pdf"
    told = json.loads(run("MLA-C01", f"--output={path}", "--json"))
    pdf = path.read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert told["path"] == str(path)
    assert told["pages"] == pages_of(pdf) >= 15
    assert told["seconds"] > 0
    assert pdf.count(b"/Subtype /Image") >= 10
    assert b"/Author (Cutscore)" in pdf
    assert f"/Title (MLA-C01: technical report {YEAR})".encode() in pdf
    assert b"/Lang (en-GB)" in pdf
    assert b"/PageMode /UseOutlines" in pdf
    assert b"DejaVuSans" in pdf  # embedded, with its glyphs
    assert pdf.count(b"/FontFile2") >= 2
    for title in (b"Limits", b"Exposure"):
        assert re.search(rb"/Title \([^)]*" + b"\\\\000".join(bytes([letter]) for letter in title), pdf)
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_rows_and_day_give_the_same_bytes(exam, tmp_path):
    a_run(exam)
    now = timezone.now()
    made = []
    for name, moment in (("a", now), ("b", now), ("c", now + dt.timedelta(days=1))):
        report.write(exam=exam, year=YEAR, now=moment, path=tmp_path / name)
        made.append((tmp_path / name).read_bytes())
    first, again, later = (hashlib.sha256(pdf).hexdigest() for pdf in made)  # telling bytes apart would take minutes
    assert first == again
    assert first != later
    assert f"D:{now.astimezone(dt.UTC):%Y%m%d}000000".encode() in made[0]


def test_the_file_without_data_and_its_name(exam, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = run("MLA-C01")
    path = Path(f"technical-report-MLA-C01-{YEAR}.pdf")
    assert path.read_bytes().startswith(b"%PDF-")
    assert line.startswith(f"MLA-C01: {pages_of(path.read_bytes())} pages about {YEAR} in {path} (")


def test_an_earlier_file_is_replaced(exam, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_text("what was there before")
    run("MLA-C01", f"--output={path}")
    assert path.read_bytes().startswith(b"%PDF-")


def test_progress_is_shown_to_whoever_sits_at_a_terminal(exam, tmp_path):
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    run("MLA-C01", f"--output={tmp_path / 'a.pdf'}", out=screen)
    assert f"{len(TITLES)} of {len(TITLES)} sections read" in screen.getvalue()
    assert f"{len(TITLES)} of {len(TITLES)} sections drawn" in screen.getvalue()


# ---- what is refused -------------------------------------------------------------------------------------------


def test_an_unknown_exam(exam):
    with pytest.raises(CommandError, match=r"^There is no exam XYZ\. Known: MLA-C01\.$"):
        run("XYZ")


@pytest.mark.parametrize("year", ["1999", str(YEAR + 1), "soon", "-3"])
def test_an_impossible_year(exam, tmp_path, year):
    with pytest.raises(CommandError, match=f"--year: must be a year from 2000 to {YEAR}, not '{year}'"):
        run("MLA-C01", f"--year={year}", f"--output={tmp_path / 'a.pdf'}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("place", "why"), [("nowhere/a.pdf", "No such file"), (".", "Is a directory")])
def test_a_place_that_cannot_be_written(exam, tmp_path, place, why):
    with pytest.raises(CommandError, match=rf"cannot be written: {why}.*\.$"):
        run("MLA-C01", f"--output={tmp_path / place}")
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_what_was_there(exam, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_text("what was there before")

    def broken(what: str, done: int, total: int) -> None:
        if done == 5:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        report.write(exam=exam, year=YEAR, now=timezone.now(), path=path, progress=broken)
    assert path.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [path]
