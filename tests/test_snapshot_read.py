"""One careful read of each file of a snapshot: what changed since the walk is neither read nor believed."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from verifier.digest import Digest
from verifier.snapshot import Entry, Reading, Source, read, take


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub/deeper").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub/b.txt").write_text("bb")
    (root / "sub/deeper/c.txt").write_text("ccc")
    return root


def first_bytes(path: str, digest: Digest, source: Source) -> bytes:
    return source.read_at(0, 10)


def test_each_file_gives_its_digest_and_what_was_seen_in_it(tree: Path) -> None:
    assert read(take(tree).files.values(), first_bytes) == {
        "a.txt": Reading(Digest.of(b"a"), b"a"),
        "sub/b.txt": Reading(Digest.of(b"bb"), b"bb"),
        "sub/deeper/c.txt": Reading(Digest.of(b"ccc"), b"ccc"),
    }


def test_the_largest_is_read_first_and_progress_adds_up(tree: Path) -> None:
    counts: list[int] = []

    read(take(tree).files.values(), first_bytes, workers=1, progress=counts.append)

    assert counts == [3, 2, 1]


def exchanged(tree: Path) -> None:
    (tree / "new").write_text("b2")
    (tree / "new").replace(tree / "sub/b.txt")


def replaced_by_a_link(tree: Path) -> None:
    (tree / "sub/b.txt").rename(tree / "elsewhere")
    (tree / "sub/b.txt").symlink_to("../elsewhere")


def in_a_linked_directory(tree: Path) -> None:
    (tree / "sub").rename(tree / "moved")
    (tree / "sub").symlink_to("moved")


def replaced_by_a_fifo(tree: Path) -> None:
    (tree / "sub/b.txt").unlink()
    os.mkfifo(tree / "sub/b.txt")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (exchanged, None),
        (lambda tree: (tree / "sub/b.txt").write_text("bbb"), None),
        (replaced_by_a_fifo, None),
        (replaced_by_a_link, "Too many levels of symbolic links"),
        (in_a_linked_directory, "Not a directory"),
        (lambda tree: shutil.rmtree(tree / "sub"), "No such file or directory"),
        (lambda tree: shutil.rmtree(tree), "No such file or directory"),
    ],
    ids=["exchanged", "longer", "FIFO", "link", "linked directory", "directory gone", "root gone"],
)
def test_what_changed_since_the_walk_is_neither_read_nor_believed(
    tree: Path, change: Callable[[Path], object], error: str | None
) -> None:
    entry = take(tree).files["sub/b.txt"]
    change(tree)

    assert read([entry], first_bytes) == {"sub/b.txt": Reading(None, None, error)}


def test_a_change_while_the_content_is_looked_at_counts(tree: Path) -> None:
    def meddle(path: str, digest: Digest, source: Source) -> bytes:
        (tree / path).write_text("other")
        return b"looked"

    assert read([take(tree).files["a.txt"]], meddle) == {"a.txt": Reading(None)}


def test_a_disk_that_fails_while_the_content_is_looked_at_is_an_answer(tree: Path) -> None:
    def fail(path: str, digest: Digest, source: Source) -> bytes:
        raise OSError(5, "Input/output error")

    assert read([take(tree).files["a.txt"]], fail) == {"a.txt": Reading(None, None, "Input/output error")}


def test_no_descriptor_stays_open(tree: Path) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    before, threads = count(), threading.active_count()
    entries: list[Entry] = list(take(tree).files.values())
    shutil.rmtree(tree / "sub")
    read(entries, first_bytes)

    assert count() == before
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 4), (2, 2), (2, 6), (6, 2), (6, 10), (0, 100), (8, 1), (20, 5), (3, 0)]
)
def test_any_part_of_a_file_can_be_read(tmp_path: Path, offset: int, length: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"01234567")
    with path.open("rb") as file:
        source = Source(8, b"0123", file.fileno())

        assert source.read_at(offset, length) == b"01234567"[offset : offset + length]
