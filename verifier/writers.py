"""Who could still write to a file, or exchange it on the way there from the root: what owners, modes and mounts say.

Root is left out, since nothing is safe from root. An access list needs no look of its own: where a file has one,
the group's bits of its mode are the list's mask. Which members a group has is not asked, since the answer can lie
on another machine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Writable:
    """A file or directory that somebody can write: `others`, for the reason `why`, or else this user alone."""

    path: str
    others: bool
    why: str


@dataclass(frozen=True, slots=True)
class Writers:
    """What can be written on the way to the verified files, and to where the links to them will lie."""

    uid: int
    to_files: tuple[Writable, ...]
    to_links: tuple[Writable, ...] = ()


def look(files: Iterable[Path], links: Path) -> Writers:
    """Look at each file, at the directory `links`, and at every directory above them, by their real paths.

    Raises `OSError` where one can't be examined.
    """
    uid = os.geteuid()
    targets = list(files)
    to_files = _on_the_way(targets, uid)
    if all(_is_read_only(target) for target in targets):  # then this user can't write them; what is above is others'
        to_files = tuple(place for place in to_files if place.others)
    return Writers(uid, to_files, _on_the_way([links.resolve(strict=True)], uid))


def _on_the_way(targets: Iterable[Path], uid: int) -> tuple[Writable, ...]:
    seen: dict[Path, Writable | None] = {}
    for target in targets:
        for place in (target, *target.parents):
            if place in seen:
                break  # and so is all that is above it
            seen[place] = _writable(place, uid)
    return tuple(found for _, found in sorted(seen.items()) if found is not None)


def _is_read_only(place: Path) -> bool:
    return bool(os.statvfs(place).f_flag & os.ST_RDONLY)


def _writable(place: Path, uid: int) -> Writable | None:
    """Judge one place. Below a sticky directory only owners can exchange what is theirs, so its mode is passed over."""
    status = place.lstat()
    if _is_read_only(place):
        return None
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid not in (0, uid):
        return Writable(str(place), True, f"it belongs to uid {status.st_uid}")
    if not (stat.S_ISDIR(status.st_mode) and mode & stat.S_ISVTX):
        if mode & stat.S_IWOTH:
            return Writable(str(place), True, f"its mode {mode:04o} lets everybody write")
        if mode & stat.S_IWGRP:
            return Writable(str(place), True, f"its mode {mode:04o} lets the group {status.st_gid} write")
    return Writable(str(place), False, "") if uid in (0, status.st_uid) else None
