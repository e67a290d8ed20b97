"""Feedback into rationales."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from questions.interchange.notes import Notes
from questions.interchange.qti.canonical import attribute, children, drop, text_of
from questions.interchange.qti.texts import markdown_of

RIGHT = re.compile(r"(?!.*(incorrect|in_correct|not_?correct))(.*correct.*|right|solution.*|.*_right)", re.IGNORECASE)
CHOICES = ("simpleChoice", "simpleAssociableChoice", "gapText")


class Feedback:
    """The feedbacks of an item, taken out of its body, so that what is left there is what a candidate sees first."""

    def __init__(self, item: etree._Element, body: etree._Element, notes: Notes) -> None:
        self._notes = notes
        self._for: dict[str, list[etree._Element]] = {}  # by the identifier it is shown for
        self._at: dict[str, list[etree._Element]] = {}  # by the choice it stands in
        choices = {attribute(choice, "identifier") for choice in body.iter(*CHOICES)}
        for element in [*children(item, "modalFeedback"), *body.iter("feedbackInline", "feedbackBlock")]:
            if element.getparent() is None:
                continue  # inside another one
            if not text_of(element) and not len(element):
                drop(element)
                continue
            if attribute(element, "showHide", "show") == "hide":
                notes.dropped("feedback that is hidden after a response", "rationales are shown to everybody")
                drop(element)
                continue
            shown_for, holder = attribute(element, "identifier"), _holder(element)
            if shown_for not in choices and holder:
                self._at.setdefault(holder, []).append(element)
            else:
                self._for.setdefault(shown_for, []).append(element)
            drop(element)

    def of(self, identifier: str, what: str) -> str:
        """The rationale of a choice."""
        found = self._for.pop(identifier, []) + self._at.pop(identifier, [])
        return "\n\n".join(text for element in found if (text := markdown_of(element, self._notes, what)))

    def rest(self, rationales: Sequence[str], right: Sequence[int]) -> list[str]:
        """The rationales, with what is said to all who are right added where a right answer has none.

        What is left over after that is named as lost.
        """
        given = list(rationales)
        for identifier, elements in self._for.items():
            bare = [index for index in right if not given[index]]
            if RIGHT.fullmatch(identifier) and bare:
                for index in bare:
                    texts = [
                        markdown_of(element, self._notes, f"feedback of answer {index + 1}") for element in elements
                    ]
                    given[index] = "\n\n".join(text for text in texts if text)
                self._notes.converted(f"feedback {identifier[:40]}", "it became the rationale of the key")
            else:
                self._notes.dropped(f"feedback {identifier[:40]}".strip(), "it belongs to no single answer")
        for identifier in self._at:
            self._notes.dropped(f"feedback in {identifier[:40]}", "it belongs to no single answer")
        self._for, self._at = {}, {}
        return given


def _holder(element: etree._Element) -> str:
    """The identifier of the choice around the feedback."""
    return next((attribute(parent, "identifier") for parent in element.iterancestors(*CHOICES)), "")
