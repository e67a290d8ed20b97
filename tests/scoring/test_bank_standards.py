"""The page of the standard: judges, pass rates, history, and changing S in two steps."""

from __future__ import annotations

import datetime as dt
import statistics
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.roles import Role
from exams.models import Form, ScoreTable, Standard
from exams.services import bank
from questions.models import Exam, Rating, Standing
from questions.models.measurement import Status
from scoring import standards
from scoring.models import Result
from scoring.reports.standards import distribution_of, judged_of, page_of, signed
from tests.factories import UserFactory, sat
from tests.scoring.test_bank_exams import closed, people
from tests.scoring.test_standards import REASON, change, moved, reference_of
from tests.scoring.test_views_exams import _copy
from tests.scoring.test_views_results import text_of

PAGE = "/bank/exams/MLA-C01/standard/"
CHART = "/bank/exams/MLA-C01/standard/scores.svg"


def scored_of(exam: Exam) -> list[int]:
    seats = reference_of(exam).seats.filter(scored=True).order_by("number")
    return list(seats.values_list("revision_id", flat=True))


def rate(exam: Exam, judge: str, values: list[int], *, turn: int = 1, method: str = "Angoff, panel of May") -> None:
    """Ratings of the first so many scored questions of the reference form by one judge."""
    Rating.objects.bulk_create(
        Rating(exam=exam, revision_id=revision, judge=judge, value=value, round=turn, method=method,
               rated_on=dt.date(2026, 5, 2 + turn))
        for revision, value in zip(scored_of(exam), values, strict=False)
    )  # fmt: skip


def results(exam: Exam, raws: list[int], **fields) -> None:
    """Closed and scored sittings of so many new people on the reference form."""
    crowd = people(len(raws))
    form = fields.pop("form", None) or reference_of(exam)
    closed(exam, form, crowd, **fields)
    table = bank.current_table(form)
    Result.objects.bulk_create(
        Result(
            sitting=person.sittings.get(), table=table, created_at=timezone.now(), raw=raw,
            maximum_raw=table.maximum_raw, equated=raw, scaled=500, passed=False, provisional=True,
            likely_low=400, likely_high=600,
        )
        for person, raw in zip(crowd, raws, strict=True)
    )  # fmt: skip


# ---- who may look -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [PAGE, CHART])
def test_people_who_are_not_signed_in_are_asked_to(client, exam, page):
    assert client.get(page).url == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("page", [PAGE, CHART])
@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_others_are_told_that_it_does_not_exist(signed_in, user, exam, page, role):
    if role:
        services.grant_role(user=user, role=role)
    assert signed_in.get(page).status_code == 404
    assert signed_in.post(page, {"cut": "33.42", "reason": REASON}).status_code == 404
    assert Standard.objects.count() == 1


@pytest.mark.parametrize("page", ["/bank/exams/XYZ/standard/", "/bank/exams/XYZ/standard/scores.svg"])
def test_an_unknown_exam_is_not_found(as_author, exam, page):
    assert as_author.get(page).status_code == 404


def test_an_exam_without_a_form(as_author, exam):
    _copy(exam, "X-1")
    page = text_of(as_author.get("/bank/exams/X-1/standard/"))
    assert "There is no reference form yet" in page
    assert "No standard yet." in page
    assert "Change S" not in page
    assert as_author.get("/bank/exams/X-1/standard/scores.svg").status_code == 404
    asked = as_author.get("/bank/exams/X-1/standard/", {"cut": "2.42", "reason": REASON})
    assert (asked.status_code, Standard.objects.count()) == (422, 1)


# ---- judges ----------------------------------------------------------------------------------------------------------


