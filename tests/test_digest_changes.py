"""A file that changes while its digest is made is not believed, whatever its times say."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from verifier import limits
from verifier.digest import digest_files, fingerprint
from verifier.errors import UndecidedError

Preadv = Callable[[int, list[memoryview], int], int]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Give a function that has something happen once, right after the first bytes of any file were read."""
    real: Preadv = os.preadv

    def arrange(event: Callable[[], object]) -> None:
        pending = [event]

        def preadv(descriptor: int, buffers: list[memoryview], offset: int) -> int:
            count = real(descriptor, buffers, offset)
            if pending:
                pending.pop()()
            return count

        monkeypatch.setattr(os, "preadv", preadv)

    return arrange


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def rewrite_with_a_forged_time(path: Path) -> None:
    before = path.stat()
    time.sleep(0.03)  # the clock of a file system ticks in milliseconds
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def exchange(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize("size", [10, 2 * limits.MIB])
@pytest.mark.parametrize(
    "change",
    [append, rewrite_with_a_forged_time, exchange, Path.unlink, lambda path: os.truncate(path, 1)],
    ids=["growing", "rewritten", "exchanged", "deleted", "truncated"],
)
def test_a_file_that_changes_while_it_is_read_is_not_believed(
    tmp_path: Path,
    meanwhile: Callable[[Callable[[], object]], None],
    change: Callable[[Path], object],
    size: int,
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1" * size)
    meanwhile(lambda: change(path))

    with pytest.raises(UndecidedError, match="changed while it was read") as caught:
        digest_files([path])

    assert caught.value.remedy


def test_the_fingerprint_tells_a_rewrite(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1" * 10)
    before = path.stat()
    rewrite_with_a_forged_time(path)

    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert fingerprint(path.stat()) != fingerprint(before)
