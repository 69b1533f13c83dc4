"""Signatures by a key or a certificate of one's own, where there is no OIDC."""

from __future__ import annotations

from verifier.digest import Digest
from verifier.signature import Authentic
from verifier.terms import CertificateSigner, KeySigner


def verify_statement(bundle: bytes, signer: KeySigner | CertificateSigner) -> Authentic:
    """Verify."""
    raise NotImplementedError


def verify_digest(bundle: bytes, digest: Digest, signer: KeySigner | CertificateSigner) -> Authentic:
    """Verify."""
    raise NotImplementedError
