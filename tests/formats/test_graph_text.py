"""TensorFlow's graphs as text: every text counts, however it is written."""

from __future__ import annotations

import json

import pytest

from tests.formats import identified, operations, reasons
from verifier import limits
from verifier.formats.content import Content, Status

LAMBDA = json.dumps({"class_name": "Lambda", "config": {"name": "x"}})


def found(document: str, name: str = "saved_model.pbtxt") -> Content:
    return identified(document.encode(), name)


def test_an_ordinary_graph_is_followed() -> None:
    content = found('saved_model_schema_version: 1\nmeta_graphs { graph_def { node { name: "x" op: "MatMul" } } }\n')

    assert (content.format, content.status, operations(content)) == ("tensorflow-text", Status.FOLLOWED, [])


@pytest.mark.parametrize(
    "op",
    [
        '"PyFunc"',
        "'PyFunc'",
        '"Py" "Func"',
        "\"Py\" # as one\n 'Func'",
        '"\\120yFunc"',
        '"\\x50yFunc"',
        '"\\1" "" "PyFunc" }, node { op: "PyFunc"',
        '"Py\\u0046unc"',
    ],
)
def test_an_operator_that_reaches_out_is_found_however_it_is_written(op: str) -> None:
    assert operations(found(f"node {{ op: {op} }}", "graph.pbtxt")) == [("code", "PyFunc")]


def test_a_quote_in_a_comment_begins_no_text() -> None:
    assert operations(found('# it\'s "\nnode { op: "ReadFile" }')) == [("system", "ReadFile")]


def test_keras_layers_are_judged_as_keras() -> None:
    text = json.dumps(LAMBDA)

    assert operations(found(f"object_graph_def {{ nodes {{ user_object {{ metadata: {text} }} }} }}")) == [
        ("code", "Lambda")
    ]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b'node { op: "PyFunc }', "can't be read"),
        (b'node { op: "\\U00110000" }', "can't be read"),
        (b'node { op: "\xff" }', "can't be read"),
        (b'metadata: "{ class_name"', "not JSON"),
        (b" " * (limits.MAX_CONFIG + 1), "are read up to"),
    ],
)
def test_what_can_not_be_read_is_not_followed(document: bytes, why: str) -> None:
    assert why in reasons(identified(document, "saved_model.pbtxt"))
