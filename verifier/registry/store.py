"""Where a registry's bytes come from. Nothing here is believed: what is read is verified by the caller."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from verifier import limits
from verifier.document import read_bytes
from verifier.errors import UndecidedError, UsageError


class Store(Protocol):
    """A registry's files by their paths inside it. `lists` tells whether it can be looked through."""

    @property
    def lists(self) -> bool:
        """Tell whether `revocations` gives all that are there."""

    def read(self, path: str, limit: int) -> bytes | None:
        """Give a file's bytes, or None where there is none; `UndecidedError` if it can't be read."""

    def revocations(self) -> Iterator[str]:
        """Give the paths of the revocations in sight."""

    def revocations_of(self, model: str, commit: str | None) -> Iterator[str]:
        """Give paths at which a model's own revocations may lie, where they can't be listed."""


class DirectoryStore:
    """A registry in a directory, such as a checkout or a mounted volume."""

    lists = True

    def __init__(self, root: Path) -> None:
        """Raises `UsageError` where `root` is no directory, `UndecidedError` where that can't be found out."""
        try:
            there = root.is_dir()
        except OSError as error:
            raise UndecidedError(
                f"the registry {str(root)!r} can't be read: {error.strerror}",
                "Check its path and its permissions.",
                code="registry-unreadable",
            ) from error
        if not there:
            raise UsageError(
                f"the registry {str(root)!r} is not a directory",
                "Check [registry] source in the policy, or --registry.",
            )
        self._root = root

    def read(self, path: str, limit: int) -> bytes | None:
        """Give a file's bytes, or None where there is none; `UndecidedError` if it can't be read."""
        try:
            return read_bytes(self._root / path, limit)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:  # a document's error, or a name that no system holds
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UndecidedError(
                f"the registry's {path} can't be read: {reason}",
                "Check out the registry again, whole, and check its permissions.",
                code="registry-unreadable",
            ) from error

    def revocations(self) -> Iterator[str]:
        """Give the paths of the revocations in sight, at most `limits.MAX_REVOCATION_FILES` of them."""
        try:
            names = sorted(entry.name for entry in (self._root / "revocations").iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise UndecidedError(
                f"the registry's revocations can't be listed: {error.strerror}",
                "Check the registry's permissions.",
                code="registry-unreadable",
            ) from error
        found = [name for name in names if name.endswith(".json")]
        if len(found) > limits.MAX_REVOCATION_FILES:
            raise UndecidedError(
                f"the registry has more than {limits.MAX_REVOCATION_FILES:,} revocations in sight",
                "Publish a head that holds them, and remove the old files.",
                code="registry-unreadable",
            )
        yield from (f"revocations/{name}" for name in found)

    def revocations_of(self, model: str, commit: str | None) -> Iterator[str]:
        """Give nothing: `revocations` lists them all."""
        return iter(())


def revocation_names(model: str, commit: str | None) -> Iterator[str]:
    """Give the paths of a model's own revocations: the whole model's, and that of one commit."""
    name = model.casefold().replace("/", "--")
    yield f"revocations/{name}.json"
    if commit is not None:
        yield f"revocations/{name}--{commit}.json"
