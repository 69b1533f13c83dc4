"""Making the registry's head: which records and revocations there are. CI signs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from verifier.digest import Digest
from verifier.document import DocumentError, parse
from verifier.errors import UsageError
from verifier.registry.documents import Head, HeadRevocation, Revocation, Trust
from verifier.registry.standing import Revoked


def make_head(root: Path, trust: Trust, *, version: int, issued: datetime, expires: datetime) -> Head:
    """List every record and revocation below `root`. That they are signed is not looked at here.

    Raises `UsageError` for a file that is neither by its name and content.
    """
    records = {}
    for path in sorted((root / "models").glob("*/*/*.json")):
        model = f"{path.parent.parent.name}/{path.parent.name}"
        records[f"{model}@{path.stem}"] = str(Digest.of(path.read_bytes()))
    revoked = []
    for path in sorted((root / "revocations").glob("*.json")):
        raw = path.read_bytes()
        try:
            revoked.append(Revoked(str(Digest.of(raw)), parse(raw, Revocation)))
        except DocumentError as error:
            raise UsageError(f"{str(path)!r} {error}", "Mend or remove it.") from error
    return head_of(trust, records, revoked, version=version, issued=issued, expires=expires)


def head_of(
    trust: Trust,
    records: Mapping[str, str],
    revoked: Iterable[Revoked],
    *,
    version: int,
    issued: datetime,
    expires: datetime,
    source_commit: str | None = None,
) -> Head:
    """Make the head that lists these records' digests and revocations. Raises `UsageError` where it would be none."""
    try:
        return Head(
            schema="model-verifier/head/v1",
            registry=trust.registry,
            version=version,
            issued=issued,
            expires=expires,
            source_commit=source_commit,
            trust_version=trust.version,
            records=dict(sorted(records.items())),
            revoked=tuple(
                HeadRevocation(digest=item.digest, revocation=item.revocation)
                for item in sorted(revoked, key=lambda item: item.digest)
            ),
        )
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise UsageError(f"the head of {trust.registry!r} can't be made: {problem}", "Mend it.") from error
