"""Collects the operations that one file names: each once, its texts short, and no more than a report can bear."""

from __future__ import annotations

from verifier import limits
from verifier.formats.content import Operation, Reach

_LONGEST = 200


class Operations:
    """What was found so far; `overflowed` tells that there was more than is kept."""

    def __init__(self) -> None:
        """Begin empty."""
        self._found: dict[tuple[Reach, str, str], Operation] = {}
        self.overflowed = False

    def add(self, reach: Reach, name: str, what: str, where: str = "", offset: int | None = None) -> None:
        """Keep an operation, unless the same was kept before."""
        key = (reach, name[:_LONGEST], what)
        if key in self._found:
            return
        if len(self._found) >= limits.MAX_OPERATIONS:
            self.overflowed = True
            return
        self._found[key] = Operation(reach, key[1], what, where[:_LONGEST], offset)

    def all(self) -> tuple[Operation, ...]:
        """Give what was kept, in the order in which it was found."""
        return tuple(self._found.values())

    @property
    def unfollowed(self) -> str | None:
        """Why the file was not followed to its end, where it names more than is kept."""
        return f"it names more than {limits.MAX_OPERATIONS:,} operations" if self.overflowed else None
