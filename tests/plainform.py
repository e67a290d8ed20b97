"""The exam as a browser without scripts handles it: the page's form, filled in and sent."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from exams.models import Answer, Sitting
from exams.services import saving, sittings
from tests.factories import change


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


class Desk:
    """A signed-in candidate's browser with the sitting page in it."""

    def __init__(self, client: Client, sitting: Sitting) -> None:
        self.client, self.sitting = client, sitting

    def load(self) -> PlainForm:
        """The page as it is now, as a form to fill in."""
        return PlainForm(self.client.get(address(self.sitting)).content.decode())

    def send(self, form: PlainForm, name: str = "save", value: str = "") -> Any:
        """Press a button and do not follow."""
        return self.client.post(address(self.sitting), form.press(name, value))


def address(sitting: Sitting, name: str = "sitting") -> str:
    return reverse(name, args=[sitting.pk])


def seat_of(sitting: Sitting, kind: str, place: int = 0) -> Any:
    return sitting.form.seats.filter(kind=kind).order_by("number")[place]


def stored(sitting: Sitting, seat: Any) -> Answer:
    return Answer.objects.get(sitting=sitting, seat=seat.number)


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def elsewhere(sitting: Sitting, seat: Any, response: Any, **more: Any) -> None:
    """Another window, with scripts, takes the sitting and answers."""
    number = sittings.claim(sitting_id=sitting.pk, user_id=sitting.user_id).claim
    made = change(seat.number, response, **more)
    saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=number, changes=[made])
