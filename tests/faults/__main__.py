"""The stack's share of `make soak`: rounds of exams with faults, by a seed, until so many faults have been injected."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from deploy.processes import NotWell
from deploy.stack import CannotStart, Stack, purge

MOST_FAULTS, LONGEST = 100_000, 6 * 3_600
GAVE_UP = 3  # rounds with a breach after which the rest is not worth waiting for


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description="Break a stack while exams are sat on it.")
    parser.add_argument("--faults", type=int, default=1_000, help="stop after the round in which there were so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=24, help="candidates in a round")
    parser.add_argument("--seconds", type=float, default=45.0, help="until a round's last deadline")
    parser.add_argument("--minutes", type=float, default=120.0, help="give up after so long, and say so")
    parser.add_argument("--exam", default="MLA-C02")
    parser.add_argument("--folder", type=Path, help="keep the stack's folder here and use it again")
    parser.add_argument("--verbose", action="store_true", help="tell what happened in every round")
    parser.add_argument("--only", help="this one fault of machines, again and again")
    options = parser.parse_args()
    if not 1 <= options.faults <= MOST_FAULTS or not 4 <= options.count <= 200 or not 10 <= options.seconds <= 600:
        parser.error("4 to 200 candidates, 10 to 600 seconds and at most 100,000 faults")
    os.environ.update(SECRET_KEY="not-used", CUTSCORE_QUICKSTART="true", DJANGO_SETTINGS_MODULE="config.settings")
    from tests.faults.disk import Disk
    from tests.faults.stacks import prepare

    folder = options.folder or Path(tempfile.mkdtemp(prefix="cutscore-faults-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # the database runs as another user when we are root
    disk = Disk(folder / "postgres", mount=options.folder is None)
    prepared = folder / "prepared"
    stack = Stack(folder, say=say, prepare=prepare(options.exam) if not prepared.exists() else False)
    try:
        with stack:
            prepared.touch()
            return asyncio.run(soak(stack, disk, options))
    except (CannotStart, NotWell) as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        disk.remove()
        if options.folder is None:
            purge(folder)


async def soak(stack: Stack, disk: object, options: argparse.Namespace) -> int:
    from tests.faults.disk import Disk
    from tests.faults.play import Played, Round

    assert isinstance(disk, Disk)
    rounds: list[Played] = []
    began, faults = time.monotonic(), 0
    while faults < options.faults and time.monotonic() - began < min(options.minutes * 60, LONGEST):
        play = Round(stack, disk, exam=options.exam, seed=options.seed + len(rounds), count=options.count,
                     seconds=options.seconds)  # fmt: skip
        played = await play.run(machines=[options.only] * 8 if options.only else [])
        rounds.append(played)
        faults += played.faults.total()
        say(f"round {len(rounds)}: {faults:,} of {options.faults:,} faults, {len(played.breaches)} breaches,"
            f" {time.monotonic() - began:,.0f} s")  # fmt: skip
        if played.breaches or options.verbose:
            print(played.report(), flush=True)
        if sum(bool(one.breaches) for one in rounds) >= GAVE_UP:
            break
    tell(rounds, time.monotonic() - began)
    return 1 if faults < options.faults or any(played.breaches for played in rounds) else 0


def tell(rounds: Sequence[object], seconds: float) -> None:
    """The tally by kind of fault, and what came of it."""
    from tests.faults.play import Played

    played = [one for one in rounds if isinstance(one, Played)]
    faults, statuses, outcomes = Counter[str](), Counter[int](), Counter[str]()
    for one in played:
        faults += one.faults
        statuses += one.statuses
        outcomes += one.outcomes
    rows: list[tuple[str, int]] = [("faults", faults.total())]
    rows += [(f"  {name}", count) for name, count in faults.most_common()]
    rows += [("pages loaded again", sum(one.reloads for one in played))]
    rows += [("sittings", sum(one.found.sittings for one in played))]
    rows += [("changes acknowledged", outcomes.total())]
    rows += [(f"  {name}", count) for name, count in outcomes.most_common()]
    rows += [("replies that were errors (5xx), all tried again", sum(n for code, n in statuses.items() if code >= 500))]
    for name in ("lost", "twice", "wrong", "untrue"):
        words = {"lost": "acknowledged and lost", "twice": "not ended, closed and scored exactly once",
                 "wrong": "wrong scores", "untrue": "shown as saved and not acknowledged"}  # fmt: skip
        rows.append((words[name], sum(len(getattr(one.found, name)) for one in played)))
    rows.append(("not sent or scored two minutes later", sum(len(one.stuck) for one in played)))
    for name, count in rows:
        print(f"{name:52} {count:10,}")
    print(f"{'minutes':52} {seconds / 60:10.1f}", flush=True)


def say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
