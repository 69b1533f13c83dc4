"""The safetensors header, read within bounds: an 8-byte little-endian length, JSON, then the tensors' bytes.

Format: github.com/huggingface/safetensors, README "Format" and `safetensors/src/tensor.rs`. The rules are the
library's own: offsets cover the data from its first byte to its last, without overlap or gap.
"""

from __future__ import annotations

from typing import Any

from verifier import limits
from verifier.document import DocumentError, load_json
from verifier.formats.content import Content, Follow, Problem
from verifier.source import ByteSource

BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E5M2FNUZ": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E8M0": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}
"""The width of each dtype's element, in bits."""


def matches(_name: str, source: ByteSource) -> bool:
    """Tell whether the file begins as a safetensors file does."""
    start = source.read_at(0, 9)
    return len(start) == 9 and start[8:] == b"{" and int.from_bytes(start[:8], "little") <= source.size - 8


def read(_name: str, source: ByteSource, _follow: Follow | None = None) -> Content:
    """Read and judge the header; the tensors' bytes are not looked at."""
    prefix = source.read_at(0, 8)
    if len(prefix) < 8:
        return _malformed(f"the file has {source.size} bytes, too few for a header", 0)
    length = int.from_bytes(prefix, "little")
    if length > limits.SAFETENSORS_MAX_HEADER:
        return _malformed(f"the header claims {length:,} bytes, more than the format's limit", 0)
    if 8 + length > source.size:
        return _malformed(f"the header claims {length:,} bytes, the file has {source.size:,}", 0)
    if length > limits.MAX_SAFETENSORS_HEADER:
        return Content("safetensors", unfollowed=f"its header of {length:,} bytes is beyond what is read here")
    raw = source.read_at(8, length)
    if not raw.startswith(b"{"):
        return _malformed("the header does not begin with '{'", 8)
    try:
        header = load_json(raw, parse_int=_integer)
    except DocumentError as error:
        return _malformed(f"the header {error}", 8)
    if not isinstance(header, dict):
        return _malformed("the header is not an object", 8)
    return _Header(header, data_start=8 + length, data_size=source.size - 8 - length).judge()


def _malformed(message: str, offset: int | None) -> Content:
    return Content("safetensors", problems=(Problem(message, offset),))


class _Header:
    def __init__(self, header: dict[str, Any], data_start: int, data_size: int) -> None:
        self.header = header
        self.data_start = data_start
        self.data_size = data_size
        self.problems: list[Problem] = []

    def judge(self) -> Content:
        metadata = self.header.pop("__metadata__", {})
        texts = [*self.header, *(metadata if isinstance(metadata, dict) else ())]
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            self.problems.append(Problem("__metadata__ is not a map from text to text", 8))
        else:
            texts += metadata.values()
        if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
            self.problems.append(Problem("a name or a text in the header is half a character", 8))
        spans = [span for name, tensor in self.header.items() if (span := self._span(name, tensor))]
        if not self.problems:
            self._cover(sorted(spans))
        return Content("safetensors", problems=tuple(self.problems), tensors=frozenset(self.header))

    def _span(self, name: str, tensor: object) -> tuple[int, int, str] | None:
        """Give a tensor's (begin, end, name), or note what is wrong with its entry."""
        problem = None
        if not isinstance(tensor, dict) or set(tensor) != {"dtype", "shape", "data_offsets"}:
            problem = "is not made of dtype, shape and data_offsets"
        else:
            dtype, shape, offsets = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
            if not isinstance(dtype, str) or dtype not in BITS:
                problem = f"has the unknown dtype {str(dtype)[:40]!r}"
            elif not _are_sizes(shape):
                problem = "has a shape that is not a list of sizes"
            elif not _are_sizes(offsets) or len(offsets) != 2:
                problem = "has data_offsets that are not two offsets"
            else:
                begin, end = offsets
                bits = _elements(shape) * BITS[dtype]
                if begin > end:
                    problem = f"ends at {end} before it begins at {begin}"
                elif end > self.data_size:
                    problem = f"ends at {end}, outside the {self.data_size:,} bytes of data"
                elif bits >= 2**64:
                    problem = f"has {end - begin} bytes where its dtype and shape need more than there can be"
                elif bits != (end - begin) * 8:
                    problem = f"has {end - begin} bytes where its dtype and shape need {-(-bits // 8)}"
                else:
                    return begin, end, name
        self.problems.append(Problem(f"the tensor {name[:200]!r} {problem}", 8))
        return None

    def _cover(self, spans: list[tuple[int, int, str]]) -> None:
        """Check that the tensors cover the data without overlap or gap."""
        position = 0
        for begin, end, name in spans:
            if begin < position:
                self.problems.append(
                    Problem(f"the tensor {name[:200]!r} overlaps the one before it", self.data_start + begin)
                )
            elif begin > position:
                self._gap(position, begin)
            position = max(position, end)
        if position < self.data_size:
            self._gap(position, self.data_size)

    def _gap(self, begin: int, end: int) -> None:
        offset = self.data_start + begin
        self.problems.append(Problem(f"{end - begin:,} bytes at offset {offset:,} belong to no tensor", offset))


def _integer(text: str) -> int:
    """Read a size as the library does, an unsigned integer of 64 bits: what has a sign (-0, too) is none."""
    return -1 if text.startswith("-") else int(text)


def _elements(shape: list[int]) -> int:
    """Multiply, up to the first product that 64 bits can't hold."""
    product = 1
    for side in shape:
        product *= side
        if product >= 2**64:
            break
    return product


def _are_sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**64 for item in value)
