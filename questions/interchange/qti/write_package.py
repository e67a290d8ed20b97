"""The package: items, stimuli and the manifest that describes them, as a zip archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from lxml import etree

from questions.interchange.exchange import ForeignQuestion, ForeignScenario
from questions.interchange.qti.canonical import OURS, TOOL
from questions.interchange.qti.identifiers import Identifiers
from questions.interchange.qti.manifest import OUTLINE, REFERENCES, STATISTICS
from questions.interchange.qti.versions import LOM, XSI, Version
from questions.interchange.qti.write_item import INTERACTIONS, write_item, write_stimulus
from questions.interchange.qti.xhtml import line

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first day that a zip archive can name; a real one would change the bytes
LOM_SCHEMA = "https://purl.imsglobal.org/spec/md/v1p3/schema/xsd/imsmd_loose_v1p3p2.xsd"
# LOM's five words, each from the rating up to which it holds.
DIFFICULTY = (
    ("very difficult", "0.35"),
    ("difficult", "0.50"),
    ("medium", "0.70"),
    ("easy", "0.85"),
    ("very easy", "1"),
)


def write(questions: Sequence[ForeignQuestion], version: Version) -> bytes:
    """The archive. Equal questions give equal bytes."""
    identifiers = Identifiers()
    stimuli: dict[ForeignScenario, str] = {}
    members: list[tuple[str, etree._Element]] = []
    manifest, resources = _manifest(version)
    for question in questions:
        if question.scenario is not None and question.scenario not in stimuli:
            name = identifiers.claim(question.scenario.identifier, "s")
            stimuli[question.scenario] = name
            members.append((f"stimuli/{name}.xml", write_stimulus(question.scenario, name, version)))
            _resource(resources, version, name, version.stimulus_type, f"stimuli/{name}.xml")
    for question in questions:
        name = identifiers.claim(question.identifier)
        stimulus = stimuli[question.scenario] if question.scenario is not None else ""
        members.append((f"items/{name}.xml", write_item(question, name, stimulus, version)))
        resource = _resource(resources, version, name, version.item_type, f"items/{name}.xml", question)
        if stimulus:
            etree.SubElement(resource, f"{{{version.package}}}dependency", identifierref=stimulus)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, root in [("imsmanifest.xml", manifest), *members]:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
    return target.getvalue()


def _manifest(version: Version) -> tuple[etree._Element, etree._Element]:
    """The manifest and its list of resources."""
    spaces: dict[Any, str] = {  # the stubs know no default namespace
        None: version.package, "lom": LOM, "qti": version.metadata, "cutscore": OURS, "xsi": XSI,
    }  # fmt: skip
    root = etree.Element(f"{{{version.package}}}manifest", {"identifier": "cutscore-questions"}, nsmap=spaces)
    locations = [
        *(version.package, version.package_schema),
        *(version.metadata, version.metadata_schema),
        *(LOM, LOM_SCHEMA),
    ]
    root.set(f"{{{XSI}}}schemaLocation", " ".join(locations))
    metadata = etree.SubElement(root, f"{{{version.package}}}metadata")
    etree.SubElement(metadata, f"{{{version.package}}}schema").text = version.schema_name
    etree.SubElement(metadata, f"{{{version.package}}}schemaversion").text = version.schema_version
    etree.SubElement(root, f"{{{version.package}}}organizations")
    return root, etree.SubElement(root, f"{{{version.package}}}resources")


def _resource(
    parent: etree._Element,
    version: Version,
    identifier: str,
    kind: str,
    href: str,
    question: ForeignQuestion | None = None,
) -> etree._Element:
    attributes = {"identifier": identifier, "type": kind, "href": href}
    resource = etree.SubElement(parent, f"{{{version.package}}}resource", attributes)
    if question is not None:
        metadata = etree.SubElement(resource, f"{{{version.package}}}metadata")
        _qti_metadata(metadata, version, question)
        _lom(metadata, question)
    etree.SubElement(resource, f"{{{version.package}}}file", href=href)
    return resource


def _qti_metadata(parent: etree._Element, version: Version, question: ForeignQuestion) -> None:
    rationales = [option.rationale for option in question.options] + [prompt.rationale for prompt in question.prompts]
    explained = any(rationale.strip() for rationale in rationales)
    element = etree.SubElement(parent, f"{{{version.metadata}}}qtiMetadata")
    for name, text in (
        ("timeDependent", "false"),
        ("interactionType", INTERACTIONS[question.kind][0]),
        ("feedbackType", "nonadaptive" if explained else "none"),
        ("solutionAvailable", "true"),
        ("scoringMode", "responseprocessing"),
        ("toolName", TOOL),
    ):
        etree.SubElement(element, f"{{{version.metadata}}}{name}").text = text


def _lom(parent: etree._Element, question: ForeignQuestion) -> None:
    """Outline, difficulty, tags and references in LOM's own words; the rest as an extension of ours."""
    lom = etree.SubElement(parent, f"{{{LOM}}}lom")
    general = _add(lom, "general")
    _add(_add(general, "identifier"), "entry", question.identifier)
    for tag in question.tags:
        _string(_add(general, "keyword"), tag)
    if question.rating is not None:
        educational = _add(lom, "educational")
        _vocabulary(educational, "difficulty", _difficulty(question.rating))
    for reference in question.references:
        relation = _add(lom, "relation")
        _vocabulary(relation, "kind", REFERENCES)
        resource = _add(relation, "resource")
        _add(_add(resource, "identifier"), "entry", reference.url)
        _string(_add(resource, "description"), reference.title)
    if question.exam:
        classification = _add(lom, "classification")
        _vocabulary(classification, "purpose", "discipline")
        path = _add(classification, "taxonPath")
        _string(_add(path, "source"), OUTLINE)
        for code in (question.exam, question.task):
            if code:
                _add(_add(path, "taxon"), "id", code)
    own = etree.SubElement(lom, f"{{{OURS}}}question", id=line(question.identifier))
    if question.rating is not None:
        own.set("rating", str(question.rating))
    if question.statistics is not None:
        statistics = etree.SubElement(own, f"{{{OURS}}}statistics")
        for name in STATISTICS:
            if (value := getattr(question.statistics, name)) is not None:
                statistics.set(name.replace("_", "-"), repr(value))


def _difficulty(rating: Decimal) -> str:
    return next(word for word, highest in DIFFICULTY if rating <= Decimal(highest))


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    child = etree.SubElement(parent, f"{{{LOM}}}{name}")
    child.text = line(text) or None
    return child


def _string(parent: etree._Element, text: str) -> None:
    _add(parent, "string", text).set("language", "en")


def _vocabulary(parent: etree._Element, name: str, value: str) -> None:
    element = _add(parent, name)
    _add(element, "source", "LOMv1.0")
    _add(element, "value", value)
