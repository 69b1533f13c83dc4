"""HDF5 files: Keras's configurations in the root's attributes, and every path that leads out of the file.

A minimal reader: superblocks 0 to 3, object headers 1 and 2, symbol tables and links, compact attributes. What lies in
a fractal heap (dense attributes, groups of very many links) is not followed, and said so. Datasets' bytes are not read.
Source: "HDF5 File Format Specification", version 3.0.
"""

from __future__ import annotations

import struct

from verifier.formats import keras, pickle
from verifier.formats.content import Content, External, Follow, Kind, Part, Problem
from verifier.formats.hdf5_structures import LostError, Message, Structures
from verifier.formats.operations import Operations
from verifier.source import ByteSource, Memory

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LAST_USER_BLOCK = 1 << 30
_MOST_REASONS = 10
_LINK_INFO, _LINK, _EXTERNAL_FILES, _LAYOUT, _ATTRIBUTE = 0x02, 0x06, 0x07, 0x08, 0x0C
_SYMBOLS, _ATTRIBUTE_INFO = 0x11, 0x15
_FIXED_TEXT, _VARIABLE = 3, 9
_CONFIGURATIONS = frozenset({"model_config", "training_config"})


def matches(_name: str, source: ByteSource) -> bool:
    """Tell by the signature, which may stand behind a user block of 512 bytes, 1,024 bytes, and so on."""
    return _signature_at(source) is not None


def read(_name: str, source: ByteSource, follow: Follow) -> Content:
    """Walk all groups and judge nothing. Raises `OSError` only."""
    operations = Operations()
    walk = _Walk(source, _signature_at(source) or 0, operations, follow)
    if walk.file.base:
        walk.lose(f"{walk.file.base:,} bytes stand before it, which are the user's own")
    try:
        walk.run()
    except (LostError, struct.error, IndexError) as error:
        walk.lose(str(error) if isinstance(error, LostError) else "it breaks off inside a structure")
    return Content(
        "hdf5",
        operations=operations.all(),
        externals=tuple(walk.externals.values()),
        disguises=tuple(walk.problems),
        parts=tuple(walk.parts),
        unfollowed=f"as an HDF5 file, {walk.lost[0]}" if walk.lost else operations.unfollowed,
    )


def _signature_at(source: ByteSource) -> int | None:
    place = 0
    while place < source.size and place <= _LAST_USER_BLOCK:
        if source.read_at(place, 8) == _SIGNATURE:
            return place
        place = place * 2 or 512
    return None


