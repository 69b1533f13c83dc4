"""Certificate authorities: a root, what it certifies, and the keys of both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.fakes.sigstore.keys import new_key

ORGANISATION = "sigstore.test"
_OVER_CERTIFICATES = {"key_cert_sign": True, "crl_sign": True}
_OVER_DATA = {"digital_signature": True}


@dataclass(frozen=True)
class Authority:
    """A key, the certificate for it, and the certificates above that one, the root last."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """All certificates, from this authority's own to the root."""
        return (self.certificate, *self.above)

    @classmethod
    def root(cls, name: str, start: datetime, end: datetime) -> Self:
        """A self-signed authority that may certify others."""
        key = new_key()
        builder = start_certificate(_name(name), key.public_key(), _name(name), key.public_key(), start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        builder = builder.add_extension(key_usage(**_OVER_CERTIFICATES), critical=True)
        return cls(key, builder.sign(key, hashes.SHA256()))

    def intermediate(self, name: str, start: datetime, end: datetime) -> "Authority":
        """An authority below this one, for code-signing certificates."""
        key = new_key()
        builder = self.begin(_name(name), key.public_key(), start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(key_usage(**_OVER_CERTIFICATES), critical=True)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
        return self._certified(key, builder.add_extension(usage, critical=False))

    def timestamper(self, name: str, start: datetime, end: datetime) -> "Authority":
        """A signer of timestamps; RFC 3161, section 2.3, wants that usage alone, and critical."""
        key = new_key()
        builder = self.begin(_name(name), key.public_key(), start, end)
        builder = builder.add_extension(key_usage(**_OVER_DATA), critical=True)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        return self._certified(key, builder.add_extension(usage, critical=True))

    def begin(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        """A certificate under this authority, without its usages."""
        issuer = self.certificate.subject
        return start_certificate(subject, key, issuer, self.key.public_key(), start, end)

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """The finished certificate."""
        return builder.sign(self.key, hashes.SHA256())

    def _certified(self, key: ec.EllipticCurvePrivateKey, builder: x509.CertificateBuilder) -> "Authority":
        return Authority(key, self.sign(builder), self.chain)


def start_certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePublicKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    """What every certificate here has: names, validity, serial number and key identifiers."""
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=start,
        not_valid_after=end,
    )
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    if key == issuer_key:
        return builder
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return builder.add_extension(above, critical=False)


def key_usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    """The usages named, and none else."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
