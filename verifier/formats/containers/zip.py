"""Zip archives, read by their local headers and compared with the central directory; PyTorch's among them.

PyTorch's storages lie in the archive as they are, and no loader takes them for anything but numbers: they are neither
inflated nor identified, unless one begins as a pickle, an array or a zip. Their names are numbers.
"""

from __future__ import annotations

import lzma
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace

from verifier import limits
from verifier.budget import BudgetSpentError
from verifier.formats import pickle, torchscript
from verifier.formats.containers import streams
from verifier.formats.containers.zip_directory import (
    END,
    HAS_DESCRIPTOR,
    IS_ENCRYPTED,
    LOCAL,
    Directory,
    Header,
    behind_descriptor,
    find_directory,
    read_local,
)
from verifier.formats.content import Content, Follow, Kind, Part, Problem
from verifier.manifest import path_problem
from verifier.source import ByteSource, Slice, Spool

_METHODS = {8: "deflate", 12: "bzip2", 93: "zstd", 95: "xz"}
_LZMA = 14
_CHECKED = 8 * limits.MIB
"""Up to this size the checksum of a member is computed that is stored as it is."""


def matches(_name: str, source: ByteSource) -> bool:
    """Tell whether the bytes begin as a zip, also an empty one."""
    return source.read_at(0, 4) in (LOCAL, END)


def is_behind(source: ByteSource) -> bool:
    """Tell whether a whole zip lies at the end of a file that begins as something else."""
    found = find_directory(source)
    return found is not None and bool(found.entries)


def read(_name: str, source: ByteSource, follow: Follow) -> Content:
    """Follow every member that one of the two kinds of headers names."""
    return _Archive(source, follow).read()


