"""The exam without scripts: one long form in a browser that runs none, or that could not load ours."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from accounts.models import User
from exams.models import Answer, KeptChange, Seat, Sitting
from exams.services.bank import current_table
from questions.models import Exam
from scoring.models import Result
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper, in_stored_order
from tests.e2e.plainkeys import FOCUSED, arrive, assert_in_sight, operate
from tests.e2e.steps import leave
from tests.e2e.test_axe import Inspector
from tests.e2e.test_full_sitting import responses
from tests.e2e.test_leaks import TELLING, WITHOUT_CONTENT, plain, secrets_of, without_tags
from tests.e2e.watch import Watch
from tests.factories import key_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

LEFT_OUT = 3  # scored questions that `responses` leaves unanswered


@pytest.fixture
def page(new_context: NewContext, user: User) -> Page:
    """The candidate's browser, which runs no scripts."""
    return sign_in(new_context(java_script_enabled=False), user).new_page()


def open_sitting(page: Page, sitting: Sitting) -> None:
    page.goto(reverse("sitting", args=[sitting.pk]))
    expect(page.get_by_role("heading", name="Question 65 of 65")).to_be_visible()


def question(page: Page, seat: Seat) -> Locator:
    return page.locator(f"#q{seat.number}")


def answer(page: Page, seat: Seat, response: Sequence[str]) -> None:
    """Give a response by mouse. Each step of an order goes through the server."""
    if seat.kind == "matching":
        for place, token in enumerate(response):
            question(page, seat).locator("select").nth(place).select_option(token)
    elif seat.kind == "ordering":
        for count, token in enumerate(response, 1):
            question(page, seat).locator(f".pool [data-token='{token}'] [data-move=in]").click()
            expect(question(page, seat).locator(".chosen [data-token]")).to_have_count(count)
    else:
        for token in response:
            question(page, seat).locator(f"label:has(input[value='{token}'])").click()


def save(page: Page, seat: Seat) -> None:
    page.get_by_role("button", name=f"Save at question {seat.number}", exact=True).click()
    expect(page.locator(".plain-bar b")).to_have_text(re.compile(r"^Saved \d\d:\d\d:\d\d$"))


def assert_stored(sitting: Sitting, given: dict[int, tuple[str, ...]]) -> None:
    stored = {answer.seat: tuple(answer.response) for answer in Answer.objects.filter(sitting=sitting)}
    for seat in sitting.form.seats.all():
        assert stored.get(seat.number, ()) == in_stored_order(seat, given[seat.number]), seat.number


def choice_of(sitting: Sitting, place: int = 0) -> Seat:
    return sitting.form.seats.filter(kind="multiple_choice").order_by("number")[place]


def test_a_full_sitting_by_mouse(page: Page, exam: Exam) -> None:
    page.goto(reverse("exam_begin", args=[exam.code]))
    page.get_by_role("button", name="Begin exam").click()
    page.wait_for_url("**/sittings/**")
    sitting = Sitting.objects.get()
    seats = list(sitting.form.seats.order_by("number"))
    table = current_table(sitting.form)
    given = responses(seats, right=table.minimum_passing_raw)
    expect(page.get_by_text("This page cannot count down")).to_be_visible()
    for seat in seats:
        answer(page, seat, given[seat.number])
        if seat.number % 20 == 0:
            save(page, seat)
    page.get_by_label("Flag question 7 for review").check()
    page.get_by_role("button", name="Save and review").click()

    expect(page.get_by_role("heading", name="Review your answers")).to_be_visible()
    expect(page.get_by_text(f"{65 - LEFT_OUT} of 65 answered, 1 flagged")).to_be_visible()
    page.locator(".segmented label", has_text="Unanswered").click()
    expect(page.locator(".review-table tbody tr:visible")).to_have_count(LEFT_OUT)
    assert_stored(sitting, given)
    assert not Result.objects.exists()
    page.get_by_role("link", name="Keep working").click()
    page.get_by_role("button", name="Save and review").click()
    page.get_by_role("button", name="End exam").click()

    page.wait_for_url(f"**/results/{sitting.pk}/")
    expect(page.locator(".score .outcome")).to_have_text(re.compile("Pass"))
    assert Result.objects.get().raw == table.minimum_passing_raw
    sitting.refresh_from_db()
    assert (sitting.state, sitting.end_reason) == ("closed", "candidate")


