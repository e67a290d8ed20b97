"""The pages of an exam's outline as somebody without scripts uses them: what a page holds is sent back, changed."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

NEW = "/bank/exams/new/"
EDIT = "/bank/exams/MLA-C01/edit/"


class Page(HTMLParser):
    """The fields of the outline's form as a browser would send them, its buttons, and what is marked as wrong."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.data: dict[str, str] = {}
        self.buttons: list[str] = []
        self.wrong: list[str] = []
        self.fixed: list[str] = []
        self.focus: list[str] = []
        self._inside, self._area = False, ""
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "autofocus" in given:
            self.focus.append(given["id"])
        if tag == "form":
            self._inside = "novalidate" in given
        name = given.get("name", "")
        if not self._inside or not name:
            return
        if "aria-invalid" in given:
            self.wrong.append(name)
        if "readonly" in given:
            self.fixed.append(name)
        if tag == "button" and "disabled" not in given:
            self.buttons.append(given["value"])
        elif tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.data[name] = given.get("value", "on" if given.get("type") == "checkbox" else "")
        elif tag == "textarea":
            self._area = name
            self.data[name] = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.data[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "textarea":
            self.data[self._area] = self.data[self._area].removeprefix("\n")
            self._area = ""

    def titles(self) -> list[str]:
        """Titles of the domains and tasks in the page's order."""
        return [value for name, value in self.data.items() if name.endswith("-title")]


def typed() -> dict[str, str]:
    """A sound exam as somebody types it into the empty page."""
    return {
        "code": "BRW-01", "name": "Certified Brewer of Tea", "level": "Foundation", "status": "A demonstration",
        "as_of": "2026-11-20", "minutes": "20", "language_minutes": "0", "questions": "10", "scored": "8",
        "scale_minimum": "100", "pass_mark": "700", "scale_maximum": "1000", "retake_after_days": "0",
        **share("multiple_choice", 6, 8, 5, 7), **share("ordering", 2, 4, 1, 3),
        "domain-TOTAL_FORMS": "1", "domain-0-title": "Leaves", "domain-0-weight": "100",
        "domain-0-task-TOTAL_FORMS": "1", "domain-0-task-0-title": "Choose leaves",
        "domain-0-task-0-topics": "black\ngreen",
    }  # fmt: skip


def share(kind: str, *numbers: int | str) -> dict[str, str]:
    names = ("form_minimum", "form_maximum", "scored_minimum", "scored_maximum")
    return {f"kind-{kind}-{name}": str(number) for name, number in zip(names, numbers, strict=True)}


def send(client: Any, address: str, do: str, page: Page | None = None, changes: dict[str, str] | None = None) -> Any:
    """Press a button on the page as it is, or as it stands at the address, with changes."""
    data = (page or Page(client.get(address))).data | (changes or {}) | {"do": do}
    return client.post(address, data)