class _Archive:
    def __init__(self, source: ByteSource, follow: Follow) -> None:
        self.source = source
        self.follow = follow
        self.problems: list[Problem] = []
        self.parts: list[Part] = []
        self.unfollowed: str | None = None
        self.raw: frozenset[str] = frozenset()
        self.read_to = 0
        self.read_again = 0

    def read(self) -> Content:
        directory = find_directory(self.source)
        if directory is None:
            self.unfollowed = "it has no directory that can be read"
            directory = Directory((), self.source.size, self.source.size, 0)
        else:
            self.unfollowed = directory.unfollowed
        names = [entry.name for entry in directory.entries]
        roots = [name.removesuffix("data.pkl") for name in names if name == "data.pkl" or name.endswith("/data.pkl")]
        self.raw = frozenset(f"{root}{place}" for root in roots for place in ("data", "constants"))
        self._directory(directory)
        self._members(directory)
        if directory.end < self.source.size:
            self._stray(directory.end, self.source.size)
        kind = "torch" if roots else "zip"
        is_plain = not self.problems and self.unfollowed is None  # or loaders may see different members
        parts = torchscript.resolved(self.parts) if is_plain else tuple(self.parts)
        return Content(kind, parts=parts, problems=tuple(self.problems), unfollowed=self.unfollowed)

    def _is_storage(self, name: str) -> bool:
        place, _, number = name.rpartition("/")
        return place in self.raw and re.fullmatch("[0-9]+", number) is not None

    def _problem(self, message: str, offset: int) -> None:
        if len(self.problems) < limits.MAX_FINDINGS_PER_CHECK:
            self.problems.append(Problem(message, offset))

    def _directory(self, directory: Directory) -> None:
        """Note what is wrong with the directory itself: names that stand twice or lead elsewhere, several ends."""
        if directory.other_ends:
            self._problem("it has more than one end record, and loaders choose differently", directory.end)
        seen: set[str] = set()
        for entry in directory.entries:
            if entry.name in seen:
                self._problem(f"two members have the name {entry.name[:200]!r}", entry.offset)
            seen.add(entry.name)
            if problem := _path_problem(entry.name):
                self._problem(f"the member {entry.name[:200]!r} has {problem}", entry.offset)
            if entry.is_link:
                self._problem(f"the member {entry.name[:200]!r} is a link", entry.offset)

    def _members(self, directory: Directory) -> None:
        """Walk from header to header: what the directory names, and what lies between that it does not."""
        starts_here = self.source.read_at(0, 4) == LOCAL
        position = 0 if starts_here else min((entry.offset for entry in directory.entries), default=0)
        for entry in sorted(directory.entries, key=lambda entry: entry.offset):
            if entry.offset > position:
                self._between(position, entry.offset)
            elif entry.offset < position:
                self._problem(f"the member {entry.name[:200]!r} overlaps the one before it", entry.offset)
            position = max(position, self._member(entry))
            if self.follow.budget.spent:
                self.unfollowed = self.follow.budget.spent
                return
        if position < directory.begin:
            self._between(position, directory.begin)

    def _between(self, begin: int, end: int) -> None:
        """Look at bytes that no entry of the directory covers: members that it hides, or something else."""
        while begin < end and (found := read_local(self.source, begin)) is not None:
            header, data = found
            if self.unfollowed is None or self.parts:
                self._problem(f"the member {header.name[:200]!r} is not in the directory", begin)
            if header.flags & HAS_DESCRIPTOR and not header.packed:
                self.unfollowed = self.unfollowed or f"where {header.name[:200]} ends is not said"
                header = replace(header, packed=end - data)
            begin = max(begin + 1, self._data(header, header, data))
            if self.follow.budget.spent:
                self.unfollowed = self.follow.budget.spent
                return
        if begin < end:
            self._stray(begin, end)

    def _stray(self, begin: int, end: int) -> None:
        """Note bytes that belong to no member, and look at what they are, unless they are padding."""
        if end - begin == self.source.size:
            return  # nothing could be read of it, which is said already
        data = self.source.read_at(begin, min(end - begin, limits.MIB))
        if any(data) or end - begin > len(data):
            self._problem(f"{end - begin:,} bytes belong to no member", begin)
            stray = Slice(self.source, begin, end - begin)
            self.parts.append(self.follow.part("", stray, kind=Kind.TAIL, offset=begin))

    def _member(self, entry: Header) -> int:
        """Follow a member that the directory names; give where it ends."""
        found = read_local(self.source, entry.offset)
        if found is None:
            self.unfollowed = f"{entry.name[:200]} has no header of its own"
            return entry.offset
        local, data = found
        self._compare(entry, local)
        return self._data(entry, local, data)

    def _compare(self, entry: Header, local: Header) -> None:
        name = entry.name[:200]
        if local.name != entry.name:
            self._problem(f"the member {name!r} calls itself {local.name[:200]!r} in its own header", entry.offset)
        if local.method != entry.method:
            self._problem(f"the member {name!r} has two methods of compression", entry.offset)
        if (local.flags | entry.flags) & IS_ENCRYPTED:
            self._problem(f"the member {name!r} is marked as encrypted", entry.offset)
        deferred = local.flags & HAS_DESCRIPTOR and not local.packed
        if not deferred and (local.packed, local.size) != (entry.packed, entry.size):
            self._problem(f"the member {name!r} has two sizes", entry.offset)
        if not (local.flags & HAS_DESCRIPTOR and not local.checksum) and local.checksum != entry.checksum:
            self._problem(f"the member {name!r} has two checksums", entry.offset)

    def _data(self, entry: Header, local: Header, data: int) -> int:
        """Follow a member's bytes; give where it ends."""
        packed = max(local.packed, entry.packed)
        if data + packed > self.source.size:
            self.unfollowed = f"{entry.name[:200]} is cut off"
        if not entry.name.endswith("/") or packed:
            for other in dict.fromkeys(filter(None, (entry.other_name, local.other_name))):
                self._problem(
                    f"the member {entry.name[:200]!r} has another name for some: {other!r:.200}", entry.offset
                )
            inside = Slice(self.source, data, packed)
            self.read_again += inside.size if data < self.read_to else 0
            self.read_to = max(self.read_to, data + inside.size)
            try:
                if self.read_again > self.source.size:  # any number of members can have the same bytes
                    raise BudgetSpentError("its members have more bytes in common than the archive has")
                if local.method == 0:
                    self._follow(entry, local, inside, data)
                else:
                    self._inflate(entry, local, inside, data)
            except BudgetSpentError as error:
                self.unfollowed = str(error)
        end = data + packed
        return behind_descriptor(self.source, end) if local.flags & HAS_DESCRIPTOR else end

    def _inflate(self, entry: Header, local: Header, inside: ByteSource, data: int) -> None:
        for method in {local.method, entry.method}:
            with Spool() as spool:
                broken: str | None
                if method == 0:
                    self._follow(entry, local, inside, data)
                    continue
                if method == _LZMA:
                    broken = _inflate_lzma(inside, spool, self.follow)
                elif method in _METHODS:
                    end, broken = streams.inflate(_METHODS[method], inside, spool, self.follow)
                    if end < inside.size and not broken:
                        self._problem(f"the member {entry.name[:200]!r} goes on behind its stream", data + end)
                else:
                    broken = f"the method of compression {method} is not known"
                if broken:
                    self.unfollowed = f"{entry.name[:200]}: {broken}"
                if spool.size or not broken:
                    self._follow(entry, local, spool, None)

    def _follow(self, entry: Header, local: Header, inside: ByteSource, offset: int | None) -> None:
        size = max(entry.size, local.size)
        if inside.size != size and not (local.flags & HAS_DESCRIPTOR and not size):
            self._problem(
                f"the member {entry.name[:200]!r} has {inside.size:,} bytes and claims {size:,}", local.offset
            )
        elif (offset is None or size <= _CHECKED) and _checksum(inside) not in {entry.checksum, local.checksum}:
            self._problem(f"the member {entry.name[:200]!r} has another checksum than it claims", local.offset)
        names = dict.fromkeys(filter(None, (entry.name, local.name, entry.other_name, local.other_name)))
        if len(names) == 1 and self._is_storage(entry.name) and not _is_marked(inside):
            self.follow.budget.member()
            if pickle.is_marked(inside) and (content := pickle.probe(inside, self.follow)) is not None:
                self.parts.append(Part(entry.name, content, offset=offset))
            return
        # What came out before the budget was spent is looked at all the same.
        kind = Kind.INSIDE if self.follow.budget.spent else Kind.MEMBER
        self.parts.append(self.follow.part(entry.name, inside, kind=kind, offset=offset))
        self.parts.extend(self.follow.part(name, inside, offset=offset) for name in names if name != entry.name)


