"""digest-mismatch: a file is not the approved file."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from verifier.verdict import Result


def test_the_approved_bytes_pass(registry: FakeRegistry, model: Path) -> None:
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_one_flipped_bit_is_found_with_both_digests(registry: FakeRegistry, model: Path) -> None:
    shard = model / "model-00002-of-00002.safetensors"
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"digest-mismatch"}
    (judged,) = verdict.findings()
    assert judged.finding.location.path == shard.name
    assert judged.finding.found != judged.finding.expected
