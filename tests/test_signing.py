"""Keyless signing: which identity is found, what is refused before a request, and that every request ends."""

from __future__ import annotations

import gc
import io
import json
import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.fakes.sigstore import Fault, Instance, Server, serve
from tests.fakes.sigstore.endpoints import PERSON
from verifier import limits
from verifier._sigstore.sign import Signer, TrustConfig
from verifier._sigstore.verify import BadSignatureError, ExpectedIdentity, Root
from verifier.credential import Token
from verifier.digest import Digest
from verifier.errors import UndecidedError, UsageError
from verifier.identity import find_token, open_signer, read_trust_config

ALICE = "alice@acme.test"
DATA = b"some bytes"
STATEMENT = json.dumps(
    {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "x", "digest": {"sha256": "ab" * 32}}],
        "predicateType": "https://acme.test/claim/v1",
        "predicate": {},
    }
).encode()
FULCIO = "/api/v2/signingCert"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy for loopback, and no identity from outside."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE", "SIGSTORE_ID_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    """A fake instance behind HTTP."""
    with serve(Instance()) as server:
        yield server


@pytest.fixture
def config(server: Server) -> TrustConfig:
    """Its trust config."""
    return TrustConfig(json.dumps(server.trust_config()).encode())


def token_of(server: Server, identity: str = ALICE) -> Token:
    return Token.parse(server.token(identity), datetime.now(UTC))


def root_of(server: Server) -> Root:
    return Root(server.instance.trusted_root())


def expected(server: Server, identity: str = ALICE) -> ExpectedIdentity:
    return ExpectedIdentity(server.instance.url, identity)


class TestSigner:
    @pytest.mark.parametrize("rekor", [1, 2])
    def test_what_it_signs_verifies(self, rekor: int) -> None:
        with serve(Instance(rekor=rekor, tsa=True)) as server:  # type: ignore[arg-type]
            config = TrustConfig(json.dumps(server.trust_config()).encode())
            signer = open_signer(token_of(server), config)

            root_of(server).verify(DATA, signer.sign(DATA), expected(server))
            root_of(server).verify(DATA, signer.sign_digest(Digest.of(DATA)), expected(server))
            root_of(server).verify(Digest.of(DATA), signer.sign(DATA), expected(server))
            signed = root_of(server).verify_statement(signer.sign_statement(STATEMENT), expected(server))

        assert signed.payload == STATEMENT

    def test_it_names_whom_the_certificate_names(self, server: Server, config: TrustConfig) -> None:
        signer = Signer(token_of(server), config)

        assert (signer.identity.identity, signer.identity.issuer) == (ALICE, server.instance.url)

    def test_many_threads_use_one_certificate(self, server: Server, config: TrustConfig) -> None:
        signer = Signer(token_of(server), config)
        with ThreadPoolExecutor(4) as pool:
            bundles = list(pool.map(lambda n: (n, signer.sign(b"%d" % n)), range(8)))

        for number, bundle in bundles:
            root_of(server).verify(b"%d" % number, bundle, expected(server))
        assert server.requests.count(("POST", FULCIO)) == 1

    def test_a_certificate_near_its_end_is_renewed(
        self, server: Server, config: TrustConfig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signer = Signer(token_of(server), config)
        monkeypatch.setattr("verifier._sigstore.sign._RENEWED_BEFORE_END", timedelta(hours=1))
        signer.sign(DATA)

        assert server.requests.count(("POST", FULCIO)) == 2

    def test_other_bytes_other_signature(self, server: Server, config: TrustConfig) -> None:
        bundle = Signer(token_of(server), config).sign(DATA)

        with pytest.raises(BadSignatureError):
            root_of(server).verify(Digest.of(b"others"), bundle, expected(server))

    def test_a_blobs_bundle_is_no_statement(self, server: Server, config: TrustConfig) -> None:
        bundle = Signer(token_of(server), config).sign(DATA)

        with pytest.raises(BadSignatureError):
            root_of(server).verify_statement(bundle, expected(server))

    def test_what_is_no_statement_is_refused_before_a_request(self, server: Server, config: TrustConfig) -> None:
        signer = Signer(token_of(server), config)
        before = len(server.requests)

        with pytest.raises(UsageError, match="no in-toto statement"):
            signer.sign_statement(b"{}")
        assert len(server.requests) == before

    def test_a_result_that_does_not_verify_is_no_result(self) -> None:
        with serve(Instance(faults=[Fault.BAD_SET])) as server:
            signer = Signer(token_of(server), TrustConfig(json.dumps(server.trust_config()).encode()))

            with pytest.raises(UndecidedError, match="does not verify") as caught:
                signer.sign(DATA)
        assert caught.value.code == "signing-failed"


class TestRequestsEnd:
    @pytest.mark.parametrize("path", [FULCIO, "/api/v1/log/entries"])
    def test_a_server_that_hangs(
        self, server: Server, config: TrustConfig, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        monkeypatch.setattr(limits, "SIGSTORE_TIMEOUT", 0.2)
        server.hang(path, 20)

        with pytest.raises(UndecidedError, match="did not sign"):
            Signer(token_of(server), config).sign(DATA)

    @pytest.mark.parametrize("path", [FULCIO, "/api/v1/log/entries"])
    def test_a_server_that_is_overloaded_for_a_moment(self, server: Server, config: TrustConfig, path: str) -> None:
        server.fail(path, 503, times=2)

        assert Signer(token_of(server), config).sign(DATA)

    def test_a_server_that_stays_overloaded(self, server: Server, config: TrustConfig) -> None:
        server.fail(FULCIO, 503)

        with pytest.raises(UndecidedError) as caught:
            Signer(token_of(server), config)
        assert caught.value.code == "sigstore-unreachable"

    def test_a_token_that_the_instance_refuses(self, server: Server, config: TrustConfig) -> None:
        with serve(Instance()) as other, pytest.raises(UsageError, match="refused the identity token") as caught:
            Signer(token_of(other), config)
        assert caught.value.code == "token-refused"


class TestToken:
    def test_it_is_not_shown(self, server: Server) -> None:
        raw = server.token(ALICE)
        token = Token.parse(raw, datetime.now(UTC))

        assert raw not in repr(token) + str(token) + repr([token])
        assert ALICE in str(token)

    @pytest.mark.parametrize(
        ("how", "message"),
        [
            ({"lifetime": timedelta(minutes=-1)}, "expired at"),
            ({"audience": "somebody"}, "meant for 'somebody'"),
        ],
        ids=["expired", "audience"],
    )
    def test_one_that_can_not_serve(self, server: Server, how: dict[str, object], message: str) -> None:
        with pytest.raises(UsageError, match=message):
            Token.parse(server.token(ALICE, **how), datetime.now(UTC))  # type: ignore[arg-type]

    @pytest.mark.parametrize("raw", ["", "a.b", "a.b.c", "a.%%%.c", "a.bnVsbA.c", "a.e30.c", "x" * 100_000])
    def test_one_that_is_none(self, raw: str) -> None:
        with pytest.raises(UsageError, match="identity token"):
            Token.parse(raw, datetime.now(UTC))

    def test_one_for_later(self, server: Server) -> None:
        with pytest.raises(UsageError, match=r"from .* on only"):
            Token.parse(server.token(ALICE), datetime.now(UTC) - timedelta(days=1))

    def test_a_workflow_is_named_as_its_certificate_will(self, server: Server) -> None:
        raw = server.token(
            "repo:acme/train:ref:x", job_workflow_ref="acme/train/.github/workflows/t.yml@refs/heads/main"
        )

        assert Token.parse(raw, datetime.now(UTC)).identity == (
            "https://github.com/acme/train/.github/workflows/t.yml@refs/heads/main"
        )


left_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""sigstore-python does not close the server to which the browser comes back."""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody sits there; and what sigstore-python leaves open is closed before the next test."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    yield
    gc.collect()


