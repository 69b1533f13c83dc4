"""Random access to bytes: an open file's, a part of another source's, or what came out of a compressed stream.

`verifier.snapshot.Source` is the one over an open file. Nothing here holds more than `limits.SPOOL_IN_MEMORY` bytes
of a stream in memory; the rest lies in a temporary file that has no name.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import IO, Protocol, Self

from verifier import limits


class ByteSource(Protocol):
    """Bytes that can be read anywhere; the members of archives are such sources, too."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Give up to `length` bytes from `offset`; fewer only at the end. Raises `OSError`."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that are in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        """Give up to `length` bytes from `offset`."""
        return self.data[offset : offset + length]


@dataclass(frozen=True, slots=True)
class Slice:
    """`size` bytes of another source, from its byte `start` on; fewer where that source ends before."""

    source: ByteSource
    start: int
    length: int

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return max(0, min(self.length, self.source.size - self.start))

    def read_at(self, offset: int, length: int) -> bytes:
        """Give up to `length` bytes from `offset`."""
        return self.source.read_at(self.start + offset, max(0, min(length, self.size - offset)))


class Spool:
    """Bytes that are written once, from first to last, and then read anywhere; gone when it is closed."""

    def __init__(self) -> None:
        """Begin empty."""
        self.size = 0
        self._memory = bytearray()
        self._file: IO[bytes] | None = None

    def write(self, data: bytes) -> None:
        """Add bytes at the end. Raises `OSError` where the temporary directory is full."""
        if self._file is None and self.size + len(data) > limits.SPOOL_IN_MEMORY:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `close`
            self._file.write(self._memory)
            self._memory.clear()
        if self._file is None:
            self._memory += data
        else:
            self._file.write(data)
        self.size += len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        """Give up to `length` bytes from `offset`."""
        if self._file is None:
            return bytes(self._memory[offset : offset + length])
        return os.pread(self._file.fileno(), max(0, min(length, self.size - offset)), offset)

    def close(self) -> None:
        """Give memory and disk back."""
        self._memory.clear()
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
