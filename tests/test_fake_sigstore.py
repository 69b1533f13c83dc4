"""The hermetic Sigstore instance, judged by sigstore-python's own verifier and signing client."""

import hashlib
import http.client
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from rfc3161_client import decode_timestamp_response
from sigstore.dsse import Statement
from sigstore.errors import VerificationError
from sigstore.hashes import Hashed
from sigstore.models import Bundle, ClientTrustConfig, TrustedRoot
from sigstore.oidc import IdentityToken, detect_credential
from sigstore.sign import SigningContext
from sigstore.verify import Verifier, policy
from sigstore_models.common.v1 import HashAlgorithm

from tests.fakes.sigstore import Claims, Fault, Instance, Server, serve

DATA = b"weights"
STATEMENT = json.dumps(
    {
        "_type": "https://in-toto.io/Statement/v1",
        "predicate": {},
        "predicateType": "https://example.test/predicate",
        "subject": [{"digest": {"sha256": hashlib.sha256(DATA).hexdigest()}, "name": "model.safetensors"}],
    }
).encode()
ADDRESS = "approver@example.test"
WORKFLOW = "https://github.com/example/models/.github/workflows/release.yml@refs/tags/v1"
FIVE_YEARS = timedelta(days=5 * 365)
KINDS: list[tuple[Literal[1, 2], bool]] = [(1, False), (1, True), (2, True)]
REFUSALS = {
    Fault.BAD_SCT: "failed to verify SCT",
    Fault.NO_SCT: "does not contain a signed certificate timestamp",
    Fault.UNTRUSTED_CT_KEY: "failed to verify SCT",
    Fault.UNTRUSTED_CA: "certificate chain: .*signature does not match",
    Fault.NO_ISSUER: "does not contain OIDCIssuer",
    Fault.NO_CODE_SIGNING: "does not contain `code signing`",
    Fault.BACKDATED_CERTIFICATE: "not valid at validation time",
    Fault.UNTRUSTED_LOG_KEY: "checkpoint: invalid signature",
    Fault.BAD_SET: "invalid inclusion promise",
    Fault.LATE_INTEGRATION: "not valid at validation time",
    Fault.WRONG_INCLUSION_PROOF: "inclusion proof contains invalid root hash",
    Fault.STALE_CHECKPOINT: "Inclusion proof contains invalid root hash signature",
    Fault.ENTRY_OF_OTHER_SIGNATURE: "transparency log entry is inconsistent|signatures do not match bundle",
    Fault.LATE_TIMESTAMP: "not valid at validation time",
    Fault.TIMESTAMP_OF_OTHER_DATA: "not enough sources of verified time",
}
ON_V1_ONLY = [Fault.BAD_SET, Fault.LATE_INTEGRATION]
ON_V2_ONLY = [Fault.TIMESTAMP_OF_OTHER_DATA]  # on v1, sigstore-python goes by the integrated time
REFUSED = [(1, fault) for fault in REFUSALS if fault not in ON_V2_ONLY]
REFUSED += [(2, fault) for fault in REFUSALS if fault not in ON_V1_ONLY]
Verify = Callable[..., None]


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    """Verify a bundle, of whichever content, as sigstore-python does for a trusted root from a file."""

    def verify(instance: Instance, bundle: bytes | str, *, identity: str = ADDRESS) -> None:
        path = tmp_path / "trusted_root.json"
        path.write_bytes(instance.trusted_root())
        verifier = Verifier(trusted_root=TrustedRoot.from_file(str(path)))
        expected = policy.Identity(identity=identity, issuer=instance.url)
        parsed = Bundle.from_json(bundle)
        if "messageSignature" in json.loads(bundle):
            verifier.verify_artifact(DATA, parsed, expected)
        else:
            signed = verifier.verify_dsse(parsed, expected)
            assert signed == ("application/vnd.in-toto+json", STATEMENT)

    return verify


