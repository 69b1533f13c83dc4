"""SHA-256 of files: equal to hashlib's, the largest first, each byte read once, one error ends it, memory bounded."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier import limits
from verifier.digest import (
    CancelledError,
    ChangedWhileReadError,
    Digest,
    default_workers,
    digest_files,
    hash_descriptor,
    in_parallel,
)
from verifier.errors import UndecidedError, UsageError

MIB = limits.MIB


def made(directory: Path, *sizes: int) -> list[Path]:
    """Make files of these sizes, each with bytes of its own."""
    paths = []
    for number, size in enumerate(sizes):
        paths.append(directory / f"{number}.bin")
        paths[-1].write_bytes(bytes([number]) * size)
    return paths


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_each_digest_is_hashlibs(tmp_path: Path, workers: int | None) -> None:
    paths = made(tmp_path, 0, 1, 1000, MIB - 1, MIB, MIB + 1, 3 * MIB)

    digests = digest_files(paths, workers=workers)

    assert {path: digest.hex for path, digest in digests.items()} == {
        path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }


def test_an_empty_file_has_the_digest_of_nothing(tmp_path: Path) -> None:
    (path,) = made(tmp_path, 0)

    assert digest_files([path]) == {path: Digest.of(b"")}


def test_no_files_have_no_digests() -> None:
    assert digest_files([]) == {}


def test_paths_may_come_from_a_generator_and_twice(tmp_path: Path) -> None:
    paths = made(tmp_path, 5, 6)

    assert digest_files(path for path in [*paths, *paths]).keys() == set(paths)


def test_the_largest_file_comes_first(tmp_path: Path) -> None:
    counts: list[int] = []

    digest_files(made(tmp_path, 10, 3000, 0, 500), workers=1, progress=counts.append)

    assert counts == [3000, 500, 10]


def test_progress_adds_up_to_the_bytes(tmp_path: Path) -> None:
    paths = made(tmp_path, 3 * MIB + 1, 0, 17, MIB)
    counts: list[int] = []

    digest_files(paths, workers=2, progress=counts.append)

    assert sum(counts) == sum(path.stat().st_size for path in paths)


def test_a_link_stands_for_its_file(tmp_path: Path) -> None:
    (path,) = made(tmp_path, 5)
    (tmp_path / "link").symlink_to(path)

    assert digest_files([tmp_path / "link"]) == {tmp_path / "link": Digest.of(path.read_bytes())}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda path: None, "is not there", id="missing"),
        pytest.param(lambda path: path.mkdir(), "not a regular file", id="directory"),
        pytest.param(os.mkfifo, "not a regular file", id="FIFO"),
        pytest.param(lambda path: os.mknod(path, 0o140644), "not a regular file", id="socket"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "is not there", id="dangling link"),
    ],
)
def test_what_is_no_file_is_the_callers_mistake(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    make(tmp_path / "odd")

    with pytest.raises(UsageError, match=message) as caught:
        digest_files([*made(tmp_path, 10), tmp_path / "odd"])

    assert caught.value.remedy


def test_a_link_to_itself_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(UndecidedError, match="can't be read"):
        digest_files([tmp_path / "loop"])


def test_a_file_that_vanishes_before_it_is_opened_is_the_callers_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = made(tmp_path, 10)
    monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(FileNotFoundError(2, "No such file")))

    with pytest.raises(UsageError, match="is not there"):
        digest_files([path])


def test_a_disk_that_fails_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(5, "Input/output error")

    paths = made(tmp_path, 10)
    monkeypatch.setattr(os, "preadv", fail)

    with pytest.raises(UndecidedError, match="Input/output error") as caught:
        digest_files(paths)

    assert (caught.value.exit_status, caught.value.code) == (4, "unreadable")


def test_one_error_ends_the_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = made(tmp_path, *range(50, 0, -1))
    read: list[int] = []

    def fail(descriptor: int, *_: object) -> int:
        read.append(descriptor)
        time.sleep(0.01)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "preadv", fail)
    with pytest.raises(UndecidedError):
        digest_files(paths, workers=1)

    assert len(read) < len(paths)


def test_an_interrupt_ends_the_whole_run_and_leaves_no_thread(tmp_path: Path) -> None:
    counts: list[int] = []
    threads = threading.active_count()

    def interrupt(count: int) -> None:
        counts.append(count)
        time.sleep(0.01)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        digest_files(made(tmp_path, *[1000] * 30), workers=1, progress=interrupt)

    assert len(counts) < 30
    assert threading.active_count() == threads


def test_work_that_runs_beside_an_error_is_told_to_stop() -> None:
    stopped: list[bool] = []

    def work(number: int, cancelled: threading.Event) -> int:
        if number == 0:
            raise OSError("broken")
        stopped.append(cancelled.wait(5))
        return number

    with pytest.raises(OSError, match="broken"):
        in_parallel(work, [0, *range(1, 20)], workers=2)

    assert all(stopped)
    assert len(stopped) < 19


def test_results_come_in_the_order_of_the_items() -> None:
    def work(number: int, cancelled: threading.Event) -> int:
        time.sleep(0.01 * (number == 0))
        return number * 2

    assert in_parallel(work, list(range(10)), workers=3) == [number * 2 for number in range(10)]


def test_a_cancelled_read_stops_at_the_next_buffer(tmp_path: Path) -> None:
    (path,) = made(tmp_path, 10)
    cancelled = threading.Event()
    cancelled.set()

    with path.open("rb") as file, pytest.raises(CancelledError):
        hash_descriptor(file.fileno(), 10, cancelled=cancelled)


@pytest.mark.parametrize("claimed", [0, 9, 11, 10**12])
def test_a_size_that_is_not_the_files_is_a_change(tmp_path: Path, claimed: int) -> None:
    (path,) = made(tmp_path, 10)

    with path.open("rb") as file, pytest.raises(ChangedWhileReadError):
        hash_descriptor(file.fileno(), claimed)


@pytest.mark.parametrize("size", [0, 1, 1000, MIB, MIB + 5])
def test_the_first_buffer_is_kept_and_no_more(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(os.urandom(size))

    with path.open("rb") as file:
        digest, head = hash_descriptor(file.fileno(), size)

    assert digest == Digest.of(path.read_bytes())
    assert head == path.read_bytes()[: limits.READ_BUFFER]


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=200), st.integers(1, 16))
def test_the_size_of_the_buffer_does_not_matter(data: bytes, size: int) -> None:
    descriptor = os.memfd_create("data")
    try:
        os.write(descriptor, data)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "READ_BUFFER", size)

            assert hash_descriptor(descriptor, len(data)) == (Digest.of(data), data[:size])
    finally:
        os.close(descriptor)


def test_memory_stays_bounded_however_large_the_files_are(tmp_path: Path) -> None:
    for number in range(3):
        with (tmp_path / str(number)).open("wb") as file:
            file.truncate(100 * MIB)

    tracemalloc.start()
    try:
        digest_files(tmp_path.iterdir(), workers=2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 8 * MIB


def test_there_is_at_least_one_worker() -> None:
    assert 1 <= default_workers() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("text", ["", "sha256:", "abc", "sha256:" + "A" * 64, "sha1:" + "a" * 40, "sha256:" + "a" * 63])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a digest"):
        Digest.parse(text)


def test_a_digest_reads_back() -> None:
    digest = Digest.of(b"x")

    assert Digest.parse(str(digest)) == digest == Digest.sha256(digest.hex)
