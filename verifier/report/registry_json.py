"""What the registry's verbs print, as JSON. Keys may be added, never changed; enumerations are closed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from verifier.document import Document, Timestamp
from verifier.registry.documents import Role

if TYPE_CHECKING:
    from verifier.governance.audit import Audit
    from verifier.governance.diff import Difference
    from verifier.governance.inventory import Entry, Inventory

Shown = Annotated[str, BeforeValidator(lambda text: text.encode("utf-8", "backslashreplace").decode("utf-8"))]
r"""A text that may hold a name's raw bytes, written as `\udcNN`."""


class WaivedPart(Document):
    """A waiver of a record."""

    rule: str
    path: Shown
    expires: Timestamp


class RecordPart(Document):
    """A record and how it stands. What it says itself is null where it can't be read."""

    reference: str
    status: Literal["approved", "pending", "expired", "revoked"]
    record: str
    baseline: bool | None
    requested_by: Shown | None
    approved_by: tuple[str, ...]
    unchecked_by: tuple[str, ...]
    approved_at: Timestamp | None
    ends_at: Timestamp | None
    published: bool
    waivers: tuple[WaivedPart, ...]
    revocations: tuple[Shown, ...]
    matched: tuple[Shown, ...]


class ListDocument(Document):
    """`model-verifier/registry-list/v1`: `registry list`. `head_version` is null where nothing was published."""

    schema_: Literal["model-verifier/registry-list/v1"] = Field("model-verifier/registry-list/v1", alias="schema")
    registry: str
    head_version: int | None
    at: Timestamp
    records: tuple[RecordPart, ...]


class ProblemPart(Document):
    """Something that is not as it must be, and where."""

    path: Shown
    message: Shown


class AuditDocument(Document):
    """`model-verifier/registry-audit/v1`: `registry verify`. `verified` counts the records whose signatures were."""

    schema_: Literal["model-verifier/registry-audit/v1"] = Field("model-verifier/registry-audit/v1", alias="schema")
    result: Literal["PASSED", "FAILED"]
    registry: str
    head_version: int | None
    records: int
    verified: int
    problems: tuple[ProblemPart, ...]
    notices: tuple[Shown, ...]


class FilesPart(Document):
    """How a model's files differ from those of another commit."""

    added: tuple[Shown, ...]
    removed: tuple[Shown, ...]
    changed: tuple[Shown, ...]
    weights_identical: bool


class ChangePart(Document):
    """One thing that changed."""

    kind: Literal["added", "removed", "changed", "renewed", "signed", "unsigned"]
    subject: Shown
    words: tuple[Shown, ...]
    files: FilesPart | None


class DiffDocument(Document):
    """`model-verifier/registry-diff/v1`: `registry diff`."""

    schema_: Literal["model-verifier/registry-diff/v1"] = Field("model-verifier/registry-diff/v1", alias="schema")
    changes: tuple[ChangePart, ...]


class WhoamiDocument(Document):
    """`model-verifier/whoami/v1`: `registry whoami`. `principal` is null for nobody whom the registry names."""

    schema_: Literal["model-verifier/whoami/v1"] = Field("model-verifier/whoami/v1", alias="schema")
    issuer: Shown
    identity: Shown
    principal: str | None
    roles: tuple[Role, ...]


def inventory_json(inventory: Inventory) -> str:
    """Write a list of records."""
    return _written(
        ListDocument(
            registry=inventory.registry,
            head_version=inventory.head_version,
            at=inventory.at,
            records=tuple(map(_record, inventory.entries)),
        )
    )


def _record(entry: Entry) -> RecordPart:
    approval = entry.approval
    return RecordPart(
        reference=entry.reference,
        status=entry.status,
        record=str(entry.record_digest),
        baseline=approval.baseline if approval else None,
        requested_by=approval.requested_by if approval else None,
        approved_by=entry.approved_by,
        unchecked_by=entry.unchecked,
        approved_at=entry.approved_at,
        ends_at=entry.ends_at,
        published=entry.published,
        waivers=tuple(
            WaivedPart(rule=waiver.rule, path=waiver.path, expires=waiver.expires)
            for waiver in (approval.waivers if approval else ())
        ),
        revocations=tuple(revocation.reason for revocation in entry.revocations),
        matched=entry.matched,
    )


def audit_json(audit: Audit) -> str:
    """Write what was found of a whole registry."""
    return _written(
        AuditDocument(
            result="FAILED" if audit.problems else "PASSED",
            registry=audit.registry,
            head_version=audit.head_version,
            records=audit.records,
            verified=audit.verified,
            problems=tuple(ProblemPart(path=item.path, message=item.message) for item in audit.problems),
            notices=audit.notices,
        )
    )


def differences_json(found: Sequence[Difference]) -> str:
    """Write what changed between two commits."""
    return _written(DiffDocument(changes=tuple(map(_change, found))))


def _change(item: Difference) -> ChangePart:
    files = FilesPart(
        added=item.files.added,
        removed=item.files.removed,
        changed=item.files.changed,
        weights_identical=item.files.weights_identical,
    ) if item.files is not None else None  # fmt: skip
    return ChangePart(kind=item.kind, subject=item.subject, words=item.words, files=files)


def whoami_json(issuer: str, identity: str, principal: str | None, roles: Sequence[Role]) -> str:
    """Write who somebody is, to Sigstore and to the registry."""
    return _written(WhoamiDocument(issuer=issuer, identity=identity, principal=principal, roles=tuple(roles)))


def _written(document: Document) -> str:
    return json.dumps(document.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=True) + "\n"
