"""The two formats of the exchange: the same reader, and a writer for each version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from questions import markdown
from questions.interchange import fidelity
from questions.interchange.exchange import ForeignQuestion, Limits, Parsed, Unreadable
from questions.interchange.qti import package, write_package
from questions.interchange.qti.archive import is_archive
from questions.interchange.qti.versions import V3, V22, Version

BEGINNING = 4_096
SPREADSHEET = b"[Content_Types].xml"


def _block(text: str) -> str:
    return fidelity.seen(markdown.block(text))


# A package keeps the blocks of stems and case studies, and options in the order that they have.
FIELDS: dict[str, Callable[[ForeignQuestion], object]] = fidelity.FIELDS | {
    "wording of the stem": lambda question: _block(question.stem),
    "scenario": lambda question: (
        question.scenario and (question.scenario.identifier, question.scenario.title, _block(question.scenario.text))
    ),
}


@dataclass(frozen=True, slots=True)
class Qti:
    """QTI in one version; all versions are read by each."""

    name: str
    version: Version
    extensions: tuple[str, ...] = (".zip", ".xml", ".imscc")

    @property
    def label(self) -> str:
        return f"QTI {self.version.number}"

    def can_read(self, data: bytes, name: str) -> bool:
        if is_archive(data):  # names stand uncompressed in an archive's directory
            return b"imsmanifest.xml" in data or (b".xml" in data and SPREADSHEET not in data)
        start = data[:BEGINNING].replace(b"\0", b"")  # UTF-16 without its empty halves
        return any(root in start for root in package.ROOTS)

    def read(self, data: bytes, limits: Limits) -> Parsed:
        return package.read(data, limits)

    def write(self, questions: Sequence[ForeignQuestion]) -> bytes:
        return write_package.write(questions, self.version)

    def carries(self, question: ForeignQuestion) -> list[str]:
        """Found out by doing it: what differs after a question was written and read."""
        try:
            back = self.read(self.write([question]), fidelity.GENEROUS).questions
        except Unreadable:
            back = ()
        if len(back) != 1:
            return ["the question"]
        return [name for name, of in FIELDS.items() if of(back[0]) != of(question)]


QTI3 = Qti("qti", V3)
QTI22 = Qti("qti22", V22)
