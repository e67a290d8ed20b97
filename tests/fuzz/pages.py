"""What the product's own pages offer: links to follow and forms to fill in, found by going through them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from django.urls import Resolver404, resolve
from lxml import html

from tests.fuzz.send import Answer, Request

ROUTE_EACH = 2  # addresses of one route that a person is sent to; the same page with another object tells little
FORM_EACH = 3
HEAD = ("GET", "HEAD")


@dataclass(frozen=True)
class Input:
    name: str
    kind: str  # of an <input>, or "select", "textarea", "button"
    value: str
    choices: tuple[str, ...] = ()
    sent: bool = True  # whether a browser sends it when nothing is touched


@dataclass(frozen=True)
class Form:
    who: str
    page: str
    action: str
    method: str
    multipart: bool
    inputs: tuple[Input, ...]

    @property
    def shape(self) -> tuple[Any, ...]:
        return self.who, route_of(self.action.partition("?")[0]), self.method, tuple(one.name for one in self.inputs)


@dataclass(frozen=True)
class Link:
    who: str
    path: str
    query: str


def route_of(path: str) -> str:
    try:
        return str(resolve(path).route)
    except (Resolver404, ValueError):
        return ""


def requested(who: str, address: str, cookie: str) -> Request:
    parts = urlsplit(address)
    headers = (("HTTP_COOKIE", f"sessionid={cookie}"),) if cookie else ()
    return Request("GET", unquote_to_bytes(parts.path), parts.query.encode(), headers, who=who, label=parts.path)


def crawl(
    ask: Callable[[Request], Answer], cookies: dict[str, str], start: Sequence[str]
) -> tuple[list[Link], list[Form]]:
    """Go through the pages as each of these people, breadth first, each route a few times."""
    links: dict[Link, None] = {}
    forms: dict[Form, None] = {}
    shapes: Counter[Any] = Counter()
    for who, cookie in {"": "", **cookies}.items():
        seen: set[str] = set()
        routes: Counter[str] = Counter()
        waiting = deque(start)
        while waiting:
            address = waiting.popleft()
            path = urlsplit(address).path
            route = route_of(path)
            if address in seen or routes[route] >= ROUTE_EACH:
                continue
            seen.add(address)
            answer = ask(requested(who, address, cookie))
            if answer.status == 200:
                routes[route] += 1
                links[Link(who, path, urlsplit(address).query)] = None
            if answer.status in (301, 302, 303):
                waiting.append(local(address, answer.headers.get("location", "")))
            if answer.status != 200 or answer.kind != "text/html" or not answer.content.strip():
                continue
            tree = html.document_fromstring(answer.content.decode())
            for form in forms_of(tree, who, address):
                if shapes[form.shape] < FORM_EACH:
                    shapes[form.shape] += 1
                    forms[form] = None
            waiting.extend(linked for linked in links_of(tree, address) if linked not in seen)
    return list(links), list(forms)


def local(page: str, reference: str) -> str:
    """A reference of a page as path and query; "/" for what leads elsewhere."""
    parts = urlsplit(urljoin(f"http://127.0.0.1:8000{page}", reference))
    if parts.hostname != "127.0.0.1" or parts.path.startswith("/static/"):
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")


def links_of(tree: Any, page: str) -> Iterator[str]:
    for attribute in ("href", "src", "hx-get"):
        for element in tree.xpath(f"//*[@{attribute}]"):
            yield local(page, element.get(attribute))


def forms_of(tree: Any, who: str, page: str) -> Iterator[Form]:
    for form in tree.xpath("//form"):
        inside = list(form.iter("input", "select", "textarea", "button"))
        if form.get("id"):
            inside += tree.xpath("//*[@form=$name]", name=form.get("id"))
        inputs = tuple(one for element in inside for one in inputs_of(element))
        actions = {form.get("action") or page, *(one.get("formaction") for one in inside if one.get("formaction"))}
        for action in sorted(actions):
            yield Form(
                who, page, local(page, action), (form.get("method") or "get").upper(),
                form.get("enctype") == "multipart/form-data", inputs,
            )  # fmt: skip
    for element in tree.xpath("//*[@hx-post]"):
        yield Form(who, page, local(page, element.get("hx-post")), "POST", False, ())


def inputs_of(element: Any) -> Iterator[Input]:
    name, tag = element.get("name"), element.tag
    if not name or element.get("disabled") is not None or name == "csrfmiddlewaretoken":
        return
    if tag == "select":
        options = element.xpath(".//option")
        chosen = [one.get("value") or "" for one in options if one.get("selected") is not None] or [""]
        choices = tuple(one.get("value") or "" for one in options)
        for value in chosen:
            yield Input(name, "select", value, choices)
    elif tag == "textarea":
        yield Input(name, "textarea", element.text or "")
    elif tag == "button":
        yield Input(name, "button", element.get("value") or "", sent=False)
    else:
        kind = (element.get("type") or "text").lower()
        sent = kind not in ("checkbox", "radio", "submit") or element.get("checked") is not None
        yield Input(name, kind, element.get("value") or ("on" if kind == "checkbox" else ""), sent=sent)
