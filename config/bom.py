"""The bill of materials: what the image is made of, as CycloneDX 1.6 in JSON.

    python -m config.bom --output sbom.cdx.json

Names, versions and hashes are those of requirements.txt, which is what was installed; licences and what needs what are
read from the packages themselves. It needs nothing but the standard library, gives the same file for the same pins, and
holds no address.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SPACE = uuid.UUID("6f1d6ac5-6f43-4e8d-9c55-0d0f3f0d3c11")  # of our serial numbers
CLASSIFIER = "License :: OSI Approved :: "
LONGEST = 80  # of a "License" field; longer ones are whole texts


@dataclass(frozen=True, slots=True)
class Pin:
    """One requirement as it is pinned. `marker` says on which machines it is installed; "" is all."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def ref(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def pins(text: str) -> list[Pin]:
    """What a requirements file with hashes pins."""
    joined = re.sub(r"\\\n\s*", "", text)
    found = re.findall(
        r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)[ ]*(?:;(.*?))?((?:[ ]*--hash=\S+)*)$", joined, re.MULTILINE
    )
    return [
        Pin(normal(name), version, marker.strip(), tuple(sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})", hashes))))
        for name, version, marker, hashes in found
    ]


def normal(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(pin: Pin) -> metadata.Distribution | None:
    """The package as it lies here, if it does. Another version may be pinned for another Python."""
    try:
        found = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return None
    return found if found.version == pin.version else None


def licences(package: metadata.Distribution) -> list[dict[str, Any]]:
    """What the package says of its licence: an expression, or names, as precise as it is."""
    about = package.metadata
    if expressions := about.get_all("License-Expression"):
        return [{"expression": expressions[0]}]
    named = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if one.startswith(CLASSIFIER)]
    said = (about.get_all("License") or [""])[0].strip()
    if not named and said and len(said) <= LONGEST and "\n" not in said:
        named = [said]
    return [{"license": {"name": name}} for name in sorted(set(named))]


def needs(package: metadata.Distribution) -> Iterator[str]:
    """The names of what it requires without extras."""
    for requirement in package.requires or []:
        name = re.match(r"[\w.-]+", requirement)
        if name and not re.search(r"extra\s*==", requirement):
            yield normal(name[0])


def component(pin: Pin) -> dict[str, Any]:
    package = installed(pin)
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": pin.ref,
        "name": pin.name,
        "version": pin.version,
        "purl": pin.ref,
        # What other machines would need is named, too, and said not to be in here.
        "scope": "required" if package else "excluded",
        "hashes": [{"alg": "SHA-256", "content": one} for one in pin.hashes],
    }
    if package and (said := licences(package)):
        made["licenses"] = said
    return made


def bill(requirements: str, project: dict[str, Any]) -> dict[str, Any]:
    """The whole document, from the text of the requirements and what pyproject.toml says of the project."""
    pinned = pins(requirements)
    refs = {name: [pin.ref for pin in pinned if pin.name == name] for name in {pin.name for pin in pinned}}
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    direct = {normal(found[0]) for one in project["dependencies"] if (found := re.match(r"[\w.-]+", one))}
    needed = {pin.ref: sorted(needs(package)) for pin in pinned if (package := installed(pin))}
    tree = {root: sorted(direct), **needed}
    digest = hashlib.sha256(requirements.encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(SPACE, digest + project['version'])}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"expression": project["license"]}],
            }
        },
        "components": [component(pin) for pin in pinned],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted({one for name in names for one in refs.get(name, [])})}
            for ref, names in tree.items()
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the bill of materials as CycloneDX in JSON.")
    parser.add_argument("--output", type=Path, help="the file; without it, standard output")
    options = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = json.dumps(bill((ROOT / "requirements.txt").read_text(encoding="utf-8"), project), indent=1) + "\n"
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
