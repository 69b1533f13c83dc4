"""Checkpoints between us and the others: model-signing's client, cosign and sigstore-go, each way."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from safetensors.numpy import save_file

from tests.fakes.checkpoint import Training
from tests.fakes.registry import rules_of
from tests.fakes.sigstore import Instance, Server, serve
from tests.interop.peers import require
from tests.test_own_keys import key_policy, own, pem_of, policy_of, public_of
from verifier.policy import Policy
from verifier.verdict import Result

ADDRESS = "trainer@acme.test"
OMS = "https://model_signing/signature/v1.0"
EVAL = "https://acme.test/eval/v1"


class World(Training):
    """A checkpoint of our time, an instance behind HTTP, and the files that other clients want."""

    server: Server

    def keyless(self, checkpoint: tuple[str, ...] = ()) -> Policy:
        return self.policy(identity=ADDRESS, issuer=self.instance.url, signer=[], checkpoint=checkpoint)

    def sign_keyless(self, path: Path | None = None, **options: Any) -> None:
        self.sign(path, signer=self.signer(ADDRESS, self.instance.url, event_name="push"), **options)

    def own_policy(self, key: ec.EllipticCurvePrivateKey) -> Policy:
        return key_policy(self, key).__class__.load(self.root / "own.toml")


@pytest.fixture(params=[1, 2], ids="v{}".format)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    instance = Instance(rekor=request.param)
    directory = tmp_path / "run-17"
    (directory / "shards").mkdir(parents=True)
    save_file({"a": np.zeros(4)}, directory / "model.safetensors")
    save_file({"b": np.ones(4)}, directory / "shards" / "z.safetensors")
    (directory / "config.json").write_text("{}")
    with serve(instance) as server:
        made = World(tmp_path, directory, now=instance.now(), instance=instance)
        made.server = server
        (tmp_path / "signing.json").write_text(json.dumps(server.signing_config()))
        (tmp_path / "trust.json").write_text(json.dumps(server.trust_config()))
        (tmp_path / "token").write_text(server.token(ADDRESS))
        yield made


def call(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={"NO_PROXY": "127.0.0.1"}, capture_output=True, text=True, check=False, timeout=60
    )


def succeeds(*command: str | Path) -> bool:
    return call(*command).returncode == 0


def model_signing(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return call(require("model_signing"), "-m", "model_signing", *arguments)


def cosign(world: World, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Let cosign verify, as this trainer."""
    who: tuple[str | Path, ...] = ("--certificate-identity", ADDRESS, "--certificate-oidc-issuer", world.instance.url)
    return call(require("cosign"), *arguments, *who, "--trusted-root", world.root / "trusted_root.json")


class TestModelSigning:
    def verify_keyless(self, world: World) -> subprocess.CompletedProcess[str]:
        who = ("--identity", ADDRESS, "--identity_provider", world.instance.url)
        signature = ("--signature", world.bundle, "--trust_config", world.root / "trust.json")
        return model_signing("verify", "sigstore", *signature, *who, world.checkpoint)

    def test_it_verifies_our_keyless_signature(self, world: World) -> None:
        world.sign_keyless()
        ended = self.verify_keyless(world)
        assert ended.returncode == 0, ended.stderr

        (world.checkpoint / "config.json").write_text("[]")
        assert self.verify_keyless(world).returncode != 0

    def test_we_verify_its_keyless_signature(self, world: World) -> None:
        token = (world.root / "token").read_text()
        signature = ("--signature", world.bundle, "--trust_config", world.root / "trust.json")
        ended = model_signing("sign", "sigstore", *signature, "--identity_token", token, world.checkpoint)
        assert ended.returncode == 0, ended.stderr
        assert world.verify(policy=world.keyless()).result is Result.PASSED

        (world.checkpoint / "more.json").write_text("{}")
        assert rules_of(world.verify(policy=world.keyless())) == {"unlisted-file"}

    @pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
    def test_a_key_each_way(self, world: World, curve: ec.EllipticCurve) -> None:
        key = ec.generate_private_key(curve)
        (world.root / "key.pem").write_bytes(pem_of(key))
        (world.root / "key.pub").write_bytes(public_of(key))
        policy = policy_of(world, 'key = "key.pub"')
        world.sign(signer=own(key))
        verify = ("verify", "key", "--signature", world.bundle, "--public_key", world.root / "key.pub")
        assert model_signing(*verify, world.checkpoint).returncode == 0
        assert world.verify(policy=policy).result is Result.PASSED

        sign = ("sign", "key", "--signature", world.bundle, "--private_key", world.root / "key.pem", world.checkpoint)
        assert model_signing(*sign).returncode == 0
        assert rules_of(world.verify(policy=policy)) == {"wrong-checkpoint"}  # it gives no name
        loose = (world.root / "own.toml").read_text().replace('name = "acme/support-agent"\n', "")
        (world.root / "own.toml").write_text(loose)
        assert world.verify(policy=world.root / "own.toml").result is Result.PASSED

    def test_what_it_passes_over_is_refused_here(self, world: World) -> None:
        """A file under a path that it ignores by default, and a link to a directory full of code."""
        key = ec.generate_private_key(ec.SECP256R1())
        (world.root / "key.pem").write_bytes(pem_of(key))
        (world.root / "key.pub").write_bytes(public_of(key))
        policy = policy_of(world, 'key = "key.pub"')
        model_signing(
            "sign", "key", "--allow_symlinks", "--signature", world.bundle,
            "--private_key", world.root / "key.pem", world.checkpoint,
        )  # fmt: skip
        (world.checkpoint / ".github").mkdir()
        (world.checkpoint / ".github/payload.py").write_text("print()")
        verify = ("verify", "key", "--signature", world.bundle, "--public_key", world.root / "key.pub")
        assert model_signing(*verify, world.checkpoint).returncode == 0
        assert "unlisted-file" in rules_of(world.verify(policy=policy, all_findings=True))

        (world.checkpoint / ".github/payload.py").unlink()
        (world.checkpoint / ".github").rmdir()
        code = world.root / "code"
        code.mkdir()
        (code / "modeling.py").write_text("print()")
        (world.checkpoint / "code").symlink_to(code, target_is_directory=True)
        assert model_signing(*verify, "--allow_symlinks", world.checkpoint).returncode == 0
        assert "unsafe-path" in rules_of(world.verify(policy=policy, all_findings=True))


