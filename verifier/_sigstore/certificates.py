"""A certificate chain of one's own: does it lead from this leaf to these authorities, at that time?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from verifier._sigstore.verify import BadSignatureError

_MOST_LINKS = 8
_MOST_CERTIFICATES = 16
_UNDERSTOOD = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)


def check_chain(
    leaf: x509.Certificate, between: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime
) -> None:
    """Raise `BadSignatureError` unless `leaf` may sign and was valid at `at`, and so was its way up to an anchor."""
    if len(between) >= _MOST_CERTIFICATES:
        raise BadSignatureError(f"the bundle holds more than {_MOST_CERTIFICATES} certificates")
    try:
        _check(leaf, between, anchors, at)
    except (ValueError, TypeError) as error:  # an extension that can't be read is read only when it is asked for
        raise BadSignatureError(f"a certificate can't be read: {error}") from error


def _check(
    leaf: x509.Certificate, between: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime
) -> None:
    if not _may_sign(leaf):
        raise BadSignatureError("the certificate is not one for signing")
    for certificate in (leaf, *between):
        for extension in certificate.extensions:
            if extension.critical and not isinstance(extension.value, _UNDERSTOOD):
                raise BadSignatureError(f"a certificate has the critical extension {extension.oid.dotted_string}")
    if not _is_valid(leaf, at):
        raise BadSignatureError("the certificate was not valid when this was signed")
    if not _leads_up(leaf, between, anchors, at):
        raise BadSignatureError("the certificate does not lead to an authority that is trusted")


def _leads_up(
    leaf: x509.Certificate, between: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime
) -> bool:
    """Search level by level: each certificate counts once, with the fewest authorities beneath it."""
    if leaf in anchors:
        return True
    level, others = {leaf}, {issuer for issuer in between if _is_valid(issuer, at)} - {leaf}
    trusted = {anchor for anchor in anchors if _is_valid(anchor, at)}
    for below in range(_MOST_LINKS):
        if any(_issued(anchor, certificate, below) for anchor in trusted for certificate in level):
            return True
        level = {issuer for issuer in others if any(_issued(issuer, certificate, below) for certificate in level)}
        others -= level
    return False


def _issued(issuer: x509.Certificate, certificate: x509.Certificate, below: int) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca or (constraints.path_length is not None and below > constraints.path_length):
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    usage = _usage(issuer)
    return usage is None or usage.key_cert_sign


def _may_sign(leaf: x509.Certificate) -> bool:
    usage = _usage(leaf)
    try:
        extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.CODE_SIGNING not in extended:
            return False
    except x509.ExtensionNotFound:
        return usage is not None and usage.digital_signature
    return usage is None or usage.digital_signature


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
