"""GGUF: its metadata, with the chat templates in it, and whether its tensors cover the file to its last byte.

Source: github.com/ggml-org/ggml, `docs/gguf.md` and `src/gguf.cpp`; block sizes from gguf-py's `constants.py`.
"""

from __future__ import annotations

import struct

from verifier import limits
from verifier.formats.content import Content, Follow, Problem, Template
from verifier.source import ByteSource

_MAGIC = b"GGUF"
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST_DIMENSIONS = 4
_TEMPLATE = "tokenizer.chat_template"
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 31: (32, 18), 32: (32, 18), 33: (32, 18),
    34: (256, 54), 35: (256, 66), 36: (32, 18), 37: (32, 18),
    38: (32, 18), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip
"""A tensor type's elements and bytes a block."""


class _Broken(Exception):
    """What the format forbids, or what is beyond what is followed here, in words."""


def matches(_name: str, source: ByteSource) -> bool:
    """Tell by the magic number."""
    return source.read_at(0, 4) == _MAGIC


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Read metadata and tensor entries. Raises `OSError` only."""
    reader = _Reader(source)
    try:
        reader.run()
        unfollowed = None
    except (_Broken, struct.error, MemoryError) as error:
        unfollowed = f"as a GGUF file, {error if isinstance(error, _Broken) else 'it breaks off in its header'}"
    return Content("gguf", templates=tuple(reader.templates), problems=tuple(reader.problems), unfollowed=unfollowed)


class _Reader:
    """Reads on from the file's beginning, a window at a time."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.position = 0
        self.order = "<"
        self.size_type = "Q"
        self.left = limits.MAX_GGUF_VALUES
        self.alignment = 32
        self.templates: list[Template] = []
        self.problems: list[Problem] = []
        self._window, self._base = b"", 0

    def run(self) -> None:
        self.position = 4
        version = self._scalar("I")
        if version & 0xFFFF == 0:  # written on a machine of the other byte order
            self.order = ">"
            version = int.from_bytes(version.to_bytes(4, "little"), "big")
        if version not in (1, 2, 3):
            raise _Broken(f"it has the unknown version {version}")
        self.size_type = "I" if version == 1 else "Q"
        tensors, pairs = self._scalar(self.size_type), self._scalar(self.size_type)
        for _ in range(pairs):
            self._pair()
        if tensors > limits.MAX_GGUF_TENSORS:
            raise _Broken(f"it claims {tensors:,} tensors")
        self._layout([self._tensor() for _ in range(self._counted(tensors))])

    def _counted(self, count: int) -> int:
        """Spend `count` values of what a header may hold."""
        self.left -= count
        if self.left < 0:
            raise _Broken("its header holds more values than are followed")
        return count

    def _pair(self) -> None:
        self._counted(1)
        key, kind = self._text(limits.MAX_CONFIG), self._scalar("I")
        begin = self.position
        if kind == _STRING and (key == _TEMPLATE or key.startswith(_TEMPLATE + ".")):
            if len(self.templates) >= limits.MAX_TEMPLATES:
                raise _Broken("it holds more chat templates than are followed")
            self.templates.append(Template(self._text(limits.MAX_CONFIG), key[:200], begin))
        elif key == "general.alignment" and kind == 4:
            self.alignment = self._scalar("I")
            if not self.alignment or self.alignment & (self.alignment - 1):
                raise _Broken(f"its alignment is {self.alignment}, which is no power of two")
        else:
            self._pass(kind)

    def _pass(self, kind: int) -> None:
        """Pass over a value."""
        if kind in _SCALARS:
            self._skip(struct.calcsize("=" + _SCALARS[kind]))
        elif kind == _STRING:
            self._skip(self._scalar(self.size_type))
        elif kind == _ARRAY:
            inner, count = self._scalar("I"), self._scalar(self.size_type)
            if inner in _SCALARS:
                self._skip(count * struct.calcsize("=" + _SCALARS[inner]))
            elif inner == _STRING:
                for _ in range(self._counted(count)):
                    self._skip(self._scalar(self.size_type))
            else:
                raise _Broken(f"an array holds values of type {inner}, which no reader takes")
        else:
            raise _Broken(f"there is no value of type {kind} (offset {self.position})")

    def _tensor(self) -> tuple[int, int, str]:
        """Give where a tensor begins in the data, its bytes, and its name."""
        name, dimensions = self._text(limits.KIB), self._scalar("I")
        if dimensions > _MOST_DIMENSIONS:
            raise _Broken(f"the tensor {name[:100]!r} has {dimensions} dimensions")
        sides = [self._scalar(self.size_type) for _ in range(dimensions)]
        kind, offset = self._scalar("I"), self._scalar("Q")
        if kind not in _BLOCKS:
            raise _Broken(f"the tensor {name[:100]!r} has the unknown type {kind}")
        elements, width = _BLOCKS[kind]
        count = 1
        for side in sides:
            count *= side
        if sides and sides[0] % elements:
            raise _Broken(f"the tensor {name[:100]!r} ends inside a block")
        return offset, count // elements * width, name[:100]

    def _layout(self, tensors: list[tuple[int, int, str]]) -> None:
        """Hold the tensors against the file: inside it, side by side, and nothing behind them."""
        start = self._aligned(self.position)
        end = 0
        for offset, size, name in sorted(tensors):
            if start + offset + size > self.source.size:
                raise _Broken(f"the tensor {name!r} ends at {start + offset + size:,}, outside the file")
            if offset < end:
                self._problem(f"the tensor {name!r} overlaps the one before it", start + offset)
            elif offset > self._aligned(end):
                self._problem(f"{offset - end:,} bytes before the tensor {name!r} belong to no tensor", start + end)
            end = max(end, offset + size)
        behind = start + end if tensors else self.position
        if self.source.size > self._aligned(behind):
            self._problem(f"{self.source.size - behind:,} bytes at offset {behind:,} belong to no tensor", behind)
        elif any(self.source.read_at(behind, self.source.size - behind)):
            self._problem(f"the padding at offset {behind:,} is not empty", behind)

    def _problem(self, message: str, offset: int) -> None:
        if len(self.problems) < limits.MAX_OPERATIONS:
            self.problems.append(Problem(message, offset))

    def _aligned(self, position: int) -> int:
        return -(-position // self.alignment) * self.alignment

    def _text(self, most: int) -> str:
        length = self._scalar(self.size_type)
        if length > most:
            raise _Broken(f"a text has {length:,} bytes (offset {self.position})")
        begin = self.position
        self._skip(length)
        return self.source.read_at(begin, length).decode("utf-8", "replace")

    def _skip(self, count: int) -> None:
        self.position += count
        if self.position > self.source.size:
            raise _Broken(f"its header ends at {self.position:,}, outside the file")

    def _scalar(self, kind: str) -> int:
        width = 4 if kind == "I" else 8
        index = self.position - self._base
        if not 0 <= index <= len(self._window) - width:
            self._base, index = self.position, 0
            self._window = self.source.read_at(self.position, limits.FORMAT_WINDOW)
        value: int = struct.unpack_from(self.order + kind, self._window, index)[0]
        self.position += width
        return value
