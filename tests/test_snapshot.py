"""What lies below a directory: the walk over a snapshot, which follows nothing and opens no file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from verifier import limits
from verifier.errors import UndecidedError, UsageError
from verifier.snapshot import Snapshot, take


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub/deeper").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub/b.txt").write_text("bb")
    (root / "sub/deeper/c.txt").write_text("ccc")
    return root


def problems(snapshot: Snapshot) -> dict[str, str]:
    return {oddity.path: oddity.problem for oddity in snapshot.oddities}


def test_every_file_is_listed_with_its_size(tree: Path) -> None:
    snapshot = take(tree)

    assert {path: entry.size for path, entry in snapshot.files.items()} == {
        "a.txt": 1,
        "sub/b.txt": 2,
        "sub/deeper/c.txt": 3,
    }
    assert (snapshot.size, snapshot.complete, snapshot.oddities, snapshot.unreadable) == (6, True, (), {})


def test_the_paths_come_in_order(tree: Path) -> None:
    for name in ("Z", "é", "0", "sub.txt", "sub-"):
        (tree / name).touch()

    assert list(take(tree).files) == sorted(take(tree).files)


def test_a_file_knows_where_it_lies(tree: Path) -> None:
    entry = take(tree).files["sub/b.txt"]

    assert entry.real_path == tree.resolve() / "sub/b.txt"
    assert entry.inode == (entry.real_path.stat().st_dev, entry.real_path.stat().st_ino)


def test_an_empty_directory_holds_nothing(tmp_path: Path) -> None:
    assert take(tmp_path).files == {}


def test_the_root_may_be_a_link_or_relative(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree.parent / "link").symlink_to("root")
    monkeypatch.chdir(tree.parent)

    assert take(Path("link")).files == take(Path("root")).files == take(tree).files
    assert take(Path("link")).root == tree.resolve()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere", "is not there"),
        ("nowhere/below", "is not there"),
        ("a.txt", "is not a directory"),
        ("a.txt/below", "is not a directory"),
        ("fifo", "is not a directory"),
        ("dangling", "is not there"),
        ("null\0byte", "null"),
    ],
)
def test_a_path_that_is_no_directory_is_the_callers_mistake(tree: Path, path: str, message: str) -> None:
    os.mkfifo(tree / "fifo")
    (tree / "dangling").symlink_to("nowhere")

    with pytest.raises(UsageError, match=message) as caught:
        take(tree / path)

    assert caught.value.remedy


@pytest.mark.parametrize("path", ["loop", "x" * 300])
def test_a_path_that_the_system_refuses_can_not_be_read(tree: Path, path: str) -> None:
    (tree / "loop").symlink_to("loop")

    with pytest.raises(UndecidedError, match="can't be read") as caught:
        take(tree / path)

    assert caught.value.remedy


def test_a_disk_that_fails_can_not_be_read(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> Iterator[os.DirEntry[str]]:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "scandir", fail)

    with pytest.raises(UndecidedError, match="Input/output error"):
        take(tree)


def test_a_directory_that_fails_below_the_root_is_noted(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def fail(path: str, flags: int, *rest: int, **where: int) -> int:
        if path == "sub":
            raise OSError(5, "Input/output error")
        return real(path, flags, *rest, **where)

    monkeypatch.setattr(os, "open", fail)

    assert take(tree).unreadable == {"sub": "Input/output error"}
    assert list(take(tree).files) == ["a.txt"]


@pytest.mark.parametrize("target", ["a.txt", "sub", "..", "/", "nowhere", "self"])
def test_links_are_odd_and_are_not_followed(tree: Path, target: str) -> None:
    (tree / "self").symlink_to(target)

    snapshot = take(tree)

    assert problems(snapshot) == {"self": f"a link to {target!r}, outside the model's own files"}
    assert len(snapshot.files) == 3


def test_hard_links_are_files(tree: Path) -> None:
    os.link(tree / "a.txt", tree / "again.txt")

    assert take(tree).files["again.txt"].inode == take(tree).files["a.txt"].inode


def test_a_name_that_is_not_utf8_is_odd_and_still_listed(tree: Path) -> None:
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff")).write_bytes(b"x")

    snapshot = take(tree)

    assert problems(snapshot) == {"\udcff": "a name that is not UTF-8"}
    assert snapshot.files["\udcff"].size == 1


def test_a_nest_is_followed_to_its_limit(tmp_path: Path) -> None:
    deep = tmp_path / "/".join("d" * 40)
    deep.mkdir(parents=True)
    (deep / "file").touch()

    snapshot = take(tmp_path)

    assert snapshot.files == {}
    assert list(problems(snapshot)) == ["/".join("d" * (limits.MAX_SNAPSHOT_DEPTH + 1))]


@pytest.mark.parametrize(("cap", "complete"), [(5, True), (4, False), (1, False)])
def test_the_walk_stops_at_its_cap(tree: Path, monkeypatch: pytest.MonkeyPatch, cap: int, complete: bool) -> None:
    monkeypatch.setattr(limits, "MAX_SNAPSHOT_ENTRIES", cap)

    snapshot = take(tree)

    assert snapshot.complete is complete
    assert len(snapshot.files) <= cap


def test_a_directory_beyond_the_cap_is_not_read_to_its_end(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0
    real = os.scandir

    class Counting:
        def __init__(self, descriptor: int) -> None:
            self.entries = real(descriptor)

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            return self

        def __exit__(self, *_: object) -> None:
            self.entries.close()

        def __iter__(self) -> Iterator[os.DirEntry[str]]:
            return self

        def __next__(self) -> os.DirEntry[str]:
            nonlocal seen
            seen += 1
            return next(self.entries)

    for number in range(100):
        (tree / f"{number}").touch()
    monkeypatch.setattr(os, "scandir", Counting)
    monkeypatch.setattr(limits, "MAX_SNAPSHOT_ENTRIES", 10)

    assert not take(tree).complete
    assert seen <= 20


def test_more_than_a_hundred_thousand_files_are_not_listed_to_the_end() -> None:
    memory = Path("/dev/shm")
    directory = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        for number in range(100_001):
            os.mknod(str(number), dir_fd=descriptor)
        snapshot = take(directory)
    finally:
        os.close(descriptor)
        shutil.rmtree(directory)

    assert (len(snapshot.files), snapshot.complete) == (100_000, False)
