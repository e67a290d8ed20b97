"""Messages of the exam screen: right ones by the schemas of `exams.protocol`, and what accidents leave of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from random import Random
from typing import Any

from exams import protocol
from exams.models import Sitting
from tests.fuzz import values

MODELS = tuple(sorted(protocol.Packet.__subclasses__(), key=lambda model: model.__name__))
SCHEMAS = {model.__name__: model.model_json_schema() for model in MODELS}
FEW = 4
TYPES = (
    "application/json", "application/json; charset=utf-8", "application/json; charset=utf-16",
    "application/json; charset=..",
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", "",
    "a", "é/ü",
    "application/json; charset=no-such", "APPLICATION/JSON", "application/json,text/html",
    "multipart/form-data; boundary=" + "x" * 300,
)  # fmt: skip


class Tokens:
    """What a real window knows of its sitting: the claim, and the tokens at each seat."""

    def __init__(self, sitting: Sitting) -> None:
        self.claim = sitting.claim
        self.seats = {seat.number: (list(seat.tokens), seat.slots) for seat in sitting.form.seats.all()}


def message(rng: Random, known: Tokens) -> dict[str, Any]:
    """A message that the schema allows; most often one that the sitting takes."""
    schema = SCHEMAS[rng.choice(sorted(SCHEMAS))]
    built: dict[str, Any] = _build(schema, schema.get("$defs", {}), rng)
    if rng.random() < 0.85:
        built["claim"] = known.claim
    for sequence, one in enumerate(built.get("changes", ()), rng.choice((1, 50, 70, 1_000))):
        one["sequence"] = sequence
        if rng.random() < 0.8:
            _sound(one, rng, known)
    return built


def _sound(change: dict[str, Any], rng: Random, known: Tokens) -> None:
    """Make it a change of a seat that exists, with the tokens that stand there."""
    seat = rng.choice((0, *known.seats))
    change["seat"] = seat
    for name in ("marks", "scenario"):
        change[name] = sorted({rng.randrange(300) for _ in range(2 * rng.randrange(4))})
        change[name] = change[name][: len(change[name]) // 2 * 2]
    if seat == 0:
        for name in ("response", "flagged", "struck", "marks", "scenario"):
            change.pop(name, None)
        return
    change.pop("text", None)
    tokens, slots = known.seats[seat]
    change["response"] = rng.sample(tokens, min(slots, len(tokens))) if rng.random() < 0.8 else rng.choices(tokens, k=3)
    change["struck"] = rng.sample(tokens, rng.randrange(len(tokens)))


def _build(schema: Mapping[str, Any], shared: Mapping[str, Any], rng: Random) -> Any:
    if "$ref" in schema:
        return _build(shared[schema["$ref"].rpartition("/")[2]], shared, rng)
    if "anyOf" in schema:
        return _build(rng.choice(schema["anyOf"]), shared, rng)
    kind = schema.get("type")
    if kind == "object":
        required = schema.get("required", ())
        return {
            name: _build(part, shared, rng)
            for name, part in schema["properties"].items()
            if name in required or rng.random() < 0.5
        }
    if kind == "array":
        if "prefixItems" in schema:
            return [_build(part, shared, rng) for part in schema["prefixItems"]]
        least, most = schema.get("minItems", 0), schema.get("maxItems", FEW)
        count = rng.choice(
            (least, min(least + 1, most), min(least + FEW, most), most if rng.random() < 0.05 else least)
        )
        return [_build(schema["items"], shared, rng) for _ in range(count)]
    if kind == "integer":
        least, most = schema.get("minimum", -(2**31)), schema.get("maximum", 2**31)
        return rng.choice((least, most, rng.randint(least, most), min(max(1, least), most)))
    if kind == "string":
        return "".join(rng.choice("abcxyz019") for _ in range(rng.randrange(min(schema.get("maxLength", 8), 30) + 1)))
    if kind == "boolean":
        return rng.random() < 0.5
    return None


def body(rng: Random, known: Tokens) -> bytes:
    """The bytes of a message; about a third of them sound."""
    built: Any = message(rng, known)
    chance = rng.random()
    if chance < 0.35:
        return json.dumps(built).encode()
    if chance < 0.8:
        for _ in range(rng.choice((1, 1, 2, 4))):
            built = _mutated(built, rng)
        return json.dumps(built).encode()
    return _broken(json.dumps(built).encode(), rng)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in _places(one, (*path, key)))]


def _mutated(value: Any, rng: Random) -> Any:
    value = copy.deepcopy(value)
    *way, last = rng.choice(_places(value)) or (None,)
    if last is None:
        return values.json_value(rng)
    parent = value
    for step in way:
        parent = parent[step]
    act = rng.randrange(5)
    if act == 0:
        del parent[last]
    elif act == 1 and isinstance(parent, dict):
        parent[values.text(rng)] = parent[last]
    elif act == 1:
        parent.extend([parent[last]] * rng.choice((1, 50, 300)))
    else:
        parent[last] = values.json_value(rng)
    return value


def _broken(sound: bytes, rng: Random) -> bytes:
    deep = rng.choice((300, 100_000))
    return rng.choice((
        lambda: sound[: rng.randrange(len(sound) + 1)],
        lambda: sound.replace(b'"', values.raw(rng), 3),
        lambda: b"\xef\xbb\xbf" + sound,
        lambda: sound.decode().encode("utf-16"),
        lambda: sound[:-1] + b"," + sound[1:],  # every key twice
        lambda: sound + sound,
        lambda: sound.replace(b":", b": " + b" " * 70_000, 1),
        lambda: b"[" * deep + b"]" * deep,
        lambda: b'{"a":' * deep + b"1" + b"}" * deep,
        lambda: sound.replace(b"1", b"1" + b"0" * rng.choice((30, 5_000)), 1),
        lambda: sound.replace(b"1", b"1e999", 1),
        lambda: sound.replace(b'""', b'"\\ud800\\u0000"'),
        lambda: b"x" * rng.choice((63_999, 64_000, 64_001, 1_000_001, 10_000_000)),
        lambda: b"",
        lambda: b"null",
        lambda: b"claim=1&changes=2",
        lambda: bytes(rng.randrange(256) for _ in range(100)),
    ))()  # fmt: skip
