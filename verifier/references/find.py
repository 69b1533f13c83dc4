"""Which reader a file gets, by its name."""

from __future__ import annotations

from verifier.references import python
from verifier.references.draft import Collection
from verifier.references.mention import FileMentions, Project
from verifier.references.python import modules
from verifier.references.text import decode


def is_source(path: str) -> bool:
    """Tell whether a file's name is one in which models are named; what is not need not be read."""
    return path.endswith(".py")


def find(path: str, data: bytes, project: Project) -> FileMentions:
    """Find what a file says about models.

    `path` is relative to the project's root. No error is raised because of a file's content: what can't be parsed is
    searched by its tokens, and a note says so.
    """
    if not is_source(path):
        return FileMentions(path)
    text, notes = decode(data)
    collection = Collection(text)
    python.read(path, data, project, collection)
    return FileMentions(path, *collection.finish())


def imports_of(path: str, data: bytes, project: Project) -> frozenset[str]:
    """Give the files of the project that a file imports, so that a change in one can be followed to its dependents."""
    return modules.imports_of(path, data, project) if path.endswith(".py") else frozenset()
