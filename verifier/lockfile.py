"""The file `models.lock`: which files of which models are in use, at which commit. It pins, it does not approve."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from verifier import limits
from verifier.atomic import write_atomically
from verifier.document import (
    Commit,
    Document,
    DocumentError,
    ModelId,
    Name,
    Sequence,
    Timestamp,
    parse,
    read_bytes,
    to_bytes,
)
from verifier.errors import UndecidedError, UsageError
from verifier.manifest import Manifest
from verifier.reference import ModelReference
from verifier.registry.documents import Files, manifest_of

CACHED = "cached"
"""The set of a lock that was made from a cache: every file that was there."""


class LockedModel(Document):
    """One set of one model's files at a commit."""

    model: ModelId
    revision: Commit
    set: Name = "default"
    locked_at: Timestamp
    files: Files

    @cached_property
    def manifest(self) -> Manifest:
        """The locked files."""
        return manifest_of(self.files)


class Lock(Document):
    """A lock file. `schema` is "model-verifier/lock/v1"."""

    schema_: Literal["model-verifier/lock/v1"] = Field(alias="schema")
    models: Sequence[LockedModel]

    def find(self, reference: ModelReference, set_name: str | None, *, in_cache: bool = False) -> LockedModel | None:
        """Give the entry that a reference means, or None where there is none.

        A branch or a tag is passed over: the lock says which commit it stands for. Without `set_name` the set
        `default` is meant, or, for files `in_cache`, what was locked from a cache. Raises `UsageError` where
        several entries fit.
        """
        entries = [
            entry for entry in self.models if entry.model == reference.model and reference.may_mean(entry.revision)
        ]
        if len(entries) > 1:
            wanted = set_name or (CACHED if in_cache and any(item.set == CACHED for item in entries) else "default")
            entries = [entry for entry in entries if entry.set == wanted]
        elif set_name is not None:
            entries = [entry for entry in entries if entry.set == set_name]
        if len(entries) > 1:
            listed = ", ".join(f"{entry.model}@{entry.revision}" for entry in entries)
            raise UsageError(f"the lock holds {reference.model} at several commits", f"Name one of: {listed}.")
        return entries[0] if entries else None


def read_lock(path: Path) -> Lock:
    """Read a lock file; raises `UsageError` where it is not a valid one, `UndecidedError` if it can't be read."""
    blame = f"the lock {str(path)!r}"
    try:
        return parse(read_bytes(path, limits.MAX_LOCK), Lock)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"{blame} is not there", "Make one: model-verifier lock ORG/NAME") from error
    except IsADirectoryError as error:
        raise UsageError(f"{blame} is a directory", "Give the file, models.lock.") from error
    except OSError as error:
        raise UndecidedError(f"{blame} can't be read: {error.strerror}", "Check its permissions.") from error
    except DocumentError as error:
        raise UsageError(
            f"{blame} {error}", "Take it from version control again, or remove it and lock anew."
        ) from error


def write_lock(path: Path, entries: Iterable[LockedModel]) -> Lock:
    """Put entries into a lock file, each in place of what it held of that model's set; write it whole or not at all.

    An entry that says nothing new keeps its date. Raises `UndecidedError` where the file can't be written.
    """
    held = read_lock(path).models if path.exists() else ()
    new = list(entries)
    replaced = {(entry.model, entry.set) for entry in new}
    same = {(entry.model, entry.set, entry.revision): entry for entry in held}
    kept = [entry for entry in held if (entry.model, entry.set) not in replaced]
    for entry in new:
        before = same.get((entry.model, entry.set, entry.revision))
        kept.append(before if before is not None and before.files == entry.files else entry)
    kept.sort(key=lambda entry: (entry.model, entry.revision, entry.set))
    lock = Lock(schema="model-verifier/lock/v1", models=tuple(kept))
    try:
        write_atomically(path, to_bytes(lock))
    except OSError as error:
        raise UndecidedError(
            f"{str(path)!r} can't be written: {error.strerror}", "Check the directory, its permissions and the disk."
        ) from error
    return lock
