"""A registry that is served over HTTPS: what it says of models that are named. It is never looked through."""

from __future__ import annotations

from datetime import UTC, datetime

from verifier.errors import UsageError
from verifier.governance.inventory import Inventory, Selection, entry_of
from verifier.lookup import store_of
from verifier.policy import Policy
from verifier.reference import ModelReference
from verifier.registry import seen
from verifier.registry.documents import Trust
from verifier.registry.registry import Registry
from verifier.registry.trust import follow_chain


def trust_of(policy: Policy, now: datetime | None = None) -> Trust:
    """Give the trust file in force; raises as a reader does."""
    return follow_chain(*store_of(policy), now or datetime.now(UTC)).trust


def inventory(policy: Policy, selection: Selection, now: datetime | None = None) -> Inventory:
    """List the records of the models that a selection names, as a reader of the published head sees them.

    Raises `UsageError` where anything else is selected by, `UndecidedError` for what can't be read or does not hold.
    """
    if not selection.references or selection != Selection(references=selection.references):
        raise UsageError(
            f"the registry {policy.registry_source} is served, and never looked through: only models can be named",
            "model-verifier registry list ORG/NAME; for the rest check its repository out: --registry DIR",
        )
    store, trust_digest = store_of(policy)
    now = now or datetime.now(UTC)
    registry = Registry(store, trust_digest, now, min_version=policy.min_version, memory=seen.default_directory())
    entries = []
    for key, published in sorted(registry.head.records.items()):
        if {key, key.partition("@")[0]} & set(selection.references):
            standing = registry.find(ModelReference.parse(key))
            entries.append(entry_of(store, key, standing, standing.approval, published, now))
    return Inventory(registry.trust.registry, registry.head.version, now, tuple(entries))