def test_desk_estimates_are_a_provisional_standard(as_author, exam):
    judged = judged_of(exam, reference_of(exam))
    assert (judged.panel, judged.provisional, judged.fewest, len(judged.judges)) == (False, True, 5, 5)
    totals = [judge.record.total or 0.0 for judge in judged.judges]
    assert judged.summary is not None
    assert judged.summary.cut == pytest.approx(float(bank.standard_of(exam).cut))
    assert judged.se == pytest.approx(statistics.stdev(totals) / 5**0.5)
    page = text_of(as_author.get(PAGE))
    assert "Provisional standard: 5 judges at the desk; five of a convened panel are needed." in page
    assert f"desk 1 desk estimate 1 {timezone.now():%-d %b %Y} 50" in page
    assert f"{judged.se:.2f} raw points, from how the judges differ" in page
    for question in judged.questions:
        assert question.public_id in page


def test_a_whole_panel_takes_the_place_of_the_desk(exam):
    for judge in range(1, 5):
        rate(exam, f"judge {judge}", [60 + judge] * 50)
    judged = judged_of(exam, reference_of(exam))
    assert (judged.panel, judged.provisional, judged.fewest) == (True, True, 4)
    assert [line.name for line in judged.judges] == ["judge 1", "judge 2", "judge 3", "judge 4"]
    rate(exam, "judge 10", [65] * 50)
    judged = judged_of(exam, reference_of(exam))
    assert (judged.provisional, judged.fewest, judged.judges[-1].name) == (False, 5, "judge 10")
    assert judged.summary is not None
    assert judged.summary.cut == pytest.approx(50 * 0.63)


def test_half_a_panel_does_not(exam):
    rate(exam, "judge 1", [60] * 49)
    judged = judged_of(exam, reference_of(exam))
    assert (judged.panel, len(judged.judges)) == (False, 6)


def test_the_last_round_of_a_judge_counts(as_author, exam):
    rate(exam, "judge 1", [40] * 50)
    rate(exam, "judge 1", [60] * 20, turn=2)
    rate(exam, "judge 2", [60] * 50)
    (line, _) = judged_of(exam, reference_of(exam)).judges
    assert (line.rounds, line.last) == (2, dt.date(2026, 5, 4))
    assert line.record.total == pytest.approx(20 * 0.6 + 30 * 0.4)
    assert line.leniency == "−0.060"
    page = text_of(as_author.get(PAGE))
    assert "judge 1 Angoff, panel of May 2 4 May 2026 50 0.480" in page
    assert "2 judges of a convened panel rated every question; five are needed." in page


def test_one_judge_shows_no_error(as_author, exam):
    rate(exam, "judge 1", [60] * 50)
    report = page_of(exam)
    assert report.judged.se is None
    assert [line.label for line in report.rates] == ["S"]
    page = text_of(as_author.get(PAGE))
    assert "Standard error unknown: it takes two judges of the same questions" in page
    assert "judge 1" in page
    assert as_author.get(CHART).status_code == 200


def test_missing_ratings_are_said_in_words(as_author, exam):
    Rating.objects.filter(revision__in=scored_of(exam)[:3]).delete()
    page = text_of(as_author.get(PAGE))
    assert "3 of the 50 scored questions of the reference form have no rating by a judge" in page
    assert as_author.get(CHART).status_code == 200
    shown = standards.preview(exam=exam, cut=moved(exam))
    assert (shown.se, len(shown.rates)) == (None, 1)


def test_ratings_are_compared_with_measured_difficulty(as_author, exam):
    assert "It takes at least three calibrated questions" in text_of(as_author.get(PAGE))
    for standing in Standing.objects.filter(exam=exam, revision__in=scored_of(exam)[:10]):
        standing.status, standing.discrimination = Status.CALIBRATED, 2.0
        standing.intercept = 2 * float(standing.rating or 0)
        standing.save()
    judged = judged_of(exam, reference_of(exam))
    assert judged.correlation == "−1.00"
    assert all(line.correlation.startswith("−0.") or line.correlation == "−1.00" for line in judged.judges)
    assert "of the mean ratings it is −1.00" in text_of(as_author.get(PAGE))


def test_signs_are_real_ones():
    assert [signed(value, 2) for value in (0.314, -0.3, 0)] == ["+0.31", "−0.30", "+0.00"]


# ---- who would pass --------------------------------------------------------------------------------------------------