def _is_marked(inside: ByteSource) -> bool:
    """Tell whether numbers begin as what some loader would open."""
    return inside.read_at(0, 6) == b"\x93NUMPY" or inside.read_at(0, 4) in (LOCAL, END)


def _path_problem(name: str) -> str | None:
    return path_problem(name.rstrip("/")) if name.rstrip("/") else None


def _checksum(source: ByteSource) -> int:
    value = 0
    for piece in _pieces(source):
        value = zlib.crc32(piece, value)
    return value


def _pieces(source: ByteSource) -> Iterator[bytes]:
    for offset in range(0, source.size, limits.MIB):
        yield source.read_at(offset, limits.MIB)


def _inflate_lzma(inside: ByteSource, spool: Spool, follow: Follow) -> str | None:
    """Inflate what APPNOTE, 5.8.8, calls LZMA: two bytes of version, the properties with their length, a raw stream."""
    head = inside.read_at(0, 9)
    if len(head) < 9 or head[2:4] != b"\x05\x00":
        return "its LZMA header can't be read"
    packed, dictionary = head[4], int.from_bytes(head[5:9], "little")
    filters = [
        {
            "id": lzma.FILTER_LZMA1,
            "dict_size": min(max(dictionary, 4096), 64 * limits.MIB),
            "lc": packed % 9,
            "lp": packed // 9 % 5,
            "pb": packed // 45,
        }
    ]
    try:
        stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        for offset in range(9, inside.size, 64 * limits.KIB):
            given = stream.decompress(inside.read_at(offset, 64 * limits.KIB), limits.MIB)
            while given or not stream.needs_input:
                spool.write(given)
                follow.budget.inflate(len(given))
                if stream.eof or stream.needs_input:
                    break
                given = stream.decompress(b"", limits.MIB)
    except (lzma.LZMAError, ValueError, EOFError) as error:
        return f"its LZMA stream is broken ({type(error).__name__})"
    return None
