"""TOML as a tree: read by the standard library, which gives no places; those are looked for in the text."""

from __future__ import annotations

import tomllib

from verifier.references.text import Lines
from verifier.references.tree import Mapping, Node, Scalar, Sequence, UnreadableError


def read_toml(text: str) -> list[Node]:
    """Read a document; raises `UnreadableError`."""
    try:
        document = tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise UnreadableError(str(error)) from error
    return [_Places(text).node(document)]


class _Places:
    """Finds values in the order in which they were read; a value that is written otherwise keeps the last place."""

    def __init__(self, text: str) -> None:
        self._text, self._lines = text, Lines(text)
        self._next: dict[str, int] = {}

    def node(self, value: object) -> Node:
        if isinstance(value, dict):
            return Mapping([(self._scalar(key), self.node(inner)) for key, inner in value.items()])
        if isinstance(value, list):
            return Sequence([self.node(inner) for inner in value])
        return self._scalar(value)

    def _scalar(self, value: object) -> Scalar:
        if not isinstance(value, str):
            return Scalar(str(value), 1, 1, is_text=False)
        start = self._next.get(value, 0)
        found = max(self._text.find(value, start), 0)
        if "/" in value:
            self._next[value] = found + 1
        return Scalar(value, *self._lines.at(found), is_block="\n" in value)
