"""The canonical bodies of log entries: what Rekor hashes into its tree for a signature.

Formats: Rekor's `pkg/types/{hashedrekord,dsse}/v0.0.1`, and for v2 protobuf-specs' `rekor/v2/*.proto`.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography import x509

from tests.fakes.sigstore.encoding import b64
from tests.fakes.sigstore.keys import P256, der, pem


@dataclass(frozen=True)
class EntryBody:
    """A canonical body (RFC 8785) with the kind and version it names itself by."""

    kind: str
    version: str
    canonical: bytes


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """What a DSSE signature covers (DSSE v1, protocol section)."""
    name = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def hashedrekord_v1(digest: bytes, signature: bytes, certificate: x509.Certificate) -> EntryBody:
    """Rekor v1's entry for a signature over data of the SHA-256 `digest`."""
    return _v1(
        "hashedrekord",
        {
            "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
            "signature": {"content": b64(signature), "publicKey": {"content": b64(pem(certificate))}},
        },
    )


def dsse_v1(envelope: bytes, payload: bytes, signature: bytes, certificate: x509.Certificate) -> EntryBody:
    """Rekor v1's entry for a DSSE `envelope`, given as its JSON and, once more, as its parts."""
    return _v1(
        "dsse",
        {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(envelope).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [{"signature": b64(signature), "verifier": b64(pem(certificate))}],
        },
    )


def intoto_v1(envelope: bytes, payload: bytes, signature: bytes, certificate: x509.Certificate) -> EntryBody:
    """Rekor v1's older entry for a DSSE `envelope` (its `pkg/types/intoto/v0.0.2`), which encodes its parts twice."""
    content = {
        "envelope": {
            "payloadType": json.loads(envelope)["payloadType"],
            "signatures": [{"publicKey": b64(pem(certificate)), "sig": b64(b64(signature).encode())}],
        },
        "hash": {"algorithm": "sha256", "value": hashlib.sha256(envelope).hexdigest()},
        "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
    }
    return _body("intoto", "0.0.2", {"content": content})


def hashedrekord_v2(digest: bytes, signature: bytes, certificate: x509.Certificate) -> EntryBody:
    """Rekor v2's entry, for DSSE too: there `digest` is that of the pre-authentication encoding."""
    return _v2(
        "hashedrekord",
        {
            "hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": b64(digest)},
                "signature": {"content": b64(signature), "verifier": _verifier(certificate)},
            }
        },
    )


def dsse_v2(payload: bytes, signature: bytes, certificate: x509.Certificate) -> EntryBody:
    """Rekor v2's older entry for DSSE, which Go clients still ask for and sigstore-python refuses."""
    return _v2(
        "dsse",
        {
            "dsseV002": {
                "payloadHash": {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(payload).digest())},
                "signatures": [{"content": b64(signature), "verifier": _verifier(certificate)}],
            }
        },
    )


def _verifier(certificate: x509.Certificate) -> dict[str, Any]:
    return {
        "keyDetails": P256,
        "x509Certificate": {"rawBytes": b64(der(certificate))},
    }


def _v1(kind: str, spec: dict[str, Any]) -> EntryBody:
    return _body(kind, "0.0.1", spec)


def _v2(kind: str, spec: dict[str, Any]) -> EntryBody:
    return _body(kind, "0.0.2", spec)


def _body(kind: str, version: str, spec: dict[str, Any]) -> EntryBody:
    canonical = rfc8785.dumps({"apiVersion": version, "kind": kind, "spec": spec})
    return EntryBody(kind, version, canonical)
