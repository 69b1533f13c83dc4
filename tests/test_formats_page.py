"""The page on formats names every parser and every rule that judges what they find."""

from __future__ import annotations

from pathlib import Path

import pytest

from verifier import limits
from verifier.formats import FORMATS

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
CONTAINERS = ("pickle", "zip", "tar", "streams", "numpy_array")


def name(module: object) -> str:
    return str(module.__name__).rpartition(".")[2]  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", [name(each) for each in FORMATS if name(each) not in CONTAINERS])
def test_every_format_has_its_row(module: str) -> None:
    assert any(line.startswith(f"| {module}") for line in PAGE.splitlines())


RULES = ("disguised-format", "external-data", "template-injection", "unsafe-layer", "incomplete-scan", "remote-code")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_named(rule: str) -> None:
    assert f"`{rule}`" in PAGE


@pytest.mark.parametrize(
    "words",
    [
        f"a header beyond {limits.MAX_SAFETENSORS_HEADER // limits.MIB} MiB",
        f"more than {limits.MAX_GGUF_VALUES:,} values or {limits.MAX_GGUF_TENSORS:,} tensors",
        f"more than {limits.MAX_PROTOBUF_FIELDS:,} fields",
        f"source beyond {limits.MAX_TORCHSCRIPT // limits.MIB} MiB",
        f"a schema beyond {limits.MAX_SCHEMA // limits.MIB} MiB",
        f"{limits.MAX_YAML // limits.KIB} KiB, {limits.MAX_YAML_EVENTS:,} parts or {limits.MAX_YAML_DEPTH} levels",
        f"beyond {limits.MAX_TEMPLATE // limits.KIB} KiB",
        f"beyond {limits.MAX_CONFIG // limits.MIB} MiB (an index of shards: {limits.MAX_INDEX // limits.MIB} MiB)",
    ],
)
def test_its_limits_are_those_of_the_code(words: str) -> None:
    assert words in PAGE
