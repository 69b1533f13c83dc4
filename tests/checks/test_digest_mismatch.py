"""digest-mismatch: a file is not the approved file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from verifier.digest import Digest
from verifier.finding import Finding
from verifier.policy import Policy
from verifier.verdict import Result, Verdict
from verifier.verify import verify

SHARD = "model-00002-of-00002.safetensors"


def findings(verdict: Verdict) -> list[Finding]:
    return [judged.finding for judged in verdict.findings() if judged.finding.rule == "digest-mismatch"]


def test_the_approved_bytes_pass(registry: FakeRegistry, model: Path) -> None:
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_one_flipped_bit_is_found_with_both_digests(registry: FakeRegistry, model: Path) -> None:
    shard = model / SHARD
    before = Digest.of(shard.read_bytes())
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"digest-mismatch"}
    (finding,) = findings(verdict)
    assert finding.location.path == shard.name
    assert (finding.found, finding.expected) == (str(Digest.of(bytes(data))), str(before))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="zero bytes"),
        pytest.param(lambda data: data[:-1], id="truncated"),
        pytest.param(lambda data: data[:8], id="the length alone"),
        pytest.param(lambda data: data + b"\0", id="a byte more"),
    ],
)
def test_another_size_is_found_without_reading(
    registry: FakeRegistry, model: Path, damage: Callable[[bytes], bytes]
) -> None:
    data = (model / SHARD).read_bytes()
    (model / SHARD).write_bytes(damage(data))

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"digest-mismatch"}
    (finding,) = findings(verdict)
    assert (finding.found, finding.expected) == (f"{len(damage(data)):,} bytes", f"{len(data):,} bytes")


def test_two_files_in_each_others_place_are_found(registry: FakeRegistry, model: Path) -> None:
    first, second = model / "special_tokens_map.json", model / "generation_config.json"
    first_data, second_data = first.read_bytes(), second.read_bytes()
    first.write_bytes(second_data)
    second.write_bytes(first_data)

    assert {finding.location.path for finding in findings(registry.verify(MODEL, model))} == {first.name, second.name}


def test_what_an_altered_file_holds_is_not_looked_at(registry: FakeRegistry, model: Path) -> None:
    config = model / "config.json"
    config.write_bytes(b'{"auto_map": "a--b.C"}'.ljust(len(config.read_bytes())))

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"digest-mismatch"}


def test_a_file_that_is_listed_in_another_set_only_is_compared_all_the_same(
    registry: FakeRegistry, model: Path
) -> None:
    (model / "extra.txt").write_text("one")
    rest = sorted(path.name for path in model.iterdir() if path.name != "extra.txt")
    registry.approve(MODEL, model, sets={"default": rest, "more": ["extra.txt"]})
    registry.publish()
    (model / "extra.txt").write_text("two")

    assert [finding.location.path for finding in findings(registry.verify(MODEL, model))] == ["extra.txt"]


def lock_of(model: Path) -> str:
    files = {
        path.name: {"sha256": Digest.of(path.read_bytes()).hex, "size": path.stat().st_size} for path in model.iterdir()
    }
    entry = {"model": MODEL, "revision": commit_of(MODEL), "locked_at": "2026-11-01T00:00:00Z", "files": files}
    return json.dumps({"schema": "model-verifier/lock/v1", "models": [entry]})


def test_under_a_lock_the_locked_bytes_count(model: Path, tmp_path: Path) -> None:
    (tmp_path / "models.lock").write_text(lock_of(model))
    policy = Policy(name="lock", digest=Digest.of(b""), registry_source="none")

    assert verify(MODEL, path=model, lock=tmp_path / "models.lock", policy=policy).result is Result.PASSED

    (model / SHARD).write_bytes((model / SHARD).read_bytes()[::-1])
    (finding,) = findings(verify(MODEL, path=model, lock=tmp_path / "models.lock", policy=policy))

    assert finding.message.startswith(f"{SHARD} is not the")
    assert "models.lock" in finding.message
