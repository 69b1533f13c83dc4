"""What a check is: a name, the rule that it reports, and a pure function of the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Generic, TypeVar

from verifier.evidence import ChangeEvidence, Evidence, ModelEvidence, Place
from verifier.finding import Finding, Location, Severity
from verifier.formats.content import Content
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


def contents(evidence: Evidence) -> Iterator[tuple[str, str | None, Content]]:
    """Give what was read: each file's path, the member in it (None for the file itself), and the content."""
    for path, reading in (evidence.readings or {}).items():
        for member, content in reading.content.walk() if reading.content is not None else ():
            yield path, member, content


def within(
    finding: Finding, member: str | None, *, offset: int | None = None, line: int | None = None,
    severity: Severity | None = None,
) -> Finding:  # fmt: skip
    """Say where in its file a finding lies, and how grave it is where that is not as usual."""
    location = replace(finding.location, member=member, offset=offset, line=line)
    return replace(finding, location=location, severity=severity or finding.severity)


def named(path: str, member: str | None) -> str:
    """Name a file, or a member of one, in a message."""
    return path if member is None else f"{member} in {path}"


def located(finding: Finding, place: Place) -> Finding:
    """Move a finding to where source names the model, with the suppression that stands there for its rule."""
    mention = place.mention
    pragma = mention.ignored_by(finding.rule)
    where = Location(place.path, line=mention.line, column=mention.column)
    return replace(finding, location=where, pragma=pragma.reason if pragma is not None else None)


def of_each_model(check: Check[ModelEvidence]) -> Check[ChangeEvidence]:
    """Ask a check of every model that a change names and that could be looked up; each finding is at its place."""

    def run(evidence: ChangeEvidence) -> Iterator[Finding]:
        for named in evidence.named:
            answer = check.run(named.model) if named.model is not None else ()
            assert not isinstance(answer, Skipped)  # noqa: S101 - such a check needs nothing that could be lacking
            yield from (located(finding, named.place) for finding in answer)

    return Check(check.name, check.rule, Needs.STANDING, run)
