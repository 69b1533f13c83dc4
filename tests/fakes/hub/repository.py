"""Repositories: commits, the names that point to them, who may read them, and the ids by which they are found."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tests.fakes.hub.content import StoredFile

MAIN = "main"
_SHORTEST_COMMIT = 7

Shelf = dict[str, "Repository"]
"""Repositories by every id that leads to them, in lower case: the present one and those they had before."""


@dataclass
class Repository:
    """A model's repository; the attributes can be changed while it is served."""

    id: str
    shelf: Shelf = field(repr=False)
    private: bool = False
    """Whether only `allowed_tokens` learn that it is there."""
    gated: Literal["auto", "manual", False] = False
    """Whether only `allowed_tokens` get content; everyone gets metadata."""
    disabled: bool = False
    allowed_tokens: set[str] = field(default_factory=set)
    created_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    commits: dict[str, dict[str, StoredFile]] = field(default_factory=dict, repr=False)
    """Files by path, by commit."""
    refs: dict[str, str] = field(default_factory=dict)
    """Commits by branch, tag, or other name such as `refs/pr/1`."""

    def commit(self, files: Mapping[str, bytes | Path], ref: str = MAIN) -> str:
        """Let `ref` hold `files` and no other; returns the commit (40 hex digits). Files on disk must not change."""
        stored = {path: StoredFile(path, source) for path, source in sorted(files.items())}
        content = [self.id, ref, len(self.commits), [(file.path, file.etag) for file in stored.values()]]
        commit = hashlib.sha1(json.dumps(content).encode(), usedforsecurity=False).hexdigest()
        self.commits[commit] = stored
        self.refs[ref] = commit
        return commit

    def tag(self, name: str, commit: str | None = None) -> None:
        """Let `name` point to `commit`, or to what `main` does."""
        self.refs[name] = commit or self.refs[MAIN]

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, a tag, or enough of a commit's own name stands for."""
        if revision in self.refs:
            return self.refs[revision]
        found = [commit for commit in self.commits if commit.startswith(revision)]
        return found[0] if len(found) == 1 and len(revision) >= _SHORTEST_COMMIT else None

    def move_to(self, new_id: str) -> None:
        """Rename it: the old id leads to the new one until somebody registers it again."""
        register(self.shelf, new_id, self)
        self.id = new_id

    def delete(self) -> None:
        """Remove it and every id that leads to it."""
        for name in [name for name, held in self.shelf.items() if held is self]:
            del self.shelf[name]


def register(shelf: Shelf, model_id: str, repository: Repository) -> None:
    """Let an id lead to `repository`. Raises ValueError where it is another's present id."""
    held = shelf.get(model_id.lower())
    if held is not None and held is not repository and held.id.lower() == model_id.lower():
        raise ValueError(f"{model_id} is taken")
    shelf[model_id.lower()] = repository
