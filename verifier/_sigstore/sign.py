"""Keyless signing: one certificate for many artifacts, each request with an end, each result verified.

sigstore-python sets no time-out on its requests to Fulcio and Rekor, retries nothing, and does not verify what it
made; all three are done here. Importing this costs as much as `import sigstore.sign`; import it late.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import requests
from cryptography import x509
from requests.adapters import HTTPAdapter
from sigstore.dsse import Statement
from sigstore.errors import Error as SigstoreError
from sigstore.hashes import Hashed
from sigstore.models import Bundle, ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import Signer as SigstoreSigner
from sigstore.sign import SigningContext
from sigstore_models.common.v1 import HashAlgorithm
from urllib3.util import Retry

from verifier import limits
from verifier._sigstore.verify import BadSignatureError, ExpectedIdentity, Root, named_in
from verifier.credential import Token
from verifier.digest import Digest
from verifier.errors import UndecidedError, UsageError

Answer = TypeVar("Answer")
_RENEWED_BEFORE_END = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a certificate names."""

    issuer: str
    identity: str

    def __str__(self) -> str:
        return f"{self.identity} (by {self.issuer})"


class TrustConfig:
    """A Sigstore instance: where to sign, and the trusted root that says what counts."""

    def __init__(self, raw: bytes | None) -> None:
        """Read a client trust config's JSON; None is the public instance, whose config is fetched by TUF.

        Raises `UsageError` where it is none, `UndecidedError` where the public one can't be had.
        """
        try:
            if raw is None:
                self._config = ClientTrustConfig.production()
            else:
                self._config = ClientTrustConfig.from_json(raw.decode())
            self.trusted_root = self._config.trusted_root._inner.to_json().encode()
            self.root = Root(self.trusted_root)
        except Exception as error:  # TUF, requests, pydantic and sigstore each have their own
            if raw is None:
                raise UndecidedError(
                    f"the public Sigstore instance can't be reached: {_reason(error)}",
                    "Check the network; a private instance is named by --trust-config FILE.",
                    code="sigstore-unreachable",
                ) from error
            raise UsageError(
                f"the trust config can't be read: {_reason(error)}", "Give a client trust config in JSON."
            ) from error

    @property
    def login_url(self) -> str:
        """Where a person logs in. Raises `UsageError` where the instance names no place."""
        try:
            return self._config.signing_config.get_oidc_url()
        except SigstoreError as error:
            raise UsageError(
                "the trust config names no place to log in", "Give a token by --identity-token-file."
            ) from error

    def timestamps(self, signature: bytes) -> list[bytes]:
        """Have every timestamp authority of the instance stamp a signature that was made otherwise."""
        stamps = []
        for authority in _asked(self.context)._tsa_clients:
            _limit(authority._session)
            stamps.append(_asked(partial(authority.request_timestamp, signature)).as_bytes())
        return stamps

    def context(self) -> SigningContext:
        """Give a signing context whose requests all end."""
        context = SigningContext.from_trust_config(self._config)
        _limit(context._fulcio.session)
        return context


