"""The adapters do what the suites' protocols say; the suites themselves are run from outside, against these."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.fakes.sigstore import Instance, Server, serve
from tests.test_own_keys import Authority, own, pem, pem_of, public_of
from verifier.digest import Digest

HERE = Path(__file__).parent
ADDRESS = "somebody@acme.test"


def call(client: str, *arguments: str | Path) -> int:
    """Run an adapter as its suite does; give its exit status."""
    command = [sys.executable, HERE / f"{client}_client.py", *arguments]
    environment = {"NO_PROXY": "127.0.0.1", "PYTHONPATH": str(HERE.parents[1])}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


class TestSigstore:
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[Server]:
        with serve(Instance(rekor=2)) as server:
            (tmp_path / "root.json").write_bytes(server.instance.trusted_root())
            (tmp_path / "config.json").write_text(json.dumps(server.signing_config()))
            (tmp_path / "a.txt").write_bytes(b"a\n")
            subject = {"name": "a.txt", "digest": {"sha256": hashlib.sha256(b"a\n").hexdigest()}}
            statement = {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [subject],
                "predicateType": "https://x.test/v1",
            }
            (tmp_path / "statement.json").write_text(json.dumps(statement | {"predicate": {}}))
            yield server

    @pytest.mark.parametrize("in_toto", [False, True])
    def test_sign_and_verify(self, server: Server, tmp_path: Path, in_toto: bool) -> None:
        bundle, root = tmp_path / "bundle.json", ("--trusted-root", tmp_path / "root.json")
        sign = ("sign-bundle", *(["--in-toto"] if in_toto else []), "--identity-token", server.token(ADDRESS))
        signed = tmp_path / ("statement.json" if in_toto else "a.txt")
        assert (
            call("sigstore", *sign, "--bundle", bundle, *root, "--signing-config", tmp_path / "config.json", signed)
            == 0
        )

        who = ("--certificate-identity", ADDRESS, "--certificate-oidc-issuer", server.instance.url)
        verify = ("verify-bundle", "--bundle", bundle, *who, *root)
        assert call("sigstore", *verify, tmp_path / "a.txt") == 0
        assert call("sigstore", *verify, str(Digest.of(b"a\n"))) == 0
        assert call("sigstore", *verify, str(Digest.of(b"b\n"))) == 1
        assert call("sigstore", *verify, tmp_path / "config.json") == 1

    def test_verify_with_a_key(self, server: Server, tmp_path: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        (tmp_path / "key.pub").write_bytes(public_of(key))
        (tmp_path / "bundle.json").write_bytes(own(key).sign_digest(Digest.of(b"a\n")))
        verify = ("verify-bundle", "--bundle", tmp_path / "bundle.json", "--key", tmp_path / "key.pub")

        assert call("sigstore", *verify, "--trusted-root", tmp_path / "root.json", tmp_path / "a.txt") == 0
        (tmp_path / "key.pub").write_bytes(public_of(ec.generate_private_key(ec.SECP256R1())))
        assert call("sigstore", *verify, "--trusted-root", tmp_path / "root.json", tmp_path / "a.txt") == 1


class TestModelSigning:
    @pytest.fixture
    def model(self, tmp_path: Path) -> Path:
        """A model with files that are left out by default, or on demand."""
        model = tmp_path / "model"
        (model / ".git").mkdir(parents=True)
        for name in ("weights.bin", "config.json", ".git/config", "ignore-me"):
            (model / name).write_text(name)
        return model

    @pytest.mark.parametrize("inside", [False, True])
    def test_a_key(self, model: Path, tmp_path: Path, inside: bool) -> None:
        key = ec.generate_private_key(ec.SECP384R1())
        (tmp_path / "key.pem").write_bytes(pem_of(key))
        (tmp_path / "key.pub").write_bytes(public_of(key))
        bundle = (model if inside else tmp_path) / "bundle.sig"
        common = ("--method", "key", "--model-path", model, "--ignore-paths", model / "ignore-me")
        verify = ("verify-model", *common, "--bundle", bundle, "--public-key", tmp_path / "key.pub")

        assert (
            call(
                "model_signing", "sign-model", *common, "--output-bundle", bundle, "--private-key", tmp_path / "key.pem"
            )
            == 0
        )
        assert call("model_signing", *verify) == 0
        (model / "more.bin").write_text("more")
        assert call("model_signing", *verify) == 1
        assert call("model_signing", *verify, "--ignore-unsigned-files") == 0
        (model / "weights.bin").write_text("others")
        assert call("model_signing", *verify, "--ignore-unsigned-files") == 1

    @pytest.mark.parametrize("kind", ["shards", "blake2b"])
    def test_digests_of_every_kind_that_the_format_has(self, tmp_path: Path, kind: str) -> None:
        model, key = tmp_path / "model", ec.generate_private_key(ec.SECP256R1())
        model.mkdir()
        (model / "weights.bin").write_bytes(b"0123456789")
        (tmp_path / "key.pub").write_bytes(public_of(key))
        ends = [(0, 8), (8, 10)] if kind == "shards" else [(0, 10)]
        algorithm = "sha256" if kind == "shards" else kind
        resources = [
            {
                "name": f"weights.bin:{start}:{end}" if kind == "shards" else "weights.bin",
                "algorithm": algorithm,
                "digest": hashlib.new(algorithm, b"0123456789"[start:end]).hexdigest(),
            }
            for start, end in ends
        ]
        how = {"method": "shards", "shard_size": 8} if kind == "shards" else {"method": "files"}
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "model", "digest": {"sha256": "00" * 32}}],
            "predicateType": "https://model_signing/signature/v1.0",
            "predicate": {"resources": resources, "serialization": how | {"hash_type": algorithm}},
        }
        (tmp_path / "b.sig").write_bytes(own(key).sign_statement(json.dumps(statement).encode()))
        verify = ("verify-model", "--method", "key", "--model-path", model, "--bundle", tmp_path / "b.sig")

        assert call("model_signing", *verify, "--public-key", tmp_path / "key.pub") == 0
        for changed in (b"0123456780", b"1123456789", b"012345678", b"0123456789x"):
            (model / "weights.bin").write_bytes(changed)
            assert call("model_signing", *verify, "--public-key", tmp_path / "key.pub") == 1

    def test_a_certificate(self, model: Path, tmp_path: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        authority = Authority()
        parts = {
            "key": pem_of(key),
            "leaf": pem(authority.leaf(key)),
            "ca": pem(authority.root),
            "int": pem(authority.between),
        }
        for name, data in parts.items():
            (tmp_path / name).write_bytes(data)
        common = ("--method", "certificate", "--model-path", model)
        chain = (
            "--signing-cert",
            tmp_path / "leaf",
            "--cert-chain",
            tmp_path / "int",
            "--private-key",
            tmp_path / "key",
        )
        sign = ("sign-model", *common, "--output-bundle", tmp_path / "b.sig", *chain)
        verify = ("verify-model", *common, "--bundle", tmp_path / "b.sig", "--cert-chain")

        assert call("model_signing", *sign) == 0
        assert call("model_signing", *verify, tmp_path / "ca") == 0
        (tmp_path / "other").write_bytes(pem(Authority().root))
        assert call("model_signing", *verify, tmp_path / "other") == 1
