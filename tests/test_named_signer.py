"""Who signed a checkpoint, named on the command line: only where the policy leaves it open, and never half of it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli import Ended, run
from tests.conftest import DEMO_MODEL
from tests.fakes.checkpoint import Training
from tests.test_own_keys import DAY, SUBJECT, Authority, Stamping, own, pem, pem_of, public_of
from verifier import system_policy
from verifier.errors import UsageError
from verifier.policy import Policy
from verifier.terms import KeySigner
from verifier.verify_checkpoint import verify_checkpoint

TODAY = datetime.now(UTC).replace(microsecond=0)
POLICY = 'schema = "model-verifier/policy/v1"\nname = "own"\nextends = "deploy"\n[checkpoint]\nmethods = [{}]\n'
BOTH = '"key", "certificate"'
ROOT = ("--trusted-root", "trusted_root.json")


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Training:
    """A checkpoint of today in the working directory, with a policy that names no signer."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(POLICY.format(BOTH))
    return Training(tmp_path, Path(shutil.copytree(DEMO_MODEL, tmp_path / "run-17")), now=TODAY)


@pytest.fixture
def key(tmp_path: Path) -> ec.EllipticCurvePrivateKey:
    made = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(pem_of(made))
    (tmp_path / "key.pub").write_bytes(public_of(made))
    return made


def verify(*options: str, policy: str = "own.toml") -> Ended:
    return run("verify", "./run-17", "--policy", policy, "--format", "json", *options)


