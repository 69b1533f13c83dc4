"""Tar archives, also those without the ustar mark, as legacy PyTorch writes them.

Members are read where they lie. What would leave the directory it is unpacked into is a problem.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

from verifier import limits
from verifier.formats.content import Content, Follow, Part, Problem
from verifier.manifest import path_problem
from verifier.source import ByteSource, Slice

_SPECIAL = {
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a FIFO",
}
_LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE)


def matches(_name: str, source: ByteSource) -> bool:
    """Tell whether the first block is a tar's header."""
    start = source.read_at(0, 512)
    if len(start) < 512 or not start[0]:
        return False
    try:
        tarfile.TarInfo.frombuf(start, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return False
    return True


def read(_name: str, source: ByteSource, follow: Follow) -> Content:
    """Follow every member."""
    parts: list[Part] = []
    problems: list[Problem] = []
    unfollowed = None
    seen: set[str] = set()
    end = 0
    try:
        with tarfile.open(fileobj=_File(source), mode="r:", ignore_zeros=False) as archive:
            for info in archive:
                problems += _problems(info, seen)
                if info.sparse is not None:
                    unfollowed = f"{info.name} is stored with holes"
                elif not info.isdir() and info.type not in (*_LINKS, *_SPECIAL):
                    member = Slice(source, info.offset_data, info.size)
                    if info.offset_data + info.size > source.size:
                        unfollowed = f"{info.name} is cut off"
                    parts.append(follow.part(info.name, member, offset=info.offset_data))
                archive.members = []  # type: ignore[attr-defined]  # or it keeps every one
                if follow.budget.spent:
                    unfollowed = follow.budget.spent
                    break
                end = info.offset_data + (info.size if info.isreg() else 0)
    except (tarfile.TarError, ValueError, OverflowError, EOFError, RecursionError, MemoryError) as error:
        unfollowed = f"its members can't be read: {type(error).__name__}"
    if unfollowed is None:
        unfollowed = next(iter(_behind(source, end)), None)
    return Content("tar", parts=tuple(parts), problems=tuple(problems), unfollowed=unfollowed)


def _problems(info: tarfile.TarInfo, seen: set[str]) -> Iterator[Problem]:
    if problem := _path_problem(info.name):
        yield Problem(f"the member {info.name[:200]!r} has a path that is {problem}", info.offset)
    if info.type in _SPECIAL:
        yield Problem(f"the member {info.name[:200]!r} is {_SPECIAL[info.type]}", info.offset)
    if info.type in _LINKS and (info.linkname.startswith("/") or ".." in info.linkname.split("/")):
        yield Problem(f"the member {info.name[:200]!r} is a link to {info.linkname[:200]!r}", info.offset)
    if info.name in seen:
        yield Problem(f"two members have the name {info.name[:200]!r}", info.offset)
    seen.add(info.name)


def _path_problem(name: str) -> str | None:
    """Say what is wrong with a member's path; a directory's own entry, `./` and a closing slash are not."""
    plain = name.removeprefix("./").rstrip("/")
    return path_problem(plain) if plain and plain != "." else None


def _behind(source: ByteSource, end: int) -> Iterator[str]:
    """Look behind the last member: two blocks of zeros and padding, or bytes that no reader of tars shows."""
    position = end + -end % 512
    while position < source.size:
        data = source.read_at(position, limits.MIB)
        if any(data):
            yield "there are bytes behind its end"
            return
        position += len(data)


class _File(io.RawIOBase):
    """A source as the file object that tarfile wants; nothing large is read at once."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._source.size - self._position if size is None or size < 0 else size
        if min(wanted, self._source.size - self._position) > limits.MAX_ARCHIVE_HEADER:
            raise ValueError("the archive asks for more memory than it is given")
        data = self._source.read_at(self._position, max(0, wanted))
        self._position += len(data)
        return data
