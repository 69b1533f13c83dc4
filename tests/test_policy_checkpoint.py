"""The policy's part on checkpoints: what it may say, what it can't mean, and that deploy is strict."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli import run
from tests.fakes.sigstore import Instance
from verifier.errors import UndecidedError, UsageError
from verifier.policy import Policy
from verifier.terms import CertificateSigner, Condition, KeylessSigner, KeySigner, RequiredClaim, Terms

HEADER = 'schema = "model-verifier/policy/v1"\nname = "acme"\n'
KEYLESS = 'root = "root.json"\nissuer = "https://issuer.test"\nidentity = "somebody"\n'


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Write a policy and load it; the files that it may name lie beside it."""
    for name in ("root.json", "key.pub", "ca.pem"):
        (tmp_path / name).write_bytes(name.encode())

    def loaded(text: str) -> Policy:
        (tmp_path / "policy.toml").write_text(HEADER + text)
        return Policy.load(tmp_path / "policy.toml")

    return loaded


def test_deploy_is_as_strict_as_strict_and_equals_the_defaults() -> None:
    deploy, strict = Policy.load("deploy"), Policy.load("strict")

    assert deploy.rules == strict.rules
    assert deploy.terms == Terms() == Policy.load("default").terms
    assert deploy.enforced


def test_everything_that_it_may_say(load: Any) -> None:
    policy = load(
        '[checkpoint]\nname = "acme/agent"\nmax_age_days = 30\nmethods = ["sigstore", "key", "certificate"]\n'
        "require_approved_bases = true\n"
        f'[[signers]]\n{KEYLESS}repository_id = 1\nowner_id = 2\nref = "r"\ntrigger = "push"\n'
        '[[signers]]\nkey = "key.pub"\n[[signers]]\nkey = "key.pub"\nroot = "root.json"\n'
        '[[signers]]\ncertificate_chain = "ca.pem"\nsubject = "CN=x"\nroot = "root.json"\n'
        '[[require]]\ntype = "https://x.test/v1"\nmax_age_days = 7\nwhere = [{ field = "a.b", in = [1, "x", true] }]\n'
        'signers = [{ key = "key.pub" }]\n'
    )
    key = KeySigner(b"key.pub", "key.pub")

    assert policy.terms == Terms(
        signers=(
            KeylessSigner(b"root.json", "https://issuer.test", "somebody", 1, 2, "r", "push"),
            key,
            KeySigner(b"key.pub", "key.pub", b"root.json"),
            CertificateSigner(b"ca.pem", "CN=x", b"root.json"),
        ),
        name="acme/agent",
        max_age=timedelta(days=30),
        methods=("sigstore", "key", "certificate"),
        require_approved_bases=True,
        claims=(RequiredClaim("https://x.test/v1", (key,), timedelta(days=7), (Condition("a.b", (1, "x", True)),)),),
    )
    assert [str(signer) for signer in policy.terms.signers] == [
        "somebody, issuer https://issuer.test, repository 1, owner 2, ref r, trigger push",
        "the key key.pub",
        "the key key.pub",
        "a certificate of CN=x",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[[signers]]\n",
        '[[signers]]\nroot = "root.json"\n',
        '[[signers]]\nissuer = "https://issuer.test"\nidentity = "somebody"\n',
        '[[signers]]\nroot = "root.json"\nidentity = "somebody"\n',
        '[[signers]]\nroot = "root.json"\nissuer = ""\nidentity = "somebody"\n',
        f'[[signers]]\n{KEYLESS}key = "key.pub"\n',
        f'[[signers]]\n{KEYLESS}subject = "CN=x"\n',
        f"[[signers]]\n{KEYLESS}repository_id = -1\n",
        f'[[signers]]\n{KEYLESS}repository_id = "1"\n',
        f'[[signers]]\n{KEYLESS}pattern = ".*"\n',
        '[[signers]]\nkey = "key.pub"\nsubject = "CN=x"\n',
        '[[signers]]\ncertificate_chain = "ca.pem"\nroot = "root.json"\n',
        "[checkpoint]\nmethods = []\n",
        '[checkpoint]\nmethods = ["gpg"]\n',
        "[checkpoint]\nmax_age_days = 0\n",
        '[checkpoint]\nname = ""\n',
        '[checkpoint]\nname = "a\\nb"\n',
        '[[require]]\ntype = "https://x.test/v1"\n',
        '[[require]]\ntype = "https://x.test/v1"\nsigners = []\n',
        '[[require]]\nsigners = [{ key = "key.pub" }]\n',
    ],
)
def test_what_it_cannot_mean(load: Any, text: str) -> None:
    with pytest.raises(UsageError, match="is not valid"):
        load(text)


def test_the_files_that_it_names_lie_beside_it(load: Any, tmp_path: Path) -> None:
    text = '[checkpoint]\nmethods = ["key"]\n[[signers]]\nkey = "key.pub"\n'
    assert load(text)
    (tmp_path / "key.pub").write_bytes(b"x" * 2_000_000)
    with pytest.raises(UsageError, match="larger than the limit"):
        load(text)
    (tmp_path / "key.pub").unlink()
    with pytest.raises(UsageError, match="is not there"):
        load(text)
    (tmp_path / "key.pub").symlink_to("key.pub")
    with pytest.raises(UndecidedError, match="can't be read"):
        load(text)


def test_a_signer_whose_method_is_not_accepted_is_a_mistake(load: Any) -> None:
    for table in ("[[signers]]\n", '[[require]]\ntype = "https://x.test/v1"\n[[require.signers]]\n'):
        with pytest.raises(UsageError, match="accepts only these methods: sigstore"):
            load(f'{table}key = "key.pub"\n')


def test_a_root_that_is_none_verifies_nothing(tmp_path: Path, model: Path, load: Any) -> None:
    load(f"[[signers]]\n{KEYLESS}")
    (tmp_path / "model.sigstore.json").write_bytes(Instance().sign(b"", "somebody"))
    ended = run("verify", str(model), "--policy", str(tmp_path / "policy.toml"), "--format", "json")

    assert ended.status == 3
    assert ended.rules == ["unsigned-checkpoint"]
