"""Where a file bears a pickle, by content: itself, or in a zip, a tar, a numpy array or a compressed stream.

This tells that a pickle is there, within bounds; what it would do is not followed here, and an archive within another
is not opened. Sources: PyTorch's two archive layouts, numpy's `lib/format.py`, PKWARE's APPNOTE, POSIX `pax`.
"""

from __future__ import annotations

import ast
import bz2
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Protocol

from verifier import limits
from verifier.formats.content import Content, Follow
from verifier.formats.opcodes import runs_as_pickle
from verifier.source import ByteSource, Memory

_PEEK = 64 * limits.KIB
_MEMBER_PEEK = 4 * limits.KIB
_ZIP_TAIL = 65_535 + 22
"""The longest comment behind a zip's end record, and that record."""
_HIGHEST_PROTOCOL = 5
_PICKLE_NAMES = (".pkl", ".pickle")
_NOT_FILES = (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
_NUMBERS = re.compile(r"[<>|=]?[?bBhHiIlLqQefdgFDGmMSUVcpu]\d*(\[[^\]]*\])?|[<>|=]?(float|int|uint|complex|bool)\d*")
_OPAQUE = (b"7z\xbc\xaf\x27\x1c", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"Rar!\x1a\x07")


def matches(_name: str, source: ByteSource) -> bool:
    """Tell whether the file bears a pickle or may hide one."""
    return _read(source) is not None


def read(_name: str, source: ByteSource, _follow: Follow | None = None) -> Content:
    """Say where the pickles are."""
    return _read(source) or Content("other")


def _read(source: ByteSource) -> Content | None:
    """Give the content of a file that bears a pickle or may hide one; None where neither is so."""
    start = source.read_at(0, _PEEK)
    if (bare := _bare(source, source.size)) is not None:
        return bare
    if start.startswith(b"PK\x03\x04") or b"PK\x05\x06" in source.read_at(max(0, source.size - _ZIP_TAIL), _ZIP_TAIL):
        return _archive("zip", _zip_members(source))
    if _is_tar(start):
        return _archive("tar", _tar_members(source))
    if (name := _compression(start)) is not None:
        inner = _inflated(name, start)
        content = _bare(Memory(inner), max(len(inner), limits.MAX_RECORD)) if inner else None
        if content is not None and content.pickles:
            return Content(name, pickles=tuple(f"{kind} inside {name}" for kind in content.pickles))
        return Content(name, unfollowed=f"it is compressed ({name}) and was not followed")
    return None


def _bare(source: ByteSource, size: int) -> Content | None:
    """Judge bytes that are no archive: a pickle, a numpy array, or neither (None). `size` is the whole stream's."""
    start = source.read_at(0, _PEEK)
    if len(start) >= 2 and start[0] == 0x80 and start[1] <= _HIGHEST_PROTOCOL:
        return Content("pickle", pickles=(f"a pickle of protocol {start[1]}",))
    if start.startswith(b"\x93NUMPY"):
        return _array(start)
    if runs_as_pickle(source, size):
        return Content("pickle", pickles=("a pickle of protocol 0 or 1",))
    return None


def _array(start: bytes) -> Content:
    """Judge a numpy array by its header, a Python literal: whether any of its types is that of objects."""
    wide = start[6:7] not in (b"\x01", b"")
    length = int.from_bytes(start[8:12] if wide else start[8:10], "little")
    header = start[12 if wide else 10 :][:length]
    try:
        described = ast.literal_eval(header.decode("latin-1").strip())["descr"]
        if not length or len(header) < length or described is None:
            raise ValueError("no header")
        kinds = list(_kinds(described))
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        return Content("numpy", unfollowed="its header can't be read")
    if all(_NUMBERS.fullmatch(kind) for kind in kinds):
        return Content("other")
    return Content("numpy", pickles=("a numpy array of Python objects",))


def _kinds(described: object) -> Iterator[str]:
    """Give the type of every field of an array's description; names of fields are not types."""
    if isinstance(described, str):
        yield described
    elif isinstance(described, list):
        for field in described:
            yield from _kinds(field[1])
    elif isinstance(described, tuple):
        yield from _kinds(described[0])
    else:
        raise TypeError


def _is_tar(start: bytes) -> bool:
    """Tell whether the first block is a tar header, also one without the ustar mark (legacy PyTorch writes these)."""
    if len(start) < 512 or not start[0]:
        return False
    try:
        tarfile.TarInfo.frombuf(start[:512], "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _compression(start: bytes) -> str | None:
    if start.startswith(b"\x1f\x8b"):
        return "gzip"
    if start.startswith(b"BZh"):
        return "bzip2"
    if start.startswith(b"\xfd7zXZ\0") or (start[:3] == b"\x5d\0\0" and len(start) > 12):
        return "xz"
    if start.startswith(_OPAQUE):
        return "a format that is not read here"
    return "zlib" if _is_zlib(start) else None


def _is_zlib(start: bytes) -> bool:
    """Tell whether these bytes inflate, or break off behind a pickle; text can begin with x and ^, too."""
    if len(start) < 3 or start[0] != 0x78 or int.from_bytes(start[:2], "big") % 31:
        return False
    try:
        zlib.decompressobj().decompress(start, _PEEK)
    except zlib.error:
        inner = _inflated("zlib", start)
        return bool(inner) and _bare(Memory(inner), len(inner)) is not None
    return True


class _Decompressor(Protocol):
    def decompress(self, data: bytes, size: int, /) -> bytes: ...


def _inflated(name: str, start: bytes) -> bytes:
    """Give the first bytes inside a compressed stream, as far as it can be followed."""
    decompressor: _Decompressor
    if name in ("gzip", "zlib"):
        decompressor = zlib.decompressobj(31 if name == "gzip" else 15)
    elif name == "bzip2":
        decompressor = bz2.BZ2Decompressor()
    elif name == "xz":
        decompressor = lzma.LZMADecompressor(memlimit=64 * limits.MIB)
    else:
        return b""
    inner = b""
    try:
        at = 0
        while at < len(start) and len(inner) < _PEEK:  # in small pieces, so that what stands before a break is seen
            step = 1 if at < 1024 else 256
            inner += decompressor.decompress(start[at : at + step], _PEEK)
            at += step
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
        pass
    return inner


def _archive(format_name: str, members: Iterator[tuple[str, ByteSource, int]]) -> Content:
    """Judge an archive by its members' first bytes; what was found before it can't be read any more, stays found."""
    pickles: list[str] = []
    unfollowed = None
    try:
        for name, start, size in members:
            content = _bare(start, size)
            if content is not None:
                pickles += [f"{kind} in {name}" for kind in content.pickles]
                unfollowed = unfollowed or (f"{name}: {content.unfollowed}" if content.unfollowed else None)
            elif name.lower().endswith(_PICKLE_NAMES):
                pickles.append(f"a pickle by name in {name}")
            elif _is_container(start.read_at(0, _PEEK)):
                unfollowed = unfollowed or f"it holds another archive, {name}"
    except Exception as error:  # zipfile and tarfile raise what they like on hostile input
        unfollowed = f"its members can't be read: {type(error).__name__}"
    return Content(format_name, pickles=tuple(pickles), unfollowed=unfollowed)


def _is_container(start: bytes) -> bool:
    return b"PK\x03\x04" in start or b"PK\x05\x06" in start or _is_tar(start) or _compression(start) is not None


class _File(io.RawIOBase):
    """A `Source` as the file object that zipfile and tarfile want; nothing large is read at once."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._source.size - self._position if size is None or size < 0 else size
        if min(wanted, self._source.size - self._position) > limits.MAX_ARCHIVE_HEADER:
            raise ValueError("the archive asks for more memory than it is given")
        data = self._source.read_at(self._position, max(0, wanted))
        self._position += len(data)
        return data


def _zip_members(source: ByteSource) -> Iterator[tuple[str, ByteSource, int]]:
    with zipfile.ZipFile(_File(source)) as archive:
        if len(archive.infolist()) > limits.MAX_ARCHIVE_MEMBERS:
            raise ValueError("too many members")
        for info in archive.infolist():
            with archive.open(info) as member:
                start = member.read(_MEMBER_PEEK if info.file_size > _PEEK else _PEEK)
            yield info.filename, Memory(start), info.file_size


def _tar_members(source: ByteSource) -> Iterator[tuple[str, ByteSource, int]]:
    with tarfile.open(fileobj=_File(source), mode="r:", ignore_zeros=False) as archive:
        for count, info in enumerate(archive):
            if count > limits.MAX_ARCHIVE_MEMBERS:
                raise ValueError("too many members")
            if info.type not in _NOT_FILES:
                start = source.read_at(info.offset_data, min(info.size, _PEEK))
                yield info.name, Memory(start), info.size
