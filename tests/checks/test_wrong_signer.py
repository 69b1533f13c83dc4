"""wrong-signer: somebody signed it, but nobody whom the policy names. More of it in tests/test_checkpoint.py."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.checkpoint import ISSUER, WORKFLOW, Training
from verifier.verdict import Effect, Result

FORK = WORKFLOW.replace("acme/train", "mallory/train")


def test_found_and_expected_stand_beside_each_other(tmp_path: Path, model: Path) -> None:
    training = Training(tmp_path, model)
    training.sign(signer=training.signer(FORK, repository_id="124"))
    (judged,) = training.verify().findings(Effect.DENY)

    assert judged.finding.rule == "wrong-signer"
    assert judged.finding.found == f"{FORK}, issuer {ISSUER}, repository 124"
    assert judged.finding.expected == f"{WORKFLOW}, issuer {ISSUER}, repository 123"


def test_the_expected_one_passes(tmp_path: Path, model: Path) -> None:
    training = Training(tmp_path, model)
    training.sign()

    assert training.verify().result is Result.PASSED
