"""What becomes of images that people send: what is kept, what is refused, and what never survives."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import pytest
from PIL import Image as Pillow
from PIL import PngImagePlugin

from questions.images import BadImage, prepare, sha256_of
from questions.mentions import hashes
from questions.models import Image
from questions.services import images
from questions.services.base import NotAnAuthor, Refused
from tests.accounts.factories import UserFactory
from tests.questions.pictures import ALT, SECRET, chunk, claiming, drawn, kept, moving, sent
from tests.questions.studio import a_draft, a_published, choice, reworded
from tests.together import together

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def opened(content: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(content))


# ---- what is kept --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "media_type"),
    [
        ("PNG", {}, "image/png"),
        ("JPEG", {}, "image/jpeg"),
        ("WEBP", {}, "image/webp"),
        ("WEBP", {"lossless": True}, "image/png"),
        ("GIF", {}, "image/png"),
    ],
)
def test_still_images_of_four_kinds_are_taken(kind, options, media_type):
    prepared = prepare(sent(kind=kind, **options))
    assert (prepared.media_type, prepared.width, prepared.height) == (media_type, 40, 20)
    again = opened(prepared.content)
    assert Pillow.MIME[again.format or ""] == media_type
    red, green, blue = again.convert("RGB").tobytes()[:3]
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_way_to_hold_pixels_becomes_a_plain_one(mode):
    image = Pillow.new("L", (8, 8), 255).convert(mode) if mode != "I;16" else Pillow.new(mode, (8, 8), 65_535)
    prepared = prepare(sent(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert opened(prepared.content).mode in ("L", "LA", "RGB", "RGBA")
    assert opened(prepared.content).convert("RGB").getpixel((4, 4)) == (255, 255, 255)


def test_sixteen_bits_of_grey_keep_their_shade():
    prepared = prepare(sent(Pillow.new("I;16", (8, 8), 0x8000)))
    assert opened(prepared.content).convert("L").getpixel((4, 4)) == 0x80


def test_what_is_transparent_stays_so():
    image = Pillow.new("P", (8, 8), 3)
    assert opened(prepare(sent(image, "GIF", transparency=3)).content).tobytes()[3] == 0


def test_an_image_that_lies_on_its_side_is_put_upright():
    exif = Pillow.Exif()
    exif[0x0112] = 6
    prepared = prepare(sent(drawn(40, 20), "JPEG", exif=exif))
    assert (prepared.width, prepared.height) == (20, 40)


def test_the_same_bytes_always_become_the_same_image():
    first = prepare(sent())
    assert first == prepare(sent())
    assert prepare(first.content).sha256 == first.sha256 == sha256_of(first.content)


# ---- what never survives -------------------------------------------------------------------------------------------


def test_metadata_is_gone():
    exif = Pillow.Exif()
    exif[0x010E] = SECRET.decode()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    for content in (
        sent(kind="PNG", pnginfo=text, exif=exif, icc_profile=SECRET),
        sent(kind="JPEG", comment=SECRET, exif=exif, icc_profile=SECRET),
        sent(kind="WEBP", exif=exif, xmp=SECRET, icc_profile=SECRET),
        sent(kind="GIF", comment=SECRET),
    ):
        assert SECRET in content or b"iCCP" in content
        clean = prepare(content).content
        assert SECRET not in clean
        assert not opened(clean).getexif()
        assert not {"comment", "Comment", "xmp", "icc_profile", "exif"} & set(opened(clean).info)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_what_hangs_behind_the_pixels_is_cut_off(kind):
    """A file that is an image and something else, too: a page, a script, an archive."""
    clean = prepare(sent(kind=kind) + b"PK\x03\x04" + SECRET + SVG).content
    assert SECRET not in clean
    assert b"PK\x03\x04" not in clean
    assert b"svg" not in clean


def test_a_palette_carries_nothing():
    image = Pillow.new("P", (8, 8), 3)
    image.putpalette(SECRET.ljust(768, b"\0"))
    content = sent(image)
    assert SECRET in content
    assert SECRET not in prepare(content).content


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SVG,
        b'<?xml version="1.0"?>' + SVG,
        b"<!doctype html>" + SECRET,
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + SVG,
        sent()[:-30],
        sent(drawn(300, 200), "JPEG")[:-100],
        sent(kind="WEBP")[:-10],
        sent(kind="GIF")[:20],
        sent(kind="BMP"),
        sent(kind="TIFF"),
        sent(kind="ICO"),
        claiming(100, 100),
        claiming(0, 100),
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_whole_image_is_refused(content):
    with pytest.raises(BadImage, match="no complete PNG, JPEG, WebP or GIF"):
        prepare(content)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_what_moves_is_refused(kind):
    with pytest.raises(BadImage, match="moves"):
        prepare(moving(kind))


@pytest.mark.parametrize("size", [(4_001, 1), (1, 4_001), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_a_promise_of_too_many_pixels_is_refused_by_its_head(size):
    """A bomb: little on disk, gigabytes when it is unpacked."""
    with pytest.raises(BadImage):
        prepare(claiming(size[0], size[1], content=bytes(1_000_000)))


def test_a_bomb_in_a_text_chunk_is_refused():
    content = sent()
    text = b"Comment\0\0" + zlib.compress(bytes(100_000_000))
    with pytest.raises(BadImage):
        prepare(content[:33] + chunk(b"zTXt", text) + content[33:])


def test_a_jpeg_of_endless_scans_is_refused():
    content = sent(drawn(), "JPEG", progressive=True)
    start = content.index(b"\xff\xda")
    with pytest.raises(BadImage, match="scans"):
        prepare(content[:start] + content[start:-2] * 80 + b"\xff\xd9")


def test_too_many_bytes_are_refused(settings):
    settings.IMAGE_MAXIMUM_BYTES = len(sent()) - 1
    with pytest.raises(BadImage, match=r"more than .* MB"):
        prepare(sent())


def test_limits_are_settings(settings):
    settings.IMAGE_MAXIMUM_SIDE = 39
    with pytest.raises(BadImage, match="40 × 20 pixels large, at most 39 × 39"):
        prepare(sent())


@pytest.mark.parametrize("place", range(8, 70, 3))
def test_a_broken_byte_is_no_crash(place):
    content = bytearray(sent())
    content[place] ^= 0xFF
    with contextlib.suppress(BadImage):
        assert prepare(bytes(content)).content


def test_a_gif_whose_frame_is_larger_than_its_canvas_is_no_way_around_the_limit():
    content = bytearray(sent(kind="GIF"))
    content[6:10] = struct.pack("<HH", 60_000, 60_000)
    with pytest.raises(BadImage):
        prepare(bytes(content))


# ---- in the bank ---------------------------------------------------------------------------------------------------


def test_the_same_bytes_are_the_same_row(author, reviewer):
    first = kept(author)
    assert kept(reviewer, "Another name").pk == first.pk
    assert images.store(content=bytes(Image.objects.get().content), alt=ALT, by=author).pk == first.pk
    assert kept(author, colour="blue").pk != first.pk
    assert Image.objects.count() == 2
    row = Image.objects.get(pk=first.pk)
    assert (row.alt, row.uploaded_by, row.size) == (ALT, author, len(row.content))
    assert sha256_of(bytes(row.content)) == row.sha256


def test_other_metadata_is_the_same_image(author):
    first = kept(author)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "from elsewhere")
    assert images.store(content=sent(pnginfo=text), alt=ALT, by=author).pk == first.pk


@pytest.mark.django_db(transaction=True)
def test_two_who_send_the_same_at_once_share_a_row(author, reviewer):
    one, two = together(lambda: kept(author), lambda: kept(reviewer))
    assert isinstance(one, Image)
    assert isinstance(two, Image)
    assert one.pk == two.pk


@pytest.mark.parametrize("alt", ["", "  ", "x" * 301, "a\0b"])
def test_an_image_needs_words(author, alt):
    with pytest.raises(Refused):
        kept(author, alt)
    assert not Image.objects.exists()


def test_only_authors_keep_and_remove(author):
    image = kept(author)
    with pytest.raises(NotAnAuthor):
        kept(UserFactory())
    with pytest.raises(NotAnAuthor):
        images.remove(sha256=image.pk, by=UserFactory())
    assert Image.objects.count() == 1


def test_what_nothing_shows_can_be_removed(author):
    image = kept(author)
    images.remove(sha256=image.pk, by=author)
    with pytest.raises(Refused, match="deleted already"):
        images.remove(sha256=image.pk, by=author)


def test_an_image_stays_while_any_text_shows_it(author, reviewer, small):
    """Also a wording that was replaced: sittings still show it."""
    image, other = kept(author), kept(author, colour="blue")
    draft = a_draft(author, small, choice(f"Look.\n\n{image.markdown}\n\nWhich one?"))
    with pytest.raises(Refused, match="stays"):
        images.remove(sha256=image.pk, by=author)
    assert images.used([image.pk, other.pk]) == {image.pk}
    reworded(draft, author, "Which one?")
    images.remove(sha256=image.pk, by=author)
    a_published(author, reviewer, small, choice(f"A tailor.\n\n{other.markdown}\n\nWhich coat?"))
    with pytest.raises(Refused, match="stays"):
        images.remove(sha256=other.pk, by=author)


def entities(text: str) -> str:
    return "".join(f"&#x{ord(sign):x};" for sign in text)


@pytest.mark.parametrize(
    "written",
    [
        "![A coat](image\\:{hash})",
        "![A coat](image&colon;{hash})",
        "![A coat](&#105;mage:{hash})",
        "![A coat](image:{entities})",
        "![A coat](<image\\:{hash}>)",
        "![A coat][there]\n\n[there]: image\\:{hash}",
        "> - ![A coat](\n>   image&#58;{hash})",
    ],
)
def test_an_address_in_other_signs_shows_the_image_too(author, small, written):
    image, other = kept(author), kept(author, colour="blue")
    text = written.format(hash=image.pk, entities=entities(image.pk))
    assert hashes([text]) == {image.pk}
    a_draft(author, small, choice(f"Look.\n\n{text}\n\nWhich one?"))
    assert images.used([image.pk, other.pk]) == {image.pk}
    with pytest.raises(Refused, match="stays"):
        images.remove(sha256=image.pk, by=author)
    images.remove(sha256=other.pk, by=author)
