"""unpinned-revision: a branch, a tag or a short commit was named, and no lock pins it."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.evidence import ModelEvidence
from verifier.finding import Finding

RULE = "unpinned-revision"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Look at what was typed; without any revision the registry's one live approval is meant."""
    revision = evidence.asked.revision
    if revision is not None and evidence.asked.commit is None and evidence.locked_at is None:
        judged = evidence.reference.commit
        tail = f"; judged as {judged}" if judged else ""
        remedy = f"Write {evidence.reference}." if judged else ""
        yield found(RULE, f"{revision!r} moves or is not a whole commit{tail}", remedy=remedy)


CHECK = Check("revision", RULE, Needs.STANDING, run)
