"""XML from strangers."""

from __future__ import annotations

import re

from lxml import etree

from questions.interchange.exchange import Limits, Unreadable

DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
PROLOGUE = 4_096


def parse(data: bytes, limits: Limits) -> etree._Element:
    """The root of the document. Raises Unreadable.

    Entities are not resolved, no network and no DTD is used, and a document that declares any is refused: no exchange
    format needs them, and entity bombs and external entities do. libxml2's own bounds on depth and text size stay on.
    """
    if len(data) > limits.bytes:
        raise Unreadable(f"The file has {len(data):,} bytes; at most {limits.bytes:,} are read.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, attribute_defaults=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = re.sub(r" \(<string>, line [0-9]+\)", "", str(error)).split("\n")[0].rstrip(".")
        raise Unreadable(f"The file is not well-formed XML: {reason}.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("The file declares a document type; that is not needed and not allowed.")
    return root
