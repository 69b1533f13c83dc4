"""A Hub cache for one COMMAND: private, fresh, read-only, with links to verified files and nothing else.

Layout (huggingface_hub, "Understand caching"): `hub/models--<org>--<name>/` with `refs/main`, `snapshots/<commit>/`
and `blobs/`; beside `hub` an empty `modules`, which is where code of a repository would be copied to.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from verifier.digest import Digest
from verifier.errors import UndecidedError
from verifier.reference import ModelReference

_CLOSED_DIRECTORY, _CLOSED_FILE = 0o500, 0o400


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """Where a file of a model really lies, and the digest that was found there."""

    real_path: Path
    digest: Digest


@dataclass(frozen=True)
class PrivateCache:
    """The directory, which HF_HOME will name, and each model's snapshot in it."""

    root: Path
    snapshots: Mapping[str, Path]

    def remove(self) -> None:
        """Take it away again."""
        _remove(self.root)


def default_parent() -> Path:
    """Give the directory for temporary files; raises `UndecidedError` where none can be written."""
    try:
        return Path(tempfile.gettempdir())
    except OSError as error:
        raise _unwritable("no directory for temporary files", error) from error


def build(parent: Path, models: Mapping[ModelReference, Mapping[str, VerifiedFile]]) -> PrivateCache:
    """Make a new directory in `parent` and link each model's files there by their paths; then close it for writing.

    Raises `UndecidedError` where it can't be written, and then leaves nothing behind; `ValueError` for a reference
    without a commit.
    """
    if vague := [str(reference) for reference in models if reference.commit is None]:
        raise ValueError(f"{', '.join(vague)} names no commit")
    try:
        root = Path(tempfile.mkdtemp(prefix="model-verifier-", dir=parent.resolve()))  # of mode 0700
    except OSError as error:
        raise _unwritable(repr(str(parent)), error) from error
    try:
        (root / "modules").mkdir(mode=0o700)
        snapshots = {reference.model: _add(root / "hub", reference, files) for reference, files in models.items()}
        _close(root)
    except BaseException as error:
        _remove(root)
        if isinstance(error, OSError):
            raise _unwritable(repr(str(root)), error) from error
        raise
    return PrivateCache(root, snapshots)


def _add(hub: Path, reference: ModelReference, files: Mapping[str, VerifiedFile]) -> Path:
    repository = hub / f"models--{reference.publisher}--{reference.name}"
    snapshot = repository / "snapshots" / str(reference.commit)
    for directory in (repository / "refs", repository / "blobs", snapshot):
        directory.mkdir(parents=True)
    # The client reads the whole file: a line feed at its end would make another commit of it.
    (repository / "refs" / "main").write_text(str(reference.commit), encoding="ascii")
    for path, file in files.items():
        blob, link = repository / "blobs" / file.digest.hex, snapshot / path
        if not blob.is_symlink():
            blob.symlink_to(file.real_path)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    return snapshot


def _close(root: Path) -> None:
    """Take the right to write from all but `modules`, the innermost directories first."""
    for path in _walk(root):
        if path != root / "modules" and not path.is_symlink():
            path.chmod(_CLOSED_DIRECTORY if path.is_dir() else _CLOSED_FILE)


def _walk(root: Path) -> Iterable[Path]:
    return sorted((root, *root.rglob("*")), reverse=True)


def _remove(root: Path) -> None:
    for path in root.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    root.chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)


def _unwritable(what: str, error: OSError) -> UndecidedError:
    return UndecidedError(
        f"the private cache can't be made: {what}: {error.strerror}",
        "Give a directory that can be written with --cache-dir, or in TMPDIR; it holds links only.",
        code="unwritable",
    )
