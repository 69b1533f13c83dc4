"""Making an approval's record from a model's files. Whoever signs it has to look at them; this only writes down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from verifier.digest import digest_files
from verifier.errors import UsageError
from verifier.registry.documents import Approval, FileEntry, Waiver
from verifier.snapshot import take


def make_approval(
    directory: Path,
    *,
    registry: str,
    model: str,
    revision: str,
    requested_by: str,
    reason: str,
    valid_until: datetime,
    sets: Mapping[str, Sequence[str]] | None = None,
    aliases: Sequence[str] = (),
    requires: Sequence[str] = (),
    waivers: Sequence[Waiver] = (),
    lifts: Sequence[str] = (),
    baseline: bool = False,
) -> Approval:
    """Hash every file below `directory` and write an approval of them; the set `default` is all of them if unsaid.

    Raises `UsageError` where there is something other than regular files, `UndecidedError` for what can't be read.
    """
    snapshot = take(directory)
    if snapshot.oddities or snapshot.unreadable or not snapshot.complete:
        what = [f"{oddity.path} is {oddity.problem}" for oddity in snapshot.oddities] + list(snapshot.unreadable)
        raise UsageError(f"{str(directory)!r} can't be written down: {'; '.join(what[:3])}", "Remove what is odd.")
    if not snapshot.files:
        raise UsageError(f"there is no file in {str(directory)!r}", "Give the directory of the model's files.")
    digests = digest_files(entry.real_path for entry in snapshot.files.values())
    return Approval(
        schema="model-verifier/approval/v1",
        registry=registry,
        model=model,
        revision=revision,
        aliases=tuple(aliases),
        requested_by=requested_by,
        reason=reason,
        valid_until=valid_until,
        requires=tuple(requires),
        waivers=tuple(waivers),
        lifts=tuple(lifts),
        baseline=baseline,
        files={
            path: FileEntry(sha256=digests[entry.real_path].hex, size=entry.size)
            for path, entry in snapshot.files.items()
        },
        sets={name: tuple(sorted(paths)) for name, paths in (sets or {"default": tuple(snapshot.files)}).items()},
    )
