"""trust-remote-code: source switches on that a model's files may run code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.checks.check import Check, Needs, found, located
from verifier.evidence import ChangeEvidence
from verifier.finding import Finding, Severity

RULE = "trust-remote-code"
_SAYS = {
    "remote-code": "lets the model's repository run its own Python here",
    "custom-code": "runs code from a repository on the Hub",
    "unsafe-load": "unpickles a file, which can run any code",
}


def run(evidence: ChangeEvidence) -> Iterator[Finding]:
    """Report each switch at its place; unpickling is often of the project's own files, and only warns."""
    for place in evidence.switches:
        mention = place.mention
        of = f" ({mention.model})" if mention.model else ""
        finding = found(RULE, f"{mention.text} {_SAYS[mention.kind]}{of}")
        if mention.kind == "unsafe-load":
            finding = replace(finding, severity=Severity.WARNING)
        yield located(finding, place)


CHECK = Check("switches", RULE, Needs.STANDING, run)
