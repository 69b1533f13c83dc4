"""The registry's documents (DESIGN, section 6): trust, approval, revocation, head.

Shapes only. That a document was signed by whom it must be is `verifier.registry.trust`'s to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from verifier.digest import Digest
from verifier.document import (
    Commit,
    DigestText,
    Document,
    FilePath,
    ModelId,
    Name,
    PinnedModel,
    Sequence,
    Sha256,
    Size,
    Text,
    Timestamp,
)
from verifier.manifest import File, Manifest
from verifier.rules import RULES

_RECORD_KEY = r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*@[0-9a-f]{40}$"
Role = Literal["trust", "approve", "revoke", "publish"]
RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
SetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


Days = Annotated[int, Field(ge=1, le=1_000_000)]


class Signer(Document):
    """A trusted root, an issuer and an identity together; for a forge's workflow also its repository's ids.

    `not_before` and `not_after` bound the verified signing time.
    """

    root: Sha256
    issuer: Text
    identity: Text
    repository_id: int | None = None
    owner_id: int | None = None
    not_before: Timestamp | None = None
    not_after: Timestamp | None = None


class RoleRule(Document):
    """How many of which principals must sign."""

    threshold: Annotated[int, Field(ge=0)]
    principals: Sequence[Name]


class TrustRules(Document):
    """The registry's own bounds, in days, and the last moment at which a baseline counts."""

    max_head_days: Days = 14
    max_approval_days: Days = 365
    max_waiver_days: Days = 90
    baseline_until: Timestamp | None = None


class Trust(Document):
    """`trust/<version>.json`: who may approve, revoke and publish, and how many of them.

    `schema` is "model-verifier/trust/v1". `floor` is the lowest version of the head that still counts.
    """

    schema_: Literal["model-verifier/trust/v1"] = Field(alias="schema")
    registry: Name
    version: Annotated[int, Field(ge=1)]
    expires: Timestamp
    floor: Annotated[int, Field(ge=0)] = 0
    demonstration: bool = False
    trusted_roots: Sequence[Sha256]
    principals: dict[Name, Annotated[Sequence[Signer], Field(min_length=1)]]
    roles: dict[Role, RoleRule]
    rules: TrustRules = TrustRules()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        owners: dict[tuple[str, str], str] = {}
        for principal, signers in self.principals.items():
            for signer in signers:
                if signer.root not in self.trusted_roots:
                    raise ValueError(f"principal {principal!r} has a signer under a root that is not listed")
                owner = owners.setdefault((signer.issuer, signer.identity), principal)
                if owner != principal:
                    raise ValueError(f"{owner!r} and {principal!r} have the same issuer and identity")
        for role in ("trust", "approve", "revoke", "publish"):
            if role not in self.roles:
                raise ValueError(f"the role {role!r} is missing")
            rule = self.roles[role]
            if unknown := set(rule.principals) - set(self.principals):
                raise ValueError(f"the role {role!r} names {min(unknown)!r}, who is no principal")
            if rule.threshold > len(set(rule.principals)):
                raise ValueError(f"the role {role!r} asks for more principals than it has")
            if rule.threshold == 0 and role != "approve":
                raise ValueError(f"the role {role!r} has a threshold of 0; only 'approve' may")
        return self


class FileEntry(Document):
    """A file's SHA-256 (hex) and its size in bytes."""

    sha256: Sha256
    size: Size


Files = Annotated[dict[FilePath, FileEntry], Field(min_length=1)]


def manifest_of(files: Mapping[str, FileEntry]) -> Manifest:
    """Turn a document's files into a manifest."""
    return Manifest.of(File(path, entry.size, Digest("sha256", entry.sha256)) for path, entry in files.items())


class Waiver(Document):
    """A dated exception: one content rule for one exact path."""

    rule: RuleName
    path: FilePath
    reason: Text
    expires: Timestamp


class Approval(Document):
    """`models/<publisher>/<name>/<commit>.json`: one model at one commit, with every file's digest.

    `schema` is "model-verifier/approval/v1". `publisher_verified` says that the Hub called the publisher verified
    when the record was written.
    """

    schema_: Literal["model-verifier/approval/v1"] = Field(alias="schema")
    registry: Name
    model: ModelId
    revision: Commit
    aliases: Sequence[Text] = ()
    requested_by: Text
    reason: Text
    valid_until: Timestamp
    publisher_verified: bool | None = None
    requires: Sequence[PinnedModel] = ()
    waivers: Sequence[Waiver] = ()
    lifts: Sequence[DigestText] = ()
    baseline: bool = False
    files: Files
    sets: dict[SetName, Annotated[Sequence[FilePath], Field(min_length=1)]]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if "default" not in self.sets:
            raise ValueError("there is no set named 'default'")
        for name, paths in self.sets.items():
            if unknown := set(paths) - set(self.files):
                raise ValueError(f"the set {name!r} names {min(unknown)!r}, which is not among the files")
        for waiver in self.waivers:
            rule = RULES.get(waiver.rule)
            if rule is not None and not rule.content:
                raise ValueError(f"the rule {waiver.rule!r} can't be waived")
            if waiver.path not in self.files:
                raise ValueError(f"a waiver names {waiver.path!r}, which is not among the files")
        _refuse_nesting(self.files)
        return self

    @cached_property
    def manifest(self) -> Manifest:
        """Every approved file, of all sets."""
        return manifest_of(self.files)

    @property
    def reference(self) -> str:
        """The model at its commit, `org/name@<commit>`."""
        return f"{self.model}@{self.revision}"


def _refuse_nesting(files: Mapping[str, FileEntry]) -> None:
    for path in files:
        for parent, separator in ((path[:at], path[at]) for at in range(len(path)) if path[at] == "/"):
            if separator and parent in files:
                raise ValueError(f"{parent!r} is listed both as a file and as a directory")


class Revocation(Document):
    """`revocations/<id>.json`: what must not be used any more, by any of the keys that it names.

    `schema` is "model-verifier/revocation/v1". A `model` with a `revision` is one key; either alone is one too.
    """

    schema_: Literal["model-verifier/revocation/v1"] = Field(alias="schema")
    registry: Name
    model: ModelId | None = None
    revision: Commit | None = None
    digests: Sequence[DigestText] = ()
    record_digest: DigestText | None = None
    reason: Text
    revoked_at: Timestamp

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.model is None and self.revision is None and not self.digests and self.record_digest is None:
            raise ValueError("names neither a model, a revision, a digest nor a record")
        return self


class HeadRevocation(Document):
    """A revocation in full inside the head, with the digest of its own file's bytes."""

    digest: DigestText
    revocation: Revocation


class Head(Document):
    """`head.json`: which records and revocations there are, at a version, until a time.

    `schema` is "model-verifier/head/v1"; `records` maps `org/name@<commit>` to the record's digest.
    """

    schema_: Literal["model-verifier/head/v1"] = Field(alias="schema")
    registry: Name
    version: Annotated[int, Field(ge=1)]
    issued: Timestamp
    expires: Timestamp
    source_commit: Commit | None = None
    trust_version: Annotated[int, Field(ge=1)]
    records: dict[Annotated[str, StringConstraints(pattern=_RECORD_KEY)], DigestText]
    revoked: Sequence[HeadRevocation] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.expires <= self.issued:
            raise ValueError("expires before it is issued")
        return self
