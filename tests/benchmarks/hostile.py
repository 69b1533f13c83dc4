"""Files of 10 MB that ask a scanner for all it has; `tests.benchmarks.scanning` holds them to a plain pickle's cost."""

from __future__ import annotations

import copy
import gzip
import io
import pickle
import random
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

SIZE = 10_000_000


def plain() -> bytes:
    """Make the pickle that the others are compared with: records of ordinary data."""
    rng = random.Random(1)
    records = [
        {"id": index, "name": f"token {rng.randrange(10**9)}", "score": rng.random(), "kids": [1, 2, 300]}
        for index in range(SIZE // 60)
    ]
    return pickle.dumps(records, 4)[:SIZE].ljust(SIZE, b"N")[:-1] + b"."


def worst() -> Iterator[tuple[str, bytes]]:
    """Give each file with what it asks for."""
    head = b"\x80\x04"
    yield "stack of one-byte literals", head + b"N" * SIZE
    yield "marks", head + b"(" * SIZE
    yield "pushed and dropped", head + b"N0" * (SIZE // 2)
    yield "tuples in tuples", head + b"N" + b"\x85" * SIZE
    yield "memo", head + b"N" + b"\x94" * SIZE
    yield (
        "memo keys that leave gaps",
        head + b"N" + b"".join(b"r" + (key * 1000).to_bytes(4, "little") for key in range(SIZE // 5)),
    )
    yield "globals", head + b"".join(f"cm{index}\nn\n0".encode() for index in range(SIZE // 11))
    yield "one global again and again", head + b"cos\nsystem\n0" * (SIZE // 12)
    yield "calls", head + b"cos\nsystem\n" + b"2)R0" * (SIZE // 4)
    yield "stacked pickles", b"\x80\x02N." * (SIZE // 4)
    yield "lines", b"\x80\x02" + b"I1\n0" * (SIZE // 4)
    yield "frames", head + (b"\x95" + (1).to_bytes(8, "little") + b"N0")[:10] * (SIZE // 10)
    yield "gzip of opcodes", gzip.compress(head + b"N0" * 200_000_000, 6)[:SIZE]
    yield "empty gzip streams", gzip.compress(b"") * (SIZE // 20)
    yield "zlib of zeros", zlib.compress(bytes(2**30), 9)
    yield "zip of many members", many_members()
    yield "zip of pickles", many_pickles()
    yield "a zip whose members are the same bytes", one_for_all(b"hello world\n" * (SIZE // 18))
    yield (
        "long names",
        head + b"X" + (4000).to_bytes(4, "little") + b"a" * 4000 + b"\x940" + b"h\0h\0\x930" * (SIZE // 6),
    )
    yield "extension codes", head + b"\x82\x010" * (SIZE // 3)
    yield "keys as text", head + b"N" + b"p0\n" * (SIZE // 3)
    yield "instances", head + b"cos\nsystem\n\x940" + b"(h\0o0" * (SIZE // 5)
    yield "tuples of three", head + b"NNN\x87" * (SIZE // 4)
    yield "random bytes", random.Random(1).randbytes(SIZE)
    yield "text", b"cos \nsystem \n" * (SIZE // 13)


def many_members() -> bytes:
    """Make a zip of empty members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for index in range(SIZE // 110):
            archive.writestr(zipfile.ZipInfo(str(index)), b"")
    return file.getvalue()


def one_for_all(data: bytes) -> bytes:
    """Make a zip whose directory names the same bytes again and again."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("member", data)
        for index in range(SIZE // 200):
            archive.filelist.append(copy.copy(archive.filelist[0]))
            archive.filelist[-1].filename = str(index)
    return file.getvalue()


def many_pickles() -> bytes:
    """Make a zip of small pickles."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for index in range(SIZE // 200):
            archive.writestr(zipfile.ZipInfo(f"{index}.pkl"), b"\x80\x02cos\nsystem\n)R.")
    return file.getvalue()


def write(to: Path) -> dict[str, Path]:
    """Write all of them, the plain one first."""
    paths = {}
    for number, (name, data) in enumerate([("plain", plain()), *worst()]):
        paths[name] = to / f"{number}.bin"
        paths[name].write_bytes(data)
    return paths
