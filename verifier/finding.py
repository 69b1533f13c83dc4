"""What a check has to say: a rule, a place, what is wrong there, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How grave the check holds it; the policy turns this into an effect."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Location:
    """Where: a file, a member of an archive in it, a line and column (from 1), a byte offset, a global."""

    path: str | None = None
    member: str | None = None
    line: int | None = None
    column: int | None = None
    offset: int | None = None
    global_name: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found; where two values differ, the `found` one and the `expected` one.

    `waivable` is False where no signed waiver can excuse it. `pragma` is the reason of a suppression beside the place
    in the source; what the policy only warns of is then ignored. `details` are lines that show what was found.
    """

    rule: str
    severity: Severity
    message: str
    remedy: str = ""
    location: Location = Location()
    found: str | None = None
    expected: str | None = None
    waivable: bool = True
    pragma: str | None = None
    details: tuple[str, ...] = ()
