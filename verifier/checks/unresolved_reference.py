"""unresolved-reference: source names a model in a way that can't be followed."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.checks.check import Check, Needs, found, located
from verifier.evidence import ChangeEvidence
from verifier.finding import Finding

RULE = "unresolved-reference"


def run(evidence: ChangeEvidence) -> Iterator[Finding]:
    """Report each place that names a model dynamically, then each file that was not read."""
    for place in evidence.unresolved:
        mention = place.mention
        yield located(found(RULE, f"{mention.text} can't be followed: {mention.reason}"), place)
    for path, reason in evidence.unseen.items():
        yield found(RULE, f"{path} was not searched: {reason}", path, remedy="Look at what it names yourself.")


CHECK = Check("resolution", RULE, Needs.STANDING, run)
