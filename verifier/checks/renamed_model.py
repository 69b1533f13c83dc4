"""renamed-model: the Hub answers with another id than the one that was asked for."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.evidence import ModelEvidence
from verifier.finding import Finding

RULE = "renamed-model"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Compare the ids, unless the Hub was not asked; an alias in the approval names both."""
    if evidence.remote is None or evidence.remote.model.casefold() == evidence.reference.model.casefold():
        return
    approval = evidence.standing.approval if evidence.standing else None
    if approval is None or evidence.remote.model not in approval.aliases:
        yield found(RULE, f"the Hub answers {evidence.reference.model} with {evidence.remote.model}")


CHECK = Check("identity", RULE, Needs.HUB, run)
