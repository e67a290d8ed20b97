"""A page's form as a browser without scripts would send it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class PlainForm(HTMLParser):
    """Successful controls of the form of questions, by name, and the buttons that could send it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.data: dict[str, list[str]] = {}
        self.buttons: list[tuple[str, str]] = []
        self.options: dict[str, list[str]] = {}
        self._inside = False
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("class") == "questions"
        if not self._inside:
            return
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input":
            self.options.setdefault(name, []).append(value)
            if given.get("type") == "hidden" or "checked" in given:
                self.data.setdefault(name, []).append(value)
        elif tag == "button":
            self.buttons.append((name, value))
        elif tag == "select":
            self._select = name
            self.data[name] = [""]
        elif tag == "option":
            self.options.setdefault(self._select, []).append(value)
            if "selected" in given:
                self.data[self._select] = [value]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    def give(self, seat: Any, response: Any) -> PlainForm:
        """Answer a question as a hand would: an ordering is there as its hidden fields."""
        if seat.kind == "matching":
            for place in range(seat.slots):
                self.data[f"q{seat.number}-{place + 1}"] = [response[place] if response else ""]
        else:
            self.data[f"q{seat.number}"] = list(response)
        return self

    def press(self, name: str, value: str) -> dict[str, list[str]]:
        """What is sent when a button is pressed; it must be there."""
        assert (name, value) in self.buttons, (name, value)
        return {**self.data, name: [value]}
