"""missing-claim: a required claim is not there, or does not count. More of it in tests/test_claims.py."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.checkpoint import ISSUER, WORKFLOW, Training
from tests.fakes.registry import rules_of
from verifier.verdict import Result

TYPE = "https://acme.test/eval/v1"
REQUIRE = (
    f'[[require]]\ntype = "{TYPE}"\n'
    f'signers = [{{ root = "trusted_root.json", issuer = "{ISSUER}", identity = "{WORKFLOW}" }}]'
)


def test_it_is_refused_until_it_is_there(tmp_path: Path, model: Path) -> None:
    training = Training(tmp_path, model)
    training.sign()
    policy = training.policy(more=REQUIRE)
    assert rules_of(training.verify(policy=policy)) == {"missing-claim"}

    training.attest(TYPE, {})
    assert training.verify(policy=policy).result is Result.PASSED