class TestFinding:
    def test_a_file_comes_first(
        self, server: Server, config: TrustConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "token").write_text(server.token(ALICE) + "\n")
        monkeypatch.setenv("MODEL_VERIFIER_IDENTITY_TOKEN", server.token("bob@acme.test"))

        assert find_token(config, token_file=tmp_path / "token").identity == ALICE
        assert find_token(config).identity == "bob@acme.test"

    def test_the_ci_s_own(self, server: Server, config: TrustConfig, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in server.github_environment().items():
            monkeypatch.setenv(name, value)

        assert find_token(config).identity.startswith("https://github.com/")

    def test_a_ci_that_grants_none(self, config: TrustConfig, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GITHUB_ACTIONS", "true")

        with pytest.raises(UndecidedError, match="grants no identity"):
            find_token(config)

    @left_open
    @pytest.mark.usefixtures("terminal")
    @pytest.mark.parametrize("way", ["browser", "code"])
    def test_a_person_at_a_terminal_logs_in(
        self, server: Server, config: TrustConfig, monkeypatch: pytest.MonkeyPatch, way: str
    ) -> None:
        def browse(link: str) -> str:
            return requests.get(link, timeout=10).url  # as a browser does: to the issuer, and back with a code

        def open_browser(link: str) -> bool:
            threading.Thread(target=browse, args=(link,), daemon=True).start()
            return True

        def type_code(_prompt: str) -> str:
            (link,) = re.findall(r"^\t(http\S+)$", capture.getvalue(), re.MULTILINE)
            answer = requests.get(link, timeout=10, allow_redirects=False).headers["Location"]
            return parse_qs(urlsplit(answer).query)["code"][0]

        capture = io.StringIO()
        monkeypatch.setattr(sys, "stderr", capture)
        monkeypatch.setattr("webbrowser.open", open_browser)
        monkeypatch.setattr("builtins.input", type_code)
        if way == "code":
            monkeypatch.setenv("SSH_CONNECTION", "somewhere else")

        assert find_token(config, ambient=False).identity == PERSON

    @left_open
    @pytest.mark.usefixtures("terminal")
    def test_a_login_that_the_issuer_refuses(
        self, server: Server, config: TrustConfig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("builtins.input", lambda _prompt: "a guess")
        monkeypatch.setenv("SSH_CONNECTION", "somewhere else")

        with pytest.raises(UndecidedError, match="the login failed"):
            find_token(config, ambient=False)

    def test_nothing_is_found(self, config: TrustConfig) -> None:
        with pytest.raises(UsageError, match="no identity to sign with"):
            find_token(config, ambient=False)

    @pytest.mark.parametrize("content", [None, b"\xff\xfe", b"no token"], ids=["missing", "binary", "text"])
    def test_a_bad_file(self, config: TrustConfig, tmp_path: Path, content: bytes | None) -> None:
        if content is not None:
            (tmp_path / "token").write_bytes(content)

        with pytest.raises(UsageError, match="token"):
            find_token(config, token_file=tmp_path / "token")

    @pytest.mark.parametrize("content", [None, b"{}", b"\xff", b"[" * 100_000], ids=["missing", "empty", "bin", "deep"])
    def test_a_bad_trust_config(self, tmp_path: Path, content: bytes | None) -> None:
        if content is not None:
            (tmp_path / "config.json").write_bytes(content)

        with pytest.raises(UsageError, match="trust config"):
            read_trust_config(tmp_path / "config.json")
