"""Tar archives made byte by byte, so that each can be wrong in one way."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checkpoints.pack import _header, _record

BLOCK = 512
END = bytes(2 * BLOCK)


def header(
    name: bytes,
    kind: bytes = b"0",
    size: int = 0,
    *,
    target: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
) -> bytes:
    """A header with a right checksum."""
    block = bytearray(_header(name, size, kind))
    block[157 : 157 + len(target)] = target
    block[257:265] = magic
    block[345 : 345 + len(prefix)] = prefix
    return signed(block)


def signed(block: bytearray) -> bytes:
    """Write a header's checksum anew."""
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def sized(name: bytes, field: bytes) -> bytes:
    """A header whose size is written in a way of its own."""
    block = bytearray(header(name))
    block[124:136] = field
    return signed(block)


def filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def file(name: bytes, data: bytes = b"{}", **how: bytes) -> bytes:
    return header(name, b"0", len(data), **how) + filled(data)


def link(name: bytes, target: bytes, kind: bytes = b"2") -> bytes:
    return header(name, kind, target=target)


def directory(name: bytes) -> bytes:
    return header(name, b"5")


def pax(records: Iterable[tuple[bytes, bytes]], kind: bytes = b"x") -> bytes:
    data = b"".join(_record(key, value) for key, value in records)
    return header(b"pax", kind, len(data)) + filled(data)


def gnu(kind: bytes, value: bytes) -> bytes:
    return header(b"././@LongLink", kind, len(value) + 1, magic=b"ustar  \0") + filled(value + b"\0")


def archive(*members: bytes) -> bytes:
    return b"".join(members) + END
