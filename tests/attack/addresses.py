"""Every address of the project, whoever wrote it: ours, allauth's and the admin's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from tests.attack.world import World

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^()]*\)")


@dataclass(frozen=True)
class Address:
    """`name` with its namespace, or the route where it has none; `keys` are its parameters."""

    name: str
    route: str
    keys: tuple[str, ...]
    named: bool

    def url(self, world: World, **other: Any) -> str:
        """The path, of things that exist; `other` values stand above them."""
        given = world.values_for(self.name) | other
        wanted = {key: given[key] for key in self.keys}
        if self.named:
            try:
                return reverse(self.name, kwargs=wanted)
            except NoReverseMatch:
                raise LookupError(f"{self.name} cannot be made of {wanted}.") from None
        return "/" + PARAMETER.sub(lambda found: str(wanted[found[1] or found[2]]), self.route).rstrip("$")


def every_address() -> list[Address]:
    """All patterns of config.urls, in the order in which they are tried; of two with one route the first answers."""
    found: dict[str, Address] = {}
    for one in _walk(get_resolver(), "", ""):
        found.setdefault(one.route, one)
    return list(found.values())


def _walk(resolver: URLResolver, route: str, space: str) -> Iterator[Address]:
    for one in resolver.url_patterns:
        here = route + str(one.pattern).removeprefix("^")
        if isinstance(one, URLResolver):
            yield from _walk(one, here, f"{space}{one.namespace}:" if one.namespace else space)
            continue
        assert isinstance(one, URLPattern)
        keys = tuple(key for pair in PARAMETER.findall(here) for key in pair if key)
        yield Address(f"{space}{one.name}" if one.name else f"/{here}", here, keys, bool(one.name))
