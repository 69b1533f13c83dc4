"""Compressed streams: gzip, bzip2, xz, lzma, zlib, zstd. What comes out is spooled within the budget and followed.

What came out before a stream breaks is followed, too: a loader may have run it by then. Formats that are recognised
and not read (7z, rar, lz4) are incomplete.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import zstandard

from verifier import limits
from verifier.budget import BudgetSpentError
from verifier.formats import pickle
from verifier.formats.content import Content, Follow, Kind
from verifier.source import ByteSource, Memory, Slice, Spool

_PIECE = 64 * limits.KIB
_MOST = 1 * limits.MIB
"""The most that one call of a decompressor may give, so that it can be counted before there is more."""
_MEMORY = 256 * limits.MIB
"""What a dictionary of xz or a window of zstd may take."""
_OPAQUE = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x04\x22\x4d\x18": "lz4", b"\x02\x21\x4c\x18": "lz4"}


class Decompressor(Protocol):
    """What the standard library's decompressors have in common: bounded output, and where their stream ended."""

    @property
    def eof(self) -> bool:
        """Whether the stream's end was reached."""

    @property
    def unused_data(self) -> bytes:
        """What stood behind the end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Take more of the stream in, give no more than `size` bytes."""


class _Bounded:
    """zlib's object with the interface of the others: it keeps what it has not taken in yet."""

    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, size: int, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, size)


class _Zstandard:
    """zstandard's object, which can't bound what it gives; a block of four bytes can become 128 KiB."""

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj()

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, _size: int, /) -> bytes:
        return self._inner.decompress(data)


_MAKERS: dict[str, Callable[[], Decompressor]] = {
    "gzip": lambda: _Bounded(31),
    "zlib": lambda: _Bounded(15),
    "deflate": lambda: _Bounded(-15),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_MEMORY),
    "zstd": _Zstandard,
}
_BROKEN = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError)


def kind(source: ByteSource) -> str | None:
    """Tell by its first bytes which compression a source is in, also one that is not read here."""
    start = source.read_at(0, 16)
    if start.startswith(b"\x1f\x8b"):
        return "gzip"
    if start.startswith(b"BZh"):
        return "bzip2"
    if start.startswith(b"\xfd7zXZ\0") or (start[:3] == b"\x5d\0\0" and len(start) > 12):
        return "xz"
    if start.startswith(b"\x28\xb5\x2f\xfd") or (start[1:4] == b"\x2a\x4d\x18" and 0x50 <= start[0] <= 0x5F):
        return "zstd"
    for mark, name in _OPAQUE.items():
        if start.startswith(mark):
            return name
    return "zlib" if _is_zlib(source) else None


def _is_zlib(source: ByteSource) -> bool:
    """Tell whether these bytes inflate, or break off behind much, or behind a pickle; text can begin with x^, too."""
    start = source.read_at(0, _PIECE)
    if len(start) < 6 or start[0] & 0x0F != 8 or start[0] > 0x78 or int.from_bytes(start[:2], "big") % 31:
        return False
    stream, inner, at = zlib.decompressobj(), b"", 0
    try:
        while at < len(start) and len(inner) < limits.KIB:
            inner += stream.decompress(start[at : at + _first_pieces(at)], _PIECE)
            at += _first_pieces(at)
    except zlib.error:
        return pickle.matches("", Memory(inner))
    return True


def _first_pieces(at: int) -> int:
    """Give how much to take in at `at`: little at first, so that what stands before a break comes out."""
    return 1 if at < limits.KIB else 256


def matches(_name: str, source: ByteSource) -> bool:
    """Tell whether the bytes begin as a compressed stream."""
    return kind(source) is not None


def read(name: str, source: ByteSource, follow: Follow) -> Content:
    """Inflate all streams in a row and follow what came out."""
    found = kind(source) or "zlib"
    if found not in _MAKERS:
        return Content(found, unfollowed=f"{found} is recognised and not read here")
    with Spool() as spool:
        end, unfollowed = inflate(found, source, spool, follow)
        parts = []
        if spool.size or not unfollowed:
            parts.append(replace(follow.part(_inner_name(name), spool, kind=Kind.INSIDE), name=""))
        if end < source.size and any(source.read_at(end, _PIECE)):
            tail = Slice(source, end, source.size - end)
            parts.append(follow.part("", tail, kind=Kind.TAIL, offset=end))
    return Content(found, parts=tuple(parts), unfollowed=unfollowed)


def _inner_name(name: str) -> str:
    """Give a member its name without what tells the compression: `model.pkl.gz` holds `model.pkl`."""
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and suffix.lower() in ("gz", "bz2", "xz", "lzma", "zst", "zstd", "z", "tgz") else name


def inflate(kind: str, source: ByteSource, spool: Spool, follow: Follow) -> tuple[int, str | None]:
    """Write to `spool` what a source inflates to; give where its streams end, and why they could not be followed."""
    offset, ended, streams = 0, 0, 0
    most = limits.MAX_STREAMS + source.size // limits.KIB
    while offset < source.size:
        streams += 1
        if streams > most:
            return source.size, f"it holds more than {most:,} {kind} streams in a row"
        stream = _MAKERS[kind]()
        try:
            offset = _one(stream, source, offset, spool, follow)
        except BudgetSpentError as error:
            return source.size, str(error)
        except _BROKEN as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's, not the stream's
            if ended:
                return ended, None  # what is behind a whole stream is a tail, not damage
            return source.size, f"its {kind} stream is broken ({type(error).__name__})"
        if not stream.eof:
            return source.size, f"its {kind} stream is cut off"
        ended = offset
        if kind in ("zlib", "deflate"):
            break
    return ended, None


def _one(stream: Decompressor, source: ByteSource, offset: int, spool: Spool, follow: Follow) -> int:
    """Inflate one stream from `offset`; give the offset behind it."""
    begin = offset
    while not stream.eof:
        piece = (
            _PIECE if offset - begin > _PIECE and not isinstance(stream, _Zstandard) else _first_pieces(offset - begin)
        )
        data = source.read_at(offset, piece)
        offset += len(data)
        _keep(stream.decompress(data, _MOST), spool, follow)
        while not stream.eof and not getattr(stream, "needs_input", True):
            _keep(stream.decompress(b"", _MOST), spool, follow)
        if not data:
            break
    return offset - len(stream.unused_data)


def _keep(data: bytes, spool: Spool, follow: Follow) -> None:
    if data:
        spool.write(data)
        follow.budget.inflate(len(data))
