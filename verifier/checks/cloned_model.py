"""cloned-model: a well-known model's name under a publisher that nobody here knows."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.evidence import ModelEvidence
from verifier.finding import Finding

RULE = "cloned-model"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Look the model's name up, unless the model is approved or locked, or its publisher's name says it already."""
    if evidence.refusal is None:
        return
    model = evidence.reference.model
    match = evidence.publishers.lookup_model(model)
    if match.status != "lookalike" or evidence.publishers.lookup(evidence.reference.publisher).status == "lookalike":
        return
    message = f"{model} is not {match.nearest} ({match.technique}; {match.level}, score {match.score:.2f})"
    yield found(RULE, message, remedy=f"If the original is meant: model-verifier lookup {match.nearest}")


CHECK = Check("clone", RULE, Needs.STANDING, run)
