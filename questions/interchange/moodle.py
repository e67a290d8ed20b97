"""Moodle XML: multiple choice, true/false, matching and ordering."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from questions.interchange import feedback, xml
from questions.interchange.collecting import SCENARIO_TAG, Collector, shortened
from questions.interchange.escaping import TAGS
from questions.interchange.exchange import (
    ForeignOption,
    ForeignPrompt,
    ForeignQuestion,
    ForeignScenario,
    Limits,
    Parsed,
    Unreadable,
)
from questions.interchange.fidelity import lost_by
from questions.interchange.html import from_markdown, from_plain, to_markdown
from questions.interchange.moodle_writer import write
from questions.interchange.notes import Dropped, Notes
from questions.interchange.places import Place, place_of

BEGINNING = 4_096
BLOCK_TAGS = re.compile(r"<(p|div|br|ul|ol|table|pre|h[1-6])[\s/>]", re.IGNORECASE)
UNSUPPORTED = {
    "shortanswer": "its answer is typed in",
    "numerical": "its answer is a number that is typed in",
    "essay": "its answer is an essay",
    "cloze": "it asks several things at once (embedded answers)",
    "calculated": "its numbers are drawn anew for everybody",
    "calculatedmulti": "its numbers are drawn anew for everybody",
    "calculatedsimple": "its numbers are drawn anew for everybody",
    "ddwtos": "words are dragged into its text",
    "gapselect": "it asks for several missing words",
    "ddimageortext": "it works on an image",
    "ddmarker": "it works on an image",
    "randomsamatch": "it is drawn from other questions",
    "random": "it is drawn from other questions",
    "stack": "its answer is a formula",
    "coderunner": "its answer is a program",
}
# What Moodle itself puts there.
USUAL_FEEDBACK = {
    "your answer is correct.", "your answer is partially correct.", "your answer is incorrect.",
    "well done!", "parts, but only parts, of your response are correct.", "that is not right at all.",
}  # fmt: skip
MOST_ANSWERS = 100
RIGHT = 99.99  # per cent; fractions are rounded


@dataclass(frozen=True, slots=True)
class Moodle:
    name: str = "moodle"
    label: str = "Moodle XML"
    extensions: tuple[str, ...] = (".xml",)

    def can_read(self, data: bytes, name: str) -> bool:
        return re.search(rb"<quiz[\s>/]", data[:BEGINNING].replace(b"\0", b"")) is not None

    def read(self, data: bytes, limits: Limits) -> Parsed:
        root = xml.parse(data, limits)
        if root.tag != "quiz":
            raise Unreadable("The file is XML, but no Moodle question bank: it does not begin with quiz.")
        collector, place = Collector(limits), Place()
        for element in root.iterchildren("question"):
            kind = (element.get("type") or "").strip().lower()
            if kind == "category":
                place = place_of(_inner(element, "category/text"))
            else:
                _Reader(element, kind, place, collector).collect()
        parsed = collector.parsed()
        if not parsed.questions and not parsed.losses:
            raise Unreadable("The file holds no questions.")
        return parsed

    def write(self, questions: Sequence[ForeignQuestion]) -> bytes:
        return write(questions)

    def carries(self, question: ForeignQuestion) -> list[str]:
        return lost_by(self, question)


def _inner(element: etree._Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else "".join(map(str, found.itertext())).strip()


def _fraction(answer: etree._Element) -> float:
    try:
        value = float(answer.get("fraction") or 0)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


class _Reader:
    """One question element."""

    def __init__(self, element: etree._Element, kind: str, place: Place, collector: Collector) -> None:
        self.element, self.kind, self.place, self.collector = element, kind, place, collector
        self.title = " ".join(_inner(element, "name/text").split())
        asked = element.find("questiontext")
        self.format = (asked.get("format") if asked is not None else None) or "html"
        self.body = _inner(element, "questiontext/text")
        self.number = _inner(element, "idnumber")
        self.notes = Notes(self.number or self.title)

    def collect(self) -> None:
        if self.kind == "description":
            self._scenario()
            return
        readers = {
            "multichoice": self._choice,
            "multichoiceset": self._choice,
            "oumultiresponse": self._choice,
            "truefalse": self._true_false,
            "matching": self._matching,
            "match": self._matching,
            "ordering": self._ordering,
        }
        if self.kind not in readers:
            why = UNSUPPORTED.get(self.kind, f"Moodle's kind {self.kind[:30] or 'without a name'} is not known")
            self.collector.drop(shortened(self.title, self.body), why)
            return
        self.notes = self.collector.name(self.number, title=self.title, text=self.body)
        try:
            question = self._question(readers[self.kind])
        except Dropped as reason:
            self.collector.drop(shortened(self.title, self.body), str(reason))
            return
        self.collector.keep(question, self.notes)

    # ---- texts -----------------------------------------------------------------------------------------------------

    def _text(self, element: etree._Element | None, what: str) -> str:
        """A text in whichever of Moodle's four formats it is, as our Markdown."""
        if element is None:
            return ""
        text, where = _inner(element, "text"), self.notes.where
        format_ = (element.get("format") or self.format).lower()
        if format_ == "plain_text":
            return self.notes.text(from_plain(text, where, what))
        if format_ == "markdown":
            return self.notes.text(from_markdown(text, where, what))
        if format_ == "moodle_auto_format" and not BLOCK_TAGS.search(text):
            text = text.replace("\n", "<br>")
        return self.notes.text(to_markdown(text, where, what))

    def _plain(self, element: etree._Element | None, what: str) -> str:
        text = "" if element is None else _inner(element, "text")
        return self.notes.text(from_plain(text, self.notes.where, what))

    # ---- a whole question ------------------------------------------------------------------------------------------

    def _question(self, read: Callable[[], ForeignQuestion]) -> ForeignQuestion:
        question = read()
        general = _inner(self.element, "generalfeedback/text")
        if "cutscore-" in general:
            found = feedback.read(general, self.notes)
        else:
            found = feedback.General(other=self._text(self.element.find("generalfeedback"), "general feedback"))
        question = feedback.explained(question, found, self.notes)
        self._around()
        return question

    def _made(
        self, kind: str, options: Sequence[ForeignOption], prompts: Sequence[ForeignPrompt] = ()
    ) -> ForeignQuestion:
        tags = [" ".join("".join(map(str, tag.itertext())).split()) for tag in self.element.iterfind("tags/tag/text")]
        return ForeignQuestion(
            identifier=self.notes.where,
            kind=kind,
            stem=self._text(self.element.find("questiontext"), "stem"),
            options=tuple(options),
            prompts=tuple(prompts),
            title="" if self.title == self.notes.where else self.title,
            tags=tuple(dict.fromkeys(tag for tag in (*self.place.tags, *tags) if tag)),
            exam=self.place.exam,
            task=self.place.task,
        )

    def _around(self) -> None:
        """What stands beside the question and has no place here."""
        element, notes = self.element, self.notes
        for name, what in (
            ("correctfeedback", "feedback for a right answer"),
            ("partiallycorrectfeedback", "feedback for a partly right answer"),
            ("incorrectfeedback", "feedback for a wrong answer"),
        ):
            text = self._shown(_inner(element, f"{name}/text"))
            if text and text.lower() not in USUAL_FEEDBACK:
                notes.dropped(what, "rationales stand with the answers here")
        for number, hint in enumerate(element.iterfind("hint"), 1):
            if _inner(hint, "text"):
                notes.dropped(f"hint {number}", "a question is answered once, without hints")
        if _inner(element, "hidden") == "1":
            notes.converted("being hidden", "it comes in as a draft like the others")
        if _inner(element, "shuffleanswers").lower() in ("0", "false") and self.kind != "ordering":
            notes.converted("fixed order of the answers", "every candidate gets an order of their own")

    def _shown(self, text: str) -> str:
        return " ".join(TAGS.sub(" ", text).split())

    def _scenario(self) -> None:
        notes = Notes(self.number)
        self.notes = notes
        text = self._text(self.element.find("questiontext"), "scenario")
        if not self.number:
            what = f"description {shortened(self.title, self.body)}"
            self.collector.file.dropped(what, "it asks nothing, and no question names it as its scenario")
            return
        title = "" if self.title == self.number else self.title
        self.collector.scenario(ForeignScenario(self.number, title, text), notes)

    def _answers(self, name: str) -> list[etree._Element]:
        found = self.element.findall(name)
        if len(found) > MOST_ANSWERS:
            raise Dropped(f"it has {len(found)} answers, at most {MOST_ANSWERS} are read")
        return found

    # ---- kinds -----------------------------------------------------------------------------------------------------

    def _choice(self) -> ForeignQuestion:
        answers = self._answers("answer")
        points = [_fraction(answer) for answer in answers]
        single = self.kind == "multichoice" and _inner(self.element, "single").lower() not in ("0", "false")
        right = [point >= RIGHT for point in points] if single else [point > 0 for point in points]
        if single and not any(right) and max(points, default=0) > 0:
            right = [point == max(points) for point in points]
            self.notes.converted("key", "no answer earns everything, so the one that earns most is right")
        if single and any(0 < point < RIGHT for point, is_key in zip(points, right, strict=True) if not is_key):
            self.notes.dropped("partial credit", "a question is right or wrong here, nothing between")
        if any(point < 0 for point in points) and single:
            self.notes.dropped("points off", "a wrong answer costs nothing here")
        kind = "multiple_choice" if single else "multiple_response"
        if not single and self.kind != "multichoiceset":
            self.notes.converted("scoring answer by answer", "all right answers and no other earn the point here")
            if sum(right) == 1:
                kind = "multiple_choice"
                self.notes.converted("choosing several answers", "only one is right")
        return self._made(
            kind,
            [
                replace(self._option(answer, number), correct=is_key)
                for number, (answer, is_key) in enumerate(zip(answers, right, strict=True), 1)
            ],
        )

    def _option(self, answer: etree._Element, number: int) -> ForeignOption:
        return ForeignOption(
            self._text(answer, f"answer {number}"), self._text(answer.find("feedback"), f"feedback of answer {number}")
        )

    def _true_false(self) -> ForeignQuestion:
        options = []
        for number, answer in enumerate(self.element.findall("answer"), 1):
            said = _inner(answer, "text").lower()
            rationale = self._text(answer.find("feedback"), f"feedback of answer {number}")
            options.append(ForeignOption(said.capitalize(), rationale, _fraction(answer) >= RIGHT))
        self.notes.converted("true or false", "it became multiple choice and needs more answers")
        return self._made("multiple_choice", sorted(options, key=lambda option: option.text != "True"))

    def _matching(self) -> ForeignQuestion:
        options, prompts = list[ForeignOption](), list[ForeignPrompt]()
        for number, pair in enumerate(self._answers("subquestion"), 1):
            asked = self._text(pair, f"prompt {number}")
            text = self._plain(pair.find("answer"), f"answer {number}")
            place = next((index for index, option in enumerate(options) if option.text == text), len(options))
            if place == len(options):
                options.append(ForeignOption(text))
            if asked:
                prompts.append(ForeignPrompt(asked, "", place))
        return self._made("matching", options, prompts)

    def _ordering(self) -> ForeignQuestion:
        options = [
            replace(self._option(answer, number), position=number)
            for number, answer in enumerate(self._answers("answer"), 1)
        ]
        selected = _inner(self.element, "selecttype").upper()
        if selected not in ("", "ALL", "0") and _inner(self.element, "selectcount") not in ("0", str(len(options))):
            self.notes.converted("asking for some of the steps only", "all of them are asked for here")
        if _inner(self.element, "gradingtype").upper() not in ("ALL_OR_NOTHING", "-1"):
            self.notes.dropped("partial credit", "a question is right or wrong here, nothing between")
        return self._made("ordering", options)


__all__ = ["SCENARIO_TAG", "Moodle"]
