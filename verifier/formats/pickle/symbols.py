"""What stands on a pickle's stack while it is walked: where a literal begins, or one of these.

A literal or a new container is the `int` of its opcode's offset: it costs nothing until somebody wants to know it.
A short tuple is a `tuple` of symbols. Everything else is one of the classes below, made once for each global.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from verifier import limits


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the stream has imported."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Made:
    """What a call of a global gave; `arguments` are kept of the few calls that say how the bytes go on."""

    origin: Global
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value of which nothing is known; `what` says how it came about."""

    what: str


@dataclass(frozen=True, slots=True, eq=False)
class Nest:
    """A tuple inside another, in the memo, or a long one: of it only the number of values in it is known.

    A value counts each time, since a tuple's hash is not kept; `limits.MAX_TUPLE` stands for all above it.
    """

    weight: int


Atom = int | Global | Made | Opaque | Nest
Symbol = Atom | tuple[Atom, ...]

COMPUTED = Opaque("a computed value")
NUMBERED = Opaque("an extension's object")
PERSISTENT = Opaque("a persistent object")
BUFFER = Opaque("a buffer")

LONGEST_TUPLE = 16
HEAVIEST = Nest(limits.MAX_TUPLE)


@lru_cache(maxsize=4_096)
def nest(weight: int) -> Nest:
    """Give the tuple of that many values, most often the same object."""
    return Nest(weight) if weight < limits.MAX_TUPLE else HEAVIEST


def weighed(items: Sequence[Symbol]) -> Nest:
    """Give what is known of a tuple of these items once nobody looks at them any more."""
    weight = len(items) or 1
    for item in items:
        if type(item) is Nest:
            weight += item.weight - 1
        elif type(item) is tuple:
            weight += weighed(item).weight - 1
    return nest(weight)


def flat(items: tuple[Symbol, ...]) -> tuple[Atom, ...]:
    """Give a tuple without tuples inside, so that nesting costs no memory."""
    return tuple(weighed(item) if isinstance(item, tuple) else item for item in items)
