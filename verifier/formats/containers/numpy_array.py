"""A numpy array (`.npy`): its header is a Python literal; an array of objects has a pickle behind it.

Source: numpy's `lib/format.py`.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator

from verifier import limits
from verifier.formats.content import Content, Follow, Kind
from verifier.source import ByteSource, Slice

_MAGIC = b"\x93NUMPY"
_NUMBERS = re.compile(r"[<>|=]?[?bBhHiIlLqQefdgFDGmMSUVcpu]\d*(\[[^\]]*\])?|[<>|=]?(float|int|uint|complex|bool)\d*")

_NAMED = {"float": 8, "int": 8, "uint": 8, "complex": 16, "bool": 1}
_LETTERS = dict(
    zip("?bBhHeiIflLqQdFpmMDgGcSUV", (1, 1, 1, 2, 2, 2, 4, 4, 4, *[8] * 9, 16, 16, 32, 1, 0, 0, 0), strict=True)
)
"""The bytes of numpy's types whose size is not written, on a 64-bit machine."""


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
        fields = ast.literal_eval(header.decode("latin-1").strip())
        described = fields["descr"]
        if not length or len(header) < length or described is None:
            raise ValueError("no header")
        kinds = list(_kinds(described))
        is_numbers = all(_NUMBERS.fullmatch(kind) for kind in kinds)
        end = begin + length + (_size(described) * _count(fields["shape"]) if is_numbers else 0)
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        return Content("numpy", unfollowed="its header can't be read")
    if is_numbers and end >= source.size:
        return Content("numpy", inert=True, unfollowed="its data is cut off" if end > source.size else None)
    if is_numbers:  # numpy.load reads one array from an open file, and the next one when it is called again
        tail = Slice(source, end, source.size - end)
        return Content("numpy", inert=True, parts=(follow.part("", tail, kind=Kind.TAIL, offset=end),))
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


def _count(shape: object) -> int:
    sides = shape if isinstance(shape, tuple) else (shape,)
    if not all(isinstance(side, int) and side >= 0 for side in sides):
        raise TypeError
    return math.prod(sides)


def _size(described: object) -> int:
    """Give the bytes of an element; what lies between aligned fields is a field of its own in the header."""
    if isinstance(described, str):
        return _width(described)
    if isinstance(described, list):
        return sum(_size(field[1]) * _count(field[2] if len(field) > 2 else ()) for field in described)
    if isinstance(described, tuple) and len(described) == 2:
        return _size(described[0]) * _count(described[1])
    raise TypeError


def _width(kind: str) -> int:
    kind = kind.partition("[")[0].lstrip("<>|=")
    letters = kind.rstrip("0123456789")
    digits = kind[len(letters) :]
    if len(letters) > 1:
        return int(digits) // 8 if digits else _NAMED[letters]
    if digits:
        return int(digits) * (4 if letters == "U" else 1)
    return _LETTERS[letters]