def test_a_full_sitting_by_keyboard(page: Page, exam: Exam) -> None:
    page.goto(reverse("exam_begin", args=[exam.code]))
    page.get_by_role("button", name="Begin exam").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sittings/**")
    sitting = Sitting.objects.get()
    seats = {seat.number: seat for seat in sitting.form.seats.all()}
    given = responses(sorted(seats.values(), key=lambda seat: seat.number), right=30)
    done: set[str] = set()
    for presses in range(1_500):
        page.keyboard.press("Tab")
        if presses % 7 == 0:
            assert_in_sight(page)
        if operate(page, seats, given, done):
            break
    expect(page.get_by_role("heading", name="Review your answers")).to_be_visible()
    assert_stored(sitting, given)
    end = page.get_by_role("button", name="End exam")
    for _ in range(100):
        page.keyboard.press("Tab")
        if end.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/results/{sitting.pk}/")
    assert Result.objects.get().raw == 30


def test_enter_saves(page: Page, sitting: Sitting) -> None:
    seat = choice_of(sitting)
    open_sitting(page, sitting)
    question(page, seat).locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/#q{seat.number}")
    assert Answer.objects.get(sitting=sitting).response == seat.tokens[:1]


def test_steps_move_and_the_keyboard_stays_with_them(page: Page, sitting: Sitting) -> None:
    seat = sitting.form.seats.filter(kind="ordering").order_by("number")[1]
    open_sitting(page, sitting)
    answer(page, seat, seat.tokens[: seat.slots])
    expect(question(page, seat).locator("[data-move=in]:visible")).to_have_count(0)
    second = question(page, seat).locator(f"[data-token='{seat.tokens[1]}']")
    expect(question(page, seat).locator(".chosen li").first.locator("[data-move=up]")).to_be_hidden()
    second.locator("[data-move=up]").click()
    expect(question(page, seat).locator(".chosen li").first).to_have_attribute("data-token", seat.tokens[1])
    arrive(page)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)[1] == f"{seat.number}:down:{seat.tokens[1]}"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(question(page, seat).locator(".chosen [data-token]")).to_have_count(seat.slots - 1)


def test_a_stale_page_meets_a_newer_answer(
    page: Page, sitting: Sitting, new_context: NewContext, user: User, watch: Watch
) -> None:
    seat, other = choice_of(sitting), choice_of(sitting, 1)
    open_sitting(page, sitting)
    paper = Paper(sign_in(new_context(), user).new_page()).open(sitting)
    paper.go(seat.number)
    paper.answer(seat, seat.tokens[:1])
    paper.saved()

    answer(page, seat, seat.tokens[1:2])
    answer(page, other, other.tokens[:1])
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("heading", name="Answered elsewhere, too")).to_be_visible()
    assert Answer.objects.get(sitting=sitting, seat=seat.number).response == seat.tokens[:1]
    assert Answer.objects.get(sitting=sitting, seat=other.number).response == other.tokens[:1]
    assert KeptChange.objects.get().response == seat.tokens[1:2]
    # The other window has lost the exam.
    paper.look_up()
    expect(paper.dialog("claimed")).to_be_visible()

    page.get_by_role("group", name=f"Question {seat.number}").get_by_label("Take the other answer").check()
    page.get_by_role("button", name="Save the choice").click()
    expect(page.get_by_role("heading", name="Answered elsewhere, too")).to_have_count(0)
    expect(question(page, seat).locator(f"input[value='{seat.tokens[1]}']")).to_be_checked()
    assert Answer.objects.get(sitting=sitting, seat=seat.number).response == seat.tokens[1:2]


def test_one_tick_too_many_is_pointed_out(page: Page, sitting: Sitting, watch: Watch) -> None:
    watch.allow("422")
    seat = sitting.form.seats.filter(kind="multiple_response").order_by("number")[0]
    open_sitting(page, sitting)
    answer(page, seat, seat.tokens[: seat.slots + 1])
    page.get_by_role("button", name="Save and review").click()
    expect(page.get_by_role("alert")).to_contain_text(f"Question {seat.number} asks for {seat.slots} options")
    question(page, seat).locator(f"label:has(input[value='{seat.tokens[0]}'])").click()
    page.get_by_role("button", name="Save and review").click()
    expect(page.get_by_text("1 of 65 answered")).to_be_visible()


def test_what_is_sent_at_the_deadline_counts(page: Page, sitting: Sitting) -> None:
    seat = choice_of(sitting)
    open_sitting(page, sitting)
    answer(page, seat, key_of(seat))
    leave(sitting, seconds=-1)
    page.get_by_role("button", name="Save and review").click()
    page.wait_for_url(f"**/results/{sitting.pk}/")
    expect(
        page.get_by_text(re.compile(r"Time ran out at [\d:]+; your last answers were still on their way"))
    ).to_be_visible()
    assert Answer.objects.get(sitting=sitting).late
    sitting.refresh_from_db()
    assert (sitting.ended_at, sitting.end_reason) == (sitting.deadline, "deadline")


