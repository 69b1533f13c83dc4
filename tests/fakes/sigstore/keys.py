"""Keys, and the two ways Sigstore writes public ones and certificates down."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P256, ED25519 = "PKIX_ECDSA_P256_SHA_256", "PKIX_ED25519"
"""What protobuf-specs calls keys of these kinds, as `keyDetails`."""

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def ecdsa(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """The DER form of the ECDSA signature of `data`, over SHA-256."""
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def ecdsa_of_digest(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """The same of data that has the SHA-256 `digest`."""
    return key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def spki(key: PublicKey) -> bytes:
    """The DER form of a public key: a SubjectPublicKeyInfo."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def der(certificate: x509.Certificate) -> bytes:
    """The DER form of a certificate."""
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    """The PEM form of a certificate."""
    return certificate.public_bytes(Encoding.PEM)
