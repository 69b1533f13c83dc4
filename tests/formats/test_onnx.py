"""ONNX: operators and outside data, wherever in the graph they stand. The samples are onnx's own."""

from __future__ import annotations

import pytest

from tests.formats import identified, is_clean, operations, reasons, sample
from tests.formats.wire import field
from verifier import limits
from verifier.formats import onnx
from verifier.formats.content import Content
from verifier.source import Memory


def node(kind: str, domain: str = "", *attributes: bytes) -> bytes:
    return field(1, field(3, "n") + field(4, kind) + b"".join(attributes) + field(7, domain))


def tensor(location: str, *, key: str = "location") -> bytes:
    return field(8, "w") + field(13, field(1, key) + field(2, location)) + field(14, 1)


def model(graph: bytes, more: bytes = b"") -> Content:
    content = identified(field(1, 10) + field(7, graph) + more, "model.onnx")
    assert content.format == "onnx"
    return content


def paths(content: Content) -> list[str]:
    return [external.path for external in content.externals]


def test_a_plain_model_is_followed_to_its_end() -> None:
    content = identified(sample("plain.onnx"), "model.onnx")

    assert is_clean(content)
    assert (content.format, operations(content), paths(content)) == ("onnx", [], [])


def test_outside_data_is_told_with_its_tensor() -> None:
    (beside,) = identified(sample("external.onnx")).externals
    (climbing,) = identified(sample("climbing.onnx")).externals

    assert (beside.path, beside.where) == ("external.data", "w")
    assert climbing.path == "../../etc/passwd"


def test_operators_of_others_and_those_that_call_python() -> None:
    assert operations(identified(sample("custom.onnx"))) == [
        ("library", "com.acme"),
        ("code", "ai.onnx.contrib:PyOp"),
        ("library", "hidden"),
    ]


@pytest.mark.parametrize(
    "graph",
    [
        field(5, tensor("x")),
        field(15, field(1, tensor("x"))),
        field(15, field(2, tensor("x"))),
        node("Constant", "", field(5, field(5, tensor("x")))),
        node("Constant", "", field(5, field(10, tensor("x")))),
        node("Constant", "", field(5, field(22, field(1, tensor("x"))))),
        node("If", "", field(5, field(6, field(5, tensor("x"))))),
        node("If", "", field(5, field(11, node("If", "", field(5, field(6, field(5, tensor("x")))))))),
    ],
    ids=["initializer", "sparse", "indices", "attribute", "attributes", "sparse attribute", "branch", "branch within"],
)
def test_outside_data_is_found_wherever_a_tensor_can_stand(graph: bytes) -> None:
    assert paths(model(graph)) == ["x"]


@pytest.mark.parametrize("number", [20, 25])
def test_training_graphs_and_functions_are_walked_too(number: int) -> None:
    inner = (
        field(1, field(5, tensor("x")))
        if number == 20
        else field(7, node("C", "", field(5, field(5, tensor("x"))))[2:])
    )

    assert paths(model(b"", field(number, inner))) == ["x"]


def test_a_domain_that_the_model_defines_itself_needs_no_library() -> None:
    function = field(1, "Mine") + field(10, "mine") + field(7, node("Add")[2:])

    assert operations(model(node("Mine", "mine"), field(25, function))) == []


def test_every_place_of_the_data_counts_though_the_last_one_wins() -> None:
    twice = (
        field(8, "w")
        + field(13, field(1, "location") + field(2, "a"))
        + field(13, field(1, "location") + field(2, "b"))
    )

    assert paths(model(field(5, twice))) == ["a", "b"]
    assert paths(model(field(5, tensor("x", key="offset")))) == []


def test_a_graph_that_stands_twice_is_walked_twice() -> None:
    assert paths(model(field(5, tensor("a")), field(7, field(5, tensor("b"))))) == ["a", "b"]


def test_what_breaks_inside_the_graph_is_not_followed() -> None:
    content = model(field(5, tensor("a")) + field(1, b"\xff"))

    assert paths(content) == ["a"]
    assert "as an ONNX model" in reasons(content)


def test_more_files_than_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "_MOST_LOCATIONS", 2)

    assert "more files" in reasons(model(b"".join(field(5, tensor(f"x{number}")) for number in range(4))))


def test_more_operators_than_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_OPERATIONS", 2)
    content = model(b"".join(node("Foo", f"domain{number}") for number in range(4)))

    assert len(operations(content)) == 2
    assert "more than 2 operations" in reasons(content)


@pytest.mark.parametrize(
    "data",
    [b"", field(1, 10), field(7, ""), field(1, "x") + field(7, ""), field(1, 10) + field(7, 3), field(1, 10) + b"\xff"],
)
def test_what_is_no_model(data: bytes) -> None:
    assert not onnx.matches("model.onnx", Memory(data))


@pytest.mark.parametrize("mark", ["TFL3", "ftyp"])
def test_a_producers_name_makes_no_other_format_of_a_model(mark: str) -> None:
    node = field(1, field(4, "PyOp") + field(7, "ai.onnx.contrib"))
    content = identified(field(1, 7) + field(2, mark) + field(5, "wrong type") + field(7, node), "model.onnx")

    assert content.format == "onnx"
    assert [each.reach.value for each in content.operations] == ["code"]
