"""The headers of a zip: the central directory and the local header of each member, read apart and compared.

Loaders disagree about which of them counts, and attacks live in the difference (CVE-2025-1944, CVE-2025-1945,
CVE-2025-10156). Nothing here is left out for a flag or a checksum. Source: PKWARE's APPNOTE, 4.3 to 4.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verifier import limits
from verifier.source import ByteSource

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64, _LOCATOR64, _DESCRIPTOR = b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"
_TAIL = 65_535 + 22
"""The longest comment behind the end record, and that record."""
_LOCAL_SIZE, _CENTRAL_SIZE = 30, 46
_UNICODE_PATH = 0x7075
_NONE32 = 0xFFFFFFFF
HAS_DESCRIPTOR, IS_ENCRYPTED = 0x08, 0x01


@dataclass(frozen=True, slots=True)
class Header:
    """What one of a member's two headers says; `offset` is that of the local header, in the whole file."""

    name: str
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    offset: int
    is_link: bool = False
    other_name: str | None = None
    """The name in the Unicode Path field, where it is another one: some readers take it, some do not."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The central directory: its entries, where it begins and ends, and how many bytes precede the archive."""

    entries: tuple[Header, ...]
    begin: int
    end: int
    shift: int
    unfollowed: str | None = None
    other_ends: int = 0
    """How many more end records lie behind the one that counts."""


def find_directory(source: ByteSource) -> Directory | None:
    """Read the directory that the last end record names; None where there is none that makes sense."""
    base = max(0, source.size - _TAIL)
    tail = source.read_at(base, _TAIL)
    at = tail.rfind(END)
    while at >= 0:
        if len(tail) - at >= 22 and (found := _directory(source, base + at, tail[at : at + 22])) is not None:
            return replace(found, other_ends=tail.count(END, at + 4))
        at = tail.rfind(END, 0, at)
    return None


def _directory(source: ByteSource, end_record: int, record: bytes) -> Directory | None:
    count, size, offset, comment = struct.unpack("<HLLH", record[10:22])
    behind, before = end_record + 22 + comment, end_record
    locator = source.read_at(max(0, end_record - 20), 20)
    if locator.startswith(_LOCATOR64):  # PyTorch writes one even where 32 bits suffice
        before = _end64(source, struct.unpack("<Q", locator[8:16])[0], end_record - 20)
        wide = source.read_at(before, 56)
        if len(wide) < 56 or not wide.startswith(_END64):
            return None
        count, size, offset = struct.unpack("<QQQ", wide[32:56])
    begin = before - size
    shift = begin - offset
    if begin < 0 or shift < 0 or (count and source.read_at(begin, 4) != CENTRAL):
        return None
    entries: list[Header] = []
    unfollowed = None
    for entry in _entries(source, begin, before, shift):
        if entry is None:
            unfollowed = "its directory can't be read to its end"
            break
        entries.append(entry)
        if len(entries) > limits.MAX_ARCHIVE_MEMBERS:
            unfollowed = f"it holds more than {limits.MAX_ARCHIVE_MEMBERS:,} members"
            break
    if unfollowed is None and len(entries) != count:
        unfollowed = f"its directory holds {len(entries):,} members and claims {count:,}"
    return Directory(tuple(entries), begin, behind, shift, unfollowed)


def _end64(source: ByteSource, claimed: int, locator: int) -> int:
    """Find the 64-bit end record: where the locator says, or right before it where something precedes the archive."""
    return claimed if source.read_at(claimed, 4) == _END64 else max(0, locator - 56)


def _entries(source: ByteSource, at: int, end: int, shift: int) -> Iterator[Header | None]:
    while at < end:
        fixed = source.read_at(at, _CENTRAL_SIZE)
        if len(fixed) < _CENTRAL_SIZE or not fixed.startswith(CENTRAL):
            yield None
            return
        flags, method, _time, checksum, packed, size = struct.unpack("<HHLLLL", fixed[8:28])
        name_size, extra_size, comment_size, _disk, _internal, external, offset = struct.unpack(
            "<HHHHHLL", fixed[28:46]
        )
        name = source.read_at(at + _CENTRAL_SIZE, name_size)
        extra = source.read_at(at + _CENTRAL_SIZE + name_size, extra_size)
        size, packed, offset = _wide(extra, (size, packed, offset))
        is_link = external >> 28 == 0xA
        other = _other_name(extra, name)
        yield Header(decoded(name), flags, method, checksum, packed, size, shift + offset, is_link, other)
        at += _CENTRAL_SIZE + name_size + extra_size + comment_size


def _wide(extra: bytes, values: tuple[int, ...]) -> list[int]:
    """Take from the zip64 field what did not fit into 32 bits, in the field's order."""
    result = list(values)
    for kind, field in _fields(extra):
        if kind == 1:
            for index, value in enumerate(values):
                if value == _NONE32 and len(field) >= 8:
                    result[index] = int.from_bytes(field[:8], "little")
                    field = field[8:]
            break
    return result


def _other_name(extra: bytes, name: bytes) -> str | None:
    """Give the name in the Unicode Path field, whatever its checksum says, if it differs (APPNOTE, 4.6.9)."""
    names = (field[5:] for kind, field in _fields(extra) if kind == _UNICODE_PATH)
    return next((decoded(each) for each in names if each != name), None)


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[at : at + 4])
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def read_local(source: ByteSource, offset: int) -> tuple[Header, int] | None:
    """Read the local header at `offset`; give it and where the member's data begins."""
    fixed = source.read_at(offset, _LOCAL_SIZE)
    if len(fixed) < _LOCAL_SIZE or not fixed.startswith(LOCAL):
        return None
    flags, method, _time, checksum, packed, size, name_size, extra_size = struct.unpack("<HHLLLLHH", fixed[6:30])
    name = source.read_at(offset + _LOCAL_SIZE, name_size)
    extra = source.read_at(offset + _LOCAL_SIZE + name_size, extra_size)
    size, packed = _wide(extra, (size, packed))
    other = _other_name(extra, name)
    header = Header(decoded(name), flags, method, checksum, packed, size, offset, other_name=other)
    return header, offset + _LOCAL_SIZE + name_size + extra_size


def behind_descriptor(source: ByteSource, offset: int) -> int:
    """Give the offset behind a data descriptor, which may have a mark and 32- or 64-bit sizes."""
    data = source.read_at(offset, 28)
    marked = 4 if data.startswith(_DESCRIPTOR) else 0
    for size in (12, 20):
        if data[marked + size :][:4] in (LOCAL, CENTRAL, _END64, END):
            return offset + marked + size
    return offset + marked + (12 if marked else 0)


def decoded(name: bytes) -> str:
    """Decode a member's name; what is not UTF-8 keeps its bytes as surrogates."""
    return name.decode("utf-8", "surrogateescape")
