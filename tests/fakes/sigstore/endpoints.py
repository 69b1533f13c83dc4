"""What the services answer to clients' requests: parsing, the checks of the real services, and answers.

API definitions: Fulcio's `fulcio.proto`, Rekor's `openapi.yaml` (v1) and `rekor_service.proto` (v2),
timestamp-authority's `openapi.yaml`, GitHub's "OpenID Connect reference".
"""

import hashlib
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.fakes.sigstore import entries
from tests.fakes.sigstore.claims import Claims, workflow_identity
from tests.fakes.sigstore.instance import Instance
from tests.fakes.sigstore.keys import pem
from tests.fakes.sigstore.merkle import leaf_hash
from tests.fakes.sigstore.oidc import TokenIssuer
from tests.fakes.sigstore.trust import TIMESTAMP_PATH
from tests.fakes.sigstore.tsa import TimestampRequest

GITHUB_TOKEN_PATH = "/github/token"  # noqa: S105 (a path)
PERSON = "somebody@acme.test"
"""Who logs in at the issuer, without being asked for a password."""
GITHUB_REQUEST_TOKEN = "a-workflow-run"  # noqa: S105 (nobody's)
_SHA256 = ec.ECDSA(hashes.SHA256())
_PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


@dataclass(frozen=True)
class Request:
    """A client's request; `headers` has its names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """A service's answer."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, document: object, **headers: str) -> "Answer":
        """An answer in JSON."""
        return cls(status, json.dumps(document).encode(), headers=headers)

    @classmethod
    def error(cls, status: int, message: str) -> "Answer":
        """An error, as gRPC gateways put it."""
        return cls.of(status, {"code": status, "message": message})


class Endpoints:
    """All services of `instance` at one `url`; `workflow` is who asks GitHub's endpoint for a token."""

    def __init__(self, instance: Instance, url: str, tokens: TokenIssuer, workflow: Claims) -> None:
        self._instance, self._url, self._tokens, self._workflow = instance, url, tokens, workflow
        self._routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/.well-known/openid-configuration"): self._discovery,
            ("GET", "/jwks"): self._key_set,
            ("GET", "/auth"): self._login,
            ("POST", "/token"): self._token,
            ("GET", GITHUB_TOKEN_PATH): self._github_token,
            ("POST", "/api/v2/signingCert"): self._certificate,
            ("POST", f"/api/v{instance.rekor}/log/entries"): self._entry,
        }
        self._codes: dict[str, str] = {}
        if instance.timestamps:
            self._routes["POST", TIMESTAMP_PATH] = self._timestamp

    def answer(self, request: Request) -> Answer:
        """The answer: 404 where there is no such service, 400 where it refuses."""
        endpoint = self._routes.get((request.method, request.path))
        if endpoint is None:
            return Answer.error(404, "not found")
        try:
            return endpoint(request)
        except InvalidSignature:
            return Answer.error(400, "the signature does not verify")
        except (KeyError, TypeError, ValueError) as error:
            return Answer.error(400, f"{type(error).__name__}: {error}")

    def _discovery(self, _: Request) -> Answer:
        document = {
            "issuer": self._instance.url,
            "authorization_endpoint": f"{self._url}/auth",
            "jwks_uri": f"{self._url}/jwks",
            "token_endpoint": f"{self._url}/token",
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        }
        return Answer.of(200, document)

    def _key_set(self, _: Request) -> Answer:
        return Answer.of(200, self._tokens.key_set())

    def _login(self, request: Request) -> Answer:
        """Let `PERSON` in at once: back to where they came from, with a code for the token (RFC 6749, RFC 7636)."""
        code = secrets.token_hex(8)
        self._codes[code] = request.query["code_challenge"]
        answer = {"code": code, "state": request.query["state"]}
        return Answer.of(302, {}, Location=f"{request.query['redirect_uri']}?{urlencode(answer)}")

    def _token(self, request: Request) -> Answer:
        asked = dict(parse_qsl(request.body.decode()))
        challenge = b64encode(hashlib.sha256(asked["code_verifier"].encode()).digest(), altchars=b"-_").rstrip(b"=")
        if self._codes.pop(asked["code"]) != challenge.decode():
            return Answer.error(400, "not whoever logged in")
        return Answer.of(200, {"access_token": self._tokens.token(PERSON)})

    def _github_token(self, request: Request) -> Answer:
        if request.headers.get("authorization", "").lower() != f"bearer {GITHUB_REQUEST_TOKEN}":
            return Answer.error(401, "not a workflow run")
        subject = f"repo:{self._workflow.get('repository')}:ref:{self._workflow.get('ref')}"
        token = self._tokens.token(subject, audience=request.query["audience"], **self._workflow)
        return Answer.of(200, {"value": token})

    def _certificate(self, request: Request) -> Answer:
        asked = json.loads(request.body)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = self._tokens.read(bearer or asked["credentials"]["oidcIdentityToken"])
        subject = token.get("email", token["sub"])
        if "certificateSigningRequest" in asked:
            key = _key_of_csr(b64decode(asked["certificateSigningRequest"]))
        else:
            key = _proven_key(asked["publicKeyRequest"], subject)
        claims = cast(Claims, {name: token[name] for name in Claims.__annotations__ if name in token})
        identity = subject
        if subject.startswith("repo:"):
            identity = workflow_identity(claims) or subject
        fulcio = self._instance.fulcio
        leaf = fulcio.issue(key, identity, token["iss"], self._instance.now(), claims)
        chain = [pem(certificate).decode() for certificate in (leaf, *fulcio.authority.chain)]
        return Answer.of(200, {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}})

    def _entry(self, request: Request) -> Answer:
        asked = json.loads(request.body)
        log, now = self._instance.log, self._instance.now()
        if log.version == 2:
            return Answer.of(201, log.append(_entry_v2(asked), now).to_bundle())
        entry = log.append(_entry_v1(asked), now)
        uuid = log.tree_id.to_bytes(8).hex() + leaf_hash(entry.body.canonical).hex()
        # Go clients look the answer up by its ETag.
        return Answer.of(201, {uuid: entry.to_v1_answer()}, ETag=uuid, Location=f"{request.path}/{uuid}")

    def _timestamp(self, request: Request) -> Answer:
        assert self._instance.timestamps
        if request.headers.get("content-type", "").startswith("application/json"):
            asked = json.loads(request.body)
            wanted = TimestampRequest(
                b64decode(asked["artifactHash"]),
                nonce=asked.get("nonce"),
                wants_certificate=bool(asked.get("certificates")),
            )
        else:
            wanted = TimestampRequest.from_der(request.body)
        stamp = self._instance.timestamps.stamp(wanted, self._instance.now())
        return Answer(201, stamp, "application/timestamp-reply")


