"""wrong-checkpoint: rightly signed, but not the one to be deployed. More of it in tests/test_checkpoint.py."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.checkpoint import NOW, Training
from tests.fakes.registry import rules_of
from verifier.digest import Digest
from verifier.verdict import Result


@pytest.fixture
def training(tmp_path: Path, model: Path) -> Training:
    training = Training(tmp_path, model)
    training.sign()
    return training


def test_the_right_one_passes(training: Training) -> None:
    assert training.verify().result is Result.PASSED


def test_last_years_another_ones_and_another_than_the_pinned_are_refused(training: Training) -> None:
    assert rules_of(training.verify(now=NOW + timedelta(days=365))) == {"wrong-checkpoint"}
    assert rules_of(training.verify(digest=Digest.of(b"another"))) == {"wrong-checkpoint"}
    training.sign(name="acme/another")
    assert rules_of(training.verify()) == {"wrong-checkpoint"}
