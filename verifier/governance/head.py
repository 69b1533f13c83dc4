"""Making the registry's head: which records and revocations there are. CI signs it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from verifier.digest import Digest
from verifier.document import DocumentError, parse
from verifier.errors import UsageError
from verifier.registry.documents import Head, HeadRevocation, Revocation, Trust


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
            revoked.append(HeadRevocation(digest=str(Digest.of(raw)), revocation=parse(raw, Revocation)))
        except DocumentError as error:
            raise UsageError(f"{str(path)!r} {error}", "Mend or remove it.") from error
    try:
        return Head(
            schema="model-verifier/head/v1",
            registry=trust.registry,
            version=version,
            issued=issued,
            expires=expires,
            trust_version=trust.version,
            records=records,
            revoked=tuple(revoked),
        )
    except ValidationError as error:
        raise UsageError(f"the head of {str(root)!r} can't be made: {error.errors()[0]['msg']}", "Mend it.") from error