class Signer:
    """Signs as one identity; serves threads. A new certificate is asked for where the last one nears its end."""

    def __init__(self, token: Token, config: TrustConfig) -> None:
        """Ask for a certificate. Raises `UsageError` where the token is refused, `UndecidedError` without an answer."""
        self._token = token
        self._root = config.root
        self._context = _asked(config.context)
        self._lock = threading.Lock()
        self._signer, self.identity, self._ends = self._certified()

    def sign(self, data: bytes) -> bytes:
        """Sign `data`; give the bundle, which was verified."""
        return self._verified(lambda signer: signer.sign_artifact(data), data)

    def sign_digest(self, digest: Digest) -> bytes:
        """Sign what has this SHA-256; give the bundle, which was verified."""
        hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(digest.hex))
        return self._verified(lambda signer: signer.sign_artifact(hashed), digest)

    def sign_statement(self, payload: bytes) -> bytes:
        """Sign an in-toto statement's exact bytes; give the DSSE bundle, which was verified."""
        try:
            statement = Statement(payload)
        except SigstoreError as error:
            raise UsageError(
                f"this is no in-toto statement: {_reason(error)}", "See in-toto's Statement v1."
            ) from error
        return self._verified(lambda signer: signer.sign_dsse(statement), None, payload)

    def _verified(
        self, sign: Callable[[SigstoreSigner], Bundle], data: bytes | Digest | None, payload: bytes = b""
    ) -> bytes:
        signer = self._current()
        bundle = _asked(lambda: sign(signer)).to_json().encode()
        expected = ExpectedIdentity(self.identity.issuer, self.identity.identity)
        try:
            if data is not None:
                self._root.verify(data, bundle, expected)
            elif self._root.verify_statement(bundle, expected).payload != payload:
                raise BadSignatureError("it is over another statement")
        except BadSignatureError as error:
            raise UndecidedError(
                f"the signature that was just made does not verify: {error}",
                "Check this machine's clock and the trust config; nothing was written.",
                code="signing-failed",
            ) from error
        return bundle

    def _current(self) -> SigstoreSigner:
        with self._lock:
            if datetime.now(UTC) + _RENEWED_BEFORE_END >= self._ends:
                self._signer, identity, self._ends = self._certified()
                if identity != self.identity:
                    raise UndecidedError(
                        f"the instance now certifies {identity} instead of {self.identity}", "Sign again."
                    )
            signer = self._signer
        _limit(self._context._rekor._session)  # type: ignore[attr-defined]  # each thread has its own
        for authority in self._context._tsa_clients:
            _limit(authority._session)
        return signer

    def _certified(self) -> tuple[SigstoreSigner, Identity, datetime]:
        if self._token.expires <= datetime.now(UTC):
            raise UsageError("the identity token has expired meanwhile", "Log in again; what was signed stays signed.")
        signer = _asked(lambda: SigstoreSigner(IdentityToken(self._token.raw), self._context))
        certificate = signer._signing_cert()
        return signer, _identity_of(certificate), certificate.not_valid_after_utc


def _identity_of(certificate: x509.Certificate) -> Identity:
    """Read whom a Fulcio certificate names. Raises `BadSignatureError` where it names nobody."""
    try:
        named = named_in(certificate, certificate.not_valid_before_utc)
    except (x509.ExtensionNotFound, ValueError) as error:
        raise BadSignatureError("the certificate names no identity or no issuer") from error
    if not named.issuer or not named.identity:
        raise BadSignatureError("the certificate names no identity or no issuer")
    return Identity(named.issuer, named.identity)


class _EndingAdapter(HTTPAdapter):
    """Gives every request a time-out, and a few more tries where the server was not reached or is overloaded."""

    def __init__(self) -> None:
        retry = Retry(
            limits.SIGSTORE_TRIES, status_forcelist=(502, 503, 504), allowed_methods=None, backoff_factor=0.2,
            raise_on_status=False, read=0,
        )  # fmt: skip
        super().__init__(max_retries=retry)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        return super().send(request, **(options | {"timeout": options.get("timeout") or limits.SIGSTORE_TIMEOUT}))


def _limit(session: requests.Session) -> None:
    if not isinstance(session.get_adapter("https://"), _EndingAdapter):
        adapter = _EndingAdapter()
        session.mount("https://", adapter)
        session.mount("http://", adapter)


def _asked(ask: Callable[[], Answer]) -> Answer:
    """Turn whatever goes wrong while an instance is asked into an error that says who has to do what."""
    try:
        return ask()
    except (UsageError, UndecidedError):
        raise
    except Exception as error:  # sigstore lets requests', Fulcio's and Rekor's own through, some without a text
        status = _status(error)
        if status in (400, 401, 403):
            raise UsageError(
                f"the Sigstore instance refused the identity token (HTTP {status}): {_reason(error)}",
                "Is the token of an issuer that this instance knows, and still good? Log in again.",
                code="token-refused",
            ) from error
        raise UndecidedError(
            f"the Sigstore instance did not sign: {_reason(error)}",
            "Check the network and the instance's state, then run the same command again; nothing was written.",
            code="sigstore-unreachable",
        ) from error


def _status(error: BaseException | None) -> int | None:
    """Find the HTTP status behind an error, through its causes."""
    while error is not None:
        response = getattr(error, "response", None)
        if response is not None:
            return int(response.status_code)
        error = error.__cause__
    return None


def _reason(error: BaseException) -> str:
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    return next((str(each).split("\n")[0][:300] for each in causes if str(each)), type(error).__name__)
