"""expired-approval: the approval's time, or the registry's for baselines, is over."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.document import format_timestamp
from verifier.evidence import ModelEvidence
from verifier.finding import Finding

RULE = "expired-approval"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Compare the approval's end with the time of the run."""
    standing = evidence.standing
    if standing is not None and standing.ends_at is not None and standing.ends_at <= evidence.now:
        kind = "baseline" if standing.approval and standing.approval.baseline else "approval"
        yield found(RULE, f"the {kind} of {evidence.reference} ended on {format_timestamp(standing.ends_at)}")


CHECK = Check("period", RULE, Needs.STANDING, run)
