"""Zip archives from strangers. Nothing is ever unpacked to a disk; members are read one at a time, and counted."""

from __future__ import annotations

import io
import lzma
import posixpath
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

from questions.interchange.exchange import Limits, Unreadable

SIGNATURE = b"PK\x03\x04"
DIRECTORY_ENTRY = b"PK\x01\x02"
CHUNK = 65_536
SLACK = 100_000  # bytes for which no ratio is worked out: short texts of one word pack very well
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
NESTED_ENDINGS = (
    ".zip", ".zipx", ".imscc", ".jar", ".war", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst",
    ".cab", ".iso",
)  # fmt: skip
NESTED_STARTS = (SIGNATURE, b"\x1f\x8b", b"BZh", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError,
    NotImplementedError, ValueError, OverflowError, IndexError, KeyError,
)  # fmt: skip


class Archive:
    """The members of a harmless zip archive by name. Raises Unreadable for any other, at once or while it is read.

    What the directory claims is judged first. A member that claims too little does no harm: `zipfile` gives out no
    more than was claimed. Then every byte read is counted, for a manifest may name one member a thousand times.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        if len(data) > limits.bytes:
            raise Unreadable(f"The file has {len(data):,} bytes; at most {limits.bytes:,} are read.")
        if data.count(DIRECTORY_ENTRY) > limits.archive_entries:  # before a row is made of each
            raise Unreadable(f"The archive has more than {limits.archive_entries:,} entries.")
        self._limits = limits
        self._left = limits.archive_bytes
        self._size = len(data)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._members = self._checked(self._zip.infolist())
        except BROKEN as error:
            if isinstance(error, Unreadable):
                raise
            raise Unreadable("The file is not a zip archive that can be read.") from None

    def _checked(self, members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(members) > self._limits.archive_entries:
            raise Unreadable(f"The archive has more than {self._limits.archive_entries:,} entries.")
        checked: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            name = member.orig_filename
            if bad := _bad_name(name):
                raise Unreadable(f"The archive has an entry whose name {bad}: {_shown(name)}.")
            if stat.S_ISLNK(member.external_attr >> 16):
                raise Unreadable(f"The archive holds a symbolic link, which is not allowed: {_shown(name)}.")
            if member.is_dir():
                continue
            if member.flag_bits & 0x1:
                raise Unreadable(f"The archive is encrypted, which cannot be read: {_shown(name)}.")
            if name in checked:
                raise Unreadable(f"The archive has two entries of the same name: {_shown(name)}.")
            if name.lower().endswith(NESTED_ENDINGS):
                raise Unreadable(f"The archive holds another archive, which is not allowed: {_shown(name)}.")
            self._count_claimed(name, member)
            checked[name] = member
        if sum(member.file_size for member in checked.values()) > self._limits.archive_bytes:
            raise Unreadable(f"The archive unpacks to more than {self._limits.archive_bytes:,} bytes.")
        return checked

    def _count_claimed(self, name: str, member: zipfile.ZipInfo) -> None:
        """What a member says of itself; one that says too much need not be opened."""
        packed = min(member.compress_size, self._size)
        if member.file_size > SLACK and member.file_size > packed * self._limits.archive_ratio:
            raise Unreadable(
                f"The entry {_shown(name)} unpacks to more than {self._limits.archive_ratio} times its size."
            )

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        """Names in the order of the archive's directory."""
        return iter(self._members)

    def read(self, name: str) -> bytes:
        """The bytes of a member. Raises KeyError for one that is not there and Unreadable for one that is too much."""
        return self._read(self._members[name], None)

    def start(self, name: str, length: int = 1_024) -> bytes:
        """The first bytes of a member."""
        return self._read(self._members[name], length)

    def _read(self, member: zipfile.ZipInfo, length: int | None) -> bytes:
        name = member.orig_filename
        if member.compress_type not in METHODS:
            raise Unreadable(f"The archive uses a compression that is not read: {_shown(name)}.")
        found = bytearray()
        try:
            with self._zip.open(member) as stream:
                while (length is None or len(found) < length) and (piece := stream.read(min(CHUNK, length or CHUNK))):
                    found += piece
                    self._left -= len(piece)
                    self._count(name, len(found))
        except BROKEN as error:
            if isinstance(error, Unreadable):
                raise
            raise Unreadable(f"The archive is damaged: {_shown(name)} cannot be read.") from None
        if bytes(found).startswith(NESTED_STARTS):
            raise Unreadable(f"The archive holds another archive, which is not allowed: {_shown(name)}.")
        return bytes(found)

    def _count(self, name: str, size: int) -> None:
        limits = self._limits
        if self._left < 0:
            raise Unreadable(f"The archive unpacks to more than {limits.archive_bytes:,} bytes.")
        if size > limits.bytes:
            raise Unreadable(f"The entry {_shown(name)} unpacks to more than {limits.bytes:,} bytes.")


def is_archive(data: bytes) -> bool:
    return data.startswith((SIGNATURE, b"PK\x05\x06"))


def resolve(base: str, href: str) -> str:
    """The name of the member that `href`, standing in a member or folder `base`, points to; "" outside the archive."""
    address = unquote(href.partition("#")[0].partition("?")[0])
    if not address or "://" in address or address.startswith("/"):
        return ""
    found = posixpath.normpath(posixpath.join(posixpath.dirname(base), address))
    return "" if found.startswith("..") else found


def _bad_name(name: str) -> str:
    if "\\" in name:
        return "has a backslash"
    if name.startswith("/") or name[1:2] == ":":
        return "is an absolute path"
    if ".." in name.split("/"):
        return "leads out of the archive"
    if not name.strip() or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        return "cannot be printed"
    return ""


def _shown(name: str) -> str:
    """A name as it can stand in a sentence."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in name)
    return plain if len(plain) <= 80 else f"{plain[:77]}…"
