"""`make load`: put load on a stack of this machine's own, print what was measured, and delete the stack again."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.processes import NotWell
from deploy.stack import CannotStart, Stack, purge

LONGEST, MOST = 3_600, 10_000


def main() -> int:
    names = ("saves", "starts", "finishes", "day")
    parser = argparse.ArgumentParser(prog="make load", description="Measure the production stack under load.")
    parser.add_argument("scenarios", nargs="*", choices=[*names, []], help="default: all")
    parser.add_argument("--count", type=int, help="candidates (starts and finishes 3,000; day 400)")
    parser.add_argument("--seconds", type=float, help="how long (saves 20, starts 10, day 60)")
    parser.add_argument("--full", action="store_true", help="a day of 5,000 sittings for 20 minutes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--web", type=int, default=2, help="web instances")
    parser.add_argument("--exam", default="MLA-C01")
    parser.add_argument("--folder", type=Path, help="keep the stack's folder here and use it again")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if not 1 <= (options.count or 1) <= MOST or not 1 <= (options.seconds or 1) <= LONGEST:
        parser.error(f"at most {MOST:,} candidates and {LONGEST:,} seconds")
    folder = options.folder or Path(tempfile.mkdtemp(prefix="cutscore-load-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # the database runs as another user when we are root
    try:
        with Stack(folder, web=options.web, environment={"DJANGO_SETTINGS_MODULE": "tests.load.settings"}, say=say,
                   prepare=not (folder / "prepared").exists()) as stack:  # fmt: skip
            (folder / "prepared").touch()
            found = asyncio.run(measure(stack, options))
    except (CannotStart, NotWell) as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        if options.folder is None:
            purge(folder)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))
    broken = [promised for each in found for promised in each["promises"] if not promised["kept"]]
    return 1 if broken else 0


async def measure(stack: Stack, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every scenario in turn, told as soon as it is over."""
    # Only for the functions that sign sessions; nothing here uses a model or a database of Django's.
    os.environ.update(SECRET_KEY="not-used", CUTSCORE_QUICKSTART="true", DJANGO_SETTINGS_MODULE="config.settings")
    from tests.load.figures import table
    from tests.load.scenarios import SCENARIOS, Run

    usual = {"saves": (0, 20.0), "starts": (3_000, 10.0), "finishes": (3_000, 0.0), "day": (400, 60.0)}
    if options.full:
        usual["day"] = (5_000, 1_200.0)
    found = []
    for name in options.scenarios or SCENARIOS:
        count, seconds = usual[name]
        run = Run(stack, exam=options.exam, seed=options.seed, say=say)
        run.count, run.seconds = options.count or count, options.seconds or seconds
        for scenario in SCENARIOS[name]:
            found.append(await replace(run, clock=type(run.clock)(), connections=[]).carry_out(scenario))
            print(table(found[-1]), flush=True)
    return found


def say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
