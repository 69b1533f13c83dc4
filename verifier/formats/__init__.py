"""What a file is, by content. One file a format; only parsers, no opinions.

Adding a format: a module with `matches` and `read` (`content.Format`), and its place in `FORMATS`.
"""

from __future__ import annotations

from verifier.budget import Budget, BudgetSpentError
from verifier.formats import json_document, pickle, safetensors
from verifier.formats.content import Content, Format, Kind, Part
from verifier.formats.opcodes import runs_as_pickle
from verifier.source import ByteSource

__all__ = ["FORMATS", "Content", "identify"]

FORMATS: tuple[Format, ...] = (safetensors, pickle, json_document)
"""The first that matches reads."""


def identify(path: str, source: ByteSource, budget: Budget | None = None) -> Content:
    """Tell what a file is, and read of it what the checks need. Raises `OSError` only."""
    follower = _Follower(budget or Budget(source.size))
    try:
        return follower.content(path, source)
    except BudgetSpentError as error:
        return Content("other", unfollowed=str(error))


class _Follower:
    """Follows a file into its parts, within one budget (`content.Follow`)."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget

    def part(self, name: str, source: ByteSource, *, kind: Kind = Kind.MEMBER, offset: int | None = None) -> Part:
        try:
            if kind is Kind.MEMBER:
                self.budget.member()
            with self.budget.nested():
                content = self.content(name, source)
        except BudgetSpentError as error:
            content = Content("other", unfollowed=str(error))
        return Part(name, content, kind, offset)

    def content(self, name: str, source: ByteSource) -> Content:
        if safetensors.matches(name, source) and runs_as_pickle(source):  # a header's length can spell opcodes
            return Content("pickle", pickles=("a pickle that is a safetensors file, too",))
        for entry in FORMATS:
            if entry.matches(name, source):
                return entry.read(name, source, self)
        if name.lower().endswith(".safetensors"):
            return safetensors.read(name, source, self)
        return Content("other")
