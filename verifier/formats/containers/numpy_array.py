"""A numpy array (`.npy`): its header is a Python literal; an array of objects has a pickle behind it.

Source: numpy's `lib/format.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from verifier import limits
from verifier.formats.content import Content, Follow, Kind
from verifier.source import ByteSource, Slice

_MAGIC = b"\x93NUMPY"
_NUMBERS = re.compile(r"[<>|=]?[?bBhHiIlLqQefdgFDGmMSUVcpu]\d*(\[[^\]]*\])?|[<>|=]?(float|int|uint|complex|bool)\d*")


def matches(_name: str, source: ByteSource) -> bool:
    """Tell by the mark."""
    return source.read_at(0, len(_MAGIC)) == _MAGIC


def read(name: str, source: ByteSource, follow: Follow) -> Content:
    """Read the header, and the pickle behind it where any of its types is that of objects."""
    wide = source.read_at(6, 1) != b"\x01"
    begin = 12 if wide else 10
    length = int.from_bytes(source.read_at(8, begin - 8), "little")
    if length > limits.MAX_ARRAY_HEADER:
        return Content("numpy", unfollowed=f"its header of {length:,} bytes is beyond what is read here")
    header = source.read_at(begin, length)
    try:
        described = ast.literal_eval(header.decode("latin-1").strip())["descr"]
        if not length or len(header) < length or described is None:
            raise ValueError("no header")
        kinds = list(_kinds(described))
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        return Content("numpy", unfollowed="its header can't be read")
    if all(_NUMBERS.fullmatch(kind) for kind in kinds):
        return Content("numpy", inert=True)
    data = Slice(source, begin + length, source.size - begin - length)
    return Content("numpy", parts=(follow.part("", data, kind=Kind.OBJECTS, offset=begin + length),))


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
