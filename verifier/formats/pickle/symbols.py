"""What stands on a pickle's stack while it is walked: where a literal begins, or one of these.

A literal or a new container is the `int` of its opcode's offset: it costs nothing until somebody wants to know it.
A short tuple is a `tuple` of symbols. Everything else is one of the classes below, made once for each global.
"""

from __future__ import annotations

from dataclasses import dataclass


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


Atom = int | Global | Made | Opaque
Symbol = Atom | tuple[Atom, ...]

LONG_TUPLE = Opaque("a tuple")
COMPUTED = Opaque("a computed value")
NUMBERED = Opaque("an extension's object")
PERSISTENT = Opaque("a persistent object")
BUFFER = Opaque("a buffer")

LONGEST_TUPLE = 16


def flat(items: tuple[Symbol, ...]) -> tuple[Atom, ...]:
    """Give a tuple without tuples inside, so that nesting costs no memory."""
    return tuple(LONG_TUPLE if isinstance(item, tuple) else item for item in items)
