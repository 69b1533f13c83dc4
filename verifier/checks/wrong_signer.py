"""wrong-signer: somebody signed the checkpoint, but nobody whom the policy names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.checkpoints.beside import Stranger
from verifier.checks.check import Check, Needs, found
from verifier.evidence import CheckpointEvidence
from verifier.finding import Finding

RULE = "wrong-signer"


def run(evidence: CheckpointEvidence) -> Iterable[Finding]:
    """Show who signed beside who should have."""
    if isinstance(evidence.signed_by, Stranger):
        expected = "; or ".join(map(str, evidence.terms.signers))
        message = "the checkpoint was signed by somebody whom the policy does not name"
        yield replace(found(RULE, message), found=str(evidence.signed_by.found), expected=expected)


CHECK = Check("signer", RULE, Needs.STANDING, run)
