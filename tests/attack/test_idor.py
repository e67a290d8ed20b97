"""Ids of other people's things lead nowhere, in addresses, queries and bodies, beside one's own as well."""

from __future__ import annotations

import csv
import io
import itertools
import uuid

import pytest
from django.urls import reverse

from cohorts.reports.exports import EXPORTS
from exams.protocol import pulse_token
from questions.models import Comment, Revision
from questions.services import review
from tests.attack.addresses import every_address
from tests.attack.matrix import REFUSED
from tests.attack.walk import Walker, undone
from tests.factories import sat
from tests.scoring.reported import report

pytestmark = [pytest.mark.django_db]

BELOW = ("user_id", "assignment_id", "sitting_id", "invitation_id")


@pytest.fixture
def neighbour(world):
    return Walker(world.people["neighbour"])


def test_ids_of_another_cohort_are_nothing_below_ones_own(world, neighbour):
    """One's own cohort with the other's people, assignments, sittings and invitations: each alone, and all."""
    attempt = world.things["their attempt"]
    own = {"user_id": attempt.user_id, "assignment_id": attempt.assignment_id, "sitting_id": attempt.sitting_id}
    wrong, tried = {}, 0
    for one in every_address():
        keys = [key for key in BELOW if key in one.keys]
        if "cohort_id" not in one.keys or not keys:
            continue
        foreign = world.values_for(one.name)
        for count in range(1, len(keys) + 1):
            for chosen in itertools.combinations(keys, count):
                mixed = {key: foreign[key] if key in chosen else own.get(key, foreign[key]) for key in keys}
                url = one.url(world, cohort_id=attempt.assignment.cohort_id, **mixed)
                for method in ("GET", "POST"):
                    kind, changed = neighbour.ask(method, url)
                    tried += 1
                    # An act on nobody says so on the page it came from.
                    if kind not in ("n", "m") and (method == "GET" or kind not in "re" or changed):
                        wrong[one.name, method, chosen] = kind, changed
    assert wrong == {}
    assert tried > 40


def test_an_assignment_in_a_query_is_ones_own_or_nothing(world, neighbour):
    attempt = world.things["their attempt"]
    foreign = world.things["attempt"].assignment_id
    mine = attempt.assignment.cohort_id
    names = ("cohort_results", "cohort_scores_chart", "cohort_teach", "cohort_items", "cohort_exports", "cohort_board",
             "cohort_report_pdf")  # fmt: skip
    for name in names:
        own, other, none = (
            neighbour.ask("GET", f"{reverse(name, args=[mine])}?assignment={key}")[0]
            for key in (attempt.assignment_id, foreign, uuid.uuid4())
        )
        assert (own, other) == ("+", none), name
        assert other in "ne", name


@pytest.mark.parametrize("what", sorted(EXPORTS))
def test_a_file_holds_ones_own_cohort_only(world, neighbour, what):
    attempt = world.things["their attempt"]
    mine = attempt.assignment.cohort_id
    url = reverse("cohort_export", args=[mine, what, "csv"])
    text = b"".join(neighbour.send("GET", url)).decode()
    assert len(list(csv.reader(io.StringIO(text)))) > 1
    for person in ("member", "instructor", "stranger"):
        assert world.people[person].email not in text
    kind, _ = neighbour.ask("GET", f"{url}?assignment={world.things['attempt'].assignment_id}")
    assert kind == "e"


def test_an_act_on_the_board_reaches_nobody_in_another_room(world, neighbour):
    attempt, foreign = world.things["their attempt"], world.things["attempt"]
    for act, more in (("grant", {"minutes": 10}), ("message", {"text": "Stop."}), ("absent", {}), ("finish", {})):
        url = reverse("cohort_board_act", args=[attempt.assignment.cohort_id, act])
        body = {"assignment": attempt.assignment_id, "who": foreign.user_id, "confirmed": "1", **more}
        assert neighbour.ask("POST", url, body) == ("r", {})  # "Choose somebody first"
        assert neighbour.ask("POST", url, body | {"assignment": foreign.assignment_id}) == ("n", {})


