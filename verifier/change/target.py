"""What decides about a change: policy, registry and lock as the target branch's tip holds them.

A change must not approve itself. So a file of the repository is taken from the tip's objects, wherever the change has
put another one; only what lies outside of the repository, or untracked beside it, is read where it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from verifier import limits
from verifier.change.source_tree import SourceTree
from verifier.errors import UndecidedError, UsageError
from verifier.policy import SHIPPED, Policy


class CommittedStore:
    """A registry in a directory of a commit."""

    lists = True

    def __init__(self, tree: SourceTree, directory: str) -> None:
        """`directory` is relative to the repository's root, without a slash at its end; empty for the root itself."""
        self._tree, self.directory = tree, directory
        self._prefix = f"{directory}/" if directory else ""

    def read(self, path: str, limit: int) -> bytes | None:
        """Give a file's bytes, or None where there is none; `UndecidedError` if it is larger than `limit`."""
        whole = self._prefix + path
        if whole not in self._tree.paths:
            return None
        if self._tree.size(whole) > limit or (data := self._tree.read(whole)) is None:
            raise UndecidedError(
                f"the registry's {path} on the target branch is no plain file of at most {limit:,} bytes",
                "Mend the registry on the target branch.",
                code="registry-unreadable",
            )
        return data

    def revocations(self) -> Iterator[str]:
        """Give the paths of the revocations in sight, at most `limits.MAX_REVOCATION_FILES` of them."""
        inside = f"{self._prefix}revocations/"
        names = sorted(path.removeprefix(inside) for path in self._tree.paths if path.startswith(inside))
        found = [f"revocations/{name}" for name in names if name.endswith(".json") and "/" not in name]
        if len(found) > limits.MAX_REVOCATION_FILES:
            raise UndecidedError(
                f"the registry has more than {limits.MAX_REVOCATION_FILES:,} revocations in sight",
                "Publish a head that holds them, and remove the old files.",
                code="registry-unreadable",
            )
        yield from found

    def revocations_of(self, model: str, commit: str | None) -> Iterator[str]:
        """Give nothing: `revocations` lists them all."""
        return iter(())


class Target:
    """The tip of the branch that a change goes to."""

    def __init__(self, tip: SourceTree, head: SourceTree, scratch: Path) -> None:
        """`scratch` is an empty directory that nobody else can write."""
        self._tip, self._head, self._scratch = tip, head, scratch
        self._root = tip.repository.root
        self.decides: set[str] = set()
        """The paths in the repository that were asked for."""

    def policy(self, policy: Path | str) -> Policy:
        """Load a policy, a shipped one by its name. A path in it, such as the registry's, is the repository's own."""
        if isinstance(policy, str) and policy in SHIPPED:
            return Policy.load(policy)
        loaded = Policy.load(self.file(Path(policy), "the policy"))
        source = loaded.registry_source
        if isinstance(source, Path) and source.is_relative_to(self._scratch):
            loaded = replace(loaded, registry_source=self._root / source.relative_to(self._scratch))
        return loaded

    def store(self, policy: Policy) -> CommittedStore | None:
        """Give the registry's files where the repository holds them; None where they lie elsewhere."""
        source = policy.registry_source
        if not isinstance(source, Path):
            return None
        inside = self._committed(source, "the registry")
        return CommittedStore(self._tip, inside) if inside is not None else None

    def file(self, path: Path, what: str) -> Path:
        """Give the place of a file with the tip's bytes; what is not the repository's stays where it is.

        Raises `UsageError` where only the change has it, or where the tip has something else than a file.
        """
        inside = self._committed(path, what)
        if inside is None:
            return path
        data = self._tip.read(inside)
        if data is None:
            raise UsageError(f"{what} {inside!r} is no file on the target branch", "Name a file.")
        place = self._scratch / inside
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return place

    def _committed(self, path: Path, what: str) -> str | None:
        """Give a path's place in the tip; None where neither the tip nor the change has anything to do with it."""
        inside = self.inside(path)
        if inside is None:
            return None
        self.decides.add(inside)
        parts = [inside, *map(str, PurePosixPath(inside).parents)][:-1] if inside else []
        for part in parts:
            tip, head = self._tip.state(part), self._head.state(part)
            if part in self._tip.indirect or part in self._head.indirect:
                if tip == head and part in self._tip.submodules:
                    return None  # the very commit that the target branch names is checked out there
                raise UsageError(
                    f"{what} {inside!r} lies behind {part!r}, a link or a submodule that the change may have moved",
                    "Name the place itself; move a submodule in a change of its own.",
                )
        if self._tip.holds(inside) or not inside:
            return inside
        if self._head.holds(inside):
            raise UsageError(
                f"{what} {inside!r} is not on the target branch; a change can't bring what decides about it",
                "Let a change of its own bring it to the target branch first.",
            )
        return None

    def inside(self, path: Path) -> str | None:
        """Give a path's place in the repository, by its own words or by where its links lead; None if it has none."""
        for whole in (Path(os.path.normpath(path.absolute())), path.resolve()):
            for parent in (whole, *whole.parents):
                if parent.exists() and parent.samefile(self._root):
                    return "" if parent == whole else whole.relative_to(parent).as_posix()
        return None