def test_few_sittings_give_an_expectation_that_says_so(as_author, exam):
    results(exam, [30] * 29)
    report = page_of(exam)
    assert report.distribution is not None
    assert (report.distribution.expected, report.distribution.sittings) == (True, 29)
    assert sum(report.distribution.frequencies) == pytest.approx(1)
    shares = [line.share for line in report.rates]
    assert 0 < shares[2] <= shares[1] <= shares[0] < 1
    page = text_of(as_author.get(PAGE))
    assert "Expected, not counted: only 29 first sittings on the reference form are scored, and 30 are needed." in page
    assert "mean 0.00 and standard deviation 1.50" in page
    assert "an assumption that holds until first sittings are measured" in page


def test_thirty_first_sittings_are_counted(as_author, exam):
    minimum = bank.current_table(reference_of(exam)).minimum_passing_raw
    results(exam, [minimum - 9] * 12 + [minimum] * 12 + [minimum + 9] * 6)
    report = page_of(exam)
    assert report.distribution is not None
    assert (report.distribution.expected, report.distribution.sittings) == (False, 30)
    assert [line.percent for line in report.rates][1] == "60.0"
    assert "Counted: 30 first sittings on the reference form." in text_of(as_author.get(PAGE))
    assert b"First sittings" in as_author.get(CHART).content


def test_only_first_real_sittings_by_the_whole_table_count(exam):
    reference = reference_of(exam)
    results(exam, [30] * 2)
    results(exam, [30] * 3, simulated=True)
    results(exam, [30] * 4, form=Form.objects.filter(exam=exam, reference=False)[0])
    again = Result.objects.filter(sitting__form__reference=False)[0].sitting.user
    sat(again, exam, form=reference)  # this person's first was on another form
    results(exam, [30])
    Result.objects.filter(pk=Result.objects.order_by("-pk")[0].pk).update(maximum_raw=49)
    assert distribution_of(reference, bank.standard_of(exam)).sittings == 2


def test_a_measured_population_is_used_and_named(as_author, exam):
    Standard.objects.filter(exam=exam).update(population_mean=0.7, population_sd=0.5)
    before = page_of(exam).rates[1].share
    change(exam, moved(exam, "1"))
    report = page_of(exam)
    assert report.distribution is not None
    assert report.distribution.measured
    assert report.distribution.population.sd == 0.5
    assert report.distribution.population.mean == pytest.approx(0.7 - report.standard.ability)
    assert report.rates[1].share != before
    assert "measured on first sittings" in text_of(as_author.get(PAGE))


@pytest.mark.parametrize(("cut", "drawn"), [("35.42", True), ("", False), ("x", False), ("NaN", False), ("99", False)])
def test_the_chart_draws_a_new_s_beside_the_old_one(as_author, exam, cut, drawn):
    reply = as_author.get(CHART, {"cut": cut})
    assert reply["Content-Type"] == "image/svg+xml"
    assert (b"new S" in reply.content) is drawn


# ---- changing it -----------------------------------------------------------------------------------------------------


def ask(client, exam: Exam, cut: Decimal | str, reason: str = REASON):
    return client.get(PAGE, {"cut": str(cut), "reason": reason})


def hidden(response) -> dict[str, str]:
    """What the confirmation would send."""
    form = response.context["form"].cleaned_data
    preview = response.context["preview"]
    return {"cut": str(preview.cut), "reason": form["reason"], "version": str(preview.before.version)}


def test_s_is_changed_in_two_steps(as_author, author, exam):
    before, cut = bank.standard_of(exam), moved(exam)
    tables = ScoreTable.objects.count()
    preview = ask(as_author, exam, cut)
    page = text_of(preview)
    assert f"S from {before.cut} to {cut}" in page
    assert "Nothing is stored yet." in page
    assert f"Reason, on record with your name: {REASON}" in page
    assert (bank.standard_of(exam), ScoreTable.objects.count()) == (before, tables)
    for name, value in hidden(preview).items():
        assert f'name="{name}" value="{value}"' in preview.content.decode()
    done = as_author.post(PAGE, hidden(preview), follow=True)
    assert done.redirect_chain == [(PAGE, 302)]
    assert f"S is now {cut}." in text_of(done)
    standard = bank.standard_of(exam)
    assert (standard.cut, standard.set_by, standard.version) == (cut, author, before.version + 1)
    assert ScoreTable.objects.count() == 2 * tables
    history = text_of(done).partition("History")[2]
    assert f"{author} {before.cut} → {cut} {REASON}" in history
    assert "the system" in history


