"""HDF5 files: Keras's configurations in the root's attributes, and every path that leads out of the file.

A minimal reader: superblocks 0 to 3, object headers 1 and 2, symbol tables and links, compact attributes. What lies in
a fractal heap (dense attributes, groups of very many links) is not followed, and said so. Datasets' bytes are not read.
Source: "HDF5 File Format Specification", version 3.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from verifier import limits
from verifier.formats import keras
from verifier.formats.content import Content, External, Follow
from verifier.formats.operations import Operations
from verifier.source import ByteSource

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LAST_USER_BLOCK = 1 << 30
_LINK_INFO, _LINK, _EXTERNAL_FILES, _LAYOUT, _ATTRIBUTE = 0x02, 0x06, 0x07, 0x08, 0x0C
_CONTINUATION, _SYMBOLS, _ATTRIBUTE_INFO = 0x10, 0x11, 0x15
_CONFIGURATIONS = frozenset({"model_config", "training_config"})
_MOST_STEPS = 500_000
"""Messages, nodes and names that are looked at; structures can share their parts, and so repeat them at no cost."""


class _Lost(Exception):
    """What can't be followed, in words."""


def matches(_name: str, source: ByteSource) -> bool:
    """Tell by the signature, which may stand behind a user block of 512 bytes, 1,024 bytes, and so on."""
    return _signature_at(source) is not None


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Walk all groups and judge nothing. Raises `OSError` only."""
    operations = Operations()
    walk = _Walk(source, _signature_at(source) or 0, operations)
    if walk.base:
        walk.lost.append(f"{walk.base:,} bytes stand before it, which are the user's own")
    try:
        walk.run()
    except (_Lost, struct.error, IndexError) as error:
        walk.lost.append(str(error) if isinstance(error, _Lost) else "it breaks off inside a structure")
    return Content(
        "hdf5",
        operations=operations.all(),
        externals=tuple(walk.externals.values()),
        unfollowed=f"as an HDF5 file, {walk.lost[0]}" if walk.lost else operations.unfollowed,
    )


def _signature_at(source: ByteSource) -> int | None:
    place = 0
    while place < source.size and place <= _LAST_USER_BLOCK:
        if source.read_at(place, 8) == _SIGNATURE:
            return place
        place = place * 2 or 512
    return None


@dataclass(frozen=True, slots=True)
class _Message:
    kind: int
    flags: int
    data: bytes


class _Walk:
    """One pass over all object headers that are reached from the root, each once."""

    def __init__(self, source: ByteSource, base: int, operations: Operations) -> None:
        self.source, self.base, self.operations = source, base, operations
        self.externals: dict[str, External] = {}
        self.lost: list[str] = []
        self.offsets = self.lengths = 8
        self.seen: set[int] = set()
        self.waiting: list[tuple[int, str]] = []
        self.steps = 0
        self.bytes_left = 4 * source.size + limits.READ_BUFFER

    def run(self) -> None:
        root = self._superblock()
        self.waiting.append((root, "/"))
        while self.waiting:
            address, name = self.waiting.pop()
            if address in self.seen:
                continue
            self.seen.add(address)
            self._step()
            for message in self._header(address):
                self._message(message, name, address, is_root=address == root)

    def _superblock(self) -> int:
        """Give the address of the root group's object header."""
        start = self.source.read_at(self.base, 96)
        version = start[8]
        if version in (0, 1):
            self.offsets, self.lengths = start[13], start[14]
            place = 24 if version == 0 else 28
            self._check_widths()
            base, root_entry = self._address(start, place), place + 4 * self.offsets
            root = self._address(start, root_entry + self.offsets)
        elif version in (2, 3):
            self.offsets, self.lengths = start[9], start[10]
            self._check_widths()
            base, root = self._address(start, 12), self._address(start, 12 + 3 * self.offsets)
        else:
            raise _Lost(f"its superblock has the unknown version {version}")
        if base not in (0, self.base):
            raise _Lost("its addresses count from somewhere else than its beginning")
        self.base = base
        return root

    def _check_widths(self) -> None:
        if self.offsets not in (2, 4, 8) or self.lengths not in (2, 4, 8):
            raise _Lost("its offsets have an unknown width")

    def _header(self, address: int) -> Iterator[_Message]:
        """Give the messages of an object header, those of its continuation blocks, too."""
        start = self._bytes(address, 64)
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
            raise _Lost(f"there is no object header at {address}")
        fixed, done = struct.calcsize(shape[0]) + shape[1], set[int]()
        while blocks:
            place, size = blocks.pop(0)
            if place in done or size > limits.MAX_ARCHIVE_HEADER:
                raise _Lost(f"the object header at {address} repeats itself or is too large")
            done.add(place)
            block, position = self._bytes(place, size), 0
            while position + fixed <= len(block):
                kind, length, flags = struct.unpack_from(shape[0], block, position)
                position += fixed
                self._step()
                if position + length > len(block):
                    raise _Lost(f"the object header at {address} does not fit its messages")
                message = _Message(kind, flags, block[position : position + length])
                position += length
                if kind == _CONTINUATION:
                    begin, extent = self._address(message.data, 0), self._length(message.data, self.offsets)
                    blocks.append((begin + overhead, extent - 2 * overhead))
                else:
                    yield message

    def _message(self, message: _Message, name: str, address: int, *, is_root: bool) -> None:
        kind, data = message.kind, message.data
        if message.flags & 2 and kind in (_ATTRIBUTE, _LINK, _SYMBOLS, _EXTERNAL_FILES, _LAYOUT):
            self.lost.append(f"the object {name!r} shares a message that lies elsewhere")
        elif kind == _ATTRIBUTE and is_root:
            self._attribute(data)
        elif kind == _ATTRIBUTE_INFO and is_root:
            self._no_heap(data, 2 + (2 if data[1] & 1 else 0), f"the attributes of {name!r}")
        elif kind == _LINK_INFO:
            self._no_heap(data, 2 + (8 if data[1] & 1 else 0), f"the links of {name!r}")
        elif kind == _LINK:
            self._link(data, name, address)
        elif kind == _SYMBOLS:
            self._symbols(self._address(data, 0), self._address(data, self.offsets), name)
        elif kind == _EXTERNAL_FILES:
            self._external_files(data, name, address)
        elif kind == _LAYOUT and data[0] >= 4 and data[1] == 3:
            self.lost.append(f"the dataset {name!r} is put together from others, perhaps from other files")

    def _no_heap(self, data: bytes, place: int, what: str) -> None:
        if self._address(data, place) != self._undefined:
            self.lost.append(f"{what} lie in a heap that is not read here")

    def _attribute(self, data: bytes) -> None:
        """Read one of the root's attributes if it is a Keras configuration, a text of fixed or of variable length."""
        version, flags, name_size, type_size, space_size = struct.unpack_from("<BBHHH", data)
        if version not in (1, 2, 3):
            raise _Lost(f"an attribute has the unknown version {version}")
        place = 8 if version < 3 else 9

        def part(size: int) -> bytes:
            nonlocal place
            begin = place
            place += size if version > 1 else -(-size // 8) * 8
            return data[begin : begin + size]

        name = part(name_size).split(b"\0")[0].decode("utf-8", "replace")
        kind, _space = part(type_size), part(space_size)
        if name not in _CONFIGURATIONS:
            return
        if version > 1 and flags & 3:
            raise _Lost(f"the type of the attribute {name!r} lies elsewhere")
        if kind[0] & 15 == 3:
            raw = data[place:]
        elif kind[0] & 15 == 9 and kind[1] & 15 == 1:
            length = struct.unpack_from("<I", data, place)[0]
            raw = self._global(self._address(data, place + 4), data[place + 4 + self.offsets :])[:length]
        else:
            raise _Lost(f"the attribute {name!r} is not a text")
        text = raw.split(b"\0")[0].decode("utf-8", "replace")
        if (reason := keras.add_json(self.operations, text)) is not None:
            self.lost.append(f"{name!r}: {reason}")

    def _global(self, address: int, index: bytes) -> bytes:
        """Give an object of a global heap."""
        wanted = struct.unpack_from("<I", index)[0]
        head = self._bytes(address, 8 + self.lengths)
        size = self._length(head, 8)
        if head[:4] != b"GCOL" or size > limits.MAX_ARCHIVE_HEADER:
            raise _Lost(f"there is no heap at {address}, or one that is too large")
        heap, place = self._bytes(address, size), 8 + self.lengths
        while place + 8 + self.lengths <= len(heap):
            number = struct.unpack_from("<H", heap, place)[0]
            length = self._length(heap, place + 8)
            place += 8 + self.lengths
            if number == wanted:
                return heap[place : place + length]
            if number == 0:
                break
            place += -(-length // 8) * 8
        raise _Lost(f"the heap at {address} lacks an object")

    def _link(self, data: bytes, group: str, address: int) -> None:
        flags, place = data[1], 2
        kind = data[place] if flags & 8 else 0
        place += (1 if flags & 8 else 0) + (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
        width = 1 << (flags & 3)
        size = int.from_bytes(data[place : place + width], "little")
        place += width
        name = _inside(group, data[place : place + size])
        place += size
        if kind == 0:
            self.waiting.append((self._address(data, place), name))
        elif kind == 64:
            length = struct.unpack_from("<H", data, place)[0]
            file = data[place + 3 : place + 2 + length].split(b"\0")[0].decode("utf-8", "replace")
            self.externals.setdefault(file, External(file, name, self.base + address))
        elif kind != 1:
            self.lost.append(f"the link {name!r} is of an unknown kind")

    def _symbols(self, tree: int, heap: int, group: str) -> None:
        """Queue what a group's symbol table names, through its B-tree."""
        nodes, done = [tree], set[int]()
        while nodes:
            address = nodes.pop()
            self._step()
            if address in done:
                raise _Lost(f"the symbol table of {group!r} repeats itself")
            done.add(address)
            head = self._bytes(address, 8)
            if head[:4] == b"TREE":
                count = struct.unpack_from("<H", head, 6)[0]
                step = self.lengths + self.offsets
                table = self._bytes(address + 8 + 2 * self.offsets, count * step + self.lengths)
                nodes += (self._address(table, index * step + self.lengths) for index in range(count))
            elif head[:4] == b"SNOD":
                count, step = struct.unpack_from("<H", head, 6)[0], 2 * self.offsets + 24
                table = self._bytes(address + 8, count * step)
                for index in range(count):
                    self._step()
                    name = self._heap_text(heap, self._address(table, index * step))
                    if struct.unpack_from("<I", table, index * step + 2 * self.offsets)[0] != 2:  # a soft link
                        self.waiting.append((self._address(table, index * step + self.offsets), _inside(group, name)))
            else:
                raise _Lost(f"there is no symbol table at {address}")

    def _external_files(self, data: bytes, name: str, address: int) -> None:
        used, heap = struct.unpack_from("<H", data, 6)[0], self._address(data, 8)
        for index in range(used):
            place = 8 + self.offsets + index * 3 * self.lengths
            file = self._heap_text(heap, self._length(data, place)).decode("utf-8", "replace")
            self.externals.setdefault(file, External(file, name, self.base + address))

    def _heap_text(self, heap: int, offset: int) -> bytes:
        head = self._bytes(heap, 8 + 2 * self.lengths + self.offsets)
        if head[:4] != b"HEAP":
            raise _Lost(f"there is no local heap at {heap}")
        begin = self._address(head, 8 + 2 * self.lengths)
        return self._bytes(begin + offset, limits.KIB).split(b"\0")[0]

    def _step(self) -> None:
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise _Lost("it holds more objects than are followed")

    @property
    def _undefined(self) -> int:
        return (1 << 8 * self.offsets) - 1

    def _address(self, data: bytes, place: int) -> int:
        return self._number(data, place, self.offsets)

    def _length(self, data: bytes, place: int) -> int:
        return self._number(data, place, self.lengths)

    def _number(self, data: bytes, place: int, width: int) -> int:
        if place + width > len(data):
            raise _Lost("it breaks off inside a structure")
        return int.from_bytes(data[place : place + width], "little")

    def _bytes(self, address: int, length: int) -> bytes:
        if address < 0 or length < 0 or address + self.base + min(length, 1) > self.source.size:
            raise _Lost(f"something lies at {address}, outside the file")
        data = self.source.read_at(self.base + address, length)
        self.bytes_left -= len(data)
        if self.bytes_left < 0:
            raise _Lost("its structures lie in each other, so that following them has no end")
        return data


def _inside(group: str, name: bytes) -> str:
    return (group.rstrip("/") + "/" + name.decode("utf-8", "replace"))[:200]
