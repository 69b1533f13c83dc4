"""ONNX models: the operators that a graph names, and the files that its tensors take their bytes from.

Graphs inside attributes (If, Loop), functions and training graphs are walked too. Source: github.com/onnx/onnx,
`onnx/onnx.proto` and "External Data".
"""

from __future__ import annotations

from verifier.formats.content import Content, External, Follow, Reach
from verifier.formats.operations import Operations
from verifier.formats.protobuf import BYTES, VARINT, Message, Reader, Shape, TooLongError, WireError
from verifier.source import ByteSource

_SHAPES = {
    "model": Shape({7: "graph", 20: "training", 25: "function"}),
    "graph": Shape({1: "node", 5: "tensor", 15: "sparse"}),
    "node": Shape({5: "attribute"}, frozenset({3, 4, 7})),
    "attribute": Shape({5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"}),
    "tensor": Shape({13: "entry"}, frozenset({8})),
    "sparse": Shape({1: "tensor", 2: "tensor"}),
    "entry": Shape({}, frozenset({1, 2})),
    "training": Shape({1: "graph", 2: "graph"}),
    "function": Shape({7: "node", 11: "attribute"}, frozenset({10})),
}
_OWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training"})
_ON_PYTHON = frozenset({"PyOp", "PythonOp", "PythonOpGrad"})
"""Operators of onnxruntime's that call Python."""
_MOST_LOCATIONS = 10_000


def matches(_name: str, source: ByteSource) -> bool:
    """Tell whether the bytes are an ONNX model: its version and its graph; parsers skip whatever else is there."""
    seen = set()
    try:
        for item in Reader(source, most=10_000).fields(0, source.size):
            seen.add((item.number, item.wire))
    except TooLongError:
        pass  # what was seen counts
    except WireError:
        return False
    return {(1, VARINT), (7, BYTES)} <= seen


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Walk the whole model. Raises `OSError` only."""
    operations, externals = Operations(), dict[str, External]()
    locations: list[str] = []
    functions: set[str] = set()
    unfollowed = None
    try:
        for message in Reader(source).walk(_SHAPES, "model", 0, source.size):
            if message.shape == "entry" and message.text(1) == "location":
                locations.append(message.text(2))
            elif message.shape == "tensor":
                for location in locations:
                    externals.setdefault(location, External(location, message.text(8)[:200], message.start))
                locations = []
            elif message.shape == "function":
                functions.add(message.text(10))
            elif message.shape == "node":
                _operator(operations, message)
            if len(externals) > _MOST_LOCATIONS:
                raise WireError("its tensors lie in more files than are followed")
    except WireError as error:
        unfollowed = f"as an ONNX model, {error}"
    kept = tuple(each for each in operations.all() if each.reach is not Reach.LIBRARY or each.name not in functions)
    return Content(
        "onnx",
        unfollowed=unfollowed or operations.unfollowed,
        operations=kept,
        externals=tuple(externals.values()),
    )


def _operator(operations: Operations, node: Message) -> None:
    name, domain, where = node.text(4), node.text(7), f"node {node.text(3)!r}" if node.text(3) else ""
    if name in _ON_PYTHON:
        operations.add(Reach.CODE, f"{domain}:{name}", "calls Python when the model runs", where, node.start)
    elif domain not in _OWN_DOMAINS:
        what = "is a domain of operators that ONNX does not define"
        operations.add(Reach.LIBRARY, domain, what, where, node.start)
