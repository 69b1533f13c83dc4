"""unapproved-model: neither an approval in the registry nor an entry in the lock."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.evidence import ModelEvidence
from verifier.finding import Finding

RULE = "unapproved-model"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Say why there is no approval, where there is none."""
    if evidence.refusal is not None:
        yield found(RULE, evidence.refusal.message, remedy=evidence.refusal.remedy)


CHECK = Check("approval", RULE, Needs.STANDING, run)
