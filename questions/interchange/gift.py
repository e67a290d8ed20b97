"""GIFT: Moodle's format for questions in plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from questions import markdown
from questions.interchange import feedback
from questions.interchange.collecting import SCENARIO_TAG, Collector, check_size, shortened, texts_of
from questions.interchange.escaping import plain_of
from questions.interchange.exchange import (
    ForeignOption,
    ForeignPrompt,
    ForeignQuestion,
    ForeignScenario,
    Limits,
    Parsed,
    Unreadable,
)
from questions.interchange.fidelity import canonical, lost_by
from questions.interchange.gift_grammar import Block, Text, blocks, choices, escaped, pairs, steps, truth
from questions.interchange.html import from_markdown, from_plain, to_markdown
from questions.interchange.moodle import BLOCK_TAGS, MOST_ANSWERS, RIGHT
from questions.interchange.moodle_writer import percent
from questions.interchange.notes import Dropped, Notes
from questions.interchange.places import ROOT, Place, path_of, place_of
from questions.interchange.text import UNKEPT, beginning, decode, tidy

STARTS = re.compile(r"^[^\S\n]*(::.*?::|\$CATEGORY:)", re.MULTILINE)
BRACES = re.compile(r"\{([^{}]*)\}")
ANSWERS = re.compile(r"[~=#]|\bT\b|\bF\b|TRUE|FALSE")


@dataclass(frozen=True, slots=True)
class Gift:
    name: str = "gift"
    label: str = "GIFT"
    extensions: tuple[str, ...] = (".gift", ".txt")

    def can_read(self, data: bytes, name: str) -> bool:
        text = beginning(data)
        named_so = bool(text) and name.lower().endswith(self.extensions[0])
        return not text.lstrip().startswith("<") and (named_so or _looks_like(text))

    def read(self, data: bytes, limits: Limits) -> Parsed:
        check_size(data, limits)
        text, losses = decode(data)
        collector, place = Collector(limits), Place()
        collector.file.add(*losses)
        for block in blocks(tidy(text)):
            if block.category:
                place = place_of(block.category)
            elif block.answers is None and not block.broken:
                _description(block, collector)
            else:
                _Reader(block, place, collector).collect()
        parsed = collector.parsed()
        if not parsed.questions and not any(loss not in losses for loss in parsed.losses):
            raise Unreadable("The file holds no GIFT questions.")
        return parsed

    def write(self, questions: Sequence[ForeignQuestion]) -> bytes:
        parts, path, cases = list[str](), ROOT, set[str]()
        for question in questions:
            if path_of(question) != path:
                path = path_of(question)
                parts.append(f"$CATEGORY: {escaped(path)}")
            if question.scenario and question.scenario.identifier not in cases:
                cases.add(question.scenario.identifier)
                parts.append(_written_scenario(question.scenario))
            parts.append(_Writer(canonical(question)).text())
        return "".join(f"{UNKEPT.sub('', part)}\n\n" for part in parts).encode()

    def carries(self, question: ForeignQuestion) -> list[str]:
        return lost_by(self, question)


def _looks_like(text: str) -> bool:
    return STARTS.search(text) is not None or any(ANSWERS.search(found[1]) for found in BRACES.finditer(text))


# ---- reading -------------------------------------------------------------------------------------------------------


def _markdown(text: Text, notes: Notes, what: str) -> str:
    if text.format == "plain":
        return notes.text(from_plain(text.text, notes.where, what))
    if text.format == "markdown":
        return notes.text(from_markdown(text.text, notes.where, what))
    html_ = text.text
    if text.format == "moodle" and not BLOCK_TAGS.search(html_):
        html_ = html_.replace("\n", "<br>")
    return notes.text(to_markdown(html_, notes.where, what))


def _description(block: Block, collector: Collector) -> None:
    if not block.identifier:
        what = f"description {shortened(block.title, block.stem.text)}"
        collector.file.dropped(what, "it asks nothing, and no question names it as its scenario")
        return
    notes = Notes(block.identifier)
    title = "" if block.title == block.identifier else block.title
    collector.scenario(ForeignScenario(block.identifier, title, _markdown(block.stem, notes, "scenario")), notes)


class _Reader:
    """One block with answers."""

    def __init__(self, block: Block, place: Place, collector: Collector) -> None:
        self.block, self.place, self.collector = block, place, collector
        self.inside, self.format = block.answers or "", block.stem.format
        self.notes = Notes("")

    def collect(self) -> None:
        block = self.block
        shown = shortened(block.title, block.stem.text)
        if block.broken:
            self.collector.drop(shown, block.broken)
            return
        self.notes = self.collector.name(block.identifier, title=block.title, text=f"{block.stem.text}{block.answers}")
        try:
            question = self._question()
        except Dropped as reason:
            self.collector.drop(shown, str(reason))
            return
        general = block.general.text
        if "cutscore-" in general:
            found = feedback.read(general, self.notes)
        else:
            found = feedback.General(other=_markdown(block.general, self.notes, "general feedback"))
        self.collector.keep(feedback.explained(question, found, self.notes), self.notes)

    def _question(self) -> ForeignQuestion:
        """The kind as Moodle finds it out."""
        inside = self.inside
        if not inside:
            raise Dropped("its answer is an essay")
        if max(inside.count(sign) for sign in "~=\n") > MOST_ANSWERS:
            raise Dropped(f"it has more than {MOST_ANSWERS} answers")
        if inside.startswith("#"):
            raise Dropped("its answer is a number that is typed in")
        if inside.startswith(">") and (found := steps(f"{inside}\n")):
            return self._ordering(*found)
        if "~" in inside:
            return self._choice()
        if "=" in inside and "->" in inside:
            return self._matching()
        if found_truth := truth(inside, self.format):
            return self._true_false(*found_truth)
        raise Dropped("its answer is typed in")

    def _made(
        self, kind: str, options: Sequence[ForeignOption], prompts: Sequence[ForeignPrompt] = ()
    ) -> ForeignQuestion:
        block = self.block
        if block.missing_word:
            self.notes.converted("missing word in the sentence", "its gap is a line of underscores now")
        stem = Text(block.stem.text.replace("_____", "\\_\\_\\_\\_\\_"), "markdown")
        return ForeignQuestion(
            identifier=self.notes.where,
            kind=kind,
            stem=_markdown(stem if self.format == "markdown" else block.stem, self.notes, "stem"),
            options=tuple(options),
            prompts=tuple(prompts),
            title="" if block.title == self.notes.where else block.title,
            tags=tuple(dict.fromkeys(tag for tag in (*self.place.tags, *block.tags) if tag)),
            exam=self.place.exam,
            task=self.place.task,
        )

    def _choice(self) -> ForeignQuestion:
        answers = choices(self.inside, self.format)
        if len(answers) < 2:
            raise Dropped("it has fewer than two answers")
        single = any(answer.right for answer in answers)
        options = []
        for number, answer in enumerate(answers, 1):
            weight = answer.weight or 0
            correct = answer.right or (weight >= RIGHT if single else weight > 0)
            if single and not correct and weight > 0:
                self.notes.dropped("partial credit", "a question is right or wrong here, nothing between")
            if single and weight < 0:
                self.notes.dropped("points off", "a wrong answer costs nothing here")
            text = _markdown(answer.text, self.notes, f"answer {number}")
            rationale = _markdown(answer.feedback, self.notes, f"feedback of answer {number}")
            options.append(ForeignOption(text, rationale, correct))
        if single:
            return self._made("multiple_choice", options)
        self.notes.converted("scoring answer by answer", "all right answers and no other earn the point here")
        if sum(option.correct for option in options) != 1:
            return self._made("multiple_response", options)
        self.notes.converted("choosing several answers", "only one is right")
        return self._made("multiple_choice", options)

    def _matching(self) -> ForeignQuestion:
        options, prompts = list[ForeignOption](), list[ForeignPrompt]()
        for number, (asked, answer) in enumerate(pairs(self.inside, self.format), 1):
            text = self.notes.text(from_plain(answer, self.notes.where, f"answer {number}"))
            place = next((index for index, option in enumerate(options) if option.text == text), len(options))
            if place == len(options):
                options.append(ForeignOption(text))
            if prompt := _markdown(asked, self.notes, f"prompt {number}"):
                prompts.append(ForeignPrompt(prompt, "", place))
        return self._made("matching", options, prompts)

    def _true_false(self, is_true: bool, wrong: Text, right: Text) -> ForeignQuestion:
        self.notes.converted("true or false", "it became multiple choice and needs more answers")
        texts = [_markdown(text, self.notes, "feedback") for text in (wrong, right)]
        return self._made(
            "multiple_choice",
            [ForeignOption(word, texts[value == is_true], value == is_true) for word, value in TRUTHS],
        )

    def _ordering(self, selected: str, graded: str, lines: list[str]) -> ForeignQuestion:
        if selected not in ("", "ALL", "EXACT"):
            self.notes.converted("asking for some of the steps only", "all of them are asked for here")
        if graded != "ALL_OR_NOTHING":
            self.notes.dropped("partial credit", "a question is right or wrong here, nothing between")
        return self._made(
            "ordering",
            [
                ForeignOption(_markdown(Text(line, "moodle"), self.notes, f"step {number}"), position=number)
                for number, line in enumerate(lines, 1)
            ],
        )


TRUTHS = (("True", True), ("False", False))

# ---- writing -------------------------------------------------------------------------------------------------------


def _is_simple(text: str) -> bool:
    """Whether Moodle shows the text, as it stands, as we do."""
    return (
        "\n" not in text and not re.search(r"[<>&\[\]]|->|  ", text) and markdown.block(text) in ("", f"<p>{text}</p>")
    )


def _about(identifier: str, tags: Sequence[str]) -> str:
    parts = [("id", identifier), *(("tag", tag) for tag in tags)]
    said = " ".join(f"[{name}:{' '.join(value.split()).replace(']', chr(92) + ']')}]" for name, value in parts)
    return f"// {said}\n"


def _written_scenario(scenario: ForeignScenario) -> str:
    title = escaped(scenario.title or scenario.identifier)
    shown = markdown.without_images(markdown.block(scenario.text))
    return f"{_about(scenario.identifier, ())}::{title}::[html]{escaped(shown)}"


class _Writer:
    """One question as a block. Its texts are HTML, except where all of them are simple."""

    def __init__(self, question: ForeignQuestion) -> None:
        self.question = question
        self.html = not all(map(_is_simple, texts_of(replace(question, scenario=None))))

    def text(self) -> str:
        question = self.question
        tags = [*question.tags, *([f"{SCENARIO_TAG}{question.scenario.identifier}"] if question.scenario else [])]
        title = escaped(question.title or question.identifier)
        stem = escaped(markdown.without_images(markdown.block(question.stem))) if self.html else escaped(question.stem)
        answers = {"ordering": self._ordering, "matching": self._matching}.get(question.kind, self._choice)()
        general = "" if question.kind == "ordering" else self._general()
        start = "[html]" if self.html else ""
        return f"{_about(question.identifier, tags)}::{title}::{start}{stem}{{{answers}{general}\n}}"

    def _general(self) -> str:
        text = feedback.written(self.question, rationales=self.question.kind == "matching")
        return f"\n\t####[html]{escaped(text)}" if text else ""

    def _piece(self, text: str) -> str:
        if not self.html:
            return escaped(text)
        shown = markdown.without_images(markdown.inline(text))
        return escaped(f"&#91;{shown[1:]}" if shown.startswith("[") else shown)

    def _choice(self) -> str:
        options, lines = self.question.options, list[str]()
        single = self.question.kind == "multiple_choice"
        share = percent(sum(option.correct for option in options))
        for option in options:
            sign = ("=" if option.correct else "~") if single else f"~%{share if option.correct else f'-{share}'}%"
            text = self._piece(option.text)
            # A text that begins like a weight needs a weight before it.
            guard = "%0%" if sign == "~" and text.startswith("%") else ""
            rationale = f"#{self._piece(option.rationale)}" if option.rationale.strip() else ""
            lines.append(f"\n\t{sign}{guard}{text}{rationale}")
        return "".join(lines)

    def _matching(self) -> str:
        options, lines = self.question.options, list[str]()
        for prompt in self.question.prompts:
            known = 0 <= prompt.option_index < len(options)
            answer = plain_of(options[prompt.option_index].text) if known else ""
            lines.append(f"\n\t={self._piece(prompt.text).replace('->', '-&gt;')} -> {escaped(answer)}")
        used = {prompt.option_index for prompt in self.question.prompts}
        lines += [
            f"\n\t= -> {escaped(plain_of(option.text))}" for index, option in enumerate(options) if index not in used
        ]
        return "".join(lines)

    def _ordering(self) -> str:
        placed = [option for option in self.question.options if option.position is not None]
        lines = [f"\n{escaped(self._step(option.text))}" for option in placed]
        return f">{len(placed)} ALL VERTICAL ALL_OR_NOTHING{''.join(lines)}"

    def _step(self, text: str) -> str:
        """Moodle reads steps as HTML, each on one line."""
        shown = html.escape(text, quote=False) if _is_simple(text) else markdown.without_images(markdown.inline(text))
        return f"&#47;{shown[1:]}" if shown.startswith("//") else shown  # else the line would be a comment
