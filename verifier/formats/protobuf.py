"""The wire format of Protocol Buffers, walked within bounds: which messages lie in which, and the texts in them.

Nothing is decoded that was not asked for, so a tensor of gigabytes costs one step. What parsers merge (a field that
stands twice) is given twice. Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from verifier import limits
from verifier.source import ByteSource

VARINT, FIXED64, BYTES, GROUP, END_GROUP, FIXED32 = range(6)
_DEPTH = 100
"""How deep protobuf's own parsers go."""


class WireError(Exception):
    """The bytes are not what the wire format demands, or more than is followed here."""


class TooLongError(WireError):
    """There are more fields than are followed; those before are what the wire format demands."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its number, wire type, value (of a varint or a fixed one), and where its payload lies."""

    number: int
    wire: int
    value: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What to look at in a message: fields that hold messages, by the name of their shape, and those that hold text."""

    messages: Mapping[int, str] = field(default_factory=dict)
    texts: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was walked to its end: its shape's name, its texts by field number, and where it lies."""

    shape: str
    texts: Mapping[int, list[str]]
    start: int
    end: int

    def text(self, number: int) -> str:
        """Give the last text of a field, which is the one that counts; empty where there is none."""
        return self.texts[number][-1] if number in self.texts else ""


class Reader:
    """Reads fields from a source; counts them, over all calls, against one limit."""

    def __init__(self, source: ByteSource, most: int = limits.MAX_PROTOBUF_FIELDS) -> None:
        """Allow `most` fields."""
        self._source = source
        self._left = most
        self._base = 0
        self._window = b""

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Give the fields between two offsets. Raises `WireError`."""
        position, groups = start, 0
        while position < end:
            self._left -= 1
            if self._left < 0:
                raise TooLongError("it has more fields than are followed")
            begin = position
            tag, position = self._varint(position, end)
            number, wire, value, after = (tag & 0xFFFFFFFF) >> 3, tag & 7, 0, position
            if wire == VARINT:
                value, after = self._varint(position, end)
            elif wire == BYTES:
                length, position = self._varint(position, end)
                after = position + length
            elif wire in (FIXED64, FIXED32):
                after = position + (8 if wire == FIXED64 else 4)
            elif wire == GROUP:
                groups += 1
            elif wire == END_GROUP and groups:
                groups -= 1
            else:
                raise WireError(f"there is no field of type {wire} (offset {begin})")
            if number == 0 or after > end:
                raise WireError(f"a field runs past its message's end, or has no number (offset {begin})")
            if not groups:
                yield Field(number, wire, value, position, after)
            position = after
        if groups:
            raise WireError("a group does not end")

    def walk(self, shapes: Mapping[str, Shape], root: str, start: int, end: int) -> Iterator[Message]:
        """Give every message that the shapes lead to, the inner ones before those that hold them."""
        stack: list[tuple[str, Iterator[Field], dict[int, list[str]], int, int]] = []

        def enter(shape: str, begin: int, close: int) -> None:
            if len(stack) >= _DEPTH:
                raise WireError(f"messages lie more than {_DEPTH} deep in each other")
            stack.append((shape, self.fields(begin, close), {}, begin, close))

        enter(root, start, end)
        while stack:
            name, fields, texts, begin, close = stack[-1]
            shape = shapes[name]
            for item in fields:
                if item.wire != BYTES:
                    continue
                if item.number in shape.texts:
                    texts.setdefault(item.number, []).append(self.text(item))
                elif (inner := shape.messages.get(item.number)) is not None:
                    enter(inner, item.start, item.end)
                    break
            else:
                stack.pop()
                yield Message(name, texts, begin, close)

    def text(self, item: Field) -> str:
        """Give a field's text. Raises `WireError` where it is longer than any name or configuration."""
        length = item.end - item.start
        if length > limits.MAX_CONFIG:
            raise WireError(f"a text of {length:,} bytes is longer than is read here (offset {item.start})")
        return self._source.read_at(item.start, length).decode("utf-8", "replace")

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        index = position - self._base
        if 0 <= index < len(self._window) and position < end and (byte := self._window[index]) < 0x80:
            return byte, position + 1  # nearly all of them
        value = shift = 0
        while position < end and shift < 70:
            index = position - self._base
            if not 0 <= index < len(self._window):
                self._base, index = position, 0
                self._window = self._source.read_at(position, limits.FORMAT_WINDOW)
                if not self._window:
                    break
            byte = self._window[index]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFFFFFFFFFFFFFF, position
            shift += 7
        raise WireError(f"a number does not end (offset {position})")


def parses(source: ByteSource) -> bool:
    """Tell whether a source could be a message from its first byte to its last, as far as that is followed."""
    try:
        for _ in Reader(source, most=50_000).fields(0, source.size):
            pass
    except TooLongError:
        return True
    except WireError:
        return False
    return source.size > 0
