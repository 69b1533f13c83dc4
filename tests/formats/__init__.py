"""What the tests of the formats share: a file that is in memory only."""

from __future__ import annotations

import struct
from pathlib import Path

from verifier.formats import identify
from verifier.formats.content import Content, Status
from verifier.snapshot import Source

SAMPLES = Path(__file__).parent / "samples"
EMPTY_GGUF = struct.pack("<4sIQQ", b"GGUF", 3, 0, 0)


def sample(name: str) -> bytes:
    """Give a file that a format's own library wrote; `samples/make.py` says how."""
    return (SAMPLES / name).read_bytes()


def identified(data: bytes, name: str = "model.bin") -> Content:
    """Give what is made of these bytes under a name."""
    return identify(name, in_memory(data))


def operations(content: Content) -> list[tuple[str, str]]:
    """Give what a file names, with how far it reaches, in its members, too."""
    return [(each.reach.value, each.name) for _, inner in content.walk() for each in inner.operations]


def in_memory(data: bytes) -> Source:
    """Give `data` as the open file that the parsers want."""
    return Source(len(data), data, descriptor=-1)


def is_clean(content: Content) -> bool:
    """Tell whether nothing in a file would make anybody look twice: no pickle, no problem, nothing unread."""
    return (
        content.status is not Status.INCOMPLETE
        and not content.pickles
        and not any(inner.problems for _, inner in content.walk())
    )


def reasons(content: Content) -> str:
    """Give in one text why a file was not followed, its members' reasons among it."""
    return "; ".join(inner.unfollowed for _, inner in content.walk() if inner.unfollowed)


def problems(content: Content) -> str:
    """Give in one text what formats forbid, in the members, too."""
    return "; ".join(problem.message for _, inner in content.walk() for problem in inner.problems)
