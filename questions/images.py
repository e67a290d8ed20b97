"""Bytes that somebody sends to an image that is safe to show: small, still, and nothing in it but its pixels."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from PIL import Image as Pillow

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
MOST_SCANS = 64  # of a JPEG: each costs a pass over all pixels, and a crafted one has thousands
JPEG_QUALITY = 92  # fixed, and with it the tables: an image of ours that comes back stays nearly what it is
MODES = ("L", "LA", "RGB", "RGBA")  # without a palette, which could carry anything


class BadImage(ValueError):
    """The bytes are no image that a question may show; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An image as it is stored. `source` is the SHA-256 of what was sent, `sha256` that of `content`."""

    sha256: str
    source: str
    media_type: str
    width: int
    height: int
    content: bytes


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def prepare(content: bytes) -> Prepared:
    """Decode and encode anew, so that neither metadata nor anything behind the pixels survives. Raises BadImage.

    What it is, is decided by the bytes and never by a name. GIF becomes PNG.
    """
    check_size(len(content))
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MOST_SCANS:
        raise BadImage(f"This JPEG has more than {MOST_SCANS} scans.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is refused here, or harmless
            pixels, kind = _decoded(content)
            written = _encoded(pixels, kind)
    except BadImage:
        raise
    except Exception as problem:  # decoders raise all sorts of things at crafted bytes
        raise BadImage("This is no complete PNG, JPEG, WebP or GIF image.") from problem
    check_size(len(written))
    return Prepared(sha256_of(written), sha256_of(content), kind, pixels.width, pixels.height, written)


def check_size(size: int) -> None:
    """Raise BadImage for more bytes than an image may have."""
    if size > settings.IMAGE_MAXIMUM_BYTES:
        raise BadImage(f"The image has more than {settings.IMAGE_MAXIMUM_BYTES / 1e6:g} MB.")


def _decoded(content: bytes) -> tuple[Pillow.Image, str]:
    """The pixels, upright, and the media type to store them under."""
    from PIL import Image as Pillow  # slow to import, and most processes never see an image
    from PIL import ImageOps

    with Pillow.open(io.BytesIO(content), formats=FORMATS) as image:
        most = settings.IMAGE_MAXIMUM_SIDE
        if max(image.size) > most:  # known from the head alone: nothing has been unpacked yet
            raise BadImage(f"The image is {image.width} × {image.height} pixels large, at most {most} × {most} fit.")
        # Some cameras add a second picture to a JPEG (MPO); the first one is the picture then.
        if image.format in ("PNG", "WEBP", "GIF") and getattr(image, "is_animated", False):
            raise BadImage("The image moves; a question shows still images only.")
        kind = {"WEBP": "image/webp", "JPEG": "image/jpeg", "MPO": "image/jpeg"}.get(image.format or "", "image/png")
        if kind == "image/webp" and b"VP8L" in content[:64]:
            kind = "image/png"  # lossless stays lossless
        image.load()
        upright = ImageOps.exif_transpose(image)
        return _plain(upright), kind


def _plain(image: Pillow.Image) -> Pillow.Image:
    """A copy with 8 bits for each channel and no palette."""
    if image.mode.startswith("I;16"):
        return image.convert("I").point([value >> 8 for value in range(1 << 16)], "L")
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
    if image.mode in MODES:
        return image.copy()
    return image.convert("L" if image.mode == "1" else "RGB")


def _encoded(image: Pillow.Image, kind: str) -> bytes:
    image.info = {}  # comments, profiles, text
    image.getexif().clear()
    written = io.BytesIO()
    if kind == "image/jpeg":
        picture = image if image.mode in ("L", "RGB") else image.convert("RGB")
        picture.save(written, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    elif kind == "image/webp":
        image.save(written, "WEBP", quality=JPEG_QUALITY, method=4)
    else:
        image.save(written, "PNG", optimize=True)
    return written.getvalue()
