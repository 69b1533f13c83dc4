"""malformed-safetensors: a file is not what the format demands, or not what its index promises."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from verifier.finding import Finding
from verifier.registry.documents import Waiver
from verifier.verdict import Result, Verdict

INDEX = "model.safetensors.index.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def verify_as_approved(registry: FakeRegistry, model: Path, **changes: Any) -> Verdict:
    """Have the model approved as it is now, and verify it."""
    registry.approve(MODEL, model, **changes)
    registry.publish()
    return registry.verify(MODEL, model)


def findings(verdict: Verdict) -> list[Finding]:
    return [judged.finding for judged in verdict.findings() if judged.finding.rule == "malformed-safetensors"]


def change_map(model: Path, change: Callable[[dict[str, Any]], object], name: str = INDEX) -> None:
    index = json.loads((model / name).read_text())
    change(index["weight_map"])
    (model / name).write_text(json.dumps(index))


def write_header(path: Path, header: object, data: bytes = b"") -> None:
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data)


def test_shards_as_the_library_wrote_them_and_their_index_pass(registry: FakeRegistry, model: Path) -> None:
    assert verify_as_approved(registry, model).result is Result.PASSED


def test_a_single_file_without_an_index_passes(registry: FakeRegistry, model: Path) -> None:
    save_file({"a": np.zeros(3)}, model / "adapter.safetensors")

    assert verify_as_approved(registry, model).result is Result.PASSED


def test_a_hidden_tail_is_refused_with_its_offset(registry: FakeRegistry, model: Path) -> None:
    size = (model / FIRST).stat().st_size
    with (model / FIRST).open("ab") as file:
        file.write(b"hidden")

    verdict = verify_as_approved(registry, model)

    assert rules_of(verdict) == {"malformed-safetensors"}
    (finding,) = findings(verdict)
    assert finding.message == f"{FIRST}: 6 bytes at offset {size:,} belong to no tensor"
    assert (finding.location.path, finding.location.offset) == (FIRST, size)


@pytest.mark.parametrize(
    "header",
    [
        {
            "a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
            "b": {"dtype": "U8", "shape": [2], "data_offsets": [2, 4]},
        },
        {"a": {"dtype": "U8", "shape": [400], "data_offsets": [0, 400]}},
        {"a": {"dtype": "EVIL", "shape": [4], "data_offsets": [0, 4]}},
        {"a": {"dtype": "U8", "shape": [2**63] * 300, "data_offsets": [0, 4]}},
    ],
    ids=["overlap", "out of range", "dtype", "a product without end"],
)
def test_a_bad_header_is_a_finding_and_never_a_crash(registry: FakeRegistry, model: Path, header: object) -> None:
    write_header(model / "adapter.safetensors", header, b"1234")

    assert rules_of(verify_as_approved(registry, model)) == {"malformed-safetensors"}


@pytest.mark.parametrize("data", [b"", b"\x02\0\0\0\0\0\0\0", b"just text, and no tensors at all"])
def test_a_file_that_only_has_the_name_is_refused(registry: FakeRegistry, model: Path, data: bytes) -> None:
    (model / "adapter.safetensors").write_bytes(data)

    assert rules_of(verify_as_approved(registry, model)) == {"malformed-safetensors"}


def test_a_malformed_file_under_another_name_is_refused_too(registry: FakeRegistry, model: Path) -> None:
    write_header(model / "weights.bin", {"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}, b"12")

    assert rules_of(verify_as_approved(registry, model)) == {"malformed-safetensors"}


def test_a_promised_tensor_that_is_nowhere(registry: FakeRegistry, model: Path) -> None:
    change_map(model, lambda shards: shards.update({"new.weight": FIRST}))

    (finding,) = findings(verify_as_approved(registry, model))

    assert finding.message == f"{INDEX} promises 'new.weight' in {FIRST!r}, where it is not"


def test_a_promised_tensor_that_is_in_another_shard(registry: FakeRegistry, model: Path) -> None:
    change_map(model, lambda shards: shards.update({"model.embed_tokens.weight": SECOND}))

    verdict = verify_as_approved(registry, model)

    assert rules_of(verdict) == {"malformed-safetensors"}
    assert any("'model.embed_tokens.weight'" in finding.message for finding in findings(verdict))


def test_a_tensor_that_is_in_two_shards(registry: FakeRegistry, model: Path) -> None:
    save_file({"twice": np.zeros(1)}, model / "a.safetensors")
    save_file({"twice": np.ones(1), "b": np.ones(1)}, model / "b.safetensors")
    (model / INDEX).write_text(json.dumps({"weight_map": {"twice": "a.safetensors", "b": "b.safetensors"}}))

    (finding,) = findings(verify_as_approved(registry, model))

    assert "'twice' in another shard, but 'b.safetensors' holds it too" in finding.message


@pytest.mark.parametrize(
    "shard", ["model-00003-of-00003.safetensors", "../model.safetensors", "./" + FIRST, "/" + FIRST, "", "sub/x"]
)
def test_a_shard_that_is_not_among_the_files(registry: FakeRegistry, model: Path, shard: str) -> None:
    change_map(model, lambda shards: shards.update({"new.weight": shard}))

    (finding,) = findings(verify_as_approved(registry, model))

    assert finding.message == f"{INDEX} names the shard {shard!r}, which is not there"


@pytest.mark.parametrize("shard", ["config.json", "notes.txt"])
def test_a_shard_that_is_no_safetensors_file(registry: FakeRegistry, model: Path, shard: str) -> None:
    (model / "notes.txt").write_text("no tensors here")
    change_map(model, lambda shards: shards.update({"new.weight": shard}))

    assert rules_of(verify_as_approved(registry, model)) == {"malformed-safetensors"}


@pytest.mark.parametrize(
    "index",
    [{}, [], "text", 3, None, {"weight_map": None}, {"weight_map": [FIRST]}, {"weight_map": FIRST}]
    + [{"weight_map": {"a": shard}} for shard in (None, 1, [FIRST], {"x": FIRST})],
)
def test_an_index_without_a_map_of_text(registry: FakeRegistry, model: Path, index: object) -> None:
    (model / INDEX).write_text(json.dumps(index))

    (finding,) = findings(verify_as_approved(registry, model))

    assert finding.message == f"{INDEX} has no weight_map from tensors to shards"


def test_an_index_that_is_no_json_is_an_incomplete_scan(registry: FakeRegistry, model: Path) -> None:
    (model / INDEX).write_text("{")

    assert rules_of(verify_as_approved(registry, model)) == {"incomplete-scan"}


def test_an_index_in_a_directory_of_its_own_names_the_shards_beside_it(registry: FakeRegistry, model: Path) -> None:
    (model / "unet").mkdir()
    save_file({"w": np.zeros(1)}, model / "unet/part.safetensors")
    index = "unet/diffusion.safetensors.index.json"
    (model / index).write_text(json.dumps({"weight_map": {"w": "part.safetensors"}}))

    assert verify_as_approved(registry, model).result is Result.PASSED

    (model / "unet/part.safetensors").rename(model / "part.safetensors")
    (finding,) = findings(verify_as_approved(registry, model))

    assert finding.message == f"{index} names the shard 'part.safetensors', which is not there"


def test_a_file_far_from_its_approved_bytes_is_not_parsed(registry: FakeRegistry, model: Path) -> None:
    write_header(model / "adapter.safetensors", {}, b"1234")
    registry.approve(MODEL, model)
    registry.publish()
    write_header(model / "adapter.safetensors", {}, b"4321")

    assert rules_of(registry.verify(MODEL, model)) == {"digest-mismatch"}


def test_a_signed_waiver_excuses_one_file(registry: FakeRegistry, model: Path) -> None:
    (model / "a.safetensors").write_bytes(b"")
    (model / "b.safetensors").write_bytes(b"")
    expires = "2026-12-01T00:00:00Z"
    waivers = [
        Waiver.model_validate({"rule": "malformed-safetensors", "path": path, "reason": "r", "expires": expires})
        for path in ("a.safetensors", "b.safetensors")
    ]

    assert verify_as_approved(registry, model, waivers=tuple(waivers)).result is Result.PASSED
    assert rules_of(verify_as_approved(registry, model, waivers=tuple(waivers[:1]))) == {"malformed-safetensors"}
