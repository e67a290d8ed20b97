"""The session ends in the middle of an exam: the page stays, the answers wait, signing in again sends them."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from exams.models import Answer, Sitting
from tests.accounts.factories import PASSWORD, UserFactory
from tests.e2e.devices import sign_in
from tests.e2e.paper import Paper
from tests.e2e.watch import Watch
from tests.factories import key_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

BACKOFF = 40_000


def test_signing_in_again_in_another_tab(paper: Paper, page: Page, context: BrowserContext, sitting: Sitting,
                                         user: User, watch: Watch) -> None:  # fmt: skip
    watch.allow("401")
    first, second = sitting.form.seats.filter(kind="multiple_response").order_by("number")[:2]
    Session.objects.all().delete()
    for seat in (first, second):
        paper.go(seat.number)
        paper.answer(seat, key_of(seat))
    expect(paper.status).to_contain_text("Signed out, not saved")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("You are signed out. Your answers wait on this device.")
    expect(notice).to_have_count(1)
    assert not Answer.objects.exclude(response=[]).exists()

    with context.expect_page() as opened:
        notice.get_by_role("link").click()
    tab = opened.value
    tab.get_by_label("E-mail address").fill(user.email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/exams/")
    tab.close()

    paper.look_up()  # coming back to the window does not wait for the next attempt
    paper.saved(BACKOFF)
    expect(notice).to_have_count(0)
    given = Answer.objects.exclude(response=[])  # on a slow machine the time spent on the first seat is kept, too
    assert dict(given.values_list("seat", "response")) == {
        seat.number: [token for token in seat.tokens if token in key_of(seat)] for seat in (first, second)
    }
    expect(paper.question(second.number)).to_be_visible()


def test_somebody_else_signs_in(paper: Paper, page: Page, context: BrowserContext, sitting: Sitting, user: User,
                                watch: Watch) -> None:  # fmt: skip
    """On a shared computer the answers neither go to another person nor get lost."""
    watch.allow("404")
    seat = sitting.form.seats.filter(kind="multiple_choice")[0]
    sign_in(context, UserFactory())
    paper.go(seat.number)
    paper.answer(seat, key_of(seat))
    expect(paper.status).to_contain_text("Signed out, not saved")
    assert not Answer.objects.exclude(response=[]).exists()
    sign_in(context, user)
    paper.look_up()
    paper.saved(BACKOFF)
    assert Answer.objects.get(seat=seat.number).response == list(key_of(seat))
