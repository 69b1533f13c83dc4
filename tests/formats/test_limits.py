"""Each limit on what one file may cost is hit: the file is incomplete, and what was found before stays."""

from __future__ import annotations

import bz2
import copy
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable

import pytest
import zstandard

from tests.formats import in_memory, reasons
from tests.formats.test_pickle_archives import peak_of, tarred, zipped
from tests.pickles import CALL, EVIL, pickled
from verifier import limits
from verifier.budget import Budget, BudgetSpentError
from verifier.formats import Content, identify
from verifier.formats.content import Status
from verifier.source import Memory, Slice, Spool

TEXT = b"some text\n" * 1_000


def content(data: bytes) -> Content:
    found = identify("model.bin", in_memory(data))
    assert found.status is Status.INCOMPLETE
    return found


def globals_of(found: Content) -> set[str]:
    return {use.dotted for _, inner in found.walk() if inner.program is not None for use in inner.program.uses}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIN_INFLATED", "MIN_OPCODES", "MIN_ACTS", "MAX_STACK", "MAX_USES"):
        monkeypatch.setattr(limits, name, 5_000)


def test_depth() -> None:
    data = EVIL
    for _ in range(limits.MAX_NESTING + 1):
        data = gzip.compress(data)

    assert "levels deep" in reasons(content(data))


def test_members_that_have_the_same_bytes() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.pkl", EVIL + TEXT)
        for number in range(50):
            info = copy.copy(archive.filelist[0])
            info.filename = f"{number}.pkl"
            archive.filelist.append(info)

    found = content(file.getvalue())

    assert "bytes in common" in reasons(found)
    assert globals_of(found) == {"posix.system"}
    assert len(found.pickles) < 5


def test_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ARCHIVE_MEMBERS", 10)
    members = [("a.pkl", EVIL), *((str(number), b"text") for number in range(20))]

    for data in (zipped(*members), tarred(*members)):
        found = content(data)
        assert "members" in reasons(found)
        assert globals_of(found) == {"posix.system"}


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, zstandard.compress, lambda data: zipped(("x", data), method=zipfile.ZIP_DEFLATED)],
    ids=["gzip", "zstd", "zip"],
)
def test_ratio(compress: object) -> None:
    assert callable(compress)
    found = content(compress(CALL + b"0" + b"N0" * 1_000_000))

    assert "inflates to more" in reasons(found)
    assert globals_of(found) == {"posix.system"}


def test_total_size_over_many_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_RATIO", 1)
    members = [(str(number), b"text" * 1_000) for number in range(50)]

    assert "inflates to more" in reasons(content(zipped(*members, method=zipfile.ZIP_DEFLATED)))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"N0" * 10_000, "more opcodes"),
        (b"(" * 600_000, "its stack holds more"),
        (b"N" * 600_000, "its stack holds more"),
        (b"".join(f"cm{number}\nn\n0".encode() for number in range(6_000)), "names more than 5,000 globals"),
        (b"cm\nn\n0" * 6_000, "import and call more often"),
    ],
    ids=["opcodes", "marks", "stack", "globals", "acts"],
)
def test_the_walker(monkeypatch: pytest.MonkeyPatch, body: bytes, why: str) -> None:
    data = gzip.compress(b"\x80\x02" + CALL + b"0" + body)
    if why != "more opcodes":
        monkeypatch.setattr(limits, "MIN_OPCODES", 1_000_000)
    if "often" not in why:
        monkeypatch.setattr(limits, "MIN_ACTS", 1_000_000)
    monkeypatch.setattr(limits, "MIN_INFLATED", 1_000_000)

    found = content(data)

    assert why in reasons(found)
    assert "posix.system" in globals_of(found)


def test_keys_of_the_memo_that_are_far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MIN_OPCODES", 1_000_000)
    keys = b"".join(b"r" + (10_000_000 + key * 1000).to_bytes(4, "little") for key in range(110_000))

    assert "keys of its memo" in reasons(content(b"\x80\x02" + CALL + keys + b"."))


def test_streams_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_STREAMS", 10)

    assert "pickles in a row" in reasons(content(EVIL + pickled(b"N") * 50))


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_compressed_streams_in_a_row(monkeypatch: pytest.MonkeyPatch, compress: Callable[[bytes], bytes]) -> None:
    monkeypatch.setattr(limits, "MAX_STREAMS", 10)

    found = content(compress(EVIL) + compress(b"") * 100)

    assert "streams in a row" in reasons(found)
    assert globals_of(found) == {"posix.system"}


def test_time() -> None:
    now = [0.0]
    budget = Budget(1_000, clock=lambda: now[0])
    budget.check_time()
    now[0] += limits.SCAN_SECONDS + 1

    with pytest.raises(BudgetSpentError, match="took longer"):
        budget.member()
    assert identify("model.bin", in_memory(zipped(("a", EVIL))), budget).status is Status.INCOMPLETE


def test_memory() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(20_000_000))

    assert peak_of(in_memory(file.getvalue())) < 32 * limits.MIB


def test_what_is_large_is_spooled_to_disk_and_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SPOOL_IN_MEMORY", 10)
    with Spool() as spool:
        for piece in (b"0123", b"4567", b"89ab", b"cdef"):
            spool.write(piece)

        assert spool.size == 16
        assert spool.read_at(6, 4) == b"6789"
        assert spool.read_at(14, 99) == b"ef"
        assert spool.read_at(99, 1) == b""


def test_a_slice_stays_inside() -> None:
    inner = Slice(Memory(b"0123456789"), 4, 3)

    assert (inner.size, inner.read_at(0, 99), inner.read_at(2, 99), inner.read_at(5, 1)) == (3, b"456", b"6", b"")
    assert Slice(Memory(b"01"), 1, 99).size == 1
