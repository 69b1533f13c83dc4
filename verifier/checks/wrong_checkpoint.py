"""wrong-checkpoint: rightly signed, but not the one to be deployed: by its name, its age or its digest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.checkpoints.claims import age_problem
from verifier.checks.check import Answer, Check, Needs, Skipped, found
from verifier.evidence import CheckpointEvidence
from verifier.finding import Finding
from verifier.signature import Signature

RULE = "wrong-checkpoint"


def run(evidence: CheckpointEvidence) -> Answer:
    """Compare what was signed with what the policy deploys, and with the digest that was asked for."""
    if not isinstance(evidence.signed_by, Signature):
        return Skipped(evidence.unread)
    return list(_differences(evidence, evidence.signed_by))


def _differences(evidence: CheckpointEvidence, signature: Signature) -> Iterator[Finding]:
    terms = evidence.terms
    if terms.name is not None and terms.name not in evidence.names:
        named = ", ".join(evidence.names) or "a checkpoint without a name"
        yield _differs("the checkpoint is another one than the policy deploys", named, terms.name)
    if terms.max_age is not None and (problem := age_problem(signature, terms.max_age, evidence.now)):
        days = f"at most {terms.max_age.days} days ago"
        yield _differs("the checkpoint is not of the age that the policy allows", f"it {problem}", days)
    if evidence.pinned is not None and evidence.pinned != evidence.digest:
        message = "the checkpoint is not the one that was pinned"
        yield _differs(message, str(evidence.digest or "none"), str(evidence.pinned))


def _differs(message: str, seen: str, expected: str) -> Finding:
    return replace(found(RULE, message), found=seen, expected=expected)


CHECK = Check("checkpoint", RULE, Needs.STANDING, run)
