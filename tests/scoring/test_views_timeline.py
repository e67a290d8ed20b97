"""The page with the timeline: to the owner, after closing, and to nobody else."""

from __future__ import annotations

import html
import re
import uuid

import pytest
from django.urls import reverse

from exams.models import Form, Sitting
from exams.services import sittings
from scoring.reports.timeline import timeline_of
from tests.factories import UserFactory, begin, close, sat, stranger_id
from tests.scoring.course import blank, pad


def text_of(page) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def address(sitting_id: object) -> str:
    return reverse("result_timeline", args=[sitting_id])


def test_strangers_are_told_that_it_does_not_exist(signed_in, exam):
    assert signed_in.get(address(sat(UserFactory(), exam).sitting_id)).status_code == 404
    assert signed_in.get(address(stranger_id())).status_code == 404


def test_people_who_are_not_signed_in_are_asked_to(client, user, exam):
    page = address(sat(user, exam).sitting_id)
    assert client.get(page).url == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("state", ["in_progress", "ended", "abandoned"])
def test_there_is_no_page_before_closing(signed_in, user, exam, state):
    sitting = begin(user, exam)
    if state == "ended":
        close(sitting, sequence=1)
    if state == "abandoned":
        sittings.abandon(sitting_id=sitting.pk, user_id=user.pk)
    assert signed_in.get(address(sitting.pk)).status_code == 404


def test_it_stays_open_while_keys_are_shut(signed_in, user, exam):
    old = sat(user, exam, form=Form.objects.pool()[0])
    begin(user, exam, form=old.sitting.form)
    assert signed_in.get(reverse("result_questions", args=[old.sitting_id])).status_code == 409
    assert signed_in.get(address(old.sitting_id)).status_code == 200


def test_the_score_report_leads_to_it(signed_in, user, exam):
    result = sat(user, exam)
    report = signed_in.get(reverse("result", args=[result.sitting_id])).content.decode()
    assert f'href="{address(result.sitting_id)}"' in report


def test_the_page_shows_facts_course_and_notes_in_the_persons_zone(client, course, user):
    user.time_zone = "Asia/Tokyo"
    user.save()
    course.at(1).save(blank(1, 1), pad("<b>S3</b> ≠ EBS\n  twice", 2)).at(2).end(2).at(3).save(pad("late", 3))
    client.force_login(user)
    page = client.get(address(course.sitting.pk))
    text = text_of(page)
    assert "Begun 18:00:00 12 June 2026" in text
    assert "Ended 18:02:00 by you" in text
    assert "Time used 2 min of 130" in text
    assert "Offline Never" in text
    assert "Late 0 answers that still count; 1 change does not" in text
    assert "18:01:00 1 min You worked on question 1 and the note pad" in text
    assert "&lt;b&gt;S3&lt;/b&gt; ≠ EBS\n  twice" in page.content.decode()
    assert "18:03:00 Note pad late It came after the exam had closed." in text
    assert "style=" not in page.content.decode()


@pytest.mark.parametrize("busy", [False, True])
def test_the_page_takes_a_constant_number_of_statements(client, course, user, busy, django_assert_num_queries):
    for number in range(1, 60 if busy else 2):
        course.at(number).save(blank(number, number))
        if busy and number % 10 == 0:
            course.save(blank(number, 100 + number), pad(str(number), 200 + number))
    course.at(70).end()
    for number in range(30 if busy else 0):
        course.save(blank(number + 1, 1_000 + number))
    client.force_login(user)
    with django_assert_num_queries(9):
        assert client.get(address(course.sitting.pk)).status_code == 200


def test_a_sitting_from_before_timelines_has_its_facts(signed_in, user, exam):
    sitting = sat(user, exam).sitting
    # A copy made row by row, as a data migration from before would have left it: nothing wrote its timeline.
    old = Sitting.objects.get(pk=sitting.pk)
    old.pk, old.events = uuid.uuid4(), 0
    old.save(force_insert=True)
    old.claims.create(number=1, issued_at=old.started_at)
    told = timeline_of(old)
    assert (told.entries, told.facts.windows, told.facts.ended_by) == ([], 1, "you")
    assert "Nothing was noted" in text_of(signed_in.get(address(old.pk)))
