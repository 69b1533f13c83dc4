"""Keras configurations: what is Keras's own passes, what runs code or is somebody's own is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.formats import identified, is_clean, operations, reasons, sample
from verifier import limits
from verifier.formats import keras
from verifier.formats.content import Content
from verifier.formats.operations import Operations


def config(*layers: dict[str, Any]) -> Content:
    return identified(json.dumps({"class_name": "Functional", "config": {"layers": layers}}).encode(), "config.json")


def layer(name: str, module: str | None = "keras.layers", **settings: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": {"name": "x", **settings}, "registered_name": None}


@pytest.mark.parametrize("name", ["plain.keras", "plain.h5", "plain.weights.h5"])
def test_what_keras_writes_of_its_own_layers_passes(name: str) -> None:
    content = identified(sample(name), name)

    assert is_clean(content)
    assert operations(content) == []


@pytest.mark.parametrize("name", ["lambda.keras", "lambda.h5"])
def test_a_lambda_that_keras_wrote_is_code(name: str) -> None:
    """CVE-2024-3660: Keras ran a Lambda layer's bytecode on load."""
    assert operations(identified(sample(name), name)) == [("code", "Lambda")]


@pytest.mark.parametrize(("name", "found"), [("custom.keras", "Own"), ("custom.h5", "Acme>Own")])
def test_a_layer_of_the_authors_own_must_be_brought_along(name: str, found: str) -> None:
    assert [reach for reach, _ in operations(identified(sample(name), name))] == ["custom"]
    assert operations(identified(sample(name), name))[0][1].endswith(found)


@pytest.mark.parametrize(
    ("item", "reach", "name"),
    [
        (layer("Lambda"), "code", "Lambda"),
        ({"class_name": "__lambda__", "config": {"code": "4wEAAA=="}}, "code", "Lambda"),
        (layer("TorchModuleWrapper", module_="UEs="), "code", "TorchModuleWrapper"),
        (layer("system", "os"), "code", "os.system"),
        (layer("run", "subprocess"), "code", "subprocess.run"),
        ({"module": "builtins", "class_name": "function", "config": "eval"}, "code", "builtins.eval"),
        (layer("exec", "builtins"), "code", "builtins.exec"),
        (layer("get_file", "keras.utils"), "code", "keras.utils.get_file"),
        (layer("load_model", "keras.models"), "code", "keras.models.load_model"),
        (
            {"module": "keras.models", "class_name": "function", "config": "model_from_json"},
            "code",
            "keras.models.model_from_json",
        ),
        (layer("get_file", "keras.src.utils.file_utils"), "code", "keras.src.utils.file_utils.get_file"),
        (layer("enable_unsafe_deserialization", "keras.config"), "code", "keras.config.enable_unsafe_deserialization"),
        (layer("load_model", "keras"), "code", "keras.load_model"),
        (layer("x", "keras_evil.layers"), "code", "keras_evil.layers.x"),
        (layer("TFSMLayer", filepath="/srv/other"), "system", "TFSMLayer"),
        (layer("StringLookup", vocabulary="/etc/passwd"), "system", "StringLookup"),
        (layer("TextVectorization", vocabulary="http://x/y"), "system", "TextVectorization"),
        (layer("TFOpLambda", None, function="io.write_file"), "system", "TFOpLambda io.write_file"),
        (layer("Own", "acme.layers") | {"registered_name": "Acme>Own"}, "custom", "acme.layers.Own"),
        (layer("Custom>Own", None), "custom", "Custom>Own"),
        (layer("GemmaBackbone", "keras_hub.src.models"), "custom", "keras_hub.src.models.GemmaBackbone"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_keras_own_is_named(item: dict[str, Any], reach: str, name: str) -> None:
    """CVE-2025-1550 (any module), -8747 (get_file), -9906 (the switch), -12058 (vocabularies)."""
    assert (reach, name) in operations(config(item))


@pytest.mark.parametrize(
    "item",
    [
        layer("Dense", kernel_initializer=layer("GlorotUniform", "keras.initializers")),
        layer("Dense", "keras.src.layers.core.dense"),
        layer("Functional", "keras.src.models.functional"),
        layer("Functional", "keras"),
        layer("DTypePolicy", "keras"),
        layer("Dense", None),
        layer("Adam", "keras.optimizers"),
        layer("Dense", "tf_keras.layers"),
        layer("StringLookup", vocabulary=["a", "b"]),
        layer("TFOpLambda", None, function="math.add"),
        {"module": "builtins", "class_name": "function", "config": "relu"},
        {"module": "builtins", "class_name": "tuple", "config": [1]},
    ],
    ids=str,
)
def test_what_keras_writes_is_not_named(item: dict[str, Any]) -> None:
    assert operations(config(item)) == []


def test_a_lambda_is_found_however_deep() -> None:
    item = layer("Lambda")
    for _ in range(100):
        item = layer("TimeDistributed", layer=item)

    assert operations(config(item)) == [("code", "Lambda")]


def test_the_last_of_two_keys_counts_as_in_keras() -> None:
    text = b'{"class_name": "Dense", "class_name": "Lambda", "config": {}}'

    assert operations(identified(text, "config.json")) == [("code", "Lambda")]


def test_other_documents_are_not_taken_for_keras() -> None:
    assert operations(identified(b'{"class_name": "Lambda"}', "config.json")) == []
    assert operations(identified(b'[{"class_name": "Lambda", "config": {}}]', "x.json")) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [("{", "not JSON"), ("[" * 100_000, "nested too deeply"), ('"' + "x" * limits.MAX_CONFIG + '"', "longer than")],
)
def test_a_configuration_that_can_not_be_read_says_why(text: str, why: str) -> None:
    assert why in (keras.add_json(Operations(), text) or "")


def test_a_configuration_in_an_archive_that_is_cut_off_is_not_followed() -> None:
    assert reasons(identified(sample("lambda.keras")[:-40], "model.keras"))
