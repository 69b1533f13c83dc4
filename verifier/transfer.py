"""Bringing bytes from the Hub into a sink, resumed where the connection breaks; hashed on the way, never believed."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path
from typing import BinaryIO, Protocol

from verifier import limits
from verifier._hub import Hub
from verifier.digest import CancelledError, Digest, Progress
from verifier.errors import UndecidedError

_TRIES = 4
_FIRST_WAIT = 0.25
"""Seconds before the second try; each further one waits twice as long."""


class Sink(Protocol):
    """Where bytes go. `size` counts what it holds, from the file's beginning."""

    size: int

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""

    def restart(self) -> None:
        """Forget everything: the file begins again."""


class HashSink:
    """Hashes and forgets: the SHA-256, and the git blob's SHA-1 where `size` is known before; may keep a copy."""

    def __init__(self, expected_size: int | None, *, keep: bool = False) -> None:
        """`keep` holds the bytes in memory, for small documents."""
        self._expected_size = expected_size
        self._keep = keep
        self.restart()

    def restart(self) -> None:
        """Forget everything."""
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._sha1 = hashlib.sha1(f"blob {self._expected_size}\0".encode(), usedforsecurity=False)
        self.kept = bytearray()

    def write(self, chunk: bytes) -> None:
        """Hash the next bytes."""
        self.size += len(chunk)
        self._sha256.update(chunk)
        self._sha1.update(chunk)
        if self._keep and self.size <= limits.MAX_INDEX:
            self.kept += chunk

    @property
    def digest(self) -> Digest:
        """The digest of what came so far."""
        return Digest("sha256", self._sha256.hexdigest())

    @property
    def git_sha1(self) -> str:
        """What git would call the blob, if it has the expected size."""
        return self._sha1.hexdigest()


class FileSink:
    """Writes to a file and hashes; what the file held before is read again, not trusted."""

    def __init__(self, path: Path, size: int) -> None:
        """Open `path` for a content of `size` bytes; raises `UndecidedError` where that fails."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            self._file: BinaryIO = os.fdopen(descriptor, "r+b", buffering=0)
            self.size = 0
            self._sha256 = hashlib.sha256()
            if os.fstat(descriptor).st_size > size:
                self._file.truncate(0)
            while chunk := self._file.read(limits.READ_BUFFER):
                self.size += len(chunk)
                self._sha256.update(chunk)
        except OSError as error:
            raise self._failed(error) from error
        self.resumed = self.size > 0

    def restart(self) -> None:
        """Empty the file."""
        try:
            self._file.seek(0)
            self._file.truncate(0)
        except OSError as error:
            raise self._failed(error) from error
        self.size, self._sha256, self.resumed = 0, hashlib.sha256(), False

    def write(self, chunk: bytes) -> None:
        """Append and hash the next bytes."""
        view = memoryview(chunk)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise self._failed(error) from error
        self.size += len(chunk)
        self._sha256.update(chunk)

    def close(self, *, sync: bool) -> Digest:
        """Close the file, on the disk if `sync`, and give its digest."""
        try:
            if sync:
                os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error
        return Digest("sha256", self._sha256.hexdigest())

    def _failed(self, error: OSError) -> UndecidedError:
        return UndecidedError(
            f"{str(self._path)!r} can't be written: {error.strerror}",
            "Check the disk's space and the directory's permissions, then run the same command again.",
            code="unwritable",
        )


def receive(
    hub: Hub,
    model: str,
    commit: str,
    path: str,
    sink: Sink,
    size: int | None,
    *,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> None:
    """Bring the rest of a file into `sink`, of `size` bytes where that is known; a longer body is cut off.

    Raises `UndecidedError` where the endpoint refuses, or breaks off several times without a byte between.
    """
    tries = 0
    while size is None or sink.size < size:
        before = sink.size
        try:
            for chunk in hub.stream(model, commit, path, offset=sink.size):
                if cancelled is not None and cancelled.is_set():
                    raise CancelledError
                if not chunk:
                    sink.restart()
                    continue
                sink.write(chunk)
                if progress is not None:
                    progress(len(chunk))
                if size is not None and sink.size > size:
                    return
            if size is None or sink.size >= size:
                return
            reason = f"it ended after {sink.size:,} of {size:,} bytes"
        except UndecidedError:
            raise
        except OSError as error:
            reason = type(error).__name__
        tries = 0 if sink.size > before else tries + 1
        if tries == _TRIES:
            raise UndecidedError(
                f"{path} of {model} did not arrive: {reason}",
                "Check the network and run the same command again; it goes on where it broke off.",
                code="hub-broken-off",
            )
        time.sleep(_FIRST_WAIT * 2.0**tries)
