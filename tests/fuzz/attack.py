"""Requests, each from its own seed: what pages offer with something wrong in it, and what no page would ever send."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from urllib.parse import quote, quote_plus, unquote_to_bytes

from tests.fuzz import bodies, messages, values
from tests.fuzz.files import files
from tests.fuzz.pages import Form, Input, Link
from tests.fuzz.send import Request
from tests.fuzz.targets import Target, fill
from tests.fuzz.world import World

TOKEN = "a" * 32  # of the cookie and of the header, so that forgeries are not all that is refused
METHODS = (
    "GET",
    "POST",
    "POST",
    "HEAD",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
    "get",
    "É",
    "X" * 300,
)
BOUNDARY = "x" * 20
Headers = tuple[tuple[str, str], ...]
ODD_HEADERS: tuple[tuple[str, Sequence[str]], ...] = (
    ("HTTP_HOST", ("", "a b", "evil.example", "127.0.0.1:99999", "[::1", "127.0.0.1:\xff", "a" * 3_000,
        "localhost:x", "127.0.0.1:8000,a")),
    ("HTTP_COOKIE", ("sessionid=", "=", ";;;", "sessionid=\xff\xfe", "csrftoken=é", "a=" + "b" * 9_000,
        "sessionid=" + "z" * 500,
                     'messages="[[\\"__json_message\\"]]"; sessionid=a', "csrftoken=" + "a" * 64, 'a="\\400\\377"',
                     "sessionid=\0")),
    ("HTTP_RANGE", ("bytes=0-", "bytes=9-1", "x", "bytes=" + "0-1," * 999)),
    ("HTTP_IF_MODIFIED_SINCE", ("never", "Sun, 06 Nov 0000 99:99:99 GMT", "Sun, 06-Nov-99999 08:49:37 GMT", "\xff",
        "Fri, 31 Feb 2026 10:00:00 GMT")),
    ("HTTP_IF_NONE_MATCH", ("*", '"', 'W/"\xff"', '"a",' * 999)),
    ("HTTP_ACCEPT", ("", "*/*;q=x", "a/b;q=1e999", "text/html;" * 999, "application/json", "\xff")),
    ("HTTP_ACCEPT_LANGUAGE", ("xx", "de,en;q=0.x", "a" * 3_000, "*", "é", "en;q=9" * 300)),
    ("HTTP_ACCEPT_ENCODING", ("gzip", "br;q=x", "identity;q=0", "\xff", "gzip," * 999)),
    ("HTTP_X_REQUEST_ID", ("a\nb", "\xff" * 9, "x" * 9_000, "good-request-id")),
    ("HTTP_X_FORWARDED_FOR", ("", "1.2.3.4", "::1, é", "1.2.3.4," * 999, "[", "unknown", "1.2.3.4:99", "\xff")),
    ("HTTP_X_FORWARDED_PROTO", ("https", "x", "\xff")),
    ("REMOTE_ADDR", ("", "::1", "::ffff:1.2.3.4", "fe80::1%eth0", "unix:", "999.1.1.1")),
    ("HTTP_ORIGIN", ("null", "http://[", "https://evil.example", "\xff", "http://127.0.0.1:8000", "http://a:b")),
    ("HTTP_REFERER", ("http://[", "\xff", "//", "https://evil.example/x", "http://127.0.0.1:8000/", "javascript:1")),
    ("HTTP_AUTHORIZATION", ("Bearer x", "Bearer é", "Basic \xff", "", "Bearer " + "y" * 9_000, "Digest")),
    ("HTTP_HX_REQUEST", ("true", "\xff")),
    ("HTTP_HX_CURRENT_URL", ("http://[", "é", "/bank/", "//evil.example", "%zz")),
    ("HTTP_HX_CURRENT_URL_URI_AUTOENCODED", ("true",)),
    ("HTTP_HX_TARGET", ("\xff", "a b", "<")),
    ("HTTP_X_REQUESTED_WITH", ("XMLHttpRequest",)),
    ("HTTP_X_HTTP_METHOD_OVERRIDE", ("DELETE",)),
    ("HTTP_USER_AGENT", ("", "\xff" * 999, "%n{{7*7}}")),
    ("HTTP_X_CSRFTOKEN", ("", "é", "a" * 64, "\xff" * 32)),
    ("CONTENT_LENGTH", ("", "999999999999", "0", "5")),  # servers let nothing through that is no number
    ("CONTENT_TYPE", messages.TYPES),
    ("QUERY_STRING", ("\xff", "%", "&" * 3_000, "=" * 99, "a[]=1&a[b]=2", "%ff%fe=%c0%80", "page=%00",
        "next=//evil.example")),
)  # fmt: skip


class Attacker:
    """Request number n of a seed is always the same one in the same world."""

    def __init__(self, world: World, links: Sequence[Link], forms: Sequence[Form], targets: Sequence[Target]) -> None:
        self.world, self.links, self.forms, self.targets = world, links, forms, targets
        self.json = [target for target in targets if target.json]
        self.tokens = {name: messages.Tokens(sitting) for name, sitting in world.sittings.items()}
        self.files = files()
        self.kinds: Sequence[tuple[Callable[[Random], Request], int]] = (
            (self.form, 50), (self.exam_screen, 16), (self.address, 16), (self.link, 10), (self.anything, 8),
        )  # fmt: skip

    def request(self, seed: int, number: int) -> Request:
        rng = Random(f"{seed}:{number}")
        makers, weights = zip(*self.kinds, strict=True)
        made: Request = rng.choices(makers, weights)[0](rng)
        if rng.random() < 0.08:
            name, odd = rng.choice(ODD_HEADERS)
            headers = dict(made.headers) | {name: rng.choice(odd)}
            made = replace(made, headers=tuple(headers.items()))
        return made

    # ---- the kinds of request -------------------------------------------------------------------------------------

    def form(self, rng: Random) -> Request:
        """A form of a page, filled in as somebody might, with up to a few fields gone wrong."""
        form = rng.choice(self.forms)
        who = form.who if rng.random() < 0.95 else rng.choice(["", *self.world.people])
        pairs = _filled(form, rng)
        for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 5))):
            _spoil(pairs, form, rng)
        path, _, query = form.action.partition("?")
        if form.method == "GET":
            return self._made("GET", path, _encoded(pairs, rng), who=who)
        if form.multipart or rng.random() < 0.1:
            uploads = [one.name for one in form.inputs if one.kind == "file"]
            body, kind = self._multipart(pairs, uploads, rng), f"multipart/form-data; boundary={BOUNDARY}"
        else:
            body, kind = _encoded(pairs, rng), "application/x-www-form-urlencoded"
        return self._made("POST", path, query.encode(), body, kind, who)

    def exam_screen(self, rng: Random) -> Request:
        """A message of the exam screen to one of the addresses that understand nothing but JSON."""
        name = rng.choice(list(self.world.sittings)) if rng.random() < 0.6 else "running"
        sitting, target = self.world.sittings[name], rng.choice(self.json)
        known = {one: [str(sitting.pk)] for one in target.parameters} if rng.random() < 0.95 else self.world.pools
        path = (
            target.path({one: known[one][0] for one in target.parameters})
            if known is not self.world.pools
            else fill(target, known, rng)
        )
        kind = "application/json" if rng.random() < 0.93 else rng.choice(messages.TYPES)
        who = self.world.owner(sitting) if rng.random() < 0.95 else rng.choice(["", *self.world.people])
        method = "POST" if rng.random() < 0.97 else rng.choice(METHODS)
        return self._made(method, path, b"", messages.body(rng, self.tokens[name]), kind, who)

    def address(self, rng: Random) -> Request:
        """Any address of the product, by any method, of objects that exist and of others."""
        target = rng.choice(self.targets)
        path, method = fill(target, self.world.pools, rng), rng.choice(METHODS) if rng.random() < 0.5 else "GET"
        query = _encoded([(rng.choice(values.NAMES), values.text(rng)) for _ in range(rng.choice((0, 0, 1, 3)))], rng)
        body = (
            b""
            if method == "GET"
            else _encoded([(rng.choice(values.NAMES), values.text(rng)) for _ in range(rng.choice((0, 1, 5)))], rng)
        )
        return self._made(
            method, path, query, body, "application/x-www-form-urlencoded", rng.choice(["", *self.world.people])
        )

    def link(self, rng: Random) -> Request:
        """A page that somebody is sent to, with its query changed."""
        link = rng.choice(self.links)
        pairs = [tuple((*part.split("=", 1), "")[:2]) for part in link.query.split("&") if part]
        changed = [(name, value if rng.random() < 0.5 else values.text(rng)) for name, value in pairs]
        changed += [(rng.choice(values.NAMES), values.text(rng)) for _ in range(rng.choice((0, 1, 1, 2)))]
        return self._made("GET", link.path, _encoded(changed, rng), who=link.who)

    def anything(self, rng: Random) -> Request:
        """Bodies that are broken as such, wherever they go."""
        path = (
            rng.choice(self.forms).action.partition("?")[0]
            if rng.random() < 0.7
            else fill(rng.choice(self.targets), self.world.pools, rng)
        )
        body, kind = bodies.broken(rng)
        return self._made("POST", path, b"", body, kind, rng.choice(["", *self.world.people]))

    # ---- how they are put together --------------------------------------------------------------------------------

    def _multipart(self, pairs: list[tuple[str, str]], uploads: list[str], rng: Random) -> bytes:
        parts = []
        for name, value in pairs:
            if name not in uploads:
                parts.append((f'name="{_quoted(name)}"', _utf8(value)))
        for name in uploads:
            if rng.random() < 0.95:
                label = rng.choice(list(self.files))
                said, content = self.files[label]
                title = label if rng.random() < 0.8 else values.text(rng)
                kind = said if rng.random() < 0.8 else values.text(rng)
                head = f'name="{_quoted(name)}"; filename="{_quoted(title)}"\r\nContent-Type: {_quoted(kind)}'
                parts.append((head, content))
        mark = BOUNDARY.encode()
        body = b"".join(
            b"--" + mark + b"\r\nContent-Disposition: form-data; " + _utf8(head) + b"\r\n\r\n" + content + b"\r\n"
            for head, content in parts
        )
        whole = body + b"--" + mark + b"--\r\n"
        return whole if rng.random() < 0.95 else whole[: rng.randrange(len(whole))]

    def _made(
        self, method: str, path: str, query: bytes = b"", body: bytes = b"", kind: str = "", who: str = ""
    ) -> Request:
        cookies = [f"csrftoken={TOKEN}"]
        if who:
            cookies.append(f"sessionid={self.world.cookies[who]}")
        headers: Headers = (("HTTP_COOKIE", "; ".join(cookies)),)
        if method not in ("GET", "HEAD"):
            headers += (("HTTP_X_CSRFTOKEN", TOKEN), ("CONTENT_TYPE", kind))
        raw = _utf8(path)
        return Request(method, unquote_to_bytes(raw), query, headers, body, who, path[:120], method == "POST")


def _filled(form: Form, rng: Random) -> list[tuple[str, str]]:
    """The fields as they stand, most of the empty ones filled, one of the choices and one of the buttons taken."""
    pairs: list[tuple[str, str]] = []
    buttons = [one for one in form.inputs if one.kind in ("button", "submit")]
    for one in form.inputs:
        if one in buttons or one.kind == "file":
            continue
        if one.kind in ("checkbox", "radio"):
            if one.sent if rng.random() < 0.7 else rng.random() < 0.5:
                pairs.append((one.name, one.value))
        elif one.choices and rng.random() < 0.4:
            pairs.append((one.name, rng.choice(one.choices)))
        elif not one.value and rng.random() < 0.7:
            pairs.append((one.name, values.plausible(rng, one.name, one.kind)))
        else:
            pairs.append((one.name, one.value))
    if buttons and rng.random() < 0.9:
        pressed = rng.choice(buttons)
        pairs.append((pressed.name, pressed.value))
    return pairs


def _spoil(pairs: list[tuple[str, str]], form: Form, rng: Random) -> None:
    kinds: dict[str, Input] = {one.name: one for one in form.inputs}
    act = rng.random()
    if not pairs or act < 0.1:
        name = rng.choice([*kinds, rng.choice(values.NAMES)])
        pairs.append((name, values.text(rng)))
        return
    place = rng.randrange(len(pairs))
    name, value = pairs[place]
    if act < 0.7:
        known = kinds.get(name)
        pairs[place] = (name, values.field(rng, known.kind if known else "text", known.choices if known else ()))
    elif act < 0.8:
        del pairs[place]
    elif act < 0.87:
        pairs += [(name, values.text(rng))] * rng.choice((1, 3, 40))
    elif act < 0.93:
        pairs[place] = (name, str(uuid.UUID(int=rng.getrandbits(128), version=4)))
    else:
        pairs[place] = (name, value + values.text(rng))


def _encoded(pairs: Sequence[tuple[str, str]], rng: Random) -> bytes:
    text = "&".join(f"{_plus(name)}={_plus(value)}" for name, value in pairs).encode()
    if rng.random() < 0.03:
        place = rng.randrange(len(text) + 1)
        text = text[:place] + values.raw(rng) + text[place:]
    return text


def _plus(text: str) -> str:
    return quote_plus(text, errors="surrogatepass")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _quoted(text: str) -> str:
    return quote(text, safe=" /.-_;=*'()&<>é", errors="surrogatepass").replace('"', "%22")
