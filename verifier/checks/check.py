"""What a check is: a name, the rule that it reports, and a pure function of the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from verifier.evidence import Evidence
from verifier.finding import Finding, Location
from verifier.rules import RULES


class Needs(IntEnum):
    """What a check can't do without; the cheap ones come first, and spare the dear ones where they deny."""

    STANDING = 1
    SNAPSHOT = 2
    LISTING = 3
    CONTENT = 4
    WRITERS = 5


@dataclass(frozen=True, slots=True)
class Skipped:
    """The check was planned and could not run; that denies."""

    reason: str


Answer = Iterable[Finding] | Skipped
Given = TypeVar("Given", bound=Evidence, contravariant=True)


@dataclass(frozen=True)
class Check(Generic[Given]):
    """A check's name in reports, the rule that it reports, and what it does with the evidence it is given."""

    name: str
    rule: str
    needs: Needs
    run: Callable[[Given], Answer]


def found(rule: str, message: str, path: str | None = None, *, remedy: str = "") -> Finding:
    """Make a finding with the rule's own severity, and its own remedy where none is given."""
    entry = RULES[rule]
    return Finding(rule, entry.severity, message, remedy or entry.remedy, Location(path))
