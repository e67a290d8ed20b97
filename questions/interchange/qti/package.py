"""A whole file: a package, or a single XML document."""

from __future__ import annotations

import dataclasses
import posixpath

from lxml import etree

from questions.interchange.exchange import ForeignQuestion, ForeignScenario, Limits, Loss, Parsed, Unreadable
from questions.interchange.names import Names
from questions.interchange.notes import Dropped, Notes
from questions.interchange.qti.archive import Archive, is_archive, resolve
from questions.interchange.qti.canonical import TOOL, attribute, canonical, every, first, text_of
from questions.interchange.qti.classic import read_classic
from questions.interchange.qti.item import read_item
from questions.interchange.qti.manifest import About, Resource, about, is_classic, is_item, is_test, resources
from questions.interchange.qti.texts import markdown_of

MANIFEST = "imsmanifest.xml"
ROOTS = (b"assessmentItem", b"qti-assessment-item", b"questestinterop")
DOCUMENTS = (".xml", ".qti")
TAGS = 300  # for each question that a file may hold; ours need half of it, and trees of millions would fill the memory
MOST_TAGS = 20_000  # of one question; texts as long as we take need a tenth of it
BEGINNING = 4_096
LONGEST_NAME = 200


def read(data: bytes, limits: Limits) -> Parsed:
    """The questions of a package or of one XML file. Raises Unreadable."""
    reader = Reader(limits)
    if is_archive(data):
        reader.package(Archive(data, limits))
    else:
        reader.single(data)
    return Parsed(tuple(reader.questions), (*reader.file.losses, *reader.losses))


