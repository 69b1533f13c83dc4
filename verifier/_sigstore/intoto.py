"""Log entries of the kind intoto 0.0.2, by which Rekor kept attestations before its kind dsse.

sigstore-python verifies all of such a bundle but the entry, whose kind it does not know. Format: Rekor's
`pkg/types/intoto/v0.0.2`. The entry repeats the envelope's signature and certificate, each in base64 once more, and the
payload's digest.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import Field
from sigstore import dsse
from sigstore._internal.timestamp import TimestampSource, TimestampVerificationResult
from sigstore.errors import VerificationError
from sigstore.models import Bundle
from sigstore.verify import Verifier
from sigstore.verify.policy import VerificationPolicy

from verifier.document import Foreign, Sequence, parse


class _Signature(Foreign):
    sig: str
    publicKey: str


class _Envelope(Foreign):
    payloadType: str
    signatures: Sequence[_Signature] = Field(min_length=1, max_length=1)


class _Hash(Foreign):
    algorithm: Literal["sha256"]
    value: str


class _Content(Foreign):
    envelope: _Envelope
    payloadHash: _Hash


class _Spec(Foreign):
    content: _Content


class _Entry(Foreign):
    apiVersion: Literal["0.0.2"]
    kind: Literal["intoto"]
    spec: _Spec


class IntotoVerifier(Verifier):
    """sigstore's verifier, for these entries as well as for its own."""

    def verify_dsse(self, bundle: Bundle, policy: VerificationPolicy) -> tuple[str, bytes]:
        """Do as sigstore's does, whose steps (1) to (7) these are; (8), the entry's body, is compared here."""
        envelope = bundle._dsse_envelope
        if not _is_of_this_kind(bundle) or envelope is None:
            return super().verify_dsse(bundle, policy)
        self._verify_common_signing_cert(bundle, policy)
        key = bundle.signing_certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise VerificationError("the certificate's key is on no elliptic curve")
        payload, kind = dsse._verify(key, envelope), envelope._inner.payload_type
        content = parse(bundle.log_entry._inner.canonicalized_body, _Entry).spec.content
        (logged,) = content.envelope.signatures
        if (
            content.payloadHash.value != hashlib.sha256(payload).hexdigest()
            or content.envelope.payloadType != kind
            or base64.b64decode(base64.b64decode(logged.sig)) != envelope.signature
            or x509.load_pem_x509_certificate(base64.b64decode(logged.publicKey)) != bundle.signing_certificate
        ):
            raise VerificationError("the log's entry is of another envelope")
        return kind, payload

    def _establish_time(self, bundle: Bundle) -> list[TimestampVerificationResult]:
        """Take the time of these entries, too: the log's promise covers it, whatever the kind."""
        if not _is_of_this_kind(bundle):
            return super()._establish_time(bundle)
        entry = bundle.log_entry._inner
        times = self._verify_timestamp_authority(bundle)
        if entry.integrated_time and entry.inclusion_promise:
            time = datetime.fromtimestamp(entry.integrated_time, tz=UTC)
            times.append(TimestampVerificationResult(source=TimestampSource.TRANSPARENCY_SERVICE, time=time))
        return times


def _is_of_this_kind(bundle: Bundle) -> bool:
    kind = bundle.log_entry._inner.kind_version
    return (kind.kind, kind.version) == ("intoto", "0.0.2")
