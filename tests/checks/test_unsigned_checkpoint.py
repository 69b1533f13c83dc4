"""unsigned-checkpoint: nothing proves that anybody signed the checkpoint. More of it in tests/test_checkpoint.py."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.checkpoint import Training
from tests.fakes.registry import rules_of
from verifier.verdict import Result


def test_without_a_bundle_it_is_refused_and_nothing_is_read(tmp_path: Path, model: Path) -> None:
    training = Training(tmp_path, model)
    verdict = training.verify()

    assert rules_of(verdict) == {"unsigned-checkpoint"}
    assert verdict.subject.files == 0
    assert verdict.signers == ()


def test_a_signed_one_passes(tmp_path: Path, model: Path) -> None:
    training = Training(tmp_path, model)
    training.sign()

    assert training.verify().result is Result.PASSED
