"""The progress bar: on a terminal, where there is much to read, and gone when all is read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NoReturn

import pytest

from tests.cli import Terminal, run
from verifier.cli.progress import ProgressBar
from verifier.limits import MIB
from verifier.verify import verify

MODEL = "acme/tiny"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def much(tmp_path: Path) -> tuple[str, ...]:
    """The arguments that verify 80 MiB, which are not the locked ones."""
    return arguments_for(tmp_path, 80 * MIB)


def arguments_for(directory: Path, size: int) -> tuple[str, ...]:
    """Lock a file of zeros under another digest, and give what verifies it."""
    (directory / "model").mkdir()
    with (directory / "model" / "weights.bin").open("wb") as file:
        file.truncate(size)
    entry = {
        "model": MODEL,
        "revision": "a" * 40,
        "locked_at": "2026-11-01T00:00:00Z",
        "files": {"weights.bin": {"sha256": "0" * 64, "size": size}},
    }
    lock = directory / "models.lock"
    lock.write_text(json.dumps({"schema": "model-verifier/lock/v1", "models": [entry]}))
    return ("verify", MODEL, "--path", str(directory / "model"), "--lock", str(lock))


def test_it_is_shown_on_stderr_and_taken_away(much: tuple[str, ...]) -> None:
    ended = Terminal.start(*much).end()

    assert ended.status == 3
    assert "hashing" in ended.stderr
    assert "83.9 MB" in ended.stderr
    assert ESCAPES.sub("", ended.stderr.rpartition("\x1b[2K")[2]).strip() == ""
    assert ended.stdout.startswith("FAILED")
    assert "\x1b" not in ended.stdout


@pytest.mark.parametrize("wish", ["--no-progress", "--offline"])
def test_it_is_not_shown_where_it_is_not_wanted(much: tuple[str, ...], wish: str) -> None:
    ended = Terminal.start(*much, wish).end()

    assert (ended.stderr == "") is (wish == "--no-progress")


def test_it_is_not_shown_where_nobody_looks(much: tuple[str, ...]) -> None:
    ended = run(*much)

    assert (ended.status, ended.stderr) == (3, "")


@pytest.mark.parametrize(("total", "terminal", "shown"), [(64, True, True), (63, True, False), (64, False, False)])
def test_it_is_worth_showing_from_64_mib_on_a_terminal(
    total: int, terminal: bool, shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    bar = ProgressBar("hashing", wanted=True)

    bar.begin(total * MIB)
    bar.advance(MIB)
    bar.end()

    assert ("hashing" in capsys.readouterr().err) is shown


def test_it_is_taken_away_even_where_it_was_interrupted_while_it_was_put_up(much: tuple[str, ...]) -> None:
    """A signal between the two left a terminal without its cursor."""

    class Interrupted:
        ended = False

        def begin(self, _total: int) -> NoReturn:
            raise KeyboardInterrupt

        def advance(self, _count: int) -> None:
            pass

        def end(self) -> None:
            self.ended = True

    watch = Interrupted()
    _, reference, _, directory, _, lock = much
    with pytest.raises(KeyboardInterrupt):
        verify(reference, path=Path(directory), lock=Path(lock), policy="lockfile", watch=watch)

    assert watch.ended
