"""What differs between the versions of QTI that are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

LOM = "http://ltsc.ieee.org/xsd/LOM"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CAPITAL = re.compile(r"[A-Z]")


@dataclass(frozen=True, slots=True)
class Version:
    """Namespaces, addresses of schemas, and how names are spelled."""

    number: str
    items: str
    items_schema: str
    package: str
    package_schema: str
    metadata: str
    metadata_schema: str
    schema_name: str
    schema_version: str
    item_type: str
    stimulus_type: str
    hyphens: bool

    def tag(self, name: str) -> str:
        """An element of the item, given its 2.x name."""
        return f"{{{self.items}}}{'qti-' + _hyphenated(name) if self.hyphens else name}"

    def html(self, name: str) -> str:
        return f"{{{self.items}}}{name}"

    def attributes(self, given: dict[str, str]) -> dict[str, str]:
        return {_hyphenated(name) if self.hyphens else name: value for name, value in given.items()}

    def element(self, name: str, /, **attributes: str) -> etree._Element:
        """A root without a parent."""
        spaces: dict[Any, str] = {None: self.items, "xsi": XSI}  # the stubs know no default namespace
        root = etree.Element(self.tag(name), self.attributes(attributes), nsmap=spaces)
        root.set(f"{{{XSI}}}schemaLocation", f"{self.items} {self.items_schema}")
        return root

    def add(self, parent: etree._Element, name: str, text: str = "", /, **attributes: str) -> etree._Element:
        child = etree.SubElement(parent, self.tag(name), self.attributes(attributes))
        child.text = text or None
        return child


def _hyphenated(name: str) -> str:
    return CAPITAL.sub(lambda found: f"-{found[0].lower()}", name)


V3 = Version(
    number="3.0",
    items="http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
    items_schema="https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_asiv3p0_v1p0.xsd",
    package="http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1",
    package_schema="https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqtiv3p0_imscpv1p2_v1p0.xsd",
    metadata="http://www.imsglobal.org/xsd/imsqti_metadata_v3p0",
    metadata_schema="https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_metadatav3p0_v1p0.xsd",
    schema_name="QTI Package",
    schema_version="3.0.0",
    item_type="imsqti_item_xmlv3p0",
    stimulus_type="imsqti_stimulus_xmlv3p0",
    hyphens=True,
)
V22 = Version(
    number="2.2",
    items="http://www.imsglobal.org/xsd/imsqti_v2p2",
    items_schema="http://www.imsglobal.org/xsd/qti/qtiv2p2/imsqti_v2p2p2.xsd",
    package="http://www.imsglobal.org/xsd/imscp_v1p1",
    package_schema="http://www.imsglobal.org/xsd/qti/qtiv2p2/qtiv2p2_imscpv1p2_v1p0.xsd",
    metadata="http://www.imsglobal.org/xsd/imsqti_metadata_v2p2",
    metadata_schema="http://www.imsglobal.org/xsd/qti/qtiv2p2/imsqti_metadata_v2p2.xsd",
    schema_name="QTIv2.2 Package",
    schema_version="1.0.0",
    item_type="imsqti_item_xmlv2p2",
    stimulus_type="imsqti_stimulus_xmlv2p2",
    hyphens=False,
)
