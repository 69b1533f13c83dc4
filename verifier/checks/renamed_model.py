"""renamed-model: the Hub, or its cache, knows the model by another id, or its namespace changed hands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from verifier.checks.check import Check, Needs, found
from verifier.document import format_timestamp
from verifier.evidence import ModelEvidence
from verifier.finding import Finding, Severity

RULE = "renamed-model"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Compare the ids; an alias in the approval names both. Then look for signs of a new owner."""
    approval = evidence.standing.approval if evidence.standing else None
    asked = evidence.reference.model
    named = {name.casefold() for name in (asked, *((approval.model, *approval.aliases) if approval else ()))}
    if evidence.remote is not None and evidence.remote.model.casefold() not in named:
        yield found(RULE, f"the Hub answers {asked} with {evidence.remote.model}")
    if evidence.cached_as is not None and evidence.cached_as.casefold() not in named:
        remedy = "Give the snapshot of the model that is meant, or have the approval name both (aliases)."
        yield found(RULE, f"the cache keeps these files as {evidence.cached_as}, not {asked}", remedy=remedy)
    if approval is not None:
        yield from _signs_of_a_new_owner(evidence)


def _signs_of_a_new_owner(evidence: ModelEvidence) -> Iterator[Finding]:
    remote, since = evidence.remote, evidence.standing.since if evidence.standing else None
    publisher = evidence.reference.publisher
    if evidence.commit_lost:
        yield found(RULE, f"the Hub's history of {evidence.reference.model} has lost the approved commit")
    if remote is not None and remote.created_at is not None and since is not None and remote.created_at > since:
        created, approved = format_timestamp(remote.created_at), format_timestamp(since)
        yield found(RULE, f"{remote.model} was created on the Hub on {created}, after its approval on {approved}")
    if evidence.remote_publisher is not None and not evidence.remote_publisher.verified:
        message = f"the Hub called {publisher} verified at the approval, and does no more"
        yield replace(found(RULE, message), severity=Severity.WARNING)


CHECK = Check("identity", RULE, Needs.STANDING, run)
