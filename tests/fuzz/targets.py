"""Every address of the product, read from the resolver, so that a new one is attacked without being named anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.regex_helper import normalize

PARAMETER = re.compile(r"<(?:(?P<converter>[^>:]+):)?(?P<name>[^>]+)>")
PLACE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Target:
    """One pattern. `template` has a `%(name)s` for each parameter; `route` is what a request's resolver match says."""

    route: str
    template: str
    parameters: Mapping[str, str]  # name -> the kind of its converter
    json: bool  # whether the exam screen calls it and understands nothing but JSON

    def path(self, values: Mapping[str, str]) -> str:
        """The address, decoded."""
        return "/" + PLACE.sub(lambda found: values[found[1]], self.template)


def targets() -> list[Target]:
    found = {target.route: target for target in _walk(get_resolver().url_patterns, "", "", {})}
    return [found[route] for route in sorted(found)]


def _walk(
    patterns: Sequence[URLPattern | URLResolver], route: str, template: str, parameters: Mapping[str, str]
) -> Iterator[Target]:
    for one in patterns:
        text, more = _part(one.pattern)
        here = (route + str(one.pattern), template + text, {**parameters, **more})
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, *here)
        else:
            yield Target(*here, json=getattr(one.callback, "speaks_json", False))


def _part(pattern: Any) -> tuple[str, dict[str, str]]:
    """What a pattern adds to an address, and its parameters with their kinds."""
    if isinstance(pattern, RegexPattern):
        template, names = normalize(pattern.regex.pattern)[0]
        return template, dict.fromkeys(names, "regex")
    assert isinstance(pattern, RoutePattern), pattern
    kinds = {name: type(converter).__name__ for name, converter in pattern.converters.items()}
    return PARAMETER.sub(lambda found: f"%({found['name']})s", str(pattern)), kinds


HOSTILE = (
    "0", "1", "-1", "01", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "1" + "0" * 30,
    "9" * 400, "1e3", "٣", "²", "1.5", "NaN", "%00", "\0", "a\0b", "..", "../..", "%2e%2e%2f", "'", "';--", "%s%n",
    "\ud800",
    "\udcff", "é", "İ", "a" * 300, "a" * 5_000, " ", "\n", "a\r\nX: y", "<b>", "{{7*7}}", "__proto__", "undefined",
    "\\",
    "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "0" * 64, "_40", "_00", "new",
    "add",
    "csv", "svg", "png", "&", ";", "?", "#", "a/b", "\u202e", "\U0001f600", "-",
)  # fmt: skip
BY_KIND = {
    "IntConverter": ("0", "1", "2", "007", "2147483648", "9223372036854775808", "1" + "0" * 30, "9" * 3_000, "٣٤"),
    "UUIDConverter": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff"),
    "SlugConverter": ("0", "-", "_", "a" * 3_000, "A-0", "1" * 40, "mla-c01", "None"),
}


def fill(target: Target, pools: Mapping[str, Sequence[str]], rng: Random) -> str:
    """An address of the target: objects that exist where any are known, now and then what no address should hold."""
    values = {}
    for name, kind in target.parameters.items():
        chance = rng.random()
        known = pools.get(name) or pools.get(kind) or ()
        if known and chance < 0.6:
            values[name] = rng.choice(known)
        elif chance < 0.85 and kind in BY_KIND:
            values[name] = rng.choice(BY_KIND[kind])
        else:
            values[name] = rng.choice(HOSTILE)
    return target.path(values)
