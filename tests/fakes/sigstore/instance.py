"""The instance itself: its services wired together, and signing without any HTTP.

It leaves keys, proofs and formats to the services, and the network to `server`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Unpack
from urllib.parse import urlsplit

from cryptography import x509

from tests.fakes.sigstore import entries, trust
from tests.fakes.sigstore.bundle import bundle, dsse_envelope, message_signature
from tests.fakes.sigstore.claims import Claims, check_known
from tests.fakes.sigstore.ctlog import CTLog
from tests.fakes.sigstore.encoding import whole_second
from tests.fakes.sigstore.entries import EntryBody
from tests.fakes.sigstore.faults import Fault, check_possible
from tests.fakes.sigstore.fulcio import Fulcio
from tests.fakes.sigstore.keys import ecdsa_of_digest, new_key
from tests.fakes.sigstore.rekor import Log, RekorVersion
from tests.fakes.sigstore.tsa import TimestampAuthority, TimestampRequest

IN_TOTO = "application/vnd.in-toto+json"
_AGE = timedelta(days=30)


class Instance:
    """A Sigstore instance with keys of its own, made anew each time.

    `clock` is every service's "now". Authorities' certificates last from `start` (by default 30 days before
    now) to `end` (by default `start + lifetime`). The trusted root states `end` only if it was given, as a
    live instance's root is open-ended. `url` is the instance's name: the default OIDC issuer, and the host in
    the log's checkpoints.

    Raises ValueError for a fault without effect in such an instance, and for Rekor v2 without `tsa`, as its
    bundles would state no time at all.
    """

    def __init__(
        self,
        *,
        rekor: RekorVersion = 1,
        tsa: bool = True,
        faults: Iterable[Fault] = (),
        clock: Callable[[], datetime] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        lifetime: timedelta = timedelta(days=3652),
        url: str = "https://sigstore.test",
    ) -> None:
        self.rekor, self.tsa, self.url = rekor, tsa, url
        self.faults = frozenset(map(Fault, faults))  # Fault() refuses the letters of a lone one
        check_possible(self.faults, rekor=rekor, tsa=tsa)
        self._clock = clock or (lambda: datetime.now(UTC))
        self.start = whole_second(start) if start else self.now() - _AGE
        self.end = whole_second(end) if end else None
        last = self.end or self.start + lifetime
        host = urlsplit(url).hostname or url

        # What the trusted root names, and what is used instead where a fault says so.
        self._trusted_ct_log = ct_log = CTLog(self.faults)
        if Fault.UNTRUSTED_CT_KEY in self.faults:
            ct_log = CTLog(self.faults)
        self.fulcio = self._trusted_fulcio = Fulcio(self.start, last, ct_log, self.faults)
        if Fault.UNTRUSTED_CA in self.faults:
            self.fulcio = Fulcio(self.start, last, ct_log, self.faults)
        self.log = self._trusted_log = Log(rekor, host, self.faults)
        if Fault.UNTRUSTED_LOG_KEY in self.faults:
            self.log = Log(rekor, host, self.faults)
        self.timestamps = TimestampAuthority(self.start, last, self.faults) if tsa else None

    def now(self) -> datetime:
        """The instance's time, in UTC, to the second."""
        return whole_second(self._clock())

    def sign(
        self,
        data: bytes,
        identity: str,
        *,
        issuer: str | None = None,
        at: datetime | None = None,
        **claims: Unpack[Claims],
    ) -> bytes:
        """Sign `data` as a blob, and return the bundle (v0.3, JSON).

        An `identity` with "@" and without "://" is an address, any other is a URI. `issuer` is this
        instance's URL unless another is named. All happens at one moment, `at` (by default now), from which
        the certificate is valid. Raises TypeError for a claim that Fulcio does not know.
        """
        return self.sign_digest(hashlib.sha256(data).digest(), identity, issuer=issuer, at=at, **claims)

    def sign_digest(
        self,
        digest: bytes,
        identity: str,
        *,
        issuer: str | None = None,
        at: datetime | None = None,
        **claims: Unpack[Claims],
    ) -> bytes:
        """Sign as a blob what has this SHA-256, as `sign` does."""
        signed = self._sign(digest, identity, issuer, at, claims)
        record = entries.hashedrekord_v1 if self.rekor == 1 else entries.hashedrekord_v2
        body = record(digest, signed.logged_signature, signed.certificate)
        return self._finish(signed, body, {"messageSignature": message_signature(digest, signed.signature)})

    def sign_dsse(
        self,
        payload: bytes,
        identity: str,
        *,
        payload_type: str = IN_TOTO,
        record: Callable[[bytes, bytes, bytes, x509.Certificate], EntryBody] = entries.dsse_v1,
        issuer: str | None = None,
        at: datetime | None = None,
        **claims: Unpack[Claims],
    ) -> bytes:
        """Sign `payload` in a DSSE envelope, its bytes kept as they are, and return the bundle.

        `record` makes the entry of a Rekor v1. The other arguments are those of `sign`.
        """
        digest = hashlib.sha256(entries.pre_authentication_encoding(payload_type, payload)).digest()
        signed = self._sign(digest, identity, issuer, at, claims)
        envelope = dsse_envelope(payload_type, payload, signed.signature)
        if self.rekor == 1:
            written = json.dumps(envelope).encode()
            body = record(written, payload, signed.logged_signature, signed.certificate)
        else:
            body = entries.hashedrekord_v2(digest, signed.logged_signature, signed.certificate)
        return self._finish(signed, body, {"dsseEnvelope": envelope})

    def trusted_root(
        self,
        *,
        ca_from: datetime | None = None,
        ca_until: datetime | None = None,
        ctlog_from: datetime | None = None,
        ctlog_until: datetime | None = None,
        tlog_from: datetime | None = None,
        tlog_until: datetime | None = None,
        tsa_from: datetime | None = None,
        tsa_until: datetime | None = None,
    ) -> bytes:
        """What to trust, as JSON; the same bytes for the same instance and windows.

        Each part is trusted from the instance's `start` to its `end` where nothing else is said here. This
        changes what the root states, never the certificates.
        """

        def window(start: datetime | None, end: datetime | None) -> trust.Window:
            return trust.Window(start or self.start, end or self.end)

        root = trust.trusted_root(
            self.url,
            ca=(self._trusted_fulcio.authority, window(ca_from, ca_until)),
            ct_log=(self._trusted_ct_log, window(ctlog_from, ctlog_until)),
            log=(self._trusted_log, window(tlog_from, tlog_until)),
            tsa=(self.timestamps.authority, window(tsa_from, tsa_until)) if self.timestamps else None,
        )
        return json.dumps(root, indent=2, sort_keys=True).encode() + b"\n"

    def _sign(self, digest: bytes, identity: str, issuer: str | None, at: datetime | None, claims: Claims) -> "_Signed":
        check_known(claims)
        time = whole_second(at) if at else self.now()
        key = new_key()
        certificate = self.fulcio.issue(key.public_key(), identity, issuer or self.url, time, claims)
        signature = ecdsa_of_digest(key, digest)
        logged = ecdsa_of_digest(key, digest) if Fault.ENTRY_OF_OTHER_SIGNATURE in self.faults else signature
        return _Signed(certificate, time, signature, logged)

    def _finish(self, signed: "_Signed", body: EntryBody, content: dict[str, Any]) -> bytes:
        timestamp = None
        if self.timestamps:
            timestamp = self.timestamps.stamp(TimestampRequest.over(signed.signature), signed.time)
        entry = self.log.append(body, signed.time)
        return bundle(signed.certificate, entry, timestamp, content)


@dataclass(frozen=True)
class _Signed:
    """A signature, the one the log is told about, and the certificate for the key of both."""

    certificate: x509.Certificate
    time: datetime
    signature: bytes
    logged_signature: bytes
