"""Until a sitting is closed nothing that its candidate receives gives anything away."""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, Route

from accounts.models import User
from exams.models import Form, Seat, Sitting
from questions.models import Exam, Revision
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.watch import Watch
from tests.factories import key_of, wrong_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

# What is on the page besides the texts of the questions.
WITHOUT_CONTENT = """source => {
    const page = new DOMParser().parseFromString(source, "text/html");
    const content = ".stem, .scenario, .text, .order p, .match label, select option, td.words, head, header, dialog";
    for (const element of page.querySelectorAll(content)) element.replaceChildren();
    return page.documentElement.outerHTML;
}"""
# One question's elements, their attributes, and the values that are not a number, a token or a reference.
SKELETONS = """source => {
    const page = new DOMParser().parseFromString(source, "text/html");
    const told = (attribute) => /^(class|data-kind|data-slots|data-move|type|role)$/.test(attribute.name)
        ? `${attribute.name}=${attribute.value}` : attribute.name;
    // The question that is shown first has its tools already; all others get theirs when they are shown.
    for (const tool of page.querySelectorAll("[data-current] :is(.marking-tools, [data-strike])")) tool.remove();
    return [...page.querySelectorAll(".question")].map((section) => {
        for (const element of section.querySelectorAll(".stem, .text, .order p, .match label, option")) {
            element.replaceChildren();
        }
        return [section, ...section.querySelectorAll("*")]
            .map((element) => `${element.localName}[${[...element.attributes].map(told).sort()}]`).join(" ");
    });
}"""
ORDERS = """source => {
    const page = new DOMParser().parseFromString(source, "text/html");
    return [...page.querySelectorAll(".question")].map((section) => {
        const values = (selector, name) => [...section.querySelectorAll(selector)].map((one) => one.getAttribute(name));
        const selects = [...section.querySelectorAll("select")].map(
            (select) => [...select.options].map((option) => option.value).filter(Boolean));
        if (selects.length) return selects;
        return [section.dataset.kind === "ordering" ? values("[data-token]", "data-token") : values("input", "value")];
    });
}"""
TELLING = re.compile(
    r"scored|pretest|anchor|calibrat|correct|rationale|rating|answer.?key|distractor|angoff|solution", re.I
)
# Everything that the page's script is ever told.
VOCABULARY = {
    "claim": "claim at state remaining newest_claim conflicts paused answers pad kept",
    "status": "state remaining newest_claim conflicts paused kept others",
    "changes": "claim acknowledged versions newest_claim state remaining now total",
    "end": "claim acknowledged versions newest_claim state remaining now total result",
}


