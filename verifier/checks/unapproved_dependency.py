"""unapproved-dependency: the model needs another one that is not approved with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from verifier.checks.check import Check, Needs, found
from verifier.errors import UsageError
from verifier.evidence import CheckpointEvidence, ModelEvidence
from verifier.finding import Finding
from verifier.reference import ModelReference, is_path

RULE = "unapproved-dependency"
KEYS = frozenset(
    {
        "assistant_model",
        "base_model_name_or_path",
        "draft_model_name_or_path",
        "speculative_model",
        "tokenizer_name_or_path",
    }
)
"""Keys of configurations under which a loader looks for another model."""


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Judge what the approval requires, then what the approved configurations name besides."""
    dependencies = evidence.standing.dependencies if evidence.standing else {}
    for pinned, standing in dependencies.items():
        if not standing.is_live(evidence.now):
            reason = standing.refusal.message if standing.refusal else "it is revoked or its approval is over"
            yield found(RULE, f"{pinned}, which this model requires, is not approved: {reason}")
    approval = evidence.standing.approval if evidence.standing else None
    required = {pinned.partition("@")[0].casefold() for pinned in (approval.requires if approval else ())}
    if evidence.standing is None:
        required = {model.casefold() for model in evidence.known_models}
    for path, reading in (evidence.readings or {}).items():
        if reading.content is None or reading.content.document is None:
            continue
        for key, model in models_named(reading.content.document.pairs):
            if model.casefold() != evidence.reference.model.casefold() and model.casefold() not in required:
                yield found(RULE, f"{path} names {model} under {key!r}, which the approval does not require", path)


def models_named(pairs: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    """Give the key and the id of every other model that a configuration names, from all its pairs at any depth."""
    for key, value in pairs:
        if key in KEYS and isinstance(value, str) and value:
            if (
                is_path(value)
                or value.startswith("~")
                or ("://" not in value and value.count("/") > 1)
                or "\\" in value
            ):
                continue  # a path, which no loader takes from the Hub
            try:
                yield key, ModelReference.parse(value).model
            except UsageError:
                yield key, value


def run_on_bases(evidence: CheckpointEvidence) -> Iterable[Finding]:
    """Judge the models that a checkpoint was trained from; those that are revoked are reported as that."""
    for base, standing in evidence.bases.items() if isinstance(evidence.bases, Mapping) else ():
        if not standing.is_live(evidence.now) and not standing.revocations:
            reason = standing.refusal.message if standing.refusal else "its approval is over"
            yield found(RULE, f"{base}, from which this was trained, is not approved: {reason}")


BASES = Check("bases", RULE, Needs.STANDING, run_on_bases)
CHECK = Check("dependencies", RULE, Needs.CONTENT, run)
