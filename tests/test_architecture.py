"""The rules of the house that no linter knows: rooms, reverse look-ups, signals, templates, file length."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Field, Model

from tests.environment import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
ROOMS: list[str] = CONTRACTS[0]["layers"][::-1]  # from the ground floor up
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Templates of a room that do not lie under its own name.
FOLDERS = {"accounts": ["account", "accounts", "allauth", "mfa", "usersessions"]}
MOST_LINES = 400


def floor(room: str) -> int:
    return ROOMS.index(room)


@cache
def sources(room: str) -> list[tuple[Path, ast.Module]]:
    """Every Python file of a room but its migrations, parsed."""
    files = [path for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts]
    return [(path.relative_to(ROOT), ast.parse(path.read_text())) for path in files]


def models() -> list[type[Model]]:
    """Every model of every room, tables between two others included."""
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in ROOMS]


def test_the_rooms_are_found():
    assert ROOMS[:3] == ["psychometrics", "operations", "accounts"]
    assert ROOMS[-1] == "config"
    assert {model._meta.app_label for model in models()} >= {"accounts", "questions", "exams", "scoring", "cohorts"}
    assert len(TEMPLATES) > 20


# ---- keys point down -------------------------------------------------------------------------------------------


def relations(model: type[Model]) -> Iterator[Field[Any, Any]]:
    return (field for field in model._meta.get_fields() if isinstance(field, Field) and field.is_relation)


def test_no_key_points_to_a_higher_room():
    upward = [
        f"{model.__name__}.{field.name} -> {field.related_model._meta.label}"
        for model in models()
        for field in relations(model)
        if isinstance(field.related_model, type) and field.related_model._meta.app_label in ROOMS
        if floor(field.related_model._meta.app_label) > floor(model._meta.app_label)
    ]
    assert upward == []


# ---- nobody looks up -------------------------------------------------------------------------------------------

# Calls whose text arguments are look-ups, or names of attributes.
LOOK_UPS = {
    "F", "OuterRef", "Prefetch", "Count", "Sum", "Avg", "Min", "Max", "ArrayAgg", "getattr", "order_by", "values",
    "values_list", "distinct", "only", "defer", "select_related", "prefetch_related", "prefetch_related_objects",
}  # fmt: skip


def from_above(room: str) -> set[str]:
    """Names under which models of this room and below reach rows of higher rooms."""
    return {
        str(name)
        for model in models()
        if floor(model._meta.app_label) <= floor(room)
        for relation in model._meta.related_objects
        if relation.related_model._meta.app_label in ROOMS[floor(room) + 1 :]
        for name in (relation.get_accessor_name(), relation.field.related_query_name())
        if not relation.hidden
    }


def looked_up(node: ast.AST) -> Iterator[str]:
    """Every name by which an expression might reach related rows."""
    if isinstance(node, ast.Attribute):
        yield node.attr
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        unpacked = [keyword.value for keyword in node.keywords if keyword.arg is None]
        texts = [keyword.arg for keyword in node.keywords if keyword.arg]
        for argument in (*unpacked, *(node.args if called in LOOK_UPS else ())):
            texts += [str(part.value) for part in ast.walk(argument) if isinstance(part, ast.Constant)]
        for text in texts:
            yield from text.lstrip("-").split("__")


def test_the_names_from_above_are_known():
    assert from_above("accounts") >= {"sittings", "personal_forms"}
    assert from_above("questions") >= {"seats", "forms"}
    assert from_above("exams") >= {"results"}
    assert from_above("config") == set()


@pytest.mark.parametrize("room", ["accounts", "questions", "exams", "scoring", "cohorts"])
def test_no_code_follows_a_key_backwards_into_a_higher_room(room):
    names = from_above(room)
    found = [
        f"{path}:{node.lineno} uses {name}"
        for path, tree in sources(room)
        for node in ast.walk(tree)
        for name in looked_up(node)
        if name in names and isinstance(node, ast.expr)
    ]
    assert found == []


@pytest.mark.parametrize("room", ["accounts", "questions", "exams", "scoring", "cohorts"])
def test_no_template_does_either(room):
    folders = [ROOT / "templates" / name for name in FOLDERS.get(room, [room])]
    pattern = re.compile(rf"\.({'|'.join(from_above(room)) or '(?!)'})\b")
    tags = [
        f"{path.relative_to(ROOT)}: {tag}"
        for folder in folders
        for path in sorted(folder.rglob("*.html"))
        for tag in re.findall(r"\{[{%].*?[}%]\}", path.read_text())
        if pattern.search(tag)
    ]
    assert tags == []


# ---- no signals ------------------------------------------------------------------------------------------------


def signals(node: ast.AST) -> bool:
    """Whether this imports signals, or connects to one."""
    if isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names}
        return bool({"signals", "dispatch"} & {*(node.module or "").split("."), *names}) or "receiver" in names
    if isinstance(node, ast.Import):
        return any({"signals", "dispatch"} & set(alias.name.split(".")) for alias in node.names)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connect":
        return ast.unparse(node.func.value) != "psycopg"
    return False


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_goes_by_signal(room):
    found = [f"{path}: {ast.unparse(node)}" for path, tree in sources(room) for node in ast.walk(tree) if signals(node)]
    # Lines about what Django and allauth did; nothing of ours is told by it and nothing follows from it.
    assert [line for line in found if not line.startswith("accounts/noting.py:")] == []


# ---- templates under our content security policy ---------------------------------------------------------------


class Inline(HTMLParser):
    """Collects everything in a page that the policy would block, or that htmx would have to evaluate."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.found.append(f"<{tag}>")
        for name, value in given.items():
            handler = name == "style" or re.match(r"on[a-z]|hx-on|data-hx-on", name)
            code = re.match(r"\s*(js|javascript):", value, re.IGNORECASE)
            condition = name in ("hx-trigger", "data-hx-trigger") and "[" in value
            if handler or code or condition:
                self.found.append(f'{name}="{value}"')


def inline(html: str) -> list[str]:
    """What is inline in a template, its own language put aside."""
    reader = Inline()
    reader.feed(re.sub(r"\{%.*?%\}|\{#.*?#\}", "", re.sub(r"\{\{.*?\}\}", "x", html)))
    return reader.found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_has_inline_code_or_style(path):
    assert inline(path.read_text()) == []


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color: red">', "<style>p {}</style>", "<script>go()</script>", '<body onload="go()">',
        '<a {% if x %}class="y"{% endif %} onclick="go()">', '<a href="javascript:go()">',
        """<b hx-on:click="go()">""", """<b hx-on::load="go()">""", """<b hx-vals='js:{a: 1}'>""",
        """<b hx-trigger="click[ctrlKey]">""",
    ],
)  # fmt: skip
def test_what_is_inline_would_be_found(html):
    assert len(inline(html)) == 1


# ---- small files -----------------------------------------------------------------------------------------------


def test_no_python_file_is_longer_than_can_be_read():
    files = [path for folder in (*ROOMS, "tests") for path in (ROOT / folder).rglob("*.py")]
    written = [path for path in files if path.parent.name != "migrations"]  # those are generated
    long = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in written}
    assert {path: lines for path, lines in long.items() if lines > MOST_LINES} == {}
