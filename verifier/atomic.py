"""Files that are there whole or not at all: written aside, flushed to the disk, renamed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PREFIX = ".model-verifier-"
"""How the names of files begin that are not whole yet; one stays where its writer was killed."""


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write `data` to `path`, replacing what stands there; raises `OSError` and then leaves nothing behind."""
    descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=path.parent)
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
