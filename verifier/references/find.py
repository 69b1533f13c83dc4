"""Which reader a file gets, by its name."""

from __future__ import annotations

from verifier.references.mention import FileMentions, Project


def is_source(path: str) -> bool:
    """Tell whether a file's name is one in which models are named; what is not need not be read."""
    return path.endswith(".py")


def find(path: str, data: bytes, project: Project) -> FileMentions:
    """Find what a file says about models.

    `path` is relative to the project's root. No error is raised because of a file's content: what can't be parsed is
    searched by its tokens, and a note says so.
    """
    return FileMentions(path)


def imports_of(path: str, data: bytes, project: Project) -> frozenset[str]:
    """Give the files of the project that a file imports, so that a change in one can be followed to its dependents."""
    return frozenset()