class _Walk:
    """One pass over all object headers that are reached from the root, each once."""

    def __init__(self, source: ByteSource, base: int, operations: Operations, follow: Follow) -> None:
        self.file = Structures(source, base)
        self.follow = follow
        self.parts: list[Part] = []
        self.operations = operations
        self.externals: dict[str, External] = {}
        self.lost: list[str] = []
        self.problems: list[Problem] = []
        self.seen: set[int] = set()
        self.waiting: list[tuple[int, str]] = []

    def lose(self, reason: str) -> None:
        """Note what was not followed; the first reasons are enough."""
        if len(self.lost) < _MOST_REASONS:
            self.lost.append(reason)

    def run(self) -> None:
        """Walk all groups and datasets. Raises `LostError` where there is no going on."""
        root = self.file.root()
        end, size = self.file.end, self.file.source.size
        if end > size:
            self.lose(f"it says that it ends at {end:,}, and has {size:,} bytes")
        elif end < size:
            self.problems.append(Problem(f"goes on for {size - end:,} bytes behind its end", end))
        self.waiting.append((root, "/"))
        while self.waiting:
            address, name = self.waiting.pop()
            if address in self.seen:
                continue
            self.seen.add(address)
            self.file.step()
            for message in self.file.header(address):
                self._message(message, name, address, is_root=address == root)

    def _message(self, message: Message, name: str, address: int, *, is_root: bool) -> None:
        kind, data = message.kind, message.data
        if message.flags & 2 and kind in (_ATTRIBUTE, _LINK, _SYMBOLS, _EXTERNAL_FILES, _LAYOUT):
            self.lose(f"the object {name!r} shares a message that lies elsewhere")
        elif kind == _ATTRIBUTE:
            self._attribute(data, name, is_root=is_root)
        elif kind == _ATTRIBUTE_INFO:
            self._no_heap(data, 2 + (2 if data[1] & 1 else 0), f"the attributes of {name!r}")
        elif kind == _LINK_INFO:
            self._no_heap(data, 2 + (8 if data[1] & 1 else 0), f"the links of {name!r}")
        elif kind == _LINK:
            self._link(data, name, address)
        elif kind == _SYMBOLS:
            table = self.file.symbols(self.file.address(data, 0), self.file.address(data, self.file.offsets))
            self.waiting += ((address, _inside(name, inner)) for inner, address in table)
        elif kind == _EXTERNAL_FILES:
            self._external_files(data, name, address)
        elif kind == _LAYOUT and data[0] >= 4 and data[1] == 3:
            self.lose(f"the dataset {name!r} is put together from others, perhaps from other files")

    def _no_heap(self, data: bytes, place: int, what: str) -> None:
        if self.file.address(data, place) != self.file.undefined:
            self.lose(f"{what} lie in a heap that is not read here")

    def _attribute(self, data: bytes, owner: str, *, is_root: bool) -> None:
        """Read an attribute: Keras's configurations at the root, and pickles, which PyTables unpickles anywhere."""
        version, flags, *sizes = struct.unpack_from("<BBHHH", data)
        if version not in (1, 2, 3):
            raise LostError(f"an attribute has the unknown version {version}")
        place, pieces = 8 if version < 3 else 9, []
        for size in sizes:
            pieces.append(data[place : place + size])
            place += size if version > 1 else -(-size // 8) * 8
        name, kind = pieces[0].split(b"\0")[0].decode("utf-8", "replace"), pieces[1]
        is_configuration = is_root and name in _CONFIGURATIONS
        if version > 1 and flags & 3:
            self.lose(f"the type of the attribute {name!r} lies elsewhere")
        elif kind[:1] and kind[0] & 15 == _FIXED_TEXT:
            self._text(data[place:], name, owner, is_configuration=is_configuration)
        elif kind[1:2] and kind[0] & 15 == _VARIABLE and kind[1] & 15 == 1:
            length, heap = struct.unpack_from("<I", data, place)[0], self.file.address(data, place + 4)
            text = self.file.in_global_heap(heap, data[place + 4 + self.file.offsets :])[:length] if length else b""
            self._text(text, name, owner, is_configuration=is_configuration)
        elif is_configuration:
            self.lose(f"the attribute {name!r} is not a text")

    def _text(self, raw: bytes, name: str, owner: str, *, is_configuration: bool) -> None:
        if is_configuration:
            text = raw.split(b"\0")[0].decode("utf-8", "replace")
            if (reason := keras.add_json(self.operations, text)) is not None:
                self.lose(f"{name!r}: {reason}")
        elif name == "PSEUDOATOM" and raw.startswith(b"object"):
            self.lose(f"the dataset {owner!r} holds pickles, which PyTables would load")
        elif pickle.matches("", bare := Memory(raw.rstrip(b"\0"))):
            self.file.step()
            self.parts.append(self.follow.part(f"{owner}@{name}"[:200], bare, kind=Kind.INSIDE))

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
            self.waiting.append((self.file.address(data, place), name))
        elif kind == 64:
            length = struct.unpack_from("<H", data, place)[0]
            file = data[place + 3 : place + 2 + length].split(b"\0")[0].decode("utf-8", "replace")
            self.externals.setdefault(file, External(file, name, self.file.base + address))
        elif kind != 1:
            self.lose(f"the link {name!r} is of an unknown kind")

    def _external_files(self, data: bytes, name: str, address: int) -> None:
        used, heap = struct.unpack_from("<H", data, 6)[0], self.file.address(data, 8)
        for index in range(used):
            place = 8 + self.file.offsets + index * 3 * self.file.lengths
            file = self.file.in_local_heap(heap, self.file.length(data, place)).decode("utf-8", "replace")
            self.externals.setdefault(file, External(file, name, self.file.base + address))


def _inside(group: str, name: bytes) -> str:
    return (group.rstrip("/") + "/" + name.decode("utf-8", "replace"))[:200]