class TestSigning:
    @pytest.mark.parametrize("years", [timedelta(0), -FIVE_YEARS, FIVE_YEARS], ids=["now", "past", "future"])
    @pytest.mark.parametrize(("rekor", "tsa"), KINDS)
    def test_bundles_verify(self, verify: Verify, rekor: Literal[1, 2], tsa: bool, years: timedelta) -> None:
        now = datetime.now(UTC)
        start = min(now, now + years) - timedelta(days=1)
        instance = Instance(rekor=rekor, tsa=tsa, clock=lambda: now + years, start=start)
        verify(instance, instance.sign(DATA, ADDRESS))
        verify(instance, instance.sign_dsse(STATEMENT, WORKFLOW), identity=WORKFLOW)

    def test_at_is_when_everything_happens(self, verify: Verify) -> None:
        at = datetime(2024, 2, 29, 12, 30, 15, 999, tzinfo=UTC)
        instance = Instance(start=datetime(2024, 1, 1, tzinfo=UTC))
        bundle = instance.sign(DATA, ADDRESS, at=at)
        verify(instance, bundle)
        assert certificate_of(bundle).not_valid_before_utc == at.replace(microsecond=0)
        (entry,) = json.loads(bundle)["verificationMaterial"]["tlogEntries"]
        assert int(entry["integratedTime"]) == int(at.timestamp())

    def test_trees_of_many_sizes_verify(self, verify: Verify) -> None:
        instance = Instance(tsa=False)
        for _ in range(20):
            verify(instance, instance.sign(DATA, ADDRESS))

    def test_identities(self) -> None:
        instance = Instance()
        address = alternative_name(instance.sign(DATA, ADDRESS))
        assert address.get_values_for_type(x509.RFC822Name) == [ADDRESS]
        uri = alternative_name(instance.sign(DATA, WORKFLOW))
        assert uri.get_values_for_type(x509.UniformResourceIdentifier) == [WORKFLOW]

    def test_claims_become_fulcio_extensions(self) -> None:
        instance = Instance()
        bundle = instance.sign(
            DATA,
            WORKFLOW,
            issuer="https://token.actions.githubusercontent.com",
            repository="example/models",
            repository_id="1001",
            repository_owner_id="1002",
            sha="ab" * 20,
            ref="refs/tags/v1",
            event_name="push",
            job_workflow_ref=WORKFLOW.removeprefix("https://github.com/"),
        )
        certificate = certificate_of(bundle)
        policy.AllOf(
            [
                policy.OIDCIssuer("https://token.actions.githubusercontent.com"),
                policy.OIDCIssuerV2("https://token.actions.githubusercontent.com"),
                policy.GitHubWorkflowRepository("example/models"),
                policy.OIDCSourceRepositoryURI("https://github.com/example/models"),
                policy.OIDCSourceRepositoryDigest("ab" * 20),
                policy.OIDCSourceRepositoryRef("refs/tags/v1"),
                policy.OIDCSourceRepositoryIdentifier("1001"),
                policy.OIDCSourceRepositoryOwnerURI("https://github.com/example"),
                policy.OIDCSourceRepositoryOwnerIdentifier("1002"),
                policy.OIDCBuildConfigURI(WORKFLOW),
                policy.OIDCBuildTrigger("push"),
            ]
        ).verify(certificate)
        with pytest.raises(VerificationError):
            policy.OIDCRunnerEnvironment("github-hosted").verify(certificate)

    def test_misspelt_claim(self) -> None:
        with pytest.raises(TypeError, match="claims: repo"):
            Instance().sign(DATA, ADDRESS, repo="example/models")  # type: ignore[call-arg]

    def test_same_issuer_from_another_root_is_refused(self, verify: Verify) -> None:
        trusted, other = Instance(), Instance(url="https://other.test")
        with pytest.raises(VerificationError):
            verify(trusted, other.sign(DATA, ADDRESS, issuer=trusted.url))

    @pytest.mark.parametrize("rekor", [1, 2])
    def test_one_changed_byte_is_refused(self, tmp_path: Path, rekor: Literal[1, 2]) -> None:
        instance = Instance(rekor=rekor)
        root = tmp_path / "trusted_root.json"
        root.write_bytes(instance.trusted_root())
        verifier = Verifier(trusted_root=TrustedRoot.from_file(str(root)))
        bundle = Bundle.from_json(instance.sign(DATA, ADDRESS))
        expected = policy.Identity(identity=ADDRESS, issuer=instance.url)
        verifier.verify_artifact(hashed(DATA), bundle, expected)
        with pytest.raises(VerificationError):
            verifier.verify_artifact(hashed(b"W" + DATA[1:]), bundle, expected)


