"""Dividing a repository's files into sets."""

from __future__ import annotations

import json

from verifier.sets import divide


def _index(*shards: str) -> bytes:
    return json.dumps({"weight_map": {f"tensor{at}": shard for at, shard in enumerate(shards)}}).encode()


def _divide(*paths: str, **indexes: bytes) -> dict[str, tuple[str, ...]]:
    by_path = {"model.safetensors.index.json": indexes.get("index")}
    return divide(paths, by_path.get)


def test_default_is_configuration_tokenizer_and_safetensors() -> None:
    paths = (
        "config.json",
        "tokenizer.json",
        "tokenizer.model",
        "merges.txt",
        "chat_template.jinja",
        "model.safetensors",
    )
    assert _divide(*paths) == {"default": tuple(sorted(paths))}


def test_an_index_decides_which_safetensors_belong_to_default() -> None:
    sets = _divide(
        "config.json",
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "consolidated.safetensors",
        index=_index("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
    )
    assert sets["safetensors-other"] == ("consolidated.safetensors",)
    assert "model-00002-of-00002.safetensors" in sets["default"]


def test_the_same_weights_in_other_formats_are_sets_of_their_own() -> None:
    sets = _divide("config.json", "model.safetensors", "pytorch_model.bin", "tf_model.h5", "onnx/model.onnx")
    assert sets["default"] == ("config.json", "model.safetensors")
    assert (sets["pytorch"], sets["tensorflow"], sets["onnx"]) == (
        ("pytorch_model.bin",),
        ("tf_model.h5",),
        ("onnx/model.onnx",),
    )


def test_each_quantisation_is_a_set() -> None:
    sets = _divide("llama-7b.Q4_K_M.gguf", "llama-7b.Q8_0.gguf", "llama-7b-f16.gguf")
    assert set(sets) == {"gguf-q4_k_m", "gguf-q8_0", "gguf-f16"}


def test_variants_and_pictures_and_texts_and_code_stand_apart() -> None:
    sets = _divide("model.safetensors", "model.fp16.safetensors", "README.md", "LICENSE.txt", "a.png", "modeling.py")
    assert sets["default"] == ("model.safetensors",)
    assert sets["safetensors-fp16"] == ("model.fp16.safetensors",)
    assert sets["other"] == ("LICENSE.txt", "README.md", "a.png")
    assert sets["code"] == ("modeling.py",)


def test_pickled_weights_stand_in_default_where_there_are_no_others() -> None:
    assert "pytorch_model.bin" in _divide("config.json", "pytorch_model.bin")["default"]


def test_every_path_is_in_exactly_one_set_even_if_the_index_is_broken() -> None:
    paths = ("model.safetensors.index.json", "a.safetensors", "b.bin", "x/y/z", "noend.")
    for index in (b"", b"[]", b'{"weight_map": 3}', b"\xff", b'{"weight_map": {"a": 1}}'):
        members = [path for group in _divide(*paths, index=index).values() for path in group]
        assert sorted(members) == sorted(paths)
