"""revoked-model: a revocation names the model, its commit, one of its files or its record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from verifier.checks.check import Check, Needs, found
from verifier.document import format_timestamp
from verifier.evidence import CheckpointEvidence, ModelEvidence
from verifier.finding import Finding

RULE = "revoked-model"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Report every revocation that hits and is not lifted."""
    for revocation in evidence.standing.revocations if evidence.standing else ():
        since = format_timestamp(revocation.revoked_at)[:10]
        yield found(RULE, f"{evidence.reference} was revoked on {since}: {revocation.reason}")


def run_on_bases(evidence: CheckpointEvidence) -> Iterable[Finding]:
    """Report every model that the checkpoint was trained from and that is revoked by now."""
    for base, standing in evidence.bases.items() if isinstance(evidence.bases, Mapping) else ():
        for revocation in standing.revocations:
            since = format_timestamp(revocation.revoked_at)[:10]
            message = f"{base}, from which this was trained, was revoked on {since}: {revocation.reason}"
            yield found(RULE, message, remedy="Train again from a base that is approved today.")


BASES = Check("base revocation", RULE, Needs.STANDING, run_on_bases)
CHECK = Check("revocation", RULE, Needs.STANDING, run)
