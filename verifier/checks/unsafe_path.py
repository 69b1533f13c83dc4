"""unsafe-path: something below the root is no regular file, or has a name that misleads."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.evidence import Evidence
from verifier.finding import Finding
from verifier.snapshot import Oddity

RULE = "unsafe-path"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report what the walk over the snapshot could not take for a plain file."""
    for oddity in evidence.snapshot.oddities if evidence.snapshot else ():
        yield odd(oddity)


def odd(oddity: Oddity) -> Finding:
    """Make the finding for something that is no plain file."""
    return found(RULE, f"{oddity.path} is {oddity.problem}", oddity.path)


CHECK = Check("paths", RULE, Needs.SNAPSHOT, run)
