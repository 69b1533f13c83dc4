"""What somebody who approves a model is shown: what it is, what all checks said, what changed since the last time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from verifier._hub import RemotePublisher
from verifier.checks import (
    CONTENT_CHECKS,
    Check,
    cloned_model,
    renamed_model,
    revoked_model,
    typosquatted_publisher,
    unapproved_dependency,
)
from verifier.checks.digest_mismatch import differs
from verifier.evidence import ModelEvidence
from verifier.finding import Finding
from verifier.governance.derive import Derived
from verifier.governance.home import Home
from verifier.judge import judge
from verifier.policy import Policy, WaiverGrant
from verifier.publishers import PUBLISHERS, PublisherIndex
from verifier.reference import ModelReference
from verifier.registry.documents import Approval, FileEntry
from verifier.registry.records import end_of
from verifier.registry.standing import Refusal, Standing
from verifier.verdict import Effect, Judged, Outcome, Status

PLAN: tuple[Check[ModelEvidence], ...] = (
    typosquatted_publisher.CHECK,
    cloned_model.CHECK,
    renamed_model.CHECK,
    revoked_model.CHECK,
    *CONTENT_CHECKS,
    unapproved_dependency.CHECK,
)
"""All that is asked of a model that nobody approved yet; that its files are the record's is seen to here."""

_WEIGHTS = (
    ".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".onnx", ".onnx_data", ".h5", ".msgpack", ".ot",
    ".mlmodel", ".npz", ".keras", ".pkl", ".joblib", ".model", ".nemo", ".tflite",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """How a record's files differ from another's."""

    since: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that differs."""
        return (*self.added, *self.removed, *self.changed)

    @property
    def weights_identical(self) -> bool:
        """Tell whether nothing that may hold weights differs."""
        return not any(path.lower().endswith(_WEIGHTS) for path in self.paths)

    @classmethod
    def between(cls, old: Approval, new: Approval) -> Changes:
        """Compare two records' files."""
        before, after = old.files, new.files
        return cls(
            old.reference,
            tuple(sorted(after.keys() - before.keys())),
            tuple(sorted(before.keys() - after.keys())),
            tuple(sorted(path for path in before.keys() & after.keys() if before[path] != after[path])),
        )


@dataclass(frozen=True)
class Review:
    """A record with all that is known of it. `read` is None where nothing was read again."""

    approval: Approval
    ends_at: datetime
    outcomes: tuple[Outcome, ...] = ()
    changes: Changes | None = None
    is_new_publisher: bool = False
    read: frozenset[str] | None = None

    @property
    def refused(self) -> bool:
        """Tell whether something was found that denies, or a check could not run."""
        return any(outcome.status is not Status.PASSED for outcome in self.outcomes)

    def findings(self, *effects: Effect) -> list[Judged]:
        """Give what was found with one of the effects."""
        return [judged for outcome in self.outcomes for judged in outcome.findings if judged.effect in effects]


def review(
    home: Home, policy: Policy, approval: Approval, derived: Derived | None, extra: Sequence[Finding] = ()
) -> Review:
    """Run every check on what was read of a record's files, and compare these with the record's.

    Without `derived` nothing was read again: only what the registry itself knows is shown.
    """
    reference = ModelReference.parse(approval.reference)
    models = home.models() - {approval.model}
    publishers = {model.partition("/")[0] for model in models}
    outcomes: tuple[Outcome, ...] = ()
    if derived is not None:
        evidence = ModelEvidence(
            now=home.now,
            asked=reference,
            reference=reference,
            publishers=PublisherIndex(chain(sorted(publishers | set(policy.known_publishers)), PUBLISHERS)),
            known_models=frozenset(models),
            refusal=Refusal(f"{reference} is not approved yet", ""),
            standing=_proposed(home, approval),
            manifest=approval.manifest,
            chosen=frozenset(approval.sets["default"]),
            snapshot=derived.snapshot,
            readings=derived.readings,
            remote=derived.remote,
            remote_publisher=_vouched(approval, derived.publisher),
            fetched=True,
        )
        grants = [WaiverGrant(item.rule, item.path) for item in approval.waivers if home.now < item.expires]
        findings = (*extra, *derived.findings, *differing(approval.files, derived.files, "that the record lists"))
        outcomes = (policy.judge("digests", findings)[0], *judge(evidence, PLAN, policy, grants).outcomes)
    previous = _previous(home, approval)
    return Review(
        approval=approval,
        ends_at=end_of(home.trust, approval),
        outcomes=outcomes,
        changes=Changes.between(previous, approval) if previous is not None else None,
        is_new_publisher=reference.publisher not in publishers,
        read=derived.read if derived is not None else None,
    )


def _vouched(approval: Approval, publisher: RemotePublisher | None) -> RemotePublisher | None:
    """Give the Hub's word on a publisher where it says something: verified now, or in the record."""
    return publisher if approval.publisher_verified or (publisher is not None and publisher.verified) else None


def differing(listed: dict[str, FileEntry], seen: dict[str, FileEntry], how: str) -> list[Finding]:
    """Compare files as they were read with those of a document (`how`)."""
    findings = []
    for path in sorted(listed.keys() | seen.keys()):
        expected, found = listed.get(path), seen.get(path)
        if expected != found:
            findings.append(differs(path, how, _shown(found), _shown(expected), "Find out who wrote it down, and why."))
    return findings


def _shown(entry: FileEntry | None) -> str:
    return f"sha256:{entry.sha256}, {entry.size:,} bytes" if entry is not None else "nothing"


def _proposed(home: Home, approval: Approval) -> Standing:
    """Make the standing that the record would have, with what is revoked and what it requires."""
    hits = tuple(
        item.revocation for item in home.revoked if item.hits(approval.model, approval.revision, None, approval)
    )
    missing = {
        pinned: Standing(refusal=Refusal(f"the registry has no record of {pinned}", "Add it first."))
        for pinned in approval.requires
        if home.raw_record(pinned) is None
    }
    standing = Standing(approval=approval, ends_at=end_of(home.trust, approval), revocations=hits)
    return replace(standing, dependencies=missing)


def _previous(home: Home, approval: Approval) -> Approval | None:
    """Give the newest live approval of the same model at another commit."""
    keys = [key for key in home.records(approval.model) if key != approval.reference]
    live = [standing for standing in map(home.standing, keys) if standing.is_live(home.now)]
    dated = [(standing.since or home.now, standing.approval) for standing in live if standing.approval]
    return max(dated, key=lambda pair: pair[0])[1] if dated else None