def test_a_report_of_somebody_else_is_not_reached_through_ones_own_sitting(world):
    stranger = world.people["stranger"]
    own = sat(stranger, world.things["exam"]).sitting
    mine, theirs = report(own, seat=2), world.things["report"]
    walker = Walker(stranger)
    for name in ("result_report_change", "result_report_take_back"):
        body = world.bodies["result_report_change"]
        assert walker.ask("POST", reverse(name, args=[own.pk, 2, theirs.pk]), body) == ("n", {})
        kind, changed = walker.ask("POST", reverse(name, args=[own.pk, 2, mine.pk]), body)
        assert kind == "r"
        assert "scoring_problemreport" in changed
        assert walker.ask("POST", reverse(name, args=[own.pk, 3, mine.pk]), body) == ("n", {})


def test_a_pulse_tells_of_the_sitting_of_its_token_only(world):
    walker = Walker(None)
    running, other = world.things["running"].pk, world.things["sitting"].pk
    assert walker.ask("GET", reverse("sitting_pulse", args=[running, pulse_token(running)]))[0] == "+"
    for sitting, token in ((running, pulse_token(other)), (other, pulse_token(running)), (running, "a")):
        assert walker.ask("GET", reverse("sitting_pulse", args=[sitting, token])) == ("n", {})


def test_people_learn_of_no_cohort_by_leaving_it(world):
    walker = Walker(world.people["stranger"])
    said = []
    for key in (world.things["cohort"].pk, uuid.uuid4()):
        with undone():
            walker.send("POST", reverse("leave_cohort", args=[key]))
            said.append(walker.client.get(reverse("my_cohorts")).content.decode().replace(str(key), ""))
    assert ("not a member" in said[0], world.things["cohort"].name in said[0]) == (True, False)
    assert [text.count("not a member") for text in said] == [1, 1]


def test_a_form_about_another_revision_than_its_address_changes_nothing(world):
    """The id of a revision or a comment in the body has to belong to the question in the address."""
    author = Walker(world.people["author"])
    public_id = world.values_for("studio_edit")["public_id"]
    other = Revision.objects.exclude(question__public_id=public_id).order_by("pk")[0]
    for name in ("studio_edit", "studio_save", "studio_preview", "studio_checks"):
        body = {"revision": other.pk, "version": other.lock_version, "stem": "Taken over"}
        assert author.ask("POST", reverse(name, args=[public_id]), body) == ("n", {})
    comment = review.comment(revision=other, place="stem", text="A remark.", by=world.people["colleague"])
    author = Walker(world.people["author"])
    with undone():
        for act in ("submit", "comment", "approve", "publish", "delete", "retire", "resolve"):
            body = {
                "revision": other.pk, "version": other.lock_version, "current": other.pk, "comment": comment.pk,
                "text": "A reason that is long enough.", "reviewer": world.people["colleague"].pk,
            }  # fmt: skip
            kind, changed = author.ask("POST", reverse(f"life_{act}", args=[public_id]), body)
            assert (kind, changed) == ("e", {}), act
    assert not Comment.objects.get(pk=comment.pk).resolved_at


@pytest.mark.parametrize("role", ["stranger", "member", "author", "neighbour", "staff"])
def test_guessed_numbers_find_nothing(world, role):
    """Numbers in a row, as they are given out: none opens anything of somebody else's."""
    walker, open_ones = Walker(world.people[role]), []
    theirs = world.things["report"], world.things["regrade"], world.things["invitation"]
    cohort, practised = world.things["cohort"].pk, world.things["sitting"].pk
    numbers = {one.pk + step for one in theirs for step in range(-3, 4) if one.pk + step > 0}
    for number in sorted(numbers):
        for name, arguments in (
            ("cohort_withdraw", [cohort, number]), ("cohort_resend", [cohort, number]),
            ("cohort_member_remove", [cohort, number]), ("result_report_take_back", [practised, 2, number]),
            ("studio_remove_filter", [number + 1_000]), ("bank_regrade_detail", ["MLS-C01", number]),
        ):  # fmt: skip
            kind, changed = walker.ask("POST", reverse(name, args=arguments))
            if kind not in REFUSED or changed:
                open_ones.append((name, number, kind, changed))
    assert open_ones == []
