"""missing-claim: a claim that the policy requires is not there, or does not count."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Answer, Check, Needs, Skipped, found
from verifier.evidence import CheckpointEvidence
from verifier.finding import Finding
from verifier.signature import Signature

RULE = "missing-claim"


def run(evidence: CheckpointEvidence) -> Answer:
    """Report every required claim that is lacking, and why what lies there does not count."""
    if not isinstance(evidence.signed_by, Signature):
        return Skipped(evidence.unread)
    return list(_lacking(evidence))


def _lacking(evidence: CheckpointEvidence) -> Iterable[Finding]:
    for claim in evidence.lacking:
        why = f": {'; '.join(claim.reasons[:5])}" if claim.reasons else ""
        yield found(RULE, f"no claim of the type {claim.type} counts{why}")
    if isinstance(evidence.bases, str):
        yield found(RULE, f"nothing that counts says from which models this was trained: {evidence.bases}")


CHECK = Check("claims", RULE, Needs.STANDING, run)
