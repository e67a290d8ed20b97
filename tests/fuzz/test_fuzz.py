"""Whatever is sent to the product, it answers: no error of its own, nothing slow, every refusal in its proper form.

`make test` sends a seeded share; `make fuzz` sends 100,000, on as many processes as wanted. A failure names the
request, the traceback and how to send its like again; ids are drawn anew each time.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questions.models import Exam
from tests.fuzz import messages, pages
from tests.fuzz.attack import Attacker
from tests.fuzz.send import Answer, Finding, Product, Request, judge, smaller
from tests.fuzz.targets import Target, fill, targets
from tests.fuzz.world import World, build

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "800"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
FIRST = int(os.environ.get("FUZZ_FIRST", "0"))
SHARE = 2_500  # requests between two worlds: each is one transaction, and all of it is undone
ENOUGH = 20  # different failures to report of a share
EXAMPLES = max(60, REQUESTS // 100)

pytestmark = pytest.mark.django_db


class Campaign:
    """Sends requests, counts the answers and keeps one failure of each sort."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.json = {target.route for target in targets() if target.json}
        self.found: dict[tuple[str, str], Finding] = {}
        self.statuses: Counter[int] = Counter()

    def ask(self, request: Request, number: int = -1) -> Answer:
        answer = self.product.send(request)
        self.statuses[answer.status] += 1
        json_only = self.speaks_json(request)
        finding = judge(self.product, request, answer, number, json_only=json_only)
        if finding and finding.key not in self.found and len(self.found) < ENOUGH:
            self.found[finding.key] = smaller(self.product, finding, json_only=json_only)
        return answer

    def speaks_json(self, request: Request) -> bool:
        return pages.route_of(request.path.decode(errors="replace")) in self.json

    def report(self) -> str:
        shown = [f"{one}\nAgain: make fuzz SEED={SEED} FIRST={one.number} REQUESTS=1" for one in self.found.values()]
        return f"{len(shown)} different failures\n\n" + "\n\n".join(shown)


@pytest.mark.parametrize("share", range(-(-REQUESTS // SHARE)))
def test_no_request_breaks_anything(
    exam: Exam, tmp_path: Path, share: int, record_property: Callable[[str, object], None]
) -> None:
    start = time.monotonic()
    world, everything = build(exam, tmp_path), targets()
    with Product().open() as product:
        campaign = Campaign(product)
        links, forms = pages.crawl(campaign.ask, world.cookies, starts(everything, world.pools))
        attacker = Attacker(world, links, forms, everything)
        for number in range(share * SHARE, min((share + 1) * SHARE, REQUESTS)):
            campaign.ask(attacker.request(SEED, FIRST + number), FIRST + number)
    record_property("answers", dict(campaign.statuses))
    record_property("seconds", time.monotonic() - start)
    assert not campaign.found, campaign.report()
    assert campaign.statuses[200] > len(campaign.statuses)
    covered = {form.who for form in forms}
    assert covered >= {"", *world.people}, covered


def starts(everything: Sequence[Target], pools: Mapping[str, Sequence[str]]) -> list[str]:
    """Where everybody begins: whatever has an address without parameters."""
    return ["/", *(fill(target, pools, Random(target.route)) for target in everything if not target.parameters)]


@pytest.fixture
def world(exam: Exam, tmp_path: Path) -> World:
    return build(exam, tmp_path)


def test_every_message_to_the_exam_screen_is_answered_in_json(world: World) -> None:
    """The same messages, drawn by Hypothesis, which makes a failing one as short as it can."""
    addresses = [target for target in targets() if target.json]
    assert len(addresses) >= 4
    sitting = world.sittings["running"]
    known = messages.Tokens(sitting)
    cookies = f"csrftoken={'a' * 32}; sessionid={world.cookies['candidate']}"
    headers = (("HTTP_COOKIE", cookies), ("HTTP_X_CSRFTOKEN", "a" * 32), ("CONTENT_TYPE", "application/json"))

    @settings(max_examples=EXAMPLES, database=None, derandomize=True)
    @given(target=st.sampled_from(addresses), rng=st.randoms(use_true_random=False))
    def send(target: Target, rng: Random) -> None:
        path = target.path(dict.fromkeys(target.parameters, str(sitting.pk))).encode()
        request = Request("POST", path, b"", headers, messages.body(rng, known), "candidate", target.route)
        found = judge(product, request, product.send(request), -1, json_only=True)
        assert found is None, str(found)

    with Product().open() as product:
        send()