def test_what_is_sent_long_after_the_deadline_does_not(page: Page, sitting: Sitting) -> None:
    seat = choice_of(sitting)
    open_sitting(page, sitting)
    answer(page, seat, key_of(seat))
    leave(sitting, seconds=-30)
    page.get_by_role("button", name="Save and review").click()
    page.wait_for_url(f"**/results/{sitting.pk}/")
    expect(page.get_by_text(re.compile(r"Time ran out at [\d:]+; what was saved before counts\."))).to_be_visible()
    assert not Answer.objects.exists()


def test_no_plain_page_gives_anything_away(page: Page, sitting: Sitting, context: BrowserContext) -> None:
    """A fresh page, one on which two windows disagree, and the review."""
    choice, order = choice_of(sitting), sitting.form.seats.filter(kind="ordering").order_by("number")[0]
    other = page.context.new_page()
    open_sitting(other, sitting)
    open_sitting(page, sitting)
    sources = [page.content()]
    for place, window in enumerate((other, page)):
        answer(window, order, key_of(order)[place : place + 1])
        answer(window, choice, choice.tokens[place : place + 1])
        window.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("heading", name="Answered elsewhere, too")).to_be_visible()
    sources.append(page.content())
    page.goto(reverse("sitting_finish", args=[sitting.pk]))
    sources.append(page.content())
    everything = plain("\n".join([*sources, *map(without_tags, sources)]))
    assert [(what, text) for what, text in secrets_of(sitting.form) if plain(text) in everything] == []
    desk = context.new_page()  # takes pages apart, which needs scripts
    assert [TELLING.findall(desk.evaluate(WITHOUT_CONTENT, source)) for source in sources] == [[], [], []]


# ---- scripts that fail, and scripts that work --------------------------------------------------------------------


def gone(route: Route) -> None:
    route.abort()


def broken(route: Route) -> None:
    route.fulfill(body="throw new Error('too old for this');", content_type="text/javascript")


def unreadable(route: Route) -> None:
    route.fulfill(body="this is no script", content_type="text/javascript")


