"""A checkpoint's bundle, held against one signer of the policy, by whichever method that signer uses."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import lru_cache

from verifier._sigstore.verify import BadSignatureError, ExpectedIdentity, Root
from verifier.digest import Digest
from verifier.document import DocumentError, load_json
from verifier.errors import UsageError
from verifier.signature import Authentic
from verifier.terms import ExpectedSigner, KeylessSigner


@lru_cache(maxsize=32)
def root_of(raw: bytes) -> Root:
    """Read a trusted root once; raises `BadSignatureError`."""
    return Root(raw)


def authenticate_statement(bundle: bytes, signer: ExpectedSigner) -> Authentic:
    """Verify the in-toto statement in a bundle; raises `BadSignatureError`, or `WrongSignerError` with who it was."""
    if isinstance(signer, KeylessSigner):
        signed = root_of(signer.root).verify_statement(bundle, _expected(signer))
        return Authentic(signed.signature, signed.payload)
    from verifier._sigstore.keys import verify_statement

    return _closed(lambda: verify_statement(bundle, signer))


def authenticate_file(bundle: bytes, signer: ExpectedSigner) -> Authentic:
    """Verify the signature over the digest that a bundle repeats, and give that digest; raises as the other one.

    The digest is read before it is verified: a bounded peek, and what is verified is exactly what was read.
    """
    digest = _claimed_digest(bundle)
    if isinstance(signer, KeylessSigner):
        signed = root_of(signer.root).verify_file(digest, bundle, _expected(signer))
        return Authentic(signed.signature, digest=digest)
    from verifier._sigstore.keys import verify_digest

    return _closed(lambda: verify_digest(bundle, digest, signer))


def _closed(verify: Callable[[], Authentic]) -> Authentic:
    """Take whatever a hostile certificate makes the parsers raise for a no."""
    try:
        return verify()
    except BadSignatureError:
        raise
    except Exception as error:
        raise BadSignatureError(f"its bundle can't be read: {error or type(error).__name__}") from error


def _expected(signer: KeylessSigner) -> ExpectedIdentity:
    return ExpectedIdentity(
        signer.issuer, signer.identity, signer.repository_id, signer.owner_id, signer.ref, signer.trigger
    )


def _claimed_digest(bundle: bytes) -> Digest:
    try:
        document = load_json(bundle)
        content = document["messageSignature"]["messageDigest"] if isinstance(document, dict) else {}
        if content["algorithm"] != "SHA2_256":
            raise BadSignatureError("the bundle's digest is not a SHA-256")
        return Digest.sha256(base64.b64decode(content["digest"], validate=True).hex())
    except (DocumentError, KeyError, TypeError, ValueError, UsageError) as error:
        raise BadSignatureError(f"it is no signature of a file: {error}") from error
