"""unapproved-model: neither an approval in the registry nor an entry in the lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from verifier.checks.check import Check, Needs, found, located
from verifier.evidence import ChangeEvidence, ModelEvidence
from verifier.finding import Finding

RULE = "unapproved-model"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Say why there is no approval, where there is none."""
    if evidence.refusal is not None:
        yield found(RULE, evidence.refusal.message, remedy=evidence.refusal.remedy)


CHECK = Check("approval", RULE, Needs.STANDING, run)


def run_on_change(evidence: ChangeEvidence) -> Iterator[Finding]:
    """Say it of every model that source names, those among them that are no id to look up."""
    for named in evidence.named:
        refusal = named.refusal or (named.model.refusal if named.model else None)
        if refusal is not None:
            yield located(found(RULE, refusal.message, remedy=refusal.remedy), named.place)


CHANGE_CHECK = Check("approval", RULE, Needs.STANDING, run_on_change)
