"""How a model stands in the registry: approved by whom, refused why, revoked by what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from verifier.digest import Digest
from verifier.registry.documents import Approval, Revocation


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no approval, and what the person may do next."""

    message: str
    remedy: str


@dataclass(frozen=True)
class Standing:
    """The registry's answer for one model at one commit (or for a model that it does not know).

    `approval` is there once the record's bytes are those of the signed head and enough principals signed
    them, the first at `since`; `ends_at` is when it stops to count; `revocations` are those that hit and are not
    lifted; `dependencies` hold the standing of each model that this one requires, directly or through others.
    """

    approval: Approval | None = None
    record_digest: Digest | None = None
    approved_by: tuple[str, ...] = ()
    since: datetime | None = None
    ends_at: datetime | None = None
    refusal: Refusal | None = None
    revocations: tuple[Revocation, ...] = ()
    dependencies: Mapping[str, Standing] = field(default_factory=dict)

    def is_live(self, now: datetime) -> bool:
        """Tell whether the approval counts today; its dependencies are judged apart."""
        return self.approval is not None and not self.revocations and self.ends_at is not None and now < self.ends_at


@dataclass(frozen=True, slots=True)
class Revoked:
    """A revocation that is in force, with the digest of its file's bytes, by which it can be lifted."""

    digest: str
    revocation: Revocation

    def hits(self, model: str, commit: str | None, record: Digest | None, approval: Approval | None) -> bool:
        """Tell whether it names this model, by any of its keys; letters' case does not matter."""
        if approval is not None and self._is_lifted_by(approval):
            return False
        return any(self._matches(model.casefold(), commit, record, approval))

    def _is_lifted_by(self, approval: Approval) -> bool:
        return self.digest in approval.lifts or self.revocation.record_digest in approval.lifts

    def _matches(
        self, model: str, commit: str | None, record: Digest | None, approval: Approval | None
    ) -> Iterator[bool]:
        revocation = self.revocation
        if revocation.model is not None:
            same_commit = revocation.revision is None or revocation.revision == commit
            yield revocation.model.casefold() == model and same_commit
            if approval is not None:
                yield (
                    any(alias.casefold() == revocation.model.casefold() for alias in approval.aliases) and same_commit
                )
        elif revocation.revision is not None:
            yield revocation.revision == commit
        if record is not None:
            yield revocation.record_digest == str(record)
        if approval is not None and revocation.digests:
            yield not set(revocation.digests).isdisjoint(str(file.digest) for file in approval.manifest)
