"""The certificate authority that binds a fresh key to an OIDC identity for ten minutes."""

from collections.abc import Set
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.fakes.sigstore.authority import Authority, key_usage
from tests.fakes.sigstore.claims import FULCIO_ARC, Claims, extensions
from tests.fakes.sigstore.ctlog import CTLog
from tests.fakes.sigstore.faults import Fault

LIFETIME = timedelta(minutes=10)
_BACKDATING = timedelta(hours=1)
_ISSUER_EXTENSIONS = {f"{FULCIO_ARC}.1", f"{FULCIO_ARC}.8"}


class Fulcio:
    """An intermediate authority below its own root, and the CT log it reports to."""

    def __init__(self, start: datetime, end: datetime, ct_log: CTLog, faults: Set[Fault]) -> None:
        self._faults = faults
        self._ct_log = ct_log
        root = Authority.root("fulcio-root", start, end)
        self.authority = root.intermediate("fulcio-intermediate", start, end)

    def issue(
        self, key: ec.EllipticCurvePublicKey, identity: str, issuer: str, at: datetime, claims: Claims
    ) -> x509.Certificate:
        """A code-signing certificate for `key`, valid for ten minutes from `at`."""
        start = at - _BACKDATING if Fault.BACKDATED_CERTIFICATE in self._faults else at
        builder = self.authority.begin(x509.Name([]), key, start, start + LIFETIME)
        builder = builder.add_extension(key_usage(digital_signature=True), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([self._usage()]), critical=False)
        builder = builder.add_extension(alternative_name(identity), critical=True)
        for oid, value in extensions(issuer, claims).items():
            if Fault.NO_ISSUER in self._faults and oid in _ISSUER_EXTENSIONS:
                continue
            extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
            builder = builder.add_extension(extension, critical=False)
        if Fault.NO_SCT not in self._faults:
            precertificate = self.authority.sign(builder)
            promise = self._ct_log.promise(precertificate, self.authority.key.public_key(), start)
            builder = builder.add_extension(promise, critical=False)
        return self.authority.sign(builder)

    def _usage(self) -> x509.ObjectIdentifier:
        if Fault.NO_CODE_SIGNING in self._faults:
            return ExtendedKeyUsageOID.CLIENT_AUTH
        return ExtendedKeyUsageOID.CODE_SIGNING


def is_email(identity: str) -> bool:
    """Whether an identity is a person's address rather than a workload's URI."""
    return "@" in identity and "://" not in identity


def alternative_name(identity: str) -> x509.SubjectAlternativeName:
    """The certificate's subject: an address or a URI."""
    name = x509.RFC822Name(identity) if is_email(identity) else x509.UniformResourceIdentifier(identity)
    return x509.SubjectAlternativeName([name])
