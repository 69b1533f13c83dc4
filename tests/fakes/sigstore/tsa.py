"""The timestamp authority: answers of RFC 3161, signed as RFC 5652 says."""

import hashlib
import secrets
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509

from tests.fakes.sigstore import der
from tests.fakes.sigstore.authority import Authority
from tests.fakes.sigstore.faults import Fault
from tests.fakes.sigstore.keys import der as certificate_der
from tests.fakes.sigstore.keys import ecdsa

_POLICY = der.oid("1.3.6.1.4.1.57264.2")
_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.tlv(der.NULL))
_ECDSA_WITH_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_TST_INFO = der.oid("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_TIME, _SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.16.2.47"
_GRANTED = 0
_LATENESS = timedelta(days=1)


@dataclass(frozen=True)
class TimestampRequest:
    """What a client wants stamped: a digest, under an AlgorithmIdentifier in DER."""

    digest: bytes
    algorithm: bytes = _SHA256
    nonce: int | None = None
    wants_certificate: bool = True

    @classmethod
    def over(cls, data: bytes) -> Self:
        """The request for a timestamp of `data`."""
        return cls(hashlib.sha256(data).digest())

    @classmethod
    def from_der(cls, request: bytes) -> Self:
        """Read a TimeStampReq (RFC 3161, section 2.4.1). Raises ValueError if it is none."""
        ((_, body),) = der.read(request)
        _version, (_, imprint), *options = der.read(body)
        (_, algorithm), (_, digest) = der.read(imprint)
        nonces = [int.from_bytes(value) for tag, value in options if tag == der.INTEGER]
        wants_certificate = any(tag == der.BOOLEAN and value != b"\x00" for tag, value in options)
        return cls(digest, der.sequence(algorithm), next(iter(nonces), None), wants_certificate)


class TimestampAuthority:
    """A signer of timestamps below its own root."""

    def __init__(self, start: datetime, end: datetime, faults: Set[Fault]) -> None:
        self._faults = faults
        self.authority = Authority.root("tsa-root", start, end).timestamper("tsa", start, end)

    def stamp(self, request: TimestampRequest, at: datetime) -> bytes:
        """The TimeStampResp that grants `request`, with `at` as its time."""
        time = at + _LATENESS if Fault.LATE_TIMESTAMP in self._faults else at
        token = self._signed_data(_tst_info(request, self._digest(request), time), request, time)
        status = der.sequence(der.integer(_GRANTED))
        return der.sequence(status, der.sequence(_SIGNED_DATA, der.tagged(0, token)))

    def _digest(self, request: TimestampRequest) -> bytes:
        if Fault.TIMESTAMP_OF_OTHER_DATA in self._faults:
            return bytes([request.digest[0] ^ 1]) + request.digest[1:]
        return request.digest

    def _signed_data(self, info: bytes, request: TimestampRequest, time: datetime) -> bytes:
        certificate = self.authority.certificate
        encoded = certificate_der(certificate)
        attributes = der.set_of(
            _attribute(_CONTENT_TYPE, _TST_INFO),
            _attribute(_SIGNING_TIME, der.utc_time(time)),
            _attribute(_MESSAGE_DIGEST, der.octets(hashlib.sha256(info).digest())),
            _attribute(_SIGNING_CERTIFICATE_V2, _certificate_identifiers(encoded)),
        )
        ((_, attribute_values),) = der.read(attributes)
        signer = der.sequence(
            der.integer(1),
            _issuer_and_serial(certificate),
            _SHA256,
            der.tagged(0, attribute_values),
            _ECDSA_WITH_SHA256,
            der.octets(ecdsa(self.authority.key, attributes)),
        )
        return der.sequence(
            der.integer(3),
            der.set_of(_SHA256),
            der.sequence(_TST_INFO, der.tagged(0, der.octets(info))),
            der.tagged(0, encoded) if request.wants_certificate else b"",
            der.set_of(signer),
        )


def _tst_info(request: TimestampRequest, digest: bytes, time: datetime) -> bytes:
    return der.sequence(
        der.integer(1),
        _POLICY,
        der.sequence(request.algorithm, der.octets(digest)),
        der.integer(secrets.randbits(62)),
        der.generalized_time(time),
        b"" if request.nonce is None else der.integer(request.nonce),
    )


def _attribute(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.set_of(value))


def _certificate_identifiers(certificate: bytes) -> bytes:
    """A SigningCertificateV2 (RFC 5035) that names one certificate by its SHA-256."""
    identifier = der.sequence(der.octets(hashlib.sha256(certificate).digest()))
    return der.sequence(der.sequence(identifier))


def _issuer_and_serial(certificate: x509.Certificate) -> bytes:
    return der.sequence(certificate.issuer.public_bytes(), der.integer(certificate.serial_number))
