"""TensorFlow's graphs in protobuf's text format (`saved_model.pbtxt`, `graph.pbtxt`), told by their name.

Fields are not told apart: every text in the file is held against the operators that reach beyond a graph, and read as
Keras's configuration where it is one.
Source: github.com/protocolbuffers/protobuf, `src/google/protobuf/io/tokenizer.cc`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from verifier import limits
from verifier.formats import keras
from verifier.formats.content import Content, Follow
from verifier.formats.operations import Operations
from verifier.formats.saved_model import OPERATORS
from verifier.source import ByteSource

_TOKEN = re.compile(r"""#[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[^\s"'#]+|\S""")
"""A comment, a text, or anything else; blanks are passed over."""
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def matches(name: str, _source: ByteSource) -> bool:
    """Tell by the name, which is what TensorFlow goes by."""
    return name.lower().endswith(".pbtxt")


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Look at every text. Raises `OSError` only."""
    if source.size > limits.MAX_CONFIG:
        return _unfollowed(f"it has {source.size:,} bytes; graphs as text are read up to {limits.MAX_CONFIG:,}")
    operations, unfollowed = Operations(), None
    try:
        for value, offset in _texts(source.read_at(0, source.size).decode()):
            if (known := OPERATORS.get(value)) is not None:
                operations.add(known[0], value, known[1], offset=offset)
            elif value.lstrip().startswith("{") and "class_name" in value:
                unfollowed = keras.add_json(operations, value) or unfollowed
    except ValueError:
        return _unfollowed("it is no text, or a text in it can't be read")
    return Content("tensorflow-text", operations=operations.all(), unfollowed=unfollowed or operations.unfollowed)


def _texts(document: str) -> Iterator[tuple[str, int]]:
    """Give every text with its offset in characters; those that stand side by side are one. Raises `ValueError`."""
    pieces: list[str] = []
    begin = 0
    for token in _TOKEN.finditer(document):
        first, text = token[0][0], token[0]
        if first in "\"'":
            if len(text) < 2:
                raise ValueError("a text has no end")
            begin = begin if pieces else token.start()
            pieces.append(_ESCAPE.sub(_unescaped, text[1:-1]))
        elif first != "#" and pieces:
            yield "".join(pieces), begin
            pieces = []
    if pieces:
        yield "".join(pieces), begin


def _unescaped(match: re.Match[str]) -> str:
    octal, *hexadecimal, other = match.groups()
    if octal:
        return chr(int(octal, 8) & 0xFF)
    digits = next(filter(None, hexadecimal), None)
    return chr(int(digits, 16)) if digits else _CONTROLS.get(other, other)


def _unfollowed(why: str) -> Content:
    return Content("tensorflow-text", unfollowed=why)
