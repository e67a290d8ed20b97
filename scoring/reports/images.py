"""The images of the bank for authors: the newest first, with what to write to show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from questions.models import Image
from questions.services.images import used

PER_PAGE = 12


@dataclass(frozen=True, slots=True)
class Line:
    """An image, and whether any text shows it."""

    image: Image
    used: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of images."""

    page: Page[Image]
    lines: list[Line]


def listing_of(asked: Mapping[str, str]) -> Listing:
    """Three statements, none of which reads an image's bytes."""
    rows = Image.objects.light().select_related("uploaded_by")
    page = Paginator(rows, PER_PAGE).get_page(asked.get("page", "1"))
    shown = used([image.pk for image in page])
    return Listing(page, [Line(image, image.pk in shown) for image in page])
