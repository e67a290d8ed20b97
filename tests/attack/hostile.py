"""Every text that somebody could have typed, made hostile; and what a page, a mail or a file must not make of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Value
from django.db.models.functions import Cast, Concat

from questions import markdown
from questions.models import Exam, Option, Prompt, Revision, ScenarioRevision

MARK = "9731"  # by which our own words are known again
# Out of an attribute, out of a script, out of a comment and a title; an element nobody has, a handler, a template.
TEXT = f"{MARK}'\"></script>--></title><x{MARK} onclick=a><img src=x onerror=a>{{{{7*7}}}}"
SHORT = f"{MARK}\"'><x{MARK} onfocus=a>"
WORDING = f"""{MARK} <script>alert({MARK})</script><img src=x onerror=alert(1)><svg/onload=alert(1)><x{MARK}>

[link](javascript:alert(1)) [spaced]( java\tscript:alert(1)) [coded](&#106;avascript:alert(1)) <javascript:alert(1)>
[data](data:text/html,<script>alert(1)</script>) [title](https://example.com "\\" onmouseover=alert(1) x=\\"")
![tracker](https://evil.example/{MARK}.png) ![script](javascript:alert(1)) ![quote\\" onerror=alert(1)](x)

`</code><x{MARK}>` <a href="https://evil.example" onclick=alert(1) style="position:fixed" id="main">a</a>
<iframe src="//evil.example"></iframe><form action="//evil.example"><input name=password></form><base href="//evil">

| <x{MARK}> | b |
|---|---|
| <math><mi xlink:href="javascript:alert(1)"> | <template><script>alert(1)</script></template> |

```
</pre><script>alert({MARK})</script>
```

Which one?"""
OURS = ("accounts", "cohorts", "exams", "questions", "scoring")
# Not typed by anybody: names that the program gives, secrets, hashes, and what is one of a few words.
NOT_TYPED = {
    "code", "digest", "email", "join_code", "key", "kind", "label", "media_type", "method", "origin", "password",
    "place", "position", "public_id", "rule", "sha256", "source_sha256", "state", "status", "time_zone", "act", "query",
    "format_name", "fate", "category", "sent", "exam", "task", "html", "stem_html", "rationale_html", "url", "absence",
}  # fmt: skip
KEPT = {(Exam, "status"): False}  # a sentence here, though it is a word elsewhere


def poison() -> list[str]:
    """Make every text of the bank, of people and of cohorts hostile; returns the names of what was changed.

    Rows that the database keeps from being changed are changed as well, as a hostile file or an older version of the
    program could have brought them. Wordings are rendered by the real renderer.
    """
    done = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    for model in (one for label in OURS for one in apps.get_app_config(label).get_models()):
        fields = [field for field in model._meta.concrete_fields if is_typed(model, field)]
        for field in fields:
            words = {field.name: hostile(model, field)}
            try:
                with transaction.atomic():
                    model._default_manager.update(**words)
            except IntegrityError:  # may not be filled in everywhere
                model._default_manager.exclude(**{field.name: ""}).update(**words)
        done += [f"{model._meta.label_lower}.{field.name}" for field in fields]
    block, inline = markdown.block(WORDING), markdown.inline(WORDING)
    Revision.objects.update(stem=WORDING, stem_html=markdown.stem(WORDING))
    ScenarioRevision.objects.update(text=WORDING, html=block)
    for model in (Option, Prompt):
        model._default_manager.update(text=WORDING, html=inline, rationale=WORDING, rationale_html=inline)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin")
    return done


def is_typed(model: type[models.Model], field: Any) -> bool:
    typed = isinstance(field, models.CharField | models.TextField) or (
        isinstance(field, ArrayField) and field.name == "tags"
    )
    named = field.name in NOT_TYPED and (model, field.name) not in KEPT
    return typed and not (field.choices or field.unique or field.primary_key or named)


def hostile(model: type[models.Model], field: Any) -> Any:
    if isinstance(field, ArrayField):
        return [SHORT]
    if any(field.name in getattr(one, "fields", ()) for one in model._meta.constraints):  # each its own
        return Concat(Value(SHORT[: field.max_length - 20]), Cast("pk", models.CharField()))
    long = field.max_length is None or field.max_length >= len(TEXT)
    return TEXT if long else SHORT[: field.max_length]


# ---- what came of it ---------------------------------------------------------------------------------------------

URLS = {"href", "src", "action", "formaction", "xlink:href", "poster", "data", "ping", "background", "srcset"}
NEVER = {"applet", "base", "embed", "frame", "frameset", "iframe", "math", "object", "portal", f"x{MARK}"}
LOADED = re.compile(r"(/[^/\\]|\?|#|data:image/(svg\+xml|png);base64,|$)")  # what pages of ours load: their own


class Page(HTMLParser):
    """Everything in a page that hostile text has become more than text in."""

    def __init__(self, text: str, *, chart: bool = False) -> None:
        """A `chart` is a picture of its own; the library that draws it writes style attributes."""
        super().__init__()
        self.never = {"srcdoc"} if chart else {"srcdoc", "style"}
        self.wrong: list[str] = []
        self.script = False
        self.seen = MARK in text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.script = tag == "script"
        if tag in NEVER or (tag == "script" and "src" not in given and "json" not in given.get("type", "")):
            self.wrong.append(f"<{tag}> {self.get_starttag_text()}")
        for name, value in given.items():
            plain = re.sub(r"[\s\x00-\x20]", "", value).lower()
            if name.startswith("on") or name in self.never or re.search(r"[^\w:.@-]", name):
                self.wrong.append(f"{name}= in {self.get_starttag_text()}")
            scheme = re.match(r"(javascript|vbscript|data(?!:image/)|file|blob):", plain)
            if (name in URLS and scheme) or (name in ("src", "action", "formaction") and not LOADED.match(value)):
                self.wrong.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        if self.script and "<" in data:
            self.wrong.append(f"a script holds {data[:80]}")

    def handle_endtag(self, tag: str) -> None:
        self.script = False