def _entry_v1(asked: dict[str, Any]) -> entries.EntryBody:
    spec = asked["spec"]
    if asked["kind"] == "hashedrekord":
        certificate = x509.load_pem_x509_certificate(b64decode(spec["signature"]["publicKey"]["content"]))
        signature, digest = b64decode(spec["signature"]["content"]), spec["data"]["hash"]
        if digest["algorithm"] != "sha256":
            raise ValueError("only SHA-256 is taken here")
        value = bytes.fromhex(digest["value"])
        _key(certificate).verify(signature, value, _PREHASHED)
        return entries.hashedrekord_v1(value, signature, certificate)
    if asked["kind"] == "dsse":
        proposed = spec["proposedContent"]
        (verifier,) = proposed["verifiers"]
        certificate = x509.load_pem_x509_certificate(b64decode(verifier))
        payload, signature = _verified_envelope(json.loads(proposed["envelope"]), certificate)
        return entries.dsse_v1(proposed["envelope"].encode(), payload, signature, certificate)
    raise ValueError(f"unsupported kind: {asked['kind']}")


def _entry_v2(asked: dict[str, Any]) -> entries.EntryBody:
    if "hashedRekordRequestV002" in asked:
        record = asked["hashedRekordRequestV002"]
        certificate = _certificate_v2(record["signature"]["verifier"])
        digest, signature = b64decode(record["digest"]), b64decode(record["signature"]["content"])
        _key(certificate).verify(signature, digest, _PREHASHED)
        return entries.hashedrekord_v2(digest, signature, certificate)
    record = asked["dsseRequestV002"]
    (verifier,) = record["verifiers"]
    certificate = _certificate_v2(verifier)
    payload, signature = _verified_envelope(record["envelope"], certificate)
    return entries.dsse_v2(payload, signature, certificate)


def _certificate_v2(verifier: dict[str, Any]) -> x509.Certificate:
    return x509.load_der_x509_certificate(b64decode(verifier["x509Certificate"]["rawBytes"]))


def _verified_envelope(envelope: dict[str, Any], certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """The payload of a DSSE envelope and its one signature, which is by the certificate's key."""
    payload = b64decode(envelope["payload"])
    (signed,) = envelope["signatures"]
    signature = b64decode(signed["sig"])
    message = entries.pre_authentication_encoding(envelope["payloadType"], payload)
    _key(certificate).verify(signature, message, _SHA256)
    return payload, signature


def _key_of_csr(encoded: bytes) -> ec.EllipticCurvePublicKey:
    request = x509.load_pem_x509_csr(encoded)
    if not request.is_signature_valid:
        raise ValueError("the certificate signing request is not signed by its key")
    return _key(request)


def _proven_key(asked: dict[str, Any], subject: str) -> ec.EllipticCurvePublicKey:
    """The key of a `publicKeyRequest`, which must have signed the token's subject."""
    key = serialization.load_pem_public_key(asked["publicKey"]["content"].encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("only P-256 keys are taken here")
    key.verify(b64decode(asked["proofOfPossession"]), subject.encode(), _SHA256)
    return key


def _key(holder: x509.Certificate | x509.CertificateSigningRequest) -> ec.EllipticCurvePublicKey:
    key = holder.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("only P-256 keys are taken here")
    return key
