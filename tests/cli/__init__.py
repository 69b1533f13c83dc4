"""The command line, run in this process so that coverage counts it, or started in one of its own."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import DEMO_MODEL
from verifier.cli import main

NAME = "lanternworks/lantern-tiny"
DEMO = (NAME, "--path", str(DEMO_MODEL), "--policy", "demo")
"""What follows `verify` for a model that passes."""


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    status: int
    stdout: str
    stderr: str
    raw: bytes = b""
    """What stdout was, in bytes, where it ran in this process."""

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report; that is UTF-8, whatever the terminal."""
        value: dict[str, Any] = json.loads(self.raw.decode("utf-8"))
        return value

    @property
    def rules(self) -> list[str]:
        """The rules that deny, of a JSON report."""
        found = [finding for outcome in self.report["outcomes"] for finding in outcome["findings"]]
        return [finding["rule"] for finding in found if finding["effect"] == "deny"]


class Stream(io.TextIOWrapper):
    """A standard stream in memory, which can claim to be a terminal."""

    def __init__(self, *, terminal: bool = False, encoding: str = "utf-8", errors: str = "strict") -> None:
        self.raw_bytes = io.BytesIO()
        self._terminal = terminal
        super().__init__(self.raw_bytes, encoding=encoding, errors=errors, newline="\n")

    def isatty(self) -> bool:
        return self._terminal

    @property
    def text(self) -> str:
        return self.written.decode(self.encoding, "replace")

    @property
    def written(self) -> bytes:
        self.flush()
        return self.raw_bytes.getvalue()


def run(*arguments: str, terminal: bool = False, encoding: str = "utf-8") -> Ended:
    """Run `model-verifier` with arguments; on a `terminal`, if so, whose stdout has an `encoding`."""
    stdout = Stream(terminal=terminal, encoding=encoding)
    stderr = Stream(errors="backslashreplace")
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["model-verifier", *arguments])
        patch.setattr(sys.modules["__main__"], "__package__", None, raising=False)  # as if installed as a script
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", stderr)
        try:
            main()
        except SystemExit as end:
            status = end.code
        finally:
            signal.signal(signal.SIGTERM, handler)
    assert isinstance(status, int)
    return Ended(status, stdout.text, stderr.text, stdout.written)


def start(*arguments: str, redirect: str = "", **options: Any) -> subprocess.Popen[str]:
    """Start `python -I -m verifier`, as actions, hooks and images do; a shell may `redirect` its streams."""
    command = [sys.executable, "-I", "-m", "verifier", *arguments]
    if redirect:
        command = ["sh", "-c", f'exec "$@" {redirect}', "sh", *command]
    return subprocess.Popen(command, text=True, **options)


@dataclass
class Terminal:
    """A process whose stderr is a terminal, and what that terminal was sent so far."""

    process: subprocess.Popen[str]
    master: int
    sent: str = ""

    @classmethod
    def start(cls, *arguments: str) -> Terminal:
        master, slave = pty.openpty()
        try:
            process = start(*arguments, stdout=subprocess.PIPE, stderr=slave, env=os.environ | {"TERM": "xterm"})
        finally:
            os.close(slave)
        return cls(process, master)

    def read(self, until: str | None = None) -> str:
        """Read until a text was sent, or until the process ends."""
        while until is None or until not in self.sent:
            try:
                data = os.read(self.master, 4096)
            except OSError:  # as Linux says that nobody writes any more
                break
            if not data:
                break
            self.sent += data.decode()
        return self.sent

    def end(self) -> Ended:
        """Wait for the process."""
        self.read()
        os.close(self.master)
        stdout, _ = self.process.communicate()
        return Ended(self.process.returncode, stdout, self.sent)
