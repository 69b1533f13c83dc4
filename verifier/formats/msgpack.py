"""Flax's msgpack files: maps, texts, numbers and arrays, walked to the last byte. Nothing in them is called.

Source: github.com/msgpack/msgpack, `spec.md`; flax `serialization.py`, whose extension types 1 to 3 hold arrays.
"""

from __future__ import annotations

from verifier import limits
from verifier.formats.content import Content, Follow
from verifier.source import ByteSource

_FIXED = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2,
          0xD2: 4, 0xD3: 8}  # fmt: skip
_TEXTS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_LISTS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}


def matches(name: str, source: ByteSource) -> bool:
    """Tell by the name: msgpack has no mark of its own, but a map at its beginning."""
    start = source.read_at(0, 1)
    return name.lower().endswith(".msgpack") and bool(start) and (start[0] & 0xF0 == 0x80 or start[0] in _MAPS)


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Walk all values. Raises `OSError` only."""
    position, waiting = 0, 1
    for _ in range(limits.MAX_MSGPACK_VALUES):
        if not waiting:
            break
        head = source.read_at(position, 6)
        taken = _value(head)
        if taken is None:
            return Content("msgpack", unfollowed=f"it holds a value that Flax does not write (offset {position})")
        length, inside = taken
        position += length
        waiting += inside - 1
        if position > source.size:
            return Content("msgpack", unfollowed="it breaks off inside a value")
    if waiting:
        return Content("msgpack", unfollowed="it holds more values than are followed")
    if position < source.size:
        return Content("msgpack", unfollowed=f"{source.size - position:,} bytes follow its only value")
    return Content("msgpack", inert=True)


def _value(head: bytes) -> tuple[int, int] | None:
    """Give the bytes that a value takes itself, and how many values follow inside it."""
    if not head:
        return (1, 0)  # one past the end, which the caller notes
    mark = head[0]
    if mark < 0x80 or mark >= 0xE0:
        return 1, 0
    if mark < 0x90:
        return 1, 2 * (mark & 15)
    if mark < 0xA0:
        return 1, mark & 15
    if mark < 0xC0:
        return 1 + (mark & 31), 0
    if mark in _FIXED:
        return 1 + _FIXED[mark], 0
    for widths, factor in ((_LISTS, 1), (_MAPS, 2)):
        if (width := widths.get(mark)) is not None:
            return 1 + width, factor * int.from_bytes(head[1 : 1 + width], "big")
    if (width := _TEXTS.get(mark)) is not None:
        return 1 + width + int.from_bytes(head[1 : 1 + width], "big"), 0
    if (width := _EXTENSIONS.get(mark)) is not None:
        return (2 + width + int.from_bytes(head[1 : 1 + width], "big"), 0) if head[1 + width : 2 + width] else None
    return (2 + (1 << (mark - 0xD4)), 0) if 0xD4 <= mark <= 0xD8 else None
