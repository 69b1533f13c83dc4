"""What a parser says of a file: which format it is by content, and what was found in it. No opinions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Where bytes are not what the format demands; `offset` in bytes from the file's beginning."""

    message: str
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """A JSON document: its value, and every (key, value) of every object in it, keys that stand twice too."""

    value: object
    pairs: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Content:
    """One file's content.

    `pickles` says, each in words, where a pickle was found; `problems` what the format forbids;
    `unfollowed` why the file was not followed to its end; `tensors` are the names in a safetensors file.
    """

    format: str
    pickles: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    unfollowed: str | None = None
    tensors: frozenset[str] | None = None
    document: JsonDocument | None = None
