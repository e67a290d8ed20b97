"""A network and a browser that misbehave: nothing acknowledged is lost, nothing counts twice."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from exams.models import Answer, Sitting
from questions.models import Exam
from tests.e2e.devices import NewContext
from tests.e2e.ledger import Ledger, assert_accounted
from tests.e2e.paper import Paper
from tests.e2e.proxy import Faults, Network
from tests.e2e.server import Server
from tests.e2e.soak import Session
from tests.e2e.steps import BACKOFF, OFFLINE, choices, give, stored
from tests.e2e.watch import Watch

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

SEEDS = range(2, 7)

FORBIDDEN = """
IDBFactory.prototype.open = () => { throw new DOMException("The operation is insecure.", "SecurityError"); };
"""
FULL = """
IDBObjectStore.prototype.put = () => { throw new DOMException("No space left.", "QuotaExceededError"); };
"""


@pytest.fixture
def base_url(network: Network) -> str:
    return network.url


@pytest.fixture(autouse=True)
def _allow(watch: Watch) -> None:
    watch.allow(OFFLINE)


@pytest.fixture
def ledger(context: BrowserContext) -> Ledger:
    """Use it before the page, so that the page is listened to."""
    ledger = Ledger()
    ledger.follow(context)
    return ledger


def test_killed_between_the_save_and_its_acknowledgement(
    ledger: Ledger, paper: Paper, sitting: Sitting, server: Server, network: Network
) -> None:
    (seat,) = choices(sitting, 1)
    network.faults = Faults(lose_reply=1)
    give(paper, seat)
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    server.kill()
    assert stored(sitting) == {seat.number: seat.tokens[:1]}  # and the browser does not know it
    network.faults = Faults()
    server.restart()
    paper.saved(BACKOFF)
    # On a slow machine the time spent on the first question travels along; that is not the answer.
    assert [entry.outcome for entry in ledger.entries if entry.seat == seat.number] == ["duplicate"]
    assert not any(entry.touched for entry in ledger.entries if entry.seat != seat.number)
    assert Answer.objects.get(sitting=sitting, seat=seat.number).version == 1
    assert_accounted(ledger, sitting)


@pytest.mark.parametrize("fault", ["lose_request", "lose_reply", "arrive_late", "repeat", "delay"])
def test_every_second_request_goes_wrong(
    fault: str, ledger: Ledger, paper: Paper, sitting: Sitting, network: Network
) -> None:
    seats = choices(sitting, 8)
    network.faults = Faults(**{fault: 0.4}, longest=1.5)
    for turn in range(2):
        for place, seat in enumerate(seats):
            give(paper, seat, (place + turn) % 4)
            paper.page.wait_for_timeout(150)
    paper.saved(BACKOFF)
    assert network.done[fault] >= 2
    network.faults = Faults()
    paper.page.wait_for_timeout(1_600)  # until the last repeated request has come, too
    assert stored(sitting) == {seat.number: [seat.tokens[(place + 1) % 4]] for place, seat in enumerate(seats)}
    assert_accounted(ledger, sitting)


@pytest.mark.parametrize("trouble", [FORBIDDEN, FULL], ids=["forbidden", "full"])
def test_without_a_store_answers_still_arrive(
    trouble: str, context: BrowserContext, page: Page, sitting: Sitting, network: Network
) -> None:
    context.add_init_script(trouble)
    paper = Paper(page).open(sitting)
    first, second = choices(sitting, 2)
    give(paper, first)
    paper.saved()
    expect(page.get_by_role("alert")).to_contain_text("This browser keeps nothing on this device.")
    network.cut()
    give(paper, second)
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    network.mend()
    paper.saved(BACKOFF)
    assert stored(sitting) == {first.number: first.tokens[:1], second.number: second.tokens[:1]}


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_at_once(seed: int, exam: Exam, server: Server, new_context: NewContext, watch: Watch) -> None:
    """Some of the sessions of which `make soak` runs hundreds."""
    watch.allow(*Session.COMPLAINTS)
    summary = Session(seed, exam=exam, server=server, new_context=new_context).run()
    assert not summary.trouble, summary.report()
