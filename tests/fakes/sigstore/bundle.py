"""Bundles v0.3, in protobuf's JSON form (protobuf-specs' `sigstore_bundle.proto`)."""

import json
from typing import Any

from cryptography import x509

from tests.fakes.sigstore.encoding import b64
from tests.fakes.sigstore.keys import der
from tests.fakes.sigstore.rekor import LogEntry

_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def message_signature(digest: bytes, signature: bytes) -> dict[str, Any]:
    """The content of a bundle for a blob of that SHA-256."""
    return {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest)}, "signature": b64(signature)}


def dsse_envelope(payload_type: str, payload: bytes, signature: bytes) -> dict[str, Any]:
    """The content of a bundle for a DSSE payload."""
    return {"payload": b64(payload), "payloadType": payload_type, "signatures": [{"sig": b64(signature)}]}


def bundle(certificate: x509.Certificate, entry: LogEntry, timestamp: bytes | None, content: dict[str, Any]) -> bytes:
    """The whole document; `content` has the one member `messageSignature` or `dsseEnvelope`."""
    material: dict[str, Any] = {
        "certificate": {"rawBytes": b64(der(certificate))},
        "tlogEntries": [entry.to_bundle()],
    }
    if timestamp is not None:
        stamps = [{"signedTimestamp": b64(timestamp)}]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    return json.dumps({"mediaType": _MEDIA_TYPE, "verificationMaterial": material} | content).encode()
