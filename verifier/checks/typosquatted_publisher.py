"""typosquatted-publisher: the publisher's name imitates a known one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.checks.check import Check, Needs, found
from verifier.evidence import ModelEvidence
from verifier.finding import Finding, Severity

RULE = "typosquatted-publisher"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Look the publisher up, unless the model itself is approved or locked."""
    if evidence.refusal is None:
        return
    reference = evidence.reference
    match = evidence.publishers.lookup(reference.publisher)
    if match.status != "lookalike":
        return
    meant = f"{match.nearest}/{reference.name}"
    if match.nearest is None:
        message = f"{reference.publisher!r} imitates another name ({match.technique})"
        remedy = "Type the publisher's name by hand, in plain letters."
    elif meant in evidence.known_models:
        message = f"{reference.publisher} is not {match.nearest} ({match.technique}). Did you mean {meant}?"
        remedy = f"Name {meant}."
    else:
        message = f"{reference.publisher} is not {match.nearest} ({match.technique})."
        remedy = f"If you mean {match.nearest}, name one of its approved models."
    finding = found(RULE, message, remedy=remedy)
    yield finding if match.level == "high" else replace(finding, severity=Severity.WARNING)


CHECK = Check("publisher", RULE, Needs.STANDING, run)