def test_the_preview_states_numbers(as_author, exam, user):
    sat(user, exam)
    cut = moved(exam)
    response = ask(as_author, exam, cut)
    shown, page = response.context["preview"], text_of(response)
    for before, after in shown.rates:
        said = f"{before.label} {before.percent} % from {before.minimum} {after.percent} % from {after.minimum}"
        assert said in page.replace("\N{NO-BREAK SPACE}", " ")
    for move in shown.forms:
        assert f"{move.expected[0]:.2f} {move.expected[1]:.2f} {move.minimum[0]} {move.minimum[1]}" in page
    assert "1 issued result stays." in page
    assert "0 sittings under way" in page


@pytest.mark.parametrize(
    ("cut", "reason", "sentence"),
    [
        ("", REASON, "This field is required."),
        ("many", REASON, "Enter a number."),
        ("33.42001", REASON, "no more than 4 decimal places"),
        ("99.42", REASON, "S lies between 0 and 50"),
        ("33.1", REASON, "no whole score lies on the edge"),
        ("34.42", "too short", "at least 20 characters"),
        ("34.42", "x" * 501, "at most 500 characters"),
    ],
)
def test_a_refusal_is_explained_and_keeps_what_was_typed(as_author, exam, cut, reason, sentence):
    before = list(ScoreTable.objects.values()), list(Standard.objects.values())
    for response in (ask(as_author, exam, cut, reason), as_author.post(PAGE, {"cut": cut, "reason": reason})):
        assert response.status_code == 422
        assert sentence in text_of(response)
        assert 'aria-invalid="true"' in response.content.decode()
        assert f'value="{cut}"' in response.content.decode() or not cut
        assert reason in text_of(response)
    assert before == (list(ScoreTable.objects.values()), list(Standard.objects.values()))


def test_the_present_s_is_refused(as_author, exam):
    cut = bank.standard_of(exam).cut
    assert f"S is {cut} already." in text_of(ask(as_author, exam, cut))
    assert "See what it would do" in text_of(ask(as_author, exam, cut))


def test_an_old_preview_is_refused(as_author, exam):
    sent = hidden(ask(as_author, exam, moved(exam)))
    change(exam, moved(exam, "1"), by=UserFactory())
    response = as_author.post(PAGE, sent)
    assert response.status_code == 422
    assert "The standard was changed while you looked" in text_of(response)
    assert Standard.objects.count() == 2


def test_a_standard_that_left_the_ratings_says_so(as_author, exam):
    sum_of_ratings = bank.standard_of(exam).cut
    assert "The judges’ ratings add up to" not in text_of(as_author.get(PAGE))
    change(exam)
    assert f"The judges’ ratings add up to {sum_of_ratings} ; S was set to" in text_of(as_author.get(PAGE))


def test_a_calibration_leaves_s_unchanged_in_the_history(as_author, exam):
    before = bank.standard_of(exam)
    Standard.objects.create(exam=exam, version=2, cut=before.cut, ability=0.1, reason="Run 1 was promoted.")
    assert f"{before.cut}, unchanged Run 1 was promoted." in text_of(as_author.get(PAGE))


# ---- statements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 4])
def test_the_pages_take_a_constant_number_of_statements(as_author, exam, size, django_assert_num_queries):
    for number in range(size):
        rate(exam, f"judge {number}", [60 + number] * 50)
        change(exam, moved(exam, "1"))
    results(exam, [30] * (20 * size))
    with django_assert_num_queries(16):
        page = as_author.get(PAGE)
    assert text_of(page).count("Angoff, panel of May") == size
    with django_assert_num_queries(21):
        assert ask(as_author, exam, moved(exam)).status_code == 200