@dataclass
class Tape:
    """Every answer that a browser received, whole: address, headers and body."""

    answers: list[tuple[str, int, str, bytes]] = field(default_factory=list)

    def record(self, route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        self.keep(route.request.url, answer.status, answer.headers, answer.body())
        route.fulfill(response=answer)

    def keep(self, url: str, status: int, headers: dict[str, str], body: bytes) -> None:
        self.answers.append((url, status, "\n".join(f"{name}: {value}" for name, value in headers.items()), body))

    def texts(self) -> Iterator[str]:
        """Everything as text, as it came and as a reader of the page would see it."""
        for url, _, headers, body in self.answers:
            text = f"{url}\n{headers}\n{body.decode(errors='replace')}"
            yield plain(text)
            yield plain(without_tags(text))

    def bodies(self, ending: str, status: int = 200) -> list[str]:
        return [body.decode() for url, code, _, body in self.answers if url.endswith(ending) and code == status]


def plain(text: str) -> str:
    return " ".join(html.unescape(text).split()).casefold()


@dataclass
class Recorded:
    tape: Tape
    sitting: Sitting
    seats: list[Seat]
    desk: Page  # an empty page to take others apart on

    @property
    def source(self) -> str:
        """The page that holds the exam, as the server sent it first."""
        pages = self.tape.bodies(reverse("sitting", args=[self.sitting.pk]))
        assert len(pages) >= 3
        return pages[0]


@pytest.fixture
def context(new_context: NewContext, user: User) -> BrowserContext:
    """Without the service worker, whose own requests would pass the tape by."""
    return sign_in(new_context(service_workers="block"), user)


@pytest.fixture
def recorded(page: Page, context: BrowserContext, exam: Exam, watch: Watch) -> Recorded:
    """A sitting from Begin until it closes, with everything that a curious candidate might ask for on the way."""
    watch.allow(
        "Service Worker registration blocked",
        "status 404 .*/results/",
        "status (422|400|405) ",
        r"\((Not Found|Unprocessable \w+|Bad Request|Method)",
    )
    tape = Tape()
    page.goto(reverse("exam_begin", args=[exam.code]))
    context.route("**/*", tape.record)
    with page.expect_response("**/sittings/*/") as first:  # a redirect's target passes by the tape
        page.get_by_role("button", name="Begin exam").click()
    paper = Paper(page).ready()
    tape.keep(first.value.url, first.value.status, first.value.headers, first.value.body())
    sitting = Sitting.objects.get()
    seats = list(sitting.form.seats.order_by("number"))
    for kind in ("multiple_choice", "multiple_response", "ordering", "matching"):
        seat, *others = [seat for seat in seats if seat.kind == kind]
        paper.go(seat.number)
        paper.answer(seat, key_of(seat))
        paper.go(others[0].number)
        paper.answer(others[0], wrong_of(others[0]))
        paper.saved()
    page.reload()
    paper.ready()
    paper.look_up()
    curious = context.new_page()
    here = reverse("result", args=[sitting.pk])
    for address in (here, f"{here}questions/", f"{here}questions/1/", reverse("sitting_claim", args=[sitting.pk])):
        curious.goto(address)
    curious.close()
    impossible = {"sequence": 999, "seat": 1, "base": 0, "response": ["zzzzz"], "flagged": False, "spent": 1, "left": 9}
    for change in (impossible, impossible | {"seat": 66}, impossible | {"key": True}):
        page.evaluate(
            """([url, claim, change]) => fetch(url, {
                method: "POST", body: JSON.stringify({ claim, changes: [change] }),
                headers: { "Content-Type": "application/json", "X-CSRFToken": document.cookie.split("csrftoken=")[1] },
            })""",
            [reverse("sitting_changes", args=[sitting.pk]), Sitting.objects.get().claim, change],
        )
    page.reload()
    paper.ready()
    paper.review()
    page.route("**/results/**", lambda route: route.abort())  # what comes after closing may tell everything
    watch.allow("ERR_FAILED")
    with page.expect_request("**/results/**"):
        paper.end()
    assert Sitting.objects.get().state == "closed"
    return Recorded(tape, sitting, seats, context.new_page())


def secrets_of(form: Form) -> Iterator[tuple[str, str]]:
    """Everything about a form that its candidate must not learn before the end."""
    seats = form.seats.select_related("task")
    numbers = [seat.revision_id for seat in seats]
    revisions = Revision.objects.with_content().select_related("question__scenario").in_bulk(numbers)
    for seat in seats:
        revision = revisions[seat.revision_id]
        yield "public id", revision.question.public_id
        if revision.question.scenario:
            yield "public id of the case", revision.question.scenario.public_id
        yield "task", seat.task.title
        yield "digest", revision.digest
        for option in revision.options.all():
            yield "rationale", option.rationale
            yield "rationale", without_tags(option.rationale_html)
        for prompt in revision.prompts.all():
            yield "rationale", prompt.rationale
            yield "rationale", without_tags(prompt.rationale_html)
        for reference in revision.references.all():
            yield "reference", reference.url
            yield "reference", reference.title


def without_tags(markup: str) -> str:
    return re.sub(r"<[^>]+>", "", markup)


def test_nothing_leaks(recorded: Recorded) -> None:
    assert_the_tape_is_whole(recorded)
    assert_no_secret_was_sent(recorded)
    assert_nothing_tells_scored_seats_apart(recorded)
    assert_orders_give_no_key_away(recorded)
    assert_replies_say_no_more_than_they_must(recorded.tape)


def assert_the_tape_is_whole(recorded: Recorded) -> None:
    """Otherwise what follows would prove nothing."""
    received = {url.rsplit("/", 1)[-1].split(".")[0] for url, *_ in recorded.tape.answers}
    assert {"main", "channel", "outbox", "sheet", "exam", "base", "icons"} <= received
    assert len(recorded.tape.bodies("/end/")) == 1
    content = plain(without_tags(recorded.source))
    for seat in recorded.seats:
        assert plain(without_tags(seat.revision.stem_html)) in content


def assert_no_secret_was_sent(recorded: Recorded) -> None:
    everything = "\n".join(recorded.tape.texts())
    assert [(what, text) for what, text in secrets_of(recorded.sitting.form) if plain(text) in everything] == []


def assert_nothing_tells_scored_seats_apart(recorded: Recorded) -> None:
    """No word, no attribute, no task's code, and the same elements for questions of the same shape."""
    bare = recorded.desk.evaluate(WITHOUT_CONTENT, recorded.source)
    assert TELLING.findall(bare) == []
    assert re.findall(r">[^<]*\b\d\.\d\b|=\"\d\.\d\"", bare) == []
    builds: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for seat, build in zip(recorded.seats, recorded.desk.evaluate(SKELETONS, recorded.source), strict=True):
        shape = (seat.kind, len(seat.tokens), seat.slots, seat.revision.scenario_revision_id)
        builds[shape].add(build.replace("data-current,", ""))  # the question that is shown first
    assert [shape for shape, found in builds.items() if len(found) > 1] == []


def assert_orders_give_no_key_away(recorded: Recorded) -> None:
    """Options stand in the seat's own order, and an ordering does not start solved."""
    for seat, orders in zip(recorded.seats, recorded.desk.evaluate(ORDERS, recorded.source), strict=True):
        assert orders
        assert all(order == seat.tokens for order in orders)
        key = key_of(seat)
        assert seat.kind != "ordering" or [token for token in orders[0] if token in key] != list(key)


def assert_replies_say_no_more_than_they_must(tape: Tape) -> None:
    for name, words in VOCABULARY.items():
        replies = [json.loads(body) for body in tape.bodies(f"/{name}/")]
        assert replies, name
        assert {word for reply in replies for word in reply} == set(words.split())
    assert {word for body in tape.bodies("/changes/", 422) for word in json.loads(body)} == {"error", "refused"}
