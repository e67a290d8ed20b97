"""What instructors do from the live board: who is asked about, what is done, once, and written down."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from cohorts.acts import ACTS, HALF_AN_HOUR
from cohorts.models import Arrangement, Attempt, LogEntry, Membership
from cohorts.services import attending, supervising
from exams.models import EndReason, Notice, Sitting
from exams.services import clock
from exams.services.clock import CannotChange
from scoring.models import Result
from tests import factories
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt, an_instructor

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def teacher(db):
    return an_instructor()


@pytest.fixture
def assignment(exam, teacher):
    return an_assignment(a_cohort(exam, teacher))


@pytest.fixture
def taught(client, teacher):
    client.force_login(teacher)
    return client


def began(assignment, **fields):
    person = a_member(assignment.cohort)
    sitting = attending.begin(assignment=assignment, user=person)
    if fields:
        Sitting.objects.filter(pk=sitting.pk).update(**fields)
    return person


def sitting_of(person):
    return Sitting.objects.filter(user=person).latest("started_at")


def send(client, assignment, act, *people, **data):
    address = reverse("cohort_board_act", args=[assignment.cohort_id, act])
    return client.post(address, {"assignment": assignment.pk, "who": [one.pk for one in people], **data})


def confirm(client, assignment, act, *people, **data):
    """Press the button of the page; returns the one message that the board then shows."""
    client.cookies.pop("messages", None)  # what was said before
    answer = send(client, assignment, act, *people, confirmed="1", **data)
    assert answer.status_code == 302, answer.content.decode()
    (said,) = get_messages(answer.wsgi_request)
    return str(said)


def entries(assignment):
    found = LogEntry.objects.filter(assignment=assignment).order_by("pk")
    return [(entry.about, entry.what) for entry in found]


def test_minutes_for_one(assignment, taught, teacher):
    person, other = began(assignment), began(assignment)
    before, beside = sitting_of(person).deadline, sitting_of(other).deadline
    page = send(taught, assignment, "grant", person)
    assert person.get_full_name() in page.content.decode()
    assert other.get_full_name() not in page.content.decode()
    assert sitting_of(person).deadline == before
    said = confirm(taught, assignment, "grant", person, minutes=7)
    assert said == f"Granted 7 min to {person.get_full_name()}."
    assert sitting_of(person).deadline == before + 7 * MINUTE
    assert sitting_of(other).deadline == beside
    (entry,) = LogEntry.objects.all()
    assert (entry.by, entry.about, entry.assignment) == (teacher.email, person.email, assignment)
    assert entry.what.startswith("Granted 7 min; the deadline is now ")


def test_minutes_for_the_whole_room_and_who_is_left_alone(assignment, taught):
    running = [began(assignment) for _ in range(3)]
    over, waiting = an_attempt(assignment, a_member(assignment.cohort)).user, a_member(assignment.cohort)
    page = send(taught, assignment, "grant", all="1")
    assert {one.user_id for one in page.context["preview"].ready} == {one.pk for one in running}
    assert page.context["preview"].refused == {
        "The sitting is over; only reopening it gives more time.": [over.get_full_name()],
        "There is no sitting in progress.": [waiting.get_full_name()],
    }
    said = confirm(taught, assignment, "grant", *running, over, minutes=5)
    assert said.startswith("Granted 5 min to ")
    assert said.endswith(f"Left as it was for {over.get_full_name()}: This sitting is no longer in progress (closed).")
    assert len(entries(assignment)) == 3


def test_extra_time_for_a_finished_sitting_is_refused(assignment, taught):
    person = an_attempt(assignment, a_member(assignment.cohort)).user
    page = send(taught, assignment, "grant", person, minutes=5, confirmed="1")
    assert "Nobody to do this for" in page.content.decode()
    assert "only reopening it gives more time" in page.content.decode()
    assert sitting_of(person).granted_minutes == 0


def test_a_cut_is_said_and_the_window_moves_for_that_person_only(exam, teacher, taught):
    end = timezone.now() + (exam.minutes + 3) * MINUTE
    assignment = an_assignment(a_cohort(exam, teacher), start_by=end, end_by=end)
    short, free = began(assignment), began(assignment, window_ends_at=end + 5 * HOUR)
    page = send(taught, assignment, "grant", short, free, minutes=10, confirmed="1")
    assert f"{short.get_full_name()} would get 2 of 10 min" in page.content.decode()
    assert "for 1 of 2 people" in page.content.decode()
    assert sitting_of(short).granted_minutes == sitting_of(free).granted_minutes == 0
    before = sitting_of(short).deadline
    said = confirm(taught, assignment, "grant", short, free, minutes=10, extend_window="on", warned=10)
    assert "cut" not in said
    assert sitting_of(short).deadline == sitting_of(short).window_ends_at == before + 10 * MINUTE
    assert sitting_of(free).window_ends_at == end + 5 * HOUR
    assignment.refresh_from_db()
    assert assignment.end_by == end


def test_who_leaves_the_window_as_it_is_reads_what_was_cut(exam, teacher, taught):
    end = timezone.now() + (exam.minutes + 3) * MINUTE
    assignment = an_assignment(a_cohort(exam, teacher), start_by=end, end_by=end)
    person = began(assignment)
    said = confirm(taught, assignment, "grant", person, minutes=10, warned=10)
    assert f"The window’s end cut the time of {person.get_full_name()} (by " in said
    assert sitting_of(person).deadline == end


@pytest.mark.parametrize("minutes", ["", "0", "-5", "601", "ten"])
def test_minutes_that_are_none_change_nothing(assignment, taught, minutes):
    person = began(assignment)
    page = send(taught, assignment, "grant", person, minutes=minutes, confirmed="1")
    assert page.status_code == 200
    assert 'class="error"' in page.content.decode()
    assert sitting_of(person).granted_minutes == 0


def test_a_second_click_gives_nothing_more(assignment, taught):
    person = began(assignment)
    seen = send(taught, assignment, "grant", person).context["preview"].ready[0].seen
    confirm(taught, assignment, "grant", person, minutes=5, seen=seen)
    assert "changed in the meantime" in confirm(taught, assignment, "grant", person, minutes=5, seen=seen)
    assert sitting_of(person).granted_minutes == 5
    seen = send(taught, assignment, "message", person).context["preview"].ready[0].seen
    confirm(taught, assignment, "message", person, text="Stay calm.", seen=seen)
    confirm(taught, assignment, "message", person, text="Stay calm.", seen=seen)
    assert Notice.objects.count() == 1


def test_pause_and_go_on(assignment, taught):
    person, waiting = began(assignment), a_member(assignment.cohort)
    assert confirm(taught, assignment, "pause", person).startswith("The clock stands still for")
    assert sitting_of(person).is_paused
    page = send(taught, assignment, "pause", person, waiting)
    assert "The clock stands still already." in page.content.decode()
    assert confirm(taught, assignment, "resume", person).startswith("The clock goes on for")
    assert not sitting_of(person).is_paused
    assert [what.partition(";")[0] for _, what in entries(assignment)] == ["Paused the clock", "Let the clock go on"]


def test_end_for_somebody(assignment, taught):
    person = began(assignment)
    assert confirm(taught, assignment, "finish", person) == f"Ended the exam for {person.get_full_name()}."
    assert (sitting_of(person).state, sitting_of(person).end_reason) == (Sitting.State.ENDED, EndReason.STAFF)
    assert entries(assignment) == [(person.email, "Ended the sitting")]


def test_a_message_reaches_who_is_sitting(assignment, taught):
    person, paused, over = (
        began(assignment),
        began(assignment),
        an_attempt(assignment, a_member(assignment.cohort)).user,
    )
    confirm(taught, assignment, "pause", paused)
    said = confirm(taught, assignment, "message", person, paused, text="Ten minutes\nto go.")
    assert said.startswith("The message went to ")
    assert {notice.sitting.user_id for notice in Notice.objects.all()} == {person.pk, paused.pk}
    assert (person.email, "Sent a message: Ten minutes to go.") in entries(assignment)
    page = send(taught, assignment, "message", over, text="Too late.", confirmed="1")
    assert "not sitting" in page.content.decode()


@pytest.mark.parametrize("text", ["", "  ", "x" * 501])
def test_an_empty_or_endless_message_is_not_sent(assignment, taught, text):
    page = send(taught, assignment, "message", began(assignment), text=text, confirmed="1")
    assert 'class="error"' in page.content.decode()
    assert not Notice.objects.exists()


def test_reopen(assignment, taught):
    person = an_attempt(assignment, a_member(assignment.cohort)).user
    later = (timezone.now() + HOUR).replace(second=0, microsecond=0)
    page = send(taught, assignment, "reopen", person)
    assert "deadline" in page.context["form"].fields
    said = confirm(taught, assignment, "reopen", person, deadline=f"{later:%Y-%m-%dT%H:%M}")
    assert said == f"Reopened the sitting for {person.get_full_name()}."
    assert (sitting_of(person).state, sitting_of(person).deadline) == (Sitting.State.IN_PROGRESS, later)
    assert not Result.objects.current().filter(sitting__user=person).exists()
    assert entries(assignment)[0][1].startswith("Reopened the sitting until ")


@pytest.mark.parametrize("deadline", ["", "soon", "2020-01-01T10:00"])
def test_a_deadline_that_is_none_reopens_nothing(assignment, taught, deadline):
    person = an_attempt(assignment, a_member(assignment.cohort)).user
    page = send(taught, assignment, "reopen", person, deadline=deadline, confirmed="1")
    assert 'class="error"' in page.content.decode()
    assert sitting_of(person).state == Sitting.State.CLOSED


def test_what_shows_its_keys_is_not_reopened(assignment, taught):
    person = an_attempt(assignment, a_member(assignment.cohort)).user
    Sitting.objects.update(review_at=None)
    page = send(taught, assignment, "reopen", person)
    assert "The keys are released" in page.content.decode()
    later = timezone.now() + HALF_AN_HOUR
    with pytest.raises(CannotChange, match="released"):
        supervising.reopen(assignment=assignment, user=person, deadline=later, by=an_instructor(), now=timezone.now())
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("act", [act for act in ACTS if act not in ("ill", "absent", "present")])
def test_a_void_attempt_is_left_alone(assignment, taught, act):
    person = began(assignment)
    Attempt.objects.update(void_at=timezone.now())
    page = send(taught, assignment, act, person, confirmed="1")
    assert "Nobody to do this for" in page.content.decode()
    with pytest.raises(CannotChange):
        supervising.pause(assignment=assignment, user=person, by=person)


def test_strangers_are_not_concerned(assignment, taught, exam):
    person, outsider = began(assignment), a_member(a_cohort(exam))
    factories.begin(outsider, exam)
    assert confirm(taught, assignment, "pause", outsider).startswith("Choose somebody first")
    assert confirm(taught, assignment, "pause", person, outsider).startswith("The clock stands still for")
    assert not sitting_of(outsider).is_paused


@pytest.mark.parametrize("who", [[], ["x"], ["-1"], ["99999999999999999999"], ["²"]])
def test_nobody_chosen(assignment, taught, who):
    began(assignment)
    address = reverse("cohort_board_act", args=[assignment.cohort_id, "pause"])
    answer = taught.post(address, {"assignment": assignment.pk, "who": who})
    assert [str(message) for message in get_messages(answer.wsgi_request)] == [
        "Choose somebody first: tick people, or everybody."
    ]


@pytest.mark.parametrize("given", [{"assignment": "x"}, {"assignment": "00000000-0000-0000-0000-000000000000"}, {}])
def test_an_unknown_assignment_or_act_is_not_found(assignment, taught, given):
    address = reverse("cohort_board_act", args=[assignment.cohort_id, "pause"])
    assert taught.post(address, given).status_code == 404
    unknown = reverse("cohort_board_act", args=[assignment.cohort_id, "promote"])
    assert taught.post(unknown, {"assignment": assignment.pk}).status_code == 404
    assert taught.get(address).status_code == 302


def test_more_than_200_go_part_by_part(assignment, taught):
    people = [a_member(assignment.cohort) for _ in range(201)]
    page = send(taught, assignment, "absent", all="1")
    assert [len(part) for part in page.context["parts"]] == [200, 1]
    assert "201 people are too many at once" in page.content.decode()
    said = confirm(taught, assignment, "absent", *people)
    assert said == "Choose at most 200 people at once."
    assert not Arrangement.objects.exists()


def test_in_an_archived_cohort_nothing_is_done(assignment, taught):
    person = began(assignment)
    assignment.cohort.archived_at = timezone.now()
    assignment.cohort.save()
    assert "archived" in confirm(taught, assignment, "pause", person)
    with pytest.raises(CannotChange, match="archived"):
        supervising.pause(assignment=assignment, user=person, by=person)
    assert not sitting_of(person).is_paused


def test_who_has_left_can_still_be_given_time(assignment, taught):
    person = began(assignment)
    Membership.objects.update(left_at=timezone.now())
    assert confirm(taught, assignment, "grant", person, minutes=5).startswith("Granted")


@pytest.mark.parametrize("people", [5, 50])
def test_the_page_before_an_act_costs_as_much_for_many(people, assignment, taught, django_assert_num_queries):
    for _ in range(people):
        began(assignment)
    with django_assert_num_queries(7):
        page = send(taught, assignment, "grant", all="1")
    assert len(page.context["preview"].ready) == people


@pytest.mark.django_db(transaction=True)
def test_a_sitting_that_ends_while_minutes_are_granted_gets_none(exam):
    """The candidate's End holds the sitting; the grant waits for it, and then there is nothing to lengthen."""
    teacher = an_instructor()
    assignment = an_assignment(a_cohort(exam, teacher))
    person = began(assignment)
    sitting, said = sitting_of(person), []

    def grant():
        try:
            supervising.grant(assignment=assignment, user=person, minutes=5, by=teacher)
        except CannotChange as problem:
            said.append(str(problem))
        finally:
            connection.close()

    other = threading.Thread(target=grant)
    with transaction.atomic():
        clock.finish(sitting_id=sitting.pk, by=teacher)
        other.start()
        other.join(timeout=1)
        assert other.is_alive()  # it waits
    other.join(timeout=10)
    assert said == ["This sitting is no longer in progress (ended)."]
    assert sitting_of(person).granted_minutes == 0
    assert not LogEntry.objects.exists()