class Reader:
    """What has been read so far of one file."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._names, self._scenario_names = Names(), Names()
        self._archive: Archive | None = None
        self._scenarios: dict[str, ForeignScenario | None] = {}  # by the member they stand in
        self._seen = 0
        self._tags = limits.questions * TAGS
        self.file = Notes("")
        self.questions: list[ForeignQuestion] = []
        self.losses: list[Loss] = []

    def single(self, data: bytes) -> None:
        self._weigh(data)
        root = self._document(data)
        if root.tag == "assessmentItem":
            self._item(root, "", About(), [])
        elif root.tag == "questestinterop":
            self._classic(root)
            if not self._seen:
                raise Unreadable("The file is QTI 1.2, but holds no items.")
        elif root.tag in ("assessmentTest", "manifest", "assessmentStimulus"):
            raise Unreadable("The file names items but holds none; bring the whole package as a zip archive.")
        else:
            raise Unreadable("The file is XML, but no QTI item.")

    def package(self, archive: Archive) -> None:
        self._archive = archive
        listed = self._listed(archive)
        if not listed:
            listed = [
                Resource("", "imsqti_item", name, etree.Element("resource"))
                for name in sorted(archive)
                if name.lower().endswith(DOCUMENTS) and any(root in archive.start(name) for root in ROOTS)
            ]
        if not listed:
            raise Unreadable("The archive holds no QTI items.")
        for resource in listed:
            self._member(archive, resource)
        if not self._seen:  # empty quizzes of QTI 1.2
            raise Unreadable("The archive holds no QTI items.")

    def _listed(self, archive: Archive) -> list[Resource]:
        """The items that the manifest names, [] where they have to be looked for."""
        manifest = min(
            (name for name in archive if posixpath.basename(name).lower() == MANIFEST),
            key=lambda name: (name.count("/"), name),
            default="",
        )
        if not manifest:
            self.file.converted(MANIFEST, "the package has none, so its items were read in the order of their names")
            return []
        data = archive.read(manifest)
        self._weigh(data)
        try:
            root = canonical(data, self._limits)
        except Unreadable as error:
            if not any(name.lower().endswith(DOCUMENTS) for name in archive if name != manifest):
                raise Unreadable(f"The manifest of the package cannot be read: {_clause(error)}.") from None
            self.file.dropped(MANIFEST, f"items were read in the order of their names: {_clause(error)}")
            return []
        everything = resources(root, manifest)
        if any(is_test(resource) for resource in everything):
            self.file.dropped("tests with their sections, order and times", "forms are assembled from the bank")
        found = [resource for resource in everything if is_item(resource) or is_classic(resource)]
        # A Canvas cartridge holds each quiz twice: poor for everybody, whole for itself.
        own = [resource for resource in found if resource.name.endswith(".xml.qti")]
        return own or found

    def _member(self, archive: Archive, resource: Resource) -> None:
        name = (resource.name or resource.identifier or "an item")[:LONGEST_NAME]
        if resource.name not in archive:
            self._drop(self._names.claim(name), "its file is not in the package")
            return
        data = archive.read(resource.name)  # where this fails, the archive itself is dangerous or broken
        self._weigh(data)
        try:
            root = self._document(data)
        except Unreadable as error:
            self._drop(self._names.claim(name), _clause(error))
            return
        if root.tag == "assessmentItem":
            notes = Notes("")
            found = about(resource, notes)
            self._item(root, resource.name, found, notes.losses, resource.identifier)
        elif root.tag == "questestinterop":
            self._classic(root)
        else:
            self._drop(self._names.claim(name), "its file holds no item")

    def _item(self, root: etree._Element, member: str, known: About, losses: list[Loss], identifier: str = "") -> None:
        name = self._names.claim(
            (known.identifier or attribute(root, "identifier") or identifier)[:LONGEST_NAME],
            title=attribute(root, "title"),
            text="".join(str(text) for text in root.itertext()),
        )
        if sum(1 for _ in root.iter()) > MOST_TAGS:
            self._drop(name, f"it has more than {MOST_TAGS:,} tags")
            return
        notes = Notes(name)
        notes.add(*(dataclasses.replace(loss, where=name) for loss in losses))
        try:
            question = read_item(
                root, notes, lambda href, stimulus, found: self._scenario(resolve(member, href), stimulus, found)
            )
        except Dropped as reason:
            self._drop(name, str(reason))
            return
        self._keep(
            dataclasses.replace(
                question,
                tags=tuple(dict.fromkeys((*known.tags, *question.tags))),
                exam=known.exam,
                task=known.task,
                rating=known.rating,
                statistics=known.statistics,
                references=known.references,
            ),
            notes,
        )

    def _classic(self, root: etree._Element) -> None:
        for item in list(every(root, "item")):
            name = self._names.claim(
                attribute(item, "ident")[:LONGEST_NAME],
                title=attribute(item, "title"),
                text="".join(str(text) for text in item.itertext()),
            )
            notes = Notes(name)
            if sum(1 for _ in item.iter()) > MOST_TAGS:
                self._drop(name, f"it has more than {MOST_TAGS:,} tags")
                continue
            try:
                self._keep(read_classic(item, notes), notes)
            except Dropped as reason:
                self._drop(name, str(reason))

    def _scenario(self, member: str, identifier: str, notes: Notes) -> ForeignScenario | None:
        if member not in self._scenarios:
            self._scenarios[member] = self._stimulus(member, identifier, notes)
        if self._scenarios[member] is None:
            notes.dropped("its stimulus", "the file with it is missing or cannot be read")
        return self._scenarios[member]

    def _stimulus(self, member: str, identifier: str, notes: Notes) -> ForeignScenario | None:
        if self._archive is None or member not in self._archive:
            return None
        data = self._archive.read(member)
        self._weigh(data)
        try:
            root = self._document(data)
        except Unreadable:
            return None
        body = first(root, "stimulusBody") if root.tag == "assessmentStimulus" else first(root, "body")
        text = markdown_of(root if body is None else body, notes, "scenario")
        name = attribute(root, "identifier") or identifier or posixpath.splitext(posixpath.basename(member))[0]
        if not text or len(text) > self._limits.text:
            return None
        title = " ".join((attribute(root, "title") or text_of(first(root, "head", "title"))).split())
        if attribute(root, "toolName") == TOOL and attribute(root, "label"):
            name = attribute(root, "label")
        return ForeignScenario(self._scenario_names.claim(name[:LONGEST_NAME]), title, text)

    def _keep(self, question: ForeignQuestion, notes: Notes) -> None:
        longest = max(
            len(text)
            for text in (
                question.stem,
                *(text for option in question.options for text in (option.text, option.rationale)),
                *(text for prompt in question.prompts for text in (prompt.text, prompt.rationale)),
            )
        )
        if longest > self._limits.text:
            self._drop(question.identifier, f"one of its texts is longer than {self._limits.text:,} characters")
            return
        self._count()
        self.questions.append(question)
        self.losses += notes.losses

    def _drop(self, name: str, why: str) -> None:
        self._count()
        notes = Notes(name)
        notes.dropped("the question", why)
        self.losses += notes.losses

    def _document(self, data: bytes) -> etree._Element:
        """The root of a document. Raises Unreadable where it is no XML, or more than one question can be."""
        classic = b"questestinterop" in data[:BEGINNING].replace(b"\0", b"")  # UTF-16 without its empty halves
        if not classic and data.count(b"<") > MOST_TAGS:
            raise Unreadable(f"The file has more than {MOST_TAGS:,} tags.")
        return canonical(data, self._limits)

    def _weigh(self, data: bytes) -> None:
        """Count the tags of a document, together with all before it, before a tree is made of it."""
        self._tags -= data.count(b"<")
        if self._tags < 0:
            raise Unreadable(f"The file holds more than {self._limits.questions * TAGS:,} tags.")

    def _count(self) -> None:
        self._seen += 1
        if self._seen > self._limits.questions:
            raise Unreadable(f"The file holds more than {self._limits.questions:,} questions.")


def _clause(error: Unreadable) -> str:
    sentence = str(error).rstrip(".")
    return sentence[:1].lower() + sentence[1:]
