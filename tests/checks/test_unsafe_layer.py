"""unsafe-layer: a layer, an operator or a class that a model names runs code or touches the machine."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tests.checks import evidence_of
from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from tests.formats import sample
from tests.formats.wire import field
from verifier.checks import unsafe_layer
from verifier.finding import Finding, Severity
from verifier.formats.content import Reach
from verifier.verdict import Result


def findings(data: bytes, name: str) -> list[Finding]:
    return list(unsafe_layer.run(evidence_of({name: data})))


def nemo(config: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("./model_config.yaml")
        info.size = len(config)
        archive.addfile(info, io.BytesIO(config.encode()))
    return file.getvalue()


def test_every_reach_has_its_severity() -> None:
    assert unsafe_layer.SEVERITIES.keys() == set(Reach)


def test_a_model_of_its_librarys_own_layers_passes(registry: FakeRegistry, model: Path) -> None:
    for name in ("plain.keras", "plain.h5", "plain.onnx", "plain.gguf", "plain.skops", "plain.model", "plain.msgpack"):
        (model / name).write_bytes(sample(name))
    registry.approve(MODEL, model)
    registry.publish()

    assert registry.verify(MODEL, model).result is Result.PASSED


def test_a_lambda_layer_is_refused_with_its_archives_member(registry: FakeRegistry, model: Path) -> None:
    (model / "model.keras").write_bytes(sample("lambda.keras"))
    registry.approve(MODEL, model)
    registry.publish()
    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"unsafe-layer"}
    (judged,) = verdict.findings()
    assert (judged.finding.location.path, judged.finding.location.member) == ("model.keras", "config.json")
    assert judged.finding.message.startswith("config.json in model.keras: Lambda (doubles) runs Python code")


@pytest.mark.parametrize(
    ("name", "data", "severities"),
    [
        ("lambda.h5", sample("lambda.h5"), ["error"]),
        ("custom.keras", sample("custom.keras"), ["warning"]),
        ("custom.onnx", sample("custom.onnx"), ["note", "error", "note"]),
        ("saved_model.pb", field(1, 1) + field(2, field(2, field(1, field(2, "WriteFile")))), ["error"]),
        ("model.nemo", nemo("decoder:\n  _target_: os.system\n"), ["error"]),
        ("model.nemo", nemo("decoder:\n  _target_: nemo.collections.asr.modules.ConvASRDecoder\n"), []),
        ("args.yaml", b"a: !!python/object/apply:os.system [x]", ["error"]),
        ("inference.json", b'{"a": {"_target_": "SimpleInferer"}, "b": {"_target_": "monai.networks.nets.UNet"}}', []),
        ("inference.json", b'{"a": {"_target_": "x", "b": ["$import os"]}}', ["error"]),
        ("inference.json", b'{"a": {"_target_": {"x": 1}}}', ["error"]),
        ("inference.json", b'{"_meta_": {}, "b": "$__import__(\'os\').system(\'true\')"}', ["error"]),
        ("inference.json", b'{"imports": ["$import os"], "b": "$lambda x: x"}', ["error", "error"]),
        ("prices.json", b'{"a": "$5 (five dollars)", "b": "$HOME/x", "c": "$imported", "d": "$"}', []),
    ],
)
def test_each_formats_operations_are_as_grave_as_their_reach(name: str, data: bytes, severities: list[str]) -> None:
    assert [finding.severity.value for finding in findings(data, name)] == severities


def test_the_offset_of_an_operator_is_told() -> None:
    (first, *_) = findings(sample("custom.onnx"), "custom.onnx")

    assert first.location.offset is not None
    assert first.severity is Severity.NOTE