class TestKey:
    def test_it_passes_and_another_does_not(self, training: Training, key: ec.EllipticCurvePrivateKey) -> None:
        training.sign(signer=own(key))
        ended = verify("--key", "key.pub")
        assert ended.status == 0
        assert [signer["method"] for signer in ended.report["signers"]] == ["key"]

        Path("key.pub").write_bytes(public_of(ec.generate_private_key(ec.SECP256R1())))
        ended = verify("--key", "key.pub")
        assert (ended.status, ended.rules) == (3, ["unsigned-checkpoint"])

    @pytest.mark.usefixtures("training", "key")
    def test_the_private_half_is_a_mistake(self) -> None:
        ended = verify("--key", "key.pem")

        assert ended.status == 2
        assert "is a private key" in ended.stderr
        assert "openssl ec -in key.pem -pubout" in ended.stderr

    @pytest.mark.parametrize("methods", ['"sigstore"', '"sigstore", "certificate"'])
    def test_the_policy_says_which_methods_count(
        self, training: Training, key: ec.EllipticCurvePrivateKey, methods: str
    ) -> None:
        training.sign(signer=own(key))
        Path("own.toml").write_text(POLICY.format(methods))
        ended = verify("--key", "key.pub")

        assert (ended.status, ended.stdout) == (2, "")
        assert "accepts only these methods" in ended.stderr

    def test_a_policy_that_names_signers_takes_no_other(
        self, training: Training, key: ec.EllipticCurvePrivateKey
    ) -> None:
        training.sign(signer=own(key))
        Path("theirs.pub").write_bytes(public_of(ec.generate_private_key(ec.SECP256R1())))
        with Path("own.toml").open("a") as file:
            file.write('[[signers]]\nkey = "theirs.pub"\n')
        ended = verify("--key", "key.pub")

        assert (ended.status, ended.stdout) == (2, "")
        assert "itself names who may have signed" in ended.stderr

    def test_no_variable_names_it(
        self, training: Training, key: ec.EllipticCurvePrivateKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        training.sign(signer=own(key))
        monkeypatch.setenv("MODEL_VERIFIER_KEY", "key.pub")
        ended = verify()

        assert ended.status == 2
        assert "names nobody who may have signed" in ended.stderr

    def test_the_machines_policy_takes_none(
        self, training: Training, key: ec.EllipticCurvePrivateKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        training.sign(signer=own(key))
        monkeypatch.setattr(system_policy, "SYSTEM_POLICY", Path("own.toml").absolute())
        monkeypatch.setattr(system_policy, "_require_root_owned", lambda _: None)
        ended = run("verify", "./run-17", "--key", "key.pub")

        assert ended.status == 2
        assert "--key or --certificate-chain" in ended.stderr

    @pytest.mark.usefixtures("training", "key")
    def test_no_summary_hides_it(self) -> None:
        assert verify("--key", "key.pub", "--vsa", "summary.json").status == 2
        assert not Path("summary.json").exists()

    @pytest.mark.usefixtures("training", "key")
    def test_it_means_nothing_beside_a_model(self) -> None:
        ended = run("verify", "acme/tiny", "--policy", "deploy", "--key", "key.pub")

        assert ended.status == 2
        assert "means nothing beside it" in ended.stderr

    def test_the_library_takes_none_either_where_the_policy_names_one(
        self, training: Training, key: ec.EllipticCurvePrivateKey
    ) -> None:
        training.sign()
        signer = KeySigner(public_of(key), "key.pub")
        with pytest.raises(UsageError, match="itself names"):
            verify_checkpoint(training.checkpoint, policy=training.policy(), signer=signer)
        with pytest.raises(UsageError, match="accepts only these methods: sigstore"):
            verify_checkpoint(training.checkpoint, policy=Policy.load("deploy"), signer=signer)


class TestCertificate:
    @pytest.fixture
    def authority(self) -> Authority:
        return Authority(TODAY - 10 * DAY)

    @pytest.fixture(autouse=True)
    def anchor(self, training: Training, authority: Authority) -> None:
        Path("ca.pem").write_bytes(pem(authority.root))

    def sign(
        self, training: Training, key: ec.EllipticCurvePrivateKey, *chain: x509.Certificate, stamp: bool = True
    ) -> None:
        config = Stamping(training.instance) if stamp else None
        training.sign(signer=own(key, chain=pem(*chain), config=config))

    def verify(self, *more: str, subject: str = SUBJECT, chain: str = "ca.pem") -> Ended:
        return verify("--certificate-chain", chain, "--certificate-subject", subject, *ROOT, *more)

    def test_it_passes_with_its_subject_and_a_timestamp(
        self, training: Training, key: ec.EllipticCurvePrivateKey, authority: Authority
    ) -> None:
        self.sign(training, key, authority.leaf(key), authority.between)
        (signer,) = self.verify().report["signers"]

        assert (signer["method"], signer["identity"]) == ("certificate", SUBJECT)

    def test_another_subject_is_another_signer(
        self, training: Training, key: ec.EllipticCurvePrivateKey, authority: Authority
    ) -> None:
        self.sign(training, key, authority.leaf(key), authority.between)
        for subject in ("CN=other", "trainer", "CN=trainer,O=Acme", "cn=trainer"):
            assert self.verify(subject=subject).rules == ["wrong-signer"]

    def test_another_authority_vouches_for_nobody(
        self, training: Training, key: ec.EllipticCurvePrivateKey, authority: Authority
    ) -> None:
        self.sign(training, key, authority.leaf(key), authority.between)
        Path("ca.pem").write_bytes(pem(Authority(TODAY - 10 * DAY).root))

        assert self.verify().rules == ["unsigned-checkpoint"]

    def test_without_a_timestamp_it_proves_nothing(
        self, training: Training, key: ec.EllipticCurvePrivateKey, authority: Authority
    ) -> None:
        self.sign(training, key, authority.leaf(key), authority.between, stamp=False)

        assert self.verify().rules == ["unsigned-checkpoint"]

    def test_one_that_expired_before_it_was_stamped_proves_nothing(
        self, training: Training, key: ec.EllipticCurvePrivateKey, authority: Authority
    ) -> None:
        past = TODAY - 5 * DAY
        leaf = authority.leaf(key, days=7)
        signer = own(key, chain=pem(leaf, authority.between))
        signer._now = past
        training.sign(signer=signer, now=past)
        assert self.verify().rules == ["unsigned-checkpoint"]

        training.now = past
        self.sign(training, key, leaf, authority.between)
        assert self.verify().status == 0  # it was valid when its signature was stamped

    @pytest.mark.parametrize(
        "options",
        [
            ("--certificate-chain", "ca.pem"),
            ("--certificate-chain", "ca.pem", "--certificate-subject", SUBJECT),
            ("--certificate-chain", "ca.pem", *ROOT),
            ("--certificate-chain", "ca.pem", "--certificate-subject", "", *ROOT),
            ("--certificate-chain", "ca.pem", "--certificate-subject", SUBJECT, *ROOT, "--key", "key.pub"),
            ("--certificate-subject", SUBJECT),
            ("--certificate-subject", SUBJECT, "--key", "key.pub"),
            ROOT,
        ],
    )
    @pytest.mark.usefixtures("key")
    def test_half_a_signer_is_a_mistake(self, options: tuple[str, ...]) -> None:
        ended = verify(*options)

        assert (ended.status, ended.stdout) == (2, "")
        assert "signer" in ended.stderr or "needs an expected subject" in ended.stderr

    def test_a_file_that_is_not_there_is_a_mistake(self) -> None:
        assert "'none.pem' is not there" in self.verify(chain="none.pem").stderr
