"""Signing a registry's documents: only as a principal whom the trust file names, and verified before it is written.

(1) whom the token is of, before any request;  (2) the signature over the document's exact bytes;
(3) counted as a reader counts it, under the registry's own roots;  (4) only then written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from verifier.credential import Token
from verifier.errors import UndecidedError, UsageError
from verifier.governance.home import Home, signatures_directory
from verifier.registry.documents import Role, Trust
from verifier.registry.store import Store
from verifier.registry.trust import TrustedRegistry


class Signs(Protocol):
    """What signs bytes as one identity: `verifier._sigstore.sign.Signer`, or a test's."""

    def sign(self, data: bytes) -> bytes:
        """Give the bundle over `data`."""


def principal_of(token: Token, trust: Trust, roles: Collection[Role], now: datetime) -> str:
    """Say as which principal a token's owner signs; nobody is asked anything yet.

    Raises `UsageError` where the trust file names no such issuer or identity, where the principal's time is over or
    where the principal has no part in one of the `roles`.
    """
    signers = [(name, signer) for name, those in trust.principals.items() for signer in those]
    if token.issuer not in {signer.issuer for _, signer in signers}:
        issuers = ", ".join(sorted({signer.issuer for _, signer in signers}))
        raise UsageError(f"the trust file names no principal of the issuer {token.issuer}", f"It names: {issuers}.")
    mine = [(name, s) for name, s in signers if (s.issuer, s.identity) == (token.issuer, token.identity)]
    if not mine:
        raise UsageError(
            f"{token.identity} is nobody whom trust file {trust.version} names",
            "Ask the holders of the 'trust' role: model-verifier registry rotate --add NAME=IDENTITY",
        )
    current = [name for name, s in mine if s.not_after is None or now <= s.not_after]
    if not current:
        raise UsageError(f"{mine[0][0]} has left: what is signed now would not count", "Ask another principal.")
    for role in roles:
        if current[0] not in trust.roles[role].principals:
            holders = ", ".join(trust.roles[role].principals) or "nobody"
            raise UsageError(f"{current[0]} has no part in the role {role!r}", f"It is held by: {holders}.")
    return current[0]


def roles_of(token: Token, trust: Trust) -> tuple[str | None, tuple[Role, ...]]:
    """Say which principal a token's owner is, if any, and which roles that principal holds."""
    for name, signers in trust.principals.items():
        if any((signer.issuer, signer.identity) == (token.issuer, token.identity) for signer in signers):
            return name, tuple(role for role, rule in trust.roles.items() if name in rule.principals)
    return None, ()


@dataclass(frozen=True)
class Pen:
    """A principal's hand: it signs documents of one registry."""

    home: Home
    principal: str
    signer: Signs

    def sign(self, path: str, raw: bytes, role: Role, *, others: tuple[TrustedRegistry, ...] = ()) -> tuple[str, bytes]:
        """Sign a document's bytes; give the signature's path and itself, once it counts in `role`.

        It has to count under the trust file in force, or under one of `others`. Raises `UndecidedError` where it
        does not.
        """
        bundle = self.signer.sign(raw)
        place = f"{signatures_directory(path)}/{self.principal}.sigstore.json"
        complaints: tuple[str, ...] = ()
        for trusted in (self.home.trusted, *others):
            if self.principal not in trusted.trust.roles[role].principals:
                continue
            laid = replace(trusted, store=_WithFiles(trusted.store, {place: bundle}))
            count = laid.count(role, path, raw)
            if any(signature.principal == self.principal for signature in count.signatures):
                return place, bundle
            complaints += tuple(text for text in count.complaints if text.startswith(f"{self.principal}'s"))
        raise UndecidedError(
            f"the signature of {path} that was just made does not count: {'; '.join(complaints) or 'no such role'}",
            "Nothing was written. Compare `registry whoami` with the trust file, and check this machine's clock.",
            code="signing-failed",
        )


@dataclass(frozen=True)
class _WithFiles:
    """A store with a few files laid over it, which are nowhere else yet."""

    below: Store
    files: Mapping[str, bytes]

    @property
    def lists(self) -> bool:
        return self.below.lists

    def read(self, path: str, limit: int) -> bytes | None:
        return self.files[path] if path in self.files else self.below.read(path, limit)

    def revocations(self) -> Iterator[str]:
        return self.below.revocations()

    def revocations_of(self, model: str, commit: str | None) -> Iterator[str]:
        return self.below.revocations_of(model, commit)
