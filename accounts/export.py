"""The file that tells a person what is held about them: for programs as JSON, for reading as a page without scripts."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string

from accounts.privacy import Row, Sections, Subject, collect

JSON, PAGE = "data.json", "data.html"


def made(subject: Subject, *, now: dt.datetime) -> bytes:
    """A ZIP archive, made in memory: what one person leaves is small, some 100 kB for each ten sittings."""
    sections = collect(subject, now=now)
    stamp = (now.year, now.month, now.day, now.hour, now.minute, now.second)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ((JSON, as_json(subject, sections, now)), (PAGE, as_page(subject, sections, now))):
            archive.writestr(zipfile.ZipInfo(name, stamp), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def as_json(subject: Subject, sections: Sections, now: dt.datetime) -> str:
    about = {"site": settings.SITE_NAME, "made": now, "addresses": sorted(subject.addresses), "data": sections}
    return json.dumps(about, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def as_page(subject: Subject, sections: Sections, now: dt.datetime) -> str:
    found = [(name, list(told(rows))) for name, rows in sections.items()]
    context = {"site": settings.SITE_NAME, "made": now, "addresses": sorted(subject.addresses), "sections": found}
    return render_to_string("accounts/export.html", context)


def told(rows: list[Row]) -> Iterator[list[tuple[str, Any, list[list[tuple[str, Any, Any]]]]]]:
    """Each row as (name, text, rows within): what lies inside a row is told the same way below it."""
    for row in rows:
        yield [(name.replace("__", ", ").replace("_", " "), *_value(value)) for name, value in row.items()]


def _value(value: Any) -> tuple[Any, Any]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "", list(told(value))
    if isinstance(value, list):
        return ", ".join(str(one) or "–" for one in value) or "–", []
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}", []
    if isinstance(value, bool):
        return ("yes" if value else "no"), []
    return ("–" if value is None or value == "" else value), []
