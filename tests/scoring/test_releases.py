"""What a candidate sees of an assigned sitting before its result, or its review, is released; and of a void one."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from exams.models import Sitting
from exams.services import clock, release
from scoring import services
from scoring.models import ProblemReport, Result
from tests.factories import UserFactory, answer, assigned, begin, close, sat

SECOND = dt.timedelta(seconds=1)
HELD: dict[str, Any] = {"results_held": True, "review_held": True}
AT = dt.datetime(2099, 5, 4, 9, tzinfo=dt.UTC)
REVIEW = ("result_questions", "result_question", "result_report")


def finished(user, exam, **conditions) -> Sitting:
    """Assigned, 40 right, closed and scored."""
    sitting = assigned(user, exam, **conditions)
    answer(sitting, right=40)
    close(sitting, sequence=65)
    services.score(sitting_id=sitting.pk, now=timezone.now())
    return sitting


def address(name, sitting):
    number = [1] if name in ("result_question", "result_report") else []
    return reverse(name, args=[sitting.pk, *number])


def text_of(reply):
    return " ".join(reply.content.decode().split())


def scaled(sitting):
    return str(Result.objects.get(sitting=sitting).scaled)


def shows_no_result(page, sitting):
    result = Result.objects.get(sitting=sitting)
    told = (f"{result.scaled}<", ">Pass<", "Not passed", " Pass</", f"{result.raw} of", "Likely range", "Correct")
    return not any(words in page for words in told)


# ---- before the result -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "when"),
    [
        (HELD, "Your result will be released when your instructor releases it."),
        ({"results_at": AT}, "Your result will be released on 4 May 2099, 09:00 UTC."),
        ({"results_at": AT, "results_held": True}, "Your result will be released when your instructor releases it."),
    ],
)
def test_the_result_page_says_when_and_nothing_else(signed_in, user, exam, conditions, when):
    sitting = finished(user, exam, **conditions)
    reply = signed_in.get(address("result", sitting))
    assert reply.status_code == 200
    assert when in text_of(reply)
    assert shows_no_result(text_of(reply), sitting)


@pytest.mark.parametrize(("offset", "shown"), [(-1, False), (0, True), (1, True)])
def test_it_is_shown_from_its_time_on(signed_in, user, exam, offset, shown):
    at = timezone.now() + dt.timedelta(hours=1)
    sitting = finished(user, exam, results_at=at)
    with time_machine.travel(at + offset * SECOND, tick=False):
        assert (scaled(sitting) in text_of(signed_in.get(address("result", sitting)))) is shown


def test_while_late_packets_may_come_the_page_says_the_same(signed_in, user, exam):
    sitting = assigned(user, exam, **HELD)
    clock.finish(sitting_id=sitting.pk, by=UserFactory())
    page = text_of(signed_in.get(address("result", sitting)))
    assert "Your answers are in" in page
    assert "when your instructor releases it" in page
    asked = signed_in.get(address("result", sitting), headers={"HX-Request": "true"})
    assert asked.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("name", REVIEW)
def test_no_key_comes_before_the_result(signed_in, user, exam, name):
    sitting = finished(user, exam, results_at=AT)  # the review by itself would be open
    reply = (signed_in.post if name == "result_report" else signed_in.get)(address(name, sitting))
    assert reply.status_code == 409
    assert "Your result will be released on 4 May 2099, 09:00 UTC." in text_of(reply)
    assert "The review of the questions opens with it." in text_of(reply)
    assert shows_no_result(text_of(reply), sitting)


@pytest.mark.parametrize("name", ["exam_list", "exam_detail", "progress", "result_timeline"])
def test_no_other_page_tells_it(signed_in, user, exam, name):
    sitting = finished(user, exam, **HELD)
    where = {"exam_detail": [exam.code], "result_timeline": [sitting.pk]}.get(name, [])
    reply = signed_in.get(reverse(name, args=where))
    assert reply.status_code == 200
    assert shows_no_result(text_of(reply), sitting)
    if name != "result_timeline":
        assert "released" in text_of(reply)


def test_the_answer_to_end_tells_nothing(signed_in, user, exam):
    sitting = assigned(user, exam, **HELD)
    answer(sitting, right=40)
    reply = signed_in.post(
        reverse("sitting_end", args=[sitting.pk]), json.dumps({"claim": 1, "sequence": 65}),
        content_type="application/json",
    )  # fmt: skip
    assert Result.objects.get(sitting=sitting).raw == 40
    told = {
        "claim",
        "acknowledged",
        "versions",
        "newest_claim",
        "state",
        "remaining",
        "now",
        "pulse",
        "total",
        "result",
    }
    assert set(reply.json()) == told
    assert scaled(sitting) not in reply.content.decode() + str(reply.headers)


def test_an_earlier_released_result_is_still_listed_beside_it(signed_in, user, exam):
    own = sat(user, exam, right=20)
    held = finished(user, exam, **HELD)
    for page in (reverse("progress"), reverse("exam_detail", args=[exam.code])):
        text = text_of(signed_in.get(page))
        assert f"{own.scaled}<" in text
        assert f"{scaled(held)}<" not in text


@pytest.mark.parametrize("sittings", [1, 4])
def test_pages_cost_the_same_however_many_are_held(signed_in, user, exam, sittings, django_assert_num_queries):
    for _ in range(sittings):
        finished(user, exam, **HELD)
    with django_assert_num_queries(5):
        signed_in.get(reverse("progress"))


# ---- between result and review ---------------------------------------------------------------------------------------


def test_the_report_leaves_single_questions_out_until_the_review(signed_in, user, exam):
    sitting = finished(user, exam, review_held=True)
    page = text_of(signed_in.get(address("result", sitting)))
    assert scaled(sitting) in page
    assert "The review of the questions will be released when your instructor releases it." in page
    assert "Review all questions" not in page
    assert reverse("result_question", args=[sitting.pk, 1]) not in page
    assert "Not answered</td>" not in page
    assert "Incorrect</td>" not in page


@pytest.mark.parametrize("name", REVIEW)
def test_the_review_says_when(signed_in, user, exam, name):
    sitting = finished(user, exam, review_at=AT)
    data = {"category": "key", "text": "The key is wrong, I think."}
    reply = (
        signed_in.post(address(name, sitting), data)
        if name == "result_report"
        else signed_in.get(address(name, sitting))
    )
    assert reply.status_code == 409
    assert "The review of the questions will be released on 4 May 2099, 09:00 UTC." in text_of(reply)
    assert "rationale" not in text_of(reply).lower()
    assert not ProblemReport.objects.exists()


@pytest.mark.parametrize(("offset", "status"), [(-1, 409), (0, 200), (1, 200)])
def test_the_review_opens_at_its_time(signed_in, user, exam, offset, status):
    at = timezone.now() + dt.timedelta(hours=1)
    sitting = finished(user, exam, review_at=at)
    with time_machine.travel(at + offset * SECOND, tick=False):
        assert signed_in.get(address("result_questions", sitting)).status_code == status


def test_a_release_opens_everything(signed_in, user, exam):
    sitting = finished(user, exam, **HELD)
    release.set_release(
        sitting_ids=[sitting.pk], results_at=None, results_held=False, review_at=None, review_held=False
    )
    assert scaled(sitting) in text_of(signed_in.get(address("result", sitting)))
    assert signed_in.get(address("result_question", sitting)).status_code == 200


# ---- void ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["result", *REVIEW])
def test_a_void_sitting_says_so_and_why(signed_in, user, exam, name):
    sitting = finished(user, exam)
    clock.void(sitting_id=sitting.pk, by=UserFactory(), reason="The <fire> alarm rang.")
    reply = (signed_in.post if name == "result_report" else signed_in.get)(address(name, sitting))
    assert reply.status_code == (200 if name == "result" else 409)
    assert "declared this sitting void" in text_of(reply)
    assert "The &lt;fire&gt; alarm rang." in text_of(reply)
    assert shows_no_result(text_of(reply), sitting)


@pytest.mark.parametrize("name", ["exam_list", "exam_detail", "progress"])
def test_a_void_sitting_has_no_result_in_any_list(signed_in, user, exam, name):
    sitting = finished(user, exam)
    clock.void(sitting_id=sitting.pk, by=UserFactory(), reason="Ill")
    page = text_of(signed_in.get(reverse(name, args=[exam.code] if name == "exam_detail" else [])))
    assert shows_no_result(page, sitting)
    assert (" Void</span>" in page) is (name == "exam_detail")


# ---- giving up -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [begin, assigned])
def test_only_own_practice_offers_to_be_given_up(signed_in, user, exam, start):
    sitting = start(user, exam)
    page = text_of(signed_in.get(reverse("exam_detail", args=[exam.code])))
    assert ("Give up this sitting" in page) is (start is begin)
    reply = signed_in.post(reverse("sitting_abandon", args=[sitting.pk]), follow=True)
    assert ("was assigned to you, so it cannot be given up" in text_of(reply)) is (start is assigned)
