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
    """Tell by the mark behind the root's offset."""
    return source.read_at(4, 4) == b"TFL3"


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
