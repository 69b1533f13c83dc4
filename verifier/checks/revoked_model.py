"""revoked-model: a revocation names the model, its commit, one of its files or its record."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.document import format_timestamp
from verifier.evidence import ModelEvidence
from verifier.finding import Finding

RULE = "revoked-model"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Report every revocation that hits and is not lifted."""
    for revocation in evidence.standing.revocations if evidence.standing else ():
        since = format_timestamp(revocation.revoked_at)[:10]
        yield found(RULE, f"{evidence.reference} was revoked on {since}: {revocation.reason}")


CHECK = Check("revocation", RULE, Needs.STANDING, run)
