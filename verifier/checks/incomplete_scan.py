"""incomplete-scan: a file's content was not followed to its end."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.evidence import Evidence
from verifier.finding import Finding

RULE = "incomplete-scan"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report every file that a parser gave up on."""
    for path, reading in (evidence.readings or {}).items():
        if reading.content is not None and reading.content.unfollowed:
            yield found(RULE, f"{path} was not followed to its end: {reading.content.unfollowed}", path)


CHECK = Check("scan", RULE, Needs.CONTENT, run)
