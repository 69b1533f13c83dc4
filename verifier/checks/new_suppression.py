"""new-suppression: a change adds the exception that it needs itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.checks.check import Check, Needs, found
from verifier.evidence import ChangeEvidence
from verifier.finding import Finding, Location

RULE = "new-suppression"


def run(evidence: ChangeEvidence) -> Iterator[Finding]:
    """Report each suppression that the change adds, whether it silences anything or not."""
    for path, pragma in evidence.pragmas:
        message = f"the change adds a suppression of {', '.join(pragma.rules)}: {pragma.reason or 'without a reason'}"
        yield replace(found(RULE, message), location=Location(path, line=pragma.line))


CHECK = Check("suppressions", RULE, Needs.STANDING, run)