@pytest.mark.parametrize(
    ("file", "failing"),
    [("main", gone), ("channel", gone), ("main", broken), ("main", unreadable), ("board", unreadable)],
)
def test_scripts_that_fail_leave_the_plain_form(
    new_context: NewContext, user: User, sitting: Sitting, watch: Watch, file: str, failing: object
) -> None:
    watch.allow("ERR_FAILED", "too old for this", "Unexpected identifier")
    page = sign_in(new_context(), user).new_page()
    page.route(re.compile(rf"/js/sitting/{file}[^/]*\.js"), failing)  # type: ignore[arg-type]
    open_sitting(page, sitting)
    expect(page.locator("html[data-live]")).to_have_count(0)
    seat = choice_of(sitting)
    answer(page, seat, key_of(seat))
    save(page, seat)
    assert Answer.objects.get(sitting=sitting).response == list(key_of(seat))


@pytest.fixture
def live(new_context: NewContext, user: User, sitting: Sitting) -> Paper:
    """The same exam in a browser that runs scripts."""
    return Paper(sign_in(new_context(), user).new_page()).open(sitting)


def test_with_scripts_nothing_of_the_form_is_to_be_seen(live: Paper) -> None:
    expect(live.page.locator(".plain-only:visible")).to_have_count(0)
    expect(live.page.locator(".plain-only")).not_to_have_count(0)


def test_with_scripts_the_form_is_never_sent(live: Paper, sitting: Sitting) -> None:
    page, posted = live.page, []
    page.on("request", lambda request: posted.append(request.url) if request.is_navigation_request() else None)
    seat = choice_of(sitting)
    live.go(seat.number)
    live.answer(seat, seat.tokens[:1])
    live.saved()
    page.keyboard.press("Enter")
    page.evaluate("document.querySelector('.questions').requestSubmit()")
    expect(live.question(seat.number)).to_be_visible()
    assert live.given(seat) == seat.tokens[:1]
    order = sitting.form.seats.filter(kind="ordering").order_by("number")[0]
    live.go(order.number)
    live.answer(order, order.tokens[:2])
    live.saved()
    live.go(seat.number)
    live.question(seat.number).get_by_role("button", name="Clear the answer").click()
    live.saved()
    assert posted == []
    assert Answer.objects.get(sitting=sitting, seat=order.number).response == order.tokens[:2]
    assert Answer.objects.get(sitting=sitting, seat=seat.number).response == []


# ---- how it looks ------------------------------------------------------------------------------------------------


def test_the_plain_pages_are_accessible(new_context: NewContext, user: User, sitting: Sitting, watch: Watch) -> None:
    """axe is a script itself, so here ours are kept away instead of all of them."""
    watch.allow("ERR_FAILED", "422")
    page = sign_in(new_context(), user).new_page()
    page.route(re.compile(r"/js/(enabled|sitting/)"), gone)
    inspector = Inspector(page)
    open_sitting(page, sitting)
    seat, other = choice_of(sitting), sitting.form.seats.filter(kind="multiple_response").order_by("number")[0]
    order = sitting.form.seats.filter(kind="ordering").order_by("number")[0]
    late = page.context.new_page()
    late.route(re.compile(r"/js/(enabled|sitting/)"), gone)
    open_sitting(late, sitting)
    answer(late, seat, seat.tokens[:1])
    answer(late, order, order.tokens[: order.slots])
    answer(page, seat, seat.tokens[1:2])
    answer(page, other, other.tokens[: other.slots + 1])
    page.get_by_role("button", name="Save and review").click()
    expect(page.get_by_role("heading", name="Answered elsewhere, too")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_visible()
    inspector.look("plain, with trouble", widths=(320,))
    for width in (375, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    page.goto(reverse("sitting_finish", args=[sitting.pk]))
    inspector.look("finish")
    leave(sitting, seconds=-1)
    page.goto(reverse("sitting", args=[sitting.pk]))
    expect(page.get_by_text("Time ran out at")).to_be_visible()
    inspector.look("plain, over", widths=(320,))
    assert inspector.found == []
