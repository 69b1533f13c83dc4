"""unsigned-checkpoint: nothing proves that anybody signed the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checkpoints.beside import Unproven
from verifier.checks.check import Check, Needs, found
from verifier.evidence import CheckpointEvidence
from verifier.finding import Finding

RULE = "unsigned-checkpoint"


def run(evidence: CheckpointEvidence) -> Iterable[Finding]:
    """Report why no signature counts."""
    if isinstance(evidence.signed_by, Unproven):
        yield found(RULE, evidence.signed_by.reason)


CHECK = Check("signature", RULE, Needs.STANDING, run)
