"""What the product is made of: the bill of materials is valid and whole, licences fit, no audit passes by mistake."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from config import bom
from deploy import advisories, audit, composition
from tests.environment import ROOT

PINS = bom.pins((ROOT / "requirements.txt").read_text())
TODAY = dt.date(2026, 11, 21)
# The driver is LGPL: we call it as the separate library that it is, and anybody may replace it.
LGPL = {"psycopg", "psycopg-binary", "psycopg-pool"}


@pytest.fixture(scope="module")
def text() -> str:
    """As the Dockerfile makes it."""
    (line,) = re.findall(r"^RUN python (-m config\.bom) --output /app/sbom\.cdx\.json$", composition.dockerfile(), re.M)
    done = subprocess.run([sys.executable, *line.split()], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def components(text):
    """By name and version: for other versions of Python other versions may be pinned."""
    return {(one["name"], one["version"]): one for one in json.loads(text)["components"]}


def test_it_is_valid(text):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_it_names_every_pin_with_its_hashes(text, components):
    lines = re.findall(r"^([\w.-]+)(?:\[.*\])?==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert len(lines) > 50
    assert [name for name, _ in components] == [bom.normal(name) for name in lines]
    for pin in PINS:
        assert len(components[pin.name, pin.version]["hashes"]) == len(pin.hashes) > 0


def test_it_is_the_same_every_time_and_holds_no_address(text):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    again = bom.bill((ROOT / "requirements.txt").read_text(), project)
    assert json.loads(text) == again
    assert "http" not in re.sub(r'"(name|bom-ref|purl|ref)": "[^"]*"|pkg:pypi/[\w.@+-]*', "", text)


def test_it_says_what_needs_what(text, components):
    tree = {one["ref"].split("@")[0]: one["dependsOn"] for one in json.loads(text)["dependencies"]}
    celery, kombu = (one["purl"] for name, one in components.items() if name[0] in ("celery", "kombu"))
    assert celery in tree["pkg:pypi/cutscore"]
    assert kombu in tree["pkg:pypi/celery"]


def test_what_is_installed_has_a_licence_that_the_product_can_live_with(components):
    for (name, version), one in components.items():
        if one["scope"] == "excluded":
            assert next(pin for pin in PINS if (pin.name, pin.version) == (name, version)).marker, f"{name} is missing"
            continue
        said = [each.get("expression") or each["license"]["name"] for each in one.get("licenses", [])]
        assert said, f"{name} does not say under which licence it is"
        copyleft = [each for each in said if re.search(r"GPL|General Public|Affero|SSPL|BUSL", each)]
        assert not copyleft or name in LGPL, f"{name}: {copyleft}"
        assert not [each for each in copyleft if not re.search("LGPL|Lesser", each)], name


# ---- audits ----------------------------------------------------------------------------------------------------------

PINNED = {"a": "1.0", "b": "2.0"}
WEAK = {"id": "PYSEC-1", "aliases": ["GHSA-1"], "fix_versions": ["1.1"]}


def report(**vulns):
    return {"dependencies": [{"name": n, "version": v, "vulns": vulns.get(n, [])} for n, v in PINNED.items()]}


def test_an_audit_that_knows_of_nothing_is_passed():
    assert audit.judge(report(), PINNED, {}, TODAY) == []


def test_a_pin_that_was_not_looked_up_fails_it():
    """pip-audit ends well with such a one."""
    found = {"dependencies": [{"name": "a", "version": "1.0", "vulns": []}, {"name": "b", "skip_reason": "not found"}]}
    assert audit.judge(found, PINNED, {}, TODAY) == ["b 2.0 could not be looked up: not found."]


def test_a_known_weakness_fails_it_unless_it_is_accepted_until_then():
    found = report(a=[WEAK])
    assert audit.judge(found, PINNED, {}, TODAY) == ["a 1.0 has PYSEC-1; mended in 1.1."]
    assert audit.judge(found, PINNED, {"GHSA-1": {"until": TODAY}}, TODAY) == []
    assert audit.judge(found, PINNED, {"GHSA-1": {"until": TODAY - dt.timedelta(days=1)}}, TODAY) == [
        "PYSEC-1 in a was accepted until 2026-11-20 only."
    ]


def test_what_the_last_audit_does_not_cover_is_told():
    assert audit.standing(None, PINNED, TODAY) == ["No audit has been recorded yet."]
    record = {"checked": "2026-11-01", "pins": {"a": "1.0", "b": "1.9"}}
    assert audit.standing(record, PINNED, TODAY) == ["Changed since the last audit: b."]
    assert audit.standing(record | {"pins": PINNED}, PINNED, TODAY) == []
    assert audit.standing(record | {"pins": PINNED, "checked": "2026-09-01"}, PINNED, TODAY) == [
        "The last audit knows nothing of the last 81 days."
    ]


def advisory(**more):
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0.9"}, {"fixed": "1.1"}]}]
    affected = [{"package": {"name": "A", "ecosystem": "PyPI"}, "ranges": ranges, "versions": []}]
    return {"id": "PYSEC-1", "aliases": ["GHSA-1"], "modified": "2026-10-02T08:00:00Z", "affected": affected} | more


@pytest.fixture
def listed(tmp_path):
    """Writes a list of these advisories."""

    def write(*found):
        for place, one in enumerate(found):
            path = tmp_path / "vulns" / str(place) / "PYSEC.yaml"
            path.parent.mkdir(parents=True)
            path.write_text(yaml.safe_dump(one))
        return tmp_path

    return write


def test_a_list_on_the_disk_says_what_pip_audit_would(listed):
    other = advisory(id="PYSEC-2", modified="2026-11-01T00:00:00.5Z")
    other["affected"][0]["package"]["name"] = "nothing-of-ours"
    found, reach = advisories.report(listed(advisory(), other), PINNED)
    assert found == report(a=[WEAK])
    assert reach == dt.date(2026, 11, 1)


def test_what_was_withdrawn_or_is_of_another_ecosystem_counts_not(listed):
    elsewhere = advisory()
    elsewhere["affected"][0]["package"]["ecosystem"] = "npm"
    found, _ = advisories.report(listed(advisory(withdrawn="2026-10-03T00:00:00Z"), elsewhere), PINNED)
    assert found == report()


@pytest.mark.parametrize(
    ("events", "concerned"),
    [
        ([{"introduced": "0"}], True),
        ([{"introduced": "1.0"}, {"fixed": "1.0.1"}], True),
        ([{"introduced": "0"}, {"fixed": "1.0"}], False),
        ([{"introduced": "0"}, {"fixed": "1.0rc2"}], False),
        ([{"introduced": "0"}, {"last_affected": "1.0"}], True),
        ([{"introduced": "0"}, {"last_affected": "0.9"}], False),
        ([{"introduced": "0"}, {"fixed": "0.5"}, {"introduced": "0.8"}, {"fixed": "1.2"}], True),
        ([{"fixed": "0.5"}, {"introduced": "0"}, {"introduced": "1.1"}], False),
    ],
)
def test_a_range_reaches_from_what_introduced_it_to_what_mended_it(events, concerned):
    assert advisories.concerns({"ranges": [{"type": "ECOSYSTEM", "events": events}]}, "1.0") is concerned


def test_a_version_that_is_named_is_concerned():
    assert advisories.concerns({"versions": ["0.9", "1.0"]}, "1.0")
    assert not advisories.concerns({"versions": ["0.9"]}, "1.0")


def test_a_folder_without_advisories_is_no_list(listed, tmp_path):
    (tmp_path / "README.yaml").write_text("id: nothing")
    with pytest.raises(advisories.NoList, match="holds no advisories"):
        advisories.report(tmp_path, PINNED)


def test_what_is_accepted_has_a_reason_and_an_end():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for one in project["tool"].get("cutscore", {}).get("accepted-advisories", {}).values():
        assert isinstance(one["until"], dt.date)
        assert one["why"]