class TestTrustedRoot:
    def test_same_bytes_each_time(self) -> None:
        instance = Instance()
        assert instance.trusted_root() == instance.trusted_root()
        assert instance.trusted_root() != Instance().trusted_root()

    def test_open_ended_unless_the_instance_ends(self) -> None:
        start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
        assert windows(Instance(start=start).trusted_root()) == [{"start": "2020-01-01T00:00:00Z"}] * 4
        whole = {"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
        assert windows(Instance(start=start, end=end).trusted_root()) == [whole] * 4

    def test_windows_are_stated_for_each_part(self) -> None:
        instance = Instance(start=datetime(2020, 1, 1, tzinfo=UTC))
        root = instance.trusted_root(
            ca_until=datetime(2021, 1, 1, tzinfo=UTC),
            ctlog_until=datetime(2022, 1, 1, tzinfo=UTC),
            tlog_until=datetime(2023, 1, 1, tzinfo=UTC),
            tsa_from=datetime(2020, 6, 1, tzinfo=UTC),
            tsa_until=datetime(2024, 1, 1, tzinfo=UTC),
        )
        assert windows(root) == [
            {"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"},
            {"start": "2020-01-01T00:00:00Z", "end": "2022-01-01T00:00:00Z"},
            {"start": "2020-01-01T00:00:00Z", "end": "2023-01-01T00:00:00Z"},
            {"start": "2020-06-01T00:00:00Z", "end": "2024-01-01T00:00:00Z"},
        ]

    def test_time_without_a_zone(self) -> None:
        with pytest.raises(ValueError, match="zone"):
            Instance(start=datetime(2020, 1, 1))


class TestFaults:
    @pytest.mark.parametrize(("rekor", "fault"), REFUSED)
    def test_is_refused(self, verify: Verify, rekor: Literal[1, 2], fault: Fault) -> None:
        instance = Instance(rekor=rekor, faults=[fault])
        with pytest.raises(VerificationError, match=REFUSALS[fault]):
            verify(instance, instance.sign(DATA, ADDRESS))
        with pytest.raises(VerificationError, match=REFUSALS[fault]):
            verify(instance, instance.sign_dsse(STATEMENT, ADDRESS))

    @pytest.mark.parametrize("rekor", [1, 2])
    def test_sigstore_ignores_the_size_in_a_checkpoint(self, verify: Verify, rekor: Literal[1, 2]) -> None:
        instance = Instance(rekor=rekor, faults=[Fault.WRONG_CHECKPOINT_SIZE])
        verify(instance, instance.sign(DATA, ADDRESS))

    def test_sigstore_passes_over_a_bad_timestamp_beside_an_integrated_time(self, verify: Verify) -> None:
        instance = Instance(rekor=1, faults=[Fault.TIMESTAMP_OF_OTHER_DATA])
        verify(instance, instance.sign(DATA, ADDRESS))

    def test_every_fault_is_judged(self) -> None:
        assert set(Fault) == {*REFUSALS, Fault.WRONG_CHECKPOINT_SIZE}

    @pytest.mark.parametrize("fault", ON_V1_ONLY)
    def test_without_effect_on_rekor_v2(self, fault: Fault) -> None:
        with pytest.raises(ValueError, match=fault):
            Instance(rekor=2, faults=[fault])

    @pytest.mark.parametrize("fault", [Fault.LATE_TIMESTAMP, Fault.TIMESTAMP_OF_OTHER_DATA])
    def test_without_effect_without_timestamps(self, fault: Fault) -> None:
        with pytest.raises(ValueError, match=fault):
            Instance(tsa=False, faults=[fault])

    def test_rekor_v2_without_timestamps(self) -> None:
        with pytest.raises(ValueError, match="timestamp authority"):
            Instance(rekor=2, tsa=False)

    def test_a_lone_fault_is_not_its_letters(self) -> None:
        with pytest.raises(ValueError, match="not a valid Fault"):
            Instance(faults=Fault.BAD_SCT)  # type: ignore[arg-type]

    def test_not_served_without_the_clients_key(self) -> None:
        with (
            pytest.raises(ValueError, match="client's key"),
            serve(Instance(faults=[Fault.ENTRY_OF_OTHER_SIGNATURE])),
        ):
            pass


class TestServer:
    @pytest.fixture(autouse=True)
    def _no_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")

    @pytest.mark.parametrize(("rekor", "tsa"), KINDS)
    def test_sigstores_client_signs(self, verify: Verify, rekor: Literal[1, 2], tsa: bool) -> None:
        instance = Instance(rekor=rekor, tsa=tsa)
        with (
            serve(instance) as server,
            signing(server).signer(IdentityToken(server.token(ADDRESS))) as signer,
        ):
            blob = signer.sign_artifact(DATA)
            attestation = signer.sign_dsse(Statement(STATEMENT))
        verify(instance, blob.to_json())
        verify(instance, attestation.to_json())
        assert ("POST", f"/api/v{rekor}/log/entries") in server.requests
        assert (("POST", "/api/v1/timestamp") in server.requests) == tsa

    def test_ambient_workflow_identity(self, verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
        with serve(Instance()) as server:
            for name, value in server.github_environment().items():
                monkeypatch.setenv(name, value)
            token = detect_credential()
            assert token
            with signing(server).signer(IdentityToken(token)) as signer:
                bundle = signer.sign_artifact(DATA)
        verify(server.instance, bundle.to_json(), identity=WORKFLOW)
        policy.OIDCSourceRepositoryIdentifier("1001").verify(bundle.signing_certificate)

    def test_another_workflow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run: Claims = {"job_workflow_ref": "other/repo/.github/workflows/a.yml@refs/heads/main", "ref": "r"}
        with serve(Instance(), workflow=run) as server:
            for name, value in server.github_environment().items():
                monkeypatch.setenv(name, value)
            token = detect_credential()
        assert jwt.decode(token or "", options={"verify_signature": False})["ref"] == "r"

    def test_a_fault_reaches_the_client(self) -> None:
        with serve(Instance(faults=[Fault.BAD_SCT])) as server:
            token = IdentityToken(server.token(ADDRESS))
            with pytest.raises(VerificationError), signing(server).signer(token):
                pass

    def test_discovery_leads_to_the_tokens_key(self) -> None:
        with serve(Instance()) as server:
            document = ask(server, "GET", "/.well-known/openid-configuration")
            (key,) = ask(server, "GET", document["jwks_uri"].removeprefix(server.url))["keys"]
            token = server.token(ADDRESS)
        claims = jwt.decode(token, jwt.PyJWK(key), algorithms=["RS256"], audience="sigstore")
        assert claims["iss"] == document["issuer"] == server.instance.url
        assert claims["email"] == ADDRESS

    def test_certificate_for_a_proven_key(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        proof = key.sign(WORKFLOW.encode(), ec.ECDSA(hashes.SHA256()))
        with serve(Instance()) as server:
            request = {
                "credentials": {"oidcIdentityToken": server.token(WORKFLOW)},
                "publicKeyRequest": {
                    "publicKey": {"algorithm": "ECDSA", "content": public.decode()},
                    "proofOfPossession": b64encode(proof).decode(),
                },
            }
            answer = ask(server, "POST", "/api/v2/signingCert", request)
            request["credentials"] = {"oidcIdentityToken": server.token(ADDRESS)}
            ask(server, "POST", "/api/v2/signingCert", request, status=400)
        leaf, *_ = answer["signedCertificateEmbeddedSct"]["chain"]["certificates"]
        assert x509.load_pem_x509_certificate(leaf.encode()).public_key() == key.public_key()

    def test_tokens_of_others_or_of_other_times_are_refused(self) -> None:
        late = timedelta(minutes=-1)
        with serve(Instance()) as server, serve(Instance()) as other:
            for token in (
                other.token(ADDRESS),
                server.token(ADDRESS, audience="else"),
                server.token(ADDRESS, lifetime=late),
            ):
                request = {"credentials": {"oidcIdentityToken": token}, "certificateSigningRequest": ""}
                message = ask(server, "POST", "/api/v2/signingCert", request, status=400)["message"]
                assert "identity token" in message

    def test_timestamp_asked_for_in_json(self) -> None:
        digest = hashlib.sha256(DATA).digest()
        request = {"artifactHash": b64encode(digest).decode(), "certificates": True, "nonce": 2**63}
        with serve(Instance()) as server:
            answer, body = exchange(server, "POST", "/api/v1/timestamp", json.dumps(request).encode())
        stamp = decode_timestamp_response(body)
        assert answer.status == 201
        assert stamp.tst_info.message_imprint.message == digest
        assert stamp.tst_info.nonce == 2**63

    def test_log_v1_answers_by_etag_and_refuses_a_wrong_signature(self) -> None:
        instance = Instance()
        bundle = json.loads(instance.sign(DATA, ADDRESS))
        (entry,) = bundle["verificationMaterial"]["tlogEntries"]
        body = json.loads(b64decode(entry["canonicalizedBody"]))
        with serve(instance) as server:
            answer, content = exchange(server, "POST", "/api/v1/log/entries", json.dumps(body).encode())
            assert [answer.headers["ETag"]] == list(json.loads(content))
            body["spec"]["data"]["hash"]["value"] = "00" * 32
            ask(server, "POST", "/api/v1/log/entries", body, status=400)

    def test_log_v2_takes_the_dsse_requests_of_go_clients(self) -> None:
        instance = Instance(rekor=2)
        bundle = json.loads(instance.sign_dsse(STATEMENT, ADDRESS))
        verifier = {"x509Certificate": bundle["verificationMaterial"]["certificate"]}
        request = {"envelope": bundle["dsseEnvelope"], "verifiers": [verifier]}
        with serve(instance) as server:
            entry = ask(server, "POST", "/api/v2/log/entries", {"dsseRequestV002": request}, status=201)
        assert entry["kindVersion"] == {"kind": "dsse", "version": "0.0.2"}

    def test_failures_on_demand(self) -> None:
        with serve(Instance()) as server:
            server.fail("/jwks", 502, times=1)
            ask(server, "GET", "/jwks", status=502)
            ask(server, "GET", "/jwks")
            server.reset("/jwks")
            with pytest.raises(ConnectionResetError):
                ask(server, "GET", "/jwks")
            server.hang("/jwks", 0.2)
            before = time.monotonic()
            ask(server, "GET", "/jwks")
            assert time.monotonic() - before >= 0.2
            server.hang("/jwks", 60)
            with pytest.raises(TimeoutError):
                exchange(server, "GET", "/jwks", timeout=0.1)
            server.restore()
            ask(server, "GET", "/jwks")
            ask(server, "GET", "/elsewhere", status=404)


def certificate_of(bundle: bytes) -> x509.Certificate:
    return Bundle.from_json(bundle).signing_certificate


def alternative_name(bundle: bytes) -> x509.SubjectAlternativeName:
    return certificate_of(bundle).extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def hashed(data: bytes) -> Hashed:
    return Hashed(algorithm=HashAlgorithm.SHA2_256, digest=hashlib.sha256(data).digest())


def windows(trusted_root: bytes) -> list[dict[str, str]]:
    """The windows a trusted root states: of the authority, the CT log, the log, the timestamp authority."""
    root = json.loads(trusted_root)
    (ca,), (ct_log,) = root["certificateAuthorities"], root["ctlogs"]
    (log,), (tsa,) = root["tlogs"], root["timestampAuthorities"]
    keys = ct_log["publicKey"], log["publicKey"]
    return [part["validFor"] for part in (ca, *keys, tsa)]


def signing(server: Server) -> SigningContext:
    return SigningContext.from_trust_config(ClientTrustConfig.from_json(json.dumps(server.trust_config())))


def exchange(
    server: Server, method: str, path: str, body: bytes | None = None, *, timeout: float = 5
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=timeout)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def ask(server: Server, method: str, path: str, document: object = None, *, status: int = 200) -> Any:
    """Ask a service in JSON, and expect `status`."""
    body = None if document is None else json.dumps(document).encode()
    answer, content = exchange(server, method, path, body)
    assert answer.status == status, content
    return json.loads(content)
