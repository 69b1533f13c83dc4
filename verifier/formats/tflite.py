"""TensorFlow Lite: a graph without files, unless it calls TensorFlow's own operators by their names ("Flex").

The flatbuffer is not decoded: operators outside TensorFlow Lite's own are named in it as text, and are searched for.
Source: github.com/tensorflow/tensorflow, `lite/schema/schema.fbs`, "Select TensorFlow operators".
"""

from __future__ import annotations

import re

from verifier import limits
from verifier.formats.content import Content, Follow, Reach
from verifier.formats.operations import Operations
from verifier.formats.saved_model import OPERATORS
from verifier.source import ByteSource

_FLEX = re.compile(rb"Flex([A-Z]\w{1,60})")
_LONGEST = 64


def matches(_name: str, source: ByteSource) -> bool:
    """Tell by the mark behind the root's offset, where that leads to a table with its list of fields."""
    head = source.read_at(0, 8)
    if head[4:] != b"TFL3":
        return False
    root = int.from_bytes(head[:4], "little")
    to_fields = source.read_at(root, 4)
    fields = root - int.from_bytes(to_fields, "little", signed=True)
    if root < 8 or len(to_fields) < 4 or fields < 8:
        return False
    sizes = source.read_at(fields, 4)
    size, table = int.from_bytes(sizes[:2], "little"), int.from_bytes(sizes[2:], "little")
    return len(sizes) == 4 and size >= 4 and table >= 4 and fields + size <= source.size >= root + table


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Search for TensorFlow's operators. Raises `OSError` only."""
    operations = Operations()
    for position in range(0, source.size, limits.READ_BUFFER):
        piece = source.read_at(position, limits.READ_BUFFER + _LONGEST)
        for match in _FLEX.finditer(piece):
            name = match[1].decode()
            reach, what = OPERATORS.get(name, (Reach.LIBRARY, "is an operator of TensorFlow's, outside its Lite"))
            operations.add(reach, name, what, offset=position + match.start())
    return Content("tflite", operations=operations.all(), unfollowed=operations.unfollowed)
