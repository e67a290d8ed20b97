"""In which order a window's changes arrived, and which were overtaken or never came. Plain rules without a database.

A window numbers its changes from 1. The timeline names the lowest and the highest number of each packet, the claim
holds every number that arrived; together they tell where the holes were and when they were filled.
"""

from __future__ import annotations

import datetime as dt
import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Spans = Sequence[tuple[int, int]]  # half-open: [start, stop)


@dataclass(frozen=True, slots=True)
class Packet:
    """Changes of one window that arrived together. `place` orders the packets of a window."""

    place: int
    at: dt.datetime
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Changes that were missing when the packet at `place` arrived; `came` is None when they never did."""

    place: int
    first: int
    last: int
    came: dt.datetime | None


def gaps(packets: Sequence[Packet], arrived: Spans, *, named: int = 0, end: int = 0) -> list[Gap]:
    """What each packet overtook. `named` is the last change by the word of End, which stands at place `end`."""
    numbers = sorted(number for start, stop in arrived for number in range(start, stop))
    brought = brought_by(packets, numbers)
    found: list[Gap] = []
    highest = 0
    for packet in sorted(packets, key=lambda packet: packet.place):
        if named and packet.place > end:
            found += _missing(numbers, brought, highest, named, end)
            highest, named = max(highest, named), 0
        found += _missing(numbers, brought, highest, packet.last, packet.place)
        highest = max(highest, packet.last)
    if named:
        found += _missing(numbers, brought, highest, named, end)
    return found


def brought_by(packets: Iterable[Packet], numbers: Sequence[int]) -> dict[int, Packet]:
    """Number -> the packet that brought it. Only a packet's ends are its own for sure; what lies between goes to the
    narrowest packet around it, because one that fills a hole lies inside another one."""
    waiting = sorted(packets, key=lambda packet: packet.first, reverse=True)
    around: list[tuple[int, int, Packet]] = []
    brought: dict[int, Packet] = {}
    ends = {end: packet for packet in waiting for end in (packet.first, packet.last)}
    for number in numbers:
        while waiting and waiting[-1].first <= number:
            packet = waiting.pop()
            heapq.heappush(around, (packet.last - packet.first, packet.place, packet))
        while around and around[0][2].last < number:
            heapq.heappop(around)
        if number in ends:
            brought[number] = ends[number]
        elif around:
            brought[number] = around[0][2]
    return brought


def _missing(numbers: Sequence[int], brought: dict[int, Packet], above: int, to: int, place: int) -> Iterator[Gap]:
    """Runs of changes after `above`, up to `to`, that were not there yet when the packet at `place` was."""
    run: Gap | None = None
    expected = above + 1
    for number in [*numbers[bisect_right(numbers, above) : bisect_left(numbers, to + 1)], to + 1]:
        if number > expected:
            if run:
                yield run
                run = None
            yield Gap(place, expected, number - 1, None)
        expected = number + 1
        packet = brought.get(number) if number <= to else None
        later = packet if packet and packet.place > place else None
        if run and later and later.at == run.came:
            run = Gap(place, run.first, number, run.came)
            continue
        if run:
            yield run
        run = Gap(place, number, number, later.at) if later else None
