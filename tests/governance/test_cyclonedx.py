"""The ML-BOM: valid by CycloneDX's own library and schema, with every digest, and nothing that is not approved."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.fakes.hub import tiny_model
from tests.governance.world import MODEL, World
from verifier.governance.cyclonedx import to_cyclonedx
from verifier.governance.inventory import Inventory


def bom(team: World, *references: str) -> dict[str, Any]:
    ended = team.cli("x", "export", *references, "--format", "cyclonedx")
    assert ended.status == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def properties(component: dict[str, Any]) -> dict[str, str]:
    return {item["name"].removeprefix("model-verifier:"): item["value"] for item in component["properties"]}


@pytest.fixture
def stocked(published: World) -> World:
    """A registry with an approved, a required, a pending and a revoked model."""
    adapter = {
        "adapter_config.json": json.dumps({"base_model_name_or_path": MODEL}).encode(),
        "adapter_model.safetensors": tiny_model()["model-00001-of-00002.safetensors"],
    }
    for name, files in {"adapter": adapter, "pending": tiny_model(b"p"), "bad": tiny_model(b"b")}.items():
        published.hub.add(f"acme/{name}", files)
        assert published.add(f"acme/{name}").status == 0
    published.approve("acme/adapter")
    published.approve("acme/bad")
    published.cli("carol", "revoke", "acme/bad", "--reason", "a backdoor")
    return published


def test_the_library_of_cyclonedx_finds_it_valid(stocked: World) -> None:
    text = json.dumps(bom(stocked))

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    read = Bom.from_json(json.loads(text))  # type: ignore[attr-defined]
    assert {component.name for component in read.components} == {"adapter", "tiny"}


def test_it_holds_what_is_approved_with_every_digest(stocked: World) -> None:
    adapter, tiny = sorted(bom(stocked)["components"], key=lambda item: str(item["name"]))

    assert {tiny["type"], adapter["type"]} == {"machine-learning-model"}
    record = json.loads((stocked.registry / "models" / MODEL / f"{tiny['version']}.json").read_bytes())
    listed = {file["name"]: file["hashes"][0]["content"] for file in tiny["components"]}
    assert listed == {path: entry["sha256"] for path, entry in record["files"].items()}
    assert properties(tiny)["approved-by"] == "alice, bob"
    assert tiny["purl"] == f"pkg:huggingface/{MODEL}@{record['revision']}"


def test_what_a_model_requires_is_its_dependency(stocked: World) -> None:
    document = bom(stocked)
    (adapter,) = (item for item in document["components"] if item["name"] == "adapter")
    (tiny,) = (item for item in document["components"] if item["name"] == "tiny")

    assert {"ref": adapter["bom-ref"], "dependsOn": [tiny["bom-ref"]]} in document["dependencies"]


def test_some_models_only(stocked: World) -> None:
    assert [item["name"] for item in bom(stocked, MODEL)["components"]] == ["tiny"]


def test_a_waiver_is_a_property(begun: World) -> None:
    begun.hub.add("acme/pickled", tiny_model(pytorch=True))
    soon = f"{begun.now + timedelta(days=30):%Y-%m-%d}"
    begun.add("acme/pickled", "--waive", f"pickle:pytorch_model.bin:{soon}:reviewed by hand")
    begun.approve("acme/pickled")
    (component,) = bom(begun)["components"]

    assert f"pickle for pytorch_model.bin until {soon}T00:00:00Z" in {item["value"] for item in component["properties"]}


def test_the_same_inventory_gives_the_same_document(begun: World) -> None:
    empty = Inventory("acme", None, begun.now, ())

    assert to_cyclonedx(empty) == to_cyclonedx(empty)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(to_cyclonedx(empty)) is None