class TestCosign:
    def test_it_verifies_our_tarballs(self, world: World) -> None:
        tarball = world.root / "run-17.tar"
        world.sign_keyless(tar=tarball)
        verify = ("verify-blob", "--bundle", world.root / "run-17.tar.sigstore.json", tarball)
        ended = cosign(world, *verify)
        assert ended.returncode == 0, ended.stderr

        with tarball.open("r+b") as file:
            file.write(b"x")
        assert cosign(world, *verify).returncode != 0

    def test_we_verify_its_signature_of_a_tarball(self, world: World) -> None:
        world.sign_keyless(tar=world.root / "run-17.tar")
        world.checkpoint = world.root / "run-17.tar"
        world.bundle.unlink()
        ended = call(
            require("cosign"), "sign-blob", "--yes", "--signing-config", world.root / "signing.json",
            "--trusted-root", world.root / "trusted_root.json", "--identity-token", world.root / "token",
            "--bundle", world.bundle, world.checkpoint,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert world.verify(policy=world.keyless(('name = "acme/support-agent"',))).result is Result.PASSED

    def test_it_verifies_our_claims(self, world: World) -> None:
        tarball = world.root / "run-17.tar"
        world.sign_keyless(tar=tarball)
        world.checkpoint = tarball
        world.attest(EVAL, {"passed": True}, signer=world.signer(ADDRESS, world.instance.url, event_name="push"))
        (world.root / "claim.json").write_bytes(world.claims.read_bytes().splitlines()[-1])
        verify = ("verify-blob-attestation", "--bundle", world.root / "claim.json", "--type")
        ended = cosign(world, *verify, EVAL, tarball)
        assert ended.returncode == 0, ended.stderr
        assert cosign(world, *verify, "https://acme.test/other", tarball).returncode != 0

    def test_it_verifies_a_model_signature_by_its_root_digest(self, world: World) -> None:
        world.sign_keyless()
        payload = json.loads(base64.b64decode(json.loads(world.bundle.read_bytes())["dsseEnvelope"]["payload"]))
        (subject,) = payload["subject"]
        verify = (
            "verify-blob-attestation",
            "--bundle",
            world.bundle,
            "--type",
            OMS,
            "--digestAlg",
            "sha256",
            "--digest",
        )
        ended = cosign(world, *verify, subject["digest"]["sha256"])
        assert ended.returncode == 0, ended.stderr
        assert cosign(world, *verify, hashlib.sha256(b"").hexdigest()).returncode != 0

    def test_it_verifies_our_key(self, world: World) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        tarball = world.root / "run-17.tar"
        world.sign(signer=own(key), tar=tarball)
        (world.root / "key.pub").write_bytes(public_of(key))
        bundle = world.root / "run-17.tar.sigstore.json"
        ended = call(
            require("cosign"), "verify-blob", "--key", world.root / "key.pub", "--bundle", bundle,
            "--insecure-ignore-tlog", tarball,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr


class TestSigstoreGo:
    def verify(self, world: World, bundle: Path, *artifact: str | Path) -> bool:
        return succeeds(
            require("sigstore-go"), "-expectedIssuer", world.instance.url, "-expectedSAN", ADDRESS,
            "-trustedrootJSONpath", world.root / "trusted_root.json", *artifact, bundle,
        )  # fmt: skip

    def test_it_verifies_our_tarballs(self, world: World) -> None:
        tarball = world.root / "run-17.tar"
        world.sign_keyless(tar=tarball)
        bundle = world.root / "run-17.tar.sigstore.json"
        assert self.verify(world, bundle, "-artifact", tarball)
        assert not self.verify(world, bundle, "-artifact", world.root / "token")

    def test_it_verifies_our_claims_about_a_directory(self, world: World) -> None:
        world.sign_keyless()
        world.attest(EVAL, {"passed": True}, signer=world.signer(ADDRESS, world.instance.url, event_name="push"))
        (world.root / "claim.json").write_bytes(world.claims.read_bytes().splitlines()[-1])
        assert self.verify(world, world.root / "claim.json", "-artifact", world.checkpoint / "config.json")
        assert not self.verify(world, world.root / "claim.json", "-artifact", world.root / "token")
