"""The certificate transparency log that Fulcio shows every certificate to (RFC 6962, section 3)."""

import hashlib
import struct
from collections.abc import Set
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.fakes.sigstore import der
from tests.fakes.sigstore.faults import Fault
from tests.fakes.sigstore.keys import P256, ecdsa, new_key, spki

_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_VERSION_1, _CERTIFICATE_TIMESTAMP, _PRECERTIFICATE, _NO_EXTENSIONS = 0, 0, 1, 0
_SHA256_ECDSA = b"\x04\x03"


class CTLog:
    """A log that promises to include certificates; nothing here needs the log itself."""

    def __init__(self, faults: Set[Fault]) -> None:
        self._faults = faults
        self._key = new_key()
        self.public_key = spki(self._key.public_key())
        self.key_details = P256
        self.log_id = hashlib.sha256(self.public_key).digest()

    def promise(
        self, precertificate: x509.Certificate, issuer: ec.EllipticCurvePublicKey, at: datetime
    ) -> x509.UnrecognizedExtension:
        """The signed certificate timestamp for `precertificate`, as the extension to embed."""
        body = precertificate.tbs_certificate_bytes
        milliseconds = int(at.timestamp()) * 1000
        signed = (
            struct.pack("!BBQH", _VERSION_1, _CERTIFICATE_TIMESTAMP, milliseconds, _PRECERTIFICATE)
            + hashlib.sha256(spki(issuer)).digest()
            + len(body).to_bytes(3)
            + (bytes(len(body)) if Fault.BAD_SCT in self._faults else body)
            + struct.pack("!H", _NO_EXTENSIONS)
        )
        signature = ecdsa(self._key, signed)
        timestamp = (
            struct.pack("!B32sQH", _VERSION_1, self.log_id, milliseconds, _NO_EXTENSIONS)
            + _SHA256_ECDSA
            + _prefixed(signature)
        )
        return x509.UnrecognizedExtension(_SCT_LIST, der.octets(_prefixed(_prefixed(timestamp))))


def _prefixed(data: bytes) -> bytes:
    """`data` with its length in 16 bits before it, as TLS has variable vectors."""
    return struct.pack("!H", len(data)) + data
