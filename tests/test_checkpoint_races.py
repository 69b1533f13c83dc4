"""Somebody writes to a checkpoint, or beside it, while it is signed, verified or unpacked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DEMO_MODEL
from tests.fakes.checkpoint import InProcessSigner, Training
from tests.fakes.registry import rules_of
from verifier.errors import UndecidedError
from verifier.sign import sign
from verifier.verdict import Result

CONFIG = "config.json"


@pytest.fixture
def training(tmp_path: Path) -> Training:
    made = Training(tmp_path, Path(shutil.copytree(DEMO_MODEL, tmp_path / "run-17")))
    made.sign(bases=[])
    return made


class Meanwhile:
    """Does something once the files were listed, or once the first bytes were read."""

    def __init__(self, do: Callable[[], object], *, reading: bool = False) -> None:
        self.do, self.reading, self.done = do, reading, False

    def _once(self) -> None:
        if not self.done:
            self.done = True
            self.do()

    def begin(self, total: int) -> None:
        if not self.reading:
            self._once()

    def advance(self, count: int) -> None:
        if self.reading:
            self._once()

    def end(self) -> None: ...


def grow_all(root: Path) -> None:
    for path in root.iterdir():
        with path.open("ab") as file:
            file.write(b" ")


def replace_all(root: Path) -> None:
    """Put other files of the same names and sizes there."""
    for path in root.iterdir():
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(bytes(len(data)))


def link_all(root: Path) -> None:
    """Put links to the very same bytes there."""
    for path in root.iterdir():
        path.symlink_to(path.rename(root.parent / f"moved-{path.name}"))


def remove_all(root: Path) -> None:
    for path in root.iterdir():
        path.unlink()


@pytest.mark.parametrize("change", [grow_all, link_all, remove_all])
@pytest.mark.parametrize("tar", [False, True], ids=["directory", "tar"])
def test_what_changes_after_it_was_listed_is_not_signed(
    training: Training, change: Callable[[Path], None], tar: bool
) -> None:
    before, out = training.bundle.read_bytes(), training.root / "run-17.tar" if tar else None
    with pytest.raises(UndecidedError, match=r"changed while it was read|can't be"):
        training.sign(tar=out, watch=Meanwhile(lambda: change(training.checkpoint)))

    assert training.bundle.read_bytes() == before
    assert not (training.root / "run-17.tar").exists()
    assert not list(training.root.glob(".model-verifier-*"))


@pytest.mark.parametrize("tar", [False, True], ids=["directory", "tar"])
def test_what_changes_while_it_is_read_is_not_signed(training: Training, tar: bool) -> None:
    out = training.root / "run-17.tar" if tar else None
    with pytest.raises(UndecidedError, match="changed while it was read"):
        training.sign(tar=out, watch=Meanwhile(lambda: grow_all(training.checkpoint), reading=True))
    assert not (training.root / "run-17.tar").exists()


@pytest.mark.parametrize("change", [grow_all, replace_all])
def test_what_changes_after_it_was_listed_does_not_pass(training: Training, change: Callable[[Path], None]) -> None:
    verdict = training.verify(watch=Meanwhile(lambda: change(training.checkpoint)))

    assert rules_of(verdict) == {"digest-mismatch"}


@pytest.mark.parametrize("change", [link_all, remove_all])
def test_what_can_not_be_opened_any_more_decides_nothing(training: Training, change: Callable[[Path], None]) -> None:
    with pytest.raises(UndecidedError, match="can't be read"):
        training.verify(watch=Meanwhile(lambda: change(training.checkpoint)))


def test_a_tarball_that_is_exchanged_while_it_is_read_decides_nothing(training: Training) -> None:
    tarball = training.root / "run-17.tar"
    training.sign(tar=tarball)
    target = training.root / "deployed"

    def exchange() -> None:
        with tarball.open("r+b") as file:
            file.write(b"evil")

    with pytest.raises(UndecidedError, match="changed while it was read"):
        training.verify(tarball, extract=target, watch=Meanwhile(exchange, reading=True))
    assert not target.exists()
    assert not list(training.root.glob(".model-verifier-*"))


def test_what_was_verified_is_what_is_unpacked(training: Training) -> None:
    """Another file takes the tarball's name meanwhile; the open one is verified and unpacked to its end."""
    tarball, other = training.root / "run-17.tar", training.root / "other.tar"
    training.sign(tar=tarball)
    other.write_bytes(b"evil")
    target = training.root / "deployed"
    watch = Meanwhile(lambda: other.replace(tarball), reading=True)
    try:
        verdict = training.verify(tarball, extract=target, watch=watch)
    except UndecidedError:  # the link count and with it the file's ctime changed
        assert not target.exists()
        return
    assert verdict.result is Result.PASSED
    assert (target / CONFIG).read_bytes() == (DEMO_MODEL / CONFIG).read_bytes()


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_what_appears_where_it_should_be_unpacked_is_not_replaced(training: Training, kind: str) -> None:
    tarball, target = training.root / "run-17.tar", training.root / "deployed"
    training.sign(tar=tarball)

    def appear() -> None:
        if kind == "file":
            target.write_text("mine")
        elif kind == "link":
            target.symlink_to(training.checkpoint)
        else:
            target.mkdir()
            (target / "mine").touch()

    with pytest.raises(UndecidedError, match="can't be unpacked"):
        training.verify(tarball, extract=target, watch=Meanwhile(appear, reading=True))
    assert sorted(path.name for path in training.checkpoint.iterdir()) == sorted(
        path.name for path in DEMO_MODEL.iterdir()
    )
    assert not (target / CONFIG).exists() or kind == "link"


def test_a_bundle_that_can_not_take_its_place_costs_no_claim(training: Training) -> None:
    before = training.claims.read_bytes()

    def occupied() -> InProcessSigner:
        training.bundle.unlink()
        training.bundle.mkdir()
        return training.signer()

    with pytest.raises(UndecidedError, match="can't be written beside the checkpoint"):
        sign(training.checkpoint, occupied, bases=[], now=training.now)
    assert training.claims.read_bytes() == before
