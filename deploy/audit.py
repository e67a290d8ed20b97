"""Whether a weakness is known in anything that we pin: pip-audit on requirements.txt, and a note of what it found.

    python deploy/audit.py                  ask for advisories (needs the network), judge, write docs/audit.json
    python deploy/audit.py --list FOLDER    the same without a network, by a list on this disk (deploy/advisories.py)
    python deploy/audit.py --status         say how far the last one reaches and which pins have changed since

An audit counts only if advisories could be asked for every pin: pip-audit itself calls one that it could not look up
"skipped" and ends well. Weaknesses that do not concern us are accepted in pyproject.toml with a reason and a last day:

    [tool.cutscore.accepted-advisories]
    "GHSA-xxxx-xxxx-xxxx" = { until = 2027-01-31, why = "we do not parse such files" }
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config.bom import pins
from deploy import advisories

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs" / "audit.json"
STALE = dt.timedelta(days=30)

Accepted = Mapping[str, Mapping[str, Any]]


class CannotAsk(Exception):
    """Nobody answered; the message is one sentence."""


def asked(requirements: Path) -> dict[str, Any]:
    """pip-audit's JSON. Raises CannotAsk."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--require-hashes", "--disable-pip",
         "--format", "json", "--progress-spinner", "off"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        said = "".join(done.stderr.strip().splitlines()[-1:])
        raise CannotAsk(f"Advisories could not be asked for: {said}") from error
    return report


def judge(report: Mapping[str, Any], pinned: Mapping[str, str], accepted: Accepted, today: dt.date) -> list[str]:
    """What is wrong, in sentences, from pip-audit's JSON; an audit without any is passed."""
    told = {one["name"]: one for one in report["dependencies"]}
    wrong = [
        f"{name} {version} could not be looked up: {told.get(name, {}).get('skip_reason', 'nothing was said of it')}."
        for name, version in pinned.items()
        if told.get(name, {}).get("version") != version or "skip_reason" in told[name]
    ]
    for one in told.values():
        for found in one.get("vulns", []):
            names = {found["id"], *found.get("aliases", [])}
            excuse = next((accepted[name] for name in names if name in accepted), None)
            if excuse is None:
                mended = ", ".join(found.get("fix_versions", [])) or "no version yet"
                wrong.append(f"{one['name']} {one['version']} has {found['id']}; mended in {mended}.")
            elif excuse["until"] < today:
                wrong.append(f"{found['id']} in {one['name']} was accepted until {excuse['until']} only.")
    return wrong


def standing(record: Mapping[str, Any] | None, pinned: Mapping[str, str], today: dt.date) -> list[str]:
    """What the last audit does not cover, in sentences."""
    if record is None:
        return ["No audit has been recorded yet."]
    age = today - dt.date.fromisoformat(record["checked"])
    late = [f"The last audit knows nothing of the last {age.days} days."] if age > STALE else []
    changed = sorted(name for name, version in pinned.items() if record["pins"].get(name) != version)
    return late + ([f"Changed since the last audit: {', '.join(changed)}."] if changed else [])


def main() -> int:
    parser = argparse.ArgumentParser(description="Audit what requirements.txt pins.")
    parser.add_argument("--list", type=Path, metavar="FOLDER", help="a checkout of the advisory database")
    parser.add_argument("--status", action="store_true", help="only say what the last audit covers")
    options = parser.parse_args()
    requirements = ROOT / "requirements.txt"
    pinned = {pin.name: pin.version for pin in pins(requirements.read_text()) if not pin.marker}
    today = dt.datetime.now(dt.UTC).date()
    if options.status:
        record = json.loads(RECORD.read_text()) if RECORD.exists() else None
        wrong = standing(record, pinned, today)
        print(
            "\n".join(wrong)
            or f"Audited by what was known on {record['checked'] if record else ''}; no pin has changed since."
        )
        return bool(wrong)
    try:
        # By a list nothing is known that came after its newest change.
        report, reach = advisories.report(options.list, pinned) if options.list else (asked(requirements), today)
    except (CannotAsk, advisories.NoList) as problem:
        print(problem, file=sys.stderr)
        return 2
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    accepted = project["tool"].get("cutscore", {}).get("accepted-advisories", {})
    wrong = judge(report, pinned, accepted, today)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    RECORD.write_text(json.dumps({"checked": reach.isoformat(), "pins": pinned}, indent=1) + "\n")
    print(f"{len(pinned)} pins have no weakness that was known on {reach} and is not accepted.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
