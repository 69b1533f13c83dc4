"""Who signed something: what a signature proves of its signer, and how that is told to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from verifier.digest import Digest

Method = Literal["sigstore", "key", "certificate"]


@dataclass(frozen=True, slots=True)
class Signature:
    """One valid signature's maker, as the signature itself proves it.

    `identity` is the name in the certificate or, for a bare key, `sha256:` of its public half; `issuer` who vouched for
    it. `signed_at` is the time that a log or a timestamp authority proves, None where none does; once it is known what
    a key of one's own signed, no later than the time in it. The other fields are a forge's, of the workflow that
    signed.
    """

    method: Method
    identity: str
    issuer: str | None = None
    signed_at: datetime | None = None
    repository_id: str | None = None
    owner_id: str | None = None
    ref: str | None = None
    trigger: str | None = None

    def __str__(self) -> str:
        forge = {
            "repository": self.repository_id,
            "owner": self.owner_id,
            "ref": self.ref,
            "trigger": self.trigger,
        }
        parts = [self.identity, *([f"issuer {self.issuer}"] if self.issuer else [])]
        return ", ".join(parts + [f"{name} {value}" for name, value in forge.items() if value])


@dataclass(frozen=True, slots=True)
class Authentic:
    """What a signature covers, verified: a statement's exact bytes, or the digest of a file."""

    signature: Signature
    payload: bytes = b""
    digest: Digest | None = None
