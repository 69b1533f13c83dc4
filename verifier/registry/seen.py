"""The highest head that this machine has seen, so that an older one is noticed where there is memory.

A stateless container has none: its launcher passes `--min-version`.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from verifier import limits
from verifier.atomic import write_atomically
from verifier.digest import Digest
from verifier.document import DocumentError, load_json, read_bytes
from verifier.errors import UndecidedError

MACHINE = Path("/var/lib/model-verifier")
"""The machine's own memory, where its owner made that directory; no environment variable moves it."""


def default_directory() -> Path | None:
    """Give the machine's memory, else the user's state directory (XDG), or None where there is no home."""
    if MACHINE.is_dir():
        return MACHINE
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base) / "model-verifier" if Path(base).is_absolute() else None
    try:
        return Path.home() / ".local" / "state" / "model-verifier"
    except RuntimeError:
        return None


def highest(directory: Path | None, trust: Digest) -> int:
    """Give the highest version seen of the registry that starts at `trust`; 0 where none was."""
    if directory is None:
        return 0
    path = _file(directory, trust)
    try:
        value = load_json(read_bytes(path, limits.KIB))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return 0
    except (OSError, DocumentError) as error:
        raise UndecidedError(
            f"{str(path)!r}, which remembers the newest head, can't be read: {error}",
            f"Remove {str(path)!r}.",
        ) from error
    version = value.get("head_version") if isinstance(value, dict) else None
    if type(version) is not int or version < 0:
        raise UndecidedError(f"{str(path)!r} does not hold a head's version", f"Remove {str(path)!r}.")
    return version


def remember(directory: Path | None, trust: Digest, version: int) -> None:
    """Record that head `version` was seen; where nothing can be written, nothing is."""
    if directory is None:
        return
    with contextlib.suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(_file(directory, trust), json.dumps({"head_version": version}).encode())


def _file(directory: Path, trust: Digest) -> Path:
    return directory / f"{trust.hex}.json"
