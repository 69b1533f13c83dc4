"""Where a file bears a pickle, by content: itself, or in a zip, a tar, a numpy array or a compressed stream.

This tells that a pickle is there, within bounds; what it would do is not followed here. Sources: CPython's
`pickletools`, PyTorch's two archive layouts, numpy's `lib/format.py`.
"""

from __future__ import annotations

import bz2
import io
import lzma
import pickletools
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, cast

from verifier import limits
from verifier.formats.content import Content
from verifier.snapshot import Source

_PEEK = 64 * limits.KIB
_LARGEST_ARGUMENT = limits.MIB
_MOST_OPCODES = 10_000
_IMPORTS = frozenset({"GLOBAL", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"})
_CALLS = frozenset({"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"})
_HIGHEST_PROTOCOL = 5
_PICKLE_NAMES = (".pkl", ".pickle")


class _BeyondBoundsError(Exception):
    """An opcode's argument is larger than what this look takes into memory."""


class _Stream:
    """A `Source` as `pickletools.genops` reads one, within bounds."""

    def __init__(self, source: Source) -> None:
        self.size = source.size
        self._source = source
        self._position = 0

    def read(self, size: int) -> bytes:
        if size > _LARGEST_ARGUMENT and self._position + size <= self.size:
            raise _BeyondBoundsError
        data = self._source.read_at(self._position, min(size, _LARGEST_ARGUMENT))
        self._position += len(data)
        return data

    def readline(self) -> bytes:
        data = self._source.read_at(self._position, _PEEK)
        line = data[: data.find(b"\n") + 1] or data
        self._position += len(line)
        return line

    def tell(self) -> int:
        return self._position


class _File(io.RawIOBase):
    """A `Source` as the file object that zipfile and tarfile want."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._source.size - self._position if size is None or size < 0 else size
        data = self._source.read_at(self._position, max(0, wanted))
        self._position += len(data)
        return data


def read(source: Source) -> Content | None:
    """Give the content of a file that bears a pickle or may hide one; None where neither is so."""
    start = source.read_at(0, _PEEK)
    if kind := _bare(source):
        return Content("pickle", pickles=(kind,))
    if start.startswith(b"PK\x03\x04") or b"PK\x05\x06" in source.read_at(max(0, source.size - _PEEK), _PEEK):
        return _archive("zip", source, _zip_members)
    if start[257:262] == b"ustar" or _is_old_tar(start):
        return _archive("tar", source, _tar_members)
    if (format_and_inner := _compressed(start)) is not None:
        return _from_compressed(*format_and_inner)
    return None


def _bare(source: Source) -> str | None:
    """Say how a file is itself a pickle, or give None."""
    start = source.read_at(0, _PEEK)
    if len(start) >= 2 and start[0] == 0x80 and start[1] <= _HIGHEST_PROTOCOL:
        return f"a pickle of protocol {start[1]}"
    if start.startswith(b"\x93NUMPY"):
        return "a numpy array of Python objects" if _numpy_holds_objects(start) else None
    return "a pickle of protocol 0 or 1" if _is_unmarked_pickle(_Stream(source)) else None


def _in_memory(data: bytes) -> Source:
    return Source(len(data), data, descriptor=-1)


def _is_unmarked_pickle(stream: _Stream) -> bool:
    """Tell whether bytes without a protocol mark run as opcodes: up to a call, or as data to the last byte.

    A stream that breaks after the call counts, since it has run by then. Text that happens to begin with opcodes
    soon lacks something on the stack. What stays valid beyond the bounds of this look is a pickle, too.
    """
    depth, imported, count = 0, False, 0
    marks: list[int] = []
    try:
        for opcode, _, position in pickletools.genops(cast("IO[bytes]", stream)):
            count += 1
            before, after = opcode.stack_before, opcode.stack_after
            if pickletools.markobject in before:
                depth = marks.pop() if marks else -1
                before = before[: before.index(pickletools.markobject)]
            depth -= len(before)
            if depth < 0:
                return False
            if pickletools.markobject in after:
                marks.append(depth)
            else:
                depth += len(after)
            imported = imported or opcode.name in _IMPORTS
            if (opcode.name in _CALLS and imported) or opcode.name == "INST" or count > _MOST_OPCODES:
                return True
            if opcode.name == "STOP":
                return count > 3 and position == stream.size - 1
    except _BeyondBoundsError:
        return True
    except (ValueError, struct.error, OverflowError, IndexError):
        return False
    return False


def _numpy_holds_objects(start: bytes) -> bool:
    wide = start[6:7] != b"\x01"
    length = int.from_bytes(start[8:12] if wide else start[8:10], "little")
    header = start[12 if wide else 10 :][:length]
    return b"|O" in header or b"'O'" in header or len(header) < length


def _is_old_tar(start: bytes) -> bool:
    """Tell whether the first block is a tar header without the ustar mark (legacy PyTorch writes these)."""
    if len(start) < 512 or not start[0]:
        return False
    try:
        tarfile.TarInfo.frombuf(start[:512], "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _archive(format_name: str, source: Source, members: Callable[[Source], list[tuple[str, bytes]]]) -> Content:
    pickles = []
    try:
        for name, start in members(source):
            if kind := _bare(_in_memory(start)):
                pickles.append(f"{kind} in {name}")
            elif name.lower().endswith(_PICKLE_NAMES):
                pickles.append(f"a pickle by name in {name}")
            elif start.startswith((b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")) or start[257:262] == b"ustar":
                return Content(format_name, tuple(pickles), unfollowed=f"it holds another archive, {name}")
    except Exception as error:
        return Content(format_name, tuple(pickles), unfollowed=f"its members can't be read: {type(error).__name__}")
    return Content(format_name, tuple(pickles))


def _zip_members(source: Source) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(_File(source)) as archive:
        names = archive.infolist()
        if len(names) > limits.MAX_ARCHIVE_MEMBERS:
            raise ValueError("too many members")
        members = []
        for info in names:
            with archive.open(info) as member:
                members.append((info.filename, member.read(1024 if info.file_size > _PEEK else _PEEK)))
        return members


def _tar_members(source: Source) -> list[tuple[str, bytes]]:
    members = []
    with tarfile.open(fileobj=_File(source), mode="r:", ignore_zeros=False) as archive:
        for count, info in enumerate(archive):
            if count > limits.MAX_ARCHIVE_MEMBERS:
                raise ValueError("too many members")
            file = archive.extractfile(info) if info.isreg() else None
            members.append((info.name, file.read(1024 if info.size > _PEEK else _PEEK) if file else b""))
    return members


def _compressed(start: bytes) -> tuple[str, bytes | None] | None:
    """Give the compression's name and the first bytes inside (None: not to be had here), or None."""
    try:
        if start.startswith(b"\x1f\x8b"):
            return "gzip", zlib.decompressobj(31).decompress(start, _PEEK)
        if start.startswith(b"BZh"):
            return "bzip2", bz2.BZ2Decompressor().decompress(start, _PEEK)
        if start.startswith((b"\xfd7zXZ\0", b"\x5d\0\0")):
            return "xz", lzma.LZMADecompressor().decompress(start, _PEEK)
        if start[:1] == b"\x78" and len(start) > 1 and int.from_bytes(start[:2], "big") % 31 == 0:
            return "zlib", zlib.decompressobj().decompress(start, _PEEK)
    except (zlib.error, OSError, lzma.LZMAError, EOFError):
        return None if start[:1] == b"\x78" else ("a compressed stream", None)
    if start.startswith((b"7z\xbc\xaf\x27\x1c", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")):
        return "a compressed stream", None
    return None


def _from_compressed(format_name: str, inner: bytes | None) -> Content:
    kind = _bare(_in_memory(inner)) if inner is not None else None
    if kind:
        return Content(format_name, pickles=(f"{kind} inside {format_name}",))
    return Content(format_name, unfollowed=f"it is compressed ({format_name}) and was not followed")
