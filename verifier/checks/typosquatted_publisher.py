"""typosquatted-publisher: the publisher's name imitates a known one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.checks.check import Check, Needs, found
from verifier.evidence import ModelEvidence
from verifier.finding import Finding, Severity

RULE = "typosquatted-publisher"
_SOFTER = {Severity.ERROR: Severity.WARNING, Severity.WARNING: Severity.NOTE}


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Look the publisher up, unless the model itself is approved or locked.

    Where the Hub was asked and calls the publisher verified, the finding weighs less.
    """
    if evidence.refusal is None:
        return
    publisher, model = evidence.reference.publisher, evidence.reference.model
    match = evidence.publishers.lookup(publisher)
    if match.status != "lookalike":
        return
    verb = "is not" if match.level == "high" else "may be taken for"
    how = f"{match.technique}; {match.level}, score {match.score:.2f}"
    if match.nearest is None:
        message = f"{publisher!r} imitates another name ({how})"
        remedy = "Type the publisher's name by hand, in plain letters."
    else:
        meant = evidence.publishers.lookup_model(model).nearest or ""
        approved = {known.casefold(): known for known in evidence.known_models}.get(meant.casefold())
        message = f"{publisher} {verb} {match.nearest} ({how}). Did you mean {approved or meant}?"
        remedy = f"model-verifier lookup {approved or meant}"
        if approved is None:
            remedy += f"; if {publisher} is meant and real, list it under [publishers] known in the policy."
    finding = found(RULE, message, remedy=remedy)
    if match.level != "high":
        finding = replace(finding, severity=Severity.WARNING)
    if evidence.remote_publisher is not None and evidence.remote_publisher.verified:
        message += f" The Hub calls {publisher} verified."
        finding = replace(finding, severity=_SOFTER[finding.severity], message=message)
    yield finding


CHECK = Check("publisher", RULE, Needs.STANDING, run)
