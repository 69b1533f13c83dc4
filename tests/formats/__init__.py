"""What the tests of the formats share: a file that is in memory only."""

from __future__ import annotations

from verifier.snapshot import Source


def in_memory(data: bytes) -> Source:
    """Give `data` as the open file that the parsers want."""
    return Source(len(data), data, descriptor=-1)
