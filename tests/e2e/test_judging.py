"""A judge's way through a round in real browsers, with and without scripts and by keyboard; axe over the pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import services as accounts
from accounts.models import User
from accounts.roles import Role
from exams.models import Form
from questions.models import Exam, RatingRequest, Revision
from questions.services import labels, ratings, scenarios
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.questions.studio import EVERY_KIND, a_draft, a_published, an_author

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

NARROWEST = (320, 1280)


@pytest.fixture
def judge(user: User) -> User:
    accounts.grant_role(user=user, role=Role.AUTHOR)
    return user


@pytest.fixture
def convener(db: None) -> User:
    return an_author(display_name="Ada Author")


@pytest.fixture
def turns(judge: User, convener: User, small: Exam) -> list[RatingRequest]:
    """One of every kind, the first due in a week, the last overdue."""
    today = timezone.now().date()
    reviewer, found = an_author(), []
    stems = (
        "A courier delivers parcels on a wet day.", "A baker weighs flour for twenty loaves.",
        "The lighthouse keeper counts ships at night.", "Painters choose colours in a harbour town.",
    )  # fmt: skip
    for days, (writing, stem) in enumerate(zip(EVERY_KIND, stems, strict=True), 7):
        revision = a_published(convener, reviewer, small, replace(writing, stem=f"{stem}\n\nWhat fits best?"))
        due = today + dt.timedelta(days=days)
        found += ratings.ask_judges(revision=revision, exam=small, judges=[judge], by=convener, due=due)
    RatingRequest.objects.filter(pk=found[-1].pk).update(due=today - dt.timedelta(days=1))
    return found


def give(page: Page, kind: str) -> None:
    """Answer, whatever with."""
    if kind == "multiple_choice":
        page.get_by_role("radio").first.check()
    elif kind == "multiple_response":
        for number in (0, 2):
            page.get_by_role("checkbox").nth(number).check()
    else:
        for number, select in enumerate(page.get_by_role("combobox").all(), 1):
            select.select_option(str(number if kind == "ordering" else 1))
    page.get_by_role("button", name="Answer").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_round_from_asking_to_approving(
    new_context: NewContext, judge: User, convener: User, turns: list[RatingRequest], watch: Watch, scripts: bool
) -> None:
    watch.allow("422")
    desk = sign_in(new_context(java_script_enabled=scripts), judge).new_page()
    desk.goto(reverse("bank"))
    desk.get_by_role("link", name="Judging 4 questions").click()
    desk.get_by_role("link", name="Begin").click()
    for turn in (turns[3], *turns[:3]):
        expect(desk.get_by_role("heading", name="Answer the question", level=1)).to_be_visible()
        assert desk.url.endswith(reverse("studio_judge", args=[turn.pk]))
        give(desk, turn.revision.kind)
        expect(desk.get_by_role("heading", name="Rate the question", level=1)).to_be_visible()
        desk.get_by_label("Borderline candidates of 100").fill("64")
        desk.get_by_role("button", name="Rate").click()
        expect(desk.get_by_text("Rated 64 of 100.")).to_be_visible()
    expect(desk.get_by_text("4 of 4 rated")).to_be_visible()
    assert set(RatingRequest.objects.values_list("value", flat=True)) == {64}

    room = sign_in(new_context(java_script_enabled=scripts), convener).new_page()
    room.goto(reverse("studio_rounds", args=["TST-01"]))
    for box in room.get_by_role("checkbox", name="round 1").all():
        box.check()
    room.get_by_role("button", name="Close the chosen rounds").click()
    expect(room.get_by_text("Closed 4 rounds.")).to_be_visible()
    expect(room.get_by_role("cell", name="64.0")).to_have_count(4)
    room.get_by_role("checkbox", name="round 1").first.check()
    room.get_by_role("button", name="Approve the chosen rounds").click()
    expect(room.get_by_text("1 judges have rated; at least 3 are asked for.")).to_be_visible()


def test_by_keyboard_alone(page: Page, turns: list[RatingRequest]) -> None:
    page.goto(reverse("studio_judge", args=[turns[0].pk]))
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Borderline candidates of 100")).to_be_focused()
    page.keyboard.type("58")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rated 58 of 100. Here is the next question.")).to_be_visible()


def test_nobody_finds_a_barrier(
    page: Page, judge: User, convener: User, small: Exam, exam: Exam, turns: list[RatingRequest], watch: Watch
) -> None:
    watch.allow("422", "409")
    inspector = Inspector(page)

    def visit(address: str, heading: str) -> None:
        page.goto(address)
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        for summary in page.locator("main details:not([open]) > summary").all():
            summary.click()
        inspector.look(address, NARROWEST)

    for turn in turns:
        visit(reverse("studio_judge", args=[turn.pk]), "Answer the question")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("Nothing was saved.")).to_be_visible()
    inspector.look("refused", NARROWEST)
    for turn, response in zip(turns, ([2], [1, 2], [4, 3, 2, 1], [1, 1, 2]), strict=True):
        ratings.answer(request=turn, response=response, by=judge)
        visit(reverse("studio_judge", args=[turn.pk]), "Rate the question")
    visit(reverse("studio_judging"), "Judging")
    rounds = reverse("studio_rounds", args=[small.code])
    visit(rounds, "Rounds of ratings")
    for turn, value in zip(turns[:3], (40, 60, 90), strict=True):
        ratings.rate(request=turn, value=value, by=judge)
    visit(reverse("studio_judging"), "Judging")
    visit(reverse("studio_judge", args=[turns[0].pk]), "Your rating")
    for turn in turns[:2]:
        ratings.close_round(revision=turn.revision, exam=small, by=convener)
    visit(rounds, "Rounds of ratings")
    visit(reverse("studio_judge", args=[turns[0].pk]), "A closed round")
    form = Form.objects.get(exam=exam, reference=True)
    visit(f"{reverse('studio_rounds', args=[exam.code])}?form={form.number}&tick=all", "Rounds of ratings")

    text = "A ferry runs every hour.\n\n| day | trips |\n|---|---|\n| one | *nine* |"
    case = scenarios.create_scenario(public_id="tst-case", title="A ferry", text=text, by=convener).scenario
    draft = a_draft(convener, small)
    scenarios.set_scenario(question=draft.question, scenario=case, by=convener)
    scenarios.reword_scenario(scenario=case, title="A boat", text=text, expected_number=1, by=convener)
    visit(reverse("studio_scenarios"), "Case studies")
    visit(reverse("studio_scenario", args=["tst-case"]), "A boat")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Preview, not saved yet")).to_be_visible()
    inspector.look("preview", NARROWEST)
    scenarios.reword_scenario(scenario=case, title="A raft", text="None.", expected_number=2, by=convener)
    page.get_by_role("button", name="Save the new wording").click()
    expect(page.get_by_text("Somebody else has changed the case study")).to_be_visible()
    inspector.look("conflict", NARROWEST)

    labels.make_enemies(
        first=draft.question, second=Revision.objects.get(pk=turns[0].revision_id).question, by=convener
    )
    visit(reverse("studio_labels", args=[draft.question.public_id]), "Labels")
    page.get_by_role("textbox", name="Tags").fill("no/good")
    page.get_by_role("button", name="Save the tags").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    inspector.look("refused labels", NARROWEST)
    assert inspector.found == []
