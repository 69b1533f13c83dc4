"""Signatures by a key or a certificate of one's own, where there is no OIDC: made, and verified.

The bundles are OpenSSF Model Signing's (spec v1.0, sections 4.1 and 11) and, for files, those of `cosign sign-blob
--key`. A statement is hashed as the key's curve says, a file's SHA-256 is signed as it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from pydantic import Field

from verifier._sigstore.certificates import check_chain
from verifier._sigstore.verify import STATEMENT_TYPE, BadSignatureError, Root, WrongSignerError
from verifier.digest import Digest
from verifier.document import DocumentError, Foreign, parse
from verifier.document import Sequence as ListOf
from verifier.signature import Authentic, Signature
from verifier.terms import CertificateSigner, KeySigner

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_MEDIA_TYPES = (
    MEDIA_TYPE,
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
)
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}


class _KeyPart(Foreign):
    hint: str | None = None


class _CertificatePart(Foreign):
    rawBytes: str


class _ChainPart(Foreign):
    certificates: ListOf[_CertificatePart] = Field(min_length=1)


class _Stamp(Foreign):
    signedTimestamp: str


class _Stamps(Foreign):
    rfc3161Timestamps: ListOf[_Stamp] = ()


class _Material(Foreign):
    publicKey: _KeyPart | None = None
    x509CertificateChain: _ChainPart | None = None
    certificate: _CertificatePart | None = None
    timestampVerificationData: _Stamps | None = None


class _DsseSignature(Foreign):
    sig: str


class _Envelope(Foreign):
    payload: str
    payloadType: str
    signatures: ListOf[_DsseSignature] = Field(min_length=1, max_length=1)


class _Message(Foreign):
    signature: str


class _Bundle(Foreign):
    mediaType: str
    verificationMaterial: _Material
    dsseEnvelope: _Envelope | None = None
    messageSignature: _Message | None = None


def verify_statement(raw: bytes, signer: KeySigner | CertificateSigner, at: datetime | None = None) -> Authentic:
    """Verify the statement in a bundle by a key or a certificate.

    A certificate has to be valid at the time that a timestamp proves; `at` stands in for it where a caller knows the
    time otherwise. Raises `BadSignatureError`, or `WrongSignerError` for another subject.
    """
    bundle = _parse(raw)
    envelope = bundle.dsseEnvelope
    if envelope is None or bundle.messageSignature is not None:
        raise BadSignatureError("it signs no statement")
    if envelope.payloadType != STATEMENT_TYPE:
        raise BadSignatureError(f"it signs {envelope.payloadType[:100]!r}, not an in-toto statement")
    payload, signature = _decoded(envelope.payload), _decoded(envelope.signatures[0].sig)
    key, found = _identify(bundle, signer, signature, at)
    if not any(_holds(key, signature, message, algorithm) for message, algorithm in _messages(key, payload)):
        raise BadSignatureError("the signature is not that of the statement by this key")
    return Authentic(_expected(found, signer), payload)


def verify_digest(
    raw: bytes, digest: Digest, signer: KeySigner | CertificateSigner, at: datetime | None = None
) -> Authentic:
    """Verify a bundle over the file that has this digest; as `verify_statement`."""
    bundle = _parse(raw)
    if bundle.messageSignature is None or bundle.dsseEnvelope is not None:
        raise BadSignatureError("it signs no file")
    signature = _decoded(bundle.messageSignature.signature)
    key, found = _identify(bundle, signer, signature, at)
    if not _holds(key, signature, bytes.fromhex(digest.hex), Prehashed(hashes.SHA256())):
        raise BadSignatureError("the signature is not that of the file by this key")
    return Authentic(_expected(found, signer), digest=digest)


def load_public_key(pem: bytes) -> ec.EllipticCurvePublicKey:
    """Read a public key on one of the three curves; raises `BadSignatureError`."""
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise BadSignatureError("the key can't be read") from error
    return _on_a_known_curve(key)


def fingerprint(key: ec.EllipticCurvePublicKey) -> Digest:
    """Name a key by the SHA-256 of its DER form, as cosign's bundles do."""
    return Digest.of(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def hint_of(key: ec.EllipticCurvePublicKey) -> str:
    """Name a key in a bundle as model-signing does: the SHA-256 of its PEM form, in hexadecimal."""
    return hashlib.sha256(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def pre_authentication(payload: bytes) -> bytes:
    """What a signature of a statement covers (DSSE v1, protocol)."""
    return b"DSSEv1 %d %s %d %s" % (len(STATEMENT_TYPE), STATEMENT_TYPE.encode(), len(payload), payload)


def hash_of(key: ec.EllipticCurvePublicKey) -> hashes.HashAlgorithm:
    """Give the hash that goes with a key's curve."""
    return _HASHES[key.curve.name]


def to_bundle(material: dict[str, object], stamps: Sequence[bytes], content: dict[str, object]) -> bytes:
    """Write a bundle."""
    if stamps:
        data = {"rfc3161Timestamps": [{"signedTimestamp": base64.b64encode(stamp).decode()} for stamp in stamps]}
        material = material | {"timestampVerificationData": data}
    return json.dumps({"mediaType": MEDIA_TYPE, "verificationMaterial": material} | content).encode()


def _parse(raw: bytes) -> _Bundle:
    try:
        bundle = parse(raw, _Bundle)
    except DocumentError as error:
        raise BadSignatureError(f"the bundle {error}") from error
    if bundle.mediaType not in _MEDIA_TYPES:
        raise BadSignatureError(f"the bundle is of the unknown kind {bundle.mediaType[:100]!r}")
    return bundle


def _identify(
    bundle: _Bundle, signer: KeySigner | CertificateSigner, signature: bytes, at: datetime | None
) -> tuple[ec.EllipticCurvePublicKey, Signature]:
    """Find the key that must have signed: the policy's, or that of a certificate which leads to its authorities."""
    material = bundle.verificationMaterial
    stamps = material.timestampVerificationData
    times = [] if stamps is None else [_decoded(stamp.signedTimestamp) for stamp in stamps.rfc3161Timestamps]
    signed_at = Root(signer.root).time_of(times, signature) if signer.root is not None and times else None
    if isinstance(signer, KeySigner):
        if material.publicKey is None or material.x509CertificateChain or material.certificate:
            raise BadSignatureError("it was not signed by a bare key")
        key = load_public_key(signer.key)
        if material.publicKey.hint and material.publicKey.hint not in _hints(key):
            raise BadSignatureError("it was signed by another key")
        return key, Signature("key", str(fingerprint(key)), signed_at=signed_at)
    if material.x509CertificateChain is None or material.publicKey or material.certificate:
        raise BadSignatureError("it was not signed by a certificate of one's own")
    leaf, *between = map(_certificate, material.x509CertificateChain.certificates)
    moment = signed_at or at
    if moment is None:
        raise BadSignatureError("no timestamp proves when the certificate signed")
    check_chain(leaf, between, _anchors(signer.chain), moment)
    found = Signature("certificate", leaf.subject.rfc4514_string(), leaf.issuer.rfc4514_string(), signed_at=signed_at)
    return _on_a_known_curve(leaf.public_key()), found


def _expected(found: Signature, signer: KeySigner | CertificateSigner) -> Signature:
    if isinstance(signer, CertificateSigner) and found.identity != signer.subject:
        raise WrongSignerError(found)
    return found


def _hints(key: ec.EllipticCurvePublicKey) -> set[str]:
    return {hint_of(key), fingerprint(key).hex, base64.b64encode(bytes.fromhex(fingerprint(key).hex)).decode()}


def _messages(key: ec.EllipticCurvePublicKey, payload: bytes) -> Iterator[tuple[bytes, hashes.HashAlgorithm]]:
    """Give what the signature may cover: DSSE's encoding, or the one that model-signing before 1.0 made by mistake."""
    yield pre_authentication(payload), hash_of(key)
    mistaken = f"DSSEV1 {len(STATEMENT_TYPE)} {STATEMENT_TYPE} {len(payload)} {payload!r}".encode()
    yield mistaken, hash_of(key)
    yield mistaken, hashes.SHA256()


def _holds(
    key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes, algorithm: hashes.HashAlgorithm | Prehashed
) -> bool:
    try:
        key.verify(signature, message, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


def _on_a_known_curve(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _HASHES:
        raise BadSignatureError("the key is on none of the curves P-256, P-384 and P-521")
    return key


def _certificate(part: _CertificatePart) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(_decoded(part.rawBytes))
    except ValueError as error:
        raise BadSignatureError("a certificate in the bundle can't be read") from error


def _anchors(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise BadSignatureError("the policy's certificate chain can't be read") from error


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BadSignatureError("the bundle holds base64 that is none") from error
