"""Known weaknesses from a list on this disk, for machines without a network: one file in OSV's format for each.

Made for a checkout of the Python Packaging Advisory Database (vulns/NAME/PYSEC-….yaml); any folder of such files will
do. Format: OSV schema 1.x, "affected" with its "ranges" of type ECOSYSTEM and its "versions", and "withdrawn".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version

from config.bom import normal

Report = dict[str, Any]
READER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NoList(Exception):
    """The folder holds no advisories; the message is one sentence."""


def report(folder: Path, pinned: Mapping[str, str]) -> tuple[Report, dt.date]:
    """What pip-audit would print as JSON, and the day of the list's newest change. Raises NoList."""
    found: dict[str, list[Report]] = {name: [] for name in pinned}
    newest: dt.datetime | None = None
    for advisory in _read(folder):
        changed = _moment(advisory["modified"])
        newest = max(newest or changed, changed)
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", []):
            package = affected["package"]
            name = normal(package["name"])
            if package["ecosystem"] == "PyPI" and name in pinned and concerns(affected, pinned[name]):
                found[name].append(
                    {"id": advisory["id"], "aliases": advisory.get("aliases", []), "fix_versions": _mended(affected)}
                )
    if newest is None:
        raise NoList(f"{folder} holds no advisories.")
    told = [{"name": name, "version": version, "vulns": found[name]} for name, version in pinned.items()]
    return {"dependencies": told}, newest.date()


def concerns(affected: Mapping[str, Any], version: str) -> bool:
    """Whether a version is named, or lies in a range: from what introduced it up to what mended it."""
    if version in affected.get("versions", []):
        return True
    return any(
        _within(given["events"], Version(version))
        for given in affected.get("ranges", [])
        if given["type"] == "ECOSYSTEM"
    )


def _within(events: Sequence[Mapping[str, str]], version: Version) -> bool:
    """OSV's own rule: the events in their order, the last that lies at or before the version decides."""
    inside = False
    for event in sorted(events, key=lambda event: _version(next(iter(event.values())))):
        (kind, at) = next(iter(event.items()))
        if kind == "introduced" and version >= _version(at):
            inside = True
        elif (kind == "fixed" and version >= _version(at)) or (kind == "last_affected" and version > _version(at)):
            inside = False
    return inside


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")  # such as "0", and names that were never versions


def _mended(affected: Mapping[str, Any]) -> list[str]:
    return [
        event["fixed"]
        for given in affected.get("ranges", [])
        if given["type"] == "ECOSYSTEM"
        for event in given["events"]
        if "fixed" in event
    ]


def _moment(given: str | dt.datetime) -> dt.datetime:
    moment = given if isinstance(given, dt.datetime) else dt.datetime.fromisoformat(given)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _read(folder: Path) -> Iterator[Report]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".yaml", ".yml", ".json") and path.is_file() and not path.name.startswith("."):
            read = yaml.load(path.read_text(encoding="utf-8"), Loader=READER)  # noqa: S506  (a safe loader; JSON is YAML)
            if isinstance(read, dict) and {"id", "modified", "affected"} <= set(read):
                yield read
