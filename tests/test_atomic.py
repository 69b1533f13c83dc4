"""A file that is written atomically is there whole or not at all, and leaves nothing beside it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from verifier.atomic import write_atomically


def test_a_new_file_holds_the_bytes(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"\0bytes\r\n")

    assert (tmp_path / "a").read_bytes() == b"\0bytes\r\n"
    assert [item.name for item in tmp_path.iterdir()] == ["a"]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("something longer than the new text")

    write_atomically(tmp_path / "a", b"new")

    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path, mode: int) -> None:
    old = os.umask(0o077)
    try:
        write_atomically(tmp_path / "a", b"", mode)
    finally:
        os.umask(old)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


def test_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")

    write_atomically(tmp_path / "link", b"new")

    assert (tmp_path / "target").read_text() == "old"
    assert not (tmp_path / "link").is_symlink()


def test_readers_of_the_old_file_keep_it_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with (tmp_path / "a").open() as reader:
        write_atomically(tmp_path / "a", b"new")

        assert reader.read() == "old"


@pytest.mark.parametrize("broken", ["fsync", "replace", "fchmod"])
def test_a_failure_on_the_way_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(*((Path, "replace", fail) if broken == "replace" else (os, broken, fail)))

    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "a", b"new")

    assert [item.read_text() for item in tmp_path.iterdir()] == ["old"]


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", b"new")

    assert list(tmp_path.iterdir()) == []


def test_a_directory_in_its_place_is_an_error_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "a", b"new")

    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "no" / "a", b"new")


@pytest.mark.parametrize("name", ["x" * 255, "漢" * 85, "😀" * 63], ids=["letters", "three bytes", "four bytes"])
def test_the_longest_name_that_a_file_can_have(tmp_path: Path, name: str) -> None:
    write_atomically(tmp_path / name, b"new")

    assert (tmp_path / name).read_bytes() == b"new"
