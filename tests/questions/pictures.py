"""Images as people send them, sound and hostile; drawn here, so that nothing is copied from anywhere."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image as Pillow

from accounts.models import User
from questions.models import Image
from questions.services import images

SECRET = b"<script>alert('here')</script>"
ALT = "A red lamp"


def drawn(width: int = 40, height: int = 20, colour: str = "red") -> Pillow.Image:
    return Pillow.new("RGB", (width, height), colour)


def sent(image: Pillow.Image | None = None, kind: str = "PNG", **options: Any) -> bytes:
    """The file of an image."""
    written = io.BytesIO()
    (image or drawn()).save(written, kind, **options)
    return written.getvalue()


def moving(kind: str) -> bytes:
    frames = [drawn(colour=colour) for colour in ("red", "green", "blue")]
    return sent(frames[0], kind, save_all=True, append_images=frames[1:])


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def claiming(width: int, height: int, content: bytes = b"") -> bytes:
    """A PNG whose head promises so many pixels, whatever follows."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def kept(by: User, alt: str = ALT, **draw: Any) -> Image:
    """An image in the bank."""
    return images.store(content=sent(drawn(**draw)), alt=alt, by=by)
