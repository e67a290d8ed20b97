"""One sitting with everything that goes wrong at once, as a function of a seed, and what the database says afterwards.

Windows on one or two devices answer, flag, move, reload, lose the network and their turn, are closed and opened again,
while requests and replies are lost, delayed, repeated and reordered and the server is killed now and then.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Error, Locator, Page, Request

from accounts.models import User
from exams.models import Answer, KeptChange, Sitting
from exams.services import clock
from questions.models import Exam
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.ledger import Ledger
from tests.e2e.paper import Paper, kept_on
from tests.e2e.proxy import Faults, Network
from tests.e2e.server import Server
from tests.e2e.steps import OFFLINE, STATE, leave
from tests.e2e.summary import Summary
from tests.factories import UserFactory, begin

FEWEST, MOST = 14, 32  # actions in a session
PATIENCE = 1_500  # milliseconds for one action: a dialog may lie over what it wants
SETTLED = 60.0  # seconds until everything must be sent after the network is back
DONE = 75  # milliseconds between the candidate's last input and the end of a window: a disk's write


class Session:
    """Everything is decided by the seed but the timing, which the machine decides."""

    # What browsers say on the console when requests fail, are refused or come too late, as they are made to here.
    COMPLAINTS = (OFFLINE, "htmx:", "423", "409", "status 404 .*favicon")

    def __init__(self, seed: int, *, exam: Exam, server: Server, new_context: NewContext) -> None:
        self.random = random.Random(seed)
        self.exam, self.server, self.new_context = exam, server, new_context
        self.summary = Summary(seed)
        self.started = time.monotonic()
        self.ledger = Ledger()
        self.network = Network(server.port, faults=self._faults(), seed=seed)
        self.user: User = UserFactory()
        self.staff: User = UserFactory()
        self.sitting: Sitting = begin(self.user, exam, exam.forms.get(reference=True))
        self.seats = list(self.sitting.form.seats.order_by("number"))
        self.devices: list[BrowserContext] = []
        self.windows: list[Page] = []
        self.contested = False  # several windows have answered: what one of them last said need not stand
        self.given: dict[int, list[str]] = {}

    def _faults(self) -> Faults:
        """A network with a temper of its own."""
        choose = self.random
        if choose.random() < 0.15:
            return Faults()
        share = [choose.random() ** 2 for _ in range(5)]
        scale = choose.uniform(0.1, 0.6) / sum(share)
        lose_request, lose_reply, arrive_late, repeat, delay = (part * scale for part in share)
        return Faults(lose_request, lose_reply, arrive_late, repeat, delay, longest=choose.choice([0.3, 1.0, 2.0]))

    def run(self) -> Summary:
        try:
            self._prepare()
            for _ in range(self.random.randint(FEWEST, MOST)):
                self._act()
            self._finish()
        finally:
            self._close()
        self.summary.acknowledged = len(self.ledger.entries)
        self.summary.outcomes = Counter(entry.outcome for entry in self.ledger.entries)
        self.summary.faults.update(self.network.done)
        self.summary.seconds = time.monotonic() - self.started
        self.summary.log += ["Acknowledged:", *map(str, self.ledger.entries)]
        return self.summary

    # ---- what happens ----------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        choose = self.random.random()
        self.short = choose < 0.25  # the deadline falls into the session
        if self.short:
            seconds, grace = self.random.uniform(4, 9), self.random.choice([2, 6, 60])
            leave(self.sitting, seconds=seconds, grace=grace)
            self._say(f"{seconds:.1f} seconds left, grace {grace}")
        self._new_device()
        self._open(self.devices[0])

    def _act(self) -> None:
        actions: list[tuple[int, Callable[[Page], None]]] = [
            (42, self._answer),
            (8, self._flag),
            (8, self._move),
            (3, self._review),
            (6, self._cut_or_mend),
            (4, self._reload),
            (3, self._close_and_open),
            (3, self._second_window),
            (2, self._second_device),
            (4, self._wait),
            (2, self._staff),
            (1, self._end),
        ]
        if self.random.random() < 0.01:
            return self._kill()
        (action,) = self.random.choices([one for _, one in actions], [weight for weight, _ in actions])
        window = self._window()
        self.summary.actions += 1
        self._say(f"window {self.windows.index(window)}: {action.__name__.strip('_')}")
        try:
            action(window)
        except Error as problem:
            self.summary.blocked += 1
            self._say(f"  blocked: {str(problem).splitlines()[0]}")
        return None

    def _window(self) -> Page:
        """Mostly the newest one, which the candidate looks at."""
        return self.random.choice(self.windows) if self.random.random() < 0.2 else self.windows[-1]

    def _usable(self, window: Page) -> bool:
        """Clear away what lies over the questions. Whether this window then shows them for answering."""
        state = window.evaluate(STATE)
        if state["page"] != "sitting":
            return False
        if "claimed" in state["open"]:
            if self.random.random() < 0.5:
                self._say("  take it back")
                window.locator("#take-back").click()
                self._loaded(window)
            return False
        if "conflict" in state["open"] or (state["conflict"] and not state["open"] and self.random.random() < 0.3):
            self._settle(window)
            return False
        return not state["readOnly"] and not state["open"]

    def _settle(self, window: Page) -> None:
        dialog = window.locator("#conflict-dialog")
        if not dialog.is_visible():
            window.locator("#conflict-notice button").click()
        choices = dialog.locator("input[type=radio]")
        self._say("  choose between two answers")
        choices.nth(self.random.randrange(choices.count())).check()
        dialog.get_by_role("button", name="Keep this one").click()
        self.contested = True

    def _go(self, window: Page) -> None:
        """To one of few questions, so that windows meet; by the navigator, as it is always there."""
        number = self.random.choice([1, 2, 3, *(seat.number for seat in self.seats if seat.slots > 1)][:9])
        if window.evaluate("document.body.dataset.view") == "review":
            window.locator(f"tr[data-seat='{number}'] a.go").click()
        else:
            window.locator(f".nav-grid a[data-seat='{number}']").click()

    def _answer(self, window: Page) -> None:
        if not self._usable(window):
            return
        self._go(window)
        question = window.locator(".question[data-current]")
        number, kind = int(question.get_attribute("data-seat") or 0), question.get_attribute("data-kind")
        self.given.pop(number, None)  # until this is done, nobody knows
        for _ in range(self.random.choice([1, 1, 2, 3])):
            if kind == "matching":
                select = self._any(question.locator("select"))
                tokens = select.locator("option").evaluate_all("all => all.map((one) => one.value)")
                select.select_option(self.random.choice(tokens))
            elif kind == "ordering":
                self._any(question.locator("[data-move]:visible:not([aria-disabled=true])")).click()
            elif kind == "multiple_choice" and self.random.random() < 0.1:
                question.locator("[data-clear]").click()
            else:
                self._any(question.locator(".option label")).click()
        self._remember(window, number)

    def _any(self, locator: Locator) -> Locator:
        return locator.nth(self.random.randrange(locator.count()))

    def _remember(self, window: Page, number: int) -> None:
        shown = Paper(window).given(self.seats[number - 1])
        self.given[number] = shown
        self._say(f"  question {number}: {' '.join(shown) or 'nothing'}")

    def _flag(self, window: Page) -> None:
        if self._usable(window):
            window.keyboard.press("m")

    def _move(self, window: Page) -> None:
        if self._usable(window):
            window.keyboard.press(self.random.choice("nnp"))

    def _review(self, window: Page) -> None:
        if self._usable(window):
            window.keyboard.press("r")

    def _wait(self, window: Page) -> None:
        window.wait_for_timeout(self.random.choice([200, 600, 1_500]))

    def _cut_or_mend(self, window: Page) -> None:
        if self.network.down:
            self.network.mend()
        else:
            self.network.cut()
        self._say(f"  network {'cut' if self.network.down else 'mended'}")

    def _reload(self, window: Page) -> None:
        window.wait_for_timeout(DONE)
        self.summary.faults["reload"] += 1
        window.reload(wait_until="commit")
        self._loaded(window)

    def _close_and_open(self, window: Page) -> None:
        device = window.context
        window.wait_for_timeout(DONE)
        window.close(run_before_unload=False)
        self.windows.remove(window)
        self.summary.faults["window closed"] += 1
        self._open(device)

    def _second_window(self, window: Page) -> None:
        if len(self.windows) < 3:
            self.contested = True
            self.summary.faults["second window"] += 1
            self._open(window.context)

    def _second_device(self, window: Page) -> None:
        if len(self.devices) < 2 and not self.network.down:
            self.contested = True
            self.summary.faults["second device"] += 1
            self._open(self._new_device())

    def _staff(self, window: Page) -> None:
        """A pause that is short, or minutes more."""
        try:
            if self.random.random() < 0.5:
                clock.grant(sitting_id=self.sitting.pk, minutes=1, by=self.staff)
                self._say("  one minute more")
                return
            clock.pause(sitting_id=self.sitting.pk, by=self.staff)
            self._say("  paused")
            window.wait_for_timeout(400)
            clock.resume(sitting_id=self.sitting.pk, by=self.staff)
            self._say("  resumed")
        except clock.CannotChange:
            return

    def _end(self, window: Page) -> None:
        if not self._usable(window):
            return
        if window.evaluate("document.body.dataset.view") != "review":
            window.keyboard.press("r")
        window.locator("#open-end").click()
        window.locator("#end-exam").click()
        self._say("  End exam")

    def _kill(self) -> None:
        """The server dies while requests are under way, and comes back."""
        self._say("server killed")
        self.server.kill()
        self.summary.faults["server killed"] += 1
        with contextlib.suppress(Error):
            self._answer(self.windows[-1])
        self.server.start()

    # ---- windows ---------------------------------------------------------------------------------------------------

    def _new_device(self) -> BrowserContext:
        device = sign_in(self.new_context(base_url=self.network.url), self.user)
        device.set_default_timeout(PATIENCE)
        self.ledger.follow(device)
        device.on("response", lambda reply: self._heard(reply.request, str(reply.status)))
        device.on("requestfailed", lambda request: self._heard(request, "failed"))
        self.devices.append(device)
        return device

    def _open(self, device: BrowserContext) -> None:
        window = device.new_page()
        window.on("dialog", lambda dialog: dialog.accept())
        self.windows.append(window)
        self._say(f"window {len(self.windows) - 1} opens on device {self.devices.index(device)}")
        self._load(window)

    def _load(self, window: Page) -> None:
        try:
            window.goto(f"/sittings/{self.sitting.pk}/", wait_until="commit", timeout=10_000)
        except Error as problem:
            self._say(f"  did not load: {str(problem).splitlines()[0]}")
        self._loaded(window)

    def _loaded(self, window: Page) -> None:
        """Give it a moment; whether it then holds the sitting, waits for the network or is over is its own affair."""
        try:
            window.wait_for_selector("body[data-shelved]", state="attached", timeout=PATIENCE)
        except Error:
            self._say(f"  {window.url.split('/')[3:4]} is not ready yet")

    # ---- the end ---------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        self._say("the end: everything works again")
        self.network.faults = Faults()
        self.network.mend()
        for device in self.devices:
            if not any(window.context is device for window in self.windows):
                self._open(device)
        until = time.monotonic() + SETTLED
        calm = 0
        while calm < 2 and time.monotonic() < until:  # once more when all is sent: every window hears of the others
            for window in self.windows:
                self._nudge(window)
            self.windows[-1].wait_for_timeout(400)
            waiting = self._unsent()
            calm = 0 if waiting else calm + 1
        self.summary.stuck += waiting
        self.sitting.refresh_from_db()
        self.summary.lost += self.ledger.differences(self.sitting)
        self.summary.wrong += self._misshown()

    def _nudge(self, window: Page) -> None:
        """What brings a page to try at once: the network is back, or somebody looks at it."""
        try:
            if window.evaluate("location.protocol") == "chrome-error:":
                self._load(window)
            else:
                window.evaluate("dispatchEvent(new Event('online'))")
        except Error:
            return  # on its way to the report

    def _unsent(self) -> list[str]:
        found = []
        for place, window in enumerate(self.windows):
            try:
                state = window.evaluate(STATE)
                if state["page"] != "sitting":
                    if "/results/" not in window.url:
                        found.append(f"window {place} shows {window.url}")
                    else:  # where what is left is handed in
                        found += [f"window {place} still keeps {box['pending']}" for box in kept_on(window)]
                    continue
                too_late = "came too late" in state["text"]
                if not too_late and (state["status"] != "saved" or "ended" in state["open"] or not state["ready"]):
                    found.append(f"window {place}: {state}")
                found += [f"window {place} keeps {box['pending']} {box['ending'] or ''}" for box in kept_on(window)]
            except Error as problem:
                found.append(f"window {place}: {problem}")
        return found

    def _misshown(self) -> list[str]:
        """Where the last word does not stand, or the window that holds the sitting shows what is not stored."""
        stored = {answer.seat: answer for answer in Answer.objects.filter(sitting=self.sitting)}
        late = KeptChange.objects.filter(sitting=self.sitting).exists()
        found = []
        if not self.contested and not late:
            found += [
                f"question {number} was last answered {given}, stored is {stands}"
                for number, given in self.given.items()
                if (stands := stored[number].response if number in stored else []) != given
            ]
        if self.sitting.state != Sitting.State.IN_PROGRESS:
            return found
        for place, window in enumerate(self.windows):
            with contextlib.suppress(Error):  # the deadline has just led it away to the report
                found += self._differs(place, window, stored)
        return found

    def _differs(self, place: int, window: Page, stored: dict[int, Answer]) -> list[str]:
        state = window.evaluate(STATE)
        if state["page"] != "sitting" or state["open"] or state["readOnly"]:
            return []
        found = []
        for seat in self.seats:
            answer = stored.get(seat.number)
            shown = Paper(window).given(seat), window.locator(f"#q{seat.number}[data-flagged]").count() == 1
            if shown != ((answer.response, answer.flagged) if answer else ([], False)):
                found.append(f"window {place} shows {shown} at {seat.number}, stored is {answer and vars(answer)}")
        return found

    def _close(self) -> None:
        for device in self.devices:
            device.close()
        self.network.stop()
        if not self.server.running:
            self.server.start()

    def _heard(self, request: Request, what: str) -> None:
        if what in ("400", "413", "415", "422", "500"):
            self.summary.wrong.append(f"the server did not understand the page: {what} for {request.post_data}")
        if "/static/" not in request.url:
            place = request.url.partition(str(self.sitting.pk))[2]
            self._say(f"    {what} {request.method} {place} {request.post_data or ''}")

    def _say(self, sentence: str) -> None:
        self.summary.log.append(f"{time.monotonic() - self.started:6.2f} {sentence}")
