"""The structures that HDF5 files are made of: superblock, object headers, symbol tables, heaps; read within bounds.

Source: "HDF5 File Format Specification", version 3.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from verifier import limits
from verifier.source import ByteSource

CONTINUATION = 0x10
_SOFT_LINK = 2
_MOST_STEPS = 500_000
"""Messages, nodes and names that are looked at; structures can share their parts, and so repeat them at no cost."""


class LostError(Exception):
    """What can't be followed, in words."""


@dataclass(frozen=True, slots=True)
class Message:
    """A part of an object's header."""

    kind: int
    flags: int
    data: bytes


class Structures:
    """Reads one file's structures; every method raises `LostError`, and counts what it reads."""

    def __init__(self, source: ByteSource, base: int) -> None:
        """Begin at the signature, which stands at `base`."""
        self.source, self.base = source, base
        self.offsets = self.lengths = 8
        self.end = source.size
        self._steps = 0
        self._bytes_left = 4 * source.size + limits.READ_BUFFER

    def root(self) -> int:
        """Give the address of the root group's object header; `end` is where the file says that it ends."""
        start = self.source.read_at(self.base, 96)
        version = start[8]
        if version in (0, 1):
            self.offsets, self.lengths = start[13], start[14]
            place = 24 if version == 0 else 28
            self._check_widths()
            base, root_entry = self.address(start, place), place + 4 * self.offsets
            self.end = self.address(start, place + 2 * self.offsets)
            root = self.address(start, root_entry + self.offsets)
        elif version in (2, 3):
            self.offsets, self.lengths = start[9], start[10]
            self._check_widths()
            base, root = self.address(start, 12), self.address(start, 12 + 3 * self.offsets)
            self.end = self.address(start, 12 + 2 * self.offsets)
        else:
            raise LostError(f"its superblock has the unknown version {version}")
        if base not in (0, self.base):
            raise LostError("its addresses count from somewhere else than its beginning")
        self.base = base
        return root

    def _check_widths(self) -> None:
        if self.offsets not in (2, 4, 8) or self.lengths not in (2, 4, 8):
            raise LostError("its offsets have an unknown width")

    def header(self, address: int) -> Iterator[Message]:
        """Give the messages of an object header, those of its continuation blocks, too."""
        start = self.bytes_at(address, 64)
        if start[:4] == b"OHDR":
            flags, place = start[5], 6 + (16 if start[5] & 0x20 else 0) + (4 if start[5] & 0x10 else 0)
            width = 1 << (flags & 3)
            size = int.from_bytes(start[place : place + width], "little")
            blocks = [(address + place + width, size)]
            shape, overhead = ("<BHB", 2 if flags & 4 else 0), 4
        elif start[0] == 1:
            blocks = [(address + 16, struct.unpack_from("<I", start, 8)[0])]
            shape, overhead = ("<HHB", 3), 0
        else:
            raise LostError(f"there is no object header at {address}")
        fixed, done = struct.calcsize(shape[0]) + shape[1], set[int]()
        while blocks:
            place, size = blocks.pop(0)
            if place in done or size > limits.MAX_ARCHIVE_HEADER:
                raise LostError(f"the object header at {address} repeats itself or is too large")
            done.add(place)
            block, position = self.bytes_at(place, size), 0
            if len(block) < size:
                raise LostError(f"the object header at {address} breaks off")
            while position + fixed <= len(block):
                kind, length, flags = struct.unpack_from(shape[0], block, position)
                position += fixed
                self.step()
                if position + length > size:
                    raise LostError(f"the object header at {address} does not fit its messages")
                message = Message(kind, flags, block[position : position + length])
                position += length
                if kind == CONTINUATION:
                    begin, extent = self.address(message.data, 0), self.length(message.data, self.offsets)
                    blocks.append((begin + overhead, extent - 2 * overhead))
                else:
                    yield message

    def in_global_heap(self, address: int, index: bytes) -> bytes:
        """Give an object of a global heap."""
        wanted = struct.unpack_from("<I", index)[0]
        head = self.bytes_at(address, 8 + self.lengths)
        size = self.length(head, 8)
        if head[:4] != b"GCOL" or size > limits.MAX_ARCHIVE_HEADER:
            raise LostError(f"there is no heap at {address}, or one that is too large")
        heap, place = self.bytes_at(address, size), 8 + self.lengths
        while place + 8 + self.lengths <= len(heap):
            number = struct.unpack_from("<H", heap, place)[0]
            length = self.length(heap, place + 8)
            place += 8 + self.lengths
            if number == wanted:
                return heap[place : place + length]
            if number == 0:
                break
            place += -(-length // 8) * 8
        raise LostError(f"the heap at {address} lacks an object")

    def symbols(self, tree: int, heap: int) -> Iterator[tuple[bytes, int]]:
        """Give the name and the object header's address of all that a symbol table links to, but soft links."""
        nodes, done = [tree], set[int]()
        while nodes:
            address = nodes.pop()
            self.step()
            if address in done:
                raise LostError(f"the symbol table at {tree} repeats itself")
            done.add(address)
            head = self.bytes_at(address, 8)
            if head[:4] == b"TREE":
                count, width = struct.unpack_from("<H", head, 6)[0], self.lengths + self.offsets
                table = self.bytes_at(address + 8 + 2 * self.offsets, count * width + self.lengths)
                nodes += (self.address(table, index * width + self.lengths) for index in range(count))
            elif head[:4] == b"SNOD":
                count, width = struct.unpack_from("<H", head, 6)[0], 2 * self.offsets + 24
                table = self.bytes_at(address + 8, count * width)
                for place in range(0, count * width, width):
                    self.step()
                    name = self.in_local_heap(heap, self.address(table, place))
                    if self.number(table, place + 2 * self.offsets, 4) != _SOFT_LINK:
                        yield name, self.address(table, place + self.offsets)
            else:
                raise LostError(f"there is no symbol table at {address}")

    def in_local_heap(self, heap: int, offset: int) -> bytes:
        """Give a text of a local heap."""
        head = self.bytes_at(heap, 8 + 2 * self.lengths + self.offsets)
        if head[:4] != b"HEAP":
            raise LostError(f"there is no local heap at {heap}")
        begin = self.address(head, 8 + 2 * self.lengths)
        return self.bytes_at(begin + offset, limits.KIB).split(b"\0")[0]

    def step(self) -> None:
        """Count something that was looked at."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise LostError("it holds more objects than are followed")

    @property
    def undefined(self) -> int:
        """The address that means: nowhere."""
        return (1 << 8 * self.offsets) - 1

    def address(self, data: bytes, place: int) -> int:
        """Read an address, relative to the file's base."""
        return self.number(data, place, self.offsets)

    def length(self, data: bytes, place: int) -> int:
        """Read a length in bytes."""
        return self.number(data, place, self.lengths)

    def number(self, data: bytes, place: int, width: int) -> int:
        """Read an unsigned number."""
        if place + width > len(data):
            raise LostError("it breaks off inside a structure")
        return int.from_bytes(data[place : place + width], "little")

    def bytes_at(self, address: int, length: int) -> bytes:
        """Read up to `length` bytes."""
        if address < 0 or length < 0 or address + self.base + min(length, 1) > self.source.size:
            raise LostError(f"something lies at {address}, outside the file")
        data = self.source.read_at(self.base + address, length)
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            raise LostError("its structures lie in each other, so that following them has no end")
        return data
