"""TensorFlow's graphs: which operators reach beyond them, in functions and in every meta graph."""

from __future__ import annotations

import json

import pytest

from tests.formats import identified, is_clean, operations, reasons
from tests.formats.wire import field, varint
from verifier.formats.content import Content, Status
from verifier.formats.saved_model import OPERATORS


def nodes(*kinds: str) -> bytes:
    return b"".join(field(1, field(1, f"n{kind}") + field(2, kind) + field(5, field(1, "T"))) for kind in kinds)


def functions(*kinds: str) -> bytes:
    body = b"".join(field(3, field(1, "n") + field(2, kind)) for kind in kinds)
    return field(2, field(1, field(1, field(1, "f")) + body))


def saved(graph: bytes, objects: bytes = b"", more: bytes = b"") -> Content:
    content = identified(field(1, 1) + field(2, field(2, graph) + field(7, objects)) + more, "saved_model.pb")
    assert content.format == "saved-model"
    return content


LAMBDA = json.dumps({"class_name": "Lambda", "config": {"name": "doubles", "function": ["4wEAAA", None, None]}})


def test_a_plain_model_keeps_its_variables_and_is_followed() -> None:
    content = saved(nodes("Placeholder", "MatMul", "SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"))

    assert is_clean(content)
    assert operations(content) == []


@pytest.mark.parametrize(
    "kind", ["ReadFile", "ImmutableConst", "WriteFile", "PyFunc", "EagerPyFunc", "PrintV2", "DebugIdentityV2"]
)
def test_an_operator_that_reaches_out_is_named_with_its_node(kind: str) -> None:
    content = saved(nodes("MatMul", kind))

    assert operations(content) == [(OPERATORS[kind][0].value, kind)]
    assert content.operations[0].where == f"node 'n{kind}'"


def test_functions_and_every_meta_graph_are_walked() -> None:
    content = saved(functions("MatMul", "ReadFile"), more=field(2, field(2, nodes("WriteFile"))))

    assert operations(content) == [("system", "ReadFile"), ("system", "WriteFile")]


def test_keras_layers_in_the_objects_are_judged_as_keras() -> None:
    objects = field(1, field(4, field(1, "_tf_keras_layer") + field(3, LAMBDA)))

    assert operations(saved(nodes("MatMul"), objects)) == [("code", "Lambda")]


def test_keras_metadata_is_a_file_of_its_own() -> None:
    layer = field(2, 1) + field(3, "root.layer") + field(4, "_tf_keras_layer") + field(5, LAMBDA)
    content = identified(field(1, layer), "keras_metadata.pb")

    assert (content.format, operations(content)) == ("keras-metadata", [("code", "Lambda")])


def test_keras_metadata_that_is_no_json_is_not_followed() -> None:
    layer = field(2, 1) + field(5, "{broken")

    assert "not JSON" in reasons(identified(field(1, layer)))


def test_a_frozen_graph_is_told_by_its_nodes() -> None:
    content = identified(nodes("MatMul", "ReadFile") + field(4, field(1, 21)), "frozen.pb")

    assert (content.format, operations(content)) == ("tensorflow-graph", [("system", "ReadFile")])


def test_what_breaks_inside_is_not_followed() -> None:
    content = saved(nodes("ReadFile") + field(1, b"\xff"))

    assert operations(content) == [("system", "ReadFile")]
    assert "as a TensorFlow graph" in reasons(content)


@pytest.mark.parametrize(
    "data",
    [
        field(1, 1),
        field(1, 1) + field(2, 3),
        field(1, 1) + field(1, "x"),
        field(2, "x"),
        field(1, field(9, 1)) + field(9, 1),
        field(1, b"\xff"),
        varint(1 << 3 | 5) + bytes(4),
    ],
)
def test_other_messages_are_unknown(data: bytes) -> None:
    assert identified(data, "x.pb").status is not Status.FOLLOWED


INDEX_MAGIC = bytes.fromhex("57fb808b247547db")


@pytest.mark.parametrize("name", ["saved_model.pb", "x.bin"])
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (field(15, b"ftyp"), b""),
        (field(15, b"TFL3"), b""),
        (b"", field(15, bytes(40) + INDEX_MAGIC)),
        (field(2, 5), b""),
        (varint(1 << 3 | 5) + bytes(4), b""),
    ],
)
def test_a_field_that_a_loader_skips_hides_nothing(before: bytes, behind: bytes, name: str) -> None:
    graph = field(2, field(2, nodes("PyFunc")))

    assert ("code", "PyFunc") in operations(identified(field(1, 1) + before + graph + behind, name))


@pytest.mark.parametrize(
    "more", [field(1, field(1, "ftyp") + field(2, "NoOp")), field(15, bytes(40) + INDEX_MAGIC), field(1, field(2, 1))]
)
def test_a_frozen_graph_is_one_whatever_it_bears(more: bytes) -> None:
    assert ("code", "PyFunc") in operations(identified(nodes("PyFunc") + more, "frozen.pb"))


def test_a_saved_model_is_read_by_its_name_even_without_a_version() -> None:
    assert operations(identified(field(2, field(2, nodes("PyFunc"))), "dir/saved_model.pb")) == [("code", "PyFunc")]
    assert identified(b"\x89PNG\r\n\x1a\n", "saved_model.pb").status is Status.INCOMPLETE


def test_a_graph_that_is_not_told_is_never_a_picture() -> None:
    filler = field(15, b"x") * 50_001
    tail = field(15, bytes(40) + INDEX_MAGIC)

    assert identified(filler + nodes("PyFunc") + tail, "frozen.pb").status is Status.INCOMPLETE


def test_an_onnx_model_that_is_a_frozen_graph_is_read_as_both() -> None:
    content = identified(field(1, 8) + field(7, field(2, "g")) + nodes("PyFunc"), "model.pb")

    assert [inner.format for _, inner in content.walk()] == ["onnx", "tensorflow-graph"]
